#include "rank/geometry.h"

#include <algorithm>

#include "base/bug.h"

namespace mapwright::rank {
namespace {

// Arrays begin on pairs of cache lines, as devices want the memory that they share with the host.
constexpr std::int64_t kLine = 128;
constexpr std::int64_t kWidest = 8;

std::int64_t up(std::int64_t value, std::int64_t to) {
  return (value + to - 1) / to * to;
}

// What a field of so many bytes is aligned to by itself.
std::int64_t natural(std::int64_t bytes) {
  std::int64_t power = 1;
  while (power < kWidest && bytes % (2 * power) == 0) power *= 2;
  return power;
}

}  // namespace

Geometry::Geometry(const program::Program& program, const plan::Instance& instance)
    : alignment_(std::max(kLine, instance.layout.align)) {
  const program::Region& region = program.regions[instance.region];
  const program::Partition& partition = program.partitions[instance.partition];
  const std::uint32_t first = partition.begins[instance.piece];
  base::expects(partition.begins[instance.piece + 1] - first == 1, "instances are of one box");
  fields_.resize(region.fields.size());
  const program::Box& box = partition.boxes[first];
  instance.layout.interleaved ? interleave(region, instance, box) : separate(region, instance, box);
}

void Geometry::separate(const program::Region& region, const plan::Instance& instance,
                        const program::Box& box) {
  const std::int64_t elements = *box.size(program::kMaxElements);
  for (std::size_t f = 0; f < region.fields.size(); ++f) {
    if ((instance.fields >> f & 1) == 0) continue;
    const std::int64_t begin = up(bytes_, alignment_);
    place(f, begin, region.fields[f].bytes, region.fields[f].bytes, box, instance.layout.order);
    bytes_ = begin + elements * region.fields[f].bytes;
  }
}

void Geometry::interleave(const program::Region& region, const plan::Instance& instance,
                          const program::Box& box) {
  std::vector<std::size_t> order;
  for (std::size_t f = 0; f < region.fields.size(); ++f) {
    if ((instance.fields >> f & 1) != 0) order.push_back(f);
  }
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t f) { return natural(region.fields[f].bytes); });
  std::int64_t element = 0;
  std::vector<std::int64_t> begins;
  for (const std::size_t f : order) {
    begins.push_back(element);
    element += region.fields[f].bytes;
  }
  if (!order.empty()) element = up(element, natural(region.fields[order.front()].bytes));
  for (std::size_t i = 0; i < order.size(); ++i)
    place(order[i], begins[i], region.fields[order[i]].bytes, element, box, instance.layout.order);
  bytes_ = element * *box.size(program::kMaxElements);
}

void Geometry::place(std::size_t field, std::int64_t begin, std::int64_t element, std::int64_t step,
                     const program::Box& box, program::Order order) {
  FieldPlace& p = fields_[field];
  p.bytes = element;
  p.offset = begin;
  p.strides = program::strides_of(box, step, order);
  for (std::size_t d = 0; d < p.strides.size(); ++d) p.offset -= box.lo[d] * p.strides[d];
}

}  // namespace mapwright::rank
