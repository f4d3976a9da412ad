// The simulator beside SimGrid on random task graphs (2,000 tasks, some 5,000 transfers), in one run. SimGrid
// runs in a child, once per measurement; both count the simulation alone, not what it is made from.
#include <benchmark/benchmark.h>

#include "engine/sim/costs.h"
#include "engine/sim/sim.h"
#include "tests/random_graph.h"
#include "tests/simgrid.h"

namespace {

using namespace mapwright;

std::shared_ptr<const plan::Plan> graph() {
  static const auto plan = std::make_shared<const plan::Plan>(random_graph::make(1, 16, 80, 25, 3));
  return plan;
}

void BM_random_graph(benchmark::State& state) {
  const auto plan = graph();
  double makespan = 0;
  for (auto _ : state) makespan = engine::sim::run(plan).profile.timed_end;
  state.counters["makespan"] = makespan;
  std::size_t copies = 0;
  for (const plan::Op& op : plan->ops) copies += op.kind == plan::OpKind::copy ? 1u : 0u;
  state.counters["transfers"] = static_cast<double>(copies);
}
BENCHMARK(BM_random_graph)->Unit(benchmark::kMicrosecond);

void BM_random_graph_simgrid(benchmark::State& state) {
  const auto plan = graph();
  std::vector<double> seconds;
  for (const plan::Mapping& m : plan->mappings) seconds.push_back(engine::sim::cost_of(*plan, m).seconds());
  double makespan = 0;
  for (auto _ : state) {
    const simgrid::Outcome outcome = simgrid::run(*plan, seconds, random_graph::kBandwidth);
    makespan = outcome.makespan;
    state.SetIterationTime(outcome.wall_seconds);
  }
  state.counters["makespan"] = makespan;
}
BENCHMARK(BM_random_graph_simgrid)->Unit(benchmark::kMicrosecond)->UseManualTime()->MinTime(0.5);

}  // namespace
