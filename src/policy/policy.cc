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

std::int64_t checked_size(const Domain& domain, machine::ProcessorKind kind, const machine::Grid& grid) {
  const auto size = domain.size(lang::Placer::kMaxPoints);
  base::expects(size.has_value(), "the domain is not too large");
  base::expects(grid.count(kind) > 0, "there is a processor of the kind");
  return *size;
}

// The points of one node: their bounding box in blocks, one for each processor.
void cut_within(const Domain& domain, const std::vector<Point>& points, std::int64_t processors,
                std::int64_t node, std::vector<Slot>* slots) {
  if (points.empty()) return;
  const Domain box = bounding_box(domain.rank, points);
  std::vector<std::int64_t> sides;
  sides.reserve(static_cast<std::size_t>(box.rank));
  for (int d = 0; d < box.rank; ++d) sides.push_back(box.extent(d));
  const machine::Extents blocks = machine::greedy_factors(processors, sides);
  std::vector<std::int64_t> block_at(points.size());
  std::ranges::transform(points, block_at.begin(), [&](const Point& q) { return block_of(box, blocks, q); });
  std::vector<std::int64_t> used = block_at;
  std::ranges::sort(used);
  const auto repeated = std::ranges::unique(used);
  used.erase(repeated.begin(), repeated.end());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto nth = std::ranges::lower_bound(used, block_at[i]) - used.begin();
    (*slots)[static_cast<std::size_t>(domain.position(points[i]))] = {static_cast<std::uint32_t>(node),
                                                                      static_cast<std::uint32_t>(nth)};
  }
}

}  // namespace

lang::PlacementPtr default_index_placement(const Domain& domain, machine::ProcessorKind kind,
                                           const machine::Grid& grid) {
  const std::int64_t size = checked_size(domain, kind, grid);
  std::vector<Slot> slots(static_cast<std::size_t>(size));
  std::vector<std::vector<Point>> points_of(static_cast<std::size_t>(std::min(grid.nodes, size)));
  if (size > 0) {
    Point p = domain.lo;
    do {
      points_of[static_cast<std::size_t>(linearised(domain, p) % grid.nodes)].push_back(p);
    } while (domain.next(&p));
  }
  for (std::size_t node = 0; node < points_of.size(); ++node) {
    cut_within(domain, points_of[node], grid.count(kind), static_cast<std::int64_t>(node), &slots);
  }
  return std::make_shared<lang::Placement>(domain, kind, std::move(slots));
}

lang::PlacementPtr default_inner_placement(const Domain& domain, machine::ProcessorKind kind,
                                           const machine::Grid& grid, std::int64_t node) {
  const std::int64_t size = checked_size(domain, kind, grid);
  std::vector<Slot> slots(static_cast<std::size_t>(size));
  if (size > 0) {
    std::vector<Point> points;
    Point p = domain.lo;
    do {
      points.push_back(p);
    } while (domain.next(&p));
    cut_within(domain, points, grid.count(kind), node, &slots);
  }
  return std::make_shared<lang::Placement>(domain, kind, std::move(slots));
}

Memories memories(const lang::CompiledMapper& mapper, std::string_view task, const lang::RegionRef& region,
                  machine::ProcessorKind kind) {
  Memories result;
  if (const auto choice = mapper.memories(task, region, kind)) {
    for (const lang::MemoryRef& m : choice->memories) result.kinds.push_back(m.kind);
    result.where = choice->where;
  } else if (kind == machine::ProcessorKind::gpu) {
    result.kinds = {machine::MemoryKind::fbmem};
  } else {
    result.kinds = {machine::MemoryKind::sockmem, machine::MemoryKind::sysmem};
  }
  return result;
}

Layout layout(const lang::CompiledMapper& mapper, std::string_view task, const lang::RegionRef& region,
              machine::ProcessorKind kind, machine::MemoryKind memory, lang::Layout::Order preferred,
              std::optional<base::Span>* where) {
  Layout result;
  result.order = preferred;
  const lang::Layout* said = mapper.layout(task, region, kind, memory);
  if (said == nullptr) return result;
  result.interleaved = said->arrangement == lang::Layout::Arrangement::aos;
  result.order = said->order.value_or(preferred);
  if (said->align) result.align = said->align->second;
  result.compact = said->compact;
  result.exact = said->exact;
  if (where != nullptr) *where = said->where;
  return result;
}

lang::PlacementPtr default_single_placement(machine::Processor parent, machine::ProcessorKind kind) {
  const std::int64_t one = 1;
  return std::make_shared<lang::Placement>(lang::make_domain({&one, 1}), kind,
                                           std::vector<Slot>{{static_cast<std::uint32_t>(parent.node), 0}});
}

}  // namespace mapwright::policy
