// The six matrix products, against the formulas of their sources and hand-counted volumes of data.
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>

#include "apps/testing.h"
#include "lang/lang.h"
#include "lang/placement.h"

namespace mapwright::apps::testing {
namespace {

using Counts = std::map<std::string, std::int64_t>;
using program::Box;
using program::Privilege;

constexpr double kGb = 1e9;

double volume(const Box& a, const Box& b) {
  double v = 1;
  for (std::size_t d = 0; d < 2; ++d)
    v *= static_cast<double>(
        std::max<std::int64_t>(0, std::min(a.hi[d], b.hi[d]) - std::max(a.lo[d], b.lo[d]) + 1));
  return v;
}

double volume(const Box& b) {
  return volume(b, b);
}

// The box of a requirement's piece for a point; these have one each.
const Box& box(const program::Program& p, const program::Launch& l, std::size_t r, std::int64_t position) {
  const program::Partition& part = p.partitions[l.requirements[r].partition];
  return part.boxes[part.begins[l.requirements[r].piece(position)]];
}

std::string matrix(const program::Program& p, const program::Launch& l, std::size_t r) {
  return p.regions[p.partitions[l.requirements[r].partition].region].name;
}

// A launch above, and the position of the point on the way to it.
std::pair<const program::Launch*, std::int64_t> above(const program::Program& p, const program::Launch& l,
                                                      std::string_view task) {
  const program::Launch* at = &l;
  std::int64_t position = 0;
  while (p.tasks[at->task].name != task) {
    position = at->parent.value().position;
    at = &p.launches[at->parent->launch];
  }
  return {at, position};
}

// Where an expert mapper puts things.
class Expert {
 public:
  Expert(const program::Program& p, const machine::Machine& m, std::int64_t nodes) : p_(p) {
    const auto path = std::filesystem::path(MAPWRIGHT_ROOT) / "mappers/expert" / (p.name + ".mapper");
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto compiled = lang::compile(std::make_shared<base::Source>(path.string(), text));
    mapper_ = compiled.mapper;
    placer_ = *lang::Placer::create(mapper_, machine::grid_of(m, nodes, p.ranks_per_node));
    gpus_per_rank_ = m.processors[machine::ProcessorKind::gpu]->count / p.ranks_per_node;
    ranks_per_node_ = p.ranks_per_node;
  }

  struct Gpu {
    std::int64_t node = 0;
    std::int64_t gpu = 0;
    friend bool operator==(const Gpu&, const Gpu&) = default;
  };

  Gpu index(const program::Launch& l, std::int64_t position, machine::ProcessorKind kind) {
    const std::string& task = p_.tasks[l.task].name;
    const auto placed = placer_->place(*mapper_->index_map(task, kind), task, l.domain, kind);
    const lang::Slot slot = (*placed)->at(position).front();
    const auto rank = static_cast<std::int64_t>(slot.node);
    return {rank / ranks_per_node_, rank % ranks_per_node_ * gpus_per_rank_ + slot.processor};
  }
  Gpu index(const program::Launch& l, std::int64_t position) {
    return index(l, position, machine::ProcessorKind::gpu);
  }

 private:
  const program::Program& p_;
  lang::MapperPtr mapper_;
  std::shared_ptr<lang::Placer> placer_;
  std::int64_t gpus_per_rank_ = 1;
  std::int64_t ranks_per_node_ = 1;
};

struct Bytes {
  double local = 0;
  double intra = 0;
  double inter = 0;

  void add(const Expert::Gpu& from, const Expert::Gpu& to, double bytes) {
    (from == to ? local : from.node == to.node ? intra : inter) += bytes / kGb;
  }
};

// What one product needs of B and C, and what it folds into A, from and to where the expert places it.
struct Transfers {
  Bytes operands;
  Bytes sums;
};

Transfers transfers_of(const program::Program& p, const machine::Machine& m, std::int64_t nodes) {
  Expert expert(p, m, nodes);
  struct Home {
    std::string matrix;
    Box box;
    Expert::Gpu at;
  };
  std::vector<Home> homes;
  for (const char* task : {"task_1", "task_2", "task_3"}) {
    const program::Launch& l = *launches(p, task).front();
    for (std::int64_t i = 0; i < l.points(); ++i)
      homes.push_back({matrix(p, l, 0), box(p, l, 0, i), expert.index(l, i)});
  }
  const auto gpus = m.processors[machine::ProcessorKind::gpu]->count;
  // Of 2 x 2 GPUs, the first coordinate fastest; each operand is fetched once to each GPU.
  const auto placed = [&](const program::Launch& l, std::int64_t i) -> Expert::Gpu {
    if (!l.parent) return expert.index(l, i);
    if (launches(p, "task_7").empty()) {
      const auto [top, position] = above(p, l, "task_5");
      return expert.index(*top, position);
    }
    const auto [top, position] = above(p, l, "task_7");
    const auto [five, gpu] = above(p, l, "task_5");
    EXPECT_EQ(gpus, 4);
    return {expert.index(*top, position, machine::ProcessorKind::omp).node, gpu / 2 + 2 * (gpu % 2)};
  };
  Transfers v;
  std::set<std::string> fetched;
  for (const program::Launch* l : launches(p, "task_4")) {
    for (std::int64_t i = 0; i < l->points(); ++i) {
      const Expert::Gpu at = placed(*l, i);
      for (std::size_t r = 0; r < 3; ++r) {
        const Box& b = box(p, *l, r, i);
        for (const Home& h : homes) {
          const double bytes = h.matrix == matrix(p, *l, r) ? 8 * volume(b, h.box) : 0;
          if (bytes == 0) continue;
          if (r == 0) {
            v.sums.add(at, h.at, bytes);
          } else if (fetched
                         .insert(fmt::format("{} {} {} {} {}", at.node, at.gpu, h.matrix, b.lo[0], b.lo[1]))
                         .second ||
                     volume(b, h.box) < volume(b)) {
            v.operands.add(h.at, at, bytes);
          }
        }
      }
    }
  }
  return v;
}

TEST(Gemm, LaunchesOfOneProductOnTwoNodes) {
  const machine::Machine m = machine_named("lassen");
  const Counts plain = {{"task_7", 2}, {"task_6", 2}, {"task_5", 8}, {"task_4", 16}};
  EXPECT_EQ(loop_points(made("summa", m, 2)), plain);
  EXPECT_EQ(loop_points(made("pumma", m, 2)), plain);
  EXPECT_EQ(loop_points(made("cannon", m, 2)),
            (Counts{{"task_7", 2}, {"task_6", 4}, {"task_5", 16}, {"task_4", 32}}));
  EXPECT_EQ(loop_points(made("solomonik", m, 2)), (Counts{{"task_5", 8}, {"task_4", 16}, {"task_1", 4}}));
  EXPECT_EQ(loop_points(made("johnson", m, 2)), (Counts{{"task_4", 8}, {"task_1", 4}}));
  EXPECT_EQ(loop_points(made("cosma", m, 2)), (Counts{{"task_4", 8}, {"task_1", 4}}));
}

TEST(Gemm, SidesArePublished) {
  const machine::Machine m = machine_named("lassen");
  const std::map<std::int64_t, std::int64_t> sides = {{1, 20'000}, {2, 28'284},  {4, 40'000},
                                                      {8, 56'568}, {16, 80'000}, {32, 113'136}};
  for (const auto& [nodes, n] : sides) {
    for (const char* app : {"cannon", "summa", "pumma", "johnson", "solomonik", "cosma"}) {
      const program::Program p = made(app, m, nodes);
      EXPECT_EQ(p.parameters.at("n"), n) << app;
      EXPECT_EQ(p.notes, std::vector<std::string>{}) << app;
    }
  }
}

TEST(Gemm, ArithmeticIsThatOfOneProduct) {
  const machine::Machine m = machine_named("lassen");
  for (const char* app : {"cannon", "summa", "pumma", "johnson", "solomonik", "cosma"}) {
    for (const std::int64_t nodes : {1, 2, 4}) {
      const program::Program p = made(app, m, nodes);
      const auto n = static_cast<double>(p.parameters.at("n"));
      EXPECT_NEAR(loop_flops(p) / (2 * n * n * n), 1, 1e-12) << app;
      EXPECT_EQ(p.metric.name, "GFLOPS per node");
      EXPECT_NEAR(p.metric.value(1), n * n * (2 * n - 1) / 1e9 / static_cast<double>(nodes), 1e-3);
      EXPECT_EQ(p.iterations, 10);
      EXPECT_TRUE(p.waits);
      EXPECT_FALSE(p.traced);
    }
  }
}

// Every element of A gets every element of the inner dimension once, whatever the sides and grids are.
TEST(Gemm, EveryBlockIsMultipliedOnce) {
  const machine::Machine m = machine_named("summit");
  for (const char* app : {"cannon", "summa", "pumma", "johnson", "solomonik", "cosma"}) {
    for (const std::int64_t nodes : {1, 2, 3, 4, 6}) {
      if (app == std::string("solomonik") && nodes != 3 && nodes != 6) continue;
      const program::Program p = made(app, m, nodes, {{"n", 37}});
      std::vector<std::vector<int>> sums(37, std::vector<int>(37));
      for (const program::Launch* l : launches(p, "task_4")) {
        for (std::int64_t i = 0; i < l->points(); ++i) {
          const auto part = [&](std::size_t r) {
            return volumes(p.partitions[l->requirements[r].partition])[l->requirements[r].piece(i)];
          };
          if (part(0) == 0 || part(1) == 0 || part(2) == 0) {
            EXPECT_EQ(l->flops.at(i), 0);
            continue;
          }
          const Box& a = box(p, *l, 0, i);
          const Box& b = box(p, *l, 1, i);
          const Box& c = box(p, *l, 2, i);
          ASSERT_TRUE(b.lo[0] == a.lo[0] && b.hi[0] == a.hi[0]);
          ASSERT_TRUE(c.lo[1] == a.lo[1] && c.hi[1] == a.hi[1]);
          ASSERT_TRUE(b.lo[1] == c.lo[0] && b.hi[1] == c.hi[0]);
          EXPECT_EQ(l->flops.at(i), 2 * volume(a) * static_cast<double>(b.hi[1] - b.lo[1] + 1));
          for (std::int64_t x = a.lo[0]; x <= a.hi[0]; ++x) {
            for (std::int64_t y = a.lo[1]; y <= a.hi[1]; ++y)
              sums[static_cast<std::size_t>(x)][static_cast<std::size_t>(y)] +=
                  static_cast<int>(b.hi[1] - b.lo[1] + 1);
          }
        }
      }
      EXPECT_EQ(sums, std::vector<std::vector<int>>(37, std::vector<int>(37, 37))) << app << " on " << nodes;
    }
  }
}

// The block of the inner dimension that each step multiplies, for every tile (x, y).
std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int64_t>> schedule(const program::Program& p,
                                                                                    std::int64_t width) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::int64_t>> steps;
  const std::int64_t block = (p.parameters.at("n") + width - 1) / width;
  for (const program::Launch* l : launches(p, "task_4")) {
    const Box& a = box(p, *l, 0, 0);
    steps[{a.lo[0] / block, a.lo[1] / (a.hi[1] - a.lo[1] + 1)}].push_back(box(p, *l, 1, 0).lo[1] / block);
  }
  return steps;
}

TEST(Gemm, SchedulesOfTheTwoDimensionalOnes) {
  const machine::Machine m = machine_named("lassen");
  const auto summa = schedule(made("summa", m, 4), 4);
  const auto pumma = schedule(made("pumma", m, 4), 4);
  const auto cannon = schedule(made("cannon", m, 4), 4);
  ASSERT_EQ(summa.size(), 16U);
  for (std::int64_t x = 0; x < 4; ++x) {
    for (std::int64_t y = 0; y < 4; ++y) {
      std::vector<std::int64_t> staggered;
      std::vector<std::int64_t> shifted;
      for (std::int64_t ko = 0; ko < 2; ++ko) {
        for (std::int64_t ki = 0; ki < 2; ++ki) {
          staggered.push_back(2 * ((x / 2 + ko) % 2) + ki);
          shifted.push_back(2 * ((x / 2 + y / 2 + ko) % 2) + (x % 2 + y % 2 + ki) % 2);
        }
      }
      EXPECT_EQ(summa.at({x, y}), (std::vector<std::int64_t>{0, 1, 2, 3}));
      EXPECT_EQ(pumma.at({x, y}), staggered);
      EXPECT_EQ(cannon.at({x, y}), shifted);
    }
  }
}

TEST(Gemm, StepsOfSolomonik) {
  const program::Program p = made("solomonik", machine_named("lassen"), 2);
  std::vector<std::int64_t> k;
  for (const program::Launch* l : launches(p, "task_4")) k.push_back(box(p, *l, 1, 0).lo[1] / 7071);
  // (x, y, z) by rows; sub-block (x + y + s) mod 2 of layer z.
  EXPECT_EQ(k, (std::vector<std::int64_t>{0, 1, 2, 3, 1, 0, 3, 2, 1, 0, 3, 2, 0, 1, 2, 3}));
}

TEST(Gemm, GridsArePublished) {
  const machine::Machine m = machine_named("lassen");
  const auto of = [&](const char* app, std::int64_t nodes, std::vector<const char*> names) {
    const program::Program p = made(app, m, nodes);
    std::vector<std::int64_t> sides;
    for (const char* name : names) sides.push_back(p.parameters.at(name));
    return sides;
  };
  using Sides = std::vector<std::int64_t>;
  EXPECT_EQ(of("summa", 1, {"gx", "gy"}), (Sides{1, 1}));
  EXPECT_EQ(of("summa", 2, {"gx", "gy"}), (Sides{1, 2}));
  EXPECT_EQ(of("pumma", 8, {"gx", "gy"}), (Sides{2, 4}));
  EXPECT_EQ(of("cannon", 2, {"gx", "gy"}), (Sides{2, 1}));
  EXPECT_EQ(of("cannon", 4, {"gx", "gy"}), (Sides{2, 2}));
  const std::map<std::int64_t, Sides> solomonik = {{1, {2, 1}}, {2, {2, 2}},  {4, {4, 1}},
                                                   {8, {4, 2}}, {16, {8, 1}}, {32, {8, 2}}};
  for (const auto& [nodes, sides] : solomonik) EXPECT_EQ(of("solomonik", nodes, {"rpoc", "c"}), sides);
  const std::map<std::int64_t, Sides> johnson = {{1, {2}}, {2, {2}},  {4, {4}},
                                                 {8, {4}}, {16, {4}}, {32, {6}}};
  for (const auto& [nodes, sides] : johnson) EXPECT_EQ(of("johnson", nodes, {"gdim"}), sides);
  const std::map<std::int64_t, Sides> cosma = {
      {1, {1, 2, 2}}, {2, {2, 2, 2}}, {4, {2, 2, 4}}, {8, {2, 4, 4}}, {16, {4, 4, 4}}};
  for (const auto& [nodes, sides] : cosma) EXPECT_EQ(of("cosma", nodes, {"gx", "gy", "gz"}), sides);
}

TEST(Gemm, VolumesUnderTheExpertsOnTwoNodes) {
  const machine::Machine m = machine_named("lassen");
  for (const char* app : {"cannon", "summa", "pumma"}) {
    const Transfers v = transfers_of(made(app, m, 2), m, 2);
    EXPECT_NEAR(v.operands.local, 12.8, 0.01) << app;
    EXPECT_NEAR(v.operands.intra, 12.8, 0.01) << app;
    EXPECT_NEAR(v.operands.inter, 12.8, 0.01) << app;
    EXPECT_EQ(v.sums.intra + v.sums.inter, 0) << app << ": products are computed where their tile is";
  }
  const Transfers four = transfers_of(made("summa", m, 4), m, 4);
  EXPECT_NEAR(four.operands.inter, 51.2, 0.01);
  const Transfers solomonik = transfers_of(made("solomonik", m, 2), m, 2);
  EXPECT_NEAR(solomonik.operands.local, 6.4, 0.01);
  EXPECT_NEAR(solomonik.operands.intra, 12.8, 0.01);
  EXPECT_NEAR(solomonik.operands.inter, 6.4, 0.01);
  EXPECT_EQ(solomonik.sums.inter, 0);
  for (const char* app : {"johnson", "cosma"}) {
    const Transfers v = transfers_of(made(app, m, 2), m, 2);
    EXPECT_NEAR(v.operands.intra, 12.8, 0.01) << app;
    EXPECT_EQ(v.operands.inter, 0) << app;
    EXPECT_NEAR(v.sums.inter, 6.4, 0.01) << app;
  }
}

// The maps of the experts split the nodes by the extents of the tiles: it is the program's own split.
TEST(Gemm, ExpertsPlaceTilesOnTheNodesThatComputeThem) {
  for (const char* name : {"lassen", "p100x4", "perlmutter", "summit", "frontier"}) {
    const machine::Machine m = machine_named(name);
    for (const char* app : {"cannon", "summa", "pumma"}) {
      for (const std::int64_t nodes : {1, 2, 3, 4, 8}) {
        const program::Program p = made(app, m, nodes);
        Expert expert(p, m, nodes);
        const program::Launch& tiles = *launches(p, "task_1").front();
        const program::Launch& top = *launches(p, "task_7").front();
        const std::int64_t px = tiles.domain.extent(0) / top.domain.extent(0);
        const std::int64_t py = tiles.domain.extent(1) / top.domain.extent(1);
        for (std::int64_t i = 0; i < tiles.points(); ++i) {
          const std::int64_t x = i / tiles.domain.extent(1);
          const std::int64_t y = i % tiles.domain.extent(1);
          const auto node =
              expert.index(top, x / px * top.domain.extent(1) + y / py, machine::ProcessorKind::omp).node;
          ASSERT_EQ(expert.index(tiles, i).node, node)
              << app << " on " << nodes << " of " << name << " at " << x << ", " << y;
        }
      }
    }
  }
}

TEST(Gemm, RanksAndRolesOfTasks) {
  const machine::Machine m = machine_named("lassen");
  EXPECT_EQ(made("johnson", m, 2).ranks_per_node, 4);
  EXPECT_EQ(made("cosma", m, 2).ranks_per_node, 4);
  EXPECT_EQ(made("solomonik", m, 2).ranks_per_node, 1);
  const program::Program p = made("summa", m, 2);
  for (const auto& [task, kind, inner] : {std::tuple{"task_4", machine::ProcessorKind::gpu, false},
                                          {"task_5", machine::ProcessorKind::gpu, true},
                                          {"task_6", machine::ProcessorKind::omp, true},
                                          {"task_7", machine::ProcessorKind::omp, true}}) {
    const program::Task& t = p.tasks[launches(p, task).front()->task];
    ASSERT_EQ(t.variants.size(), 1U) << task;
    EXPECT_EQ(t.variants.front().kind, kind) << task;
    EXPECT_EQ(t.inner, inner) << task;
  }
  const program::Variant& dgemm = p.tasks[launches(p, "task_4").front()->task].variants.front();
  EXPECT_EQ(dgemm.layout_failure, "** On entry to DGEMM parameter number 8 had an illegal value");
  EXPECT_EQ(dgemm.order, program::Order::c_order);
  EXPECT_FALSE(dgemm.peak_share.has_value());
  EXPECT_EQ(p.warmup, 0);
  EXPECT_EQ(made("johnson", m, 2).warmup, 1);
  EXPECT_EQ(launches(p, "taco_fill").size(), 3U);
  EXPECT_EQ(launches(p, "task_1").front()->requirements.front().privilege, Privilege::read);
  const program::Program three = made("cosma", m, 2);
  EXPECT_EQ(launches(three, "task_1").front()->requirements.front().privilege, Privilege::write);
  EXPECT_EQ(launches(three, "task_1").back()->requirements.front().privilege, Privilege::read);
  EXPECT_EQ(launches(three, "task_4").front()->requirements.front().privilege, Privilege::reduce);
  EXPECT_TRUE(launches(three, "taco_fill").empty());
}

TEST(Gemm, GridsThatDoNotExist) {
  EXPECT_EQ(problems("solomonik", machine_named("summit"), 2),
            "error[MW8105]: solomonik has no grid for 2 nodes with 6 GPUs each\n"
            "   = note: it takes c layers of rpoc x rpoc GPUs, c at most rpoc: the nearest number of nodes "
            "that has "
            "such a grid is 3\n");
  EXPECT_EQ(problems("solomonik", machine_named("lassen"), 3),
            "error[MW8105]: solomonik has no grid for 3 nodes with 4 GPUs each\n"
            "   = note: it takes c layers of rpoc x rpoc GPUs, c at most rpoc: the nearest number of nodes "
            "that has "
            "such a grid is 2\n");
  EXPECT_EQ(problems("solomonik", machine_named("lassen"), 2, {{"rpoc", 3}}),
            "error[MW8106]: no grid with rpoc = 3 has 8 GPUs\n"
            "   = note: c * rpoc * rpoc is the number of GPUs, unless both are stated\n");
  EXPECT_EQ(problems("solomonik", machine_named("lassen"), 2, {{"c", 4}}),
            "error[MW8106]: no grid with c = 4 has 8 GPUs\n"
            "   = note: c * rpoc * rpoc is the number of GPUs, unless both are stated\n");
  EXPECT_EQ(problems("summa", machine_named("lassen"), 2, {{"gx", 3}}),
            "error[MW8106]: gx = 3 does not divide 2 nodes\n"
            "   = note: gx * gy is the number of nodes, unless both are stated\n");
  EXPECT_EQ(problems("cosma", machine_named("lassen"), 2, {{"gx", 3}}),
            "error[MW8106]: the sides that are stated do not divide 8 GPUs\n"
            "   = note: gx * gy * gz is the number of GPUs, unless all are stated\n");
  EXPECT_EQ(problems("cosma", machine_named("lassen"), 2, {{"gx", 1 << 20}, {"gy", 1 << 20}, {"gz", 1}}),
            "error[MW8107]: cosma would have 1099511627776 points of tasks\n"
            "   = note: a program has at most 16777216\n");
  EXPECT_EQ(problems("summa", machine_named("lassen"), 1 << 14),
            "error[MW8107]: summa would have 20971520 launches\n"
            "   = note: a program has at most 1048576\n");
}

TEST(Gemm, StatedGrids) {
  const machine::Machine m = machine_named("lassen");
  EXPECT_EQ(made("summa", m, 2, {{"gx", 2}}).parameters.at("gy"), 1);
  EXPECT_EQ(made("cosma", m, 2, {{"gz", 1}}).parameters.at("gy"), 4);
  EXPECT_EQ(made("cosma", m, 2, {{"gx", 2}, {"gy", 1}}).parameters.at("gz"), 4);
  EXPECT_EQ(made("solomonik", m, 2, {{"c", 2}}).parameters.at("rpoc"), 2);
  EXPECT_EQ(made("solomonik", m, 2, {{"rpoc", 1}}).parameters.at("c"), 8);
  EXPECT_EQ(made("solomonik", m, 2, {{"rpoc", 3}, {"c", 2}, {"n", 100}}).parameters.at("rpoc"), 3);
  EXPECT_EQ(loop_points(made("johnson", m, 2, {{"gdim", 3}})).at("task_4"), 27);
}

TEST(Gemm, ShrinksOntoSmallMemories) {
  // More nodes than in the published runs.
  EXPECT_EQ(made("johnson", machine_named("lassen"), 64).notes,
            std::vector<std::string>{
                "n is 118232 instead of 160000, because under the expert's mapper that takes 28.8 GB "
                "of a GPU's FBMEM, which has 15.7 GB"});
  machine::Machine small = machine_named("p100x4");
  small.memories[machine::MemoryKind::fbmem]->capacity = 2'000'000'000;
  for (const char* app : {"cannon", "summa", "pumma", "johnson", "solomonik", "cosma"}) {
    const program::Program p = made(app, small, 2);
    ASSERT_EQ(p.notes.size(), 1U) << app;
    EXPECT_LT(p.parameters.at("n"), 28'284) << app << ": " << p.notes.front();
    EXPECT_GT(p.parameters.at("n"), 10'000) << app << ": " << p.notes.front();
    EXPECT_EQ(made(app, small, 2, {{"n", 20'000}}).parameters.at("n"), 20'000) << "the user knows best";
  }
}

TEST(Gemm, TestSizeIsSmall) {
  const program::Program p = made("cannon", machine_named("p100x4"), 2, {}, Size::test);
  EXPECT_EQ(p.parameters.at("n"), 256);
  EXPECT_EQ(p.parameters.at("iterations"), 2);
}

}  // namespace
}  // namespace mapwright::apps::testing
