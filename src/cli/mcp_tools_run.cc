// Tools of tuning: an agent proposes mappers, and reads what came of them.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/mcp_catalog.h"
#include "cli/mcp_schema.h"
#include "cli/mcp_session.h"
#include "report/accuracy.h"
#include "report/json.h"

namespace mapwright::cli::mcp {
namespace {

using schema::baselines;
using schema::diagnostics;
using schema::failure;
using schema::findings;
using schema::flag;
using schema::integer;
using schema::integer_or_null;
using schema::list_of;
using schema::metric;
using schema::number_or_null;
using schema::object;
using schema::or_null;
using schema::text;
using schema::text_or_null;
using schema::texts;

constexpr std::size_t kMostWords = 500;  // bytes of what an agent says of a trial
constexpr std::size_t kMostRuns = 100;   // of a list
constexpr std::size_t kMostTrials = 1000;

Json value_of(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

// What metrics are compared with.
struct Yardstick {
  program::Metric metric;
  std::optional<double> expert;
  std::optional<double> default_mapper;

  Json speedup(const std::optional<double>& metric_value, const std::optional<double>& than) const {
    return value_of(tune::speedup(metric_value, than, metric));
  }
  void add(Json* document, const std::optional<double>& value) const {
    (*document)["metric"] = value_of(value);
    (*document)["speedup_over_expert"] = speedup(value, expert);
    (*document)["speedup_over_default"] = speedup(value, default_mapper);
  }
  Json baselines() const { return {{"expert", value_of(expert)}, {"default", value_of(default_mapper)}}; }
};

Json trial_json(const tune::Trial& t, const Yardstick& yardstick) {
  Json one;
  one["trial"] = t.number;
  one["status"] = name_of(t.status);
  yardstick.add(&one, t.metric);
  one["why"] = t.why;
  one["duplicate_of"] = t.duplicate_of ? Json(*t.duplicate_of) : Json();
  one["failure"] = t.failure_code.empty() ? Json() : Json{{"code", t.failure_code}, {"text", t.failure_text}};
  return one;
}

Json best_json(const tune::Trial* best, const Yardstick& yardstick) {
  if (best == nullptr) return nullptr;
  Json one;
  one["trial"] = best->number;
  yardstick.add(&one, best->metric);
  return one;
}

// Of a mapper that is none: with places and repairs, which findings do not have.
void add_own_problems(Json* document, const std::string& mapper) {
  add_problems(document, tune::check(mapper).problems);
}

Json best_schema() {
  return or_null(object({{"trial", integer},
                         {"metric", number_or_null},
                         {"speedup_over_expert", number_or_null},
                         {"speedup_over_default", number_or_null}}));
}

Json trial_schema() {
  return object(
      {{"trial", integer, "its number in the run, from 1"},
       {"status", text, "ok, failed, refused (no mapper) or duplicate (of an earlier trial, at no cost)"},
       {"metric", number_or_null},
       {"speedup_over_expert", number_or_null},
       {"speedup_over_default", number_or_null},
       {"why", text},
       {"duplicate_of", integer_or_null},
       {"failure", failure}});
}

// ---- propose-and-evaluate

TuneSettings settings_of(const Workshop& shop, const Arguments& arguments) {
  TuneSettings settings;
  settings.subject = subject_of(shop, arguments);
  settings.guide = guide_of(arguments);
  settings.limits.budget = arguments.integer("budget").value_or(settings.limits.budget);
  return settings;
}

ArgumentList beginning() {
  return joined({subject_arguments(false),
                 {{"budget",
                   Type::integer,
                   "How many different mappers the run may execute",
                   false,
                   "10",
                   {},
                   1,
                   1'000'000}},
                 guide_arguments()});
}

std::unique_ptr<Session> session_of(const Workshop& shop, const Arguments& arguments) {
  if (!arguments.sent("run")) {
    if (!arguments.sent("program"))
      throw Stop{Exit::usage, "either 'program' is needed, to begin a run, or 'run', to go on with one", {}};
    return std::make_unique<Session>(shop.store, settings_of(shop, arguments));
  }
  for (const Argument& a : beginning()) {
    if (!arguments.sent(a.name)) continue;
    throw Stop{
        Exit::usage,
        fmt::format("'{}' is stated where a run begins, and not again: leave it out, or leave out 'run'",
                    a.name),
        {}};
  }
  return std::make_unique<Session>(shop.store, arguments.text("run"));
}

Json propose(const Workshop& shop, const Arguments& arguments) {
  const std::string why = base::shortened(base::one_line(arguments.text("why")), kMostWords);
  const auto session = session_of(shop, arguments);
  const Workbench& bench = session->bench();
  const report::TuningResult result = session->propose(arguments.text("mapper"), why);
  const tune::Trial& trial = result.outcome.trials.back();
  const Yardstick yardstick{result.metric, result.expert, result.default_mapper};
  const std::int64_t budget = bench.settings().limits.budget;
  Json d;
  d["run"] = result.run;
  d["program"] = result.program;
  d["machine"] = bench.subject().machine.name;
  d["nodes"] = bench.settings().subject.nodes;
  d["metric"] = report::metric_json(result.metric);
  d["baselines"] = yardstick.baselines();
  d["accuracy"] = report::accuracy_text(result.program);
  d["trial"] = trial_json(trial, yardstick);
  d["is_best"] = result.best() == &trial;
  d["best"] = best_json(result.best(), yardstick);
  d["budget"] = budget;
  d["executed"] = result.outcome.evaluations;
  d["left"] = budget - result.outcome.evaluations;
  d["feedback"] = trial.feedback.system;
  report::add_findings(&d, trial.feedback.findings);
  add_own_problems(&d, trial.mapper);
  d["notes"] = bench.subject().program->notes;
  return d;
}

Json propose_schema() {
  return object({{"run", text, "pass it as `run` to add the next proposal; it lasts as long as the store"},
                 {"program", text},
                 {"machine", text},
                 {"nodes", integer},
                 {"metric", metric},
                 {"baselines", baselines},
                 {"accuracy", text, "what is known of the simulator's error"},
                 {"trial", trial_schema},
                 {"is_best", flag, "whether it is the best of the run so far"},
                 {"best", best_schema},
                 {"budget", integer},
                 {"executed", integer, "trials that counted so far"},
                 {"left", integer, "of the budget"},
                 {"feedback", text, "what the system said"},
                 {"findings", findings, "what to change, the largest gain first"},
                 {"errors", integer},
                 {"warnings", integer},
                 {"diagnostics", diagnostics, "what is wrong with the mapper"},
                 {"notes", texts}});
}

// ---- status

Json run_json(const store::Run& run) {
  Json one;
  one["run"] = run.id;
  one["program"] = run.program;
  try {
    const TuneSettings s = TuneSettings::load(run.settings);
    one["machine"] = s.subject.machine;
    one["nodes"] = s.subject.nodes;
    one["strategy"] = s.strategy;
    one["budget"] = s.limits.budget;
  } catch (const Stop&) {
    // Runs of another version are listed all the same.
    for (const char* key : {"machine", "nodes", "strategy", "budget"}) one[key] = nullptr;
  }
  one["trials"] = run.trials;
  one["state"] = name_of(run.state);
  one["stopped"] = run.stopped.empty() ? Json() : Json(run.stopped);
  one["begun"] = run.created;
  return one;
}

Json status(const Workshop& shop, const Arguments& arguments) {
  Json d;
  d["runs"] = Json::array();
  if (!arguments.sent("run")) {
    const auto store = open_store(shop.store, false);
    const std::vector<store::Run> runs = store ? expect(store->runs()) : std::vector<store::Run>();
    for (auto i = runs.rbegin(); i != runs.rend() && d["runs"].size() < kMostRuns; ++i)
      d["runs"].push_back(run_json(*i));
    return d;
  }
  const Record record = read_record(shop.store, arguments.text("run"));
  const Yardstick yardstick{record.subject.program->metric, record.expert, record.default_mapper};
  d["runs"].push_back(run_json(record.run));
  d["metric"] = report::metric_json(yardstick.metric);
  d["baselines"] = yardstick.baselines();
  d["executed"] = record.executed;
  d["left"] = std::max(std::int64_t{0}, record.settings.limits.budget - record.executed);
  d["best"] = best_json(record.best ? &record.trials[*record.best] : nullptr, yardstick);
  Json trials = Json::array();
  const std::size_t first = record.trials.size() - std::min(record.trials.size(), kMostTrials);
  for (std::size_t i = first; i < record.trials.size(); ++i)
    trials.push_back(trial_json(record.trials[i], yardstick));
  d["trials"] = std::move(trials);
  return d;
}

Json runs_schema() {
  return list_of(
      object({{"run", text},
              {"program", text},
              {"machine", text_or_null},
              {"nodes", integer_or_null},
              {"strategy", text_or_null, "agent: begun by propose-and-evaluate"},
              {"budget", integer_or_null},
              {"trials", integer, "proposals, duplicates included"},
              {"state", text, "running while a proposal is executed, finished, or interrupted: it can go on"},
              {"stopped", text_or_null, "why it ended"},
              {"begun", text}}));
}
Json trials_schema() {
  return list_of(trial_schema());
}

Json status_schema() {
  return object({{"runs", runs_schema, "the run that was asked for, or all, newest first"},
                 {"metric", metric, "of one run, as are those that follow", false},
                 {"baselines", baselines, "", false},
                 {"executed", integer, "trials that counted", false},
                 {"left", integer, "of the budget", false},
                 {"best", best_schema, "null: none works yet", false},
                 {"trials", trials_schema, "in their order", false}});
}

// ---- best, explain

Json best(const Workshop& shop, const Arguments& arguments) {
  const Record record = read_record(shop.store, arguments.text("run"));
  const Yardstick yardstick{record.subject.program->metric, record.expert, record.default_mapper};
  const tune::Trial* trial = record.best ? &record.trials[*record.best] : nullptr;
  Json d;
  d["run"] = record.run.id;
  d["program"] = record.run.program;
  d["metric"] = report::metric_json(yardstick.metric);
  d["baselines"] = yardstick.baselines();
  d["best"] = best_json(trial, yardstick);
  d["mapper"] = trial == nullptr ? Json() : Json(trial->mapper);
  d["differences"] = Json::array();
  // Those to the expert's mapper would give it away.
  if (trial != nullptr)
    d["differences"] = Workbench(record.settings).differences(trial->mapper, *default_mapper());
  return d;
}

Json best_document_schema() {
  return object(
      {{"run", text},
       {"program", text},
       {"metric", metric},
       {"baselines", baselines},
       {"best", best_schema, "null: none works yet"},
       {"mapper", text_or_null, "its text"},
       {"differences", texts, "what it does otherwise than the runtime's own decisions, in words"}});
}

Json explain(const Workshop& shop, const Arguments& arguments) {
  const Record record = read_record(shop.store, arguments.text("run"));
  const Yardstick yardstick{record.subject.program->metric, record.expert, record.default_mapper};
  const auto number = arguments.integer("trial");
  if (!number && !record.best)
    throw Stop{Exit::failed,
               fmt::format("no trial of the run '{}' works yet: say which 'trial'", record.run.id),
               {}};
  const auto count = static_cast<std::int64_t>(record.trials.size());
  if (number && *number > count)
    throw Stop{Exit::usage,
               fmt::format("the run '{}' has {} trials, and no trial {}", record.run.id, count, *number),
               {}};
  const std::size_t i = number ? static_cast<std::size_t>(*number) - 1 : *record.best;
  const tune::Trial& trial = record.trials[i];
  Json d;
  d["run"] = record.run.id;
  d["trial"] = trial_json(trial, yardstick);
  d["is_best"] = record.best == i;
  d["mapper"] = trial.mapper;
  d["feedback"] = trial.feedback.system;
  report::add_findings(&d, trial.feedback.findings);
  add_own_problems(&d, trial.mapper);
  return d;
}

Json explain_schema() {
  return object({{"run", text},
                 {"trial", trial_schema},
                 {"is_best", flag},
                 {"mapper", text},
                 {"feedback", text, "what the system said"},
                 {"findings", findings, "what to change, the largest gain first"},
                 {"errors", integer},
                 {"warnings", integer},
                 {"diagnostics", diagnostics, "what is wrong with the mapper"}});
}

}  // namespace

std::span<const Tool> run_tools() {
  const Argument run{"run", Type::text, "The run, as propose-and-evaluate named it", true};
  static const std::vector<Tool> kTools{
      {"propose-and-evaluate", "Propose a mapper, and see how fast it is",
       "One step of tuning. Executes the program under the mapper, records the trial in the run, and answers "
       "with the "
       "metric, how it compares with the expert's mapper, with the default and with the best so far, and "
       "with findings: "
       "what cost time, and which statements would change that. Without `run` a run begins, for which "
       "`program` is "
       "needed; go on with it by passing the `run` of the answer. Each different mapper costs one of the "
       "budget, also "
       "one with errors (`check` first costs nothing); the same mapper again costs nothing.",
       joined({{{"mapper", Type::text, "The mapper: its whole text, not the name of a file", true},
                {"why", Type::text, "One line for the record: what is new about it, and why"},
                {"run", Type::text, "The run to go on with; left out, a run begins"}},
               beginning()}),
       &propose_schema, &propose, true},
      {"status",
       "Show where runs stand",
       "Read-only. Of one run: every trial with its metric, the best so far, and what is left of the budget. "
       "Without "
       "`run`: the runs of the store, newest first.",
       {{"run", Type::text, "The run; left out, all are listed"}},
       &status_schema,
       &status},
      {"best",
       "Show the best mapper of a run",
       "Read-only. The text of the fastest mapper that the run has tried, its metric, how many times as fast "
       "it is as "
       "the expert's mapper and as the default, and what it does otherwise than the default.",
       {run},
       &best_document_schema,
       &best},
      {"explain",
       "Explain a trial",
       "Read-only. The mapper of a trial again, with what came of it: why it failed, or where the time went, "
       "and for "
       "each finding the edits of the mapper that would change that.",
       {run, {"trial", Type::integer, "Its number; left out, the best one", false, "", {}, 1, 1'000'000'000}},
       &explain_schema,
       &explain}};
  return kTools;
}

}  // namespace mapwright::cli::mcp
