#include "tune/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/text.h"
#include "guide/guide.h"
#include "prompt/blocks.h"
#include "tune/asking.h"

namespace mapwright::tune {
namespace {

// A mapper of the past is shown to this length: whoever writes longer ones has seen them.
constexpr std::size_t kLongestMapper = 4000;
constexpr std::size_t kLongestFeedback = 8000;
constexpr std::size_t kLongestOutcome = 300;
// OptoPrime asks for the most likely answer.
constexpr double kTemperature = 0;

std::string indented(std::string_view text) {
  std::string all;
  for (const std::string_view line : base::split(text, '\n')) {
    if (!line.empty()) all += fmt::format("  {}\n", line);
  }
  return all;
}

class Trace final : public Asking {
 public:
  explicit Trace(const Problem& problem)
      : Asking(problem, Form::blocks, kTemperature), blocks_(*prompt::split(problem.start->source())) {}

  void observe(const Trial& trial) override { remember(trial); }

  void learn(const Trial& trial) override {
    if (!remember(trial)) return;
    if (auto blocks = prompt::split(std::make_shared<base::Source>("mapper", trial.mapper)))
      blocks_ = *std::move(blocks);
  }

 private:
  std::vector<llm::Message> messages() override {
    return messages_of(model(), Form::blocks, "trace", values());
  }

  Proposal proposal(Said said) override {
    for (auto& [name, text] : said.suggestion) blocks_.at(*prompt::find_block(name)) = std::move(text);
    return {prompt::assemble(blocks_), said.answer.empty() ? said.reasoning : said.answer};
  }

  // Whether it is the best so far.
  bool remember(const Trial& trial) {
    last_ = trial;
    // A mapper is shown once, however often it is proposed.
    if (trial.duplicate_of) return false;
    past_.push_back(trial);
    if (past_.size() > model().memory + 1) past_.pop_front();
    const bool better =
        trial.metric && (!best_ || cost_of(trial.metric, metric()) < cost_of(best_->metric, metric()));
    if (better) best_ = trial;
    return better;
  }

  std::string outcome(const Trial& trial) const {
    if (trial.duplicate_of)
      return fmt::format("the same mapper as trial {}: it was not executed again", *trial.duplicate_of);
    if (!trial.metric) return trial.status == Status::refused ? "no mapper: it has errors" : "it failed";
    return fmt::format("{} = {:.6g} {}", base::visible(metric().name), *trial.metric,
                       base::visible(metric().unit));
  }

  prompt::Values values() const {
    prompt::Values v;
    std::string& blocks = v["blocks"];
    std::string& variables = v["variables"];
    for (std::size_t i = 0; i < prompt::kBlocks.size(); ++i) {
      blocks += fmt::format("{}{} = trainable()  # {}", i == 0 ? "" : "\n", prompt::kBlocks[i].name,
                            prompt::kBlocks[i].what);
      variables += fmt::format("{}{}:\n{}", i == 0 ? "" : "\n", prompt::kBlocks[i].name,
                               blocks_[i].empty() ? "  (no statements)\n" : indented(blocks_[i]));
    }
    const Trial& last = *last_;
    v["outputs"] = outcome(last);
    // Findings about errors repeat what the errors say.
    const bool refused = last.status == Status::refused;
    v["feedback"] =
        base::shortened(refused ? last.failure_text : guide::text(last.feedback), kLongestFeedback);
    std::string& history = v["history"];
    for (const Trial& t : past_) {
      if (t.number == last.number) break;
      history += shown(t);
    }
    if (!history.empty()) history = "What was tried before, the latest last:\n\n" + history;
    if (best_ && best_->number != last.number) v["best"] = "The best so far, " + shown(*best_);
    return v;
  }

  std::string shown(const Trial& t) const {
    return fmt::format(
        "trial {}: {}\n{}\n", t.number, outcome(t),
        indented(t.status == Status::refused ? t.failure_text : base::shortened(t.mapper, kLongestMapper)));
  }

  prompt::Blocks blocks_;   // the variables, as they were proposed last
  std::deque<Trial> past_;  // the latest last, what came of the variables
  std::optional<Trial> last_;
  std::optional<Trial> best_;
};

}  // namespace

std::unique_ptr<Strategy> make_trace(const Problem& problem) {
  return std::make_unique<Trace>(problem);
}

// The variables, the best mapper and those of the past, each with a line about it.
std::size_t trace_growth(const Model& model, std::size_t trials) {
  return kLongestFeedback + std::min(trials, model.memory + 2) * (kLongestMapper + kLongestOutcome);
}

}  // namespace mapwright::tune
