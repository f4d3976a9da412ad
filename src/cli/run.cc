#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/subject.h"
#include "engine/sim/sim.h"

namespace mapwright::cli {
namespace {

class Run : public Command {
 public:
  explicit Run(CLI::App* parent) {
    CLI::App* a = add(parent, "run", "Executes a program under a mapper and says where the time went",
                      "mapwright run circuit --mapper expert --machine lassen --nodes 2");
    subject_.add_to(a, true);
    a->add_option("--engine", engine_, "What executes it: sim")
        ->check(CLI::IsMember({"sim"}))
        ->type_name("ENGINE");
  }

  Exit run(Console& console) override {
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
    if (json()) {
      console.result(dump(as_json(*subject.program, execution)));
    } else if (execution.failure) {
      console.say(execution.failure->text);
      console.problems(execution.failure->problems);
    } else {
      console.result(as_text(*subject.program, execution));
    }
    return execution.failure ? Exit::failed : Exit::ok;
  }

 private:
  static std::string as_text(const program::Program& program, const engine::Execution& e) {
    return fmt::format("{}: {} {:.6g} {}, {:.6g} s per iteration\n", program.name, program.metric.name,
                       e.metric, program.metric.unit, e.seconds_per_iteration);
  }

  static Json as_json(const program::Program& program, const engine::Execution& e) {
    Json document;
    document["schema"] = "mapwright.run/1";
    document["program"] = program.name;
    document["outcome"] = e.failure ? "failed" : "ok";
    document["failure"] = nullptr;
    if (e.failure) {
      document["failure"] = {{"code", e.failure->code}, {"text", e.failure->text}};
      add_problems(&document, e.failure->problems);
      return document;
    }
    document["metric"] = {{"name", program.metric.name},
                          {"unit", program.metric.unit},
                          {"value", e.metric},
                          {"better", program.metric.larger_is_better ? "larger" : "smaller"}};
    document["seconds_per_iteration"] = e.seconds_per_iteration;
    document["bytes"] = {{"local", e.traffic.local},
                         {"intra_node", e.traffic.intra_node},
                         {"inter_node", e.traffic.inter_node},
                         {"inter_rank", e.traffic.inter_rank},
                         {"host_device", e.traffic.host_device}};
    return document;
  }

  SubjectOptions subject_;
  std::string engine_ = "sim";
};

}  // namespace

std::unique_ptr<Command> run_command(CLI::App* parent) {
  return std::make_unique<Run>(parent);
}

}  // namespace mapwright::cli
