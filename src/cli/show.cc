#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/subject.h"
#include "report/json.h"
#include "report/layout_text.h"
#include "report/svg.h"

namespace mapwright::cli {
namespace {

class Show : public Command {
 public:
  explicit Show(CLI::App* parent) {
    CLI::App* a = add(parent, "show", "Shows where a mapper puts the points and the data of a program",
                      "mapwright show expert --program circuit --machine lassen --nodes 2");
    subject_.add_mapper_first(a);
    a->add_option("--svg", svg_, "Writes the same as a picture there")->type_name("FILE");
  }

  Exit run(Console& console) override {
    if (svg_) expect_output("--svg", *svg_, {subject_.program, subject_.mapper});
    const Subject subject = make_subject(subject_);
    const auto placer = make_mapper(subject_, subject);
    for (const std::string& note : subject.notes) console.say(note);
    auto made = subject.planner->plan(*placer);
    for (const std::string& line : placer->log()) console.say("print: " + line);
    const auto* failure = std::get_if<plan::Failure>(&made);
    const auto* plan = std::get_if<plan::Plan>(&made);
    if (plan != nullptr && svg_) write_text(*svg_, report::layout_svg(*plan));
    if (json()) {
      console.result(dump(document(subject, plan, failure)));
    } else if (failure != nullptr) {
      console.say(failure->text);
      console.problems(failure->problems);
    } else {
      console.result(report::layout_text(*plan, console.color()));
    }
    return failure != nullptr ? Exit::failed : Exit::ok;
  }

 private:
  Json document(const Subject& subject, const plan::Plan* plan, const plan::Failure* failure) const {
    Json d;
    d["schema"] = "mapwright.show/1";
    d["program"] = subject.program->name;
    d["machine"] = subject.machine.name;
    d["nodes"] = subject_.nodes;
    d["mapper"] = subject_.mapper;
    d["failure"] = nullptr;
    if (failure != nullptr) d["failure"] = {{"code", failure->code}, {"text", failure->text}};
    d["launches"] = Json::array();
    d["homes"] = Json::array();
    if (plan != nullptr) report::add_layout(&d, *plan);
    add_problems(&d, failure != nullptr ? failure->problems : base::Diagnostics());
    return d;
  }

  SubjectOptions subject_;
  std::optional<std::string> svg_;
};

}  // namespace

std::unique_ptr<Command> show_command(CLI::App* parent) {
  return std::make_unique<Show>(parent);
}

}  // namespace mapwright::cli
