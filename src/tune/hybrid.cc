#include "tune/hybrid.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/bug.h"
#include "tune/bandit.h"

namespace mapwright::tune {
namespace {

constexpr std::array<std::string_view, 3> kParts{"guided", "trace", "bandit"};

class Hybrid final : public Strategy {
 public:
  explicit Hybrid(const Problem& problem)
      : metric_(problem.program().metric), random_(problem.seed), bandit_(kParts.size()) {
    for (const std::string_view name : kParts) {
      const StrategyKind* kind = find_strategy(name);
      base::expects(kind != nullptr, "the parts are strategies");
      parts_.push_back(kind->make(problem));
    }
  }

  bool reads_feedback() const override { return true; }

  std::vector<Proposal> propose() override {
    for (const std::size_t part : bandit_.order(&random_)) {
      std::vector<Proposal> proposals = parts_[part]->propose();
      if (!proposals.empty()) {
        chosen_ = part;
        for (Proposal& p : proposals) p.why = fmt::format("{}: {}", kParts.at(part), p.why);
        return proposals;
      }
      // Without its language model the others go on; interrupted is interrupted.
      if (const auto ended = parts_[part]->ended()) ended_ = ended;
      if (ended_ && ended_->why == Stopped::interrupted) break;
    }
    return {};
  }

  void observe(const Trial& trial) override {
    const double cost = cost_of(trial.metric, metric_);
    const bool win = cost < best_;
    if (win) best_ = cost;
    bandit_.add(chosen_, win);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (i == chosen_) {
        parts_[i]->observe(trial);
      } else {
        parts_[i]->learn(trial);
      }
    }
  }

  std::optional<Ended> ended() const override { return ended_; }

 private:
  const program::Metric metric_;
  Random random_;
  AucBandit bandit_;
  std::vector<std::unique_ptr<Strategy>> parts_;
  std::size_t chosen_ = 0;  // whose proposals are observed
  double best_ = std::numeric_limits<double>::infinity();
  std::optional<Ended> ended_;
};

}  // namespace

std::unique_ptr<Strategy> make_hybrid(const Problem& problem) {
  return std::make_unique<Hybrid>(problem);
}

}  // namespace mapwright::tune
