#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/mapper_work.h"
#include "cli/options.h"

namespace mapwright::cli {
namespace {

class Place : public Command {
 public:
  explicit Place(CLI::App* parent) {
    CLI::App* a = add(parent, "place", "Shows which processor runs which point of a launch",
                      "mapwright place my.mapper --task stencil --domain 4x2 --nodes 2 --procs CPU=1,GPU=4");
    a->add_option("FILE", file_, "The mapper, - for standard input")->required()->type_name("");
    a->add_option("--task", options_.task, "The task; any name is accepted")->required()->type_name("NAME");
    auto* domain =
        a->add_option("--domain", options_.domain, "The launch domain: extents 4x2, or bounds 0..3x2..5")
            ->type_name("DOMAIN");
    auto* single = a->add_flag("--single", options_.single, "A single task instead of an index launch");
    a->add_option("--parent", options_.parent, "Where the parent of a single task runs: node,processor")
        ->type_name("N,P")
        ->needs(single);
    single->excludes(domain);
    a->add_option("--kind", options_.kind,
                  "The processor kind that the task runs on; otherwise what the mapper says")
        ->check(CLI::IsMember(machine::processor_kind_names()))
        ->type_name("KIND");
    machine_.add_to(a);
  }

  Exit run(Console& console) override {
    if (!options_.single && options_.domain.empty())
      throw Stop{Exit::usage, "--domain or --single is needed", {}};
    const machine::Grid grid = machine_.grid();
    const PlacedLaunch launch = read_launch(options_, grid);
    const auto mapper = std::make_shared<base::Source>(file_ == "-" ? "<stdin>" : file_, read_text(file_));
    std::vector<std::string> log;
    Placing placing;
    try {
      placing = place(launch, mapper, grid, &log);
    } catch (const Stop&) {
      // What functions printed is wanted above all when one fails.
      show_log(console, log);
      throw;
    }
    show_log(console, log);
    console.result(json() ? place_json(placing) : as_text(placing));
    return Exit::ok;
  }

 private:
  static void show_log(Console& console, const std::vector<std::string>& log) {
    for (const std::string& line : log) console.say("print: " + line);
  }

  static std::string as_text(const Placing& placing) {
    const lang::Placement& placement = *placing.placement;
    const lang::Domain& domain = placement.domain();
    std::string text = fmt::format("{} {} on {}, {}\n", base::visible(placing.launch.task),
                                   placing.launch.single ? "as a single task" : lang::domain_text(domain),
                                   name_of(placement.kind()),
                                   placing.map ? "by " + *placing.map : "the default: no map covers it");
    std::size_t width = 5;
    lang::Point p = domain.lo;
    const auto name = [&] {
      return placing.launch.single ? std::string("-") : base::tuple_text(domain.at(p));
    };
    do {
      width = std::max(width, name().size());
    } while (domain.next(&p));
    text += fmt::format("{:<{}}  node  processor\n", "point", width);
    p = domain.lo;
    do {
      const auto slots = placement.at(p);
      std::string processors;
      for (const lang::Slot& s : slots)
        processors += fmt::format("{}{}", processors.empty() ? "" : " or ", s.processor);
      text += fmt::format("{:<{}}  {:>4}  {:>9}\n", name(), width, slots[0].node, processors);
    } while (domain.next(&p));
    return text;
  }

  std::string file_;
  PlaceOptions options_;
  MachineOptions machine_;
};

}  // namespace

std::unique_ptr<Command> place_command(CLI::App* parent) {
  return std::make_unique<Place>(parent);
}

}  // namespace mapwright::cli
