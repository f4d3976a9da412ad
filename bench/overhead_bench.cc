// What a task costs beside its kernel: submitted by StarPU's own interface, and as an op of a plan that
// mapwright-rank carries out. Both are a chain of tasks on one worker that do nothing, the first of which
// waits until all are submitted, so that submission and hand-over take their time alone.
#include <benchmark/benchmark.h>
#include <starpu.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/starpu/measurements.h"
#include "engine/starpu/processes.h"
#include "engine/starpu/starpu.h"

namespace mapwright {
namespace {

constexpr int kRepeats = 5;
constexpr int kTasks = 4000;

using Clock = std::chrono::steady_clock;

struct Chain {
  std::atomic<int> submitted = 0;
  std::vector<Clock::time_point> starts;
};

void nothing(void**, void* argument) {
  auto* chain = static_cast<Chain*>(argument);
  while (chain->submitted < kTasks) std::this_thread::sleep_for(std::chrono::microseconds(20));
  chain->starts.push_back(Clock::now());
}

double seconds(Clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Cost {
  double submission = 0;  // of a task, seconds
  double launch = 0;      // from the start of a task to that of the next
};

// Every task updates the same number: StarPU finds their order by itself.
Cost chain_of_starpu() {
  starpu_conf conf;
  starpu_conf_init(&conf);
  conf.precedence_over_environment_variables = 1;
  conf.ncpus = 1;
  conf.ncuda = 0;
  conf.nopencl = 0;
  conf.sched_policy_name = "prio";
  if (starpu_init(&conf) != 0) throw std::runtime_error("StarPU does not start");
  starpu_profiling_status_set(STARPU_PROFILING_ENABLE);
  starpu_codelet codelet;
  starpu_codelet_init(&codelet);
  codelet.where = STARPU_CPU;
  codelet.cpu_funcs[0] = nothing;
  codelet.nbuffers = 1;
  codelet.modes[0] = STARPU_RW;
  double number = 0;
  starpu_data_handle_t handle = nullptr;
  starpu_variable_data_register(&handle, STARPU_MAIN_RAM, reinterpret_cast<std::uintptr_t>(&number),
                                sizeof number);
  Chain chain;
  chain.starts.reserve(kTasks);
  const auto begin = Clock::now();
  for (int i = 0; i < kTasks; ++i) {
    starpu_task* task = starpu_task_create();
    task->cl = &codelet;
    task->cl_arg = &chain;
    task->handles[0] = handle;
    if (starpu_task_submit(task) != 0) throw std::runtime_error("StarPU takes no task");
    ++chain.submitted;
  }
  const double submission = seconds(Clock::now() - begin) / kTasks;
  starpu_task_wait_for_all();
  starpu_data_unregister(handle);
  starpu_shutdown();
  std::vector<double> hops;
  for (std::size_t i = chain.starts.size() / 2; i + 1 < chain.starts.size(); ++i)
    hops.push_back(seconds(chain.starts[i + 1] - chain.starts[i]));
  return {submission, median(std::move(hops))};
}

Cost chain_of_ours() {
  engine::starpu::Settings settings;
  settings.program = MAPWRIGHT_RANK_EXECUTABLE;
  const engine::starpu::Question question{1, settings.limit};
  const auto said = engine::starpu::run_processes(settings, {std::string(engine::starpu::kMeasure)}, 1,
                                                  save(question), settings.limit);
  const auto* text = std::get_if<std::string>(&said);
  if (text == nullptr) throw std::runtime_error(std::get<plan::Failure>(said).text);
  const auto measured = engine::starpu::load_measurements(*text);
  if (!measured) throw std::runtime_error("mapwright-rank did not measure");
  return {measured->mapping, measured->launch};
}

// Turn and turn about; ratios are of neighbours.
void empty_task(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<double> alone, ours, ratios;
    std::vector<double> alone_submission, submission;
    for (int i = 0; i < kRepeats; ++i) {
      const Cost a = chain_of_starpu();
      const Cost b = chain_of_ours();
      alone.push_back(a.launch);
      alone_submission.push_back(a.submission);
      ours.push_back(b.launch);
      submission.push_back(b.submission);
      ratios.push_back((b.submission + b.launch) / (a.submission + a.launch));
    }
    state.counters["starpu_submission_us"] = 1e6 * median(alone_submission);
    state.counters["starpu_launch_us"] = 1e6 * median(alone);
    state.counters["submission_us"] = 1e6 * median(submission);
    state.counters["launch_us"] = 1e6 * median(ours);
    state.counters["ratio"] = median(ratios);
  }
}
BENCHMARK(empty_task)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace mapwright
