#include "discover/discover.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "discover/diagnostics.h"
#include "machine/local.h"
#include "machine/machine_file.h"
#include "program/json.h"
#include "program/samples.h"

namespace mapwright::discover {
namespace {

using program::Privilege;
using program::samples::box;
using program::samples::line;
using program::samples::requirement;

// Cores that sustain 30 GF/s each, and read host memory at 10 GB/s; GPUs with 4500 GF/s and 500 GB/s.
machine::Machine machine_with(std::size_t gpus = 0) {
  constexpr std::int64_t kGiB = std::int64_t{1} << 30;
  machine::Inventory inventory{{{4, 16 * kGiB}, {4, 16 * kGiB}}, {}};
  inventory.gpus.assign(gpus, {0, 8 * kGiB});
  return machine::machine_from(inventory);
}

// What the adapter writes, line by line. The top-level task is call 1.
class Journal {
 public:
  Journal() {
    add(R"({"event":"launched","task":"top_level","order":0,"variants":["CPU"],"requirements":[]})");
    add(R"({"event":"mapped","task":"top_level","call":1,"order":0,)"
        R"("processors":["CPU 0"],"requirements":[]})");
  }

  Journal& add(std::string_view text) {
    text_ += fmt::format("{}\n", text);
    return *this;
  }
  // Elements 0 to 7 in two blocks of region 1, "cells", with the fields x (8 bytes) and y (4 bytes).
  Journal& cells() {
    add(R"({"event":"region","region":1,"space":10,"names":["cells","r1"],"bounds":[[0,7]],)"
        R"("fields":[{"field":101,"name":"x","bytes":8},{"field":102,"name":"y","bytes":4}]})");
    add(R"({"event":"space","space":10,"boxes":[[[0,7]]]})");
    add(R"({"event":"space","space":11,"boxes":[[[0,3]]]})");
    add(R"({"event":"space","space":12,"boxes":[[[4,7]]]})");
    return add(R"({"event":"partition","region":1,"partition":5,"names":["blocks"],"disjoint":true})");
  }
  Journal& launched(int parent, int order, std::string_view task, std::string_view bounds,
                    std::string_view requirements = "", std::string_view variants = R"("CPU")") {
    return add(fmt::format(R"({{"event":"launched","task":"{}","parent":{},"order":{},{}"variants":[{}],)"
                           R"("requirements":[{}]}})",
                           task, parent, order, bounds.empty() ? "" : fmt::format(R"("bounds":{},)", bounds),
                           variants, requirements));
  }
  Journal& mapped(int parent, int order, int call, std::string_view point,
                  std::string_view requirements = "") {
    return add(fmt::format(R"({{"event":"mapped","task":"t","call":{},{}"parent":{},"order":{},)"
                           R"("processors":["CPU 0"],"requirements":[{}]}})",
                           call, point.empty() ? "" : fmt::format(R"("point":{},)", point), parent, order,
                           requirements));
  }
  Journal& ran(int call, std::int64_t nanoseconds, std::string_view processor = "CPU 0") {
    return add(
        fmt::format(R"({{"event":"ran","task":"t","call":{},"processor":"{}","begin_ns":1000,"end_ns":{}}})",
                    call, processor, 1000 + nanoseconds));
  }
  // One block of the cells for each of two points, whose calls are `call` and the next.
  Journal& on_blocks(
      int order, std::string_view task, int call,
      std::string_view requirement = R"({"region":1,"privilege":"read_write","fields":[101]})") {
    launched(1, order, task, "[[0,1]]", requirement);
    for (int p = 0; p < 2; ++p) mapped(1, order, call + p, fmt::format("[{}]", p), block(p));
    return *this;
  }
  static std::string block(int b) {
    return fmt::format(R"({{"index":0,"region":1,"space":{},"partition":5,"instances":[]}})", 11 + b);
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Observation seen_in(const std::string& text);

// Each node maps the points of its own shard, below a call of its own.
TEST(Observation, ShardsAreOneTask) {
  Journal journal;
  journal.add(R"({"event":"launched","task":"top_level","order":0,"variants":["CPU"],"requirements":[]})");
  journal.add(
      R"({"event":"mapped","task":"top_level","call":2,"order":0,"processors":[],"requirements":[]})");
  journal.cells().launched(2, 4, "t", "[[0,1]]").launched(1, 4, "t", "[[0,1]]");
  journal.mapped(2, 4, 8, "[1]").mapped(1, 4, 9, "[0]").ran(8, 5000).ran(9, 7000);
  const Observation seen = seen_in(journal.text());
  ASSERT_EQ(seen.launches.size(), 2U);
  EXPECT_EQ(seen.launches[0].points.size(), 1U);
  EXPECT_EQ(seen.launches[1].parent, 1);
  ASSERT_EQ(seen.launches[1].points.size(), 2U);
  EXPECT_EQ(seen.launches[1].points[0].point[0], 1);
  EXPECT_NEAR(*seen.launches[1].points[0].seconds, 5e-6, 1e-12);
  EXPECT_NEAR(*seen.launches[1].points[1].seconds, 7e-6, 1e-12);
}

Observation seen_in(const std::string& text) {
  base::Result<Observation> seen = read_journal(text);
  if (seen) return *std::move(seen);
  ADD_FAILURE() << seen.problems().items().front().message;
  return {};
}

// Whatever is discovered can be written down.
program::Program discovered(const Journal& journal, const machine::Machine& machine = machine_with()) {
  base::Result<program::Program> p = discover("app", seen_in(journal.text()), machine);
  if (!p) {
    ADD_FAILURE() << p.problems().items().front().message;
    return {};
  }
  const base::Result<program::Program> again = program::load("app.json", program::save(*p));
  EXPECT_TRUE(again.ok() && *again == *p) << program::save(*p);
  return *std::move(p);
}

std::string shown(const base::Diagnostics& problems) {
  const base::Diagnostic& d = problems.items().front();
  return fmt::format("{}: {}{}{}", d.kind->code, d.message, d.note.empty() ? "" : "\n", d.note);
}

// What is wrong with a journal, or with what it tells; empty where nothing is.
std::string problem_in(const std::string& text) {
  const base::Result<Observation> seen = read_journal(text);
  if (!seen) return shown(seen.problems());
  const base::Result<program::Program> p = discover("app", *seen, machine_with());
  return p ? "" : shown(p.problems());
}
std::string problem_in(const Journal& journal) {
  return problem_in(journal.text());
}

std::vector<std::string> tasks_of(const program::Program& p) {
  std::vector<std::string> names;
  for (const program::Launch& l : p.launches) names.push_back(p.tasks[l.task].name);
  return names;
}

constexpr const char* kUnwatched = "which launches wait for whose results was not seen";
constexpr const char* kNoLoop = "nothing repeats: all of the execution is one iteration";

// What took no time moves nothing.
program::Requirement idle(program::Requirement requirement) {
  requirement.streamed = 0;
  return requirement;
}

using Names = std::vector<std::string>;
using Numbers = std::vector<std::uint32_t>;

// ---------------------------------------------------------------------------------------------------------------------
// journals

// One operation of its parent, several tasks.
TEST(Discovered, TasksOfAMustEpochLaunchAreAllThere) {
  Journal journal;
  for (int p = 0; p < 3; ++p)
    journal.add(fmt::format(R"({{"event":"launched","task":"shard","parent":1,"order":4,"epoch":[{}],)"
                            R"("variants":["CPU"],"requirements":[]}})",
                            p));
  for (int p = 2; p >= 0; --p)
    journal.add(
        fmt::format(R"({{"event":"mapped","task":"shard","call":{},"parent":1,"order":4,"epoch":[{}],)"
                    R"("processors":["CPU 0"],"requirements":[]}})",
                    10 + p, p));
  journal.launched(11, 0, "leaf", "").mapped(11, 0, 20, "");
  const program::Program p = discovered(journal);
  std::size_t shards = 0;
  std::size_t leaves = 0;
  for (const program::Launch& launch : p.launches) ++(launch.parent ? leaves : shards);
  EXPECT_EQ(shards, 3u);
  EXPECT_EQ(leaves, 1u);
}

TEST(Journals, SayWhatWasSeen) {
  Journal journal;
  journal.cells()
      .launched(1, 7, "step", "[[0,1],[2,2]]",
                R"({"region":1,"privilege":"reduce","shared":true,"fields":[102,101]},)"
                R"({"privilege":"none","fields":[]})",
                R"("GPU","CPU")")
      .mapped(1, 7, 30, "[1,2]", R"({"index":0,"region":1,"space":12,"partition":5},{"index":1})")
      .ran(30, 2500, "GPU 1 of node 3")
      .add(R"({"event":"copy","call":30,"requirement":0,"from":"SYSMEM","to":"FBMEM 0","bytes":64})")
      .add(R"({"event":"copy","call":30,"requirement":0,"to":"FBMEM 0","bytes":8})")
      .add(R"({"event":"fill","call":30,"requirement":0,"to":"FBMEM 0","bytes":16})");
  const Observation seen = seen_in(journal.text());
  ASSERT_EQ(seen.regions.size(), 1U);
  const SeenRegion& region = seen.regions.at(1);
  EXPECT_EQ(region.names, (Names{"cells", "r1"}));
  EXPECT_EQ(region.elements, line(0, 7));
  EXPECT_EQ(region.space, 10);
  ASSERT_EQ(region.fields.size(), 2U);
  EXPECT_EQ(region.fields[1].id, 102);
  EXPECT_EQ(region.fields[1].name, "y");
  EXPECT_EQ(region.fields[1].bytes, 4);
  EXPECT_EQ(seen.spaces.at(12), std::vector{line(4, 7)});
  EXPECT_EQ(seen.partitions.at({1, 5}).names, Names{"blocks"});
  EXPECT_TRUE(seen.partitions.at({1, 5}).disjoint);
  ASSERT_EQ(seen.launches.size(), 2U);
  EXPECT_EQ(seen.launches[0].parent, std::nullopt);
  EXPECT_EQ(seen.launches[0].domain, std::nullopt);
  const SeenLaunch& step = seen.launches[1];
  EXPECT_EQ(step.task, "step");
  EXPECT_EQ(step.parent, 1);
  EXPECT_EQ(step.order, 7);
  EXPECT_EQ(step.domain, box({{0, 1}, {2, 2}}));
  EXPECT_EQ(step.variants, (std::vector{machine::ProcessorKind::gpu, machine::ProcessorKind::cpu}));
  ASSERT_EQ(step.requirements.size(), 2U);
  EXPECT_EQ(step.requirements[0].region, 1);
  EXPECT_EQ(step.requirements[0].privilege, Privilege::reduce);
  EXPECT_TRUE(step.requirements[0].shared);
  EXPECT_EQ(step.requirements[0].fields, (std::vector<Number>{102, 101}));
  EXPECT_EQ(step.requirements[1].region, std::nullopt);
  EXPECT_FALSE(step.requirements[1].shared);
  ASSERT_EQ(step.points.size(), 1U);
  EXPECT_EQ(step.points[0].call, 30);
  EXPECT_EQ(step.points[0].point, (lang::Point{1, 2}));
  EXPECT_EQ(step.points[0].pieces,
            (std::vector<std::optional<SeenPiece>>{SeenPiece{1, 12, 5}, std::nullopt}));
  EXPECT_EQ(step.points[0].kind, machine::ProcessorKind::gpu);
  EXPECT_DOUBLE_EQ(step.points[0].seconds.value_or(0), 2.5e-6);
  EXPECT_EQ(seen.copies, 2);
  EXPECT_EQ(seen.copied_bytes, 72);
}

TEST(Journals, MayBeCutInTheirLastLine) {
  const std::string whole = Journal().cells().on_blocks(1, "step", 20).text();
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t size = last; size < whole.size(); ++size)
    EXPECT_EQ(seen_in(whole.substr(0, size)).launches.back().points.size(), 1U) << size;
  EXPECT_EQ(seen_in(whole).launches.back().points.size(), 2U);
  EXPECT_TRUE(seen_in("").launches.empty());
}

TEST(Journals, SayWhichLineIsWrong) {
  const auto third = [](const std::string& text) { return problem_in(Journal().add(text).cells()); };
  const auto expected = [](std::string_view why) {
    return fmt::format("MW9501: line 3 of the journal cannot be read: {}", why);
  };
  const std::string no_object = expected("it is no object of JSON");
  EXPECT_EQ(third(""), no_object);
  EXPECT_EQ(third(R"({"event":"space","space":1)"), no_object);
  EXPECT_EQ(third("[]"), no_object);
  EXPECT_EQ(third("{\"event\":\"\xFF\"}"), no_object);
  EXPECT_EQ(third("{}"), expected("there is no 'event'"));
  EXPECT_EQ(third(R"({"event":7})"), expected("'event' is not a text"));
  EXPECT_EQ(third(R"({"event":"space"})"), expected("there is no 'boxes'"));
  EXPECT_EQ(third(R"({"event":"space","space":1,"boxes":null})"), expected("'boxes' is not a list"));
  EXPECT_EQ(third(R"({"event":"space","space":1,"boxes":{"a":[[0,1]]}})"), expected("'boxes' is not a list"));
  EXPECT_EQ(third(R"({"event":"space","space":1,"boxes":[[]]})"), expected("a box of 0 dimensions"));
  EXPECT_EQ(third(R"({"event":"space","space":1,"boxes":[[[0,1],[0,1],[0,1],[0,1],[0,1],)"
                  R"([0,1],[0,1],[0,1],[0,1],[0,1]]]})"),
            expected("a box of 10 dimensions"));
  EXPECT_EQ(third(R"({"event":"space","space":1,"boxes":[[[0]]]})"),
            expected("a box with 1 ends in one dimension"));
  EXPECT_EQ(third(R"({"event":"space","space":1,"boxes":[[[0,9223372036854775807]]]})"),
            expected("'boxes' cannot be 9223372036854775807"));
  EXPECT_EQ(third(R"({"event":"space","space":1,"boxes":[[[-2251799813685249,0]]]})"),
            expected("'boxes' cannot be -2251799813685249"));
  EXPECT_EQ(third(R"({"event":"space","space":18446744073709551615,"boxes":[]})"),
            expected("'space' is not a whole number of 64 bits"));
  EXPECT_EQ(third(R"({"event":"space","space":1e300,"boxes":[]})"),
            expected("'space' is not a whole number of 64 bits"));
  EXPECT_EQ(third(R"({"event":"space","space":"1","boxes":[]})"),
            expected("'space' is not a whole number of 64 bits"));
  EXPECT_EQ(third(R"({"event":"partition","region":1,"partition":2,"names":[],"disjoint":true})"),
            expected("something without any name"));
  EXPECT_EQ(third(R"({"event":"partition","region":1,"partition":2,"names":["p"],"disjoint":1})"),
            expected("'disjoint' is not true or false"));
  EXPECT_EQ(third(R"({"event":"region","region":1,"space":1,"names":["r"],"bounds":[[0,1]],"fields":[7]})"),
            expected("'fields' is not an object"));
  EXPECT_EQ(third(R"({"event":"region","region":1,"space":1,"names":["r"],"bounds":[[0,1]],)"
                  R"("fields":[{"field":1,"name":"x","bytes":-8}]})"),
            expected("'bytes' cannot be -8"));
  EXPECT_EQ(third(R"({"event":"launched","task":"t","order":3,"variants":["TPU\u0007"],"requirements":[]})"),
            expected("'TPU\\x07' is no kind of processor"));
  EXPECT_EQ(third(R"({"event":"launched","task":"t","order":3,"variants":[],)"
                  R"("requirements":[{"privilege":"own","fields":[]}]})"),
            expected("'own' is no privilege"));
  EXPECT_EQ(third(R"({"event":"launched","task":"t","order":3,"variants":[],)"
                  R"("requirements":[{"privilege":"read","fields":[0.5]}]})"),
            expected("'fields' is not a whole number of 64 bits"));
  EXPECT_EQ(third(R"({"event":"mapped","call":2,"order":0,"requirements":[5]})"),
            expected("'requirements' is not an object"));
  EXPECT_EQ(third(R"({"event":"ran","call":1,"processor":4})"), expected("'processor' is not a text"));
  EXPECT_EQ(third(R"({"event":"ran","call":1,"begin_ns":4})"), expected("there is no 'end_ns'"));
  EXPECT_EQ(third(R"({"event":"copy","bytes":-1})"), expected("'bytes' cannot be -1"));
  EXPECT_EQ(third(R"({"event":"something new"})").substr(0, 6), "MW9502")
      << "lines of other kinds are skipped";
}

TEST(Journals, HavePointsOfTheirLaunches) {
  const auto with_point = [](const char* point) {
    return problem_in(Journal().launched(1, 1, "t", "[[0,1],[0,1]]").mapped(1, 1, 2, point).add("{}"));
  };
  const std::string outside = "MW9501: line 4 of the journal cannot be read: a point outside of its launch";
  for (const char* point : {"[]", "[0]", "[0,0,0]", "[0,2]", "[-1,0]"})
    EXPECT_EQ(with_point(point), outside) << point;
  EXPECT_EQ(with_point(""), "MW9501: line 4 of the journal cannot be read: there is no 'point'");
  EXPECT_EQ(with_point("[0,1]"), "MW9501: line 5 of the journal cannot be read: there is no 'event'");
}

TEST(Journals, CountWhatIsToldTwiceOnce) {
  const Observation seen = seen_in(Journal()
                                       .cells()
                                       .on_blocks(1, "step", 20)
                                       .add(R"({"event":"space","space":11,"boxes":[]})")
                                       .on_blocks(1, "again", 20)
                                       .ran(20, 4)
                                       .add(R"({"event":"copy","bytes":9223372036854775807})")
                                       .add(R"({"event":"copy","bytes":9223372036854775807})")
                                       .text());
  ASSERT_EQ(seen.launches.size(), 2U);
  EXPECT_EQ(seen.launches[1].task, "step");
  EXPECT_EQ(seen.launches[1].points.size(), 2U);
  EXPECT_DOUBLE_EQ(seen.launches[1].points[0].seconds.value_or(0), 4e-9);
  EXPECT_EQ(seen.spaces.at(11), std::vector{line(0, 3)});
  EXPECT_EQ(seen.copied_bytes, std::numeric_limits<std::int64_t>::max());
}

TEST(Journals, HaveNoTimesThatWereNotTaken) {
  const auto seconds = [](const char* times) {
    const Observation seen =
        seen_in(Journal().add(fmt::format(R"({{"event":"ran","call":1,{}}})", times)).text());
    return seen.launches[0].points[0].seconds;
  };
  EXPECT_EQ(seconds(R"("begin_ns":5,"end_ns":5)"), 0);
  EXPECT_EQ(seconds(R"("begin_ns":5,"end_ns":4)"), std::nullopt);
  EXPECT_EQ(seconds(R"("begin_ns":-9223372036854775808,"end_ns":9223372036854775807)"), std::nullopt);
  EXPECT_EQ(seconds(R"("processor":"CPU 0")"), std::nullopt);
}

// ---------------------------------------------------------------------------------------------------------------------
// programs

TEST(Discovery, FindsTheLoop) {
  Journal journal;
  journal.cells().on_blocks(1, "init", 100);
  for (int i = 0; i < 7; ++i) {
    journal.on_blocks(2 + 2 * i, "step", 200 + 10 * i);
    journal.on_blocks(3 + 2 * i, "sum", 205 + 10 * i,
                      R"({"region":1,"privilege":"read","fields":[101,102]})");
  }
  journal.on_blocks(50, "finish", 300);
  const program::Program p = discovered(journal);
  EXPECT_EQ(tasks_of(p), (Names{"init", "step", "sum", "finish"}));
  EXPECT_EQ(p.name, "app");
  EXPECT_EQ(p.loop_begin, 1U);
  EXPECT_EQ(p.loop_end, 3U);
  EXPECT_EQ(p.warmup, 1);
  EXPECT_EQ(p.iterations, 4) << "of six";
  EXPECT_EQ(p.notes[0], "2 launches repeat 7 times: they are the loop, of which 4 iterations are simulated");
  EXPECT_EQ(p.notes.back(), kUnwatched);
  ASSERT_EQ(p.regions.size(), 1U);
  EXPECT_EQ(p.regions[0].name, "cells");
  EXPECT_EQ(p.regions[0].elements, line(0, 7));
  EXPECT_EQ(p.regions[0].fields, (std::vector<program::Field>{{"x", 8}, {"y", 4}}));
  ASSERT_EQ(p.partitions.size(), 1U);
  EXPECT_EQ(p.partitions[0], program::samples::partition("blocks", 0, true, {line(0, 3), line(4, 7)}));
  const program::Launch& sum = p.launches[2];
  EXPECT_EQ(sum.domain, line(0, 1));
  EXPECT_FALSE(sum.single);
  EXPECT_EQ(sum.requirements, std::vector{idle(requirement(0, Privilege::read, 3, {0, 1}))});
}

TEST(Discovery, WarmsUpWhereItCan) {
  const auto repeated = [](int times) {
    Journal journal;
    journal.cells();
    for (int i = 0; i < times; ++i) journal.on_blocks(1 + i, "step", 20 + 2 * i);
    const program::Program p = discovered(journal);
    EXPECT_EQ(p.launches.size(), 1U);
    return std::pair(p.warmup, p.iterations);
  };
  using Iterations = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(repeated(1), Iterations(0, 1));
  EXPECT_EQ(repeated(2), Iterations(0, 2));
  EXPECT_EQ(repeated(3), Iterations(1, 2));
  EXPECT_EQ(repeated(5), Iterations(1, 4));
  EXPECT_EQ(repeated(9), Iterations(1, 4));
}

TEST(Discovery, TakesTheLoopThatCoversMost) {
  Journal journal;
  journal.cells();
  // a a a, then b b c twice: the longer stretch is the loop, its inner repetition is not.
  int order = 0;
  for (const char* task : {"a", "a", "a", "b", "b", "c", "b", "b", "c", "d"}) {
    ++order;
    journal.on_blocks(order, task, 100 + 2 * order);
  }
  const program::Program p = discovered(journal);
  EXPECT_EQ(tasks_of(p), (Names{"a", "a", "a", "b", "b", "c", "d"}));
  EXPECT_EQ(p.loop_begin, 3U);
  EXPECT_EQ(p.loop_end, 6U);
}

TEST(Discovery, KeepsWhatDiffersApart) {
  // The same task on other pieces, with other fields, privileges, coherence or domains is another step.
  Journal journal;
  journal.cells().on_blocks(1, "t", 20);
  journal.on_blocks(2, "t", 30, R"({"region":1,"privilege":"read_write","fields":[102]})");
  journal.on_blocks(3, "t", 40, R"({"region":1,"privilege":"read","fields":[102]})");
  journal.on_blocks(4, "t", 50, R"({"region":1,"privilege":"read","shared":true,"fields":[102]})");
  journal.launched(1, 5, "t", "[[0,1]]", R"({"region":1,"privilege":"read","fields":[102]})");
  journal.mapped(1, 5, 60, "[0]", Journal::block(1)).mapped(1, 5, 61, "[1]", Journal::block(0));
  journal.launched(1, 6, "t", "[[1,2]]", R"({"region":1,"privilege":"read","fields":[102]})");
  journal.mapped(1, 6, 70, "[1]", Journal::block(1)).mapped(1, 6, 71, "[2]", Journal::block(0));
  journal.launched(1, 7, "t", "").mapped(1, 7, 80, "");
  journal.launched(1, 8, "t", "[[0,0]]").mapped(1, 8, 90, "[0]");
  journal.launched(1, 9, "t", "[[0,1]]").mapped(1, 9, 100, "[0]");
  journal.launched(1, 10, "t", "[[0,1]]").mapped(1, 10, 110, "[1]");
  const program::Program p = discovered(journal);
  EXPECT_EQ(p.launches.size(), 10U);
  EXPECT_EQ(p.notes[0], kNoLoop);
}

TEST(Discovery, IsOneIterationWhereNothingRepeats) {
  const program::Program p = discovered(Journal().cells().on_blocks(1, "a", 20).on_blocks(2, "b", 30));
  EXPECT_EQ(p.loop_begin, 0U);
  EXPECT_EQ(p.loop_end, 2U);
  EXPECT_EQ(p.warmup, 0);
  EXPECT_EQ(p.iterations, 1);
  EXPECT_EQ(p.notes, (Names{kNoLoop, "4 points have no time: they count as none", kUnwatched}));
}

TEST(Discovery, FollowsTheOrderOfLaunchesNotOfLines) {
  EXPECT_EQ(tasks_of(discovered(
                Journal().cells().on_blocks(3, "c", 20).on_blocks(1, "a", 30).on_blocks(2, "b", 40))),
            (Names{"a", "b", "c"}));
}

TEST(Discovery, StandsTasksBelowTheirParents) {
  Journal journal;
  journal.cells();
  // Twice: an index launch, whose second point launches twice and whose first launches once.
  for (int i = 0; i < 2; ++i) {
    const int call = 100 * (i + 1);
    journal.launched(1, i, "outer", "[[0,1]]")
        .mapped(1, i, call + 1, "[1]")
        .mapped(1, i, call, "[0]")
        .launched(call + 1, 1, "second", "")
        .launched(call + 1, 0, "first", "")
        .launched(call, 0, "only", "[[0,2]]")
        .mapped(call + 1, 0, call + 10, "")
        .mapped(call + 1, 1, call + 11, "")
        .launched(call + 1, 2, "never mapped", "");
    for (int p = 0; p < 3; ++p)
      journal.mapped(call, 0, call + 20 + p, fmt::format("[{}]", p)).ran(call + 20 + p, 1000);
  }
  const program::Program p = discovered(journal);
  EXPECT_EQ(tasks_of(p), (Names{"outer", "only", "first", "second"}));
  EXPECT_TRUE(p.tasks[0].inner);
  EXPECT_FALSE(p.tasks[1].inner);
  EXPECT_EQ(p.launches[0].parent, std::nullopt);
  EXPECT_EQ(p.launches[1].parent, (program::Parent{0, 0}));
  EXPECT_EQ(p.launches[2].parent, (program::Parent{0, 1}));
  EXPECT_EQ(p.launches[3].parent, (program::Parent{0, 1}));
  EXPECT_TRUE(p.launches[2].single);
  EXPECT_EQ(p.loop_begin, 0U);
  EXPECT_EQ(p.loop_end, 4U);
  EXPECT_EQ(p.iterations, 2);
  // 1 us of a core's 30 GF/s.
  ASSERT_EQ(p.launches[1].flops.values.size(), 3U);
  EXPECT_DOUBLE_EQ(p.launches[1].flops.values[2], 30'000);
  EXPECT_TRUE(p.launches[0].flops.values.empty()) << "what launches takes no time of its own";
}

TEST(Discovery, IsNotDeceivedByWhichPointLaunches) {
  Journal journal;
  for (int i = 0; i < 2; ++i) {
    const int call = 100 * (i + 1);
    journal.launched(1, i, "outer", "[[0,1]]").mapped(1, i, call, "[0]").mapped(1, i, call + 1, "[1]");
    journal.launched(call + i, 0, "inner", "").mapped(call + i, 0, call + 2, "");
  }
  const program::Program p = discovered(journal);
  EXPECT_EQ(tasks_of(p), (Names{"outer", "inner", "outer", "inner"}));
  EXPECT_EQ(p.launches[1].parent, (program::Parent{0, 0}));
  EXPECT_EQ(p.launches[3].parent, (program::Parent{2, 1}));
}

TEST(Discovery, BeginsBelowATopThatNobodyMapped) {
  std::string text = Journal().cells().on_blocks(1, "a", 20).on_blocks(2, "b", 30).text();
  for (int i = 0; i < 2; ++i) text.erase(0, text.find('\n') + 1);
  const base::Result<program::Program> p = discover("app", seen_in(text), machine_with());
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(tasks_of(*p), (Names{"a", "b"}));
}

TEST(Discovery, HasPiecesOfSeveralBoxesAndOfNone) {
  Journal journal;
  journal.cells()
      .add(R"({"event":"space","space":21,"boxes":[[[0,0]],[[2,3]]]})")
      .add(R"({"event":"space","space":22,"boxes":[]})")
      .add(R"({"event":"partition","region":1,"partition":6,"names":["sparse"],"disjoint":true})")
      .launched(1, 1, "t", "[[0,2]]", R"({"region":1,"privilege":"write","fields":[102]})");
  const int spaces[] = {21, 22, 12};
  for (int p = 0; p < 3; ++p)
    journal.mapped(1, 1, 20 + p, fmt::format("[{}]", p),
                   fmt::format(R"({{"region":1,"space":{},"partition":6}})", spaces[p]));
  const program::Program p = discovered(journal);
  ASSERT_EQ(p.partitions.size(), 1U);
  EXPECT_EQ(p.partitions[0],
            (program::Partition{"sparse", 0, true, {line(0, 0), line(2, 3), line(4, 7)}, {0, 2, 2, 3}}));
  EXPECT_EQ(p.launches[0].requirements, std::vector{idle(requirement(0, Privilege::write, 2, {0, 1, 2}))});
}

TEST(Discovery, CallsAllOfARegionByItsName) {
  Journal journal;
  const std::string whole = R"({"region":1,"space":10})";
  journal.cells().launched(1, 1, "t", "[[0,1]]", R"({"region":1,"privilege":"read","fields":[101]})");
  journal.mapped(1, 1, 20, "[0]", whole).mapped(1, 1, 21, "[1]", whole);
  journal.launched(1, 2, "u", "", R"({"region":1,"privilege":"read_write","fields":[101]})");
  journal.mapped(1, 2, 30, "", whole);
  const program::Program p = discovered(journal);
  ASSERT_EQ(p.partitions.size(), 1U);
  EXPECT_EQ(p.partitions[0], program::samples::partition("cells", 0, true, {line(0, 7)}));
  EXPECT_EQ(p.launches[0].requirements, std::vector{idle(requirement(0, Privilege::read, 1, {0}))});
  EXPECT_EQ(p.launches[1].requirements, std::vector{idle(requirement(0, Privilege::read_write, 1, {0}))});
}

TEST(Discovery, SaysWhichPieceEachPointHas) {
  // Points come as they were mapped, and a projection turns their pieces round.
  Journal journal;
  journal.cells().on_blocks(1, "first", 20);
  journal.launched(1, 2, "turned", "[[0,1]]", R"({"region":1,"privilege":"read_write","fields":[101]})");
  journal.mapped(1, 2, 31, "[1]", Journal::block(0)).mapped(1, 2, 30, "[0]", Journal::block(1));
  journal.ran(30, 1000).ran(31, 2000);
  const program::Program p = discovered(journal);
  ASSERT_EQ(p.partitions.size(), 1U);
  EXPECT_EQ(p.launches[0].requirements[0].pieces, (Numbers{0, 1}));
  EXPECT_EQ(p.launches[1].requirements[0].pieces, (Numbers{1, 0}));
  ASSERT_EQ(p.launches[1].flops.values.size(), 2U);
  EXPECT_DOUBLE_EQ(p.launches[1].flops.values[0], 30'000);
  EXPECT_DOUBLE_EQ(p.launches[1].flops.values[1], 60'000);
}

TEST(Discovery, RunsPointsRowByRow) {
  Journal journal;
  journal.launched(1, 1, "t", "[[0,1],[0,1]]");
  int call = 20;
  for (const char* point : {"[1,0]", "[0,1]", "[1,1]", "[0,0]"}) {
    journal.mapped(1, 1, call, point).ran(call, (call - 19) * 1000);
    ++call;
  }
  const std::vector<double> flops = discovered(journal).launches[0].flops.values;
  ASSERT_EQ(flops.size(), 4U);
  EXPECT_DOUBLE_EQ(flops[0], 4 * 30'000);
  EXPECT_DOUBLE_EQ(flops[1], 2 * 30'000);
  EXPECT_DOUBLE_EQ(flops[2], 1 * 30'000);
  EXPECT_DOUBLE_EQ(flops[3], 3 * 30'000);
}

TEST(Discovery, GivesPointsThatWereNotMappedNothing) {
  // A sparse domain lacks points, and so does an execution that ended too early.
  Journal journal;
  journal.cells().launched(1, 1, "t", "[[0,3]]", R"({"region":1,"privilege":"read_write","fields":[101]})");
  journal.mapped(1, 1, 20, "[1]", Journal::block(0)).mapped(1, 1, 21, "[3]", Journal::block(1));
  journal.ran(20, 1000).ran(21, 2000);
  const program::Program p = discovered(journal);
  ASSERT_EQ(p.partitions.size(), 1U);
  EXPECT_EQ(p.partitions[0], (program::Partition{"blocks", 0, true, {line(0, 3), line(4, 7)}, {0, 0, 1, 2}}));
  EXPECT_EQ(p.launches[0].requirements[0].pieces, (Numbers{0, 1, 0, 2}));
  EXPECT_EQ(p.launches[0].flops.values[0], 0);
  EXPECT_DOUBLE_EQ(p.launches[0].flops.values[1], 30'000);
  EXPECT_EQ(p.notes, (Names{kNoLoop, "2 points were not mapped: they have no data and no time", kUnwatched}));
}

TEST(Discovery, KeepsThePlacesOfRequirementsWithoutData) {
  Journal journal;
  journal.cells()
      .launched(
          1, 1, "t", "",
          R"({"privilege":"read","fields":[]},{"region":9,"privilege":"read","fields":[101]},)"
          R"({"region":1,"privilege":"read","fields":[77]},{"region":1,"privilege":"write","fields":[102]},)"
          R"({"region":1,"privilege":"read","fields":[101]})")
      .mapped(1, 1, 20, "",
              R"({"index":0},{"index":1,"region":9,"space":3},{"region":1,"space":11,"partition":5},)" +
                  Journal::block(1));
  const program::Program p = discovered(journal);
  EXPECT_EQ(
      p.launches[0].requirements,
      (std::vector{requirement(0, Privilege::none, 1, {0}), requirement(0, Privilege::none, 1, {0}),
                   requirement(1, Privilege::none, 1, {0}), idle(requirement(1, Privilege::write, 2, {1})),
                   requirement(0, Privilege::none, 1, {0})}));
  EXPECT_EQ(p.partitions[0].name, "cells");
  EXPECT_EQ(p.partitions[1].name, "blocks");
}

TEST(Discovery, PromisesNothingOfPiecesFromElsewhere) {
  // One point has a piece of a disjoint partition, the other one of another partition that overlaps it.
  Journal journal;
  journal.cells()
      .add(R"({"event":"space","space":31,"boxes":[[[2,5]]]})")
      .launched(1, 1, "t", "[[0,1]]", R"({"region":1,"privilege":"read","fields":[101]})")
      .mapped(1, 1, 20, "[0]", Journal::block(0))
      .mapped(1, 1, 21, "[1]", R"({"region":1,"space":31,"partition":8})");
  const program::Program p = discovered(journal);
  ASSERT_EQ(p.partitions.size(), 1U);
  EXPECT_EQ(p.partitions[0], program::samples::partition("blocks", 0, false, {line(0, 3), line(2, 5)}));
}

TEST(Discovery, SumsIntoWhatIsShared) {
  Journal journal;
  journal.cells();
  journal.on_blocks(1, "a", 20, R"({"region":1,"privilege":"read_write","shared":true,"fields":[101]})");
  journal.on_blocks(2, "b", 30, R"({"region":1,"privilege":"write","shared":true,"fields":[101]})");
  journal.on_blocks(3, "c", 40, R"({"region":1,"privilege":"read","shared":true,"fields":[101]})");
  const program::Program p = discovered(journal);
  EXPECT_EQ(p.launches[0].requirements[0].privilege, Privilege::reduce);
  EXPECT_EQ(p.launches[1].requirements[0].privilege, Privilege::reduce);
  EXPECT_EQ(p.launches[2].requirements[0].privilege, Privilege::read);
  EXPECT_EQ(p.notes,
            (Names{kNoLoop, "6 points have no time: they count as none",
                   "2 requirements share data with tasks of the same time: they count as sums", kUnwatched}));
}

TEST(Discovery, TakesTheMedianOfTimes) {
  Journal journal;
  journal.cells();
  const int times[3][2] = {{1000, 5000}, {3000, 5000}, {2000, 1000}};
  for (int i = 0; i < 3; ++i) {
    journal.on_blocks(1 + i, "step", 20 + 10 * i);
    for (int p = 0; p < 2; ++p) journal.ran(20 + 10 * i + p, times[i][p]);
  }
  const program::Program p = discovered(journal);
  ASSERT_EQ(p.launches.size(), 1U);
  ASSERT_EQ(p.launches[0].flops.values.size(), 2U);
  // 2 us and 5 us of 30 GF/s; 128 bytes to stream are nothing beside that.
  EXPECT_DOUBLE_EQ(p.launches[0].flops.values[0], 60'000);
  EXPECT_DOUBLE_EQ(p.launches[0].flops.values[1], 150'000);
  EXPECT_EQ(p.launches[0].requirements[0].streamed, std::nullopt);
  EXPECT_EQ(p.notes.size(), 2U) << "all points were timed";
}

TEST(Discovery, KnowsTheProcessorThatTookTheTime) {
  Journal journal;
  journal.launched(1, 1, "t", "", "", R"("CPU","GPU")").mapped(1, 1, 20, "").ran(20, 1000, "GPU 0");
  const program::Program p = discovered(journal, machine_with(1));
  ASSERT_EQ(p.tasks[0].variants.size(), 2U);
  ASSERT_EQ(p.launches[0].flops.values.size(), 1U);
  EXPECT_DOUBLE_EQ(p.launches[0].flops.values[0], 4'500'000);
  // A machine without GPUs has no rate for that time, and no task ran where it has no variant.
  for (const program::Program& none :
       {discovered(journal),
        discovered(Journal().launched(1, 1, "t", "", "", R"("OMP")").mapped(1, 1, 20, "").ran(20, 1000))}) {
    EXPECT_TRUE(none.launches[0].flops.values.empty());
    EXPECT_EQ(none.notes, (Names{kNoLoop, "1 points have no time: they count as none", kUnwatched}));
  }
}

// A million elements of two fields in two halves, read by two points that take so long each.
Journal million(int nanoseconds, const char* processor) {
  Journal journal;
  journal
      .add(R"({"event":"region","region":1,"space":10,"names":["r"],"bounds":[[0,1048575]],)"
           R"("fields":[{"field":1,"name":"x","bytes":8},{"field":2,"name":"y","bytes":4}]})")
      .add(R"({"event":"space","space":11,"boxes":[[[0,524287]]]})")
      .add(R"({"event":"space","space":12,"boxes":[[[524288,1000000]],[[1000001,1048575]]]})")
      .launched(1, 1, "t", "[[0,1]]",
                R"({"region":1,"privilege":"read","fields":[1]},)"
                R"({"region":1,"privilege":"read_write","fields":[2]},)"
                R"({"region":1,"privilege":"none","fields":[]})",
                R"("CPU","GPU")");
  for (int p = 0; p < 2; ++p) {
    const std::string piece = fmt::format(R"({{"region":1,"space":{},"partition":5}})", 11 + p);
    journal.mapped(1, 1, 20 + p, fmt::format("[{}]", p), fmt::format("{0},{0},{0}", piece));
    journal.ran(20 + p, nanoseconds, processor);
  }
  return journal;
}

TEST(Discovery, StreamsNoMoreThanItsTimeAllows) {
  // Both points move 2^20 elements of 8 bytes and, twice, of 4 bytes: 16 MiB. In 2 x 100 us a core moves 2
  // MB.
  program::Program p = discovered(million(100'000, "CPU 0"));
  ASSERT_EQ(p.launches[0].requirements.size(), 3U);
  EXPECT_DOUBLE_EQ(p.launches[0].requirements[0].streamed.value_or(0), 8 * 2e6 / 16777216);
  EXPECT_DOUBLE_EQ(p.launches[0].requirements[1].streamed.value_or(0), 8 * 2e6 / 16777216);
  EXPECT_EQ(p.launches[0].requirements[2].streamed, std::nullopt);
  EXPECT_EQ(p.partitions[0].name, "r_pieces") << "nobody named that partition";
  EXPECT_FALSE(p.partitions[0].disjoint);
  // In 2 x 20 us the memory of a GPU moves 20 MB.
  p = discovered(million(20'000, "GPU 0"), machine_with(1));
  EXPECT_DOUBLE_EQ(p.launches[0].flops.values[0], 20e-6 * 4500e9);
  EXPECT_EQ(p.launches[0].requirements[0].streamed, std::nullopt);
  p = discovered(million(10'000, "GPU 0"), machine_with(1));
  EXPECT_DOUBLE_EQ(p.launches[0].requirements[0].streamed.value_or(0), 8 * 1e7 / 16777216);
}

TEST(Discovery, TellsRegionsAndFieldsOfOneNameApart) {
  Journal journal;
  const char* fields = R"([{"field":1,"name":"x","bytes":8},{"field":2,"name":"x","bytes":0}])";
  const std::string longest(program::kLongestName + 10, 'n');
  // The last name is cut, and not in the middle of a character.
  const std::string cut = std::string(program::kLongestName - 9, 'n') + "\xC3\xA4";
  int number = 0;
  for (const std::string& name :
       {std::string("r"), std::string("r"), std::string("r_2"), std::string("r"), longest, longest, cut}) {
    ++number;
    journal.add(fmt::format(
        R"({{"event":"region","region":{},"space":{},"names":["{}"],"bounds":[[0,1]],"fields":{}}})", number,
        10 + number, name, fields));
  }
  journal.launched(1, 1, "t", "").mapped(1, 1, 20, "");
  const program::Program p = discovered(journal);
  Names names;
  for (const program::Region& r : p.regions) names.push_back(r.name);
  const std::string most(program::kLongestName - 8, 'n');
  EXPECT_EQ(names, (Names{"r", "r_2", "r_2_2", "r_3", most, most + "_2",
                          std::string(program::kLongestName - 9, 'n')}));
  EXPECT_EQ(p.regions[3].fields, (std::vector<program::Field>{{"x", 8}, {"x_2", 1}}));
}

// ---------------------------------------------------------------------------------------------------------------------
// what gives no model

TEST(Discovery, NeedsLaunches) {
  const std::string none =
      "MW9502: the execution launched no tasks\na model is made of what the top-level task launches";
  EXPECT_EQ(problem_in(""), none);
  EXPECT_EQ(problem_in(Journal()), none);
  EXPECT_EQ(problem_in(Journal().cells()), none);
  EXPECT_EQ(problem_in(Journal().launched(1, 1, "t", "")),
            "MW9502: no task that the execution launched was mapped");
  EXPECT_EQ(problem_in(Journal().mapped(1, 1, 20, "")), none) << "mapped, but nobody saw the launch";
}

Journal with_region(std::string_view bounds, std::size_t fields, std::int64_t bytes = 8) {
  std::string list;
  for (std::size_t f = 0; f < fields; ++f)
    list += fmt::format(R"({}{{"field":{},"name":"f{}","bytes":{}}})", f == 0 ? "" : ",", f, f, bytes);
  Journal journal;
  journal.add(
      fmt::format(R"({{"event":"region","region":1,"space":10,"names":["wide"],"bounds":{},"fields":[{}]}})",
                  bounds, list));
  journal.launched(1, 1, "t", "", R"({"region":1,"privilege":"read","fields":[63]})");
  return journal.mapped(1, 1, 20, "", R"({"region":1,"space":10})");
}

TEST(Discovery, SaysWhatModelsCannotDescribe) {
  EXPECT_EQ(discovered(with_region("[[0,1],[0,1],[0,1]]", 64)).launches[0].requirements[0].fields,
            program::FieldSet{1} << 63);
  EXPECT_EQ(problem_in(with_region("[[0,1]]", 65)),
            "MW9503: region 'wide' has 65 fields\nmodels have regions of at most 64 fields");
  EXPECT_EQ(problem_in(with_region("[[0,1],[0,1],[0,1],[0,1]]", 1)),
            "MW9503: region 'wide' has 4 dimensions\nmodels have data of at most 3 dimensions");
  EXPECT_EQ(problem_in(with_region("[[5,2]]", 1)),
            "MW9503: no model can describe this program: `wide` has no elements");
  EXPECT_EQ(problem_in(with_region("[[0,1]]", 0)),
            "MW9503: no model can describe this program: `wide` has 0 fields\na region has 1 to 64");
  EXPECT_EQ(problem_in(with_region("[[0,1125899906842623]]", 64, program::kMaxFieldBytes)).substr(0, 67),
            "MW9503: no model can describe this program: `wide` has too many byt");
  Journal outside;
  outside.cells().add(R"({"event":"space","space":40,"boxes":[[[6,9]]]})");
  outside.launched(1, 1, "t", "", R"({"region":1,"privilege":"read","fields":[101]})")
      .mapped(1, 1, 20, "", R"({"region":1,"space":40,"partition":5})");
  EXPECT_EQ(
      problem_in(outside),
      "MW9503: no model can describe this program: piece 0 of `blocks` is not inside `cells`: it has 6..9\n"
      "the elements of `cells` are 0..7");
}

TEST(Discovery, EveryKindOfProblemHasACode) {
  std::set<std::string_view> codes;
  for (const base::DiagnosticKind* kind : problem::kAll) codes.insert(kind->code);
  EXPECT_EQ(codes, (std::set<std::string_view>{"MW9501", "MW9502", "MW9503"}));
}

// ---------------------------------------------------------------------------------------------------------------------
// made to break something

Journal nested(int levels) {
  Journal journal;
  for (int i = levels; i > 0; --i) journal.launched(i, 1, "down", "").mapped(i, 1, i + 1, "");
  return journal;
}

TEST(Discovery, EndsHoweverDeepTasksAre) {
  EXPECT_EQ(discovered(nested(256)).launches.size(), 256U);
  const std::string deep = "MW9503: tasks launch tasks over 256 levels\nmodels have fewer";
  EXPECT_EQ(problem_in(nested(257)), deep);
  EXPECT_EQ(problem_in(nested(100'000)), deep);
  const std::string lists(1'000'000, '[');
  EXPECT_EQ(problem_in(Journal().add(lists)).substr(0, 6), "MW9501");
  EXPECT_EQ(problem_in(Journal().add(R"({"event":"space","space":)" + lists + std::string(1'000'000, ']') +
                                     R"(,"boxes":[]})")),
            "MW9501: line 3 of the journal cannot be read: 'space' is not a whole number of 64 bits");
}

TEST(Discovery, EndsWhereTasksLaunchThemselves) {
  // A call that is its own parent, two that are each other's, and the number that stands for none elsewhere.
  EXPECT_EQ(problem_in(Journal().launched(7, 1, "t", "").mapped(7, 1, 7, "")).substr(0, 6), "MW9502");
  EXPECT_EQ(
      problem_in(
          Journal().launched(7, 1, "t", "").mapped(7, 1, 8, "").launched(8, 1, "t", "").mapped(8, 1, 7, ""))
          .substr(0, 6),
      "MW9502");
  const char* top = R"({"event":"launched","task":"t","order":5,"variants":[],"requirements":[]})";
  const char* call = R"({"event":"mapped","call":-1,"order":5,"requirements":[]})";
  EXPECT_EQ(problem_in(Journal().add(top).add(call)).substr(0, 6), "MW9502");
  // Each level has the next one twice: were both followed, 2^64 tasks would be found.
  Journal twice;
  for (int i = 1; i <= 64; ++i)
    twice.launched(i, 1, "t", "[[0,1]]").mapped(i, 1, i + 1, "[0]").mapped(i, 1, i + 1, "[1]");
  EXPECT_EQ(discovered(twice).launches.size(), 64U);
  // A child that maps its own parent's call again.
  EXPECT_EQ(discovered(Journal()
                           .launched(1, 1, "t", "")
                           .mapped(1, 1, 20, "")
                           .launched(20, 1, "u", "")
                           .mapped(20, 1, 1, ""))
                .launches.size(),
            1U);
}

TEST(Discovery, EndsWithManyLaunchesAndNames) {
  constexpr int kMany = 20'000;
  Journal journal;
  for (int i = 0; i < kMany; ++i)
    journal.add(fmt::format(R"({{"event":"region","region":{},"space":{},"names":["r"],"bounds":[[0,1]],)"
                            R"("fields":[{{"field":1,"name":"x","bytes":8}}]}})",
                            i, i));
  // Every launch looks as if it could be the top.
  for (int i = 0; i < kMany; ++i)
    journal.launched(100'000 + 2 * i, 1, "t", "").mapped(100'000 + 2 * i, 1, 100'001 + 2 * i, "");
  journal.launched(1, 1, "t", "").mapped(1, 1, 50, "");
  const program::Program p = discovered(journal);
  EXPECT_EQ(p.launches.size(), 1U);
  EXPECT_EQ(p.regions.back().name, fmt::format("r_{}", kMany));
}

TEST(Discovery, RefusesWhatWouldFillTheMemory) {
  const std::string points =
      "MW9503: the launches up to one of 't' have too many points\n"
      "discovered models have at most 4194304 pieces of points together";
  EXPECT_EQ(problem_in(Journal().launched(1, 1, "t", "[[0,4194304]]").mapped(1, 1, 20, "[9]")), points);
  EXPECT_EQ(problem_in(Journal()
                           .launched(1, 1, "t", "[[-2251799813685248,2251799813685248],[0,2251799813685248]]")
                           .mapped(1, 1, 20, "[9,9]")),
            points);
  EXPECT_EQ(
      discovered(Journal().launched(1, 1, "t", "[[0,262143]]").mapped(1, 1, 20, "[9]")).launches[0].points(),
      262'144);
  const std::string none = R"({"privilege":"none","fields":[]})";
  EXPECT_EQ(problem_in(Journal()
                           .launched(1, 1, "t", "[[0,1048575]]", fmt::format("{0},{0},{0},{0},{0}", none))
                           .mapped(1, 1, 20, "[9]")),
            points);
  // The boxes of one index space, again for each of many partitions.
  Journal boxes;
  std::string list = "[[0,7]]";
  for (int i = 0; i < 1000; ++i) list += ",[[0,7]]";
  boxes.cells().add(fmt::format(R"({{"event":"space","space":41,"boxes":[{}]}})", list));
  for (int i = 0; i < 2200; ++i)
    boxes.launched(1, i, "t", "", R"({"region":1,"privilege":"read","fields":[101]})")
        .mapped(1, i, 100 + i, "", fmt::format(R"({{"region":1,"space":41,"partition":{}}})", 100 + i));
  EXPECT_EQ(problem_in(boxes),
            "MW9503: the pieces of its data have too many boxes\nmodels have at most 2097152");
}

TEST(Discovery, SurvivesEveryChangedByte) {
  Journal journal;
  journal.cells().on_blocks(1, "step", 20).on_blocks(2, "step", 30).ran(20, 1000).ran(30, 3000);
  journal.launched(20, 1, "inner", "[[0,1]]").mapped(20, 1, 40, "[0]", Journal::block(0));
  std::set<std::string> codes;
  for (std::size_t i = 0; i < journal.text().size(); ++i) {
    for (const char c : {'0', '9', '-', '"', ',', ']', '}', '\n'}) {
      std::string text = journal.text();
      text[i] = c;
      codes.insert(problem_in(text).substr(0, 6));
    }
  }
  EXPECT_EQ(codes, (std::set<std::string>{"", "MW9501", "MW9503"}));
}

// ---------------------------------------------------------------------------------------------------------------------
// machines

TEST(Machines, HaveWhatTheApplicationHad) {
  Resources had;
  had.processors[machine::ProcessorKind::cpu] = 3;
  had.processors[machine::ProcessorKind::gpu] = 2;
  had.memories[machine::MemoryKind::sysmem] = 512 << 20;
  had.memories[machine::MemoryKind::fbmem] = 256 << 20;
  Names notes;
  const machine::Machine m = machine_for(machine_with(4), had, &notes);
  EXPECT_EQ(notes, Names{});
  using machine::MemoryKind;
  using machine::ProcessorKind;
  EXPECT_EQ(m.processors[ProcessorKind::cpu]->count, 3);
  EXPECT_EQ(m.processors[ProcessorKind::cpu]->sockets, (std::vector<std::int64_t>{0, 0, 1}));
  EXPECT_EQ(m.processors[ProcessorKind::cpu]->dp_sustained, 30e9);
  EXPECT_EQ(m.processors[ProcessorKind::gpu]->count, 2);
  EXPECT_FALSE(m.processors[ProcessorKind::omp]);
  EXPECT_EQ(m.memories[MemoryKind::sysmem]->capacity, 512 << 20);
  EXPECT_EQ(m.memories[MemoryKind::fbmem]->capacity, 256 << 20);
  EXPECT_FALSE(m.memories[MemoryKind::zcmem]);
  EXPECT_FALSE(m.affinities[ProcessorKind::omp][MemoryKind::sysmem]);
  EXPECT_FALSE(m.affinities[ProcessorKind::cpu][MemoryKind::zcmem]);
  EXPECT_FALSE(m.affinities[ProcessorKind::gpu][MemoryKind::zcmem]);
  EXPECT_EQ(m.affinities[ProcessorKind::cpu][MemoryKind::sysmem]->bandwidth, 10e9);
  EXPECT_EQ(m.affinities[ProcessorKind::gpu][MemoryKind::fbmem]->bandwidth, 500e9);
  for (const machine::Link& link : m.links) {
    EXPECT_FALSE(link.carries.empty()) << link.name;
    for (const machine::MemoryPair& pair : link.carries)
      EXPECT_TRUE(m.memories[pair.first] && m.memories[pair.second]) << link.name;
  }
  const auto again = machine::parse_machine(std::make_shared<base::Source>("m.toml", machine::save(m)));
  ASSERT_TRUE(again.ok()) << base::render(again.problems().items().front(), false);
  EXPECT_EQ(machine::save(*again), machine::save(m));
}

TEST(Machines, SayWhatTheyLack) {
  Resources had;
  had.processors[machine::ProcessorKind::cpu] = 1;
  had.processors[machine::ProcessorKind::gpu] = 1;
  had.memories[machine::MemoryKind::sysmem] = 512 << 20;
  had.memories[machine::MemoryKind::fbmem] = 256 << 20;
  machine::Machine local = machine_with();
  local.name = "desk";
  Names notes;
  const machine::Machine m = machine_for(local, had, &notes);
  EXPECT_EQ(notes,
            (Names{"the application had GPU processors, and desk has none: --machine names the machine that "
                   "it ran on",
                   "the application had FBMEM memory, and desk has none: --machine names the machine that it "
                   "ran on"}));
  EXPECT_FALSE(m.processors[machine::ProcessorKind::gpu]);
  EXPECT_FALSE(m.memories[machine::MemoryKind::fbmem]);
  const auto again = machine::parse_machine(std::make_shared<base::Source>("m.toml", machine::save(m)));
  EXPECT_TRUE(again.ok()) << base::render(again.problems().items().front(), false);
}

}  // namespace
}  // namespace mapwright::discover
