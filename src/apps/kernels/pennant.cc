// Pennant really: Lagrangian hydrodynamics after PENNANT's published algorithm, on Leblanc's shock tube. Here
// is how it starts, and what has to come out.
#include <array>

#include "apps/kernels/pennant_strip.h"

namespace mapwright::apps {
namespace hydro {
namespace {

// The mesh and the gas on it, when it starts.
struct Start {
  PennantMesh mesh;
  Problem problem;

  // The point in column i and row j.
  Vec place(std::int64_t i, std::int64_t j) const {
    const double h = problem.spacing(mesh);
    return {h * static_cast<double>(i), h * static_cast<double>(j)};
  }
};

// What strip k owns, private points (0) or shared ones (1): does something with each point and its column and
// row in the mesh.
template <class Function>
void for_points(const PennantMesh& mesh, std::int64_t k, std::size_t part, Range points, Function function) {
  const std::int64_t first_row = part == 0 ? mesh.first_private_row(k) : mesh.rows(k).end;
  for (std::int64_t p = points.begin, j = first_row; p < points.end; ++j) {
    for (std::int64_t i = 0; i < mesh.row(); ++i) function(p++, i, j);
  }
}

// The corners of zones in the order of their sides, against the clock.
constexpr std::array<std::array<std::int64_t, 2>, 4> kCorners = {{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};

template <class S>
void initialize_topology(const S& strip, const Start& start) {
  const PennantMesh& mesh = start.mesh;
  const std::int64_t k = strip.position();
  const auto corners = strip.out(znump);
  const auto zone_of = strip.out(mapsz);
  const auto first = strip.out(mapsp1);
  const auto first_in = strip.out(mapsp1_region);
  const auto second = strip.out(mapsp2);
  const auto second_in = strip.out(mapsp2_region);
  const auto before = strip.out(mapss3);
  const auto next = strip.out(mapss4);
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) {
    corners(z) = 4;
    const std::int64_t i = z % mesh.nzx;
    const std::int64_t j = z / mesh.nzx;
    const auto point = [&](std::size_t corner) {
      return mesh.row_begin(k, j + kCorners[corner][1]) + i + kCorners[corner][0];
    };
    for (std::size_t c = 0; c < 4; ++c) {
      const std::int64_t s = 4 * z + static_cast<std::int64_t>(c);
      zone_of(s) = z;
      first(s) = point(c);
      second(s) = point((c + 1) % 4);
      first_in(s) = kPrivate;  // init_pointers knows better
      second_in(s) = kPrivate;
      before(s) = c == 0 ? s + 3 : s - 1;
      next(s) = c == 3 ? s - 3 : s + 1;
    }
  }
  for (const std::size_t part : {0U, 1U}) {
    const auto x = strip.out(px, part);
    const auto at_x = strip.out(has_bcx, part);
    const auto at_y = strip.out(has_bcy, part);
    for_points(mesh, k, part, strip.range(Of::point, part),
               [&](std::int64_t p, std::int64_t i, std::int64_t j) {
                 x.set(p, start.place(i, j));
                 at_x(p) = i == 0 || i == mesh.nzx;
                 at_y(p) = j == 0 || j == mesh.nzy;
               });
  }
}

template <class S>
void init_pointers(const S& strip, const PennantMesh& mesh) {
  const auto first = strip.out(mapsp1);
  const auto first_in = strip.out(mapsp1_region);
  const auto second = strip.out(mapsp2);
  const auto second_in = strip.out(mapsp2_region);
  const std::int64_t shared = mesh.first_shared();
  const Range sides = strip.range(Of::side);
  for (std::int64_t s = sides.begin; s < sides.end; ++s) {
    first_in(s) = first(s) < shared ? kPrivate : kGhost;
    second_in(s) = second(s) < shared ? kPrivate : kGhost;
  }
}

template <class S>
void init_points(const S& strip, const Start& start) {
  for (const std::size_t part : {0U, 1U}) {
    const auto mass = strip.out(pmaswt, part);
    const std::array at = {strip.out(px0, part), strip.out(pxp, part)};
    const std::array zero = {strip.out(pu0, part), strip.out(pu, part), strip.out(pf, part)};
    for_points(start.mesh, strip.position(), part, strip.range(Of::point, part),
               [&](std::int64_t p, std::int64_t i, std::int64_t j) {
                 mass(p) = 0;
                 for (const auto& field : at) field.set(p, start.place(i, j));
                 for (const auto& field : zero) field.set(p, {});
               });
  }
}

// The mesh's geometry once more, because nothing may be read; the same sums as in calc_volumes_full.
template <class S>
void init_hydro(const S& strip, const Start& start) {
  const auto& [mesh, problem] = start;
  init_points(strip, start);
  const std::array middles = {strip.out(zxp), strip.out(zx)};
  const std::array areas = {strip.out(zareap), strip.out(zarea)};
  const std::array volumes = {strip.out(zvol0), strip.out(zvolp), strip.out(zvol)};
  const std::array densities = {strip.out(zrp), strip.out(zr)};
  const std::array none = {strip.out(zdl), strip.out(zw),  strip.out(zwrate), strip.out(zp),
                           strip.out(zss), strip.out(zdu), strip.out(z0tmp)};
  const auto speed = strip.out(zuc);
  const auto mass = strip.out(zm);
  const auto energy = strip.out(ze);
  const auto total = strip.out(zetot);
  const std::array triangles = {strip.out(sareap), strip.out(sarea)};
  const std::array edges = {strip.out(exp), strip.out(ex)};
  const auto share = strip.out(smf);
  const auto length_of = strip.out(elen);
  const std::array side_none = {strip.out(carea), strip.out(cevol), strip.out(cdu), strip.out(cdiv),
                                strip.out(ccos)};
  const std::array side_zero = {strip.out(sfp), strip.out(sfq), strip.out(sft), strip.out(cqe1),
                                strip.out(cqe2)};
  const Range zones = strip.range(Of::zone);
  for (std::int64_t z = zones.begin; z < zones.end; ++z) {
    std::array<Vec, 4> x;
    Vec middle;
    for (std::size_t c = 0; c < 4; ++c) {
      x[c] = start.place(z % mesh.nzx + kCorners[c][0], z / mesh.nzx + kCorners[c][1]);
      middle = middle + 0.25 * x[c];
    }
    std::array<double, 4> triangle{};
    double area = 0;
    double volume = 0;
    for (std::size_t c = 0; c < 4; ++c) {
      triangle[c] = triangle_area(x[c], x[(c + 1) % 4], middle);
      area += triangle[c];
      volume += revolved(triangle[c], x[c], x[(c + 1) % 4], middle);
    }
    const bool thin = middle.x > problem.dense_until.x || middle.y > problem.dense_until.y;
    const double density = thin ? problem.thin_density : problem.density;
    const double e = thin ? problem.thin_energy : problem.energy;
    for (const auto& field : middles) field.set(z, middle);
    for (const auto& field : areas) field(z) = area;
    for (const auto& field : volumes) field(z) = volume;
    for (const auto& field : densities) field(z) = density;
    for (const auto& field : none) field(z) = 0;
    speed.set(z, {});
    mass(z) = density * volume;
    energy(z) = e;
    total(z) = e * density * volume;
    for (std::size_t c = 0; c < 4; ++c) {
      const std::int64_t s = 4 * z + static_cast<std::int64_t>(c);
      for (const auto& field : triangles) field(s) = triangle[c];
      for (const auto& field : edges) field.set(s, 0.5 * (x[c] + x[(c + 1) % 4]));
      share(s) = triangle[c] / area;
      length_of(s) = length(x[(c + 1) % 4] - x[c]);
      for (const auto& field : side_none) field(s) = 0;
      for (const auto& field : side_zero) field.set(s, {});
    }
  }
}

// Points at interfaces are summed up in any order, which is worth some last digits. What is zero but for
// them, as velocities across the tube are, is compared with what it is made of.
constexpr double kRelative = 1e-8;

std::vector<program::Box> pieces(const program::Program& program,
                                 std::initializer_list<std::string_view> names) {
  std::vector<program::Box> boxes;
  for (const std::string_view name : names) {
    const program::Partition& p = program.partitions[partition_of(program, name)];
    boxes.insert(boxes.end(), p.boxes.begin(), p.boxes.end());
  }
  return boxes;
}

std::vector<program::Expectation> expectations(const program::Program& program, const Start& start) {
  const auto& [mesh, problem] = start;
  std::vector<program::Expectation> list;
  const auto expect = [&](std::string_view region, std::size_t field, const std::vector<program::Box>& where,
                          double scale) {
    program::Expectation e;
    e.region = region_of(program, region);
    e.field = field;
    e.where = where;
    e.relative = kRelative;
    e.absolute = kRelative * scale;
    list.push_back(std::move(e));
  };
  const double sound = std::sqrt(kGamma * (kGamma - 1) * problem.energy);
  const auto points = pieces(program, {"rp_all_private_p", "rp_all_shared_p"});
  for (const std::size_t part : {0U, 1U}) expect("point", px.index + part, points, problem.spacing(mesh));
  for (const std::size_t part : {0U, 1U}) expect("point", pu.index + part, points, sound);
  const auto zones = pieces(program, {"rz_all_p"});
  expect("zone", zr.index, zones, problem.thin_density);
  expect("zone", ze.index, zones, problem.thin_energy);
  // The least speed of sound makes the thin gas as stiff as if it had this pressure.
  expect("zone", zp.index, zones, problem.thin_density * kLeastSoundSpeed * kLeastSoundSpeed);
  return list;
}

}  // namespace

bool dense(const program::Call& call) {
  for (std::size_t r = 0; r < call.launch().requirements.size(); ++r) {
    if (call.empty(r)) continue;
    const program::Requirement& requirement = call.requirement(r);
    const program::Region& region =
        call.program().regions[call.program().partitions[requirement.partition].region];
    for (std::size_t f = 0; f < region.fields.size(); ++f) {
      if ((requirement.fields >> f & 1) != 0 && call.field(r, f).strides[0] != region.fields[f].bytes)
        return false;
    }
  }
  return true;
}

void add_setup_kernels(Table* table, const PennantMesh& mesh, const Problem& problem) {
  const Start start = {mesh, problem};
  table->add("initialize_topology", kernel([start](const auto& s) { initialize_topology(s, start); }));
  table->add("init_pointers", kernel([mesh](const auto& s) { init_pointers(s, mesh); }));
  table->add("init_hydro", kernel([start](const auto& s) { init_hydro(s, start); }));
  table->add_empty("continue_simulation");
}

std::unique_ptr<Table> kernels_for(const program::Program& program, const Problem& problem) {
  const std::size_t strips = program.partitions[partition_of(program, "rz_all_p")].pieces();
  const PennantMesh mesh = {static_cast<std::int64_t>(parameter(program, "nzx")),
                            static_cast<std::int64_t>(parameter(program, "nzy")),
                            static_cast<std::int64_t>(strips)};
  auto table = std::make_unique<Table>(program);
  add_setup_kernels(table.get(), mesh, problem);
  add_mesh_kernels(table.get());
  add_hydro_kernels(table.get(), problem.first_step * problem.spacing(mesh));
  add_viscosity_kernels(table.get(), problem);
  table->expect([&program, mesh, problem](std::int64_t) { return expectations(program, {mesh, problem}); });
  return table;
}

}  // namespace hydro

std::unique_ptr<Table> pennant_kernels(const program::Program& program) {
  return hydro::kernels_for(program, {});
}

}  // namespace mapwright::apps
