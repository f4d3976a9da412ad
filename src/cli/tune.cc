#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/bug.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/store_file.h"
#include "cli/tune_settings.h"
#include "cli/workbench.h"
#include "report/tuning.h"
#include "tune/journal.h"

namespace mapwright::cli {
namespace {

void add_jobs(CLI::App* command, int* jobs) {
  command
      ->add_option(
          "--jobs", *jobs,
          "How many mappers to execute at once, where engine and strategy allow it; 0: one for each core")
      ->check(CLI::Range(0, 1024))
      ->type_name("N")
      ->capture_default_str();
}

// The folder of --out: that it cannot be made is better known before the work. One that was made and that
// nothing came into goes.
class OutFolder {
 public:
  explicit OutFolder(std::string path)
      : path_(std::move(path)), made_(!path_.empty() && make_folder(path_)) {}
  OutFolder(const OutFolder&) = delete;
  OutFolder& operator=(const OutFolder&) = delete;
  ~OutFolder() {
    std::error_code none;
    if (made_) std::filesystem::remove(path_, none);  // which it does only where nothing is in it
  }

 private:
  std::string path_;
  bool made_;
};

// One run, new or going on.
class TuneRun {
 public:
  TuneRun(TuneSettings settings, StoreOptions store, Console* console)
      : store_(std::move(store)),
        console_(*console),
        bench_(std::move(settings), [this] { return interrupt_.asked(); }) {}

  const std::string& program() const { return bench_.program(); }

  // `ended`: it ended before, for this reason, and nothing more is tried.
  Exit run(tune::StoreJournal* journal, int jobs, std::optional<tune::Stopped> ended, bool json) {
    for (const std::string& note : bench_.subject().notes) console_.say(note);
    result_ = bench_.begin(journal);
    tune::Problem problem = bench_.problem();
    problem.interrupted = [this] { return interrupt_.asked(); };
    if (settings_.asks_model()) {
      open_model(journal, ended.has_value());
      problem.model = &model_;
    }
    // Nobody is there who would propose more than what was proposed.
    if (settings_.strategy == tune::kAgent)
      for (const tune::Trial& t : journal->recorded()) problem.given.push_back({t.mapper, t.why});
    const auto strategy = tune::find_strategy(settings_.strategy)->make(problem);
    tune::Tuning tuning(problem, strategy.get(), bench_.evaluator(), settings_.limits, journal);
    tuning.set_jobs(bench_.at_once(jobs));
    tuning.stop_when([&] { return interrupt_.asked(); });
    if (ended) tuning.only_replay(*ended);
    auto shown = std::chrono::steady_clock::time_point();
    tuning.on_progress([&](const tune::Progress& p) {
      const auto now = std::chrono::steady_clock::now();
      if (now - shown < std::chrono::milliseconds(50)) return;
      shown = now;
      console_.progress(report::progress_text(result_, p, settings_.limits.budget));
    });
    result_.outcome = tuning.run();
    console_.progress("");
    return finish(journal, json);
  }

  // What a language model would be asked first, and what the run may cost. Nobody is asked.
  Exit dry_run(bool json) {
    Estimate estimate;
    std::optional<llm::Request> first;
    ModelSession session(settings_.model, std::make_unique<Unsent>(&first));
    model_ = session.about(bench_.subject());
    tune::Problem problem = bench_.problem();
    problem.model = &model_;
    const auto strategy = tune::find_strategy(settings_.strategy)->make(problem);
    tune::Tuning tuning(problem, strategy.get(), bench_.evaluator(), settings_.limits, nullptr);
    tuning.stop_when([&] { return first.has_value() || interrupt_.asked(); });
    tuning.run();
    if (!first) {
      console_.say("the language model would not be asked at all within this budget");
      return Exit::ok;
    }
    estimate.request = *std::move(first);
    estimate.usual = settings_.limits.budget - 1;
    estimate.calls = budget_of(settings_.model, most_calls(settings_.limits.budget)).calls.value_or(0);
    estimate.growth = tune::find_strategy(settings_.strategy)
                          ->growth(model_, static_cast<std::size_t>(settings_.limits.budget));
    estimate.prices = prices_of(settings_.model);
    estimate.priced = !settings_.model.price.empty();
    if (json) {
      Json d;
      d["schema"] = "mapwright.prompt/1";
      add_estimate(&d, estimate);
      console_.result(dump(d));
    } else {
      console_.result(estimate_text(estimate));
    }
    return Exit::ok;
  }

  // That there is nobody to ask is better known before the work than after it.
  void prepare() const {
    if (settings_.asks_model()) const ModelSession session(settings_.model, ModelSession::Record());
  }

 private:
  void open_model(tune::StoreJournal* journal, bool ended) {
    ModelSession::Record record;
    record.recorded = journal->answered();
    record.only_recorded = ended;
    record.keep = [this, journal](const llm::Exchange& exchange) {
      auto problems = journal->add_exchange(exchange);
      const bool kept = !problems;
      if (!kept) unkept_ = *std::move(problems);
      return kept;
    };
    record.cancelled = [this] { return interrupt_.asked(); };
    record.most_calls = most_calls(settings_.limits.budget);
    session_.emplace(settings_.model, std::move(record));
    model_ = session_->about(bench_.subject());
  }

  Exit finish(tune::StoreJournal* journal, bool json) {
    const tune::Stopped why = result_.outcome.stopped;
    // What could go on later is not over: without its language model a run waits for it.
    const bool interrupted = why == tune::Stopped::interrupted || why == tune::Stopped::model;
    // The best is written first: it is what the run was for.
    if (result_.best() != nullptr) write_best();
    write_session(*journal);
    if (why == tune::Stopped::record) throw store_stop(result_.outcome.problems);
    if (!unkept_.empty()) throw store_stop(unkept_);
    const auto state = interrupted ? store::State::interrupted : store::State::finished;
    if (auto problems = journal->finish(state, words(why))) throw store_stop(*problems);
    if (json) {
      Json d;
      d["schema"] = "mapwright.tune/1";
      d["program"] = result_.program;
      d["machine"] = bench_.subject().machine.name;
      d["nodes"] = settings_.subject.nodes;
      d["engine"] = settings_.engine.name;
      d["strategy"] = settings_.strategy;
      d["seed"] = settings_.seed;
      report::add_tuning(&d, result_);
      console_.result(dump(d));
    } else {
      console_.result(report::tuning_text(result_));
    }
    console_.problems(result_.outcome.problems);
    if (interrupted) {
      const std::string where = store_.file ? " --store " + *store_.file : "";
      const bool asked = why == tune::Stopped::interrupted;
      console_.say(fmt::format("{}; 'mapwright resume {}{}' goes on",
                               asked ? "interrupted" : "the language model gave no answer", result_.run,
                               where));
      return asked ? Exit::interrupted : Exit::unavailable;
    }
    return result_.best() != nullptr ? Exit::ok : Exit::failed;
  }

  void write_best() {
    namespace fs = std::filesystem;
    const tune::Trial& best = *result_.best();
    const base::SourcePtr& expert = bench_.expert();
    result_.changes = bench_.differences(best.mapper, expert ? *expert : *bench_.default_mapper());
    const fs::path folder = settings_.out.empty() ? own_folder() : fs::path(settings_.out);
    make_folder(folder);
    result_.best_file = (folder / "best.mapper").string();
    write_text(result_.best_file, report::best_header(result_) + best.mapper);
  }

  // What was asked and said, so that it can be replayed anywhere.
  void write_session(const tune::StoreJournal& journal) {
    if (!session_) return;
    result_.model =
        report::ModelUse{settings_.model.name.empty() ? settings_.model.provider : settings_.model.name,
                         session_->spent(), !settings_.model.price.empty(), ""};
    if (journal.answered().empty()) return;
    namespace fs = std::filesystem;
    const fs::path folder = settings_.out.empty() ? own_folder() : fs::path(settings_.out);
    make_folder(folder);
    std::string text;
    for (const llm::Exchange& e : journal.answered()) text += llm::to_json(e) + "\n";
    result_.model->file = (folder / "session.jsonl").string();
    write_text(result_.model->file, text);
  }

  // Named after the run; where another store's run of that name has left its mapper, with a number.
  std::filesystem::path own_folder() const {
    for (int n = 1;; ++n) {
      const std::filesystem::path folder = n == 1 ? result_.run : fmt::format("{}-{}", result_.run, n);
      const auto there = base::read_file(folder / "best.mapper", base::Source::kMaxBytes);
      const auto* text = std::get_if<std::string>(&there);
      if (text == nullptr || report::is_best_of(*text, result_)) return folder;
    }
  }

  const Interrupt interrupt_;  // first: what follows takes its time
  StoreOptions store_;
  Console& console_;
  Workbench bench_;
  const TuneSettings& settings_ = bench_.settings();
  std::optional<ModelSession> session_;
  tune::Model model_;         // of the session
  base::Diagnostics unkept_;  // why what a language model said could not be kept
  report::TuningResult result_;
};

class Tune : public Command {
 public:
  explicit Tune(CLI::App* parent) {
    CLI::App* a = add(parent, "tune", "Finds a faster mapper for a program, and says why it is faster",
                      "mapwright tune circuit --machine p100x4 --nodes 2\n"
                      "  mapwright tune --metric 'ELAPSED TIME = (\\S+) s' -- ./circuit -ll:cpu 4");
    settings_.add_to(a);
    a->add_flag("--dry-run", dry_run_,
                "Prints the first prompt for a language model and what the run may cost, and sends nothing")
        ->group("Language model");
    add_jobs(a, &jobs_);
    store_.add_to(a);
  }

  std::vector<std::string>* words() override { return &settings_.engine.words; }

  Exit run(Console& console) override {
    settings_.read_files();
    const OutFolder out(dry_run_ ? "" : settings_.out);
    {
      const Interrupt interrupt;
      settings_.discover([&] { return interrupt.asked(); }, &console);
    }
    settings_.read_program();
    if (dry_run_) {
      if (!settings_.asks_model())
        throw Stop{Exit::usage,
                   fmt::format("--dry-run shows what a language model is asked: the strategy {} asks none",
                               settings_.strategy),
                   {}};
      return TuneRun(settings_, store_, &console).dry_run(json());
    }
    const std::vector<llm::Exchange> said = settings_.model.read_replay();
    TuneRun run(settings_, store_, &console);
    run.prepare();
    const auto store = open_store(store_, true);
    const std::string key = settings_.subject_key();
    auto writer = expect(store->create({run.program(), key, settings_.save()}));
    tune::StoreJournal journal(store.get(), std::move(writer), key, settings_.reuse(), {});
    for (const llm::Exchange& e : said) {
      if (auto problems = journal.add_exchange(e)) throw store_stop(*problems);
    }
    return run.run(&journal, jobs_of(jobs_), std::nullopt, json());
  }

 private:
  TuneSettings settings_;
  StoreOptions store_;
  int jobs_ = 0;
  bool dry_run_ = false;
};

class Resume : public Command {
 public:
  explicit Resume(CLI::App* parent) {
    CLI::App* a = add(parent, "resume", "Goes on with a run where it was when it died or was interrupted",
                      "mapwright resume circuit-1");
    a->add_option("RUN", id_, "The run's id, as 'mapwright runs' lists it")->required()->type_name("");
    a->add_option("--budget", budget_, "Another budget than the run has, for one that goes on longer")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
        ->type_name("N");
    limits_.add_limits(a);
    add_jobs(a, &jobs_);
    store_.add_to(a);
  }

  Exit run(Console& console) override {
    const auto store = open_store(store_, false);
    if (!store) {
      throw Stop{Exit::no_input,
                 fmt::format("there is no run '{}': nothing has been tuned yet with the store '{}'", id_,
                             store_path(store_).string()),
                 {}};
    }
    auto before = expect(store->run(id_));
    auto writer = expect(store->reopen(id_));
    base::expects(before.has_value(), "a run that was reopened is there");
    TuneSettings settings = TuneSettings::load(before->settings);
    const bool ended = before->state == store::State::finished &&
                       !(budget_ && *budget_ != settings.limits.budget) && !limits_.limited();
    if (budget_) settings.limits.budget = *budget_;
    settings.model.take_limits(limits_);
    const std::vector<store::Trial> records = expect(store->trials(id_));
    tune::StoreJournal journal(store.get(), std::move(writer), before->subject, settings.reuse(), records,
                               expect(store->exchanges(id_)));
    expect_whole(journal, store_);
    TuneRun run(settings, store_, &console);
    return run.run(&journal, jobs_of(jobs_), ended ? tune::stopped(before->stopped) : std::nullopt, json());
  }

 private:
  std::string id_;
  std::optional<std::int64_t> budget_;
  ModelOptions limits_;  // other ones than the run has
  StoreOptions store_;
  int jobs_ = 0;
};

}  // namespace

std::unique_ptr<Command> tune_command(CLI::App* parent) {
  return std::make_unique<Tune>(parent);
}

std::unique_ptr<Command> resume_command(CLI::App* parent) {
  return std::make_unique<Resume>(parent);
}

}  // namespace mapwright::cli
