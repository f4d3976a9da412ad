#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/calibration.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/options.h"
#include "machine/catalog.h"
#include "machine/describe.h"
#include "machine/machine_file.h"

namespace mapwright::cli {
namespace {

class ShowMachine : public Command {
 public:
  explicit ShowMachine(CLI::App* parent) {
    CLI::App* a = add(parent, "machine", "Shows a machine model, or lists them", "mapwright machine lassen");
    a->add_option("NAME", name_,
                  "A machine's name or file; 'local' is this computer; none lists the known ones")
        ->type_name("");
    a->add_flag(
        "--calibrate", calibrate_,
        "Measures this computer, which takes some seconds: from then on 'local' is what was measured, and "
        "predicts what --engine starpu does here");
    a->add_option(
         "--out", out_,
         "With --calibrate: the machine goes to this file (default: mapwright/machines/local.toml in "
         "$XDG_STATE_HOME or ~/.local/state)")
        ->type_name("FILE");
  }

  Exit run(Console& console) override {
    if (out_ && !calibrate_) throw Stop{Exit::usage, "--out goes with --calibrate", {}};
    if (calibrate_) {
      calibrate(console);
    } else if (name_) {
      show(console, load_machine(*name_));
    } else {
      list(console);
    }
    return Exit::ok;
  }

 private:
  void calibrate(Console& console) const {
    if (name_ != machine::kLocal) {
      throw Stop{Exit::usage, "only this computer can be measured: mapwright machine local --calibrate", {}};
    }
    if (out_) expect_output("--out", *out_, {});
    const std::filesystem::path file = out_ ? std::filesystem::path(*out_) : calibration_path();
    const machine::Machine measured = calibrate_this_computer(console);
    if (!out_) make_folder(file.parent_path());
    write_text(file.string(), machine::save(measured));
    console.say(fmt::format("written to {}", file.string()));
    show(console, measured);
  }

  void list(Console& console) const {
    Json names = Json::array();
    std::string text;
    for (const std::string& name : machine::catalog_names(data_folder() / "machines")) {
      const machine::Machine m = load_machine(name);
      names.push_back({{"name", name}, {"description", m.description}});
      text += fmt::format("{:<14}  {}\n", name, m.description);
    }
    const std::string local = calibration_file() ? load_machine(std::string(machine::kLocal)).description
                                                 : "this computer, as detected";
    names.push_back({{"name", machine::kLocal}, {"description", local}});
    text += fmt::format("{:<14}  {}\n", machine::kLocal, local);
    console.result(json() ? dump({{"schema", "mapwright.machines/1"}, {"machines", std::move(names)}})
                          : text);
  }

  void show(Console& console, const machine::Machine& m) const {
    if (!json()) {
      std::string text;
      for (const std::string& line : machine::describe(m)) text += line + "\n";
      return console.result(text);
    }
    Json figures = Json::array();
    for (const machine::Figure& f : machine::figures_of(m)) {
      Json figure = {{"path", f.path()}};
      std::visit(
          [&](const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
              figure["value"] = nullptr;
            } else {
              figure["value"] = value;
            }
          },
          f.value);
      figure["unit"] = f.unit;
      figure["source"] = f.source;
      figures.push_back(std::move(figure));
    }
    Json document;
    document["schema"] = "mapwright.machine/1";
    document["name"] = m.name;
    document["description"] = m.description;
    document["nodes"] = m.nodes;
    document["figures"] = std::move(figures);
    console.result(dump(document));
  }

  std::optional<std::string> name_;
  bool calibrate_ = false;
  std::optional<std::string> out_;
};

}  // namespace

std::unique_ptr<Command> machine_command(CLI::App* parent) {
  return std::make_unique<ShowMachine>(parent);
}

}  // namespace mapwright::cli
