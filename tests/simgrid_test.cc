// The simulator against SimGrid, on random task graphs without latencies.
#include "tests/simgrid.h"

#include <gtest/gtest.h>

#include "engine/sim/costs.h"
#include "engine/sim/sim.h"
#include "tests/random_graph.h"

namespace mapwright {
namespace {

class AgainstSimGrid : public testing::TestWithParam<std::uint32_t> {};

TEST_P(AgainstSimGrid, MakespansAgree) {
  const std::uint32_t seed = GetParam();
  const auto plan = std::make_shared<const plan::Plan>(
      random_graph::make(seed, 4 + 4 * (seed % 8), 8, 40 + 10 * (seed % 5), 1 + static_cast<int>(seed % 4)));
  std::vector<double> seconds;
  for (const plan::Mapping& m : plan->mappings) seconds.push_back(engine::sim::cost_of(*plan, m).seconds());
  const double ours = engine::sim::run(plan).profile.timed_end;
  const double theirs = simgrid::run(*plan, seconds, random_graph::kBandwidth).makespan;
  EXPECT_NEAR(ours / theirs, 1, 0.05) << ours << " against " << theirs;
}

INSTANTIATE_TEST_SUITE_P(Graphs, AgainstSimGrid, testing::Range(0u, 16u));

}  // namespace
}  // namespace mapwright
