// Cannon, SUMMA and PUMMA: products of matrices in tiles, two-dimensional grids of nodes and of the GPUs of a
// node. They differ in which block of the inner dimension a step multiplies. The tree of tasks and its loops
// from the generated programs; a task that only launches others has its variant where DISTAL registers it.
#include <algorithm>
#include <utility>

#include "apps/gemm.h"

namespace mapwright::apps {
namespace {

using machine::ProcessorKind;
using program::Privilege;

constexpr std::int64_t kManyNodes = 1 << 20;
constexpr Parameter kParameters[] = {
    kSideOfMatrices,
    {"gx", "nodes along the rows of A; with gy, all nodes", 1, kManyNodes},
    {"gy", "nodes along the columns of A", 1, kManyNodes},
    kProducts,
};

// What staggers the blocks of the inner dimension: nothing, the row of the node, or the diagonals of both
// grids.
enum class Stagger : std::uint8_t { none, rows, diagonals };

struct Grid {
  std::int64_t gx, gy;  // nodes
  std::int64_t px, py;  // GPUs of a node

  std::int64_t width() const { return px * gx; }
  std::int64_t height() const { return py * gy; }
};

// The tile of A that a GPU owns, and the blocks of B and C of one product.
Footprint footprint(const Grid& g, std::int64_t n) {
  const auto x = static_cast<double>(block_length(n, g.width()));
  const auto y = static_cast<double>(block_length(n, g.height()));
  return {8 * (3 * x * y + x * x + x * y), 0};
}

Grid grid(Setup& setup, bool wide) {
  const Factors in_node = squarest(setup.gpus_per_node());
  const std::int64_t nodes = setup.nodes();
  const Factors between = squarest(nodes);
  std::int64_t gx = wide ? between.larger : between.smaller;
  std::int64_t gy = wide ? between.smaller : between.larger;
  for (const auto& [one, other, usual] : {std::tuple{"gx", "gy", &gy}, std::tuple{"gy", "gx", &gx}}) {
    if (!setup.stated(one) || setup.stated(other)) continue;
    const std::int64_t stated = setup.value(one, 1);
    *usual = std::max<std::int64_t>(1, nodes / stated);
    if (nodes % stated != 0)
      setup.report(problem_of(problem::misfit,
                              fmt::format("{} = {} does not divide {} nodes", one, stated, nodes),
                              fmt::format("gx * gy is the number of nodes, unless both are stated")));
  }
  const Grid g = {setup.value("gx", gx), setup.value("gy", gy), in_node.smaller, in_node.larger};
  const double steps = static_cast<double>(g.gx) * static_cast<double>(g.gy) * static_cast<double>(g.gx);
  const auto gpus = static_cast<double>(setup.gpus_per_node());
  setup.at_most(Gemm::kMostLaunches, steps * (2 + gpus * static_cast<double>(g.px)), "launches");
  return g;
}

program::Program product(Setup& setup, bool wide, Stagger stagger) {
  const Grid g = grid(setup, wide);
  if (!setup.problems().empty()) return {};
  const std::int64_t n = side_of_matrices(setup, [&](std::int64_t side) { return footprint(g, side); });
  const std::int64_t iterations = setup.value("iterations", setup.paper() ? 10 : 2);
  if (!setup.problems().empty()) return {};

  Gemm m(setup, n);
  Builder& b = m.builder();
  // Of rows and inner dimension, and of columns: for GPUs and for nodes.
  const Ranges rows = blocks(n, g.width());
  const Ranges columns = blocks(n, g.height());
  const Ranges node_rows = joined(rows, g.px);
  const Ranges node_columns = joined(columns, g.py);
  const Ranges all = {{0, n}};

  const lang::Domain tiles = domain({g.width(), g.height()});
  m.init_cublas(setup.gpus());
  for (const Matrix x : kMatrices)
    m.pass("taco_fill", tiles, Privilege::write, m.partition(x, rows, columns));
  for (const Matrix x : kMatrices) m.place(x, tiles, Privilege::read, m.partition(x, rows, columns));

  const program::TaskId task_7 = m.inner("task_7", ProcessorKind::omp);
  const program::TaskId task_6 = m.inner("task_6", ProcessorKind::omp);
  const program::TaskId task_5 = m.inner("task_5", ProcessorKind::gpu);
  const program::TaskId task_4 = m.product();
  const Use a7 = m.use(m.partition(Matrix::a, node_rows, node_columns), Privilege::read_write);
  const Use b7 = m.use(m.partition(Matrix::b, node_rows, all), Privilege::read);
  const Use c7 = m.use(m.partition(Matrix::c, all, node_columns), Privilege::read);
  const Use b6 = m.use(m.partition(Matrix::b, node_rows, node_rows), Privilege::read);
  const Use c6 = m.use(m.partition(Matrix::c, node_rows, node_columns), Privilege::read);
  const Use a5 = m.use(m.partition(Matrix::a, rows, columns), Privilege::read_write);
  const Use b5 = m.use(m.partition(Matrix::b, rows, node_rows), Privilege::read);
  const Use c5 = m.use(m.partition(Matrix::c, node_rows, columns), Privilege::read);
  const Use b4 = m.read_b(m.partition(Matrix::b, rows, rows), columns.front().size());
  const Use c4 = m.read_c(m.partition(Matrix::c, rows, columns), rows.front().size());

  // One step on one node: all of its GPUs, px products on each.
  const auto step_on_node = [&](std::int64_t i, std::int64_t j, std::int64_t kk) {
    std::vector<std::uint32_t> a;
    std::vector<std::uint32_t> b_rows;
    std::vector<std::uint32_t> c_columns;
    for (std::int64_t x = i * g.px; x < (i + 1) * g.px; ++x) {
      for (std::int64_t y = j * g.py; y < (j + 1) * g.py; ++y) {
        a.push_back(static_cast<std::uint32_t>(x * g.height() + y));
        b_rows.push_back(static_cast<std::uint32_t>(x * g.gx + kk));
        c_columns.push_back(static_cast<std::uint32_t>(kk * g.height() + y));
      }
    }
    const program::LaunchId on_gpus =
        b.index(task_5, domain({g.px, g.py}),
                {a5.at(std::move(a)), b5.at(std::move(b_rows)), c5.at(std::move(c_columns))});
    const program::LaunchId on_node = on_gpus - 1;
    b.below(on_node, 0);
    for (std::int64_t gpu = 0; gpu < g.px * g.py; ++gpu) {
      const std::int64_t x = i * g.px + gpu / g.py;
      const std::int64_t y = j * g.py + gpu % g.py;
      for (std::int64_t ki = 0; ki < g.px; ++ki) {
        const std::int64_t ks = stagger == Stagger::diagonals ? (gpu / g.py + gpu % g.py + ki) % g.px : ki;
        const std::int64_t k = g.px * kk + ks;
        const auto size = [](const Ranges& of, std::int64_t at) {
          return static_cast<double>(of[static_cast<std::size_t>(at)].size());
        };
        b.single(task_4, {a5.at(x * g.height() + y), b4.at(x * g.width() + k), c4.at(k * g.height() + y)},
                 each(2 * size(rows, x) * size(rows, k) * size(columns, y)));
        b.below(on_gpus, gpu);
      }
    }
  };

  b.begin_loop();
  std::vector<std::uint32_t> row_of;
  std::vector<std::uint32_t> column_of;
  for (std::int64_t node = 0; node < g.gx * g.gy; ++node) {
    row_of.push_back(static_cast<std::uint32_t>(node / g.gy));
    column_of.push_back(static_cast<std::uint32_t>(node % g.gy));
  }
  const program::LaunchId top = b.index(task_7, domain({g.gx, g.gy}), {a7, b7.at(row_of), c7.at(column_of)});
  for (std::int64_t node = 0; node < g.gx * g.gy; ++node) {
    const std::int64_t i = node / g.gy;
    const std::int64_t j = node % g.gy;
    for (std::int64_t step = 0; step < g.gx; ++step) {
      const std::int64_t kk = stagger == Stagger::none   ? step
                              : stagger == Stagger::rows ? (i + step) % g.gx
                                                         : (i + j + step) % g.gx;
      b.single(task_6, {a7.at(node), b6.at(i * g.gx + kk), c6.at(kk * g.gy + j)});
      b.below(top, node);
      step_on_node(i, j, kk);
    }
  }
  b.end_loop();
  m.pass("taco_validate", tiles, Privilege::read, m.partition(Matrix::a, rows, columns));
  return m.finish(iterations, 0);
}

}  // namespace

constinit const App kCannon = {
    "cannon", "matrix product by Cannon's algorithm: blocks shift around a torus of GPUs", kParameters};
constinit const App kSumma = {
    "summa", "matrix product by SUMMA: each step broadcasts a block column and a block row", kParameters};
constinit const App kPumma = {
    "pumma", "matrix product by PUMMA: broadcasts along one dimension, staggers the other", kParameters};

// Wide grids have at least as many rows as columns. Cannon's is the transpose of the others', as in the runs
// on Lassen.
program::Program cannon(Setup& setup) {
  return product(setup, true, Stagger::diagonals);
}
program::Program summa(Setup& setup) {
  return product(setup, false, Stagger::none);
}
program::Program pumma(Setup& setup) {
  return product(setup, false, Stagger::rows);
}

}  // namespace mapwright::apps
