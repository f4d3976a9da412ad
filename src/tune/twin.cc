#include "tune/twin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bug.h"
#include "lang/edit.h"
#include "tune/diagnostics.h"
#include "tune/tuning.h"

namespace mapwright::tune {
namespace {

// Points that all predicted executions together may have: at about a microsecond each, half a minute.
constexpr double kPoints = 3e7;
constexpr std::int64_t kFewest = 200;
// The guided strategy ends by itself where nothing more helps; what it leaves is the bandit's.
constexpr std::int64_t kGuided = 200;
// Of the start's cost: less is no reason to execute anything.
constexpr double kLeastGain = 0.01;

// Sums of the same times in another order differ in their last bits.
bool alike(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::abs(b);
}

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
    if (!started_) {
      started_ = true;
      return {{std::string(problem_.start->source()->text()), "what the search begins with"}};
    }
    if (!found_) found_ = best();
    while (next_ < found_->size() && !interrupted()) {
      const Candidate lean = pruned((*found_)[next_++]);
      if (!proposed_.insert(lean.mapper).second) continue;
      return {{lean.mapper, fmt::format("number {} of {} predicted executions: {} where the start has {}",
                                        proposed_.size(), predicted_, figure(lean.cost), figure(start_))}};
    }
    return {};
  }

  void observe(const Trial& /*trial*/) override {}
  std::optional<Ended> ended() const override {
    if (interrupted()) return Ended{Stopped::interrupted, {}};
    if (!found_ || !found_->empty()) return std::nullopt;
    Ended ended;
    ended.problems.add(
        {&problem::nothing_predicted,
         nullptr,
         {},
         fmt::format("of {} predicted executions none is {:g} % better than the start, which has {}: only "
                     "that one was executed",
                     predicted_, 100 * kLeastGain, figure(start_)),
         "A model knows what the machine's file says about processors and memories. Without the twin, "
         "mappers are executed whatever is predicted.",
         {},
         {}});
    return ended;
  }

 private:
  struct Candidate {
    std::string mapper;
    double cost = 0;
  };

  // As people read the metric that a cost is.
  std::string figure(double cost) const {
    const program::Metric& metric = problem_.program().metric;
    return metric.text(metric.larger_is_better ? -cost : cost, 4);
  }

  bool interrupted() const { return problem_.interrupted && problem_.interrupted(); }

  // Both of them begin where the run does, and know nothing of one another.
  void search(std::string_view strategy, std::int64_t budget, std::vector<Trial>* found) {
    const Evaluator evaluator(*problem_.twin, *problem_.guide, problem_.program(), Repeats());
    const auto searcher = find_strategy(strategy)->make(problem_);
    Limits limits;
    limits.budget = budget;
    Tuning tuning(problem_, searcher.get(), evaluator, limits, nullptr);
    if (problem_.interrupted) tuning.stop_when(problem_.interrupted);
    Outcome outcome = tuning.run();
    predicted_ += outcome.evaluations;
    std::ranges::move(outcome.trials, std::back_inserter(*found));
  }

  // What a search drew and what changes nothing that is predicted is taken out again: statement by statement,
  // as long as the prediction stays.
  Candidate pruned(const Candidate& candidate) const {
    const Evaluator evaluator(*problem_.twin, *problem_.guide, problem_.program(), Repeats());
    Checked kept = check(candidate.mapper);
    double cost = candidate.cost;
    for (std::size_t i = kept.mapper->ast().statements.size(); i-- > 0 && !interrupted();) {
      Checked tried = check(lang::without(*kept.mapper, i));
      if (!tried.mapper) continue;  // a function that others call
      const double then = cost_of(evaluator.evaluate(tried, false).metric, problem_.program().metric);
      if (then > cost && !alike(then, cost)) continue;
      kept = std::move(tried);
      cost = std::min(cost, then);
    }
    return {kept.canonical, cost};
  }

  std::vector<Candidate> best() {
    const std::int64_t budget = trials_for(problem_.program());
    std::vector<Trial> found;
    search("guided", std::min(budget, kGuided), &found);
    search("bandit", std::max<std::int64_t>(1, budget - predicted_), &found);

    const program::Metric& metric = problem_.program().metric;
    start_ = cost_of(found.front().metric, metric);
    std::erase_if(found, [](const Trial& t) { return !t.metric; });
    std::ranges::stable_sort(found, [&](const Trial& a, const Trial& b) {
      return cost_of(a.metric, metric) < cost_of(b.metric, metric);
    });
    std::vector<Candidate> candidates;
    std::optional<double> last;
    for (const Trial& t : found) {
      // What is predicted to take just as long is most likely the same in other words.
      const double cost = cost_of(t.metric, metric);
      if (last && alike(*last, cost)) continue;
      last = cost;
      if (start_ - cost < kLeastGain * std::abs(start_)) break;
      candidates.push_back({t.mapper, cost});
    }
    return candidates;
  }

  const Problem problem_;
  bool started_ = false;
  std::optional<std::vector<Candidate>> found_;
  std::size_t next_ = 0;
  std::set<std::string> proposed_;
  std::int64_t predicted_ = 0;
  double start_ = 0;  // its predicted cost
};

}  // namespace

std::unique_ptr<Strategy> make_twin(const Problem& problem) {
  return std::make_unique<Twin>(problem);
}

}  // namespace mapwright::tune
