// What guidance finds in real executions, and what its edits are worth.
#include "guide/guide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "apps/apps.h"
#include "base/files.h"
#include "engine/sim/sim.h"
#include "lang/lang.h"
#include "machine/catalog.h"

namespace mapwright {
namespace {

const std::filesystem::path kRoot = MAPWRIGHT_ROOT;

struct Trial {
  lang::MapperPtr mapper;
  engine::Execution execution;
  double seconds() const { return execution.profile.timed_end - execution.profile.timed_begin; }
};

// On two nodes of p100x4.
Trial tried(const std::string& app, const std::string& text) {
  const auto machine = machine::load_machine(kRoot / "machines", "p100x4");
  apps::Options options;
  options.machine = &*machine;
  options.nodes = 2;
  const auto program = std::make_shared<const program::Program>(*apps::make(app, options));
  const auto planner = *plan::Planner::create(program, *machine, 2);
  const auto compiled = lang::compile(std::make_shared<base::Source>(app, text));
  for (const auto& d : compiled.problems.items()) ADD_FAILURE() << base::render(d, false);
  if (!compiled.mapper) return {};
  const auto placer = *lang::Placer::create(compiled.mapper, planner->site()->grid());
  auto plan = planner->plan(*placer);
  if (const auto* failure = std::get_if<plan::Failure>(&plan)) {
    ADD_FAILURE() << failure->text;
    return {};
  }
  return {compiled.mapper,
          engine::sim::run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))))};
}

std::string expert(const std::string& app) {
  return std::get<std::string>(base::read_file(kRoot / "mappers/expert" / (app + ".mapper"), 1 << 20));
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
