#include <algorithm>
#include <array>
#include <vector>

#include "apps/apps.h"
#include "apps/diagnostics.h"
#include "apps/models.h"
#include "base/text.h"

namespace mapwright::apps {
namespace {

using Make = program::Program (*)(Setup&);
struct Entry {
  const App* app;
  Make make;
};

// In the order of reports.
constexpr Entry kEntries[] = {
    {&kCircuit, circuit}, {&kStencil, stencil},     {&kPennant, pennant},
    {&kCannon, cannon},   {&kSumma, summa},         {&kPumma, pumma},
    {&kJohnson, johnson}, {&kSolomonik, solomonik}, {&kCosma, cosma},
};

base::Diagnostic unknown(const base::DiagnosticKind& kind, std::string message, std::string_view word,
                         const std::vector<std::string_view>& candidates, std::string_view what) {
  if (const auto near = base::closest(word, candidates))
    message += fmt::format(": did you mean '{}'?", *near);
  return problem_of(kind, std::move(message), fmt::format("{} {}", what, base::join(candidates, ", ")));
}

base::Diagnostics check(const App& app, const Options& options) {
  base::Diagnostics problems;
  const machine::Machine& machine = *options.machine;
  const auto& gpus = machine.processors[machine::ProcessorKind::gpu];
  if (!gpus || gpus->count < 1)
    problems.add(problem_of(problem::no_gpus, fmt::format("{} has no GPUs", machine.name),
                            fmt::format("{} gets one piece of its data for each GPU", app.name)));
  if (options.nodes < 1 || options.nodes > machine::Grid::kMaxNodes)
    problems.add(problem_of(
        problem::out_of_range, fmt::format("{} cannot run on {} nodes", app.name, options.nodes),
        fmt::format("the number of nodes is at least 1 and at most {}", machine::Grid::kMaxNodes)));
  for (const auto& [name, value] : options.set) {
    const auto rule = std::ranges::find(app.parameters, name, &Parameter::name);
    if (rule == app.parameters.end()) {
      std::vector<std::string_view> names;
      for (const Parameter& p : app.parameters) names.push_back(p.name);
      problems.add(
          unknown(problem::unknown_parameter,
                  fmt::format("{} has no parameter '{}'", app.name, base::visible(base::shortened(name, 64))),
                  name, names, "its parameters are"));
    } else if (value < rule->least || value > rule->most) {
      problems.add(
          problem_of(problem::out_of_range, fmt::format("'{}' of {} cannot be {}", name, app.name, value),
                     fmt::format("{}: at least {} and at most {}", rule->what, rule->least, rule->most)));
    }
  }
  return problems;
}

}  // namespace

std::span<const App> all() {
  static const std::vector<App> kAll = [] {
    std::vector<App> list;
    for (const Entry& e : kEntries) list.push_back(*e.app);
    return list;
  }();
  return kAll;
}

const App* find(std::string_view name) {
  const auto at = std::ranges::find(all(), name, &App::name);
  return at == all().end() ? nullptr : &*at;
}

base::Result<program::Program> make(std::string_view app, const Options& options) {
  base::expects(options.machine != nullptr, "a program is made for a machine");
  const Entry* entry = std::ranges::find(kEntries, app, [](const Entry& e) { return e.app->name; });
  if (entry == std::end(kEntries)) {
    std::vector<std::string_view> names;
    for (const Entry& e : kEntries) names.push_back(e.app->name);
    return unknown(problem::unknown_app,
                   fmt::format("there is no program '{}'", base::visible(base::shortened(app, 64))), app,
                   names, "programs are");
  }
  if (base::Diagnostics problems = check(*entry->app, options); !problems.empty()) return problems;
  Setup setup(*entry->app, options);
  program::Program program = entry->make(setup);
  if (!setup.problems().empty()) return setup.problems();
  program.parameters = setup.values();
  program.notes = setup.notes();
  return program;
}

}  // namespace mapwright::apps
