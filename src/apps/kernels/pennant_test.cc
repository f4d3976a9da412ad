// Pennant's kernels: physics that its equations promise, and that kernels keep to their privileges.
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "apps/kernels/kernels.h"
#include "apps/kernels/pennant_testing.h"

namespace mapwright::apps::hydro::testing {
namespace {

// The first number that is none.
std::string not_finite(const Program& program, const Store& store) {
  for (program::RegionId r = 0; r < program.regions.size(); ++r) {
    const program::Region& region = program.regions[r];
    for (std::size_t f = 0; f < region.fields.size(); ++f) {
      const bool map = region.fields[f].name.starts_with("map");
      if (region.fields[f].bytes != 8 || map) continue;
      const program::View<double> view(store.field(r, f));
      for (std::int64_t i = 0; i < region.elements.extent(0); ++i) {
        if (!std::isfinite(view(i))) return fmt::format("{}[{}].{}", region.name, i, region.fields[f].name);
      }
    }
  }
  return "";
}

TEST(PennantKernels, EveryTaskHasOne) {
  const Tube tube(2, 8);
  for (program::TaskId t = 0; t < tube.program().tasks.size(); ++t)
    EXPECT_NE(tube.kernels().find(t), nullptr) << tube.program().tasks[t].name;
  EXPECT_EQ(tube.program().tasks.size(), 28U);
}

// leblanc.xy.std of the published program's tests: 10 x 90 zones after 10 cycles, rows 24 to 33.
TEST(PennantKernels, AgreeWithThePublishedSolution) {
  Tube tube(10, 90);
  tube.cycles(10);
  constexpr double kDensity[] = {1,
                                 9.99999951e-01,
                                 9.99992838e-01,
                                 9.99441438e-01,
                                 9.79698571e-01,
                                 7.22747698e-01,
                                 1.43833534e-03,
                                 1.10501790e-03,
                                 1.00510551e-03,
                                 1.00002810e-03};
  constexpr double kPressure[] = {6.66666667e-02, 6.66666655e-02, 6.66664121e-02, 6.66374703e-02,
                                  6.51772003e-02, 4.19502049e-02, 1.40327667e-05, 3.99617207e-07,
                                  8.51300899e-09, 1.04139208e-10};
  for (std::int64_t row = 0; row < 10; ++row) {
    for (std::int64_t i = 0; i < 10; ++i) {
      const std::int64_t z = 10 * (24 + row) + i;
      EXPECT_NEAR(tube.at(zr, z) / kDensity[row], 1, 1e-8) << z;
      EXPECT_NEAR(tube.at(zp, z) / kPressure[row], 1, 1e-8) << z;
    }
  }
}

// sedovsmall.xy.std: a blast from one corner into cold gas, 9 x 9 zones after 10 cycles. Nothing is uniform
// here, so this is where TTS, the tensor's parts across and the volumes of revolution count.
TEST(PennantKernels, AgreeWithThePublishedBlast) {
  const Problem problem = {.length = 1.125,
                           .dense_until = {0.125, 0.125},
                           .density = 1,
                           .energy = 40.222,
                           .thin_density = 1,
                           .thin_energy = 0,
                           .linear_viscosity = 0.1,
                           .quadratic_viscosity = 1,
                           .first_step = 0.02};
  constexpr double kDensity[3][4] = {{4.27640404e-01, 1.12138876e+00, 1.03124123e+00, 1.00067579e+00},
                                     {1.07747359e+00, 1.22098328e+00, 1.02713021e+00, 1.00036241e+00},
                                     {1.02038960e+00, 1.02423190e+00, 1.00311280e+00, 1.00001432e+00}};
  constexpr double kPressure[3][4] = {{7.21829085e+00, 9.24016098e-01, 9.37278632e-03, 1.33125494e-06},
                                      {5.78712657e-01, 4.94632456e-01, 2.00233714e-03, 6.73884012e-07},
                                      {2.26400441e-03, 1.49037046e-03, 8.63910615e-06, 2.70732127e-08}};
  Tube tube(9, 9, 1, Layout::store, problem);
  tube.cycles(10);
  for (std::int64_t j = 0; j < 3; ++j) {
    for (std::int64_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(tube.at(zr, 9 * j + i) / kDensity[j][i], 1, 1e-8) << i << ", " << j;
      EXPECT_NEAR(tube.at(zp, 9 * j + i) / kPressure[j][i], 1, 1e-8) << i << ", " << j;
    }
  }
}

// What Riemann's problem has for an answer: a shock at 3 + 0.8291 t, and behind it u = 0.6218, p = 5.156e-4
// and r = 4e-3.
TEST(PennantKernels, ComeNearTheExactSolution) {
  Tube tube(1, 720);
  double time = 0;
  while (time < 6) {
    tube.cycle();
    time += tube.dt();
  }
  EXPECT_EQ(not_finite(tube.program(), tube.store()), "");
  std::int64_t shock = 719;
  while (tube.at(zr, shock) < 2.5e-3) --shock;
  EXPECT_NEAR(tube.at(zx, shock, 1), 3 + 0.8291 * time, 0.25);
  // In the middle between the contact, which zone 240 is above, and the shock.
  const std::int64_t behind = (240 + shock) / 2;
  EXPECT_NEAR(tube.at(zuc, behind, 1), 0.6218, 0.05 * 0.6218);
  EXPECT_NEAR(tube.at(zp, behind), 5.156e-4, 0.1 * 5.156e-4);
  EXPECT_NEAR(tube.at(zr, behind), 4e-3, 0.15 * 4e-3);
}

TEST(PennantKernels, ConserveMassAndEnergy) {
  for (const auto& [nzx, nzy] : {std::pair{5, 37}, {1, 4}, {3, 50}, {7, 5}}) {
    Tube tube(nzx, nzy);
    const double mass = mass_of(tube);
    const PennantMesh mesh = mesh_of(tube);
    const double width = Problem().spacing(mesh) * static_cast<double>(nzx);
    // Of a third of the tube, or of the zones that have their middles there; by radian.
    const double dense_rows = std::round(static_cast<double>(nzy) / 3);
    const double rows = static_cast<double>(nzy);
    EXPECT_NEAR(mass, width * width / 2 * Problem().spacing(mesh) * (dense_rows + 1e-3 * (rows - dense_rows)),
                1e-12);
    double energy = energy_of(tube);
    const double all = energy;
    for (int i = 0; i < 200; ++i) {
      tube.cycle();
      EXPECT_NEAR(energy_of(tube), energy, 1e-13 * energy) << nzx << " x " << nzy << " cycle " << i;
      energy = energy_of(tube);
      for (std::int64_t z = 0; z < tube.size(Of::zone); ++z) {
        ASSERT_GT(tube.at(zvol, z), 0);
        ASSERT_GT(tube.at(zvolp, z), 0);
        ASSERT_GT(tube.at(ze, z), 0);
        ASSERT_NEAR(tube.at(zr, z) * tube.at(zvol, z), tube.at(zm, z), 1e-15 * tube.at(zm, z));
      }
      for (std::int64_t s = 0; s < tube.size(Of::side); ++s) ASSERT_GT(tube.at(sarea, s), 0);
    }
    EXPECT_EQ(not_finite(tube.program(), tube.store()), "");
    EXPECT_EQ(mass_of(tube), mass);
    EXPECT_NEAR(energy, all, 1e-12 * all);
  }
}

TEST(PennantKernels, MoveGasAlongTheTubeOnly) {
  Tube tube(6, 40);
  const PennantMesh mesh = mesh_of(tube);
  tube.cycles(150);
  for (std::int64_t j = 0; j <= 40; ++j) {
    const double height = tube.at(px, point_at(mesh, 0, j), 1);
    for (std::int64_t i = 0; i <= 6; ++i) {
      const std::int64_t p = point_at(mesh, i, j);
      EXPECT_NEAR(tube.at(px, p), Problem().spacing(mesh) * static_cast<double>(i), 1e-12);
      EXPECT_NEAR(tube.at(pu, p), 0, 1e-12);
      EXPECT_NEAR(tube.at(px, p, 1), height, 1e-12);
      const bool wall_x = i == 0 || i == 6;
      const bool wall_y = j == 0 || j == 40;
      EXPECT_TRUE(!wall_x || tube.at(pu, p) == 0) << "walls stand";
      EXPECT_TRUE(wall_y ? tube.at(pu, p, 1) == 0 : tube.at(pu, p, 1) > 0) << j;
    }
  }
  for (std::int64_t j = 0; j < 40; ++j) {
    for (std::int64_t i = 1; i < 6; ++i) {
      for (const auto field : {zr, ze, zp})
        EXPECT_NEAR(tube.at(field, 6 * j + i), tube.at(field, 6 * j), 1e-11 * tube.at(field, 6 * j));
    }
  }
  // The dense gas has become thinner up to the interface at row 13, what is above denser.
  EXPECT_GT(tube.at(px, point_at(mesh, 0, 13), 1), 4);
  for (std::int64_t j = 1; j < 13; ++j) EXPECT_LT(tube.at(zr, 6 * j), tube.at(zr, 6 * (j - 1)));
  EXPECT_GT(tube.at(zr, 6 * 14), 2e-3);
}

TEST(PennantKernels, TakeTimeStepsWithinTheLimits) {
  Tube tube(2, 90);
  double before = 0;
  for (int i = 0; i < 100; ++i) {
    tube.cycle();
    const double dt = tube.dt();
    if (i == 0) {
      EXPECT_DOUBLE_EQ(dt, 0.01);
    } else {
      EXPECT_LE(dt, 1.2 * before * (1 + 1e-15));
    }
    double next = 1.2 * dt;
    for (std::int64_t z = 0; z < tube.size(Of::zone); ++z) {
      next = std::min(next, 0.6 * tube.at(zdl, z) / std::max(tube.at(zdu, z), tube.at(zss, z)));
      const double change = std::abs(tube.at(zvol, z) / tube.at(zvol0, z) - 1);
      if (change > 0) next = std::min(next, dt * 0.1 / change);
    }
    EXPECT_NEAR(tube.result_of("calc_dt_hydro"), next, 1e-10 * next);
    before = dt;
  }
}

// A mesh that is bent, and gas that moves anyhow.
void disturb(Tube& tube) {
  const PennantMesh mesh = mesh_of(tube);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> some(-0.2, 0.2);
  for (std::int64_t j = 1; j < mesh.nzy; ++j) {
    for (std::int64_t i = 1; i < mesh.nzx; ++i) {
      const std::int64_t p = point_at(mesh, i, j);
      for (const std::size_t part : {0U, 1U}) {
        tube.at(px, p, part) += Problem().spacing(mesh) * some(random);
        tube.at(pu, p, part) = some(random);
      }
    }
  }
}

TEST(PennantKernels, ForcesOfEveryZoneCancel) {
  Tube tube(6, 24);
  disturb(tube);
  tube.cycle_until("apply_boundary_conditions");
  Vec sum;
  double most = 0;
  for (std::int64_t p = 0; p < tube.size(Of::point); ++p) {
    sum = sum + tube.vec(pf, p);
    most = std::max(most, length(tube.vec(pf, p)));
  }
  EXPECT_GT(most, 1e-3);
  EXPECT_LT(length(sum), 1e-13);
  double mass = 0;
  double corners = 0;
  for (std::int64_t p = 0; p < tube.size(Of::point); ++p) mass += tube.at(pmaswt, p);
  for (std::int64_t z = 0; z < tube.size(Of::zone); ++z) corners += tube.at(zrp, z) * tube.at(zareap, z);
  EXPECT_NEAR(mass, corners, 1e-13 * mass);
}

TEST(PennantKernels, ViscosityHeats) {
  Tube tube(6, 24);
  disturb(tube);
  tube.cycle_until("sum_point_force");
  int compressed = 0;
  for (std::int64_t z = 0; z < tube.size(Of::zone); ++z) {
    double heat = 0;
    double most = 0;
    for (std::int64_t s = 4 * z; s < 4 * z + 4; ++s) {
      const Vec change = tube.vec(pu, tube.at(mapsp2, s)) - tube.vec(pu, tube.at(mapsp1, s));
      const double one = dot(tube.vec(sfq, s), change);
      heat += one;
      most = std::max(most, std::abs(one));
    }
    EXPECT_GE(heat, -1e-14 * most) << z;
    if (heat > 0) ++compressed;
  }
  EXPECT_GT(compressed, 50);
}

// Where forces move points, zones lose what points gain.
TEST(PennantKernels, WorkIsWhatForcesDo) {
  Tube tube(5, 20);
  disturb(tube);
  tube.cycle();
  double gained = 0;
  for (std::int64_t s = 0; s < tube.size(Of::side); ++s) {
    const Vec force = tube.vec(sfp, s) + tube.vec(sfq, s);
    for (const auto& [end, sign] : {std::pair{mapsp1, 1.0}, {mapsp2, -1.0}}) {
      const std::int64_t p = tube.at(end, s);
      gained += sign * 0.5 * tube.dt() * dot(force, tube.vec(pu0, p) + tube.vec(pu, p)) * tube.at(pxp, p);
    }
  }
  double lost = 0;
  for (std::int64_t z = 0; z < tube.size(Of::zone); ++z) {
    lost -= tube.at(zw, z);
    EXPECT_DOUBLE_EQ(tube.at(ze, z), tube.at(zetot, z) / tube.at(zm, z));
  }
  EXPECT_GT(std::abs(gained), 1e-6);
  EXPECT_NEAR(gained, lost, 1e-14);
}

// A side that is denser than its zone is pushed back.
TEST(PennantKernels, SubzonesResistHourglasses) {
  Tube tube(4, 24);
  const PennantMesh mesh = mesh_of(tube);
  const std::int64_t p = point_at(mesh, 2, 4);
  tube.at(px, p, 1) += 0.2 * Problem().spacing(mesh);
  tube.cycle_until("apply_boundary_conditions");
  Vec back;
  for (std::int64_t s = 0; s < tube.size(Of::side); ++s) {
    const Vec own = tube.vec(sft, s) - tube.vec(sfp, s);
    if (tube.at(mapsp1, s) == p) back = back + own;
    if (tube.at(mapsp2, s) == p) back = back - own;
  }
  EXPECT_LT(back.y, -1e-4);
  EXPECT_LT(std::abs(back.x), 0.02 * std::abs(back.y)) << "zones differ with their distance from the axis";
}

TEST(PennantKernels, StripsDoNotMatter) {
  Tube one(6, 48, 1);
  one.cycles(120);
  const PennantMesh whole = mesh_of(one);
  for (const std::int64_t nodes : {2, 4, 12}) {
    Tube other(6, 48, nodes);
    other.cycles(120);
    const PennantMesh mesh = mesh_of(other);
    EXPECT_EQ(mesh.strips, 4 * nodes);
    const auto near = [&](double is, double right, double scale) {
      EXPECT_LE(std::abs(is - right), 1e-10 * (std::abs(right) + scale));
    };
    for (std::int64_t z = 0; z < other.size(Of::zone); ++z) {
      for (const auto field : {zr, ze, zp}) near(other.at(field, z), one.at(field, z), 1e-8);
    }
    for (std::int64_t j = 0; j <= 48; ++j) {
      for (std::int64_t i = 0; i <= 6; ++i) {
        for (const std::size_t part : {0U, 1U}) {
          for (const auto field : {px, pu})
            near(other.at(field, point_at(mesh, i, j), part), one.at(field, point_at(whole, i, j), part),
                 0.1);
        }
      }
    }
  }
}

TEST(PennantKernels, KeepToTheirPrivilegesInEveryLayout) {
  // Strips of one row have no private points but at the ends.
  for (const auto& [nzx, nzy] : {std::pair{3, 8}, {1, 9}, {4, 37}}) {
    Tube whole(nzx, nzy, 2);
    Tube arrays(nzx, nzy, 2, Layout::arrays);
    Tube mixed(nzx, nzy, 2, Layout::interleaved);
    whole.cycles(25);
    arrays.cycles(25);
    mixed.cycles(25);
    const auto expectations = whole.kernels().expectations(25);
    EXPECT_EQ(expectations.size(), 7U);
    EXPECT_EQ(first_wrong(whole.program(), expectations, arrays.store(), &whole.store()), std::nullopt);
    // The same operations in the same order, whatever the strides.
    for (program::RegionId r = 0; r < whole.program().regions.size(); ++r) {
      const program::Region& region = whole.program().regions[r];
      for (std::size_t f = 0; f < region.fields.size(); ++f) {
        const auto size = static_cast<std::size_t>(region.elements.extent(0) * region.fields[f].bytes);
        EXPECT_EQ(std::memcmp(arrays.store().field(r, f).origin, mixed.store().field(r, f).origin, size), 0)
            << region.name << "." << region.fields[f].name;
      }
    }
  }
}

TEST(PennantKernels, TestSizeRuns) {
  for (const std::int64_t nodes : {1, 2, 4}) {
    const machine::Machine machine = machine_named("p100x4");
    // On four nodes its sixteen strips are cut from the mesh of one, to be quick.
    const apps::testing::Set set = nodes < 4 ? apps::testing::Set() : apps::testing::Set{{"nzy", 4096}};
    const Program program = made("pennant", machine, nodes, set, Size::test);
    const auto kernels = kernels_of(program);
    const std::int64_t cycles = program.warmup + program.iterations;
    Store store(program);
    program::run_sequentially(program, *kernels, cycles, &store);
    EXPECT_EQ(not_finite(program, store), "") << nodes;
    if (nodes > 1) continue;
    Store other(program, program::Order::f_order);
    program::run_sequentially(program, *kernels, cycles, &other);
    EXPECT_EQ(first_wrong(program, kernels->expectations(cycles), other, &store), std::nullopt);
  }
}

TEST(PennantKernels, WrongAnswersAreFound) {
  Tube right(3, 16);
  right.cycles(5);
  const auto wrong = [&](auto field, std::int64_t at, double value, std::size_t part = 0) {
    Tube tube(3, 16);
    tube.cycles(5);
    tube.at(field, at, part) = value;
    return first_wrong(tube.program(), tube.kernels().expectations(5), tube.store(), &right.store());
  };
  EXPECT_EQ(wrong(zr, 7, right.at(zr, 7)), std::nullopt);
  EXPECT_EQ(wrong(zr, 7, 2), fmt::format("zone[7].zr is 2, not {}", right.at(zr, 7)));
  EXPECT_EQ(wrong(ze, 47, 1.1e-7), fmt::format("zone[47].ze is 1.1e-07, not {}", right.at(ze, 47)));
  EXPECT_EQ(wrong(zp, 0, right.at(zp, 0) * (1 + 3e-8)),
            fmt::format("zone[0].zp is {}, not {}", right.at(zp, 0) * (1 + 3e-8), right.at(zp, 0)));
  EXPECT_EQ(wrong(pu, 67, 1e-6), "point[67].pu.x is 1e-06, not 0");
  const std::int64_t last = right.size(Of::point) - 1;
  EXPECT_EQ(wrong(px, last, 0, 1), fmt::format("point[{}].px.y is 0, not {}", last, right.at(px, last, 1)));
  EXPECT_EQ(wrong(px, 1, std::nan("")), "point[1].px.x is nan, not 0.5625");
}

}  // namespace
}  // namespace mapwright::apps::hydro::testing
