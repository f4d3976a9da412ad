#include "guide/guide.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/text.h"

namespace mapwright::guide {
namespace {

constexpr std::array<std::string_view, 2> kRuleSets{"ours", "paper"};
constexpr std::array<std::string_view, 3> kLevels{"system", "explain", "suggest"};

template <class Enum, std::size_t N>
std::optional<Enum> from_word(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto at = std::ranges::find(words, word);
  if (at == words.end()) return std::nullopt;
  return static_cast<Enum>(at - words.begin());
}

std::string metric_text(const program::Metric& metric, double value) {
  return fmt::format("{}: {} ({} is better)", base::visible(metric.name), metric.text(value),
                     metric.larger_is_better ? "larger" : "smaller");
}

// What a system said, line by line.
std::string shown_lines(std::string_view text) {
  std::string all;
  for (const std::string_view line : base::split(text, '\n')) {
    if (!all.empty()) all += '\n';
    all += base::visible(line);
  }
  return all;
}

std::vector<Finding> of_errors(const base::Diagnostics& problems) {
  std::vector<Finding> found;
  for (const base::Diagnostic& d : problems.items()) {
    if (!d.is_error()) continue;
    if (found.size() == kMostErrors) break;
    Finding f;
    f.code = d.kind->code;
    f.explain = base::visible(d.note.empty() ? d.message : d.message + ". " + d.note);
    if (d.fix) f.suggest = base::visible(d.fix->what);
    found.push_back(std::move(f));
  }
  return found;
}

// What failed yields nothing.
std::vector<Finding> with_all_to_gain(std::vector<Finding> found) {
  for (Finding& f : found) f.share = f.gain = 1;
  return found;
}

}  // namespace

std::string_view name_of(RuleSet rules) {
  return kRuleSets.at(static_cast<std::size_t>(rules));
}
std::optional<RuleSet> rule_set(std::string_view word) {
  return from_word<RuleSet>(kRuleSets, word);
}
std::string_view name_of(Level level) {
  return kLevels.at(static_cast<std::size_t>(level));
}
std::optional<Level> level(std::string_view word) {
  return from_word<Level>(kLevels, word);
}

std::string text(const Feedback& feedback) {
  std::string all = feedback.system;
  if (!all.ends_with('\n')) all += '\n';
  for (const Finding& f : feedback.findings) {
    all += fmt::format("\n{}\n", f.explain);
    if (!f.suggest.empty()) all += f.suggest + "\n";
    for (const lang::Edit& e : f.edits) all += fmt::format("  {}: {}\n", e.remove ? "remove" : "put", e.text);
  }
  return all;
}

Feedback Guide::executed(const engine::Execution& execution, const lang::CompiledMapper& mapper) const {
  if (!execution.failure) {
    const bool known = execution.profile.plan != nullptr;
    const std::string said = known ? metric_text(execution.profile.plan->program->metric, execution.metric)
                                   : fmt::format("metric: {:.6g}", execution.metric);
    if (level_ == Level::system || !known) return {said, {}};
    return cut(said, rules_ == RuleSet::ours ? findings(execution, mapper) : recognised(said));
  }
  const plan::Failure& failure = *execution.failure;
  const std::string said = shown_lines(failure.text);
  if (rules_ == RuleSet::paper) return cut(said, with_all_to_gain(recognised(failure.text)));
  // The planner knows more than the runtime says.
  std::string all = failure.text;
  for (const base::Diagnostic& d : failure.problems.items())
    all += fmt::format("\n{}\n{}", d.message, d.note);
  std::vector<Finding> found = recognised(all);
  return cut(said, with_all_to_gain(found.empty() ? of_errors(failure.problems) : std::move(found)));
}

Feedback Guide::refused(const base::Diagnostics& problems) const {
  std::string said;
  std::size_t shown = 0;
  for (const base::Diagnostic& d : problems.items()) {
    if (d.is_error() && shown++ < kMostErrors) said += base::render(d, false);
  }
  if (shown > kMostErrors) said += fmt::format("... and {} more\n", problems.errors() - kMostErrors);
  return cut(said, with_all_to_gain(rules_ == RuleSet::ours ? of_errors(problems) : recognised(said)));
}

std::vector<Finding> Guide::recognised(std::string_view text) const {
  std::vector<Finding> found;
  for (const ErrorRules& rules : error_rules_) {
    for (Finding& f : rules.match(text)) {
      if (std::ranges::find(found, f.code, &Finding::code) == found.end()) found.push_back(std::move(f));
    }
  }
  if (!std::ranges::all_of(found, &Finding::last_resort))
    std::erase_if(found, std::mem_fn(&Finding::last_resort));
  return found;
}

Feedback Guide::cut(std::string system, std::vector<Finding> findings) const {
  if (level_ == Level::system) findings.clear();
  if (level_ == Level::explain) {
    for (Finding& f : findings) {
      f.suggest.clear();
      f.edits.clear();
    }
  }
  return {std::move(system), std::move(findings)};
}

std::vector<Remap> Guide::maps(const plan::Plan& plan, const lang::CompiledMapper& mapper) const {
  if (rules_ != RuleSet::ours || level_ != Level::suggest) return {};
  return remaps(plan, mapper);
}

}  // namespace mapwright::guide
