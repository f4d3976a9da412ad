#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/guidance.h"
#include "cli/json.h"
#include "cli/subject.h"
#include "engine/sim/sim.h"
#include "guide/guide.h"
#include "report/json.h"
#include "report/run_text.h"
#include "report/trace.h"

namespace mapwright::cli {
namespace {

class Run : public Command {
 public:
  explicit Run(CLI::App* parent) {
    CLI::App* a = add(parent, "run", "Executes a program under a mapper and says where the time went",
                      "mapwright run circuit --mapper expert --machine lassen --nodes 2");
    subject_.add_to(a);
    a->add_option("--engine", engine_, "What executes it: sim")
        ->check(CLI::IsMember({"sim"}))
        ->type_name("ENGINE")
        ->capture_default_str();
    a->add_option("--trace", trace_, "Writes a timeline there, which Perfetto (ui.perfetto.dev) shows")
        ->type_name("FILE");
    guide_.add_to(a);
  }

  Exit run(Console& console) override {
    if (trace_) expect_output("--trace", *trace_, {subject_.program, subject_.mapper});
    const guide::Guide guide = make_guide(guide_);
    const Subject subject = make_subject(subject_);
    const auto placer = make_mapper(subject_, subject);
    for (const std::string& note : subject.program->notes) console.say(note);
    auto plan = subject.planner->plan(*placer);
    for (const std::string& line : placer->log()) console.say("print: " + line);
    engine::Execution execution;
    if (auto* failure = std::get_if<plan::Failure>(&plan)) {
      execution.failure = std::move(*failure);
    } else {
      execution = engine::sim::run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))));
    }
    if (trace_ && !execution.failure) write_text(*trace_, report::chrome_trace(execution.profile));
    const guide::Feedback feedback = guide.executed(execution, *placer->mapper());
    if (json()) {
      console.result(dump(document(subject, execution, feedback.findings)));
    } else if (execution.failure) {
      console.say(execution.failure->text);
      console.problems(execution.failure->problems);
      console.result(report::findings_text(feedback.findings, true));
    } else {
      console.result(report::run_text(execution) + report::findings_text(feedback.findings, false));
    }
    return execution.failure ? Exit::failed : Exit::ok;
  }

 private:
  Json document(const Subject& subject, const engine::Execution& e,
                const std::vector<guide::Finding>& findings) const {
    Json d;
    d["schema"] = "mapwright.run/1";
    d["program"] = subject.program->name;
    d["machine"] = subject.machine.name;
    d["nodes"] = subject_.nodes;
    d["mapper"] = subject_.mapper;
    d["engine"] = engine_;
    report::add_execution(&d, *subject.program, e);
    report::add_findings(&d, findings);
    add_problems(&d, e.failure ? e.failure->problems : base::Diagnostics());
    return d;
  }

  SubjectOptions subject_;
  GuideOptions guide_;
  std::string engine_ = "sim";
  std::optional<std::string> trace_;
};

}  // namespace

std::unique_ptr<Command> run_command(CLI::App* parent) {
  return std::make_unique<Run>(parent);
}

}  // namespace mapwright::cli
