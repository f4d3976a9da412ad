// What the adapter costs a Legion application: launches of tasks that do nothing, as the application is, with
// the adapter and no mapper, and under a mapper that decides everything. Then what a mapper is worth: two
// processors against one, on tasks that work. Each pair runs in turn, and ratios are those of medians.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/command/command.h"
#include "lang/lang.h"

namespace mapwright {
namespace {

constexpr int kRepeats = 15;
constexpr const char* kBlocks =
    "m = Machine(CPU);\nTask * CPU;\nRegion * * CPU SYSMEM;\n"
    "def blocks(Task task) { return m[0, task.ipoint[0] * m.size[1] / task.ispace[0]]; }\n"
    "IndexTaskMap * blocks;\n";
constexpr const char* kOne =
    "m = Machine(CPU);\nTask * CPU;\nRegion * * CPU SYSMEM;\n"
    "def one(Task task) { return m[0, 0]; }\nIndexTaskMap * one;\n";

struct Way {
  std::string name;
  bool adapter = false;
  std::string mapper;
  std::vector<double> values{};
};

double run(const Way& way, const std::vector<std::string>& options, const char* metric) {
  engine::command::Settings settings;
  settings.argv = {MAPWRIGHT_LABORATORY, "-ll:cpu", "2"};
  settings.argv.insert(settings.argv.end(), options.begin(), options.end());
  settings.metric.emplace(metric);
  if (way.adapter) settings.adapter = MAPWRIGHT_ADAPTER;
  const auto mapper = lang::compile(std::make_shared<base::Source>("bench", way.mapper)).mapper;
  const engine::Execution execution = engine::command::Command(settings).execute(mapper);
  if (execution.failure) throw std::runtime_error(execution.failure->text);
  return execution.metric;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// The medians as counters, the first way's as the measure of the others.
void in_turn(benchmark::State& state, std::vector<Way> ways, const std::vector<std::string>& options,
             const char* metric) {
  for (auto _ : state)
    for (int i = 0; i < kRepeats; ++i)
      for (Way& way : ways) way.values.push_back(run(way, options, metric));
  const double first = median(ways.front().values);
  for (const Way& way : ways) {
    state.counters[way.name] = median(way.values);
    state.counters[way.name + "_ratio"] = median(way.values) / first;
  }
}

// Microseconds of one task of 16 in a launch.
void Overhead(benchmark::State& state) {
  in_turn(state, {{"plain", false, ""}, {"wrapped", true, ""}, {"mapped", true, kBlocks}},
          {"-tiles", "4", "-tiny", "400"}, "TINY (\\S+)");
}
BENCHMARK(Overhead)->Iterations(1)->Unit(benchmark::kSecond);

// Seconds of the steps.
void TwoProcessors(benchmark::State& state) {
  in_turn(state, {{"blocks", true, kBlocks}, {"one", true, kOne}, {"own", false, ""}},
          {"-n", "1024", "-tiles", "4", "-work", "40", "-steps", "5"}, "ELAPSED (\\S+)");
}
BENCHMARK(TwoProcessors)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace mapwright
