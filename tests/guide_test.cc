// What guidance finds in real executions, and what its edits are worth.
#include "guide/guide.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "texts.h"
#include "trial.h"

namespace mapwright {
namespace {

struct Tried {
  lang::MapperPtr mapper;
  engine::Execution execution;
  double seconds() const { return execution.profile.timed_end - execution.profile.timed_begin; }
};

// On two nodes of p100x4.
Tried tried(const std::string& app, const std::string& text) {
  const lang::MapperPtr mapper = trial::compiled(text);
  if (!mapper) return {};
  return {mapper, trial::executed(trial::subject(app, trial::machine_named("p100x4"), 2), mapper)};
}

// Follows the first finding with edits; what it was, and how much less time it then takes.
std::pair<std::string, double> first_step(const std::string& app, const std::string& text, double* promised) {
  const Tried before = tried(app, text);
  const auto found = guide::findings(before.execution, *before.mapper);
  const auto first = std::ranges::find_if(found, [](const guide::Finding& f) { return !f.edits.empty(); });
  if (first == found.end()) return {"", 0};
  const auto edited = lang::edited(before.mapper->source(), first->edits);
  EXPECT_TRUE(edited);
  *promised = first->gain;
  return {std::string(first->code), 1 - tried(app, *edited).seconds() / before.seconds()};
}

TEST(Guide, FirstStepsAreWorthIt) {
  struct Case {
    const char* app;
    bool expert;
    const char* code;
  };
  for (const Case& c : {Case{"cannon", false, "idle_processors"}, Case{"summa", false, "idle_processors"},
                        Case{"pumma", false, "idle_processors"}, Case{"solomonik", false, "idle_processors"},
                        Case{"circuit", true, "slow_memory"}, Case{"cannon", true, "limit"}}) {
    SCOPED_TRACE(c.app);
    double promised = 0;
    const auto [code, gained] = first_step(c.app, c.expert ? trial::expert(c.app) : "", &promised);
    EXPECT_EQ(code, c.code);
    EXPECT_GE(gained, promised / 2);
    EXPECT_GE(gained, 0.1);
  }
}

// Every finding of every application has a number, words, and edits that compile and name only what is there.
TEST(Guide, FindingsAreSound) {
  for (const auto& app : apps::all()) {
    for (const bool by_expert : {true, false}) {
      SCOPED_TRACE(std::string(app.name) + (by_expert ? " expert" : " default"));
      const Tried t = tried(std::string(app.name), by_expert ? trial::expert(std::string(app.name)) : "");
      double last = 1;
      for (const guide::Finding& f : guide::findings(t.execution, *t.mapper)) {
        SCOPED_TRACE(f.explain);
        EXPECT_GE(f.gain, guide::kLeastGain);
        EXPECT_LE(f.gain, last);
        EXPECT_GE(f.share, 0);
        EXPECT_LE(f.share, 1 + 1e-9);
        EXPECT_FALSE(f.explain.empty() || f.suggest.empty());
        last = f.gain;
        if (f.edits.empty()) continue;
        const auto edited = lang::edited(t.mapper->source(), f.edits);
        ASSERT_TRUE(edited);
        tried(std::string(app.name), *edited);
      }
    }
  }
}

guide::Guide guide_of(const std::string& name) {
  const std::string text =
      std::get<std::string>(base::read_file(kRoot / "rules" / (name + ".toml"), 1 << 20));
  return {*guide::rule_set(name),
          guide::Level::suggest,
          {*guide::ErrorRules::parse(std::make_shared<base::Source>(name, text))}};
}

engine::Execution outcome(const trial::Subject& subject, const lang::MapperPtr& mapper) {
  auto plan = trial::planned(subject, mapper);
  if (auto* failure = std::get_if<plan::Failure>(&plan)) {
    engine::Execution failed;
    failed.failure = std::move(*failure);
    return failed;
  }
  return engine::sim::run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))));
}

// The first suggestion after which something else happens is followed, as often as it takes; how often it
// was, or -1 where nothing helps any more.
int steps_to_a_run(const trial::Subject& subject, std::string text) {
  constexpr int kMostSteps = 25;
  const guide::Guide guide = guide_of("ours");
  for (int step = 0; step <= kMostSteps; ++step) {
    const lang::MapperPtr mapper = trial::compiled(text);
    if (!mapper) return -1;
    const engine::Execution before = outcome(subject, mapper);
    if (!before.failure) return step;
    bool helped = false;
    for (const guide::Finding& f : guide.executed(before, *mapper).findings) {
      if (f.edits.empty()) continue;
      const auto edited = lang::edited(mapper->source(), f.edits);
      if (!edited) return -1;
      const lang::MapperPtr next = trial::compiled(*edited);
      if (!next) return -1;
      const engine::Execution after = outcome(subject, next);
      helped = !after.failure || after.failure->problems.items().front().message !=
                                     before.failure->problems.items().front().message;
      if (helped) {
        text = *edited;
        break;
      }
    }
    if (!helped) return -1;
  }
  return -1;
}

TEST(Guide, FollowingItLeadsFromAFailureToARun) {
  struct Case {
    const char* app;
    int nodes;
    const char* mapper;
    int most;  // steps
    std::map<std::string, std::int64_t, std::less<>> set = {};
  };
  const machine::Machine machine = trial::machine_named("p100x4");
  for (const Case& c :
       {Case{"cannon", 3, "", 1}, Case{"summa", 3, "", 1}, Case{"pumma", 4, "", 1},
        Case{"solomonik", 4, "", 1}, Case{"circuit", 2, "Region * * GPU FBMEM;\n", 20, {{"wpp", 20'000'000}}},
        Case{"circuit", 2, "Task * CPU;\nRegion * * * FBMEM;\n", 20},
        Case{"circuit", 2, "Region * * * VIRTUAL;\n", 25},
        Case{"stencil", 2, "Layout * * * AOS C_order;\n", 10}}) {
    SCOPED_TRACE(std::string(c.app) + " " + c.mapper);
    const int steps = steps_to_a_run(trial::subject(c.app, machine, c.nodes, c.set), c.mapper);
    EXPECT_GE(steps, 1);
    EXPECT_LE(steps, c.most);
  }
}

// The published rules say something about whatever happens, and never a number.
TEST(Guide, ThePublishedRulesKnowNoNumbers) {
  const guide::Guide paper = guide_of("paper");
  for (const auto& [app, code] : {std::pair("circuit", "throughput"), std::pair("stencil", "time")}) {
    const Tried t = tried(app, "");
    const guide::Feedback f = paper.executed(t.execution, *t.mapper);
    ASSERT_EQ(f.findings.size(), 1U);
    EXPECT_EQ(f.findings[0].code, code);
    EXPECT_EQ(f.findings[0].gain, 0);
    EXPECT_FALSE(f.findings[0].suggest.empty());
  }
  const auto refused =
      lang::compile(std::make_shared<base::Source>("bad", "def f(Task task): { return 1; }\n"));
  const guide::Feedback f = paper.refused(refused.problems);
  ASSERT_FALSE(f.findings.empty());
  EXPECT_EQ(f.findings[0].code, "syntax");
  EXPECT_EQ(f.findings[0].gain, 1);
}

}  // namespace
}  // namespace mapwright
