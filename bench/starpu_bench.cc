// What mappers do to real executions on this computer: ratios of medians of paired executions, and what a
// task costs beside its kernel. One process, processors that stand in for GPUs.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "apps/apps.h"
#include "engine/starpu/starpu.h"
#include "engine/summary.h"
#include "lang/lang.h"
#include "machine/local.h"
#include "tests/real_mappers.h"

namespace mapwright {
namespace {

using Set = std::map<std::string, std::int64_t, std::less<>>;

constexpr int kRepeats = 5;

// Everything where one processor has it.
constexpr const char* kOneWorker = R"(
gpus = Machine(GPU);
def one(Task task) {
    return gpus[0, 0];
}
IndexTaskMap GPU one;
SingleTaskMap task_4 one;
)";

struct Subject {
  std::string app;
  std::int64_t gpus = 2;
  Set set;
};

engine::starpu::Starpu engine_of(const Subject& s) {
  const machine::Machine machine = machine::with_stand_ins(machine::local_machine(), s.gpus);
  auto program = apps::make(s.app, {&machine, 1, apps::Size::test, s.set});
  if (!program) throw std::runtime_error(s.app);
  const auto planner =
      plan::Planner::create(std::make_shared<const program::Program>(*std::move(program)), machine, 1);
  engine::starpu::Settings settings;
  settings.program = MAPWRIGHT_RANK_EXECUTABLE;
  return {*planner, settings};
}

lang::MapperPtr compiled(const std::string& text) {
  const auto result = lang::compile(std::make_shared<base::Source>("bench", text));
  if (!result.mapper) throw std::runtime_error("a mapper of a benchmark does not compile");
  return result.mapper;
}

std::string expert(const std::string& app) {
  return std::string(real::mapper(app, "expert")->text());
}

// The expert's mapper without the lines that begin with a word.
std::string without(const std::string& app, std::string_view word) {
  std::string text;
  std::istringstream lines(expert(app));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(word)) text += line + "\n";
  }
  return text;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

engine::Execution run(const engine::starpu::Starpu& engine, const lang::MapperPtr& mapper) {
  engine::Execution e = engine.execute(mapper);
  if (e.failure) throw std::runtime_error(e.failure->code + ": " + e.failure->text);
  return e;
}

std::int64_t framebuffer(const engine::Execution& e) {
  std::int64_t most = 0;
  for (const plan::MemoryUse& use : e.memory) {
    if (e.profile.plan->site->memories()[use.memory].kind == machine::MemoryKind::fbmem)
      most = std::max(most, use.high_water);
  }
  return most;
}

// Turn and turn about, so that what else the computer does hits both.
void compare(benchmark::State& state, const Subject& s, const std::string& worse, const std::string& better) {
  const engine::starpu::Starpu engine = engine_of(s);
  const lang::MapperPtr a = compiled(worse);
  const lang::MapperPtr b = compiled(better);
  for (auto _ : state) {
    std::vector<double> of_a;
    std::vector<double> of_b;
    std::vector<double> ratios;
    for (int i = 0; i < kRepeats; ++i) {
      const engine::Execution x = run(engine, a);
      const engine::Execution y = run(engine, b);
      of_a.push_back(x.seconds_per_iteration);
      of_b.push_back(y.seconds_per_iteration);
      ratios.push_back(of_a.back() / of_b.back());
      state.counters["framebuffer_ratio"] =
          static_cast<double>(framebuffer(x)) / static_cast<double>(framebuffer(y));
    }
    state.counters["first_s"] = median(of_a);
    state.counters["second_s"] = median(of_b);
    state.counters["ratio"] = median(ratios);
    state.counters["least"] = *std::ranges::min_element(ratios);
    state.counters["most"] = *std::ranges::max_element(ratios);
  }
}

const Subject kCircuit = {"circuit", 2, {{"steps", 1000}}};
const Subject kStencil = {"stencil", 2, {{"nx", 4096}, {"ny", 2048}}};
const Subject kCannon = {"cannon", 2, {{"n", 2048}}};
const Subject kPennant = {"pennant", 2, {{"nzy", 8192}}};

void one_worker(benchmark::State& state, const Subject& s) {
  compare(state, s,
          kOneWorker + std::string("Layout * * * SOA ") + (s.app == "stencil" ? "F" : "C") + "_order;\n",
          expert(s.app));
}
BENCHMARK_CAPTURE(one_worker, circuit, kCircuit)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(one_worker, stencil, kStencil)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(one_worker, pennant, kPennant)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(one_worker, cannon, kCannon)->Iterations(1)->Unit(benchmark::kSecond);

// The dimension that the kernel walks is far apart.
void wrong_order(benchmark::State& state) {
  Subject s = kStencil;
  s.set["foreign"] = 0;
  compare(state, s, without("stencil", "Layout") + "Layout * * * SOA C_order;\n", expert("stencil"));
}
BENCHMARK(wrong_order)->Iterations(1)->Unit(benchmark::kSecond);

// Fields that kernels stream by themselves stand between others.
void interleaved(benchmark::State& state) {
  const Subject s = {"circuit", 2, {{"steps", 1}, {"wpp", 20'000}, {"npp", 5'000}}};
  compare(state, s, without("circuit", "Layout") + "Layout * * * AOS C_order;\n", expert("circuit"));
}
BENCHMARK(interleaved)->Iterations(1)->Unit(benchmark::kSecond);

// Any number of products mapped ahead, with their operands, against one.
void limits(benchmark::State& state) {
  compare(state, {"summa", 16, {{"n", 2048}}}, without("summa", "InstanceLimit"), expert("summa"));
}
BENCHMARK(limits)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace mapwright
