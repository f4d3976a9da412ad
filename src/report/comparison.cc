#include "report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/accuracy.h"
#include "report/comparison_groups.h"
#include "report/table.h"
#include "tune/trial.h"

namespace mapwright::report {
namespace {

using Align = Table::Align;

// Executions until it is at least this; none where it never is.
std::optional<std::int64_t> executions_until(const Comparison& c, const Series& s, double wanted) {
  for (std::size_t i = 0; i < s.best.size(); ++i) {
    const double is = relative(c, s, static_cast<std::int64_t>(i) + 1);
    if (is >= wanted * (1 - 1e-9)) return static_cast<std::int64_t>(i) + 1;
  }
  return std::nullopt;
}

// In the median of the runs, with those that never get there as the worst.
std::string until_text(const Comparison& c, const Group& g, double wanted) {
  if (wanted <= 0) return "-";
  std::vector<double> counts;
  for (const Series* s : g.runs) {
    const auto n = executions_until(c, *s, wanted);
    counts.push_back(n ? static_cast<double>(*n) : std::numeric_limits<double>::infinity());
  }
  std::ranges::sort(counts);
  const double middle = counts[counts.size() / 2];
  return std::isfinite(middle) ? fmt::format("{:.0f}", middle) : "never";
}

// What others are to match: the first strategy of the table after ten executions, or as many as it has. Less
// than a thousandth is no difference.
constexpr std::int64_t kMatched = 10;
constexpr double kMatchedPart = 0.999;

std::vector<std::int64_t> shown_checkpoints(const std::vector<Group>& list) {
  std::int64_t most = 0;
  for (const Group& g : list) most = std::max(most, g.executions());
  std::vector<std::int64_t> shown;
  for (const std::int64_t n : kCheckpoints) {
    if (n <= most) shown.push_back(n);
  }
  return shown;
}

std::string table(const Comparison& c) {
  const std::vector<Group> list = groups(c);
  if (list.empty()) return "";
  const std::vector<std::int64_t> checkpoints = shown_checkpoints(list);
  std::vector<std::string> titles;
  titles.reserve(checkpoints.size());
  for (const std::int64_t n : checkpoints) titles.push_back(fmt::format("{}", n));
  const std::string matches = fmt::format("match {}", list.front().strategy);
  std::vector<Table::Column> columns{{"strategy", Align::left}, {"seeds"}};
  for (const std::string& t : titles) columns.push_back({t});
  for (const std::string_view t :
       {std::string_view("best"), std::string_view("reach 1.000"), std::string_view(matches),
        std::string_view("invalid"), std::string_view("executions"), std::string_view("seconds")})
    columns.push_back({t});
  Table rows(columns);
  const double match = kMatchedPart * median_relative(c, list.front(), kMatched);
  for (const Group& g : list) {
    std::vector<std::string> cells{g.strategy, fmt::format("{}", g.runs.size())};
    for (const std::int64_t n : checkpoints) {
      const double best = median_relative(c, g, n);
      cells.push_back(n > g.executions() ? "" : best > 0 ? fmt::format("{:.3f}", best) : "-");
    }
    const double best = median_relative(c, g, g.executions());
    cells.push_back(best > 0 ? fmt::format("{:.3f}", best) : "-");
    std::int64_t invalid = 0;
    std::int64_t executions = 0;
    double seconds = 0;
    for (const Series* s : g.runs) {
      invalid += s->invalid;
      executions += static_cast<std::int64_t>(s->best.size());
      seconds += s->seconds;
    }
    cells.push_back(until_text(c, g, 1));
    cells.push_back(until_text(c, g, match));
    cells.push_back(
        executions == 0 ? "-" : percent_text(static_cast<double>(invalid) / static_cast<double>(executions)));
    cells.push_back(fmt::format("{}", executions / static_cast<std::int64_t>(g.runs.size())));
    cells.push_back(fmt::format("{:.2f}", seconds / static_cast<double>(g.runs.size())));
    rows.add(std::move(cells));
  }
  return rows.text();
}

std::string metric_text(const std::optional<double>& metric) {
  return metric ? fmt::format("{:.6g}", *metric) : "none";
}

// Executions at which a row is due.
std::vector<std::int64_t> budgets_of(const Series& s) {
  std::vector<std::int64_t> list;
  const auto all = static_cast<std::int64_t>(s.best.size());
  for (const std::int64_t n : kCheckpoints) {
    if (n < all) list.push_back(n);
  }
  if (all > 0) list.push_back(all);
  return list;
}

}  // namespace

std::string comparison_text(const std::vector<Comparison>& programs) {
  std::string text;
  for (const Comparison& c : programs) {
    text +=
        fmt::format("{}{}: {} in {}, {} is better; expert {}, default {}{}\n{}\n", text.empty() ? "" : "\n",
                    base::visible(c.subject), base::visible(c.metric.name), base::visible(c.metric.unit),
                    c.metric.larger_is_better ? "larger" : "smaller", metric_text(c.expert),
                    metric_text(c.default_mapper), c.expert ? "" : "; figures are multiples of the default",
                    accuracy_text(c.program, c.basis));
    text += table(c);
  }
  return text;
}

std::string comparison_csv(const std::vector<Comparison>& programs) {
  std::string text = "program,strategy,seed,execution,metric,speedup_over_expert\n";
  for (const Comparison& c : programs) {
    // A name with a comma or a quote would be two cells.
    std::string name = "\"";
    for (const char ch : c.program) name += ch == '"' ? "\"\"" : std::string(1, ch);
    name += '"';
    for (const Series& s : c.series) {
      for (std::size_t i = 0; i < s.best.size(); ++i) {
        const bool last = i + 1 == s.best.size();
        if (!s.best[i] || (!last && i > 0 && s.best[i] == s.best[i - 1])) continue;
        const auto speedup = tune::speedup(s.best[i], c.expert, c.metric);
        text += fmt::format("{},{},{},{},{},{}\n", name, s.strategy, s.seed, i + 1, *s.best[i],
                            speedup ? fmt::format("{}", *speedup) : "");
      }
    }
  }
  return text;
}

void add_comparison(Json* document, const std::vector<Comparison>& programs) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  Json rows = Json::array();
  Json baselines = Json::array();
  for (const Comparison& c : programs) {
    baselines.push_back({{"program", c.program},
                         {"metric", metric_json(c.metric)},
                         {"expert", number(c.expert)},
                         {"default", number(c.default_mapper)},
                         {"accuracy", accuracy_text(c.program, c.basis)}});
    for (const Series& s : c.series) {
      for (const std::int64_t n : budgets_of(s)) {
        const auto& metric = s.best[static_cast<std::size_t>(n) - 1];
        rows.push_back({{"program", c.program},
                        {"strategy", s.strategy},
                        {"seed", s.seed},
                        {"budget", n},
                        {"metric", number(metric)},
                        {"speedup_over_expert", number(tune::speedup(metric, c.expert, c.metric))},
                        {"invalid", static_cast<double>(s.invalid) / static_cast<double>(s.best.size())}});
      }
    }
  }
  (*document)["baselines"] = std::move(baselines);
  (*document)["rows"] = std::move(rows);
}

}  // namespace mapwright::report
