#include "tune/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/bug.h"
#include "tune/diagnostics.h"
#include "tune/statistics.h"

namespace mapwright::tune {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr std::array<std::string_view, 10> kStopped{"the budget is used up",
                                                    "the time is up",
                                                    "the target is reached",
                                                    "nothing better was found for long enough",
                                                    "the strategy has nothing left to try",
                                                    "the strategy proposes nothing new",
                                                    "it was interrupted",
                                                    "the record could not be kept",
                                                    "the language model gave no answer",
                                                    "the budget for the language model is used up"};

}  // namespace

std::string_view words(Stopped why) {
  return kStopped[static_cast<std::size_t>(why)];
}

std::optional<Stopped> stopped(std::string_view words) {
  const auto* const found = std::ranges::find(kStopped, words);
  if (found == kStopped.end()) return std::nullopt;
  return static_cast<Stopped>(found - kStopped.begin());
}

Tuning::Tuning(const Problem& problem, Strategy* strategy, const Evaluator& evaluator, const Limits& limits,
               Journal* journal)
    : problem_(problem), strategy_(*strategy), evaluator_(evaluator), limits_(limits), journal_(journal) {}

Outcome Tuning::run() {
  begin_ = now();
  std::optional<Stopped> stopped = limit();
  while (!stopped) {
    std::vector<Open> batch = read(strategy_.propose());
    if (batch.empty()) {
      const auto ended = strategy_.ended();
      stopped = ended ? ended->why : Stopped::exhausted;
    }
    const auto jobs = static_cast<std::size_t>(std::max(1, jobs_));
    for (std::size_t i = 0; i < batch.size() && !stopped; i += jobs) {
      const std::span chunk = std::span(batch).subspan(i, std::min(jobs, batch.size() - i));
      evaluate(chunk);
      for (Open& open : chunk) {
        // It says nothing about its mapper.
        if (open.result && open.result->failure_code == engine::kCancelled) stopped = Stopped::interrupted;
        if (stopped) break;
        if (!commit(&open)) stopped = Stopped::record;
        if (!stopped) stopped = limit();
        if (stopped) break;
      }
    }
  }
  outcome_.stopped = *stopped;
  // Also where it went on without its language model.
  if (const auto ended = strategy_.ended()) outcome_.problems.add(ended->problems);
  return std::move(outcome_);
}

std::vector<Tuning::Open> Tuning::read(std::vector<Proposal> proposals) {
  std::vector<Open> batch;
  std::map<std::string, std::int64_t> numbers;
  auto number = static_cast<std::int64_t>(outcome_.trials.size());
  for (Proposal& p : proposals) {
    Open open;
    open.checked = p.refusal ? Checked{nullptr, "", *p.refusal} : check(p.mapper);
    open.proposal = std::move(p);
    ++number;
    // What is no mapper is known by its text, which no canonical form begins like.
    open.key = open.checked.mapper ? open.checked.canonical : " " + open.proposal.mapper;
    const auto found = numbers_.find(open.key);
    if (found != numbers_.end()) {
      open.duplicate_of = found->second;
    } else {
      const auto [first, fresh] = numbers.emplace(open.key, number);
      if (!fresh) open.duplicate_of = first->second;
    }
    batch.push_back(std::move(open));
  }
  return batch;
}

// What the record has of a trial; null where it ends before.
const Trial* Tuning::recorded(std::int64_t number) const {
  if (journal_ == nullptr) return nullptr;
  const auto i = static_cast<std::size_t>(number) - 1;
  return i < journal_->recorded().size() ? &journal_->recorded()[i] : nullptr;
}

void Tuning::evaluate(std::span<Open> chunk) {
  auto number = static_cast<std::int64_t>(outcome_.trials.size());
  std::vector<Open*> wanted;
  for (Open& open : chunk) {
    ++number;
    if (const Trial* then = recorded(number)) {
      if (then->mapper != open.proposal.mapper) return;  // commit says so
      open.result = *then;
    }
    if (open.result || open.duplicate_of) continue;
    if (journal_ != nullptr && open.checked.mapper) open.result = journal_->find(open.checked.canonical);
    if (!open.result) wanted.push_back(&open);
  }
  const bool feedback = journal_ != nullptr || strategy_.reads_feedback();
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i; (i = next++) < wanted.size();)
      wanted[i]->result = evaluator_.evaluate(wanted[i]->checked, feedback);
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < wanted.size(); ++i) threads.emplace_back(work);
  work();
}

bool Tuning::improves(const Trial& trial) const {
  if (!trial.metric) return false;
  if (!outcome_.best) return true;
  const Trial& best = outcome_.trials[*outcome_.best];
  const program::Metric& metric = problem_.program().metric;
  if (cost_of(trial.metric, metric) >= cost_of(best.metric, metric)) return false;
  // Where executions waver, a better median may be luck.
  if (trial.samples.size() < 2 || best.samples.size() < 2) return true;
  const Interval now_is = median_interval(trial.samples);
  const Interval was = median_interval(best.samples);
  return metric.larger_is_better ? now_is.low > was.high : now_is.high < was.low;
}

bool Tuning::commit(Open* open) {
  const auto number = static_cast<std::int64_t>(outcome_.trials.size()) + 1;
  const bool replayed = recorded(number) != nullptr;
  if (replayed && !open->result) {
    outcome_.problems.add(
        {&problem::other_proposal,
         nullptr,
         {},
         fmt::format("trial {} of the record is another mapper than the one proposed now", number),
         "The record was made by another version of mapwright, or for another program or "
         "machine. What it has stays as it is; tune anew.",
         {},
         {}});
    return false;
  }
  Trial trial;
  if (open->result) {
    trial = std::move(*open->result);
  } else {
    trial = outcome_.trials[static_cast<std::size_t>(*open->duplicate_of) - 1];
    trial.status = Status::duplicate;
    trial.seconds = 0;
  }
  trial.number = number;
  trial.mapper = open->proposal.mapper;
  trial.why = open->proposal.why;
  trial.duplicate_of = open->duplicate_of;
  if (replayed) {
    seconds_ += trial.seconds;
  } else if (journal_ != nullptr) {
    if (auto problems = journal_->add(trial)) {
      outcome_.problems.add(*problems);
      return false;
    }
  }
  if (open->duplicate_of) {
    ++duplicates_;
  } else {
    numbers_.emplace(open->key, number);
    duplicates_ = 0;
    ++outcome_.evaluations;
    ++since_best_;
  }
  const bool better = !open->duplicate_of && improves(trial);
  strategy_.observe(trial);
  outcome_.trials.push_back(std::move(trial));
  if (better) {
    outcome_.best = outcome_.trials.size() - 1;
    since_best_ = 0;
  }
  if (visit_) {
    visit_({&outcome_.trials.back(), outcome_.best ? &outcome_.trials[*outcome_.best] : nullptr,
            outcome_.evaluations});
  }
  return true;
}

std::optional<Stopped> Tuning::limit() const {
  // What the record has is done: limits are for what comes after it.
  if (recorded(static_cast<std::int64_t>(outcome_.trials.size()) + 1) != nullptr) return std::nullopt;
  if (ended_) return ended_;
  const program::Metric& metric = problem_.program().metric;
  if (outcome_.best && limits_.target &&
      cost_of(outcome_.trials[*outcome_.best].metric, metric) <= cost_of(limits_.target, metric))
    return Stopped::target;
  if (outcome_.evaluations >= limits_.budget) return Stopped::budget;
  if (limits_.patience && since_best_ >= *limits_.patience) return Stopped::patience;
  if (duplicates_ >= strategy_.most_duplicates()) return Stopped::circles;
  if (limits_.seconds && seconds_ + now() - begin_ >= *limits_.seconds) return Stopped::time;
  if (interrupted_ && interrupted_()) return Stopped::interrupted;
  return std::nullopt;
}

}  // namespace mapwright::tune
