// Reports of small executions whose figures can be worked out by hand.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "engine/critical_path.h"
#include "engine/sim/testing.h"
#include "lang/lang.h"
#include "machine/machine_file.h"
#include "program/sketch.h"
#include "report/json.h"
#include "report/layout_text.h"
#include "report/run_text.h"
#include "report/svg.h"
#include "report/table.h"
#include "report/trace.h"
#include "report/tuning.h"

namespace mapwright::report {
namespace {

using machine::ProcessorKind;
using program::Privilege;
using program::Sketch;

using engine::sim::testing::round_machine;

engine::Execution executed(const program::Program& program, const std::string& mapper, std::int64_t nodes,
                           const machine::Machine& machine = round_machine()) {
  return engine::sim::testing::executed(program, mapper, machine, nodes);
}

program::Variant on(ProcessorKind kind) {
  return {kind, program::Precision::double_precision, {}, 1, {}, ""};
}

// Two pieces of 100 MB on the first GPUs of two nodes. Each iteration writes them (3 s of arithmetic), and
// reads those of the neighbour (1 s): 100 MB over the network, in 0.1 s.
program::Program exchange() {
  Sketch s;
  s.region("r", 25'000'000, {{"x", 8}})
      .partition("own", true, {{0, 12'499'999}, {12'500'000, 24'999'999}})
      .partition("other", true, {{12'500'000, 24'999'999}, {0, 12'499'999}})
      .task("update", {on(ProcessorKind::gpu)})
      .task("look", {on(ProcessorKind::gpu)})
      .loop(10, 5)
      .launch("update", 2, 3e12)
      .on("own", Privilege::read_write)
      .launch("look", 2, 1e12)
      .on("other", Privilege::read);
  s.edit().waits = true;
  return s.done();
}

const std::string kOneEach = R"(
m = Machine(GPU);
def one_each(Task task) { return m[task.ipoint[0], 0]; }
IndexTaskMap update, look one_each;
)";

TEST(Report, SaysWhereTimeAndBytesWent) {
  EXPECT_EQ(run_text(exchange().metric, executed(exchange(), kOneEach, 2)),
            R"(sketch: time 4.1 s, 4.1 s per iteration, 975.61 GFLOP/s per node

critical path
   73 %  update on GPU
   24 %  look on GPU
    3 %  copies of other from FBMEM to FBMEM between nodes

task    on   calls  busy  per call  share
update  GPU     20  60 s       3 s   37 %
look    GPU     20  20 s       1 s   12 %

processors  count  used  busy   idle  least  most busy
GPU             4     2  49 %   51 %    0 %       98 %
CPU             2     0   0 %  100 %    0 %        0 %

region  moved by  from   to     way            count  bytes  per iteration
other   copies    FBMEM  FBMEM  between nodes     20   2 GB         200 MB

memory  used  fullest  high water  capacity  full
FBMEM      2      0.0      200 MB     10 GB   2 %
)");
}

TEST(Report, ThePathExplainsTheWholeInterval) {
  const engine::Execution e = executed(exchange(), kOneEach, 2);
  const std::vector<engine::PathPart> parts = critical_path(e.profile);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_NEAR(parts[0].seconds, 30, 1e-6);
  EXPECT_NEAR(parts[1].seconds, 10, 1e-6);
  EXPECT_NEAR(parts[2].seconds, 1, 1e-6);
  EXPECT_EQ(parts[2].steps, 10);
  EXPECT_NEAR(parts[0].share + parts[1].share + parts[2].share, 1, 1e-12);
}

TEST(Report, ThePathLeadsThroughTheRuntime) {
  // Four points of nothing on one GPU: the runtime maps each in 0.25 s.
  const auto p = Sketch()
                     .region("r", 100, {{"x", 8}})
                     .task("t", {on(ProcessorKind::gpu)})
                     .loop(4)
                     .launch("t", 4, 1e10)
                     .done();
  const auto slow = round_machine("mapping_untraced = \"0 s\"", "mapping_untraced = \"250 ms\"");
  const auto parts = critical_path(executed(p, "", 1, slow).profile);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(words(parts[0], p), "waiting for the runtime to map tasks");
  EXPECT_NEAR(parts[0].seconds, 4, 1e-9);
  EXPECT_EQ(words(parts[1], p), "t on GPU");
  EXPECT_NEAR(parts[1].seconds, 0.01, 1e-9);
}

TEST(Report, ThePathLeadsThroughParents) {
  Sketch s;
  s.region("r", 4000, {{"x", 8}})
      .blocks("b", 4)
      .task("parent", {on(ProcessorKind::gpu)}, true)
      .task("leaf", {on(ProcessorKind::gpu)})
      .loop(2)
      .launch("parent", 1);
  s.edit().waits = true;
  for (std::uint32_t i = 0; i < 2; ++i)
    s.single("leaf", 1e12).on("b", Privilege::read_write, {}, {i}).below(0, 0);
  const auto p = s.done();
  const auto slow =
      round_machine("mapping_untraced = \"0 s\"", "mapping_untraced = \"0 s\"\ninner_launch = \"3 s\"");
  // Launched after 3 s and 6 s; each takes a second.
  const auto parts = critical_path(executed(p, "", 1, slow).profile);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(words(parts[0], p), "waiting for the parent to launch leaf");
  EXPECT_NEAR(parts[0].share, 6.0 / 7, 1e-9);
  EXPECT_EQ(words(parts[1], p), "leaf on GPU");
}

TEST(Report, PercentsAddUp) {
  EXPECT_EQ(whole_percents({0.335, 0.335, 0.33}), (std::vector<int>{34, 33, 33}));
  EXPECT_EQ(whole_percents({1.0 / 3, 1.0 / 3, 1.0 / 3}), (std::vector<int>{34, 33, 33}));
  EXPECT_EQ(whole_percents({}), std::vector<int>{});
}

TEST(Report, QuantitiesAreShort) {
  EXPECT_EQ(base::bytes_text(0), "0 B");
  EXPECT_EQ(base::bytes_text(999), "999 B");
  EXPECT_EQ(base::bytes_text(999'999), "1 MB");
  EXPECT_EQ(base::bytes_text(12'345'678), "12.3 MB");
  EXPECT_EQ(base::seconds_text(0), "0 s");
  EXPECT_EQ(base::seconds_text(12.3456), "12.35 s");
  EXPECT_EQ(base::seconds_text(0.0001234), "123 us");
  EXPECT_EQ(base::seconds_text(2e-9), "2 ns");
  EXPECT_EQ(percent_text(0), "0 %");
  EXPECT_EQ(percent_text(0.001), "<1 %");
  EXPECT_EQ(percent_text(0.999), "100 %");
}

TEST(Report, TablesLineUpAndStayOnTheirLines) {
  Table table({{"name", Table::Align::left}, {"n"}, {"what", Table::Align::left}});
  table.add({"a\nb", "1", "x"});
  table.add({"a", "", "y"});
  table.add({"", "22"});
  EXPECT_EQ(table.text(), "name     n  what\na\\x0ab   1  x\na           y\n        22\n");
}

TEST(Report, ManyRowsAreSummedUp) {
  Sketch s;
  s.region("r", 100, {{"x", 8}});
  for (int i = 0; i < 9; ++i) s.task("t" + std::to_string(i), {on(ProcessorKind::gpu)});
  s.loop(1);
  for (int i = 0; i < 9; ++i) s.launch("t" + std::to_string(i), 1, (i + 1) * 1e12);
  const std::string text = run_text(s.done().metric, executed(s.done(), "", 1));
  EXPECT_NE(text.find("t3        GPU      1   4 s       4 s    4 %\n3 others           3   6 s       2 s\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("no bytes moved\n"), std::string::npos) << text;
}

TEST(Report, TheDocumentHoldsTheSame) {
  Json d;
  const auto p = exchange();
  add_execution(&d, p.metric, executed(p, kOneEach, 2));
  EXPECT_EQ(d["outcome"], "ok");
  EXPECT_EQ(d["failure"], nullptr);
  EXPECT_EQ(d["bytes"]["inter_node"], 2'000'000'000);
  EXPECT_EQ(d["regions"].dump(),
            R"([{"region":"r","partition":"other","moved_by":"copies","from":"FBMEM","to":"FBMEM",)"
            R"("way":"between_nodes","count":20,"bytes":2000000000}])");
  EXPECT_EQ(d["memory"].dump(),
            R"([{"memory":"FBMEM","node":0,"index":0,"high_water":200000000,"capacity":10000000000},)"
            R"({"memory":"FBMEM","node":1,"index":0,"high_water":200000000,"capacity":10000000000}])");
  EXPECT_EQ(d["critical_path"][2]["words"], "copies of other from FBMEM to FBMEM between nodes");
  EXPECT_EQ(d["tasks"][0]["calls"], 20);
}

TEST(Report, AFailureHasItsDocument) {
  engine::Execution failed;
  failed.failure = plan::Failure{"layout", "stride does not match", {}};
  Json d;
  add_execution(&d, exchange().metric, failed);
  EXPECT_EQ(d.dump(),
            R"({"outcome":"failed","failure":{"code":"layout","text":"stride does not match"},"metric":null,)"
            R"("seconds_per_iteration":null,"gflops_per_node":null,"bytes":null,"memory":[],)"
            R"("critical_path":[],"tasks":[],"processors":[],"regions":[]})");
}

// Every task once; events of one track one after the other, or inside one another.
void expect_sound(const engine::Profile& profile) {
  const auto trace = nlohmann::json::parse(chrome_trace(profile), nullptr, false);
  ASSERT_FALSE(trace.is_discarded());
  std::multiset<std::uint32_t> tasks;
  struct Event {
    std::int64_t start;
    std::int64_t end;
  };
  std::map<std::pair<int, int>, std::vector<Event>> tracks;
  std::set<std::pair<int, int>> named;
  const auto nanoseconds = [](const nlohmann::json& us) { return std::llround(us.get<double>() * 1000); };
  for (const auto& e : trace["traceEvents"]) {
    const std::pair<int, int> track{e["pid"], e["tid"]};
    if (e["ph"] == "M") {
      if (e["name"] == "thread_name") {
        EXPECT_TRUE(named.insert(track).second);
      }
      continue;
    }
    EXPECT_EQ(e["ph"], "X");
    EXPECT_TRUE(named.contains(track)) << e;
    tracks[track].push_back({nanoseconds(e["ts"]), nanoseconds(e["ts"]) + nanoseconds(e["dur"])});
    if (e["cat"] != "task") continue;
    const auto op = e["args"]["op"].get<std::uint32_t>();
    tasks.insert(op);
    EXPECT_NEAR(e["dur"].get<double>(), (profile.spans[op].end - profile.spans[op].start) * 1e6, 2e-3);
  }
  std::multiset<std::uint32_t> expected;
  for (plan::OpId i = 0; i < profile.plan->ops.size(); ++i) {
    if (profile.plan->ops[i].kind == plan::OpKind::task) expected.insert(i);
  }
  EXPECT_EQ(tasks, expected);
  for (auto& [track, events] : tracks) {
    std::ranges::stable_sort(events, [](const Event& a, const Event& b) {
      return a.start != b.start ? a.start < b.start : a.end > b.end;
    });
    std::vector<std::int64_t> open;
    for (const Event& e : events) {
      while (!open.empty() && open.back() <= e.start) open.pop_back();
      EXPECT_TRUE(open.empty() || e.end <= open.back())
          << track.first << " " << track.second << " " << e.start;
      open.push_back(e.end);
    }
  }
}

TEST(Report, TheTraceIsStrictlyNested) {
  expect_sound(executed(exchange(), kOneEach, 2).profile);
  // Many copies on one way at a time, and folds.
  Sketch s;
  s.region("r", 8000, {{"x", 8}})
      .blocks("b", 8)
      .partition("all", false, std::vector<std::pair<std::int64_t, std::int64_t>>(8, {0, 7999}));
  s.task("add", {on(ProcessorKind::gpu)}).task("use", {on(ProcessorKind::gpu)}).loop(3, 1);
  s.launch("add", 8, 1e9).on("all", Privilege::reduce).launch("use", 8, 1e9).on("b", Privilege::read_write);
  expect_sound(executed(s.done(), "", 2).profile);
}

TEST(Report, TheTraceNamesWhatItShows) {
  Sketch s;
  s.region("r", 1000, {{"x", 8}}).blocks("b", 1).task("a \\b", {on(ProcessorKind::gpu)});
  s.loop(1).launch("a \\b", 1, 1e12).on("b", Privilege::read_write);
  const auto trace = Json::parse(chrome_trace(executed(s.done(), "", 1).profile));
  std::string lines;
  for (const auto& e : trace["traceEvents"]) {
    if (e["name"] != "thread_sort_index" && e["name"] != "process_sort_index") lines += e.dump() + "\n";
  }
  const std::string expected =
      R"({"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"program sketch"}}
{"name":"process_name","ph":"M","pid":0,"tid":0,"args":{"name":"node 0"}}
{"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"iterations"}}
)"
      R"({"name":"timed iterations","cat":"timed","ph":"X","pid":1,"tid":1,"ts":0.0,"dur":1000000.0,)"
      R"("args":{"iterations":1}}
{"name":"iteration 0","cat":"iteration","ph":"X","pid":1,"tid":1,"ts":0.0,"dur":1000000.0,"args":{}}
{"name":"thread_name","ph":"M","pid":0,"tid":1,"args":{"name":"CPU 0"}}
{"name":"thread_name","ph":"M","pid":0,"tid":2,"args":{"name":"GPU 0"}}
)"
      R"T({"name":"a \\b (0,)","cat":"task","ph":"X","pid":0,"tid":2,"ts":0.0,"dur":1000000.0,)T"
      R"("args":{"op":0,"launch":0,"instances":[{"of":"b","memory":"FBMEM 0.0","bytes":8000}]}}
{"name":"thread_name","ph":"M","pid":0,"tid":3,"args":{"name":"GPU 1"}}
)";
  EXPECT_EQ(lines, expected);
}

TEST(Report, ShowsPlacementAndHomes) {
  const auto e = executed(exchange(), kOneEach, 2);
  EXPECT_EQ(layout_text(*e.profile.plan, false), R"(sketch on 2 nodes of round

placement: node.processor of every point

update (2,) on GPU: 2 points on 2 processors
  0 0.0 1.0

look (2,) on GPU: 2 points on 2 processors
  0 0.0 1.0

homes: the memory in which the last task of the loop had each piece, node.index or node

own of r: 2 pieces, 200 MB in FBMEM
  0 0.0 1.0

other of r: 2 pieces, 200 MB in FBMEM
  0 0.0 1.0
)");
  const std::string colored = layout_text(*e.profile.plan, true);
  EXPECT_NE(colored.find("  0 \033[38;5;33m0.0\033[0m \033[38;5;166m1.0\033[0m\n"), std::string::npos)
      << colored;
}

TEST(Report, LargeLaunchesAreSummarised) {
  Sketch s;
  s.region("r", 300, {{"x", 8}})
      .blocks("b", 300)
      .task("wide", {on(ProcessorKind::gpu)})
      .task("flat", {on(ProcessorKind::gpu)});
  s.loop(1).launch("wide", 300).on("b", Privilege::read_write).launch("flat", 1);
  s.last().domain = lang::make_domain(std::array<std::int64_t, 3>{2, 12, 20});
  const auto e = executed(s.done(), "", 1);
  const std::string text = layout_text(*e.profile.plan, false);
  EXPECT_NE(text.find("wide (300,) on GPU: 300 points on 2 processors, 150 each\n    0 0.0"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n  ... and 44 more points\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  (0, *, *)\n       0   1"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  ... and 8 more rows\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  ... and 44 more pieces\n"), std::string::npos) << text;
  for (const char c : text) EXPECT_TRUE(c == '\n' || c >= ' ');
}

TEST(Report, ThePictureIsSelfContained) {
  Sketch s;
  s.region("r", 8, {{"x", 8}}).blocks("<b&>", 8).task("t", {on(ProcessorKind::gpu)});
  s.loop(1).launch("t", 8).on("<b&>", Privilege::read_write);
  const std::string svg = layout_svg(*executed(s.done(), "", 2).profile.plan);
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"")) << svg;
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_NE(svg.find(">&lt;b&amp;&gt; of r: 64 B in FBMEM</text>"), std::string::npos) << svg;
  EXPECT_NE(svg.find("<title>(7,): GPU "), std::string::npos) << svg;
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("href"), std::string::npos);
}

// ------------------------------------------------------------------------------------------------- tuning

tune::Trial trial(std::int64_t number, double metric, std::vector<double> samples, std::string why) {
  tune::Trial t;
  t.number = number;
  t.metric = metric;
  t.samples = std::move(samples);
  t.why = std::move(why);
  t.seconds = 1;
  return t;
}

// A command's figure has no unit, and nobody wrote a mapper for it. The third may have been lucky.
TuningResult of_a_command() {
  TuningResult r;
  r.subject = "a.out on 1 node of local";
  r.strategy = "guided";
  r.run = "a-1";
  r.metric = {"metric", "", false, 1};
  r.basis = Basis::measured;
  r.default_mapper = 3;
  r.outcome.trials = {trial(1, 3, {3, 3, 3}, "where it starts"), trial(2, 2, {2, 2.1, 1.9}, "t by dealt"),
                      trial(3, 1.5, {1.5, 1, 4}, "t by blocks")};
  r.outcome.best = 1;
  r.outcome.evaluations = 3;
  return r;
}

TEST(Tuning, IsComparedWithTheDefaultWhereThereIsNoExpert) {
  EXPECT_EQ(tuning_text(of_a_command()), R"(a.out on 1 node of local: metric, smaller is better
measured in real executions

mapper            metric  x default
default                3      1.000
best, of trial 2       2      1.500

trial  metric  x default  what was tried
    1       3      1.000  where it starts
   *2       2      1.500  t by dealt
    3     1.5      2.000  t by blocks

3 executions by guided; the budget is used up
trial 3 has a better figure, within what executions of one mapper differ by; --repeats makes it surer
)");
  EXPECT_EQ(best_header(of_a_command()), R"(# Tuned for a.out on 1 node of local.
# metric 2, 1.500 times as fast as the default (3);
# trial 2 of run a-1, by guided; measured in real executions.

)");
}

TEST(Tuning, SaysWhyTrialsFailed) {
  TuningResult r = of_a_command();
  r.outcome.trials.resize(2);
  tune::Trial crashed;
  crashed.number = 3;
  crashed.status = tune::Status::failed;
  crashed.why = "layout of r: AOS C_order";
  crashed.failure_text = "the command was ended by signal 6 (Aborted)\n[0 - 7f] reservation ('utility')";
  r.outcome.trials.push_back(crashed);
  crashed.number = 4;
  crashed.feedback.findings.emplace_back().explain = "t cannot work on r";
  r.outcome.trials.push_back(crashed);
  r.outcome.trials[0].seconds = 0;
  const std::string text = tuning_text(r);
  EXPECT_NE(text.find(R"(
    3  failed          -  layout of r: AOS C_order: the command was ended by signal 6 (Aborted)
    4  failed          -  layout of r: AOS C_order: t cannot work on r

3 executions by guided, 2 failed; the budget is used up
1 of them by earlier runs; --fresh executes them again
--json has all that was said where they failed
)"),
            std::string::npos)
      << text;
}

TEST(Tuning, ComparesNothingWithWhatIsNoAmount) {
  for (const double odd : {0.0, -1.5}) {
    TuningResult r = of_a_command();
    r.default_mapper = odd;
    EXPECT_NE(tuning_text(r).find("\nbest, of trial 2       2          -\n"), std::string::npos)
        << tuning_text(r);
    EXPECT_NE(best_header(r).find("# metric 2;\n"), std::string::npos) << best_header(r);
    EXPECT_EQ(against(r, 2), "");
  }
}

// The mapper of an expert that fails is still what the others are to be compared with.
TEST(Tuning, IsComparedWithTheExpert) {
  TuningResult r = of_a_command();
  r.metric = {"rate", "MB/s", true, 1};
  r.has_expert = true;
  r.expert = 2;
  r.outcome.best = 0;
  r.changes = {"t: on GPU instead of CPU"};
  EXPECT_EQ(tuning_text(r), R"(a.out on 1 node of local: rate, larger is better
measured in real executions

mapper            MB/s  x expert
expert               2     1.000
default              3     1.500
best, of trial 1     3     1.500

trial  MB/s  x expert  what was tried
   *1     3     1.500  where it starts
    2     2     1.000  t by dealt
    3   1.5     0.750  t by blocks

3 executions by guided; the budget is used up

against the expert's mapper, the best mapper has
  t: on GPU instead of CPU
)");
  r.expert.reset();
  EXPECT_NE(tuning_text(r).find("\nexpert               -         -\ndefault              3         -\n"),
            std::string::npos)
      << tuning_text(r);
}

}  // namespace
}  // namespace mapwright::report
