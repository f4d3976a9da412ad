#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/discovery.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "machine/machine_file.h"
#include "program/json.h"

namespace mapwright::cli {
namespace {

class Discover : public Command {
 public:
  explicit Discover(CLI::App* parent) {
    CLI::App* a =
        add(parent, "discover",
            "Makes a model of a Legion application from one execution: what it launches, on which data, and "
            "how long its tasks take",
            "mapwright discover --out circuit.json -- ./circuit -ll:cpu 4");
    a->add_option("--machine", machine_, "The machine that it runs on, a name or file")
        ->type_name("MACHINE")
        ->capture_default_str();
    a->add_option("--out", out_, "The program file (default: standard output)")->type_name("FILE");
    a->add_option("--machine-out", machine_out_,
                  "Writes the machine there, with the processors that the application had")
        ->type_name("FILE");
    engine_.add_command_options(a);
  }

  std::vector<std::string>* words() override { return &engine_.words; }

  Exit run(Console& console) override {
    if (engine_.words.empty())
      throw Stop{Exit::usage,
                 "discover takes the application behind --: mapwright discover -- ./circuit -ll:cpu 4",
                 {}};
    if (out_) expect_output("--out", *out_, {machine_});
    if (machine_out_) expect_output("--machine-out", *machine_out_, {machine_});
    SubjectOptions unused;
    engine_.settle(&unused);
    const Interrupt interrupt;
    const Discovery found = discover_program(engine_, machine_, [&] { return interrupt.asked(); });
    const std::string text = program::save(found.program);
    if (machine_out_) write_text(*machine_out_, machine::save(found.machine));
    if (out_) write_text(*out_, text);
    for (const auto* notes : {&found.notes, &found.program.notes})
      for (const std::string& note : *notes) console.say(note);
    console.say(fmt::format("the application had {}: --nodes {} for what is executed on the model",
                            base::count_text(found.nodes, "node"), found.nodes));
    if (json()) {
      console.result(dump({{"schema", "mapwright.discover/1"},
                           {"command", engine_.words},
                           {"nodes", found.nodes},
                           {"tasks", found.program.tasks.size()},
                           {"launches", found.program.launches.size()},
                           {"regions", found.program.regions.size()},
                           {"program", Json::parse(text)}}));
    } else if (out_) {
      console.result(fmt::format("{}: {} tasks, {} launches, {} regions, {} partitions\n", *out_,
                                 found.program.tasks.size(), found.program.launches.size(),
                                 found.program.regions.size(), found.program.partitions.size()));
    } else {
      console.result(text);
    }
    return Exit::ok;
  }

 private:
  std::string machine_ = "local";
  std::optional<std::string> out_;
  std::optional<std::string> machine_out_;
  EngineOptions engine_;
};

}  // namespace

std::unique_ptr<Command> discover_command(CLI::App* parent) {
  return std::make_unique<Discover>(parent);
}

}  // namespace mapwright::cli
