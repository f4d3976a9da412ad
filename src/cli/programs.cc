#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/apps.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/subject.h"
#include "program/json.h"

namespace mapwright::cli {
namespace {

class Programs : public Command {
 public:
  explicit Programs(CLI::App* parent) {
    CLI::App* a = add(parent, "programs", "Lists the built-in applications, or writes one as a program file",
                      "mapwright programs circuit --nodes 4 > circuit.json");
    given_ = a->add_option("NAME", subject_.program, "An application; none lists them with their parameters")
                 ->type_name("");
    subject_.add_size(a);
  }

  Exit run(Console& console) override {
    if (given_->count() == 0) {
      console.result(json() ? dump(list()) : text());
      return Exit::ok;
    }
    const program::Program program = make_program(subject_, load_machine(subject_.machine));
    for (const std::string& note : program.notes) console.say(note);
    console.result(program::save(program));
    return Exit::ok;
  }

 private:
  static std::string text() {
    std::string text;
    for (const apps::App& app : apps::all()) {
      text += fmt::format("{:<10} {}\n", app.name, app.what);
      for (const apps::Parameter& p : app.parameters) text += fmt::format("    {:<10} {}\n", p.name, p.what);
    }
    return text;
  }

  static Json list() {
    Json programs = Json::array();
    for (const apps::App& app : apps::all()) {
      Json parameters = Json::array();
      for (const apps::Parameter& p : app.parameters)
        parameters.push_back({{"name", p.name}, {"what", p.what}, {"least", p.least}, {"most", p.most}});
      programs.push_back({{"name", app.name}, {"what", app.what}, {"parameters", std::move(parameters)}});
    }
    return {{"schema", "mapwright.programs/1"}, {"programs", std::move(programs)}};
  }

  SubjectOptions subject_;
  CLI::Option* given_ = nullptr;
};

}  // namespace

std::unique_ptr<Command> programs_command(CLI::App* parent) {
  return std::make_unique<Programs>(parent);
}

}  // namespace mapwright::cli
