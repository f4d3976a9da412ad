#include "report/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/accuracy.h"
#include "report/table.h"

namespace mapwright::report {
namespace {

using Align = Table::Align;

constexpr std::size_t kMostTrials = 20;
constexpr std::size_t kMostWords = 100;  // bytes of what a strategy says of a trial

std::string metric_text(const std::optional<double>& metric) {
  return metric ? fmt::format("{:.6g}", *metric) : "-";
}

std::string speedup_text(const TuningResult& r, const std::optional<double>& metric) {
  const auto speedup = tune::speedup(metric, r.reference(), r.metric);
  return speedup ? fmt::format("{:.3f}", *speedup) : "-";
}

// Titles of the columns of both tables.
std::string_view metric_title(const TuningResult& r) {
  return r.metric.unit.empty() ? r.metric.name : r.metric.unit;
}
std::string_view speedup_title(const TuningResult& r) {
  return r.has_expert ? "x expert" : "x default";
}

std::string_view reference_name(const TuningResult& r) {
  return r.has_expert ? "the expert's mapper" : "the default";
}

// Where executions waver, the best is not always the one with the best figure.
std::string luck_text(const TuningResult& r) {
  const auto cost = [&](const tune::Trial& t) { return tune::cost_of(t.metric, r.metric); };
  const auto lucky = std::ranges::min_element(r.outcome.trials, {}, cost);
  if (cost(*lucky) >= cost(*r.best())) return "";
  return fmt::format(
      "trial {} has a better figure, within what executions of one mapper differ by; --repeats makes it "
      "surer\n",
      lucky->number);
}

std::string outcome_text(const tune::Trial& t) {
  switch (t.status) {
    case tune::Status::ok: return metric_text(t.metric);
    case tune::Status::failed: return "failed";
    case tune::Status::refused: return "refused";
    case tune::Status::duplicate: return fmt::format("as {}", t.duplicate_of.value_or(0));
  }
  return "";
}

std::int64_t count(const tune::Outcome& outcome, tune::Status status) {
  return std::ranges::count(outcome.trials, status, &tune::Trial::status);
}

std::string words_of(const tune::Trial& t) {
  const auto line = [](const std::string& text) { return base::visible(base::one_line(text)); };
  if (t.status != tune::Status::failed && t.status != tune::Status::refused)
    return base::shortened(line(t.why), kMostWords);
  // Who knows what it means says it in fewer words than the system, which says last what it comes to.
  const std::vector<guide::Finding>& findings = t.feedback.findings;
  const std::string why =
      line(findings.empty() ? t.failure_text.substr(0, t.failure_text.find('\n')) : findings.front().explain);
  return base::shortened(t.why.empty() ? why : base::shortened(line(t.why), kMostWords / 2) + ": " + why,
                         kMostWords);
}

// The first ones, and each that was the best so far.
std::string trial_table(const TuningResult& r) {
  Table table({{"trial"}, {metric_title(r)}, {speedup_title(r)}, {"what was tried", Align::left}});
  double best = std::numeric_limits<double>::infinity();
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < r.outcome.trials.size(); ++i) {
    const tune::Trial& t = r.outcome.trials[i];
    const double cost = tune::cost_of(t.metric, r.metric);
    const bool better = cost < best;
    best = std::min(best, cost);
    const bool is_best = r.outcome.best == i;
    if (i >= kMostTrials && !better && !is_best) {
      ++left_out;
      continue;
    }
    table.add({fmt::format("{}{}", is_best ? "*" : "", t.number), outcome_text(t), speedup_text(r, t.metric),
               words_of(t)});
  }
  std::string text = "\n" + table.text();
  if (left_out > 0) text += fmt::format("... and {} more that were no better\n", left_out);
  return text;
}

std::string first_line(const TuningResult& r) {
  return fmt::format("# Tuned for {}.\n", base::visible(r.subject));
}

}  // namespace

std::string against(const TuningResult& r, double metric) {
  if (const auto speedup = tune::speedup(metric, r.expert, r.metric))
    return fmt::format("{:.3f}x the expert", *speedup);
  if (const auto speedup = tune::speedup(metric, r.default_mapper, r.metric))
    return fmt::format("{:.3f}x the default", *speedup);
  return "";
}

std::string progress_text(const TuningResult& r, const tune::Progress& p, std::int64_t budget) {
  std::string text = fmt::format("{}: {} of {} executions", r.strategy, p.evaluations, budget);
  if (p.best == nullptr || !p.best->metric) return text + ", none succeeded yet";
  text += ", best " + r.metric.text(*p.best->metric);
  const std::string relative = against(r, *p.best->metric);
  return relative.empty() ? text : text + ", " + relative;
}

std::string tuning_text(const TuningResult& r) {
  std::string text =
      fmt::format("{}: {}, {} is better\n{}\n\n", base::visible(r.subject), base::visible(r.metric.name),
                  r.metric.larger_is_better ? "larger" : "smaller", accuracy_text(r.program, r.basis));
  Table table({{"mapper", Align::left}, {metric_title(r)}, {speedup_title(r)}});
  if (r.has_expert) table.add({"expert", metric_text(r.expert), speedup_text(r, r.expert)});
  table.add({"default", metric_text(r.default_mapper), speedup_text(r, r.default_mapper)});
  const tune::Trial* best = r.best();
  if (best != nullptr)
    table.add({fmt::format("best, of trial {}", best->number), metric_text(best->metric),
               speedup_text(r, best->metric)});
  text += table.text() + trial_table(r);
  text += fmt::format("\n{} by {}", base::count_text(r.outcome.evaluations, "execution"), r.strategy);
  for (const auto& [status, name] :
       {std::pair(tune::Status::failed, "failed"), std::pair(tune::Status::refused, "refused"),
        std::pair(tune::Status::duplicate, "duplicates")}) {
    if (const std::int64_t n = count(r.outcome, status); n > 0) text += fmt::format(", {} {}", n, name);
  }
  text += fmt::format("; {}\n", words(r.outcome.stopped));
  // What is measured is not so for ever.
  const auto earlier = std::ranges::count_if(
      r.outcome.trials, [](const tune::Trial& t) { return t.status == tune::Status::ok && t.seconds == 0; });
  if (r.basis != Basis::simulated && earlier > 0)
    text += fmt::format("{} of them by earlier runs; --fresh executes them again\n", earlier);
  if (count(r.outcome, tune::Status::failed) > 0) text += "--json has all that was said where they failed\n";
  if (r.model) text += use_text(*r.model) + "\n";
  if (best == nullptr)
    return text + (r.outcome.evaluations == 0 ? "nothing was tried\n" : "no mapper was found that works\n");
  text += luck_text(r);
  if (!r.changes.empty()) {
    text += fmt::format("\nagainst {}, the best mapper has\n", reference_name(r));
    for (const std::string& line : r.changes) text += "  " + line + "\n";
  }
  if (!r.best_file.empty()) text += fmt::format("\nbest mapper: {}\n", base::visible(r.best_file));
  if (r.model && !r.model->file.empty()) text += fmt::format("session: {}\n", base::visible(r.model->file));
  return text;
}

std::string use_text(const ModelUse& use) {
  const llm::Spent& s = use.spent;
  return fmt::format("{} was asked {}{}: {} tokens of prompts and {} of replies{}{}", base::visible(use.name),
                     s.calls == 1 ? "once" : fmt::format("{} times", s.calls),
                     s.retries > 0 ? fmt::format(", with {} retries", s.retries) : "", s.usage.prompt,
                     s.usage.reply, s.usage.estimated ? ", partly estimated" : "",
                     use.priced ? fmt::format(", for ${:.4f}", s.dollars) : "");
}

std::string best_header(const TuningResult& r) {
  const tune::Trial& best = *r.best();
  std::string text = first_line(r);
  text += fmt::format("# {} {}", base::visible(r.metric.name), r.metric.text(*best.metric));
  const auto compared = [&](const char* name, const std::optional<double>& metric) {
    if (const auto speedup = tune::speedup(best.metric, metric, r.metric))
      text += fmt::format(", {:.3f} times as fast as {} ({:.6g})", *speedup, name, *metric);
  };
  compared("the expert's mapper", r.expert);
  compared("the default", r.default_mapper);
  text += fmt::format(";\n# trial {} of run {}, by {}; {}.\n", best.number, r.run, r.strategy,
                      accuracy_text(r.program, r.basis));
  if (!r.changes.empty()) {
    text += fmt::format("#\n# Against {}:\n", reference_name(r));
    for (const std::string& line : r.changes) text += "#   " + line + "\n";
  }
  return text + "\n";
}

bool is_best_of(std::string_view file, const TuningResult& r) {
  return file.starts_with(first_line(r)) &&
         file.substr(0, file.find("\n\n")).find(fmt::format(" of run {}, by {};", r.run, r.strategy)) !=
             std::string_view::npos;
}

void add_tuning(Json* document, const TuningResult& r) {
  Json& d = *document;
  const auto number = [](const std::optional<double>& metric) { return metric ? Json(*metric) : Json(); };
  const tune::Trial* best = r.best();
  d["metric"] = metric_json(r.metric);
  d["best"] = best == nullptr
                  ? Json()
                  : Json{{"mapper", r.best_file}, {"metric", number(best->metric)}, {"trial", best->number}};
  d["baselines"] = {{"expert", number(r.expert)}, {"default", number(r.default_mapper)}};
  d["accuracy"] = accuracy_text(r.program, r.basis);
  const auto speedup = [&](const std::optional<double>& than) {
    return number(best == nullptr ? std::nullopt : tune::speedup(best->metric, than, r.metric));
  };
  d["speedup_over_expert"] = speedup(r.expert);
  d["speedup_over_default"] = speedup(r.default_mapper);
  d["evaluations"] = r.outcome.evaluations;
  Json trials = Json::array();
  for (const tune::Trial& t : r.outcome.trials) {
    Json one;
    one["trial"] = t.number;
    one["status"] = name_of(t.status);
    one["metric"] = number(t.metric);
    if (t.samples.size() > 1) one["samples"] = t.samples;
    one["why"] = t.why;
    if (t.duplicate_of) one["duplicate_of"] = *t.duplicate_of;
    if (!t.failure_code.empty()) one["failure"] = {{"code", t.failure_code}, {"text", t.failure_text}};
    one["mapper"] = t.mapper;
    trials.push_back(std::move(one));
  }
  d["trials"] = std::move(trials);
  d["changes"] = r.changes;
  d["stopped"] = words(r.outcome.stopped);
  if (r.model) {
    const llm::Spent& s = r.model->spent;
    d["model"] = {{"name", r.model->name},
                  {"calls", s.calls},
                  {"retries", s.retries},
                  {"prompt_tokens", s.usage.prompt},
                  {"reply_tokens", s.usage.reply},
                  {"estimated", s.usage.estimated},
                  {"dollars", r.model->priced ? Json(s.dollars) : Json()},
                  {"session", r.model->file.empty() ? Json() : Json(r.model->file)}};
  }
  d["run"] = r.run;
}

}  // namespace mapwright::report
