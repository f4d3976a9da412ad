// Where the bytes of an instance stand in its buffer.
//
// SOA: each field is an array over the instance's box, one after the other, dense in the order of the layout.
// AOS: elements in that order, each with all fields, the wide ones first, so that every field is aligned by
// itself. What a layout asks to be aligned is the beginning of every array, or of the buffer.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "plan/plan.h"
#include "program/kernel.h"

namespace mapwright::rank {

struct FieldPlace {
  std::int64_t offset = 0;  //!< of the element (0, 0, 0) from the beginning of the buffer; may be negative
  std::array<std::int64_t, 3> strides{};  //!< bytes
  std::int64_t bytes = 0;                 //!< of an element
};

class Geometry {
 public:
  //! The instance's piece is one box.
  Geometry(const program::Program& program, const plan::Instance& instance);

  std::int64_t bytes() const { return bytes_; }          //!< of the buffer
  std::int64_t alignment() const { return alignment_; }  //!< of its beginning
  const FieldPlace& field(std::size_t f) const { return fields_[f]; }

 private:
  void separate(const program::Region& region, const plan::Instance& instance, const program::Box& box);
  void interleave(const program::Region& region, const plan::Instance& instance, const program::Box& box);
  void place(std::size_t field, std::int64_t begin, std::int64_t element, std::int64_t step,
             const program::Box& box, program::Order order);

  std::int64_t bytes_ = 0;
  std::int64_t alignment_ = 128;
  std::vector<FieldPlace> fields_;  // by field of the region; empty ones are not in the instance
};

inline program::FieldView view_of(const FieldPlace& place, std::byte* buffer) {
  return {buffer + place.offset, place.strides};
}

}  // namespace mapwright::rank
