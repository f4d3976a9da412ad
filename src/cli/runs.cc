#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/store_file.h"
#include "cli/tune_settings.h"
#include "report/table.h"

namespace mapwright::cli {
namespace {

class Runs : public Command {
 public:
  explicit Runs(CLI::App* parent) {
    CLI::App* a = add(parent, "runs", "Lists all runs of a store, oldest first", "mapwright runs");
    store_.add_to(a);
  }

  Exit run(Console& console) override {
    const auto store = open_store(store_, false);
    const std::vector<store::Run> runs = store ? expect(store->runs()) : std::vector<store::Run>();
    if (json()) {
      Json d;
      d["schema"] = "mapwright.runs/1";
      d["runs"] = Json::array();
      for (const store::Run& r : runs) d["runs"].push_back(entry(r));
      console.result(dump(d));
      return Exit::ok;
    }
    if (runs.empty()) {
      console.say(fmt::format("nothing has been tuned yet with the store '{}'", store_path(store_).string()));
      return Exit::ok;
    }
    using Align = report::Table::Align;
    report::Table table({{"run", Align::left},
                         {"program", Align::left},
                         {"machine", Align::left},
                         {"nodes"},
                         {"strategy", Align::left},
                         {"trials"},
                         {"state", Align::left},
                         {"begun", Align::left}});
    for (const store::Run& r : runs) {
      const auto s = settings_of(r);
      table.add({r.id, r.program, s ? s->subject.machine : "-", s ? fmt::format("{}", s->subject.nodes) : "-",
                 s ? s->strategy : "-", fmt::format("{}", r.trials), std::string(name_of(r.state)),
                 r.created});
    }
    console.result(table.text());
    return Exit::ok;
  }

 private:
  // None of a run that another version recorded: the others are listed all the same.
  static std::optional<TuneSettings> settings_of(const store::Run& r) {
    try {
      return TuneSettings::load(r.settings);
    } catch (const Stop&) {
      return std::nullopt;
    }
  }

  static Json entry(const store::Run& r) {
    const auto s = settings_of(r);
    Json one;
    one["run"] = r.id;
    one["program"] = r.program;
    one["machine"] = s ? Json(s->subject.machine) : Json();
    one["nodes"] = s ? Json(s->subject.nodes) : Json();
    one["strategy"] = s ? Json(s->strategy) : Json();
    one["seed"] = s ? Json(s->seed) : Json();
    one["budget"] = s ? Json(s->limits.budget) : Json();
    one["trials"] = r.trials;
    one["state"] = name_of(r.state);
    one["stopped"] = r.stopped.empty() ? Json() : Json(r.stopped);
    one["begun"] = r.created;
    return one;
  }

  StoreOptions store_;
};

}  // namespace

std::unique_ptr<Command> runs_command(CLI::App* parent) {
  return std::make_unique<Runs>(parent);
}

}  // namespace mapwright::cli
