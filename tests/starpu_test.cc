// Real executions: processes, StarPU, MPI, OpenCL devices, kernels, and answers that are verified.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <thread>

#include "apps/testing.h"
#include "engine/starpu/starpu.h"
#include "lang/lang.h"
#include "tests/real_mappers.h"

namespace mapwright {
namespace {

using apps::testing::machine_named;
using apps::testing::made;
using apps::testing::Set;
using engine::starpu::Settings;
using engine::starpu::Starpu;

struct Run {
  std::string app;
  std::int64_t ranks = 1;
  std::string mapper = "expert";
  std::int64_t gpus = 4;
  Set set = {};
};

Settings settings_of(const std::string& fault = "") {
  Settings settings;
  settings.program = MAPWRIGHT_RANK_EXECUTABLE;
  settings.poison = true;
  settings.fault = fault;
  settings.limit = 120;
  setenv("MAPWRIGHT_TEST_MARK", std::to_string(getpid()).c_str(), 1);
  return settings;
}

engine::Execution execute(const Run& run, const base::SourcePtr& mapper, const Settings& settings,
                          std::int64_t framebuffer = 0) {
  machine::Machine machine = machine_named("p100x4");
  machine.processors[machine::ProcessorKind::gpu]->count = run.gpus;
  machine.processors[machine::ProcessorKind::gpu]->sockets =
      machine::in_blocks(run.gpus, machine.node.sockets);
  if (framebuffer > 0) machine.memories[machine::MemoryKind::fbmem]->capacity = framebuffer;
  const auto program =
      std::make_shared<const program::Program>(made(run.app, machine, run.ranks, run.set, apps::Size::test));
  const auto planner = plan::Planner::create(program, machine, run.ranks);
  return Starpu(*planner, settings).execute(lang::compile(mapper).mapper);
}

engine::Execution execute(const Run& run, const Settings& settings) {
  return execute(run, real::mapper(run.app, run.mapper), settings);
}

void expect_as_planned(const engine::Execution& e) {
  ASSERT_FALSE(e.failure) << e.failure->code << ": " << e.failure->text;
  EXPECT_GT(e.measured->checked, 0);
  EXPECT_EQ(e.measured->counted.between_ranks, e.measured->planned.between_ranks);
  EXPECT_EQ(e.measured->counted.to_devices, e.measured->planned.to_devices);
  EXPECT_EQ(e.measured->counted.from_devices, e.measured->planned.from_devices);
  EXPECT_GT(e.seconds_per_iteration, 0);
  for (const plan::MemoryUse& use : e.memory) EXPECT_GT(use.high_water, 0);
}

const auto kAll = testing::Values("circuit", "stencil", "pennant", "cannon", "summa", "pumma", "johnson",
                                  "solomonik", "cosma");
const auto kMappers = testing::Values("expert", "default", "bad");

// Answers are right, and StarPU counts the bytes that the plan says.
class OnProcessors : public testing::TestWithParam<std::tuple<std::string, int, std::string>> {};

TEST_P(OnProcessors, AreVerified) {
  const auto& [app, ranks, mapper] = GetParam();
  // Pennant's mesh grows with the GPUs: a part of it is enough here.
  const Set set = app == "pennant" ? Set{{"nzy", 2048}} : Set{};
  const engine::Execution e = execute({app, ranks, mapper, 4, set}, settings_of());
  expect_as_planned(e);
  if (ranks > 1) {
    EXPECT_GT(e.measured->counted.between_ranks, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Starpu, OnProcessors, testing::Combine(kAll, testing::Values(1, 2, 4), kMappers),
                         [](const auto& test) {
                           return fmt::format("{}_{}_{}", std::get<0>(test.param), std::get<1>(test.param),
                                              std::get<2>(test.param));
                         });

// Devices of one process, and of two.
struct Shape {
  int ranks;
  int gpus;
};
void PrintTo(const Shape& s, std::ostream* out) {
  *out << s.ranks << "x" << s.gpus;
}
class OnDevices : public testing::TestWithParam<std::tuple<std::string, Shape, std::string>> {};

TEST_P(OnDevices, AreVerified) {
  const auto& [app, shape, mapper] = GetParam();
  const int ranks = shape.ranks;
  const int gpus = shape.gpus;
  Settings settings = settings_of();
  settings.devices = true;
  const engine::Execution e = execute({app, ranks, mapper, gpus}, settings);
  expect_as_planned(e);
}

std::string device_case(const testing::TestParamInfo<OnDevices::ParamType>& test) {
  const Shape shape = std::get<1>(test.param);
  return fmt::format("{}_{}x{}_{}", std::get<0>(test.param), shape.ranks, shape.gpus,
                     std::get<2>(test.param));
}
const auto kOnDevices = testing::Values("circuit", "stencil", "cannon", "summa", "pumma", "johnson", "cosma");

INSTANTIATE_TEST_SUITE_P(Starpu, OnDevices,
                         testing::Combine(kOnDevices, testing::Values(Shape{1, 2}, Shape{2, 2}), kMappers),
                         device_case);
// Its grids need as many GPUs as a square has points.
INSTANTIATE_TEST_SUITE_P(StarpuInLayers, OnDevices,
                         testing::Combine(testing::Values("solomonik"), testing::Values(Shape{2, 2}),
                                          kMappers),
                         device_case);

// The processes of this test, by what they inherit.
std::string mark() {
  return fmt::format("MAPWRIGHT_TEST_MARK={}", getpid());
}

bool somebody_left() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (!std::ranges::all_of(entry.path().filename().string(), [](char c) { return c >= '0' && c <= '9'; }))
      continue;
    if (entry.path().filename() == std::to_string(getpid())) continue;
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    const std::string environment{std::istreambuf_iterator<char>(file), {}};
    if (environment.find(mark()) != std::string::npos) return true;
  }
  return false;
}

// No process of an execution is left, in whatever way it ended.
void expect_nobody_left() {
  constexpr int kTries = 60;
  for (int i = 0; i < kTries; ++i) {
    if (!somebody_left()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ADD_FAILURE() << "a process is left";
}

struct Fault {
  std::string fault;
  std::string code;
  std::string text;  // of its beginning
};
void PrintTo(const Fault& f, std::ostream* out) {
  *out << f.fault;
}

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, AreFailures) {
  const Fault& f = GetParam();
  Settings settings = settings_of(f.fault);
  settings.limit = 6;
  const auto begin = std::chrono::steady_clock::now();
  const engine::Execution e = execute({"stencil", 2}, settings);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(e.failure);
  EXPECT_EQ(e.failure->code, f.code);
  EXPECT_EQ(e.failure->text.substr(0, f.text.size()), f.text) << e.failure->text;
  EXPECT_LT(took.count(), 15);
  expect_nobody_left();
}

INSTANTIATE_TEST_SUITE_P(Starpu, Faults,
                         testing::Values(Fault{"crash:1:increment", "crashed",
                                               "process 1 in increment[4]: SIGSEGV"},
                                         Fault{"hang:0:stencil", "timeout", "process "},
                                         Fault{"exit:1:stencil", "died",
                                               "a process ended without an answer: the exit status was "},
                                         Fault{"wrong:0:stencil", "wrong_answer",
                                               "points[0, 0].input is 1007.0000000000018, not 1007"},
                                         Fault{"wrong:0:fill", "wrong_answer", "points[0, 0].input is "}),
                         [](const auto& test) {
                           std::string name = test.param.fault;
                           std::ranges::replace(name, ':', '_');
                           return name;
                         });

// One byte more in every message: the count is StarPU's own, and not what the plan says.
TEST(StarpuCounts, ExtraBytes) {
  const engine::Execution e = execute({"stencil", 2}, settings_of("extra:0:"));
  ASSERT_FALSE(e.failure) << e.failure->text;
  std::int64_t messages = 0;
  const plan::Plan& plan = *e.profile.plan;
  for (const plan::Op& op : plan.ops) {
    if (!is_transfer(op)) continue;
    const auto node = [&](plan::InstanceId i) {
      return plan.site->memories()[plan.instances[i].memory].node;
    };
    messages += node(op.source) != node(op.destination) ? 1 : 0;
  }
  EXPECT_GT(messages, 0);
  EXPECT_EQ(e.measured->counted.between_ranks, e.measured->planned.between_ranks + messages);
}

TEST(StarpuCounts, ExtraBytesOnDevices) {
  Settings settings = settings_of("extra:0:");
  settings.devices = true;
  const engine::Execution e = execute({"stencil", 1, "expert", 2}, settings);
  ASSERT_FALSE(e.failure) << e.failure->text;
  EXPECT_GT(e.measured->counted.to_devices, e.measured->planned.to_devices);
}

// What does not fit is known before anything starts, in the words of the runtime.
TEST(StarpuFailures, Capacity) {
  const engine::Execution e =
      execute({"stencil", 1}, real::mapper("stencil", "expert"), settings_of(), 200'000);
  ASSERT_TRUE(e.failure);
  EXPECT_EQ(e.failure->code, "out_of_memory");
  EXPECT_EQ(e.failure->text.substr(0, 46), "Default mapper failed allocation of size 27040")
      << e.failure->text;
}

TEST(StarpuFailures, NoLauncher) {
  Settings settings = settings_of();
  settings.launcher = {"no-such-launcher"};
  const engine::Execution e = execute({"stencil", 2}, settings);
  ASSERT_TRUE(e.failure);
  EXPECT_EQ(e.failure->code, "not_started");
}

TEST(StarpuFailures, WrongNumberOfProcesses) {
  Settings settings = settings_of();
  settings.launcher = {"mpirun", "--oversubscribe", "--bind-to", "none", "-n", "3", "sh",
                       "-c",     "exec \"$1\"",     "{ranks}"};
  const engine::Execution e = execute({"stencil", 2}, settings);
  ASSERT_TRUE(e.failure);
  EXPECT_EQ(e.failure->code, "ranks");
  EXPECT_EQ(e.failure->text, "the launcher started 3 processes, not 2");
}

TEST(StarpuFailures, Cancelled) {
  Settings settings = settings_of("hang:0:stencil");
  settings.cancelled = [begin = std::chrono::steady_clock::now()] {
    return std::chrono::steady_clock::now() - begin > std::chrono::seconds(2);
  };
  const engine::Execution e = execute({"stencil", 2}, settings);
  ASSERT_TRUE(e.failure);
  EXPECT_EQ(e.failure->code, "cancelled");
  expect_nobody_left();
}

// Every op has its time, tasks of one processor follow one another, and nothing starts before what it needs
// is over.
TEST(StarpuProfile, IsWhole) {
  const engine::Execution e = execute({"circuit", 2}, settings_of());
  ASSERT_FALSE(e.failure) << e.failure->text;
  const plan::Plan& plan = *e.profile.plan;
  // Two computers' clocks agree to the time of a message; these processes share one.
  constexpr double kClock = 2e-4;
  ASSERT_EQ(e.profile.spans.size(), plan.ops.size());
  for (plan::OpId i = 0; i < plan.ops.size(); ++i) {
    const engine::Span& s = e.profile.spans[i];
    EXPECT_LE(s.start, s.end);
    if (plan.ops[i].kind == plan::OpKind::task) {
      EXPECT_GT(s.end, s.start);
      for (const plan::Wait& w : plan.waits_of(i))
        EXPECT_GE(s.start, e.profile.spans[w.op].end - kClock) << i << " waits for " << w.op;
    }
  }
  EXPECT_GT(e.profile.timed_end, e.profile.timed_begin);
}

}  // namespace
}  // namespace mapwright
