// Circuit: a random graph of circuit nodes joined by wires. Pieces of the graph are grouped into superpieces,
// one for each point of a launch. Counts and sizes from the program's source (Regent, circuit_sparse) and its
// run scripts; what a piece shares with others from sampling its graph.
#include "apps/circuit.h"

#include <algorithm>

#include "apps/models.h"

namespace mapwright::apps {
namespace {

using machine::ProcessorKind;

// A piece is joined to five others of the three on either side. Which five is drawn at random; these are the
// ones that give the ghost ranges of the mapping logs (eight superpieces: 0..649, 350..1099, ...) and, on the
// average, the sampled share of foreign ends (3.0 % of the wires of four superpieces).
constexpr std::array<std::int64_t, 5> kNeighbours = {-3, -2, -1, 1, 2};
constexpr std::array<std::int64_t, 5> kFirstNeighbours = {-2, -1, 1, 2, 3};

constexpr std::int64_t kManyElements = std::int64_t{1} << 30;
constexpr std::int64_t kManyPieces = std::int64_t{1} << 20;
constexpr std::int64_t kManyIterations = 1'000'000;

constexpr Parameter kParameters[] = {
    {"loops", "timed iterations", 1, kManyIterations},
    {"pieces", "pieces of the circuit, a multiple of pps", 1, kManyPieces},
    {"pps", "pieces of a superpiece, which is what one task works on", 1, kManyPieces},
    {"npp", "circuit nodes of a piece", 2, kManyElements},
    {"wpp", "wires of a piece", 1, kManyElements},
    {"pct", "per cent of the wires that stay inside their piece", 0, 100},
    {"steps", "steps of the solver in each iteration", 1, 1'000'000'000},
    {"prune", "iterations before the timed ones", 0, kManyIterations},
    {"seed", "of the random graph", 0, (std::int64_t{1} << 31) - 1},
};

constexpr FieldSpec kNodeFields[] = {{"node_cap", 4}, {"leakage", 4}, {"charge", 4}, {"node_voltage", 4}};
constexpr FieldSpec kWireFields[] = {
    {"in_ptr", 8, Shape::pointer},
    {"out_ptr", 8, Shape::pointer},
    {"inductance", 4},
    {"resistance", 4},
    {"wire_cap", 4},
    {"current", 4, Shape::array, kSegments},
    {"voltage", 4, Shape::array, kSegments - 1},
};
constexpr FieldSpec kTimeFields[] = {{"start", 8}, {"stop", 8}};
constexpr FieldSpec kRangeFields[] = {{"first", 8}, {"last", 8}};
constexpr double kNodeBytes = 16;
constexpr double kWireBytes = 106;

// Six operations for each segment, four for each of the nine voltages between them.
constexpr double kSolverFlops = 96;
// The solver's share of the V100's single-precision peak: 192 GFLOP in 20.8 ms, by measured runs on Lassen
// with everything in the framebuffer.
constexpr double kSolverShare = 0.586;

// Of the wires that leave their piece, the share that leaves the superpiece as well.
double foreign_share(const CircuitSizes& s, std::int64_t q) {
  double sum = 0;
  for (std::int64_t piece = q * s.pps; piece < (q + 1) * s.pps; ++piece) {
    int all = 0;
    int foreign = 0;
    for (const std::int64_t step : neighbours(q)) {
      const std::int64_t other = piece + step;
      if (other < 0 || other >= s.pieces) continue;
      ++all;
      if (other / s.pps != q) ++foreign;
    }
    if (all > 0) sum += static_cast<double>(foreign) / all;
  }
  return sum / static_cast<double>(s.pps);
}

// Ends of wires, two for each, by the partition that holds the node: what is gathered from it, and added to
// it.
struct Ends {
  program::PerPoint owned;
  program::PerPoint shared;
  program::PerPoint ghost;
};

Ends ends_of(const CircuitSizes& s) {
  Ends ends;
  // Wires begin at any node of their piece, and so do those that stay inside end at any.
  const double shared_part = static_cast<double>(s.snpp) / static_cast<double>(s.npp);
  const double leaving = s.pieces == 1 ? 0 : 1 - s.inside;
  const double local = 2 - leaving;
  for (std::int64_t q = 0; q < s.superpieces(); ++q) {
    const double foreign = leaving * foreign_share(s, q);
    ends.owned.values.push_back(s.wires() * local * (1 - shared_part));
    ends.shared.values.push_back(s.wires() * (local * shared_part + leaving - foreign));
    ends.ghost.values.push_back(s.wires() * foreign);
  }
  return ends;
}

Footprint footprint(const Setup& setup, std::int64_t pps, std::int64_t wpp, std::int64_t npp) {
  const double wires = static_cast<double>(pps * wpp) * kWireBytes;
  const auto pieces = static_cast<double>(pps);
  const double owned = pieces * static_cast<double>(npp - shared_nodes(npp)) * kNodeBytes;
  const double all = pieces * static_cast<double>(npp) * kNodeBytes;
  return {wires + owned, static_cast<double>(setup.gpus_per_node()) * (wires + all)};
}

CircuitSizes sizes(Setup& setup) {
  const bool paper = setup.paper();
  CircuitSizes s{};
  s.pps = setup.value("pps", 10);
  s.pieces = setup.value("pieces", s.pps * setup.gpus());
  // As many nodes as a quarter of the wires, as published.
  std::int64_t wires = paper ? 20'000 : 2'000;
  if (paper && !setup.stated("pieces") && !setup.stated("pps") && !setup.stated("npp") &&
      !setup.stated("wpp"))
    wires = setup.fitting("wpp", wires, 8, 4,
                          [&](std::int64_t wpp) { return footprint(setup, s.pps, wpp, wpp / 4); });
  s.wpp = setup.value("wpp", wires);
  s.npp = setup.value("npp", wires / 4);
  s.snpp = shared_nodes(s.npp);
  s.inside = static_cast<double>(setup.value("pct", 80)) / 100;
  if (s.pieces % s.pps != 0)
    setup.report(problem_of(problem::misfit,
                            fmt::format("{} pieces do not make superpieces of {}", s.pieces, s.pps),
                            "'pieces' is a multiple of 'pps'"));
  return s;
}

}  // namespace

constinit const App kCircuit = {"circuit", "currents, voltages and charges of a random electric circuit",
                                kParameters};

const std::array<std::int64_t, 5>& neighbours(std::int64_t superpiece) {
  return superpiece == 0 ? kFirstNeighbours : kNeighbours;
}

Range ghost(const CircuitSizes& s, std::int64_t q) {
  const Range own = s.shared(q);
  return {std::max<std::int64_t>(0, own.begin + neighbours(q).front() * s.snpp),
          std::min(s.all_shared(), own.end + neighbours(q).back() * s.snpp)};
}

program::Program circuit(Setup& setup) {
  const CircuitSizes s = sizes(setup);
  const std::int64_t loops = setup.value("loops", setup.paper() ? 50 : 5);
  const std::int64_t prune = setup.value("prune", setup.paper() ? 30 : 2);
  const auto steps = static_cast<double>(setup.value("steps", setup.paper() ? 10'000 : 10));
  setup.value("seed", 12345);
  if (!setup.problems().empty()) return {};

  Builder b(kCircuit.name, kCircuit.what);
  const program::RegionId nodes = b.region("node", interval(0, s.pieces * s.npp), kNodeFields);
  const program::RegionId wires = b.region("wire", interval(0, s.pieces * s.wpp), kWireFields);
  const program::RegionId times = b.region("timestamp", interval(0, s.superpieces()), kTimeFields);
  const program::RegionId ranges = b.region("ghost_range", interval(0, s.superpieces()), kRangeFields);
  const program::PartitionId rp_private = b.partition("rp_private", nodes);
  const program::PartitionId rp_shared = b.partition("rp_shared", nodes);
  const program::PartitionId rp_ghost = b.partition("rp_ghost", nodes, false);
  const program::PartitionId rp_wires = b.partition("rp_wires", wires);
  const program::PartitionId rp_times = b.partition("rp_times", times);
  const program::PartitionId rp_ghost_ranges = b.partition("rp_ghost_ranges", ranges);
  const auto add = [&](program::PartitionId p, Range r) { b.piece(p, interval(r.begin, r.end)); };
  for (std::int64_t q = 0; q < s.superpieces(); ++q) {
    add(rp_private, s.owned(q));
    add(rp_shared, s.shared(q));
    add(rp_ghost, ghost(s, q));
    add(rp_wires, s.wires_of(q));
    add(rp_times, {q, q + 1});
    add(rp_ghost_ranges, {q, q + 1});
  }

  const auto cpu_only = [&](const char* name) { return b.task(name, on({ProcessorKind::cpu})); };
  const auto kernel = [&](const char* name) {
    return b.task(name, on({ProcessorKind::gpu, ProcessorKind::cpu}, program::Precision::single_precision));
  };
  const lang::Domain points = domain({s.superpieces()});

  b.index(
      cpu_only("init_piece"), points,
      {b.writes(rp_ghost_ranges, "first last"), b.writes(rp_private, "node_cap leakage charge node_voltage"),
       b.writes(rp_shared, "node_cap leakage charge node_voltage"),
       b.writes(rp_wires, "in_ptr out_ptr inductance resistance wire_cap current voltage"),
       b.writes(rp_times, "start stop")});
  b.single(cpu_only("create_ghost_partition"), {b.reads(b.whole(ranges), "first last")});
  b.index(
      cpu_only("init_pointers"), points,
      {b.names(rp_private), b.names(rp_shared), b.names(rp_ghost), b.updates(rp_wires, "in_ptr out_ptr")});

  // What is gathered from nodes or added to them is counted access by access, not as a stream. Additions to
  // private nodes meet no others; those to shared ones, few and touched by many wires, contend.
  const Ends ends = ends_of(s);
  b.begin_loop();
  const program::TaskId currents = kernel("calculate_new_currents");
  b.program().tasks[currents].variants.front().peak_share = kSolverShare;
  b.index(currents, points,
          {b.reads(rp_private, "node_voltage").streams(0).gathers(ends.owned),
           b.reads(rp_shared, "node_voltage").streams(0).gathers(ends.shared),
           b.reads(rp_ghost, "node_voltage").streams(0).gathers(ends.ghost),
           b.reads(rp_wires, "in_ptr out_ptr inductance resistance wire_cap"),
           b.updates(rp_wires, "current voltage"), b.updates(rp_times, "start stop")},
          each(s.wires() * steps * kSolverFlops));
  b.index(kernel("distribute_charge"), points,
          {b.updates(rp_private, "charge").streams(0).gathers(ends.owned),
           b.reduces(rp_shared, "charge").streams(0).atomics(ends.shared),
           b.reduces(rp_ghost, "charge").streams(0).atomics(ends.ghost),
           b.reads(rp_wires, "in_ptr out_ptr current._0 current._9")},
          each(s.wires() * 4));
  b.index(kernel("update_voltages"), points,
          {b.reads(rp_private, "node_cap leakage"), b.updates(rp_private, "node_voltage charge"),
           b.reads(rp_shared, "node_cap leakage"), b.updates(rp_shared, "node_voltage charge"),
           b.updates(rp_times, "start stop")},
          each(s.nodes() * 4));
  b.end_loop();
  const program::LaunchId elapsed =
      b.single(cpu_only("get_elapsed"), {b.reads(b.whole(times), "start stop")});
  b.index(cpu_only("print_summary"), points, {});
  b.after(elapsed);

  program::Program& p = b.program();
  p.traced = true;
  p.warmup = prune;
  p.iterations = loops;
  const double flops = s.wires() * (steps * kSolverFlops + 4) + s.nodes() * 4;
  p.metric = {"GFLOPS", "GFLOP/s", true, static_cast<double>(s.superpieces()) * flops / 1e9};
  return std::move(p);
}

}  // namespace mapwright::apps
