// Built-in applications under mappers, from their names to an execution.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "apps/apps.h"
#include "base/files.h"
#include "engine/sim/sim.h"
#include "guide/guide.h"
#include "lang/lang.h"
#include "machine/catalog.h"
#include "plan/plan.h"
#include "texts.h"

namespace mapwright::trial {

inline machine::Machine machine_named(const std::string& name) {
  return *machine::load_machine(kRoot / "machines", name);
}

//! The text of a mapper that is shipped: "expert", "default_like"; "" for none.
inline std::string mapper_text(const std::string& folder, const std::string& app) {
  if (folder.empty()) return "";
  return std::get<std::string>(base::read_file(kRoot / "mappers" / folder / (app + ".mapper"), 1 << 20));
}

inline std::string expert(const std::string& app) {
  return mapper_text("expert", app);
}

inline const guide::Guide& whole_guide() {
  static const guide::Guide guide(guide::RuleSet::ours, guide::Level::suggest, {});
  return guide;
}

//! An application on a machine.
struct Subject {
  std::shared_ptr<const program::Program> program;
  std::shared_ptr<const plan::Planner> planner;
};

inline Subject subject(const std::string& app, const machine::Machine& machine, std::int64_t nodes,
                       std::map<std::string, std::int64_t, std::less<>> set = {},
                       apps::Size size = apps::Size::paper) {
  apps::Options options;
  options.size = size;
  options.set = std::move(set);
  options.machine = &machine;
  options.nodes = nodes;
  const auto program = std::make_shared<const program::Program>(*apps::make(app, options));
  return {program, *plan::Planner::create(program, machine, nodes)};
}

inline std::string rendered(const base::Diagnostics& problems) {
  std::string text;
  for (const base::Diagnostic& d : problems.items()) text += base::render(d, false);
  return text;
}

//! A mapper without problems.
inline lang::MapperPtr compiled(const std::string& text) {
  const auto compilation = lang::compile(std::make_shared<base::Source>("test.mapper", text));
  EXPECT_EQ(rendered(compilation.problems), "") << text;
  return compilation.mapper;
}

inline std::variant<plan::Plan, plan::Failure> planned(const Subject& subject,
                                                       const lang::MapperPtr& mapper) {
  return subject.planner->plan(mapper);
}

//! An execution of what can be planned.
inline engine::Execution executed(const Subject& subject, const lang::MapperPtr& mapper) {
  auto plan = planned(subject, mapper);
  if (const auto* failure = std::get_if<plan::Failure>(&plan)) {
    ADD_FAILURE() << failure->text;
    return {};
  }
  return engine::sim::run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))));
}

}  // namespace mapwright::trial
