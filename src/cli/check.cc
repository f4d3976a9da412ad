#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/mapper_work.h"
#include "cli/options.h"
#include "cli/program_file.h"

namespace mapwright::cli {
namespace {

class Check : public Command {
 public:
  explicit Check(CLI::App* parent) {
    CLI::App* a = add(parent, "check", "Says what is wrong with a mapper",
                      "mapwright check my.mapper --machine lassen --nodes 4");
    a->add_option("FILE", file_, "The mapper, - for standard input")->required()->type_name("");
    a->add_option("--program", program_,
                  "A built-in application or a program file (JSON): checks names and, with a machine, maps "
                  "every launch")
        ->type_name("PROGRAM");
    machine_.add_to(a);
    a->add_flag("--fix", fix_, "Applies the repairs, until there are none, and writes the file");
    a->add_option("--format", format_, "text, json or sarif")
        ->check(CLI::IsMember({"text", "json", "sarif"}))
        ->type_name("FORMAT");
  }

  bool json() const override { return Command::json() || format_ == "json" || format_ == "sarif"; }

  Exit run(Console& console) override {
    if (file_ == "-" && program_ == "-")
      throw Stop{Exit::usage, "only one of the mapper and the program can be standard input", {}};
    std::optional<lang::ProgramFacts> program;
    if (!program_.empty()) program = load_facts(program_, machine_);
    std::optional<machine::Grid> grid;
    if (machine_.given()) grid = machine_.grid(program ? program->ranks_per_node : 1);
    std::string text = read_text(file_);
    const std::string original = text;
    base::Diagnostics problems = check(text, program, grid);
    std::size_t fixed = 0;
    // A repair may uncover the next problem. A long text with more problems than are kept, as many after a
    // round as before, is no mapper: its rounds end.
    constexpr std::size_t kLong = 1'000'000;
    constexpr int kMostRounds = 10;
    bool hopeless = false;
    for (int round = 0; fix_ && !hopeless && round < kMostRounds; ++round) {
      const bool many = problems.full();
      std::size_t applied = 0;
      std::string better = base::apply_fixes(text, problems.items(), &applied);
      if (applied == 0 || better == text) break;
      fixed += applied;
      text = std::move(better);
      problems = check(text, program, grid);
      hopeless = many && problems.full() && text.size() > kLong;
    }
    // In a pipe the mapper comes through, repaired or not.
    if (text != original || (fix_ && file_ == "-")) write(console, text);
    show(console, problems, fixed);
    return problems.has_errors() ? Exit::bad_mapper : Exit::ok;
  }

 private:
  base::Diagnostics check(const std::string& text, const std::optional<lang::ProgramFacts>& program,
                          const std::optional<machine::Grid>& grid) const {
    return check_mapper(std::make_shared<base::Source>(file_ == "-" ? "<stdin>" : file_, text), program,
                        grid);
  }

  void write(Console& console, const std::string& text) const {
    if (file_ == "-") {
      if (!json()) console.result(text);
      return;
    }
    const auto written = base::replace_file(file_, text);
    if (const auto* error = std::get_if<base::FileError>(&written)) throw Stop{Exit::io, error->message, {}};
  }

  void show(Console& console, const base::Diagnostics& problems, std::size_t fixed) const {
    if (format_ == "sarif") return console.result(dump(sarif(problems, file_)));
    if (json()) {
      Json document;
      document["schema"] = "mapwright.check/1";
      document["file"] = file_;
      document["fixed"] = fixed;
      add_problems(&document, problems);
      return console.result(dump(document));
    }
    const std::string summary = fmt::format("{}: {}{}\n", base::visible(file_), count_text(problems),
                                            fixed == 0 ? "" : fmt::format(" ({} fixed)", fixed));
    // With a repaired mapper on standard output, what is left to say goes elsewhere.
    if (fix_ && file_ == "-") {
      console.problems(problems);
      console.say(summary.substr(0, summary.size() - 1));
      return;
    }
    console.result(console.problems_text(problems));
    console.result(summary);
  }

  std::string file_;
  std::string program_;
  MachineOptions machine_;
  bool fix_ = false;
  std::string format_ = "text";
};

}  // namespace

std::unique_ptr<Command> check_command(CLI::App* parent) {
  return std::make_unique<Check>(parent);
}

}  // namespace mapwright::cli
