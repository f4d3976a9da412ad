#include "report/comparison_groups.h"

#include <algorithm>

#include "tune/statistics.h"
#include "tune/trial.h"

namespace mapwright::report {

std::optional<double> reference(const Comparison& c) {
  return c.expert ? c.expert : c.default_mapper;
}

double relative(const Comparison& c, const Series& s, std::int64_t executions) {
  if (s.best.empty()) return 0;
  const auto last = std::min(static_cast<std::size_t>(executions), s.best.size()) - 1;
  return tune::speedup(s.best[last], reference(c), c.metric).value_or(0);
}

std::int64_t Group::executions() const {
  std::size_t most = 0;
  for (const Series* s : runs) most = std::max(most, s->best.size());
  return static_cast<std::int64_t>(most);
}

std::vector<Group> groups(const Comparison& c) {
  std::vector<Group> list;
  for (const Series& s : c.series) {
    if (list.empty() || list.back().strategy != s.strategy) list.push_back({s.strategy, {}});
    list.back().runs.push_back(&s);
  }
  return list;
}

double median_relative(const Comparison& c, const Group& g, std::int64_t executions) {
  std::vector<double> values;
  values.reserve(g.runs.size());
  for (const Series* s : g.runs) values.push_back(relative(c, *s, executions));
  return tune::median(values);
}

}  // namespace mapwright::report
