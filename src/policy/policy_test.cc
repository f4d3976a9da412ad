#include "policy/policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace mapwright::policy {
namespace {

using machine::ProcessorKind;

machine::Grid grid(std::int64_t nodes, std::int64_t gpus) {
  std::array<std::int64_t, machine::kProcessorKinds> counts{};
  counts[static_cast<std::size_t>(ProcessorKind::gpu)] = gpus;
  return machine::make_grid(nodes, counts);
}

// "node.processor" of every point, last coordinate fastest.
std::string placed(std::string_view domain, std::int64_t nodes, std::int64_t gpus) {
  const auto d = *lang::parse_domain(domain);
  const auto placement = default_index_placement(d, ProcessorKind::gpu, grid(nodes, gpus));
  std::string text;
  lang::Point p = d.lo;
  do {
    const lang::Slot s = placement->at(p)[0];
    text += std::to_string(s.node) + "." + std::to_string(s.processor) + " ";
  } while (d.next(&p));
  text.pop_back();
  return text;
}

TEST(DefaultIndexPlacement, DealsPointsToNodesAndCutsBlocksInEach) {
  // Node 0 has points 0, 2, 4, 6: its box 0..6 in four blocks of 1.75.
  EXPECT_EQ(placed("8", 2, 4), "0.0 1.0 0.1 1.1 0.2 1.2 0.3 1.3");
}

TEST(DefaultIndexPlacement, TheFirstCoordinateRunsFastest) {
  // Points (0,0) (1,0) (2,0) (3,0) (0,1) ... are 0 1 2 3 4 ...; with 2 nodes x even is node 0.
  // Each node's box is 3 x 2: four GPUs cut the longer side in two, then the equal sides at the first in two
  // again: 3 -> 1.5 against 2: so the second prime goes to y. Blocks 2 x 2.
  EXPECT_EQ(placed("4x2", 2, 4), "0.0 0.2 1.0 1.2 0.1 0.3 1.1 1.3");
}

TEST(DefaultIndexPlacement, EmptyBlocksGetNoProcessor) {
  // Two points, eight blocks over the box 0..1: only two blocks hold points, and they get processors 0 and 1.
  EXPECT_EQ(placed("2", 1, 8), "0.0 0.1");
}

TEST(DefaultIndexPlacement, BeginsAtTheLowerBound) {
  EXPECT_EQ(placed("10..13", 2, 2), "0.0 1.0 0.1 1.1");
}

RC_GTEST_PROP(DefaultIndexPlacementProperty, EveryPointHasAProcessorOfItsNode, ()) {
  const auto nodes = *rc::gen::inRange<std::int64_t>(1, 9);
  const auto gpus = *rc::gen::inRange<std::int64_t>(1, 9);
  const std::vector<std::int64_t> extents{*rc::gen::inRange<std::int64_t>(1, 9),
                                          *rc::gen::inRange<std::int64_t>(1, 9)};
  const auto d = lang::make_domain(extents);
  const auto placement = default_index_placement(d, ProcessorKind::gpu, grid(nodes, gpus));
  lang::Point p = d.lo;
  do {
    const auto slots = placement->at(p);
    RC_ASSERT(slots.size() == 1U);
    RC_ASSERT(slots[0].node == static_cast<std::uint32_t>((p[0] + p[1] * extents[0]) % nodes));
    RC_ASSERT(slots[0].processor < static_cast<std::uint32_t>(gpus));
  } while (d.next(&p));
}

TEST(DefaultSinglePlacement, IsTheFirstProcessorOfTheParentsNode) {
  const auto placement = default_single_placement({3, 2}, ProcessorKind::gpu);
  EXPECT_EQ(placement->at(std::int64_t{0})[0], (lang::Slot{3, 0}));
}

}  // namespace
}  // namespace mapwright::policy
