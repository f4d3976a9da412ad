// Solomonik's 2.5-D algorithm: c layers of GPUs, each of rpoc x rpoc, multiply one part of the inner
// dimension each, in rpoc steps; partial sums are reduced into the tiles of A. Structure from the generated
// program and its run scripts.
#include <algorithm>

#include "apps/gemm.h"
#include "machine/factor.h"

namespace mapwright::apps {
namespace {

using machine::ProcessorKind;
using program::Privilege;

constexpr Parameter kParameters[] = {
    kSideOfMatrices,
    {"rpoc", "rows and columns of a layer of GPUs, and steps of each", 1, 4096},
    {"c", "layers of GPUs", 1, 4096},
    kProducts,
};

struct Grid {
  std::int64_t rpoc = 0;
  std::int64_t c = 0;
};

std::int64_t root(std::int64_t n) {
  const Factors f = squarest(n);
  return f.larger == f.smaller ? f.larger : 0;
}

// The fewest layers that leave a square, as the table of the run scripts has it (4: 2x2x1, 8: 2x2x2, 16:
// 4x4x1, 32: 4x4x2, ...). More layers than the side of a layer are no 2.5-D algorithm (Solomonik and Demmel,
// Euro-Par 2011: c is at most the cube root of the processors). c = 0: there is none.
Grid grid_for(std::int64_t gpus) {
  for (std::int64_t c = 1; c * c * c <= gpus; ++c) {
    if (gpus % c != 0) continue;
    if (const std::int64_t rpoc = root(gpus / c); rpoc != 0) return {rpoc, c};
  }
  return {};
}

std::int64_t nearest_nodes(std::int64_t nodes, std::int64_t gpus_per_node) {
  for (std::int64_t away = 1;; ++away) {
    if (nodes > away && grid_for((nodes - away) * gpus_per_node).c != 0) return nodes - away;
    if (grid_for((nodes + away) * gpus_per_node).c != 0) return nodes + away;
  }
}

Grid grid(Setup& setup) {
  const std::int64_t gpus = setup.gpus();
  const bool has_rpoc = setup.stated("rpoc");
  const bool has_c = setup.stated("c");
  Grid usual;
  if (!has_rpoc && !has_c) {
    usual = grid_for(gpus);
    if (usual.c == 0) {
      const std::int64_t nodes = nearest_nodes(setup.nodes(), setup.gpus_per_node());
      setup.report(problem_of(problem::no_grid,
                              fmt::format("solomonik has no grid for {} nodes with {} GPUs each",
                                          setup.nodes(), setup.gpus_per_node()),
                              fmt::format("it takes c layers of rpoc x rpoc GPUs, c at most rpoc: the "
                                          "nearest number of nodes that has such "
                                          "a grid is {}",
                                          nodes)));
      return {};
    }
  } else if (has_rpoc != has_c) {
    if (has_rpoc) {
      const std::int64_t layer = setup.value("rpoc", 0) * setup.value("rpoc", 0);
      if (gpus % layer == 0) usual.c = gpus / layer;
    } else if (const std::int64_t c = setup.value("c", 0); gpus % c == 0) {
      usual.rpoc = root(gpus / c);
    }
    if (usual.c == 0 && usual.rpoc == 0) {
      setup.report(problem_of(problem::misfit,
                              fmt::format("no grid with {} = {} has {} GPUs", has_rpoc ? "rpoc" : "c",
                                          setup.value(has_rpoc ? "rpoc" : "c", 0), gpus),
                              "c * rpoc * rpoc is the number of GPUs, unless both are stated"));
      return {};
    }
  }
  const Grid g = {setup.value("rpoc", usual.rpoc), setup.value("c", usual.c)};
  const auto side = static_cast<double>(g.rpoc);
  setup.at_most(Gemm::kMostLaunches, side * side * side * static_cast<double>(g.c), "launches");
  return g;
}

// The most points of the grid on one GPU under the expert mapper, which splits the grid over the nodes in
// blocks and in turn over the GPUs of a node: one, where both splits divide its sides.
std::int64_t most_points(const Grid& g, std::int64_t nodes, std::int64_t gpus) {
  const std::array<std::int64_t, 3> sides = {g.rpoc, g.rpoc, g.c};
  const machine::Extents over_nodes = machine::cheapest_factors(nodes, sides);
  std::array<std::int64_t, 3> rest{};
  for (std::size_t d = 0; d < 3; ++d) rest[d] = std::max<std::int64_t>(1, sides[d] / over_nodes[d]);
  const machine::Extents over_gpus = machine::cheapest_factors(gpus, rest);
  std::int64_t most = 1;
  for (std::size_t d = 0; d < 3; ++d) {
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> count;
    std::int64_t most_here = 0;
    for (std::int64_t i = 0; i < sides[d]; ++i)
      most_here = std::max(most_here, ++count[{i * over_nodes[d] / sides[d], i % over_gpus[d]}]);
    most *= most_here;
  }
  return most;
}

// A GPU's tiles of A, B and C, the partial sums of two products - one is folded while the next runs (mapping
// logs: two) - and the operands of two.
Footprint footprint(const Grid& g, std::int64_t points, std::int64_t n) {
  const auto tile = static_cast<double>(block_length(n, g.rpoc));
  const auto step = static_cast<double>(block_length(n, g.c * g.rpoc));
  const auto sums = std::min<std::int64_t>(points * g.rpoc, 2);
  return {8 * (static_cast<double>(3 + sums) * tile * tile + 4 * tile * step), 0};
}

}  // namespace

constinit const App kSolomonik = {
    "solomonik", "matrix product by Solomonik's 2.5-D algorithm: layers of GPUs share the inner dimension",
    kParameters};

program::Program solomonik(Setup& setup) {
  const Grid g = grid(setup);
  if (!setup.problems().empty()) return {};
  const std::int64_t points_of_gpu = most_points(g, setup.nodes(), setup.gpus_per_node());
  const std::int64_t n =
      side_of_matrices(setup, [&](std::int64_t side) { return footprint(g, points_of_gpu, side); });
  const std::int64_t iterations = setup.value("iterations", setup.paper() ? 10 : 2);
  if (!setup.problems().empty()) return {};

  Gemm m(setup, n);
  Builder& b = m.builder();
  const std::int64_t all_steps = g.c * g.rpoc;
  const Ranges tiles = blocks(n, g.rpoc);
  const Ranges layers = blocks(n, g.c);
  const Ranges steps = blocks(layers, g.rpoc);
  const program::PartitionId a_tiles = m.partition(Matrix::a, tiles, tiles);

  const lang::Domain placement = domain({g.rpoc, g.rpoc, 1});
  m.init_cublas(setup.gpus());
  for (const Matrix x : kMatrices) m.place(x, placement, Privilege::write, m.partition(x, tiles, tiles));

  const program::TaskId task_5 = m.inner("task_5", ProcessorKind::gpu);
  const program::TaskId task_4 = m.product();
  const Use sum = m.use(a_tiles, Privilege::reduce);
  const Use b5 = m.use(m.partition(Matrix::b, tiles, layers), Privilege::read);
  const Use c5 = m.use(m.partition(Matrix::c, layers, tiles), Privilege::read);
  const Use b4 = m.read_b(m.partition(Matrix::b, tiles, steps), tiles.front().size());
  const Use c4 = m.read_c(m.partition(Matrix::c, steps, tiles), tiles.front().size());

  struct Point {
    std::int64_t x, y, z;
  };
  std::vector<Point> points;
  std::vector<std::uint32_t> a_pieces;
  std::vector<std::uint32_t> b_pieces;
  std::vector<std::uint32_t> c_pieces;
  for (std::int64_t x = 0; x < g.rpoc; ++x) {
    for (std::int64_t y = 0; y < g.rpoc; ++y) {
      for (std::int64_t z = 0; z < g.c; ++z) {
        points.push_back({x, y, z});
        a_pieces.push_back(static_cast<std::uint32_t>(x * g.rpoc + y));
        b_pieces.push_back(static_cast<std::uint32_t>(x * g.c + z));
        c_pieces.push_back(static_cast<std::uint32_t>(z * g.rpoc + y));
      }
    }
  }

  b.begin_loop();
  const program::LaunchId top =
      b.index(task_5, domain({g.rpoc, g.rpoc, g.c}),
              {sum.at(std::move(a_pieces)), b5.at(std::move(b_pieces)), c5.at(std::move(c_pieces))});
  const auto size = [](const Ranges& of, std::int64_t at) {
    return static_cast<double>(of[static_cast<std::size_t>(at)].size());
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto [x, y, z] = points[i];
    for (std::int64_t s = 0; s < g.rpoc; ++s) {
      const std::int64_t k = z * g.rpoc + (x + y + s) % g.rpoc;
      b.single(task_4, {sum.at(x * g.rpoc + y), b4.at(x * all_steps + k), c4.at(k * g.rpoc + y)},
               each(2 * size(tiles, x) * size(steps, k) * size(tiles, y)));
      b.below(top, static_cast<std::int64_t>(i));
    }
  }
  // The timed product ends when its sums are folded into the tiles: reading them in their places makes sure
  // of it.
  m.place(Matrix::a, placement, Privilege::read, a_tiles);
  b.end_loop();
  return m.finish(iterations, 1);
}

}  // namespace mapwright::apps
