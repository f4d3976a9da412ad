// What guidance finds in real executions, and what its edits are worth.
#include "guide/guide.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "trial.h"

namespace mapwright {
namespace {

struct Trial {
  lang::MapperPtr mapper;
  engine::Execution execution;
  double seconds() const { return execution.profile.timed_end - execution.profile.timed_begin; }
};

// On two nodes of p100x4.
Trial tried(const std::string& app, const std::string& text) {
  const lang::MapperPtr mapper = trial::compiled(text);
  if (!mapper) return {};
  return {mapper, trial::executed(trial::subject(app, trial::machine_named("p100x4"), 2), mapper)};
}

std::string expert(const std::string& app) {
  return trial::mapper_text("expert", app);
}

// Follows the first finding with edits; what it was, and how much less time it then takes.
std::pair<std::string, double> first_step(const std::string& app, const std::string& text, double* promised) {
  const Trial before = tried(app, text);
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
    const auto [code, gained] = first_step(c.app, c.expert ? expert(c.app) : "", &promised);
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
      const Trial t = tried(std::string(app.name), by_expert ? expert(std::string(app.name)) : "");
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

}  // namespace
}  // namespace mapwright
