#include "tune/twin.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/bug.h"
#include "tune/tuning.h"

namespace mapwright::tune {
namespace {

// Points that all predicted executions together may have: at about a microsecond each, half a minute.
constexpr double kPoints = 3e7;
constexpr std::int64_t kFewest = 200;
// The guided strategy ends by itself where nothing more helps; what it leaves is the bandit's.
constexpr std::int64_t kGuided = 200;

std::int64_t trials_for(const program::Program& program) {
  double points = 0;
  for (std::size_t i = 0; i < program.launches.size(); ++i) {
    const bool looped = i >= program.loop_begin && i < program.loop_end;
    points += static_cast<double>(program.launches[i].points()) *
              (looped ? static_cast<double>(program.warmup + program.iterations) : 1);
  }
  return std::clamp(static_cast<std::int64_t>(kPoints / std::max(1.0, points)), kFewest, kTwinTrials);
}

class Twin final : public Strategy {
 public:
  explicit Twin(const Problem& problem) : problem_(problem) {
    base::expects(problem.twin != nullptr, "there is a twin to tune");
  }

  std::vector<Proposal> propose() override {
    switch (step_++) {
      case 0: return {{std::string(problem_.start->source()->text()), "what the search begins with"}};
      case 1: return best();
      default: return {};
    }
  }

  void observe(const Trial& /*trial*/) override {}

 private:
  // Both of them begin where the run does, and know nothing of one another.
  void search(std::string_view strategy, std::int64_t budget, std::vector<Trial>* found) const {
    const Evaluator evaluator(*problem_.twin, *problem_.guide, problem_.program(), Repeats());
    const auto searcher = find_strategy(strategy)->make(problem_);
    Limits limits;
    limits.budget = budget;
    Tuning tuning(problem_, searcher.get(), evaluator, limits, nullptr);
    Outcome outcome = tuning.run();
    std::ranges::move(outcome.trials, std::back_inserter(*found));
  }

  std::vector<Proposal> best() const {
    const std::int64_t budget = trials_for(problem_.program());
    std::vector<Trial> found;
    search("guided", std::min(budget, kGuided), &found);
    const auto guided = static_cast<std::int64_t>(found.size());
    search("bandit", std::max<std::int64_t>(1, budget - guided), &found);
    const std::size_t predicted = found.size();

    const program::Metric& metric = problem_.program().metric;
    const double start = cost_of(found.front().metric, metric);
    std::erase_if(found, [](const Trial& t) { return !t.metric; });
    std::stable_sort(found.begin(), found.end(),
                     [&](const Trial& a, const Trial& b) { return cost_of(a.metric, metric) < cost_of(b.metric, metric); });
    std::vector<Proposal> proposals;
    std::optional<double> last;
    for (const Trial& t : found) {
      // What is predicted to take just as long is most likely the same in other words.
      const double cost = cost_of(t.metric, metric);
      if (last == cost) continue;
      last = cost;
      if (cost >= start) break;
      proposals.push_back({t.mapper, fmt::format("number {} of {} predicted executions: {:.4g} {} where the start has {:.4g}",
                                                 proposals.size() + 1, predicted, *t.metric, metric.unit,
                                                 metric.larger_is_better ? -start : start)});
    }
    return proposals;
  }

  const Problem problem_;
  int step_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_twin(const Problem& problem) {
  return std::make_unique<Twin>(problem);
}

}  // namespace mapwright::tune
