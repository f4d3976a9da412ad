// Pennant: Lagrangian hydrodynamics on an unstructured mesh of quadrilateral zones, cut into strips. Fields,
// launches and what they read and write from the program's source (Regent, pennant), sizes from its run
// scripts; flop are rough hand counts.
#include <algorithm>
#include <array>

#include "apps/builder.h"
#include "apps/models.h"
#include "apps/pennant.h"
#include "base/bug.h"
#include "base/text.h"

namespace mapwright::apps {
namespace {

using machine::ProcessorKind;
using program::Privilege;

constexpr std::int64_t kManyIterations = 1'000'000;
constexpr Parameter kParameters[] = {
    {"nzx", "zones along a strip", 1, std::int64_t{1} << 20},
    {"nzy", "zones across all strips, at least one for each GPU", 1, std::int64_t{1} << 28},
    {"cycles", "timed cycles", 1, kManyIterations},
    {"prune", "cycles before the timed ones", 0, kManyIterations},
};
// leblanc_long4x30 for each GPU: 5760 zones times the number in the name.
constexpr std::int64_t kPublishedRows = std::int64_t{4} * 5760;
constexpr std::int64_t kTestRows = 1024;

constexpr double kZoneBytes = 185;
constexpr double kPointBytes = 106;
constexpr double kSideBytes = 226;

// The share of a framebuffer's bandwidth that the kernels reach, which gather through pointers: 716 GB/s,
// where stencil reaches 806 (measured runs on one node of Lassen).
constexpr double kStreamingShare = 716.0 / 806.0;

enum class Per : std::uint8_t { zone, side, point };

// A launch over all strips. `uses`: for each of the mesh's parts, privileges and fields. "points" are the
// private and the ghost ones, as two requirements; where there are "own" points, the task is launched for the
// private ones first and for those that the strip shares and owns then.
struct Row {
  std::string_view task;
  std::string_view uses;
  double flops;  // for each
  Per per;
  bool time_step = false;  // it needs the future of the time step
};
constexpr bool kUsesTimeStep = true;

// The cycle, in program order; before the third row the time step is computed from what the last row gave.
constexpr std::size_t kTimeStep = 2;
// clang-format off: a table
constexpr Row kCycle[] = {
    {"init_step_points", "own W pmaswt pf", 0, Per::point},
    {"init_step_zones", "zones R zvol; zones W zvol0", 0, Per::zone},
    {"adv_pos_half", "own R px pu; own W px0 pxp pu0", 4, Per::point, kUsesTimeStep},
    {"calc_centers", "zones R znump; zones RW zxp; points R pxp; sides R mapsz mapsp1 mapsp2; sides W exp", 9, Per::side},
    {"calc_volumes", "zones R zxp znump; zones RW zareap zvolp; points R pxp; sides R mapsz mapsp1 mapsp2; "
     "sides W sareap elen", 20, Per::side},
    {"calc_char_len", "zones R znump; zones RW zdl; sides R mapsz sareap elen", 3, Per::side},
    {"calc_rho_half", "zones R zvolp zm; zones W zrp", 1, Per::zone},
    {"sum_point_mass", "zones R zareap zrp; private RW pmaswt; ghost Red pmaswt; sides R mapsz mapsp1 mapss3 smf", 5,
     Per::side},
    {"calc_state_at_half", "zones R zvol0 zvolp zm zr ze zwrate; zones W zp zss", 25, Per::zone, kUsesTimeStep},
    {"calc_force_pgas_tts", "zones R zxp zareap zrp zss zp; sides R mapsz sareap smf exp; sides W sfp sft", 16, Per::side},
    {"qcs_zone_center_velocity", "zones R znump; zones RW zuc; points R pu; sides R mapsz mapsp1", 5, Per::side},
    {"qcs_corner_divergence", "zones R zxp zuc; points R pxp pu; sides R mapsz mapsp1 mapsp2 mapss3 exp elen; "
     "sides W carea ccos cdiv cevol cdu", 110, Per::side},
    {"qcs_qcn_force", "zones R zrp zss; points R pu; sides R mapsz mapsp1 mapsp2 mapss3 elen cdiv cdu cevol; "
     "sides W cqe1 cqe2", 20, Per::side},
    {"qcs_force", "sides R mapss4 elen carea ccos cqe1 cqe2; sides W sfq", 25, Per::side},
    {"qcs_vel_diff", "zones R zss; zones RW z0tmp; zones W zdu; points R pxp pu; sides R mapsz mapsp1 mapsp2 elen", 9,
     Per::side},
    {"sum_point_force", "zones R znump; private RW pf; ghost Red pf; sides R mapsz mapsp1 mapss3 sfq sft", 6, Per::side},
    {"apply_boundary_conditions", "own R has_bcx has_bcy; own RW pu0 pf", 4, Per::point},
    {"adv_pos_full", "own R px0 pu0 pf pmaswt; own W px pu", 15, Per::point, kUsesTimeStep},
    {"calc_centers_full", "zones R znump; zones RW zx; points R px; sides R mapsz mapsp1 mapsp2; sides RW ex", 9,
     Per::side},
    {"calc_volumes_full", "zones R zx znump; zones RW zarea zvol; points R px; sides R mapsz mapsp1 mapsp2; "
     "sides W sarea", 15, Per::side},
    // The work is set to zero before it is added up: 8 bytes more than its privilege tells.
    {"calc_work", "zones R znump; zones RW@40 zw zetot; points R pxp pu0 pu; sides R mapsz mapsp1 mapsp2 sfp sfq", 20,
     Per::side, kUsesTimeStep},
    {"calc_work_rate_energy_rho_full", "zones R zvol0 zvol zm zw zp zetot; zones W zwrate ze zr", 8, Per::zone, kUsesTimeStep},
    {"calc_dt_hydro", "zones R zdl zvol0 zvol zss zdu", 8, Per::zone, kUsesTimeStep},
};
// Set-up, on CPUs: the mesh, its pointers, and all else.
constexpr Row kSetUp[] = {
    {"initialize_topology", "zones W znump; private W px has_bcx has_bcy; shared W px has_bcx has_bcy; "
     "sides W mapsz mapsp1 mapsp2 mapss3 mapss4", 0, Per::zone},
    {"init_pointers", "sides RW mapsp1 mapsp2", 0, Per::zone},
    {"init_hydro", "zones W zxp zx zuc zareap zarea zvol0 zvolp zvol zdl zm zrp zr ze zetot zw zwrate zp zss zdu z0tmp; "
     "private W px0 pxp pu0 pu pf pmaswt; shared W px0 pxp pu0 pu pf pmaswt; "
     "sides W sareap sarea smf elen carea cevol cdu cdiv ccos exp ex sfp sfq sft cqe1 cqe2", 0, Per::zone},
};

// clang-format on

// All of a strip's data lies in its GPU's framebuffer, and set-up leaves that of all strips of a node.
Footprint footprint(const Setup& setup, std::int64_t nzx, std::int64_t rows) {
  const auto zones = static_cast<double>(nzx * rows);
  const auto points = static_cast<double>((nzx + 1) * (rows + 1));
  const double strip = zones * (kZoneBytes + 4 * kSideBytes) + points * kPointBytes;
  return {strip, strip * static_cast<double>(setup.gpus_per_node())};
}

PennantMesh sizes(Setup& setup) {
  PennantMesh s{};
  s.strips = setup.gpus();
  s.nzx = setup.value("nzx", setup.paper() ? 320 : 32);
  std::int64_t rows = setup.paper() ? kPublishedRows : kTestRows;
  if (setup.paper() && !setup.stated("nzx") && !setup.stated("nzy"))
    rows = setup.fitting("the height of a strip", rows, 8, 8,
                         [&](std::int64_t some) { return footprint(setup, s.nzx, some); });
  s.nzy = setup.value("nzy", rows * s.strips);
  if (s.nzy < s.strips)
    setup.report(problem_of(problem::misfit,
                            fmt::format("nzy = {} leaves no zones for {} GPUs", s.nzy, s.strips),
                            "every GPU has a strip of its own, with at least one row of zones"));
  return s;
}

class Mesh {
 public:
  Mesh(Builder* b, const PennantMesh& s) : b_(*b), s_(s) {
    const program::RegionId rz = b->region("zone", interval(0, s.zones()), kPennantZone);
    const program::RegionId rp = b->region("point", interval(0, s.points()), kPennantPoint);
    const program::RegionId rs = b->region("side", interval(0, s.sides()), kPennantSide);
    zones_ = b->partition("rz_all_p", rz);
    private_ = b->partition("rp_all_private_p", rp);
    ghost_ = b->partition("rp_all_ghost_p", rp, false);
    shared_ = b->partition("rp_all_shared_p", rp);
    sides_ = b->partition("rs_all_p", rs);
    for (std::int64_t k = 0; k < s.strips; ++k) {
      const Range rows = s.rows(k);
      b->piece(zones_, interval(rows.begin * s.nzx, rows.end * s.nzx));
      b->piece(sides_, interval(4 * rows.begin * s.nzx, 4 * rows.end * s.nzx));
      b->piece(private_, interval(s.private_points(k).begin, s.private_points(k).end));
      const std::int64_t below = std::max<std::int64_t>(0, k - 1);
      const std::int64_t above = std::min(s.strips - 1, k + 1);
      b->piece(ghost_, interval(s.interface(below), s.interface(above)));
      b->piece(shared_, interval(s.interface(k), s.interface(above)));
    }
  }

  // One launch, or two where it is of own points.
  program::LaunchId launch(program::TaskId task, const Row& row) {
    program::LaunchId last = 0;
    const bool twice = row.uses.starts_with("own ");
    for (const program::PartitionId own : twice ? std::vector{private_, shared_} : std::vector{private_})
      last = b_.index(task, domain({s_.strips}), uses(row, own), flops(row, own));
    return last;
  }

 private:
  std::vector<program::PartitionId> partitions(std::string_view part, program::PartitionId own) const {
    if (part == "zones") return {zones_};
    if (part == "sides") return {sides_};
    if (part == "points") return {private_, ghost_};
    if (part == "private") return {private_};
    if (part == "ghost") return {ghost_};
    if (part == "shared") return {shared_};
    base::expects(part == "own", "a part of the mesh");
    return {own};
  }

  static Privilege privilege(std::string_view word) {
    if (word == "R") return Privilege::read;
    if (word == "W") return Privilege::write;
    if (word == "RW") return Privilege::read_write;
    base::expects(word == "Red", "a privilege");
    return Privilege::reduce;
  }

  // "zones RW@40 zw zetot; sides R smf": 40 bytes of each zone are streamed, where privilege and fields say
  // otherwise.
  std::vector<Use> uses(const Row& row, program::PartitionId own) const {
    std::vector<Use> list;
    for (std::string_view one : base::split(row.uses, ';')) {
      if (one.starts_with(' ')) one.remove_prefix(1);
      const std::size_t part_ends = one.find(' ');
      const std::size_t privilege_ends = one.find(' ', part_ends + 1);
      const auto words = base::split(one.substr(part_ends + 1, privilege_ends - part_ends - 1), '@');
      for (const program::PartitionId p : partitions(one.substr(0, part_ends), own)) {
        Use use = b_.use(p, privilege(words[0]), one.substr(privilege_ends + 1));
        if (words.size() > 1) use = use.streams(static_cast<double>(base::parse_integer(words[1]).value()));
        if (use.requirement().privilege == Privilege::reduce)
          use = use.atomics(interface_corners(use.requirement()));
        list.push_back(use);
      }
    }
    return list;
  }

  // Every zone at an interface has two corners there, each of which is added up by one of its sides.
  program::PerPoint interface_corners(const program::Requirement& r) const {
    const program::Region& points = b_.program().regions[b_.program().partitions[r.partition].region];
    const auto fields = static_cast<double>(points.bytes(r.fields)) / 8;
    program::PerPoint updates;
    for (std::int64_t k = 0; k < s_.strips; ++k)
      updates.values.push_back(2 * static_cast<double>(s_.nzx * s_.interfaces(k)) * fields);
    return updates;
  }

  program::PerPoint flops(const Row& row, program::PartitionId own) const {
    if (row.flops == 0) return {};
    program::PerPoint list;
    for (std::int64_t k = 0; k < s_.strips; ++k) {
      const std::int64_t zones = s_.rows(k).size() * s_.nzx;
      const bool last = k == s_.strips - 1;
      const std::int64_t points = (own == private_ ? s_.private_rows(k) : last ? 0 : 1) * (s_.nzx + 1);
      const std::int64_t count = row.per == Per::zone ? zones : row.per == Per::side ? 4 * zones : points;
      list.values.push_back(row.flops * static_cast<double>(count));
    }
    return list;
  }

  Builder& b_;
  const PennantMesh s_;
  program::PartitionId zones_, sides_, private_, shared_, ghost_;
};

std::vector<program::Variant> kernel() {
  std::vector<program::Variant> variants = on({ProcessorKind::gpu, ProcessorKind::cpu});
  variants.front().streaming_share = kStreamingShare;
  return variants;
}

}  // namespace

constinit const App kPennant = {"pennant", "Lagrangian hydrodynamics on an unstructured mesh, in strips",
                                kParameters};

program::Program pennant(Setup& setup) {
  const PennantMesh s = sizes(setup);
  const std::int64_t cycles = setup.value("cycles", setup.paper() ? 30 : 3);
  const std::int64_t prune = setup.value("prune", setup.paper() ? 30 : 1);
  if (!setup.problems().empty()) return {};

  Builder b(kPennant.name, kPennant.what);
  Mesh mesh(&b, s);
  for (const Row& row : kSetUp) mesh.launch(b.task(row.task, on({ProcessorKind::cpu})), row);

  // The program asks whether to go on, and all strips' least time step makes the next one: once in each cycle
  // all wait for all.
  const program::TaskId goes_on = b.task("continue_simulation", on({ProcessorKind::cpu}));
  const program::TaskId global_dt = b.task("calc_global_dt", on({ProcessorKind::cpu}));
  b.begin_loop();
  const program::LaunchId question = b.single(goes_on, {});
  program::LaunchId time_step = 0;
  program::LaunchId last = 0;
  for (std::size_t i = 0; i < std::size(kCycle); ++i) {
    if (i == kTimeStep) time_step = b.single(global_dt, {});
    const auto first = static_cast<program::LaunchId>(b.program().launches.size());
    last = mesh.launch(b.task(kCycle[i].task, kernel()), kCycle[i]);
    for (program::LaunchId l = first; kCycle[i].time_step && l <= last; ++l)
      b.program().launches[l].futures.push_back(time_step);
  }
  b.end_loop();
  b.program().launches[question].futures.push_back(time_step);
  b.program().launches[time_step].futures.push_back(last);

  program::Program& program = b.program();
  program.traced = true;
  program.warmup = prune;
  program.iterations = cycles;
  program.metric = {"elapsed time", "s", false, static_cast<double>(cycles)};
  return std::move(program);
}

}  // namespace mapwright::apps
