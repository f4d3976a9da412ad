#include "rank/transfer.h"

#include <algorithm>
#include <cstring>

#include "base/bug.h"

namespace mapwright::rank {
namespace {

using Strides = std::array<std::int64_t, 3>;

template <class T, bool kAdds>
void run(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride,
         std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + i * from_stride, sizeof value);
    if constexpr (kAdds) {
      T sum;
      std::memcpy(&sum, to + i * to_stride, sizeof sum);
      value += sum;
    }
    std::memcpy(to + i * to_stride, &value, sizeof value);
  }
}

// One run along the first dimension.
void row(const Block& b, const std::byte* from, std::int64_t from_stride, std::byte* to,
         std::int64_t to_stride, bool adds) {
  const std::int64_t n = b.extents[0];
  if (adds) {
    return b.bytes == 4 ? run<float, true>(from, from_stride, to, to_stride, n)
                        : run<double, true>(from, from_stride, to, to_stride, n);
  }
  if (from_stride == b.bytes && to_stride == b.bytes) {
    std::memcpy(to, from, static_cast<std::size_t>(n * b.bytes));
    return;
  }
  switch (b.bytes) {
    case 1: return run<std::uint8_t, false>(from, from_stride, to, to_stride, n);
    case 4: return run<std::uint32_t, false>(from, from_stride, to, to_stride, n);
    case 8: return run<std::uint64_t, false>(from, from_stride, to, to_stride, n);
    default: break;
  }
  for (std::int64_t i = 0; i < n; ++i)
    std::memcpy(to + i * to_stride, from + i * from_stride, static_cast<std::size_t>(b.bytes));
}

void block(const Block& b, const std::byte* from, const Strides& from_strides, std::byte* to,
           const Strides& to_strides, bool adds) {
  for (std::int64_t k = 0; k < b.extents[2]; ++k) {
    for (std::int64_t j = 0; j < b.extents[1]; ++j) {
      row(b, from + j * from_strides[1] + k * from_strides[2], from_strides[0],
          to + j * to_strides[1] + k * to_strides[2], to_strides[0], adds);
    }
  }
}

Block block_of(const program::Box& box, const FieldPlace& from, const FieldPlace& to) {
  // Dimensions that the region lacks stay where they are, and have one element.
  const auto rank = static_cast<std::size_t>(box.rank);
  std::array<std::size_t, 3> order = {0, 1, 2};
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    if (a >= rank || b >= rank) return a < rank && b >= rank;
    return from.strides[a] < from.strides[b];
  });
  Block b;
  b.bytes = from.bytes;
  b.from_offset = from.offset;
  b.to_offset = to.offset;
  std::int64_t dense = from.bytes;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t d = order[i];
    b.extents[i] = box.extent(static_cast<int>(d));
    b.from[i] = from.strides[d];
    b.to[i] = to.strides[d];
    b.dense[i] = dense;
    b.from_offset += box.lo[d] * from.strides[d];
    b.to_offset += box.lo[d] * to.strides[d];
    dense *= b.extents[i];
  }
  return b;
}

template <class Visit>
void for_each_field(const plan::Plan& plan, program::RegionId region, std::uint32_t group, Visit&& visit) {
  const program::FieldSet fields = plan.atoms->region(region).groups[group];
  for (std::size_t f = 0; f < plan.program->regions[region].fields.size(); ++f) {
    if ((fields >> f & 1) != 0) visit(f);
  }
}

}  // namespace

Shapes::Shapes(const program::Program& program) {
  for (program::RegionId r = 0; r < program.regions.size(); ++r)
    boxes_.push_back(program::Atoms::boxes(program, r));
}

Transfer transfer_of(const plan::Plan& plan, const Shapes& shapes, const plan::Op& op, const Geometry& source,
                     const Geometry& destination) {
  Transfer t;
  t.adds = op.kind == plan::OpKind::fold;
  const program::RegionId region = plan.instances[op.destination].region;
  for (const plan::CellIn& cell : plan.cells_of(op)) {
    for_each_field(plan, region, cell.group, [&](std::size_t f) {
      for (const program::Box& box : shapes.of(region, cell.atom))
        t.blocks.push_back(block_of(box, source.field(f), destination.field(f)));
    });
  }
  // Wide elements first, so that all are aligned in a packed buffer.
  std::ranges::stable_sort(t.blocks, std::ranges::greater{}, &Block::bytes);
  for (Block& b : t.blocks) {
    b.dense_offset = t.bytes;
    t.bytes += b.elements() * b.bytes;
  }
  base::expects(t.bytes == op.bytes, "a transfer moves what the plan says");
  return t;
}

void pack(const Transfer& transfer, const std::byte* source, std::byte* packed) {
  for (const Block& b : transfer.blocks)
    block(b, source + b.from_offset, b.from, packed + b.dense_offset, b.dense, false);
}

void unpack(const Transfer& transfer, const std::byte* packed, std::byte* destination) {
  for (const Block& b : transfer.blocks)
    block(b, packed + b.dense_offset, b.dense, destination + b.to_offset, b.to, transfer.adds);
}

void move(const Transfer& transfer, const std::byte* source, std::byte* destination) {
  for (const Block& b : transfer.blocks)
    block(b, source + b.from_offset, b.from, destination + b.to_offset, b.to, transfer.adds);
}

std::vector<Block> blocks_of(const plan::Plan& plan, const Shapes& shapes, const plan::CellIn& cell,
                             const Geometry& geometry) {
  std::vector<Block> blocks;
  const program::RegionId region = plan.instances[cell.instance].region;
  for_each_field(plan, region, cell.group, [&](std::size_t f) {
    for (const program::Box& box : shapes.of(region, cell.atom))
      blocks.push_back(block_of(box, geometry.field(f), geometry.field(f)));
  });
  return blocks;
}

void zero(const std::vector<Block>& blocks, std::byte* buffer) {
  for (const Block& b : blocks) {
    for (std::int64_t k = 0; k < b.extents[2]; ++k) {
      for (std::int64_t j = 0; j < b.extents[1]; ++j) {
        for (std::int64_t i = 0; i < b.extents[0]; ++i)
          std::memset(buffer + b.to_offset + i * b.to[0] + j * b.to[1] + k * b.to[2], 0,
                      static_cast<std::size_t>(b.bytes));
      }
    }
  }
}

}  // namespace mapwright::rank
