#include "rank/transfer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lang/lang.h"
#include "program/sketch.h"

namespace mapwright::rank {
namespace {

using program::Order;
using program::Privilege;

// A cube whose halves are written along one dimension and read along another, so that every copy moves a
// quarter of the elements of a half, of two of three fields.
program::Program cube() {
  program::Program p = program::Sketch()
                           .region("cube", {4, 6, 5}, {{"a", 8}, {"b", 1}, {"c", 4}})
                           .blocks("slabs", 2)
                           .task("write", {{}})
                           .launch("write", 2)
                           .on("slabs", Privilege::write)
                           .done();
  program::Partition columns;
  columns.name = "columns";
  for (std::int64_t i = 0; i < 2; ++i) {
    program::Box box = p.regions[0].elements;
    box.lo[1] = 3 * i;
    box.hi[1] = 3 * i + 2;
    columns.add(box);
  }
  p.partitions.push_back(columns);
  return p;
}

struct Side {
  program::PartitionId partition;
  bool interleaved;
  Order order;
};

plan::Instance instance(const Side& side) {
  plan::Instance i;
  i.partition = side.partition;
  i.piece = 0;
  i.fields = 0b111;
  i.layout.interleaved = side.interleaved;
  i.layout.order = side.order;
  return i;
}

// A plan of one copy, made by hand.
plan::Plan plan_of(const program::Program& p, const Side& from, const Side& to, plan::OpKind kind,
                   program::FieldSet group) {
  plan::Plan plan;
  program::Program with_use = p;
  program::Requirement r;
  r.partition = 1;
  r.fields = group;
  r.privilege = Privilege::read;
  program::Launch reads = p.launches[0];
  reads.requirements = {r};
  with_use.launches.push_back(reads);
  plan.program = std::make_shared<const program::Program>(with_use);
  plan.atoms = std::make_shared<const program::Atoms>(*program::Atoms::of(with_use));
  plan.instances = {instance(from), instance(to)};
  const program::RegionAtoms& region = plan.atoms->region(0);
  plan::Op op;
  op.kind = kind;
  op.source = 0;
  op.destination = 1;
  for (std::uint32_t g = 0; g < region.groups.size(); ++g) {
    if (region.groups[g] != group) continue;
    // Atoms that both pieces have.
    for (const std::uint32_t atom : plan.atoms->piece(0, 0)) {
      const auto other = plan.atoms->piece(1, 0);
      if (std::ranges::find(other, atom) == other.end()) continue;
      plan.cells.push_back({1, atom, g});
      op.bytes += region.volume[atom] * region.group_bytes[g];
    }
  }
  op.cells = static_cast<std::uint32_t>(plan.cells.size());
  plan.ops = {op};
  return plan;
}

template <class T>
T& element(std::vector<std::byte>& bytes, const FieldPlace& place, const lang::Point& p) {
  std::int64_t at = place.offset;
  for (std::size_t d = 0; d < 3; ++d) at += p[d] * place.strides[d];
  return *reinterpret_cast<T*>(bytes.data() + at);
}

class Transfers : public testing::TestWithParam<std::tuple<bool, bool, bool, bool, bool>> {};

TEST_P(Transfers, MoveEachElementAndNothingElse) {
  const auto& [from_aos, from_f, to_aos, to_f, packed] = GetParam();
  const Side from = {0, from_aos, from_f ? Order::f_order : Order::c_order};
  const Side to = {1, to_aos, to_f ? Order::f_order : Order::c_order};
  const plan::Plan plan = plan_of(cube(), from, to, plan::OpKind::copy, 0b101);
  const Shapes shapes(*plan.program);
  const Geometry a(*plan.program, plan.instances[0]);
  const Geometry b(*plan.program, plan.instances[1]);
  const Transfer t = transfer_of(plan, shapes, plan.ops[0], a, b);
  EXPECT_EQ(t.bytes, 2 * 3 * 5 * (8 + 4));

  std::vector<std::byte> source(static_cast<std::size_t>(a.bytes()));
  std::vector<std::byte> destination(static_cast<std::size_t>(b.bytes()), std::byte{0x77});
  const std::vector<std::byte> before = destination;
  const auto value = [](const lang::Point& p) {
    return static_cast<std::uint32_t>(100 * p[0] + 10 * p[1] + p[2]);
  };
  const program::Box slab = plan.program->partitions[0].boxes[0];
  lang::Point p = slab.lo;
  do {
    element<std::uint64_t>(source, a.field(0), p) = value(p);
    element<std::uint32_t>(source, a.field(2), p) = value(p) + 7;
  } while (slab.next(&p));
  if (packed) {
    std::vector<std::byte> dense(static_cast<std::size_t>(t.bytes));
    pack(t, source.data(), dense.data());
    unpack(t, dense.data(), destination.data());
  } else {
    move(t, source.data(), destination.data());
  }
  const program::Box column = plan.program->partitions[1].boxes[0];
  p = column.lo;
  std::vector<std::byte> expected = before;
  do {
    if (p[0] >= 2) continue;  // not in the slab
    element<std::uint64_t>(expected, b.field(0), p) = value(p);
    element<std::uint32_t>(expected, b.field(2), p) = value(p) + 7;
  } while (column.next(&p));
  EXPECT_EQ(destination, expected);
}

INSTANTIATE_TEST_SUITE_P(Layouts, Transfers,
                         testing::Combine(testing::Bool(), testing::Bool(), testing::Bool(), testing::Bool(),
                                          testing::Bool()));

TEST(Transfers, FoldsAdd) {
  program::Program p = cube();
  const Side side = {0, false, Order::c_order};
  plan::Plan plan = plan_of(p, side, {1, true, Order::f_order}, plan::OpKind::fold, 0b101);
  const Shapes shapes(*plan.program);
  const Geometry a(*plan.program, plan.instances[0]);
  const Geometry b(*plan.program, plan.instances[1]);
  const Transfer t = transfer_of(plan, shapes, plan.ops[0], a, b);
  std::vector<std::byte> source(static_cast<std::size_t>(a.bytes()));
  std::vector<std::byte> destination(static_cast<std::size_t>(b.bytes()));
  const lang::Point inside = {1, 2, 3};
  const lang::Point outside = {3, 2, 3};  // of the slab
  element<double>(source, a.field(0), inside) = 1.5;
  element<float>(source, a.field(2), inside) = 0.25F;
  element<double>(destination, b.field(0), inside) = 10;
  element<float>(destination, b.field(2), inside) = 20;
  element<double>(destination, b.field(0), outside) = 30;
  std::vector<std::byte> dense(static_cast<std::size_t>(t.bytes));
  pack(t, source.data(), dense.data());
  unpack(t, dense.data(), destination.data());
  EXPECT_EQ(element<double>(destination, b.field(0), inside), 11.5);
  EXPECT_EQ(element<float>(destination, b.field(2), inside), 20.25F);
  EXPECT_EQ(element<double>(destination, b.field(0), outside), 30);
}

TEST(Transfers, ZeroOneCell) {
  plan::Plan plan =
      plan_of(cube(), {0, true, Order::c_order}, {1, true, Order::c_order}, plan::OpKind::copy, 0b101);
  const Shapes shapes(*plan.program);
  const Geometry b(*plan.program, plan.instances[1]);
  std::vector<std::byte> buffer(static_cast<std::size_t>(b.bytes()), std::byte{0xFF});
  zero(blocks_of(plan, shapes, plan.cells[0], b), buffer.data());
  std::int64_t zeroes = std::ranges::count(buffer, std::byte{0});
  EXPECT_EQ(zeroes, 2 * 3 * 5 * (8 + 4));
}

}  // namespace
}  // namespace mapwright::rank
