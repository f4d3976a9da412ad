#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "apps/apps.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/engine.h"
#include "cli/guidance.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/options.h"
#include "cli/subject.h"
#include "report/comparison.h"
#include "tune/tuning.h"

namespace mapwright::cli {
namespace {

// "bandit:1000": a strategy and how many executions it gets.
struct Entry {
  const tune::StrategyKind* kind = nullptr;
  std::int64_t budget = 0;
  std::shared_ptr<const guide::Guide> guide;
  std::string label;
};

// One program.
struct Case {
  Subject subject;
  std::unique_ptr<engine::Engine> engine;
  report::Comparison comparison;
};

// One run: which program, which strategy, which seed.
struct Cell {
  std::size_t program = 0;
  const Entry* entry = nullptr;
  std::uint64_t seed = 1;
  report::Series series;
  std::unique_ptr<ModelSession> session = nullptr;  // of strategies that ask one
  base::Diagnostics problems = {};                  // of its language model
  bool gone = false;                                // which ended it before its time
};

class Compare : public Command {
 public:
  explicit Compare(CLI::App* parent) {
    CLI::App* a = add(parent, "compare", "Runs strategies side by side and measures them against the expert",
                      "mapwright compare circuit stencil --strategy guided:10,bandit:1000 --seeds 3");
    a->add_option("PROGRAM", programs_, "Built-in applications or program files; all for every built-in one")
        ->required()
        ->type_name("");
    subject_.add_size(a);
    engine_.add_to(a);
    a->add_option("--strategy", strategies_,
                  "Strategies, each with its own budget if it is not --budget: NAME[:N],...")
        ->delimiter(',')
        ->type_name("LIST")
        ->capture_default_str();
    a->add_option("--budget", budget_, "How many mappers each strategy executes")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
        ->type_name("N")
        ->capture_default_str();
    a->add_option("--seeds", seeds_, "How many runs with different seeds each strategy that draws lots gets")
        ->check(CLI::Range(1, 10'000))
        ->type_name("N")
        ->capture_default_str();
    a->add_option("--guide", guide_.rules, "Where findings come from: ours or paper")
        ->check(CLI::IsMember({"ours", "paper"}))
        ->type_name("RULES")
        ->capture_default_str();
    a->add_option("--guide-level", levels_,
                  "How much findings say: of system, explain and suggest, one or several")
        ->delimiter(',')
        ->check(CLI::IsMember({"system", "explain", "suggest"}))
        ->type_name("LEVEL,...");
    a->add_option("--jobs", jobs_, "How many runs at once; 0: one for each core")
        ->check(CLI::Range(0, 1024))
        ->type_name("N")
        ->capture_default_str();
    a->add_option("--sessions", sessions_,
                  "A folder for what language models said in each run; --replay takes such a folder")
        ->type_name("DIR");
    model_.add_to(a);
    model_.add_search(a);
    a->add_option("--csv", csv_, "Writes how the best developed there")->type_name("FILE");
    a->add_option("--svg", svg_, "Draws it there")->type_name("FILE");
  }

  Exit run(Console& console) override {
    if (csv_) expect_output("--csv", *csv_, {});
    if (svg_) expect_output("--svg", *svg_, {});
    const std::vector<Entry> entries = make_entries();
    const Interrupt interrupt;
    engine_.settle(&subject_);
    std::vector<Case> cases = make_cases(interrupt, console);
    std::vector<Cell> cells = make_cells(entries, cases.size());
    open_sessions(&cells, cases, interrupt);
    execute(&cells, cases, interrupt, console);
    console.progress("");
    std::vector<report::Comparison> comparisons;
    comparisons.reserve(cases.size());
    for (Case& c : cases) comparisons.push_back(std::move(c.comparison));
    bool found = false;
    base::Diagnostics problems;
    bool gone = false;
    for (Cell& c : cells) {
      problems.add(c.problems);
      gone = gone || c.gone;
      if (c.series.best.empty()) continue;  // it was not reached, or has no mapper
      found = found || c.series.best.back().has_value();
      comparisons[c.program].series.push_back(std::move(c.series));
    }
    if (csv_) write_text(*csv_, report::comparison_csv(comparisons));
    if (svg_) write_text(*svg_, report::comparison_svg(comparisons));
    if (json()) {
      Json d;
      d["schema"] = "mapwright.compare/1";
      d["machine"] = cases.front().subject.machine.name;
      d["nodes"] = subject_.nodes;
      report::add_comparison(&d, comparisons);
      console.result(dump(d));
    } else {
      console.result(report::comparison_text(comparisons));
    }
    if (interrupt.asked()) {
      console.say("interrupted: what is shown is what was done until then");
      return Exit::interrupted;
    }
    console.problems(problems);
    if (gone) return Exit::unavailable;
    return found ? Exit::ok : Exit::failed;
  }

 private:
  std::vector<Entry> make_entries() const {
    std::vector<Entry> entries;
    const std::vector<std::string> levels = levels_.empty() ? std::vector<std::string>{"suggest"} : levels_;
    for (const std::string& word : strategies_) {
      const std::size_t colon = word.find(':');
      const std::string name = word.substr(0, colon);
      Entry entry;
      entry.kind = tune::find_strategy(name);
      if (entry.kind == nullptr) {
        std::vector<std::string_view> names;
        for (const tune::StrategyKind& s : tune::strategies()) names.push_back(s.name);
        throw Stop{Exit::usage,
                   fmt::format("there is no strategy '{}'; strategies are {}", name, base::join(names, ", ")),
                   {}};
      }
      if (name == tune::kTwin)
        throw Stop{
            Exit::usage,
            fmt::format("the strategy {} is for executions that are real: what is compared is simulated",
                        name),
            {}};
      entry.budget = budget_;
      if (colon != std::string::npos) {
        const auto budget = base::parse_integer(std::string_view(word).substr(colon + 1));
        if (!budget || *budget < 1 || *budget > 1'000'000)
          throw Stop{Exit::usage,
                     fmt::format("a strategy's budget is a number from 1 to 1000000; '{}' has none", word),
                     {}};
        entry.budget = *budget;
      }
      // What reads no feedback is the same at every level.
      const bool once = name != "guided" && !entry.kind->asks_model();
      for (const std::string& level : once ? std::vector<std::string>{levels.back()} : levels) {
        GuideOptions guidance = guide_;
        guidance.level = level;
        entry.guide = std::make_shared<const guide::Guide>(make_guide(guidance));
        entry.label = once || levels.size() == 1 ? name : fmt::format("{}@{}", name, level);
        entries.push_back(entry);
      }
    }
    std::set<std::string> labels;
    for (const Entry& e : entries) {
      if (!labels.insert(e.label).second)
        throw Stop{Exit::usage, fmt::format("'{}' is named twice", e.label), {}};
    }
    return entries;
  }

  std::vector<Case> make_cases(const Interrupt& interrupt, Console& console) {
    std::vector<std::string> names;
    for (const std::string& p : programs_) {
      if (p != "all") {
        names.push_back(p);
        continue;
      }
      for (const apps::App& a : apps::all()) names.emplace_back(a.name);
    }
    std::vector<Case> cases;
    for (const std::string& name : names) {
      SubjectOptions options = subject_;
      options.program = name;
      engine_.settle(&options);
      Case c;
      c.subject = make_subject(options);
      for (const std::string& note : c.subject.notes) console.say(fmt::format("{}: {}", name, note));
      c.engine = engine_.make(c.subject, [&interrupt] { return interrupt.asked(); });
      const base::SourcePtr expert = shipped_mapper("expert", c.subject.program->name);
      report::Comparison& r = c.comparison;
      r.subject = title(c.subject, options.nodes);
      r.program = c.subject.program->name;
      r.metric = c.subject.program->metric;
      r.basis = engine_.basis();
      if (expert) r.expert = metric(*c.engine, expert);
      r.default_mapper = metric(*c.engine, default_mapper());
      cases.push_back(std::move(c));
    }
    return cases;
  }

  static std::optional<double> metric(const engine::Engine& engine, const base::SourcePtr& mapper) {
    const engine::Execution e = engine.execute(compile(mapper));
    if (e.failure) return std::nullopt;
    return e.metric;
  }

  std::vector<Cell> make_cells(const std::vector<Entry>& entries, std::size_t programs) const {
    std::vector<Cell> cells;
    for (std::size_t p = 0; p < programs; ++p) {
      for (const Entry& e : entries) {
        const bool draws = e.kind->draws_lots;
        for (int seed = 1; seed <= (draws ? seeds_ : 1); ++seed)
          cells.push_back({p, &e, static_cast<std::uint64_t>(seed), {}, nullptr, {}, false});
      }
    }
    return cells;
  }

  // Before there are threads: a key is taken out of the environment.
  void open_sessions(std::vector<Cell>* cells, const std::vector<Case>& cases, const Interrupt& interrupt) {
    if (std::ranges::none_of(*cells, [](const Cell& c) { return c.entry->kind->asks_model(); })) return;
    model_.read_files();
    // The limits are for all runs together: each has its share.
    const auto asking =
        std::ranges::count_if(*cells, [](const Cell& c) { return c.entry->kind->asks_model(); });
    ModelOptions share = model_;
    if (share.max_calls) *share.max_calls /= asking;
    if (share.max_tokens) *share.max_tokens /= asking;
    if (share.max_cost) *share.max_cost /= static_cast<double>(asking);
    for (Cell& cell : *cells) {
      if (!cell.entry->kind->asks_model()) continue;
      const std::string name = fmt::format("{}-{}-{}.jsonl", cases[cell.program].subject.program->name,
                                           cell.entry->label, cell.seed);
      ModelOptions options = share;
      if (options.replay) options.replay = (std::filesystem::path(*options.replay) / name).string();
      ModelSession::Record record;
      record.recorded = options.read_replay();
      record.most_calls = most_calls(cell.entry->budget);
      record.cancelled = [&interrupt] { return interrupt.asked(); };
      if (sessions_) {
        make_folder(*sessions_);
        const std::string file = (std::filesystem::path(*sessions_) / name).string();
        write_text(file, "");  // a run may ask nobody
        record.keep = [file, said = std::string()](const llm::Exchange& exchange) mutable {
          said += llm::to_json(exchange) + "\n";
          return std::holds_alternative<std::monostate>(base::replace_file(file, said));
        };
      }
      cell.session = std::make_unique<ModelSession>(options, std::move(record));
    }
  }

  void execute(std::vector<Cell>* cells, const std::vector<Case>& cases, const Interrupt& interrupt,
               Console& console) const {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::size_t done = 0;
    std::exception_ptr failed;
    const auto work = [&] {
      for (std::size_t i; !interrupt.asked() && (i = next++) < cells->size();) {
        try {
          run_one(&(*cells)[i], cases, interrupt);
        } catch (...) {
          const std::scoped_lock lock(mutex);
          failed = std::current_exception();
          next = cells->size();
        }
        const std::scoped_lock lock(mutex);
        console.progress(fmt::format("{} of {} runs", ++done, cells->size()));
      }
    };
    int jobs = std::min(jobs_of(jobs_), static_cast<int>(cells->size()));
    // Programs share the computer on which they run.
    if (const int most = cases.front().engine->capabilities().at_once; most > 0) jobs = std::min(jobs, most);
    {
      std::vector<std::jthread> threads;
      for (int i = 1; i < jobs; ++i) threads.emplace_back(work);
      work();
    }
    if (failed) std::rethrow_exception(failed);
  }

  void run_one(Cell* cell, const std::vector<Case>& cases, const Interrupt& interrupt) const {
    const auto begin = std::chrono::steady_clock::now();
    const Case& c = cases[cell->program];
    const Entry& entry = *cell->entry;
    cell->series.strategy = entry.label;
    cell->series.seed = cell->seed;
    const base::SourcePtr start = start_of(entry.kind->name, default_mapper(), c.subject.program->name);
    if (!start) return;
    tune::Model model;
    if (cell->session) model = cell->session->about(c.subject);
    const tune::Problem problem{c.subject.planner, compile(start), entry.guide.get(), cell->seed, &model};
    const auto strategy = entry.kind->make(problem);
    const tune::Evaluator evaluator(*c.engine, *entry.guide, *c.subject.program, {});
    tune::Limits limits;
    limits.budget = entry.budget;
    tune::Tuning tuning(problem, strategy.get(), evaluator, limits, nullptr);
    tuning.stop_when([&] { return interrupt.asked(); });
    const tune::Outcome outcome = tuning.run();
    for (const base::Diagnostic& d : outcome.problems.items()) {
      base::Diagnostic about = d;
      about.message = fmt::format("{} with seed {} on {}: {}", entry.label, cell->seed,
                                  base::visible(c.subject.program->name), d.message);
      cell->problems.add(std::move(about));
    }
    cell->gone = outcome.stopped == tune::Stopped::model;
    std::optional<double> best;
    for (const tune::Trial& t : outcome.trials) {
      if (t.status == tune::Status::duplicate) continue;
      if (t.status != tune::Status::ok) ++cell->series.invalid;
      const program::Metric& metric = c.subject.program->metric;
      if (tune::cost_of(t.metric, metric) < tune::cost_of(best, metric)) best = t.metric;
      cell->series.best.push_back(best);
    }
    cell->series.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  std::vector<std::string> programs_;
  SubjectOptions subject_;
  EngineOptions engine_;
  std::vector<std::string> strategies_{"guided:10", "bandit", "cd", "random"};
  std::int64_t budget_ = 1000;
  int seeds_ = 1;
  GuideOptions guide_;
  ModelOptions model_;
  std::optional<std::string> sessions_;
  std::vector<std::string> levels_;
  int jobs_ = 0;
  std::optional<std::string> csv_;
  std::optional<std::string> svg_;
};

}  // namespace

std::unique_ptr<Command> compare_command(CLI::App* parent) {
  return std::make_unique<Compare>(parent);
}

}  // namespace mapwright::cli
