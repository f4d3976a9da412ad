#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/model.h"
#include "report/table.h"
#include "tune/exercise.h"
#include "tune/write.h"

namespace mapwright::cli {
namespace {

// A call for each round, one more where a reply has to be mended.
std::int64_t calls_of(int rounds) {
  return 2 * (std::int64_t{rounds} + 1);
}

class Write : public Command {
 public:
  explicit Write(CLI::App* parent) {
    CLI::App* a = add(parent, "write", "Writes a mapper from a strategy in plain words, by a language model",
                      "mapwright write \"ghosts in zero-copy memory\" --program circuit --model NAME");
    a->add_option("WORDS", words_, "What the mapper shall do")->type_name("");
    subject_.add_named_program(a);
    a->add_option("--experiment", experiment_,
                  "Writes a mapper for each strategy of a file, and counts which are valid and correct")
        ->type_name("FILE");
    a->add_option("--rounds", rounds_, "How often the model hears what is wrong and may mend it")
        ->check(CLI::Range(0, 100))
        ->type_name("N")
        ->capture_default_str();
    a->add_option("--out", out_, "The file for the mapper (default: standard output)")->type_name("FILE");
    a->add_option("--record", record_, "The file for the session, to be replayed")->type_name("FILE");
    a->add_flag("--dry-run", dry_run_, "Prints the first prompt and what it may cost, and sends nothing")
        ->group("Language model");
    model_.add_to(a);
  }

  Exit run(Console& console) override {
    if (words_.has_value() == experiment_.has_value())
      throw Stop{Exit::usage, "what the mapper shall do is said in words, or by --experiment FILE", {}};
    if (words_ && words_->find_first_not_of(" \t\n") == std::string::npos)
      throw Stop{Exit::usage, "the words are empty", {}};
    if (words_ && subject_.program.empty())
      throw Stop{Exit::usage, "--program says for which program the mapper is", {}};
    if (experiment_ && (out_ || !subject_.program.empty()))
      throw Stop{Exit::usage, "--experiment has its own programs, and writes no mapper into a file", {}};
    model_.read_files();
    interrupt_.emplace();
    return experiment_ ? run_experiment(console) : run_words(console);
  }

 private:
  // ---- one mapper

  Exit run_words(Console& console) {
    const Subject subject = make_subject(subject_);
    if (dry_run_) return show_prompt(console, subject, *words_, calls_of(rounds_));
    ModelSession session(model_, recording(calls_of(rounds_)));
    const tune::Written written =
        tune::write_mapper(*subject.planner, session.about(subject), *words_, rounds_);
    const tune::Draft* last = written.drafts.empty() ? nullptr : &written.drafts.back();
    if (json()) {
      Json d;
      d["schema"] = "mapwright.write/1";
      d["program"] = subject.program->name;
      add_written(&d, written);
      add_use(&d, session.spent());
      console.result(dump(d));
    } else if (last != nullptr) {
      console.problems(last->problems);
      if (!last->reasoning.empty()) console.say(base::visible(base::one_line(last->reasoning)));
    }
    if (last == nullptr || !last->valid)
      return written.ended ? gone(console, *written.ended) : Exit::bad_mapper;
    if (written.ended) console.problems(written.ended->problems);
    if (out_) {
      write_text(*out_, last->mapper);
    } else if (!json()) {
      console.result(last->mapper.ends_with('\n') ? last->mapper : last->mapper + "\n");
    }
    return Exit::ok;
  }

  static void add_written(Json* document, const tune::Written& written) {
    Json drafts = Json::array();
    for (const tune::Draft& draft : written.drafts) {
      Json one{{"mapper", draft.mapper}, {"reasoning", draft.reasoning}, {"valid", draft.valid}};
      add_problems(&one, draft.problems);
      drafts.push_back(std::move(one));
    }
    (*document)["mapper"] =
        !written.drafts.empty() && written.drafts.back().valid ? Json(written.drafts.back().mapper) : Json();
    (*document)["drafts"] = std::move(drafts);
  }

  static void add_use(Json* document, const llm::Spent& spent) {
    (*document)["model"] = {{"calls", spent.calls},
                            {"prompt_tokens", spent.usage.prompt},
                            {"reply_tokens", spent.usage.reply},
                            {"estimated", spent.usage.estimated}};
  }

  // Without an answer.
  static Exit gone(const Console& console, const tune::Ended& ended) {
    console.problems(ended.problems);
    if (ended.why != tune::Stopped::interrupted) return Exit::unavailable;
    console.say("interrupted");
    return Exit::interrupted;
  }

  // ---- the experiment

  struct Mark {
    const tune::Exercise* exercise = nullptr;
    bool valid_first = false;
    bool correct_first = false;
    bool valid = false;
    bool correct = false;
    std::size_t attempts = 0;
    std::vector<std::string> deviations;  // of the last mapper
  };

  Exit run_experiment(Console& console) {
    const auto source =
        std::make_shared<base::Source>(*experiment_, read_text(*experiment_, Exit::configuration));
    const auto exercises = tune::read_exercises(source);
    if (!exercises) throw Stop{Exit::configuration, "", exercises.problems()};
    std::map<std::string, Subject> subjects;
    for (const tune::Exercise& e : *exercises) {
      SubjectOptions options = subject_;
      options.program = e.program;
      if (!subjects.contains(e.program)) subjects.emplace(e.program, make_subject(options));
      const tune::Draft reference = tune::read_draft(*subjects.at(e.program).planner,
                                                     std::string(e.reference->text()), e.reference->name());
      if (!reference.valid) throw Stop{Exit::configuration, "", reference.problems};
    }
    const std::int64_t calls = calls_of(rounds_) * static_cast<std::int64_t>(exercises->size());
    if (dry_run_) {
      const tune::Exercise& first = exercises->front();
      return show_prompt(console, subjects.at(first.program), first.words, calls);
    }
    ModelSession session(model_, recording(calls));
    std::vector<Mark> marks;
    for (const tune::Exercise& e : *exercises) {
      const Subject& subject = subjects.at(e.program);
      console.progress(fmt::format("{}: {} of {}", e.name, marks.size() + 1, exercises->size()));
      const tune::Written written =
          tune::write_mapper(*subject.planner, session.about(subject), e.words, rounds_);
      console.progress("");
      if (written.ended) {
        // What is there is worth its price.
        if (!marks.empty()) report_marks(console, marks, session.spent());
        console.say(fmt::format("{} of {} strategies were tried", marks.size(), exercises->size()));
        return gone(console, *written.ended);
      }
      marks.push_back(marked(e, subject, written));
    }
    report_marks(console, marks, session.spent());
    return Exit::ok;
  }

  static Mark marked(const tune::Exercise& e, const Subject& subject, const tune::Written& written) {
    Mark mark;
    mark.exercise = &e;
    mark.attempts = written.drafts.size();
    for (std::size_t i = 0; i < written.drafts.size(); ++i) {
      const tune::Draft& draft = written.drafts[i];
      mark.valid = draft.valid;
      mark.deviations.clear();
      if (draft.valid)
        mark.deviations = tune::deviations(*subject.planner, draft.mapper, std::string(e.reference->text()));
      mark.correct = draft.valid && mark.deviations.empty();
      if (i == 0) {
        mark.valid_first = mark.valid;
        mark.correct_first = mark.correct;
      }
    }
    return mark;
  }

  void report_marks(Console& console, const std::vector<Mark>& marks, const llm::Spent& spent) const {
    const auto count = [&](bool Mark::* what) { return std::ranges::count(marks, true, what); };
    if (json()) {
      Json d;
      d["schema"] = "mapwright.experiment/1";
      d["strategies"] = marks.size();
      d["first_attempt"] = {{"valid", count(&Mark::valid_first)}, {"correct", count(&Mark::correct_first)}};
      d["after_feedback"] = {{"valid", count(&Mark::valid)}, {"correct", count(&Mark::correct)}};
      d["rounds"] = rounds_;
      Json rows = Json::array();
      for (const Mark& m : marks)
        rows.push_back({{"strategy", m.exercise->name},
                        {"program", m.exercise->program},
                        {"attempts", m.attempts},
                        {"valid_first", m.valid_first},
                        {"correct_first", m.correct_first},
                        {"valid", m.valid},
                        {"correct", m.correct},
                        {"deviations", m.deviations}});
      d["rows"] = std::move(rows);
      add_use(&d, spent);
      console.result(dump(d));
      return;
    }
    using Align = report::Table::Align;
    report::Table table({{"strategy", Align::left},
                         {"program", Align::left},
                         {"attempts"},
                         {"first", Align::left},
                         {"last", Align::left},
                         {"what differs", Align::left}});
    const auto words = [](bool valid, bool correct) { return correct ? "correct" : valid ? "valid" : "-"; };
    for (const Mark& m : marks)
      table.add({base::visible(m.exercise->name), base::visible(m.exercise->program),
                 fmt::format("{}", m.attempts), words(m.valid_first, m.correct_first),
                 words(m.valid, m.correct), m.deviations.empty() ? "" : m.deviations.front()});
    std::string text = table.text();
    text += fmt::format(
        "\nof {} strategies: valid {} and correct {} at the first attempt; valid {} and correct {} "
        "after at most {} rounds of feedback\n",
        marks.size(), count(&Mark::valid_first), count(&Mark::correct_first), count(&Mark::valid),
        count(&Mark::correct), rounds_);
    console.result(text);
  }

  // ---- the language model

  ModelSession::Record recording(std::int64_t calls) {
    ModelSession::Record record;
    record.recorded = model_.read_replay();
    record.most_calls = calls;
    record.cancelled = [this] { return interrupt_->asked(); };
    record.keep = [this](const llm::Exchange& exchange) {
      if (!record_) return true;
      said_ += llm::to_json(exchange) + "\n";
      write_text(*record_, said_);
      return true;
    };
    return record;
  }

  Exit show_prompt(Console& console, const Subject& subject, const std::string& words, std::int64_t calls) {
    std::optional<llm::Request> first;
    ModelSession session(model_, std::make_unique<Unsent>(&first));
    tune::write_mapper(*subject.planner, session.about(subject), words, 0);
    // A later prompt has the mapper so far and what is wrong with it.
    constexpr std::size_t kFeedback = 8000;
    Estimate estimate;
    estimate.request = *std::move(first);
    estimate.usual = calls / calls_of(rounds_);
    estimate.calls = budget_of(model_, calls).calls.value_or(calls);
    estimate.growth = static_cast<std::size_t>(rounds_) * kFeedback;
    estimate.prices = prices_of(model_);
    estimate.priced = !model_.price.empty();
    if (json()) {
      Json d;
      d["schema"] = "mapwright.prompt/1";
      add_estimate(&d, estimate);
      console.result(dump(d));
    } else {
      console.result(estimate_text(estimate));
    }
    return Exit::ok;
  }

  std::optional<Interrupt> interrupt_;
  std::optional<std::string> words_;
  SubjectOptions subject_;
  std::optional<std::string> experiment_;
  int rounds_ = 3;
  std::optional<std::string> out_;
  std::optional<std::string> record_;
  bool dry_run_ = false;
  ModelOptions model_;
  std::string said_;  // the session so far
};

}  // namespace

std::unique_ptr<Command> write_command(CLI::App* parent) {
  return std::make_unique<Write>(parent);
}

}  // namespace mapwright::cli
