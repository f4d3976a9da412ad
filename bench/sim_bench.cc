// What a simulation costs: planning, executing, and both for large machines.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "apps/apps.h"
#include "base/bug.h"
#include "base/files.h"
#include "engine/sim/sim.h"
#include "lang/lang.h"
#include "machine/catalog.h"

namespace {

namespace apps = mapwright::apps;
namespace base = mapwright::base;
namespace engine = mapwright::engine;
namespace lang = mapwright::lang;
namespace machine = mapwright::machine;
namespace plan = mapwright::plan;
namespace program = mapwright::program;

const std::filesystem::path kRoot = MAPWRIGHT_ROOT;

struct Case {
  std::shared_ptr<const plan::Planner> planner;
  std::shared_ptr<lang::Placer> placer;
};

Case make_case(const std::string& app, std::int64_t nodes, const std::string& mapper,
               std::map<std::string, std::int64_t, std::less<>> set = {}) {
  const auto m = machine::load_machine(kRoot / "machines", "p100x4");
  apps::Options options;
  options.machine = &*m;
  options.nodes = nodes;
  options.set = std::move(set);
  auto made = apps::make(app, options);
  auto planner = plan::Planner::create(std::make_shared<const program::Program>(*std::move(made)), *m, nodes);
  auto text =
      mapper.empty() ? std::string() : std::get<std::string>(base::read_file(kRoot / mapper, 1 << 20));
  const auto compiled = lang::compile(std::make_shared<base::Source>("m", text));
  auto placer = lang::Placer::create(compiled.mapper, (*planner)->site()->grid());
  return {*planner, *placer};
}

plan::Plan planned(const Case& c) {
  auto result = c.planner->plan(*c.placer);
  if (auto* failure = std::get_if<plan::Failure>(&result)) base::bug(failure->text.c_str());
  return std::get<plan::Plan>(std::move(result));
}

void BM_circuit_plan(benchmark::State& state) {
  const Case c = make_case("circuit", 2, "mappers/expert/circuit.mapper");
  std::size_t ops = 0;
  for (auto _ : state) ops = planned(c).ops.size();
  state.counters["ops"] = static_cast<double>(ops);
}
BENCHMARK(BM_circuit_plan)->Unit(benchmark::kMicrosecond);

void BM_circuit_run(benchmark::State& state) {
  const Case c = make_case("circuit", 2, "mappers/expert/circuit.mapper");
  const auto p = std::make_shared<const plan::Plan>(planned(c));
  for (auto _ : state) benchmark::DoNotOptimize(engine::sim::run(p).seconds_per_iteration);
}
BENCHMARK(BM_circuit_run)->Unit(benchmark::kMicrosecond);

// 50 iterations of circuit on two nodes, as a tuner does it: 2 ms is the bar.
void BM_circuit(benchmark::State& state) {
  const Case c = make_case("circuit", 2, "mappers/expert/circuit.mapper");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        engine::sim::run(std::make_shared<const plan::Plan>(planned(c))).seconds_per_iteration);
  }
}
BENCHMARK(BM_circuit)->Unit(benchmark::kMicrosecond);

}  // namespace
