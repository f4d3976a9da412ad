#include "tune/strategy.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "base/bug.h"
#include "tune/descent.h"
#include "tune/guided.h"
#include "tune/hybrid.h"
#include "tune/opro.h"
#include "tune/space.h"
#include "tune/trace.h"
#include "tune/twin.h"

namespace mapwright::tune {
namespace {

// A search in the space of the program's decisions.
class Searching final : public Strategy {
 public:
  Searching(const Problem& problem, auto&& search)
      : metric_(problem.program().metric),
        planner_(problem.planner),
        space_(problem.program(), *planner_->site(), problem.start),
        search_(search(space_, problem)) {}

  std::vector<Proposal> propose() override {
    std::vector<Proposal> proposals;
    for (Candidate& c : search_->propose()) {
      proposals.push_back({space_.mapper(c.choice), c.why});
      open_.push_back(std::move(c));
    }
    return proposals;
  }

  void observe(const Trial& trial) override {
    base::expects(!open_.empty(), "what is observed was proposed");
    search_->observe(open_.front(), {cost_of(trial.metric, metric_), trial.shares});
    open_.pop_front();
  }

 private:
  program::Metric metric_;
  std::shared_ptr<const plan::Planner> planner_;
  Space space_;
  std::unique_ptr<Search> search_;
  std::deque<Candidate> open_;
};

// One mapper, once: what it starts from.
class Fixed final : public Strategy {
 public:
  explicit Fixed(const Problem& problem) : mapper_(problem.start->source()->text()) {}

  std::vector<Proposal> propose() override {
    if (done_) return {};
    done_ = true;
    return {{mapper_, "as it is"}};
  }
  void observe(const Trial& /*trial*/) override {}

 private:
  std::string mapper_;
  bool done_ = false;
};

std::unique_ptr<Strategy> fixed(const Problem& problem) {
  return std::make_unique<Fixed>(problem);
}

// What somebody else found.
class Given final : public Strategy {
 public:
  explicit Given(const Problem& problem) : given_(problem.given) {}

  std::vector<Proposal> propose() override { return std::exchange(given_, {}); }
  void observe(const Trial& /*trial*/) override {}

 private:
  std::vector<Proposal> given_;
};

constexpr StrategyKind kGiven{
    kAgent, "what a coding agent proposes, one mapper after another",
    [](const Problem& p) -> std::unique_ptr<Strategy> { return std::make_unique<Given>(p); }};

constexpr std::array kStrategies{
    StrategyKind{"guided", "applies what guidance suggests, best first, and keeps what helps", &make_guided},
    StrategyKind{"trace", "a language model rewrites decision blocks from feedback, as OptoPrime does",
                 &make_trace, false, &trace_growth},
    StrategyKind{"opro", "a language model sees the best mappers with their scores", &make_opro, false,
                 &opro_growth},
    StrategyKind{"hybrid", "guided, trace and bandit, chosen by their record", &make_hybrid, true,
                 &trace_growth},
    StrategyKind{"bandit", "OpenTuner's default: a bandit over evolutionary techniques",
                 [](const Problem& p) -> std::unique_ptr<Strategy> {
                   return std::make_unique<Searching>(p, [](const Space& space, const Problem& problem) {
                     return bandit_search(space.sizes(), problem.seed);
                   });
                 },
                 true},
    StrategyKind{"cd", "constrained coordinate descent, as AutoMap has it",
                 [](const Problem& p) -> std::unique_ptr<Strategy> {
                   return std::make_unique<Searching>(p, [](const Space& space, const Problem& problem) {
                     return descent_search(space, problem.program());
                   });
                 }},
    StrategyKind{"random", "mappers drawn from the space, all alike",
                 [](const Problem& p) -> std::unique_ptr<Strategy> {
                   return std::make_unique<Searching>(p, [](const Space& space, const Problem& problem) {
                     return random_search(space.sizes(), problem.seed);
                   });
                 },
                 true},
    StrategyKind{kTwin, "tunes a simulated twin of what really runs, and executes the best that this finds",
                 &make_twin, true},
    StrategyKind{"expert", "the expert's mapper, once", &fixed},
    StrategyKind{"default", "what the engine does by itself, once", &fixed},
};

}  // namespace

std::span<const StrategyKind> strategies() {
  return kStrategies;
}

const StrategyKind* find_strategy(std::string_view name) {
  const auto* const found = std::ranges::find(kStrategies, name, &StrategyKind::name);
  if (found != kStrategies.end()) return &*found;
  return name == kGiven.name ? &kGiven : nullptr;
}

}  // namespace mapwright::tune
