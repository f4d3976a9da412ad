#include "tune/opro.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/text.h"
#include "tune/asking.h"

namespace mapwright::tune {
namespace {

// The published set-up: the best 20 pairs, the best one last, temperature 1, several samples a step.
constexpr std::size_t kPairs = 20;
constexpr double kTemperature = 1;
// Of those that have no score, only the latest are shown: they say what to avoid.
constexpr std::size_t kFailures = 3;
constexpr std::size_t kLongestMapper = 4000;
constexpr std::size_t kLongestProblem = 1000;

class Opro final : public Asking {
 public:
  explicit Opro(const Problem& problem) : Asking(problem, Form::mapper, kTemperature) {}

  void observe(const Trial& trial) override { learn(trial); }

  void learn(const Trial& trial) override {
    if (trial.duplicate_of) return;
    if (!trial.metric) {
      failures_.push_back(trial);
      if (failures_.size() > kFailures) failures_.pop_front();
      return;
    }
    // The worst one first; of equals, the earlier one.
    const auto cost = [&](const Trial& t) { return -cost_of(t.metric, metric()); };
    pairs_.insert(std::ranges::upper_bound(pairs_, cost(trial), {}, cost), trial);
    if (pairs_.size() > kPairs) pairs_.erase(pairs_.begin());
  }

 private:
  // All samples of a step answer the same prompt.
  std::vector<llm::Message> messages() override {
    if (sample_++ % model().samples == 0) step_ = messages_of(model(), Form::mapper, "opro", values());
    return step_;
  }

  Proposal proposal(Said said) override { return {std::move(said.mapper), std::move(said.reasoning)}; }

  prompt::Values values() const {
    prompt::Values v;
    std::string& pairs = v["pairs"];
    for (const Trial& t : pairs_)
      pairs += fmt::format("mapper:\n{}\nscore: {:.6g}\n\n", shown(t.mapper), *t.metric);
    if (pairs_.empty()) pairs = "(none has worked yet)\n";
    std::string& feedback = v["feedback"];
    for (const Trial& t : failures_)
      feedback += fmt::format("mapper:\n{}\nproblem: {}\n\n", shown(t.mapper),
                              base::shortened(t.failure_text, kLongestProblem));
    if (!feedback.empty()) feedback = "These did not work:\n\n" + feedback;
    return v;
  }

  static std::string shown(const std::string& mapper) {
    return mapper.empty() ? "(empty: what the runtime does by itself)"
                          : base::shortened(mapper, kLongestMapper);
  }

  std::vector<Trial> pairs_;
  std::deque<Trial> failures_;
  std::size_t sample_ = 0;
  std::vector<llm::Message> step_;
};

}  // namespace

std::unique_ptr<Strategy> make_opro(const Problem& problem) {
  return std::make_unique<Opro>(problem);
}

std::size_t opro_growth(const Model& /*model*/, std::size_t trials) {
  return std::min(trials, kPairs + kFailures) * (kLongestMapper + kLongestProblem);
}

}  // namespace mapwright::tune
