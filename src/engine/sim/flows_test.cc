#include "engine/sim/flows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace mapwright::engine::sim {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(Flows, ShareALinkFairlyAndTakeWhatOthersLeave) {
  Flows flows;
  const ResourceId wide = flows.add_resource(10);
  const ResourceId narrow = flows.add_resource(2);
  const std::array both = {wide, narrow};
  flows.start(0, 1, 100, {&wide, 1}, kInfinite);
  flows.start(0, 2, 100, both, kInfinite);
  flows.settle(0);
  EXPECT_DOUBLE_EQ(flows.rate(1), 8);
  EXPECT_DOUBLE_EQ(flows.rate(2), 2);
  EXPECT_DOUBLE_EQ(flows.next(), 12.5);
  std::uint32_t owner = 0;
  double when = 0;
  ASSERT_TRUE(flows.finish(12.5, &owner, &when));
  EXPECT_EQ(owner, 1u);
  EXPECT_FALSE(flows.finish(12.5, &owner, &when));
  flows.settle(12.5);
  EXPECT_DOUBLE_EQ(flows.next(), 50);
}

TEST(Flows, ACapLimitsOneFlowAlone) {
  Flows flows;
  const ResourceId r = flows.add_resource(10);
  flows.start(0, 1, 100, {&r, 1}, 1);
  flows.start(0, 2, 100, {&r, 1}, kInfinite);
  flows.settle(0);
  EXPECT_DOUBLE_EQ(flows.rate(1), 1);
  EXPECT_DOUBLE_EQ(flows.rate(2), 9);
}

// The definition: rates that fit, and every flow has a full resource on which none is faster, or is at its
// cap.
struct Known {
  std::vector<ResourceId> resources;
  double cap;
};

void check(const Flows& flows, const std::map<std::uint32_t, Known>& known,
           const std::vector<double>& capacity) {
  std::vector<double> used(capacity.size());
  std::vector<double> fastest(capacity.size());
  for (const auto& [owner, k] : known) {
    for (const ResourceId r : k.resources) {
      used[r] += flows.rate(owner);
      fastest[r] = std::max(fastest[r], flows.rate(owner));
    }
  }
  for (std::size_t r = 0; r < capacity.size(); ++r) RC_ASSERT(used[r] <= capacity[r] * (1 + 1e-6));
  for (const auto& [owner, k] : known) {
    const double rate = flows.rate(owner);
    RC_ASSERT(rate > 0.0);
    bool bound = rate >= k.cap * (1 - 1e-6);
    for (const ResourceId r : k.resources)
      bound = bound || (used[r] >= capacity[r] * (1 - 1e-6) && rate >= fastest[r] * (1 - 1e-6));
    RC_ASSERT(bound);
  }
}

RC_GTEST_PROP(FlowsProperty, RatesAreMaxMinFairAfterEveryChange, ()) {
  Flows flows;
  std::vector<double> capacity;
  const int resources = *rc::gen::inRange(1, 12);
  for (int i = 0; i < resources; ++i) {
    capacity.push_back(*rc::gen::inRange(1, 20));
    flows.add_resource(capacity.back());
  }
  std::map<std::uint32_t, Known> known;
  std::uint32_t owner = 0;
  double now = 0;
  for (int step = *rc::gen::inRange(1, 40); step > 0; --step) {
    // Some changes at one moment: flows that start, and at times one that ends.
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
      Known k{{}, *rc::gen::inRange(0, 4) == 0 ? *rc::gen::inRange(1, 10) : kInfinite};
      for (ResourceId r = 0; r < capacity.size(); ++r) {
        if (*rc::gen::inRange(0, 3) == 0 && k.resources.size() < 4) k.resources.push_back(r);
      }
      if (k.resources.empty()) k.resources.push_back(0);
      flows.start(now, ++owner, *rc::gen::inRange(1, 50), k.resources, k.cap);
      known[owner] = k;
    }
    flows.settle(now);
    check(flows, known, capacity);
    if (known.empty()) continue;
    RC_ASSERT(flows.next() < kInfinite);
    now = flows.next();
    std::uint32_t done = 0;
    double when = 0;
    while (flows.finish(now, &done, &when)) known.erase(done);
  }
}

}  // namespace
}  // namespace mapwright::engine::sim
