// Johnson's algorithm and COSMA: one product of blocks for each point of a three-dimensional grid, summed
// along its last dimension. They run one rank for each GPU. Structure and grids from the generated programs
// and their run scripts.
#include <algorithm>
#include <utility>

#include "apps/gemm.h"
#include "machine/factor.h"

namespace mapwright::apps {
namespace {

using program::Privilege;

constexpr std::int64_t kWide = 1 << 20;
constexpr Parameter kJohnsonParameters[] = {
    kSideOfMatrices,
    {"gdim", "sides of the cube of products", 1, 256},
    kProducts,
};
constexpr Parameter kCosmaParameters[] = {
    kSideOfMatrices,
    {"gx", "products along the rows of A; with gy and gz, all GPUs", 1, kWide},
    {"gy", "products along the columns of A", 1, kWide},
    {"gz", "products that are summed", 1, kWide},
    kProducts,
};

using Grid = std::array<std::int64_t, 3>;
constexpr Grid kEven = {1, 1, 1};  // weights

// The expert mappers place a tile on the rank x + across * (y + down * z), modulo the ranks.
struct Strides {
  std::int64_t across;
  std::int64_t down;
};

// What the fullest GPU holds under the expert mapper, which computes in blocks: its tiles, a partial sum of
// each of its products, and what it lacks for one of them.
double fullest(const Grid& g, const Strides& strides, std::int64_t ranks, std::int64_t n) {
  const auto tile = [&](std::size_t rows, std::size_t columns) {
    return 8.0 * static_cast<double>(block_length(n, g[rows])) *
           static_cast<double>(block_length(n, g[columns]));
  };
  const double a = tile(0, 1);
  const double b = tile(0, 2);
  const double c = tile(2, 1);
  std::vector<double> held(static_cast<std::size_t>(ranks));
  const auto owner = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
    return static_cast<std::size_t>((x + strides.across * (y + strides.down * z)) % ranks);
  };
  for (std::int64_t x = 0; x < g[0]; ++x) {
    for (std::int64_t y = 0; y < g[1]; ++y) held[owner(x, y, 0)] += a;
    for (std::int64_t z = 0; z < g[2]; ++z) held[owner(x, 0, z)] += b;
  }
  for (std::int64_t y = 0; y < g[1]; ++y) {
    for (std::int64_t z = 0; z < g[2]; ++z) held[owner(0, y, z)] += c;
  }
  std::vector<double> fetched(held.size());
  const machine::Extents split = machine::cheapest_factors(ranks, g);
  for (std::int64_t x = 0; x < g[0]; ++x) {
    for (std::int64_t y = 0; y < g[1]; ++y) {
      for (std::int64_t z = 0; z < g[2]; ++z) {
        const auto rank = static_cast<std::size_t>(
            x * split[0] / g[0] + split[0] * (y * split[1] / g[1] + split[1] * (z * split[2] / g[2])));
        held[rank] += a;
        const double lacks = (owner(x, 0, z) == rank ? 0 : b) + (owner(0, y, z) == rank ? 0 : c);
        fetched[rank] = std::max(fetched[rank], lacks);
      }
    }
  }
  for (std::size_t r = 0; r < held.size(); ++r) held[r] += fetched[r];
  return *std::ranges::max_element(held);
}

program::Program product(Setup& setup, const Grid& g, const Strides& strides) {
  if (!setup.problems().empty()) return {};
  const auto [gx, gy, gz] = g;
  setup.at_most(program::kMaxPoints,
                static_cast<double>(gx) * static_cast<double>(gy) * static_cast<double>(gz),
                "points of tasks");
  if (!setup.problems().empty()) return {};
  // A block has at most (n + the largest side - 1) / side rows, so this is no less than the smaller product
  // takes.
  const std::int64_t published = published_side(setup.nodes());
  const double bytes = setup.paper() ? fullest(g, strides, setup.gpus(), published) : 0;
  const std::int64_t n = side_of_matrices(setup, [&](std::int64_t side) {
    const std::int64_t longest = side == published ? side : side + *std::ranges::max_element(g);
    const double share = static_cast<double>(longest) / static_cast<double>(published);
    return Footprint{bytes * share * share, 0};
  });
  const std::int64_t iterations = setup.value("iterations", setup.paper() ? 10 : 2);
  if (!setup.problems().empty()) return {};

  Gemm m(setup, n);
  Builder& b = m.builder();
  const Ranges xs = blocks(n, gx);
  const Ranges ys = blocks(n, gy);
  const Ranges zs = blocks(n, gz);
  const program::PartitionId a_tiles = m.partition(Matrix::a, xs, ys);
  const program::PartitionId b_tiles = m.partition(Matrix::b, xs, zs);
  const program::PartitionId c_tiles = m.partition(Matrix::c, zs, ys);

  // The domain of C's placement is (1, gy, gz), its tiles are numbered by z first.
  std::vector<std::uint32_t> c_placed;
  for (std::int64_t y = 0; y < gy; ++y) {
    for (std::int64_t z = 0; z < gz; ++z) c_placed.push_back(static_cast<std::uint32_t>(z * gy + y));
  }
  m.init_cublas(setup.gpus());
  m.place(Matrix::a, domain({gx, gy, 1}), Privilege::write, a_tiles);
  m.place(Matrix::b, domain({gx, 1, gz}), Privilege::write, b_tiles);
  m.place(Matrix::c, domain({1, gy, gz}), Privilege::write, c_tiles, std::move(c_placed));

  std::vector<std::uint32_t> a_pieces;
  std::vector<std::uint32_t> b_pieces;
  std::vector<std::uint32_t> c_pieces;
  program::PerPoint flops;
  const auto size = [](const Ranges& of, std::int64_t at) {
    return static_cast<double>(of[static_cast<std::size_t>(at)].size());
  };
  for (std::int64_t x = 0; x < gx; ++x) {
    for (std::int64_t y = 0; y < gy; ++y) {
      for (std::int64_t z = 0; z < gz; ++z) {
        a_pieces.push_back(static_cast<std::uint32_t>(x * gy + y));
        b_pieces.push_back(static_cast<std::uint32_t>(x * gz + z));
        c_pieces.push_back(static_cast<std::uint32_t>(z * gy + y));
        flops.values.push_back(2 * size(xs, x) * size(zs, z) * size(ys, y));
      }
    }
  }
  b.begin_loop();
  b.index(m.product(), domain({gx, gy, gz}),
          {m.use(a_tiles, Privilege::reduce).at(std::move(a_pieces)),
           m.read_b(b_tiles, ys.front().size()).at(std::move(b_pieces)),
           m.read_c(c_tiles, xs.front().size()).at(std::move(c_pieces))},
          std::move(flops));
  // The timed product ends when its sums are folded into the tiles: reading them in their places makes sure
  // of it.
  m.place(Matrix::a, domain({gx, gy, 1}), Privilege::read, a_tiles);
  b.end_loop();
  program::Program p = m.finish(iterations, 1);
  p.ranks_per_node = setup.gpus_per_node();
  return p;
}

// The smallest even number whose cube has a product for each GPU: 2 for up to 8 GPUs, 4 up to 64, 6 up to
// 216, as the table of the run scripts has it (4 and 8: 2, 16 to 64: 4, 128: 6).
std::int64_t cube_side(std::int64_t gpus) {
  std::int64_t side = 2;
  while (side * side * side < gpus) side += 2;
  return side;
}

// Three near-equal factors, ascending, as the table of the run scripts has it (4: 1x2x2, 8: 2x2x2, 16: 2x2x4,
// ...).
Grid box_for(std::int64_t gpus) {
  if (gpus == 2) return {2, 1, 1};
  machine::Extents sides = machine::cheapest_factors(gpus, kEven);
  std::ranges::sort(sides);
  return {sides[0], sides[1], sides[2]};
}

}  // namespace

constinit const App kJohnson = {
    "johnson", "matrix product by Johnson's 3-D algorithm: a cube of products, summed along one side",
    kJohnsonParameters};
constinit const App kCosma = {
    "cosma",
    "matrix product by COSMA: a box of products that suits the number of GPUs, summed along one side",
    kCosmaParameters};

program::Program johnson(Setup& setup) {
  const std::int64_t side = setup.value("gdim", cube_side(setup.gpus()));
  return product(setup, {side, side, side}, {side, side});
}

program::Program cosma(Setup& setup) {
  constexpr std::array kNames = {"gx", "gy", "gz"};
  Grid g{};
  std::int64_t left = setup.gpus();
  std::size_t missing = 0;
  bool whole = true;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (!setup.stated(kNames[i])) {
      ++missing;
      continue;
    }
    g[i] = setup.value(kNames[i], 1);
    whole = whole && left % g[i] == 0;
    left /= g[i];
  }
  if (missing == 3) {
    g = box_for(left);
  } else if (missing > 0) {
    if (!whole)
      setup.report(problem_of(problem::misfit,
                              fmt::format("the sides that are stated do not divide {} GPUs", setup.gpus()),
                              "gx * gy * gz is the number of GPUs, unless all are stated"));
    Factors two = squarest(std::max<std::int64_t>(left, 1));
    if (missing == 1) two = {1, std::max<std::int64_t>(left, 1)};
    for (std::int64_t& side : g) {
      if (side == 0) side = std::exchange(two.smaller, two.larger);
    }
  }
  for (std::size_t i = 0; i < g.size(); ++i) g[i] = setup.value(kNames[i], g[i]);
  // Of its mapper's even split of the ranks, last side first.
  const machine::Extents even = machine::cheapest_factors(setup.gpus(), kEven);
  return product(setup, g, {even[2], even[1]});
}

}  // namespace mapwright::apps
