// Stencil: a star of radius 2 on a grid of doubles, cut into tiles with their own halos. Partitions and their
// bounds from the program's source (Regent, the PRK stencil) and its run scripts.
#include "apps/stencil.h"

#include <algorithm>
#include <array>

#include "apps/models.h"

namespace mapwright::apps {
namespace {

using machine::ProcessorKind;

constexpr std::int64_t kWide = std::int64_t{1} << 25;
constexpr std::int64_t kManyTiles = std::int64_t{1} << 20;
constexpr std::int64_t kManyIterations = 1'000'000;

constexpr Parameter kParameters[] = {
    {"nx", "points along x, with a border of 2 on either side", 5, kWide},
    {"ny", "points along y", 5, kWide},
    {"ntx", "tiles along x; with nty, one for each GPU", 1, kManyTiles},
    {"nty", "tiles along y", 1, kManyTiles},
    {"tsteps", "timed steps", 1, kManyIterations},
    {"tprune", "steps before the timed ones", 0, kManyIterations},
    {"init", "what all points begin with", 0, kManyIterations},
    {"foreign",
     "1: the published kernels, which abort on other strides than theirs; 0: kernels that slow down", 0, 1},
};

constexpr std::int64_t kPublishedTile = 15'000;
constexpr std::int64_t kTestTile = 128;
constexpr FieldSpec kPoint[] = {{"input", 8}, {"output", 8}};
constexpr FieldSpec kTime[] = {{"start", 8}, {"stop", 8}};
// The input once, the output twice.
constexpr double kStreamed = 24;
// Eight neighbours, a multiplication and an addition each.
constexpr double kFlops = 16;

// One end of a range inwards by the radius, or not.
Range shrunk(Range r, bool low, bool high) {
  return {r.begin + (low ? kStencilRadius : 0), r.end - (high ? kStencilRadius : 0)};
}

// Two fields of the largest tile; its halos, each also as its neighbour's; and set-up leaves all tiles of a
// node.
Footprint footprint(const Setup& setup, std::int64_t edge) {
  const auto side = static_cast<double>(edge + 2 * kStencilRadius);
  const double tile = 16 * side * side + 64.0 * kStencilRadius * side;
  return {tile, tile * static_cast<double>(setup.gpus_per_node())};
}

StencilSizes sizes(Setup& setup) {
  const Factors in_node = squarest(setup.gpus_per_node());
  const Factors between = squarest(setup.nodes());
  std::int64_t ntx = in_node.larger * between.larger;
  std::int64_t nty = in_node.smaller * between.smaller;
  for (const auto& [one, other, usual] : {std::tuple{"ntx", "nty", &nty}, std::tuple{"nty", "ntx", &ntx}}) {
    if (!setup.stated(one) || setup.stated(other)) continue;
    const std::int64_t stated = setup.value(one, 1);
    *usual = std::max<std::int64_t>(1, setup.gpus() / stated);
    if (setup.gpus() % stated != 0)
      setup.report(problem_of(problem::misfit,
                              fmt::format("{} = {} does not divide {} GPUs", one, stated, setup.gpus()),
                              "ntx * nty is the number of GPUs, unless both are stated"));
  }
  StencilSizes s{};
  s.ntx = setup.value("ntx", ntx);
  s.nty = setup.value("nty", nty);
  setup.at_most(kManyTiles, static_cast<double>(s.ntx) * static_cast<double>(s.nty), "tiles");
  if (!setup.problems().empty()) return s;
  std::int64_t edge = setup.paper() ? kPublishedTile : kTestTile;
  if (setup.paper() && !setup.stated("nx") && !setup.stated("ny"))
    edge =
        setup.fitting("the edge of a tile", edge, 8, 8, [&](std::int64_t e) { return footprint(setup, e); });
  s.nx = setup.value("nx", edge * s.ntx);
  s.ny = setup.value("ny", edge * s.nty);
  for (const auto& [extent, tiles, name] : {std::tuple{s.nx, s.ntx, 'x'}, std::tuple{s.ny, s.nty, 'y'}}) {
    if (extent - 2 * kStencilRadius < tiles)
      setup.report(problem_of(
          problem::misfit, fmt::format("n{} = {} leaves no points for {} tiles", name, extent, tiles),
          fmt::format("every tile has a point inside the border, so n{0} is at least nt{0} + {1}", name,
                      2 * kStencilRadius)));
  }
  setup.at_most(program::kMaxElements, static_cast<double>(s.stored_x()) * static_cast<double>(s.stored_y()),
                "points");
  return s;
}

struct Partitions {
  program::PartitionId tiles, interior, exterior, times, all_times;
  std::vector<program::PartitionId> in, out;  // halos: from the left, from the right, from below, from above
};

// Halos live in regions of their own: `xm` holds what tiles pass on to their right neighbours, which read it
// at their own low side, and so on. A slot is as long as a tile is inside its halos.
Partitions partitions(Builder* b, const StencilSizes& s) {
  const program::RegionId points =
      b->region("points", rectangle({0, s.stored_x()}, {0, s.stored_y()}), kPoint);
  const program::RegionId times = b->region("times", interval(0, s.tiles()), kTime);
  const program::Box along_x = rectangle({0, kStencilRadius * s.ntx}, {0, s.inner_y()});
  const program::Box along_y = rectangle({0, s.inner_x()}, {0, kStencilRadius * s.nty});
  Partitions p{};
  p.tiles = b->partition("private", points);
  p.interior = b->partition("interior", points);
  p.exterior = b->partition("exterior", points);
  p.times = b->partition("p_times", times);
  p.all_times = b->whole(times);
  for (const auto& [name, box] :
       {std::pair{"xm", along_x}, {"xp", along_x}, {"ym", along_y}, {"yp", along_y}}) {
    const program::RegionId halos = b->region(name, box, kPoint);
    p.out.push_back(b->partition(fmt::format("p{}_out", name), halos));
    p.in.push_back(b->partition(fmt::format("p{}_in", name), halos, false));
  }
  const auto slot = [&](std::size_t side, std::int64_t ix, std::int64_t iy) {
    const bool exists = ix >= 0 && ix < s.ntx && iy >= 0 && iy < s.nty;
    if (!exists) return rectangle({0, 0}, {0, 0});
    if (side < 2)
      return rectangle({ix * kStencilRadius, (ix + 1) * kStencilRadius}, part(s.inner_y(), iy, s.nty));
    return rectangle(part(s.inner_x(), ix, s.ntx), {iy * kStencilRadius, (iy + 1) * kStencilRadius});
  };
  constexpr std::array<std::array<std::int64_t, 2>, 4> kFrom = {{{-1, 0}, {1, 0}, {0, -1}, {0, 1}}};
  for (std::int64_t iy = 0; iy < s.nty; ++iy) {
    for (std::int64_t ix = 0; ix < s.ntx; ++ix) {
      const Range x = part(s.stored_x(), ix, s.ntx);
      const Range y = part(s.stored_y(), iy, s.nty);
      b->piece(p.tiles, rectangle(x, y));
      b->piece(p.interior, rectangle(shrunk(x, true, true), shrunk(y, true, true)));
      b->piece(p.exterior, rectangle(shrunk(x, ix > 0, ix < s.ntx - 1), shrunk(y, iy > 0, iy < s.nty - 1)));
      b->piece(p.times, interval(iy * s.ntx + ix, iy * s.ntx + ix + 1));
      for (std::size_t side = 0; side < kFrom.size(); ++side) {
        b->piece(p.out[side], slot(side, ix, iy));
        b->piece(p.in[side], slot(side, ix + kFrom[side][0], iy + kFrom[side][1]));
      }
    }
  }
  return p;
}

// Elements of each piece, times something.
program::PerPoint work(const program::Partition& pieces, double for_each) {
  program::PerPoint flops;
  for (const program::Box& box : pieces.boxes)
    flops.values.push_back(for_each * static_cast<double>(box.extent(0)) *
                           static_cast<double>(box.extent(1)));
  return flops;
}

}  // namespace

constinit const App kStencil = {"stencil", "a star-shaped stencil of radius 2 on a plane of tiles",
                                kParameters};

program::Program stencil(Setup& setup) {
  const StencilSizes s = sizes(setup);
  const std::int64_t steps = setup.value("tsteps", setup.paper() ? 50 : 5);
  const std::int64_t prune = setup.value("tprune", setup.paper() ? 30 : 2);
  setup.value("init", 1000);
  const bool foreign = setup.value("foreign", 1) != 0;
  if (!setup.problems().empty()) return {};

  Builder b(kStencil.name, kStencil.what);
  const Partitions p = partitions(&b, s);
  const auto cpu_only = [&](const char* name) { return b.task(name, on({ProcessorKind::cpu})); };
  // Kernels walk along x, the first dimension.
  const auto kernel = [&](const char* name) {
    std::vector<program::Variant> variants = on({ProcessorKind::gpu, ProcessorKind::cpu});
    for (program::Variant& v : variants) {
      v.order = program::Order::f_order;
      if (foreign) v.layout_failure = "stride does not match expected value";
    }
    return b.task(name, std::move(variants));
  };
  const lang::Domain tiles = domain({s.tiles()});

  std::vector<Use> uses = {b.writes(p.tiles, "input output"), b.writes(p.times, "start stop")};
  for (const program::PartitionId halo : p.out) uses.push_back(b.writes(halo, "input"));
  b.index(cpu_only("fill"), tiles, uses);

  b.begin_loop();
  uses = {b.updates(p.tiles, "input output").streams(kStreamed), b.names(p.interior)};
  for (const program::PartitionId halo : p.in) uses.push_back(b.reads(halo, "input"));
  uses.push_back(b.updates(p.times, "start stop"));
  b.index(kernel("stencil"), tiles, uses, work(b.program().partitions[p.interior], kFlops));
  uses = {b.updates(p.tiles, "input"), b.names(p.exterior)};
  for (const program::PartitionId halo : p.out) uses.push_back(b.updates(halo, "input"));
  uses.push_back(b.updates(p.times, "start stop"));
  b.index(kernel("increment"), tiles, uses, work(b.program().partitions[p.exterior], 1));
  b.end_loop();

  b.index(cpu_only("check"), tiles, {b.reads(p.tiles, "input output"), b.names(p.interior)});
  const program::LaunchId elapsed = b.single(cpu_only("get_elapsed"), {b.reads(p.all_times, "start stop")});
  b.index(cpu_only("print_time"), tiles, {});
  b.after(elapsed);

  program::Program& program = b.program();
  program.traced = true;
  program.warmup = prune;
  program.iterations = steps;
  program.metric = {"elapsed time", "s", false, static_cast<double>(steps)};
  return std::move(program);
}

}  // namespace mapwright::apps
