#include "machine/space.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "machine/factor.h"

namespace mapwright::machine {
namespace {

using Index = std::vector<std::int64_t>;

Grid grid(std::int64_t nodes, std::int64_t gpus) {
  std::array<std::int64_t, kProcessorKinds> counts{};
  counts[static_cast<std::size_t>(ProcessorKind::gpu)] = gpus;
  return make_grid(nodes, counts);
}

Index extents(const Space& s) {
  return {s.extents().begin(), s.extents().end()};
}

// All indices of a space, last dimension fastest.
std::vector<Index> indices(const Space& s) {
  std::vector<Index> all;
  if (s.volume() == 0) return all;
  Index at(static_cast<std::size_t>(s.rank()), 0);
  for (;;) {
    all.push_back(at);
    int d = s.rank() - 1;
    for (; d >= 0; --d) {
      const auto i = static_cast<std::size_t>(d);
      if (++at[i] < s.extent(d)) break;
      at[i] = 0;
    }
    if (d < 0) return all;
  }
}

class SpaceTest : public ::testing::Test {
 protected:
  SpacePool pool_;
  const Space* machine_ = pool_.machine(grid(6, 4), ProcessorKind::gpu);

  Processor at(const Space* s, Index index) { return s->locate(index.data()); }
};

TEST_F(SpaceTest, AMachineHasNodesAndProcessors) {
  EXPECT_EQ(extents(*machine_), (Index{6, 4}));
  EXPECT_EQ(machine_->volume(), 24);
  EXPECT_EQ(at(machine_, {5, 3}), (Processor{5, 3}));
}

TEST_F(SpaceTest, SplitMakesTheFirstPartFastest) {
  const Space* s = pool_.factor(machine_, 0, Index{2, 3});
  EXPECT_EQ(extents(*s), (Index{2, 3, 4}));
  EXPECT_EQ(at(s, {1, 2, 3}), (Processor{1 + 2 * 2, 3}));  // q = p[0] + p[1] * 2
}

TEST_F(SpaceTest, MergeMakesTheSecondDimensionFastest) {
  const Space* s = pool_.merge(machine_, 0, 1);
  EXPECT_EQ(extents(*s), (Index{24}));
  EXPECT_EQ(at(s, {9}), (Processor{9 / 4, 9 % 4}));
  // With the larger dimension first, the result stands one place before it and counts nodes fastest.
  const Space* other = pool_.merge(machine_, 1, 0);
  EXPECT_EQ(extents(*other), (Index{24}));
  EXPECT_EQ(at(other, {9}), (Processor{9 % 6, 9 / 6}));
}

TEST_F(SpaceTest, MergeOfTheMiddleOfThree) {
  const Space* three = pool_.factor(machine_, 0, Index{2, 3});  // 2 x 3 x 4
  const Space* s = pool_.merge(three, 2, 0);                    // 3 x (4*2): dimension 2 moves to 1
  EXPECT_EQ(extents(*s), (Index{3, 8}));
  // q[2] = 5 / 2, q[0] = 5 % 2, q[1] = 1
  EXPECT_EQ(at(s, {1, 5}), at(three, {5 % 2, 1, 5 / 2}));
}

TEST_F(SpaceTest, SwapSliceReverse) {
  EXPECT_EQ(extents(*pool_.swap(machine_, 0, 1)), (Index{4, 6}));
  EXPECT_EQ(at(pool_.swap(machine_, 0, 1), {3, 5}), (Processor{5, 3}));
  const Space* s = pool_.slice(machine_, 0, 2, 4);  // both ends included
  EXPECT_EQ(extents(*s), (Index{3, 4}));
  EXPECT_EQ(at(s, {0, 1}), (Processor{2, 1}));
  EXPECT_FALSE(s->index_of({1, 0}));
  EXPECT_FALSE(s->index_of({5, 0}));
  EXPECT_EQ(at(pool_.reverse(machine_, 1), {0, 0}), (Processor{0, 3}));
}

TEST_F(SpaceTest, EqualSpacesAreOneObject) {
  EXPECT_EQ(pool_.merge(machine_, 0, 1), pool_.merge(machine_, 0, 1));
  EXPECT_NE(pool_.merge(machine_, 0, 1), pool_.merge(machine_, 1, 0));
  EXPECT_NE(pool_.slice(machine_, 0, 0, 1), pool_.slice(machine_, 0, 1, 2));
}

TEST_F(SpaceTest, RefusesMoreDimensionsAndTransformsThanItHolds) {
  EXPECT_EQ(pool_.factor(machine_, 0, Index(kMaxRank, 1)), nullptr);
  const Space* s = machine_;
  for (int i = 1; i < kMaxChain; ++i) s = pool_.reverse(s, i % 2);
  EXPECT_NE(s, nullptr);
  EXPECT_EQ(pool_.reverse(s, 0), nullptr);
}

TEST_F(SpaceTest, AMachineWithoutSuchProcessorsIsEmpty) {
  const Space* none = pool_.machine(grid(6, 4), ProcessorKind::omp);
  EXPECT_EQ(none->volume(), 0);
  EXPECT_EQ(extents(*pool_.merge(none, 0, 1)), (Index{0}));
  EXPECT_FALSE(none->index_of({0, 0}));
}

// Applies a random valid transform; the same space where none fits.
const Space* transformed(SpacePool& pool, const Space* s) {
  const auto d = *rc::gen::inRange(0, s->rank());
  const auto e = *rc::gen::inRange(0, s->rank());
  const Space* made = nullptr;
  switch (*rc::gen::inRange(0, 6)) {
    case 0: made = pool.factor(s, d, balanced_factors(s->extent(d), *rc::gen::inRange(1, 4))); break;
    case 1:
      if (d != e) made = pool.merge(s, d, e);
      break;
    case 2: made = pool.swap(s, d, e); break;
    case 3: {
      const auto low = *rc::gen::inRange<std::int64_t>(0, s->extent(d));
      made = pool.slice(s, d, low, *rc::gen::inRange<std::int64_t>(low, s->extent(d)));
      break;
    }
    case 4: made = pool.reverse(s, d); break;
    default: {
      bool too_many = false;
      std::int64_t cost = 0;
      const Index weights{*rc::gen::inRange<std::int64_t>(1, 20), *rc::gen::inRange<std::int64_t>(1, 20)};
      made = pool.split(s, d, SpacePool::SplitRule::cheapest, weights, &cost, &too_many);
    }
  }
  return made == nullptr ? s : made;
}

RC_GTEST_PROP(SpaceProperty, TransformsAreBijectionsAndIndexOfIsTheWayBack, ()) {
  SpacePool pool;
  const Space* s =
      pool.machine(grid(*rc::gen::inRange<std::int64_t>(1, 25), *rc::gen::inRange<std::int64_t>(1, 9)),
                   ProcessorKind::gpu);
  for (int n = *rc::gen::inRange(0, 8); n > 0; --n) s = transformed(pool, s);
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (const Index& index : indices(*s)) {
    const Processor p = s->locate(index.data());
    RC_ASSERT(seen.emplace(p.node, p.index).second);
    const auto back = s->index_of(p);
    RC_ASSERT(back.has_value());
    RC_ASSERT(std::ranges::equal(index, std::span(*back).first(index.size())));
  }
}

}  // namespace
}  // namespace mapwright::machine
