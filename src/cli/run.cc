#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/engine.h"
#include "cli/guidance.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/mapper_work.h"
#include "cli/subject.h"
#include "guide/guide.h"
#include "report/run_text.h"
#include "report/trace.h"

namespace mapwright::cli {
namespace {

class Run : public Command {
 public:
  explicit Run(CLI::App* parent) {
    CLI::App* a = add(parent, "run", "Executes a program under a mapper and says where the time went",
                      "mapwright run circuit --mapper expert --machine lassen --nodes 2\n"
                      "  mapwright run --legion --mapper blocks.mapper -- ./circuit -ll:cpu 4");
    subject_.add_to(a);
    engine_.add_to(a, true);
    a->add_option("--trace", trace_, "Writes a timeline there, which Perfetto (ui.perfetto.dev) shows")
        ->type_name("FILE");
    a->add_option(
         "--decisions", engine_.log,
         "With --legion: writes there what the application decided for every task, a line of JSON for each")
        ->type_name("FILE");
    guide_.add_to(a);
  }

  std::vector<std::string>* words() override { return &engine_.words; }

  Exit run(Console& console) override {
    if (trace_) expect_output("--trace", *trace_, {subject_.program, subject_.mapper});
    if (engine_.log) expect_output("--decisions", *engine_.log, {subject_.program, subject_.mapper});
    if (engine_.log && !engine_.legion)
      throw Stop{Exit::usage, "--decisions is for Legion applications: it goes with --legion", {}};
    engine_.settle(&subject_);
    if (engine_.log) write_text(*engine_.log, "");  // or why not, before anything runs
    const guide::Guide guide = make_guide(guide_);
    if (subject_.program.empty()) return run_alone(guide, console);
    const Subject subject = make_subject(subject_);
    const auto placer = make_mapper(subject_, subject);
    for (const std::string& note : subject.notes) console.say(note);
    const engine::Execution execution =
        engine_.executes() ? really_execute(subject, placer.get()) : execute(subject, placer.get());
    for (const std::string& line : placer->log()) console.say("print: " + line);
    if (trace_ && !execution.failure) write_text(*trace_, report::chrome_trace(execution.profile));
    const guide::Feedback feedback = guide.executed(execution, *placer->mapper());
    return tell(run_head(subject_, subject, engine_.name), subject.program->metric, execution, feedback,
                console);
  }

 private:
  // A command of which nothing is known.
  Exit run_alone(const guide::Guide& guide, Console& console) const {
    if (trace_)
      throw Stop{Exit::usage, "--trace takes a program: of a command alone there is no timeline", {}};
    if (subject_.mapper == "expert" || subject_.mapper == "default-like")
      throw Stop{Exit::no_input, fmt::format("there is no {} mapper for a command", subject_.mapper), {}};
    const lang::MapperPtr mapper = compile(mapper_source(subject_.mapper));
    const Interrupt interrupt;
    const engine::Execution execution =
        ended(engine_.make_command([&] { return interrupt.asked(); })->execute(mapper));
    const Json head = {{"schema", "mapwright.run/1"},
                       {"command", engine_.words},
                       {"mapper", subject_.mapper},
                       {"engine", engine_.name}};
    return tell(head, *subject_.metric, execution, guide.executed(execution, *mapper), console);
  }

  Exit tell(const Json& head, const program::Metric& metric, const engine::Execution& execution,
            const guide::Feedback& feedback, Console& console) const {
    if (json()) {
      console.result(dump(run_document(head, metric, execution, feedback.findings)));
    } else if (execution.failure) {
      console.say_lines(execution.failure->text);
      console.problems(execution.failure->problems);
      console.result(report::findings_text(feedback.findings, true));
    } else {
      console.result(report::run_text(metric, execution) + report::findings_text(feedback.findings, false));
    }
    return execution.failure ? Exit::failed : Exit::ok;
  }

  engine::Execution really_execute(const Subject& subject, lang::Placer* placer) const {
    const Interrupt interrupt;
    const auto engine = engine_.make(subject, [&] { return interrupt.asked(); });
    // Engines plan by themselves; what functions print is this placer's.
    subject.planner->plan(*placer);
    return ended(engine->execute(placer->mapper()));
  }

  // What came of the program, and not of the attempt to run it.
  static engine::Execution ended(engine::Execution execution) {
    if (!execution.failure) return execution;
    if (execution.failure->code == engine::kCancelled) throw Stop{Exit::interrupted, "interrupted", {}};
    if (execution.failure->code == engine::kNotStarted)
      throw Stop{Exit::unavailable, execution.failure->text, {}};
    return execution;
  }

  SubjectOptions subject_;
  GuideOptions guide_;
  EngineOptions engine_;
  std::optional<std::string> trace_;
};

}  // namespace

std::unique_ptr<Command> run_command(CLI::App* parent) {
  return std::make_unique<Run>(parent);
}

}  // namespace mapwright::cli
