#include "policy/policy.h"

#include <algorithm>
#include <vector>

#include "base/bug.h"
#include "machine/factor.h"

namespace mapwright::policy {
namespace {

using lang::Domain;
using lang::Point;
using lang::Slot;

// First coordinate fastest, as Legion linearises points for its cyclic sharding.
std::int64_t linearised(const Domain& domain, const Point& p) {
  std::int64_t n = 0;
  for (int d = domain.rank - 1; d >= 0; --d) {
    const auto i = static_cast<std::size_t>(d);
    n = n * domain.extent(d) + p[i] - domain.lo[i];
  }
  return n;
}

Domain bounding_box(int rank, const std::vector<Point>& points) {
  Domain box;
  box.rank = rank;
  box.lo = box.hi = points.front();
  for (const Point& p : points) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(rank); ++i) {
      box.lo[i] = std::min(box.lo[i], p[i]);
      box.hi[i] = std::max(box.hi[i], p[i]);
    }
  }
  return box;
}

// The block of a box cut into `blocks` per side that holds a point: block b of a side covers
// [extent*b/blocks, extent*(b+1)/blocks).
std::int64_t block_of(const Domain& box, const machine::Extents& blocks, const Point& p) {
  std::int64_t block = 0;
  for (int d = box.rank - 1; d >= 0; --d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t offset = p[i] - box.lo[i];
    // The largest b with extent*b/blocks <= offset.
    const std::int64_t b = ((offset + 1) * blocks[i] - 1) / box.extent(d);
    block = block * blocks[i] + b;
  }
  return block;
}

}  // namespace

lang::PlacementPtr default_index_placement(const Domain& domain, machine::ProcessorKind kind,
                                           const machine::Grid& grid) {
  const auto size = domain.size(lang::Placer::kMaxPoints);
  base::expects(size.has_value(), "the domain is not too large");
  base::expects(grid.count(kind) > 0, "there is a processor of the kind");
  std::vector<Slot> slots(static_cast<std::size_t>(*size));
  if (*size == 0) return std::make_shared<lang::Placement>(domain, kind, std::move(slots));

  std::vector<std::vector<Point>> points_of(static_cast<std::size_t>(std::min(grid.nodes, *size)));
  Point p = domain.lo;
  do {
    points_of[static_cast<std::size_t>(linearised(domain, p) % grid.nodes)].push_back(p);
  } while (domain.next(&p));

  for (std::size_t node = 0; node < points_of.size(); ++node) {
    const std::vector<Point>& points = points_of[node];
    const Domain box = bounding_box(domain.rank, points);
    std::vector<std::int64_t> sides;
    sides.reserve(static_cast<std::size_t>(box.rank));
    for (int d = 0; d < box.rank; ++d) sides.push_back(box.extent(d));
    const machine::Extents blocks = machine::greedy_factors(grid.count(kind), sides);
    std::vector<std::int64_t> block_at(points.size());
    std::ranges::transform(points, block_at.begin(),
                           [&](const Point& q) { return block_of(box, blocks, q); });
    std::vector<std::int64_t> used = block_at;
    std::ranges::sort(used);
    const auto repeated = std::ranges::unique(used);
    used.erase(repeated.begin(), repeated.end());
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto nth = std::ranges::lower_bound(used, block_at[i]) - used.begin();
      slots[static_cast<std::size_t>(domain.position(points[i]))] = {static_cast<std::uint32_t>(node),
                                                                     static_cast<std::uint32_t>(nth)};
    }
  }
  return std::make_shared<lang::Placement>(domain, kind, std::move(slots));
}

lang::PlacementPtr default_single_placement(machine::Processor parent, machine::ProcessorKind kind) {
  const std::int64_t one = 1;
  return std::make_shared<lang::Placement>(lang::make_domain({&one, 1}), kind,
                                           std::vector<Slot>{{static_cast<std::uint32_t>(parent.node), 0}});
}

}  // namespace mapwright::policy
