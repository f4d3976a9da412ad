// Bytes on their way from one instance to another: which blocks of which fields, and how they are moved.
//
// Between two memories a transfer is packed into a dense buffer of exactly its bytes, moved, and unpacked,
// which changes the layout where the two have different ones; within a memory it goes straight.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rank/geometry.h"

namespace mapwright::rank {

//! A box of elements of one field. Dimensions are sorted: the first is the one that is dense in the source,
//! as far as there is one; what is left over has an extent of 1.
struct Block {
  std::array<std::int64_t, 3> extents{1, 1, 1};
  std::array<std::int64_t, 3> from{};   //!< strides in the source, bytes
  std::array<std::int64_t, 3> to{};     //!< in the destination
  std::array<std::int64_t, 3> dense{};  //!< in a packed buffer
  std::int64_t from_offset = 0;         //!< of its first element, in the source's buffer
  std::int64_t to_offset = 0;
  std::int64_t dense_offset = 0;
  std::int64_t bytes = 0;  //!< of an element

  std::int64_t elements() const { return extents[0] * extents[1] * extents[2]; }
};

struct Transfer {
  std::vector<Block> blocks;
  std::int64_t bytes = 0;  //!< of all of them: the plan's
  bool adds = false;       //!< a fold: sums of float (4 bytes) or double (8 bytes)
};

//! The boxes of all atoms of the regions of a program.
class Shapes {
 public:
  explicit Shapes(const program::Program& program);

  const std::vector<program::Box>& of(program::RegionId region, std::uint32_t atom) const {
    return boxes_[region][atom];
  }

 private:
  std::vector<std::vector<std::vector<program::Box>>> boxes_;
};

//! What a copy or fold of a plan moves between two such instances.
Transfer transfer_of(const plan::Plan& plan, const Shapes& shapes, const plan::Op& op, const Geometry& source,
                     const Geometry& destination);

void pack(const Transfer& transfer, const std::byte* source, std::byte* packed);
//! Copies or adds.
void unpack(const Transfer& transfer, const std::byte* packed, std::byte* destination);
void move(const Transfer& transfer, const std::byte* source, std::byte* destination);

//! Where a cell stands in its instance: what a reduction task begins with zeroes in.
std::vector<Block> blocks_of(const plan::Plan& plan, const Shapes& shapes, const plan::CellIn& cell,
                             const Geometry& geometry);
void zero(const std::vector<Block>& blocks, std::byte* buffer);

}  // namespace mapwright::rank
