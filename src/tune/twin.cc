#include "tune/twin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bug.h"
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
      Proposal proposal = std::move((*found_)[next_].proposal);
      proposal.mapper = pruned(proposal.mapper, (*found_)[next_].cost);
      ++next_;
      if (proposed_.insert(proposal.mapper).second) return {std::move(proposal)};
    }
    return {};
  }

  void observe(const Trial& /*trial*/) override {}
  std::optional<Ended> ended() const override {
    if (interrupted()) return Ended{Stopped::interrupted, {}};
    if (!found_ || !found_->empty()) return std::nullopt;
    const program::Metric& metric = problem_.program().metric;
    Ended ended;
    ended.problems.add(
        {&problem::nothing_predicted,
         nullptr,
         {},
         fmt::format("of {} predicted executions none is {:g} % better than the start, which has {:.4g} {}: "
                     "only that one was executed",
                     predicted_, 100 * kLeastGain, metric.larger_is_better ? -start_ : start_, metric.unit),
         "A model knows what the machine's file says about processors and memories. Without the twin, "
         "mappers are executed whatever is predicted.",
         {},
         {}});
    return ended;
  }

 private:
  struct Candidate {
    Proposal proposal;
    double cost = 0;
  };

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
  std::string pruned(const std::string& text, double cost) const {
    const Evaluator evaluator(*problem_.twin, *problem_.guide, problem_.program(), Repeats());
    Checked kept = check(text);
    for (std::size_t i = kept.mapper->ast().statements.size(); i-- > 0;) {
      const base::Span span =
          std::visit([](const auto& statement) { return statement.span; }, kept.mapper->ast().statements[i]);
      std::string without(kept.mapper->source()->text());
      without.erase(span.begin, span.end - span.begin);
      Checked tried = check(without);
      if (interrupted()) break;
      if (!tried.mapper) continue;
      const Trial trial = evaluator.evaluate(tried, false);
      if (cost_of(trial.metric, problem_.program().metric) > cost) continue;
      kept = std::move(tried);
    }
    return kept.canonical;
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
      if (last == cost) continue;
      last = cost;
      if (start_ - cost < kLeastGain * std::abs(start_)) break;
      candidates.push_back(
          {{t.mapper,
            fmt::format("number {} of {} predicted executions: {:.4g} {} where the start has {:.4g}",
                        candidates.size() + 1, predicted_, *t.metric, metric.unit,
                        metric.larger_is_better ? -start_ : start_)},
           cost});
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
