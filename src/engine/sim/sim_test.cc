#include "engine/sim/sim.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/sim/testing.h"
#include "program/sketch.h"

namespace mapwright::engine::sim {
namespace {

using machine::ProcessorKind;
using plan::OpKind;
using program::Privilege;
using program::Sketch;
using testing::executed;
using testing::planned;
using testing::round_machine;

const program::Variant kGpu{ProcessorKind::gpu, program::Precision::double_precision, {}, 1, {}, ""};
const program::Variant kCpu{ProcessorKind::cpu, program::Precision::double_precision, {}, 1, {}, ""};
constexpr double kExact = 1e-9;

TEST(Sim, AComputeBoundTaskTakesItsFlopsOverTheRate) {
  const auto p =
      Sketch().region("r", 1'000'000, {{"x", 8}}).task("t", {kGpu, kCpu}).loop(4).launch("t", 2, 3e12).done();
  EXPECT_NEAR(executed(p, "").seconds_per_iteration, 3.0, kExact);
  EXPECT_NEAR(executed(p, "Task * CPU;").seconds_per_iteration, 600.0, 1e-6);  // both on one core
}

TEST(Sim, AStreamingTaskTakesTheBytesOverTheBandwidthOfTheMemory) {
  const auto p = Sketch()
                     .region("r", 100'000'000, {{"x", 8}})
                     .blocks("b", 2)
                     .task("t", {kGpu})
                     .loop(2, 1)
                     .launch("t", 2)
                     .on("b", Privilege::read_write)
                     .done();
  // 50 million x 8 bytes, read and written, at 100 GB/s.
  EXPECT_NEAR(executed(p, "").seconds_per_iteration, 0.008, kExact);
  EXPECT_NEAR(executed(p, "Region * * GPU ZCMEM;").seconds_per_iteration, 0.08, kExact);
}

TEST(Sim, CoresThatStandInForGpusRunTheKernelOfCpus) {
  // On a GPU half of its peak of 2 TF/s; the kernel of CPUs reaches what is sustained.
  program::Variant gpu = kGpu;
  gpu.precision = program::Precision::single_precision;
  gpu.peak_share = 0.5;
  program::Variant cpu = kCpu;
  cpu.precision = program::Precision::single_precision;
  machine::Machine stand_ins = round_machine();
  stand_ins.processors[ProcessorKind::gpu]->cores = 1;
  const auto both = Sketch().task("t", {gpu, cpu}).loop(4).launch("t", 2, 3e12).done();
  EXPECT_NEAR(executed(both, "").seconds_per_iteration, 3.0, kExact);
  EXPECT_NEAR(executed(both, "", stand_ins).seconds_per_iteration, 1.5, kExact);
  const auto one = Sketch().task("t", {gpu}).loop(4).launch("t", 2, 3e12).done();
  EXPECT_NEAR(executed(one, "", stand_ins).seconds_per_iteration, 3.0, kExact);
}

// Two pieces of 1,000 elements, whose owners write them and whose neighbours read 100 across the border: an
// aliased partition. 8 bytes an element.
program::Program ghosts(std::int64_t iterations = 10) {
  return Sketch()
      .region("r", 2000, {{"x", 8}})
      .partition("own", true, {{0, 999}, {1000, 1999}})
      .partition("halo", false, {{900, 1099}, {900, 1099}})
      .task("update", {kGpu})
      .task("look", {kGpu})
      .loop(iterations, 5)
      .launch("update", 2)
      .on("own", Privilege::read_write)
      .launch("look", 2)
      .on("halo", Privilege::read)
      .done();
}

constexpr std::string_view kByIndex = R"(
m = Machine(GPU);
def block(Task task) {
  i = task.ipoint[0] * m.size[0] * m.size[1] / task.ispace[0];
  return m[i / m.size[1], i % m.size[1]];
}
IndexTaskMap update, look block;
)";

TEST(Sim, GhostsInFramebuffersAreCopiedAndInZeroCopyMemoryAreShared) {
  // Each GPU fetches both halves of the halo: 100 elements from its own piece, 100 from the other's.
  Execution e = executed(ghosts(), std::string(kByIndex));
  EXPECT_EQ(e.traffic.local, 10 * 2 * 100 * 8);
  EXPECT_EQ(e.traffic.intra_node, 10 * 2 * 100 * 8);
  EXPECT_EQ(e.traffic.inter_node, 0);
  EXPECT_EQ(e.traffic.host_device, 0);
  // One instance of the halo for all: each piece sends its 100 elements there once.
  e = executed(ghosts(), std::string(kByIndex) + "Region * halo GPU ZCMEM;");
  EXPECT_EQ(e.traffic.local, 0);
  EXPECT_EQ(e.traffic.intra_node, 10 * 2 * 100 * 8);
  EXPECT_EQ(e.traffic.host_device, 10 * 2 * 100 * 8);
  // Everything in one memory, and nothing moves: the halo lies in two instances, which it cannot be read from
  // at once.
  e = executed(ghosts(), std::string(kByIndex) + "Region * * GPU ZCMEM;");
  EXPECT_EQ(e.traffic.local, 10 * 2 * 100 * 8);
  EXPECT_EQ(e.traffic.intra_node, 0);
}

TEST(Sim, GhostsBetweenNodesCrossTheNetworkOnce) {
  const Execution e = executed(ghosts(), std::string(kByIndex) + "# two nodes, the first GPU of each\n",
                               round_machine("count = 2\nsockets = [0, 0]", "count = 1\nsockets = [0]"), 2);
  EXPECT_EQ(e.traffic.inter_node, 10 * 2 * 100 * 8);
  EXPECT_EQ(e.traffic.inter_rank, 10 * 2 * 100 * 8);
  EXPECT_EQ(e.traffic.intra_node, 0);
}

TEST(Sim, InconsistentIndexMapsMoveAllDataEachStep) {
  const auto p = Sketch()
                     .region("r", 2'000'000, {{"x", 8}})
                     .blocks("b", 2)
                     .task("a", {kGpu})
                     .task("b", {kGpu})
                     .loop(3, 2)
                     .launch("a", 2)
                     .on("b", Privilege::read_write)
                     .launch("b", 2)
                     .on("b", Privilege::read_write)
                     .done();
  const std::string maps = R"(
m = Machine(GPU);
def straight(Task task) { return m[0, task.ipoint[0]]; }
def crossed(Task task) { return m[0, 1 - task.ipoint[0]]; }
IndexTaskMap a straight;
)";
  Execution e = executed(p, maps + "IndexTaskMap b straight;");
  EXPECT_EQ(e.traffic.intra_node, 0);
  e = executed(p, maps + "IndexTaskMap b crossed;");
  // Both halves, there and back: 8 MB each over PCIe at 10 GB/s, both directions at once; kernels 16 MB / 100
  // GB/s.
  EXPECT_EQ(e.traffic.intra_node, 3 * 4 * 8'000'000);
  EXPECT_NEAR(e.seconds_per_iteration, 2 * (8e6 / 10e9 + 16e6 / 100e9), kExact);
}

TEST(Sim, ReductionsAreFoldedIntoTheReadersInstance) {
  const auto p = Sketch()
                     .region("r", 1000, {{"x", 8}})
                     .partition("own", true, {{0, 499}, {500, 999}})
                     .partition("halo", false, {{0, 599}, {400, 999}})
                     .task("scatter", {kGpu})
                     .task("update", {kGpu})
                     .loop(7, 3)
                     .launch("scatter", 2)
                     .on("halo", Privilege::reduce)
                     .launch("update", 2)
                     .on("own", Privilege::read_write)
                     .done();
  const std::string one_each = R"(
m = Machine(GPU);
def one_each(Task task) { return m[0, task.ipoint[0]]; }
IndexTaskMap scatter, update one_each;
)";
  // Each GPU contributes 500 elements to its own piece and 100 to the other's.
  const Execution e = executed(p, one_each);
  EXPECT_EQ(e.traffic.local, 7 * 2 * 500 * 8);
  EXPECT_EQ(e.traffic.intra_node, 7 * 2 * 100 * 8);
  EXPECT_EQ(e.traffic.host_device, 0);
  // Reduction instances beside the pieces: 500 and 600 elements.
  ASSERT_EQ(e.memory.size(), 2u);
  EXPECT_EQ(e.memory[0].high_water, 1100 * 8);
}

TEST(Sim, AFullFramebufferFailsAsTheRuntimeDoes) {
  const auto p = Sketch()
                     .region("r", 1'500'000'000, {{"x", 8}})
                     .task("t", {kGpu})
                     .partition("whole", true, {{0, 1'499'999'999}})
                     .loop(1)
                     .launch("t", 1)
                     .on("whole", Privilege::read_write)
                     .done();
  const auto result = planned(p, "Region * whole GPU FBMEM;\n", round_machine(), 1);
  const auto& failure = std::get<plan::Failure>(result);
  EXPECT_EQ(failure.code, "out_of_memory");
  EXPECT_EQ(failure.text,
            "Default mapper failed allocation of size 12000000000 bytes for region requirement 0 of task t "
            "(UID 0) in "
            "memory 2 (FBMEM)");
  EXPECT_EQ(base::render(failure.problems.items()[0], false),
            R"(m.mapper:1:1: error[MW8201]: `whole` of `t` needs 12 GB in FBMEM, where 10 GB of 10 GB is free
 1 | Region * whole GPU FBMEM;
   | ^^^^^^^^^^^^^^^^^^^^^^^^
   = note: 12000000000 bytes are needed, 10000000000 are free. A list of memories, as FBMEM, ZCMEM, tries the next one.
)");
  // The next memory of the list is tried first; this one is too small as well, and the first is reported.
  const auto list = planned(p, "Region * whole GPU FBMEM, ZCMEM;\n", round_machine(), 1);
  EXPECT_EQ(std::get<plan::Failure>(list).text, failure.text);
  const auto room =
      planned(p, "Region * whole GPU FBMEM, ZCMEM;\n",
              round_machine("ZCMEM = {capacity = \"1 GB\"}", "ZCMEM = {capacity = \"20 GB\"}"), 1);
  EXPECT_TRUE(std::holds_alternative<plan::Plan>(room));
}

// One GPU reads four tables of 2 GB one after the other, which live in SYSMEM, and works a second on each.
// 0.2 s to fetch one.
program::Program tables() {
  Sketch s;
  s.region("r", 1'000'000'000, {{"x", 8}}).blocks("quarter", 4).task("fill", {kCpu}).task("work", {kGpu});
  s.launch("fill", 4).on("quarter", Privilege::write).loop(3, 0);
  for (std::uint32_t i = 0; i < 4; ++i) s.single("work", 1e12).on("quarter", Privilege::read, {}, {i});
  s.edit().waits = true;
  return s.done();
}

TEST(Sim, CollectionAndLimitsTradeOverlapForMemory) {
  // Kept: fetched once, in the first iteration, which is not timed apart here; 8 GB stay.
  Execution e = executed(tables(), "");
  EXPECT_EQ(e.traffic.host_device, 8'000'000'000);
  EXPECT_EQ(e.memory[1].high_water, 8'000'000'000);
  // Collected: fetched in every iteration. Nothing waits for room: all four are fetched at once while the
  // first runs.
  e = executed(tables(), "CollectMemory work *;");
  EXPECT_EQ(e.traffic.host_device, 3 * 8'000'000'000);
  EXPECT_EQ(e.memory[1].high_water, 8'000'000'000);
  // All share the link: each gets a quarter, and the four arrive together after 0.8 s.
  EXPECT_NEAR(e.seconds_per_iteration, 0.8 + 4, kExact);
  // One at a time: fetch, work, fetch, work; a quarter of the memory.
  e = executed(tables(), "CollectMemory work *;\nInstanceLimit work 1;");
  EXPECT_EQ(e.memory[1].high_water, 2'000'000'000);
  EXPECT_NEAR(e.seconds_per_iteration, 4 * (0.2 + 1), kExact);
  // Two at a time: the first two share the link (0.4 s), every other fetch hides behind work.
  e = executed(tables(), "CollectMemory work *;\nInstanceLimit work 2;");
  EXPECT_EQ(e.memory[1].high_water, 4'000'000'000);
  EXPECT_NEAR(e.seconds_per_iteration, 0.4 + 4, kExact);
  // Room for two: what does not fit waits for what is collected.
  e = executed(tables(), "CollectMemory work *;",
               round_machine("FBMEM = {capacity = \"10 GB\"}", "FBMEM = {capacity = \"5 GB\"}"));
  EXPECT_EQ(e.memory[1].high_water, 4'000'000'000);
  EXPECT_NEAR(e.seconds_per_iteration, 0.4 + 4, kExact);
}

TEST(Sim, ScatteredAccessesAndAtomicsArePricedByMemory) {
  Sketch s;
  s.region("r", 1000, {{"x", 8}})
      .blocks("b", 1)
      .task("t", {kGpu})
      .loop(2, 1)
      .launch("t", 1)
      .on("b", Privilege::read_write);
  s.last().requirements[0].gathers.values = {1e6};
  s.last().requirements[0].atomics.values = {2e6};
  const program::Program p = s.done();
  EXPECT_NEAR(executed(p, "").seconds_per_iteration, 16000 / 100e9 + 1e6 * 1e-9 + 2e6 * 1e-9, kExact);
  EXPECT_NEAR(executed(p, "Region * * GPU ZCMEM;").seconds_per_iteration,
              16000 / 10e9 + 1e6 * 10e-9 + 2e6 * 100e-9, kExact);
}

TEST(Sim, LayoutsCostTheTransactionsThatAreNotUsed) {
  const program::Variant c{
      ProcessorKind::gpu, program::Precision::double_precision, {}, 1, program::Order::c_order, ""};
  const auto p = Sketch()
                     .region("r", {1000, 1000}, {{"x", 8}, {"y", 8}, {"z", 8}})
                     .blocks("b", 1)
                     .task("all", {c})
                     .task("one", {c})
                     .loop(2, 1)
                     .launch("all", 1)
                     .on("b", Privilege::read_write)
                     .launch("one", 1)
                     .on("b", Privilege::read, {"y"})
                     .done();
  const double straight = (48e6 + 8e6) / 100e9;
  EXPECT_NEAR(executed(p, "").seconds_per_iteration, straight, kExact);
  EXPECT_NEAR(executed(p, "Layout * * * SOA C_order;").seconds_per_iteration, straight, kExact);
  // A sector of 32 bytes for each 8.
  EXPECT_NEAR(executed(p, "Layout * * * SOA F_order;").seconds_per_iteration, 4 * straight, kExact);
  // The task that wants one field of three drags the others along.
  EXPECT_NEAR(executed(p, "Layout * * * AOS C_order;").seconds_per_iteration, (48e6 + 3 * 8e6) / 100e9,
              kExact);
}

// What is made in one order serves the other, where there is but one dimension to order.
TEST(Sim, OneDimensionHasNoOrder) {
  const auto program = [](const std::vector<std::int64_t>& extents) {
    return Sketch()
        .region("r", extents, {{"x", 8}})
        .blocks("b", 1)
        .task("a", {kGpu})
        .task("b", {kGpu})
        .loop(2, 1)
        .launch("a", 1)
        .on("b", Privilege::read_write)
        .launch("b", 1)
        .on("b", Privilege::read_write)
        .done();
  };
  const char* mapper = "Layout a * * C_order;\nLayout b * * F_order;\n";
  EXPECT_EQ(executed(program({10'000}), mapper).traffic.local, 0);
  EXPECT_EQ(executed(program({100, 100}), mapper).traffic.local, 2 * 2 * 10'000 * 8);
}

TEST(Sim, ALayoutThatAKernelRefusesFailsAsTheKernelDoes) {
  const program::Variant strict{ProcessorKind::gpu,      program::Precision::double_precision,  {}, 1,
                                program::Order::f_order, "stride does not match expected value"};
  const auto p = Sketch()
                     .region("r", {10, 10}, {{"x", 8}, {"y", 8}})
                     .blocks("b", 1)
                     .task("t", {strict})
                     .loop(1)
                     .launch("t", 1)
                     .on("b", Privilege::read_write)
                     .done();
  EXPECT_TRUE(std::holds_alternative<plan::Plan>(planned(p, "", round_machine(), 1)));
  const auto failed = planned(p, "Layout t * * C_order;\n", round_machine(), 1);
  EXPECT_EQ(std::get<plan::Failure>(failed).code, "layout");
  EXPECT_EQ(std::get<plan::Failure>(failed).text, "stride does not match expected value");
  EXPECT_EQ(std::get<plan::Failure>(failed).problems.items()[0].message, "`t` cannot work on `b` in C order");
  EXPECT_TRUE(
      std::holds_alternative<plan::Failure>(planned(p, "Layout t * * AOS F_order;\n", round_machine(), 1)));
}

// An inner task on each node launches four products, one after the other, on the same data.
program::Program tree() {
  Sketch s;
  s.region("r", 4000, {{"x", 8}})
      .blocks("b", 4)
      .task("parent", {kGpu}, true)
      .task("leaf", {kGpu})
      .loop(2)
      .launch("parent", 2);
  s.edit().waits = true;
  for (std::uint32_t i = 0; i < 4; ++i) {
    s.single("leaf", 1e12).on("b", Privilege::read_write, {}, {i}).below(0, i / 2);
  }
  return s.done();
}

TEST(Sim, ASingleTaskRunsOnTheFirstProcessorUnlessItFollowsItsParent) {
  const std::string parents = R"(
m = Machine(GPU);
def one_each(Task task) { return m[0, task.ipoint[0]]; }
def follow(Task task) { return m[*task.parent.processor(m)]; }
IndexTaskMap parent one_each;
)";
  EXPECT_NEAR(executed(tree(), parents).seconds_per_iteration, 4.0, kExact);
  EXPECT_NEAR(executed(tree(), parents + "SingleTaskMap leaf follow;").seconds_per_iteration, 2.0, kExact);
}

TEST(Sim, LaunchesOfAParentTakeItTime) {
  const std::string follow = R"(
m = Machine(GPU);
def one_each(Task task) { return m[0, task.ipoint[0]]; }
def follow(Task task) { return m[*task.parent.processor(m)]; }
IndexTaskMap parent one_each;
SingleTaskMap leaf follow;
)";
  const auto slow =
      round_machine("mapping_untraced = \"0 s\"", "mapping_untraced = \"0 s\"\ninner_launch = \"3 s\"");
  // The second product of each parent is launched after 6 s and takes one.
  EXPECT_NEAR(executed(tree(), follow, slow).seconds_per_iteration, 7.0, kExact);
}

TEST(Sim, FuturesGateTheNextIteration) {
  Sketch s;
  s.region("r", 1000, {{"x", 8}})
      .blocks("b", 2)
      .task("step", {kGpu})
      .task("dt", {kCpu})
      .loop(5, 2)
      .single("dt", 1e10)  // a second
      .launch("step", 2, 1e12);
  s.edit().launches[0].futures = {1};
  s.edit().launches[1].futures = {0};
  const std::string map =
      "m = Machine(GPU);\ndef one_each(Task task) { return m[0, task.ipoint[0]]; }\nIndexTaskMap step "
      "one_each;\n";
  EXPECT_NEAR(executed(s.done(), map).seconds_per_iteration, 2.0, kExact);
  s.edit().launches[0].futures = {};
  EXPECT_NEAR(executed(s.done(), map).seconds_per_iteration, 1.0, kExact);
}

TEST(Sim, MappingTakesTheUtilityProcessorsTime) {
  Sketch s;
  s.region("r", 1000, {{"x", 8}})
      .blocks("b", 4)
      .task("t", {kGpu})
      .loop(50, 10)
      .launch("t", 4)
      .on("b", Privilege::read);
  s.edit().traced = true;
  const auto busy = [](const std::string& traced) {
    return round_machine("mapping_traced = \"0 s\"\nmapping_untraced = \"0 s\"",
                         "mapping_traced = \"" + traced + "\"\nmapping_untraced = \"1 ms\"");
  };
  // Four points on one node, one utility processor.
  EXPECT_NEAR(executed(s.done(), "", busy("100 us")).seconds_per_iteration, 400e-6, 1e-7);
  s.edit().traced = false;
  EXPECT_NEAR(executed(s.done(), "", busy("100 us")).seconds_per_iteration, 4e-3, 1e-7);
}

TEST(Sim, TheSamePlanTakesTheSameTimeEveryTime) {
  const auto once = executed(ghosts(), std::string(kByIndex), round_machine(), 2);
  const auto again = executed(ghosts(), std::string(kByIndex), round_machine(), 2);
  ASSERT_EQ(once.profile.spans.size(), again.profile.spans.size());
  for (std::size_t i = 0; i < once.profile.spans.size(); ++i) {
    EXPECT_EQ(once.profile.spans[i].start, again.profile.spans[i].start);
    EXPECT_EQ(once.profile.spans[i].end, again.profile.spans[i].end);
  }
}

TEST(Sim, ManyExecutionsRunAtOnceInThreads) {
  const auto program = std::make_shared<const program::Program>(ghosts());
  const auto planner = plan::Planner::create(program, round_machine(), 2);
  const auto compiled = lang::compile(std::make_shared<base::Source>("m.mapper", std::string(kByIndex)));
  auto placer = lang::Placer::create(compiled.mapper, (*planner)->site()->grid());
  std::vector<double> seconds(8);
  std::vector<std::thread> threads;
  for (double& result : seconds) {
    threads.emplace_back([&] {
      auto plan = (*planner)->plan(**placer);
      result = run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))))
                   .seconds_per_iteration;
    });
  }
  for (std::thread& t : threads) t.join();
  for (const double result : seconds) EXPECT_EQ(result, seconds.front());
  EXPECT_GT(seconds.front(), 0);
}

}  // namespace
}  // namespace mapwright::engine::sim
