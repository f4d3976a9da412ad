#include "tune/bandit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tune/techniques.h"

namespace mapwright::tune {

double AucBandit::score(std::size_t arm) const {
  const Arm& a = arms_[arm];
  if (a.uses == 0) return std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(a.uses);
  return 2 * a.positions / (n * (n + 1)) +
         kExploration * std::sqrt(2 * std::log2(static_cast<double>(window_.size())) / n);
}

std::vector<std::size_t> AucBandit::order(Random* random) const {
  std::vector<std::size_t> arms(arms_.size());
  std::iota(arms.begin(), arms.end(), 0);
  random->shuffle(&arms);
  std::ranges::stable_sort(arms, [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
  return arms;
}

void AucBandit::add(std::size_t arm, bool win) {
  window_.push_back({arm, win});
  Arm& a = arms_[arm];
  ++a.uses;
  if (win) {
    a.positions += static_cast<double>(a.uses);
    ++a.wins;
  }
  if (window_.size() <= kWindow) return;
  const Result oldest = window_.front();
  window_.pop_front();
  Arm& o = arms_[oldest.arm];
  --o.uses;
  o.positions -= o.wins;  // all of its wins move one position down, and one at position 1 is gone
  if (oldest.win) --o.wins;
}

namespace {

class BanditSearch final : public Search {
 public:
  BanditSearch(Sizes sizes, std::uint64_t seed)
      : record_{std::move(sizes), Random(seed), {}, {}},
        techniques_(default_techniques()),
        bandit_(techniques_.size()) {}

  std::vector<Candidate> propose() override {
    constexpr int kRounds = 500;  // without anything to try, until it gives up
    for (int i = 0; i < kRounds; ++i) {
      for (const std::size_t t : bandit_.order(&record_.random)) {
        if (const auto choice = techniques_[t]->propose(&record_)) {
          used_ = t;
          return {{*choice, std::string(techniques_[t]->name())}};
        }
        bandit_.add(t, false);
      }
    }
    return {};
  }

  void observe(const Candidate& candidate, const Observation& observation) override {
    const bool win = record_.enter(candidate.choice, observation.cost);
    techniques_[used_]->observe(candidate.choice, record_);
    bandit_.add(used_, win);
  }

 private:
  Record record_;
  std::vector<std::unique_ptr<Technique>> techniques_;
  AucBandit bandit_;
  std::size_t used_ = 0;  // the technique of the last proposal
};

}  // namespace

std::unique_ptr<Search> bandit_search(Sizes sizes, std::uint64_t seed) {
  return std::make_unique<BanditSearch>(std::move(sizes), seed);
}

}  // namespace mapwright::tune
