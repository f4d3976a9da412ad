#include "rank/geometry.h"

#include <gtest/gtest.h>

#include "program/sketch.h"

namespace mapwright::rank {
namespace {

constexpr program::Order kC = program::Order::c_order;
constexpr program::Order kF = program::Order::f_order;

// A plane of 4 x 6 elements with fields of 8, 1 and 4 bytes, cut into an upper and a lower half.
program::Program plane() {
  return program::Sketch()
      .region("plane", {4, 6}, {{"wide", 8}, {"flag", 1}, {"narrow", 4}})
      .blocks("halves", 2)
      .done();
}

plan::Instance lower(program::FieldSet fields, bool interleaved, program::Order order,
                     std::int64_t align = 0) {
  plan::Instance i;
  i.piece = 1;
  i.fields = fields;
  i.layout.interleaved = interleaved;
  i.layout.order = order;
  i.layout.align = align;
  return i;
}

std::int64_t at(const FieldPlace& place, std::int64_t x, std::int64_t y) {
  return place.offset + x * place.strides[0] + y * place.strides[1];
}

TEST(Geometry, SeparateFieldsAreArrays) {
  const program::Program p = plane();
  const Geometry g(p, lower(0b111, false, kC));
  // Twelve elements: 96 bytes, then 12, then 48, each from a multiple of 128 on.
  EXPECT_EQ(at(g.field(0), 2, 0), 0);
  EXPECT_EQ(at(g.field(0), 2, 1), 8);
  EXPECT_EQ(at(g.field(0), 3, 0), 48);
  EXPECT_EQ(at(g.field(1), 2, 0), 128);
  EXPECT_EQ(at(g.field(1), 3, 5), 128 + 11);
  EXPECT_EQ(at(g.field(2), 2, 0), 256);
  EXPECT_EQ(g.bytes(), 256 + 48);
}

TEST(Geometry, OrderIsTheContiguousDimension) {
  const program::Program p = plane();
  const Geometry g(p, lower(0b001, false, kF));
  EXPECT_EQ(at(g.field(0), 2, 0), 0);
  EXPECT_EQ(at(g.field(0), 3, 0), 8);
  EXPECT_EQ(at(g.field(0), 2, 1), 16);
  EXPECT_EQ(g.bytes(), 96);
}

TEST(Geometry, InterleavedFieldsAreAlignedByThemselves) {
  const program::Program p = plane();
  const Geometry g(p, lower(0b111, true, kC));
  // 8 + 4 + 1 bytes, and 3 so that the next element's wide field is aligned.
  EXPECT_EQ(at(g.field(0), 2, 0), 0);
  EXPECT_EQ(at(g.field(2), 2, 0), 8);
  EXPECT_EQ(at(g.field(1), 2, 0), 12);
  EXPECT_EQ(at(g.field(0), 2, 1), 16);
  EXPECT_EQ(at(g.field(0), 3, 0), 6 * 16);
  EXPECT_EQ(g.bytes(), 12 * 16);
}

TEST(Geometry, FieldsThatAreNotThereTakeNoRoom) {
  const program::Program p = plane();
  const Geometry g(p, lower(0b100, true, kC));
  EXPECT_EQ(at(g.field(2), 2, 1), 4);
  EXPECT_EQ(g.bytes(), 48);
}

TEST(Geometry, AlignsAsTheLayoutAsks) {
  const program::Program p = plane();
  const Geometry g(p, lower(0b011, false, kC, 4096));
  EXPECT_EQ(g.alignment(), 4096);
  EXPECT_EQ(at(g.field(1), 2, 0), 4096);
}

}  // namespace
}  // namespace mapwright::rank
