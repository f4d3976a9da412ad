#include "lang/grammar.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/program_file.h"
#include "cli/subject.h"

namespace mapwright::cli {
namespace {

class Grammar : public Command {
 public:
  explicit Grammar(CLI::App* parent) {
    CLI::App* a = add(parent, "grammar", "Writes the grammar of mappers for language models (GBNF)",
                      "mapwright grammar --program circuit > circuit.gbnf");
    a->add_option("--program", subject_.program,
                  "A built-in application or a program file (JSON): tasks and regions have its names")
        ->type_name("PROGRAM");
    subject_.add_size(a);
  }

  Exit run(Console& console) override {
    std::optional<lang::ProgramFacts> program;
    if (!subject_.program.empty()) program = facts();
    const std::string text = lang::grammar(program ? &*program : nullptr);
    if (!json()) {
      console.result(text);
      return Exit::ok;
    }
    Json document;
    document["schema"] = "mapwright.grammar/1";
    document["program"] = nullptr;
    if (program) document["program"] = program->name;
    document["grammar"] = text;
    console.result(dump(document));
    return Exit::ok;
  }

 private:
  lang::ProgramFacts facts() const {
    // A file may hold the names alone. One has no sizes to choose: make_program says so.
    const bool sized = !subject_.set.empty() || subject_.size != "paper";
    if (names_file(subject_.program) && !sized) return load_facts(subject_.program);
    return program::facts_of(make_program(subject_, load_machine(subject_.machine)));
  }

  SubjectOptions subject_;
};

}  // namespace

std::unique_ptr<Command> grammar_command(CLI::App* parent) {
  return std::make_unique<Grammar>(parent);
}

}  // namespace mapwright::cli
