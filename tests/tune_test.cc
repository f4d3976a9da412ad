// Strategies and the loop, on the built-in applications and on engines made for the purpose.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>

#include "engine/sim/testing.h"
#include "lang/edit.h"
#include "program/json.h"
#include "texts.h"
#include "trial.h"
#include "tune/difference.h"
#include "tune/journal.h"
#include "tune/statistics.h"
#include "tune/tuning.h"

namespace mapwright {
namespace {

using tune::Limits;
using tune::Proposal;
using tune::Status;
using tune::Stopped;

tune::Outcome tuned(const trial::Subject& s, const char* strategy, std::int64_t budget,
                    std::uint64_t seed = 1, int jobs = 1, const std::string& from = "",
                    const guide::Guide& guide = trial::whole_guide()) {
  const engine::sim::Simulator engine(s.planner);
  tune::Problem problem{s.planner, trial::compiled(from), &guide, seed};
  problem.twin = &engine;
  const auto made = tune::find_strategy(strategy)->make(problem);
  const tune::Evaluator evaluator(engine, guide, *s.program, {});
  Limits limits;
  limits.budget = budget;
  tune::Tuning tuning(problem, made.get(), evaluator, limits, nullptr);
  tuning.set_jobs(jobs);
  return tuning.run();
}

double metric_of(const trial::Subject& s, const std::string& mapper) {
  return trial::executed(s, trial::compiled(mapper)).metric;
}

double best_speedup(const trial::Subject& s, const std::string& app, const tune::Outcome& outcome) {
  EXPECT_TRUE(outcome.best);
  if (!outcome.best) return 0;
  const double expert = metric_of(s, trial::mapper_text("expert", app));
  return tune::speedup(outcome.trials[*outcome.best].metric, expert, s.program->metric).value_or(0);
}

std::vector<std::string> mappers(const tune::Outcome& outcome) {
  std::vector<std::string> list;
  for (const tune::Trial& t : outcome.trials) list.push_back(t.mapper);
  return list;
}

// What the project is for: ten executions, no language model.
TEST(Guided, BeatsTheExpertsWithinTenExecutions) {
  const machine::Machine machine = trial::machine_named("p100x4");
  int by_ten_percent = 0;
  int by_thirty = 0;
  for (const auto& app : apps::all()) {
    SCOPED_TRACE(app.name);
    const std::string name(app.name);
    const trial::Subject s = trial::subject(name, machine, 2);
    const tune::Outcome outcome = tuned(s, "guided", 10);
    const double speedup = best_speedup(s, name, outcome);
    EXPECT_GE(speedup, 1);
    by_ten_percent += speedup >= 1.10 ? 1 : 0;
    by_thirty += speedup >= 1.30 ? 1 : 0;
    EXPECT_LE(outcome.evaluations, 10);
    for (const tune::Trial& t : outcome.trials) {
      EXPECT_EQ(t.status, Status::ok) << t.failure_text << t.mapper;
      EXPECT_FALSE(t.why.empty());
    }
  }
  EXPECT_GE(by_ten_percent, 5);
  EXPECT_GE(by_thirty, 1);
}

TEST(Guided, FindsAWayWhereTheDefaultFails) {
  const trial::Subject s = trial::subject("summa", trial::machine_named("p100x4"), 3);
  guide::Guide guide = [] {
    const auto file = kRoot / "rules" / "ours.toml";
    const auto text = std::get<std::string>(base::read_file(file, 1 << 20));
    auto rules = guide::ErrorRules::parse(std::make_shared<base::Source>("ours.toml", text));
    std::vector<guide::ErrorRules> list;
    list.push_back(*std::move(rules));
    return guide::Guide(guide::RuleSet::ours, guide::Level::suggest, std::move(list));
  }();
  const tune::Outcome outcome = tuned(s, "guided", 10, 1, 1, "", guide);
  ASSERT_FALSE(outcome.trials.empty());
  EXPECT_EQ(outcome.trials.front().failure_code, "out_of_memory");
  EXPECT_GT(best_speedup(s, "summa", outcome), 1);
}

// Where everything lies in one memory, as for a Legion application on a few cores: no plan moves less than
// another, so one map for all tasks comes first, then what may help one of them; limits only keep it waiting.
TEST(Guided, TriesMapsFirstWhereNothingMoves) {
  const machine::Machine machine = engine::sim::testing::round_machine(
      "[processors.CPU]\ncount = 1\nsockets = [0]", "[processors.CPU]\ncount = 2\nsockets = [0, 0]");
  const auto program = std::make_shared<const program::Program>(*program::load("two.json", R"({
    "name": "two",
    "regions": [{"name": "r", "extents": [1200], "fields": {"x": 8, "y": 8}}],
    "partitions": [{"name": "b", "region": "r", "tiles": [12]}],
    "tasks": [{"name": "t", "variants": ["CPU"]}, {"name": "u", "variants": ["CPU"]}],
    "launches": [
      {"task": "t", "domain": [12], "flops": 1e9, "requirements": [{"partition": "b", "privilege": "write"}]},
      {"task": "u", "domain": [12], "flops": 2e9, "requirements": [{"partition": "b", "privilege": "read"}]}
    ]})"));
  const trial::Subject s{program, *plan::Planner::create(program, machine, 1)};
  const tune::Outcome outcome = tuned(s, "guided", 40);
  std::vector<std::string> tried;
  for (const tune::Trial& t : outcome.trials) tried.push_back(t.why);
  EXPECT_EQ(tried, (std::vector<std::string>{
                       "where it starts", "all tasks by dealt", "u by dealt", "b of u on CPU in ZCMEM",
                       "t by dealt", "b of t on CPU in ZCMEM", "layout of b: AOS C_order", "limit of u: 1",
                       "limit of u: 2", "limit of u: 4", "limit of t: 1", "limit of t: 2", "limit of t: 4"}));
}

// A program with all of its names replaced, its regions and partitions too.
program::Program renamed(program::Program p) {
  const auto rename = [](std::string* name, const char* what, std::size_t i) {
    *name = fmt::format("{}{}", what, i);
  };
  std::map<std::string, std::string> data;
  for (auto& partition : p.partitions) data.emplace(partition.name, fmt::format("data{}", data.size()));
  for (auto& region : p.regions) data.emplace(region.name, fmt::format("data{}", data.size()));
  for (auto& partition : p.partitions) partition.name = data.at(partition.name);
  for (auto& region : p.regions) region.name = data.at(region.name);
  for (std::size_t i = 0; i < p.tasks.size(); ++i) rename(&p.tasks[i].name, "work", i);
  return p;
}

TEST(Strategies, DoNotReadNames) {
  const machine::Machine machine = trial::machine_named("p100x4");
  for (const char* app : {"circuit", "cannon", "johnson"}) {
    const trial::Subject s = trial::subject(app, machine, 2);
    trial::Subject other;
    other.program = std::make_shared<const program::Program>(renamed(*s.program));
    other.planner = *plan::Planner::create(other.program, machine, 2);
    std::map<std::string, std::string> names;
    for (std::size_t i = 0; i < s.program->tasks.size(); ++i)
      names[other.program->tasks[i].name] = s.program->tasks[i].name;
    for (std::size_t i = 0; i < s.program->partitions.size(); ++i)
      names[other.program->partitions[i].name] = s.program->partitions[i].name;
    for (const tune::StrategyKind& kind : tune::strategies()) {
      // What some ask has the names in it; the twin's parts are strategies of their own.
      if (kind.asks_model() || kind.name == tune::kTwin) continue;
      SCOPED_TRACE(std::string(app) + " " + std::string(kind.name));
      const tune::Outcome mine = tuned(s, std::string(kind.name).c_str(), 12);
      const tune::Outcome theirs = tuned(other, std::string(kind.name).c_str(), 12);
      ASSERT_EQ(mine.trials.size(), theirs.trials.size());
      for (std::size_t i = 0; i < mine.trials.size(); ++i) {
        // Plain words only: every name of one stands where its like stands in the other.
        std::string back;
        std::string word;
        for (const char c : theirs.trials[i].mapper + " ") {
          if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
            word += c;
            continue;
          }
          const auto found = names.find(word);
          back += (found == names.end() ? word : found->second) + c;
          word.clear();
        }
        back.pop_back();
        const auto canonical = [](const std::string& text) { return tune::check(text).canonical; };
        EXPECT_EQ(canonical(back), canonical(mine.trials[i].mapper));
        EXPECT_EQ(mine.trials[i].metric, theirs.trials[i].metric);
      }
    }
  }
}

TEST(Strategies, ProposeTheSameHoweverManyJobsThereAre) {
  const trial::Subject s = trial::subject("cannon", trial::machine_named("p100x4"), 2);
  for (const tune::StrategyKind& kind : tune::strategies()) {
    if (kind.asks_model() || kind.name == tune::kTwin) continue;  // the latter takes its time, below
    SCOPED_TRACE(kind.name);
    const std::string name(kind.name);
    const tune::Outcome one = tuned(s, name.c_str(), 25, 3, 1);
    const tune::Outcome four = tuned(s, name.c_str(), 25, 3, 4);
    EXPECT_EQ(mappers(one), mappers(four));
    EXPECT_EQ(one.best, four.best);
    EXPECT_EQ(one.stopped, four.stopped);
  }
}

TEST(Twin, ExecutesTheBestThatItPredicts) {
  const trial::Subject s = trial::subject("circuit", trial::machine_named("p100x4"), 2, {}, apps::Size::test);
  const tune::Outcome outcome = tuned(s, "twin", 5);
  ASSERT_EQ(outcome.trials.size(), 5u);
  EXPECT_EQ(outcome.trials[0].mapper, "") << "where the search begins";
  // Here the twin is what is executed: every prediction comes true.
  const program::Metric& metric = s.program->metric;
  EXPECT_GT(tune::speedup(outcome.trials[1].metric, outcome.trials[0].metric, metric), 1.2);
  int taken_out = 0;
  for (std::size_t i = 1; i < outcome.trials.size(); ++i) {
    const tune::Trial& t = outcome.trials[i];
    ASSERT_TRUE(t.metric) << t.mapper;
    EXPECT_EQ(t.why.find(fmt::format("number {} of ", i)), 0u) << t.why;
    // Nothing in it is for nothing.
    const lang::MapperPtr mapper = trial::compiled(t.mapper);
    for (std::size_t j = 0; j < mapper->ast().statements.size(); ++j) {
      const std::string without = lang::without(*mapper, j);
      const tune::Checked checked = tune::check(without);
      if (std::holds_alternative<lang::Function>(mapper->ast().statements[j])) {
        EXPECT_EQ(checked.mapper, nullptr) << "somebody calls it:\n" << t.mapper;
        continue;
      }
      ASSERT_NE(checked.mapper, nullptr) << without;
      ++taken_out;
      if (std::holds_alternative<plan::Failure>(trial::planned(s, checked.mapper))) continue;
      const engine::Execution execution = trial::executed(s, checked.mapper);
      EXPECT_GT(tune::cost_of(execution.metric, metric), tune::cost_of(t.metric, metric))
          << t.mapper << "\nneeds no more than\n"
          << without;
    }
  }
  EXPECT_GT(taken_out, 0);
  EXPECT_EQ(mappers(tuned(s, "twin", 5)), mappers(outcome));
}

// Whatever a mapper says, one task on one processor takes as long.
TEST(Twin, SaysThatNothingIsPredictedToBeBetter) {
  const machine::Machine machine = trial::machine_named("p100x4");
  const auto program = std::make_shared<const program::Program>(*program::load("one.json", R"({
    "schema": "mapwright.program/1", "name": "one",
    "regions": [{"name": "r", "extents": [4], "fields": {"x": 8}}],
    "tasks": [{"name": "t", "variants": ["CPU"]}],
    "launches": [{"task": "t", "single": true, "flops": 1e9, "requirements": []}]})"));
  const trial::Subject s{program, *plan::Planner::create(program, machine, 1)};
  const tune::Outcome outcome = tuned(s, "twin", 5);
  EXPECT_EQ(outcome.trials.size(), 1u);
  EXPECT_EQ(outcome.stopped, Stopped::exhausted);
  ASSERT_EQ(outcome.problems.items().size(), 1u);
  EXPECT_EQ(outcome.problems.items()[0].kind->code, "MW9106");
  EXPECT_NE(
      outcome.problems.items()[0].message.find("predicted executions none is 1 % better than the start"),
      std::string::npos)
      << outcome.problems.items()[0].message;
}

TEST(Twin, IsInterruptedWhileItPredicts) {
  const trial::Subject s = trial::subject("circuit", trial::machine_named("p100x4"), 2);
  const engine::sim::Simulator engine(s.planner);
  tune::Problem problem{s.planner, trial::compiled(""), &trial::whole_guide(), 1};
  problem.twin = &engine;
  int asked = 0;
  problem.interrupted = [&asked] { return ++asked > 20; };
  const auto twin = tune::find_strategy("twin")->make(problem);
  const tune::Evaluator evaluator(engine, trial::whole_guide(), *s.program, {});
  tune::Tuning tuning(problem, twin.get(), evaluator, {}, nullptr);
  const tune::Outcome outcome = tuning.run();
  EXPECT_EQ(outcome.stopped, Stopped::interrupted);
  EXPECT_EQ(outcome.trials.size(), 1u);
  EXPECT_LT(asked, 40) << "it ends at once";
}

TEST(Strategies, BeginWithAUsersMapper) {
  const trial::Subject s = trial::subject("cannon", trial::machine_named("p100x4"), 2);
  const std::string from = trial::mapper_text("expert", "cannon");
  for (const char* name : {"guided", "cd"}) {
    SCOPED_TRACE(name);
    const tune::Outcome outcome = tuned(s, name, 30, 1, 1, from);
    ASSERT_FALSE(outcome.trials.empty());
    EXPECT_EQ(tune::check(outcome.trials.front().mapper).canonical, tune::check(from).canonical);
    EXPECT_GT(best_speedup(s, "cannon", outcome), 1.1);
  }
}

TEST(Strategies, DescentNeedsNoLuck) {
  const trial::Subject s = trial::subject("solomonik", trial::machine_named("p100x4"), 2);
  const tune::Outcome outcome = tuned(s, "cd", 1000);
  EXPECT_EQ(outcome.stopped, Stopped::exhausted);
  EXPECT_GT(best_speedup(s, "solomonik", outcome), 1.5);
  std::set<std::string> once;
  for (const tune::Trial& t : outcome.trials) {
    if (t.status == Status::duplicate) continue;
    EXPECT_TRUE(once.insert(t.canonical).second) << t.canonical;
  }
}

// ------------------------------------------------------------------------------------------------------- the
// loop

// An engine that says what it is told: the metric of each mapper by its InstanceLimit, which is its number.
class Scripted final : public engine::Engine {
 public:
  std::string_view name() const override { return "scripted"; }
  engine::Capabilities capabilities() const override { return {noisy, 0}; }
  engine::Execution execute(const lang::MapperPtr& mapper) const override {
    const std::int64_t number = mapper->instance_limit("t");
    const std::scoped_lock lock(mutex_);
    const std::size_t nth = executions[number]++;
    engine::Execution e;
    const auto found = metrics.find(number);
    if (found == metrics.end()) {
      e.failure = plan::Failure{"scripted", "it does not work", {}};
      return e;
    }
    e.metric = found->second[nth % found->second.size()];
    return e;
  }

  bool noisy = false;
  std::map<std::int64_t, std::vector<double>> metrics;
  mutable std::map<std::int64_t, std::size_t> executions;

 private:
  mutable std::mutex mutex_;
};

// Proposes what it is told, in batches.
class Told final : public tune::Strategy {
 public:
  explicit Told(std::vector<std::vector<std::string>> batches) : batches_(std::move(batches)) {}

  std::vector<Proposal> propose() override {
    std::vector<Proposal> list;
    if (next_ == batches_.size()) return list;
    for (const std::string& m : batches_[next_]) list.push_back({m, "told"});
    ++next_;
    return list;
  }
  void observe(const tune::Trial& trial) override { seen.push_back(trial); }

  std::vector<tune::Trial> seen;

 private:
  std::vector<std::vector<std::string>> batches_;
  std::size_t next_ = 0;
};

std::string numbered(int n) {
  return fmt::format("InstanceLimit t {};\n", n);
}

struct Loop {
  Scripted engine;
  Limits limits;
  tune::Repeats repeats;
  bool larger = false;

  tune::Outcome run(std::vector<std::vector<std::string>> batches, int jobs = 1,
                    std::vector<tune::Trial>* seen = nullptr) {
    // Any program: the engine looks at the mapper alone.
    auto subject = trial::subject("circuit", trial::machine_named("p100x4"), 1);
    auto program = std::make_shared<program::Program>(*subject.program);
    program->metric = {"figure", "u", larger, 1};
    const auto planner = *plan::Planner::create(program, trial::machine_named("p100x4"), 1);
    const tune::Problem problem{planner, trial::compiled(""), &trial::whole_guide(), 1};
    Told strategy(std::move(batches));
    const tune::Evaluator evaluator(engine, trial::whole_guide(), *program, repeats);
    tune::Tuning tuning(problem, &strategy, evaluator, limits, nullptr);
    tuning.set_jobs(jobs);
    tune::Outcome outcome = tuning.run();
    if (seen != nullptr) *seen = strategy.seen;
    return outcome;
  }
};

TEST(Tuning, DuplicatesCostNothing) {
  Loop loop;
  loop.engine.metrics = {{1, {3}}, {2, {2}}, {3, {1}}};
  loop.limits.budget = 3;
  std::vector<tune::Trial> seen;
  const tune::Outcome o = loop.run({{numbered(1), "# the same\n" + numbered(1)},
                                    {numbered(2)},
                                    {numbered(1)},
                                    {numbered(3)},
                                    {numbered(4)}},
                                   1, &seen);
  EXPECT_EQ(o.evaluations, 3);
  EXPECT_EQ(o.stopped, Stopped::budget);
  ASSERT_EQ(o.trials.size(), 5U);
  EXPECT_EQ(o.trials[1].status, Status::duplicate);
  EXPECT_EQ(o.trials[1].duplicate_of, 1);
  EXPECT_EQ(o.trials[1].metric, 3);
  EXPECT_EQ(o.trials[3].duplicate_of, 1);
  EXPECT_EQ(o.best, 4U);
  EXPECT_EQ(loop.engine.executions[1], 1U);
  EXPECT_EQ(seen.size(), 5U);
}

TEST(Tuning, GoingInCirclesEnds) {
  Loop loop;
  loop.engine.metrics = {{1, {3}}};
  loop.limits.budget = 5;
  const tune::Outcome o = loop.run(std::vector<std::vector<std::string>>(3000, {numbered(1)}));
  EXPECT_EQ(o.stopped, Stopped::circles);
  EXPECT_EQ(o.trials.size(), 1001U);
  EXPECT_EQ(o.evaluations, 1);
}

TEST(Tuning, WhatIsNoMapperIsRecordedWithItsReason) {
  Loop loop;
  loop.engine.metrics = {{1, {3}}};
  std::vector<tune::Trial> seen;
  const tune::Outcome o = loop.run({{"Task * GPU", numbered(1), "Task * GPU", numbered(9)}}, 1, &seen);
  ASSERT_EQ(o.trials.size(), 4U);
  EXPECT_EQ(o.trials[0].status, Status::refused);
  EXPECT_NE(o.trials[0].failure_text.find("`;` is missing"), std::string::npos) << o.trials[0].failure_text;
  EXPECT_EQ(o.trials[2].status, Status::duplicate);
  EXPECT_EQ(o.trials[3].status, Status::failed);
  EXPECT_EQ(o.trials[3].failure_text, "it does not work");
  EXPECT_FALSE(o.trials[3].metric);
  EXPECT_EQ(o.best, 1U);
  EXPECT_EQ(o.evaluations, 3);
  EXPECT_EQ(o.stopped, Stopped::exhausted);
}

TEST(Tuning, EndsWhereItIsToldTo) {
  const std::vector<std::vector<std::string>> batches{{numbered(1), numbered(2), numbered(3)},
                                                      {numbered(4), numbered(5)}};
  const std::map<std::int64_t, std::vector<double>> metrics{
      {1, {5}}, {2, {4}}, {3, {4.5}}, {4, {6}}, {5, {1}}};
  for (const int jobs : {1, 8}) {
    Loop target;
    target.engine.metrics = metrics;
    target.limits.target = 4;
    const tune::Outcome reached = target.run(batches, jobs);
    EXPECT_EQ(reached.stopped, Stopped::target);
    EXPECT_EQ(reached.trials.size(), 2U);
    Loop patient;
    patient.engine.metrics = metrics;
    patient.limits.patience = 2;
    const tune::Outcome enough = patient.run(batches, jobs);
    EXPECT_EQ(enough.stopped, Stopped::patience);
    EXPECT_EQ(enough.trials.size(), 4U);
    Loop cut;
    cut.engine.metrics = metrics;
    cut.limits.budget = 4;
    EXPECT_EQ(cut.run(batches, jobs).trials.size(), 4U);
    Loop late;
    late.engine.metrics = metrics;
    late.limits.seconds = 1e-9;
    EXPECT_EQ(late.run(batches, jobs).stopped, Stopped::time);
  }
}

TEST(Tuning, LargerMayBeBetter) {
  Loop loop;
  loop.larger = true;
  loop.engine.metrics = {{1, {3}}, {2, {7}}, {3, {5}}};
  EXPECT_EQ(loop.run({{numbered(1), numbered(2), numbered(3)}}).best, 1U);
}

// Where executions waver, a better median alone is no better mapper.
TEST(Tuning, ANewBestNeedsMoreThanLuck) {
  Loop loop;
  loop.engine.noisy = true;
  loop.repeats = {.warmup = 1, .count = 5};
  // The first of each is the warm-up.
  loop.engine.metrics = {{1, {99, 10, 11, 10, 12, 10}},
                         {2, {99, 9, 11, 9, 10, 9}},   // better in the median, and not for sure
                         {3, {99, 8, 8.5, 8, 8, 9}}};  // better than the first whatever its luck
  const tune::Outcome o = loop.run({{numbered(1), numbered(2), numbered(3)}});
  ASSERT_EQ(o.trials.size(), 3U);
  EXPECT_EQ(o.trials[0].samples, (std::vector<double>{10, 11, 10, 12, 10}));
  EXPECT_EQ(o.trials[0].metric, 10);
  EXPECT_EQ(o.trials[1].metric, 9);
  EXPECT_EQ(o.best, 2U);
  EXPECT_EQ(loop.engine.executions[1], 6U);
  // One that does not waver is executed once.
  Loop steady;
  steady.repeats = {.warmup = 1, .count = 5};
  steady.engine.metrics = {{1, {3}}};
  steady.run({{numbered(1)}});
  EXPECT_EQ(steady.engine.executions[1], 1U);
}

TEST(Statistics, ByHand) {
  EXPECT_EQ(tune::median({3}), 3);
  EXPECT_EQ(tune::median({4, 1, 3, 2}), 2.5);
  // Fewer than six: all. Six: both outermost leave 2/64 = 3.1 % outside. Nine: the second and the eighth
  // leave 3.9 %; the third and the seventh would leave 18 %.
  const auto interval = [](std::vector<double> v) {
    const tune::Interval i = tune::median_interval(std::move(v));
    return std::pair(i.low, i.high);
  };
  EXPECT_EQ(interval({5, 1, 3}), (std::pair<double, double>(1, 5)));
  EXPECT_EQ(interval({1, 2, 3, 4, 5, 6}), (std::pair<double, double>(1, 6)));
  EXPECT_EQ(interval({1, 2, 3, 4, 5, 6, 7, 8, 9}), (std::pair<double, double>(2, 8)));
}

// --------------------------------------------------------------------------------------------------------
// records

TEST(Journal, KeepsTrialsAsTheyWere) {
  const trial::Subject s = trial::subject("cannon", trial::machine_named("p100x4"), 2);
  const tune::Outcome outcome = tuned(s, "guided", 4);
  for (const tune::Trial& t : outcome.trials) {
    const auto back = tune::from_record(tune::to_record(t, store::Role::proposal));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->mapper, t.mapper);
    EXPECT_EQ(back->canonical, t.canonical);
    EXPECT_EQ(back->status, t.status);
    EXPECT_EQ(back->metric, t.metric);
    EXPECT_EQ(back->why, t.why);
    EXPECT_EQ(back->shares, t.shares);
    ASSERT_EQ(back->feedback.findings.size(), t.feedback.findings.size());
    for (std::size_t i = 0; i < t.feedback.findings.size(); ++i) {
      EXPECT_EQ(back->feedback.findings[i].explain, t.feedback.findings[i].explain);
      EXPECT_EQ(back->feedback.findings[i].gain, t.feedback.findings[i].gain);
      EXPECT_EQ(back->feedback.findings[i].subjects, t.feedback.findings[i].subjects);
      EXPECT_EQ(back->feedback.findings[i].edits, t.feedback.findings[i].edits);
    }
  }
}

TEST(Journal, RefusesForeignFeedback) {
  store::Trial record;
  record.feedback = "{\"findings\": 3}";
  EXPECT_FALSE(tune::from_record(record));
  record.feedback = "no JSON";
  EXPECT_FALSE(tune::from_record(record));
}

TEST(Differences, AreInWords) {
  const trial::Subject s = trial::subject("circuit", trial::machine_named("p100x4"), 2);
  const auto planned = [&](const lang::MapperPtr& m) { return std::get<plan::Plan>(trial::planned(s, m)); };
  const auto before = trial::compiled("");
  const auto after = trial::compiled(
      "Task update_voltages CPU;\nRegion distribute_charge rp_shared GPU ZCMEM;\n"
      "InstanceLimit calculate_new_currents 2;\nCollectMemory distribute_charge rp_wires;\n"
      "def first(Task task) { m = Machine(GPU); return m[0, 0]; }\nIndexTaskMap calculate_new_currents "
      "first;\n");
  EXPECT_EQ(tune::differences(planned(after), *after, planned(before), *before),
            (std::vector<std::string>{
                "calculate_new_currents: on 1 instead of 8 GPU processors",
                "calculate_new_currents: at most 2 mapped ahead instead of any number",
                "distribute_charge: rp_shared in ZCMEM instead of FBMEM",
                "distribute_charge: rp_wires is given up after use",
                "update_voltages: on CPU instead of GPU",
                "update_voltages: rp_private in SOCKMEM instead of FBMEM",
                "update_voltages: rp_shared in SOCKMEM instead of FBMEM",
                "update_voltages: rp_times in SOCKMEM instead of FBMEM",
            }));
  EXPECT_TRUE(tune::differences(planned(before), *before, planned(before), *before).empty());
}

}  // namespace
}  // namespace mapwright
