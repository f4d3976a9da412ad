#include "cli/mcp_session.h"

#include <fmt/format.h>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::cli::mcp {
namespace {

std::unique_ptr<store::Store> existing_store(const StoreOptions& options, const std::string& id) {
  auto store = open_store(options, false);
  if (store) return store;
  throw Stop{Exit::no_input,
             fmt::format("there is no run '{}': nothing has been tuned yet with this store", id),
             {}};
}

// Fails where there is no such run, with the name that was meant.
store::Run run_of(const store::Store& store, const std::string& id, std::vector<store::Trial>* records) {
  *records = expect(store.trials(id));
  auto run = expect(store.run(id));
  base::expects(run.has_value(), "a run that has trials is there");
  return *std::move(run);
}

std::string used_text(std::int64_t executed, std::int64_t budget) {
  return fmt::format("{} of {}", executed, base::count_text(budget, "execution"));
}

}  // namespace

Session::Session(StoreOptions store, TuneSettings settings) : options_(std::move(store)) {
  settings.strategy = tune::kAgent;
  settings.read_files();
  settings.read_program();
  bench_ = std::make_unique<Workbench>(std::move(settings));
  store_ = open_store(options_, true);
  const std::string key = bench_->settings().subject_key();
  auto writer = expect(store_->create({bench_->program(), key, bench_->settings().save()}));
  journal_ = std::make_unique<tune::StoreJournal>(store_.get(), std::move(writer), key,
                                                  bench_->settings().reuse(), std::vector<store::Trial>());
}

Session::Session(StoreOptions store, const std::string& id)
    : options_(std::move(store)), store_(existing_store(options_, id)) {
  std::vector<store::Trial> records;
  TuneSettings settings = TuneSettings::load(run_of(*store_, id, &records).settings);
  if (settings.strategy != tune::kAgent) {
    throw Stop{
        Exit::usage,
        fmt::format(
            "the run '{}' belongs to the strategy {}, and takes no proposals: leave out 'run' to begin "
            "one of your own",
            id, settings.strategy),
        {}};
  }
  auto writer = expect(store_->reopen(id));
  // Somebody may have added to it until it was ours.
  const store::Run run = run_of(*store_, id, &records);
  journal_ = std::make_unique<tune::StoreJournal>(store_.get(), std::move(writer), run.subject,
                                                  settings.reuse(), records);
  expect_whole(*journal_, options_);
  bench_ = std::make_unique<Workbench>(std::move(settings));
}

report::TuningResult Session::propose(const std::string& mapper, const std::string& why) {
  report::TuningResult result = bench_->begin(journal_.get());
  const std::size_t before = journal_->recorded().size();
  tune::Problem problem = bench_->problem();
  for (const tune::Trial& t : journal_->recorded()) problem.given.push_back({t.mapper, t.why});
  problem.given.push_back({mapper, why});
  const auto strategy = tune::find_strategy(tune::kAgent)->make(problem);
  const tune::Limits& limits = bench_->settings().limits;
  tune::Tuning tuning(problem, strategy.get(), bench_->evaluator(), limits, journal_.get());
  result.outcome = tuning.run();
  const tune::Stopped why_stopped = result.outcome.stopped;
  if (why_stopped == tune::Stopped::record) throw store_stop(result.outcome.problems);
  // Whoever has nothing left to try may think of something: until then the run stays as it is.
  if (why_stopped != tune::Stopped::exhausted) {
    if (auto problems = journal_->finish(store::State::finished, words(why_stopped)))
      throw store_stop(*problems);
  }
  if (result.outcome.trials.size() == before) {
    throw Stop{Exit::failed,
               fmt::format(
                   "nothing was tried: {} ({}). `best` has what the run '{}' found; leave out 'run' to begin "
                   "another one",
                   words(why_stopped), used_text(result.outcome.evaluations, limits.budget), result.run),
               {}};
  }
  return result;
}

Record read_record(const StoreOptions& options, const std::string& id) {
  const auto store = existing_store(options, id);
  std::vector<store::Trial> records;
  store::Run run = run_of(*store, id, &records);
  TuneSettings settings = TuneSettings::load(run.settings);
  if (settings.strategy == "expert")
    throw Stop{
        Exit::usage, fmt::format("the run '{}' tried the expert's mapper, which is not shown", id), {}};
  Subject subject = make_subject(settings.subject);
  Record record{std::move(run), std::move(settings), std::move(subject), {}, {}, {}, {}, 0};
  for (const store::Trial& r : records) {
    auto trial = tune::from_record(r);
    const auto next = static_cast<std::int64_t>(record.trials.size()) + 1;
    const bool proposal = r.role == store::Role::proposal;
    if (!trial || (proposal && (trial->number != next || trial->duplicate_of.value_or(0) >= next))) {
      throw Stop{Exit::io, fmt::format("what the store has of the run '{}' is damaged", id), {}};
    }
    if (r.role == store::Role::expert) record.expert = trial->metric;
    if (r.role == store::Role::default_mapper) record.default_mapper = trial->metric;
    if (!proposal) continue;
    const program::Metric& metric = record.subject.program->metric;
    if (trial->duplicate_of) {
      // Which says what the first one said.
      trial->feedback = record.trials[static_cast<std::size_t>(*trial->duplicate_of) - 1].feedback;
    } else {
      ++record.executed;
      const auto best = record.best ? record.trials[*record.best].metric : std::nullopt;
      if (tune::cost_of(trial->metric, metric) < tune::cost_of(best, metric))
        record.best = record.trials.size();
    }
    record.trials.push_back(std::move(*trial));
  }
  return record;
}

}  // namespace mapwright::cli::mcp
