#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/options.h"
#include "lang/lang.h"
#include "policy/policy.h"

namespace mapwright::cli {
namespace {

using machine::ProcessorKind;

class Place : public Command {
 public:
  explicit Place(CLI::App* parent) {
    CLI::App* a = add(parent, "place", "Shows which processor runs which point of a launch",
                      "mapwright place my.mapper --task stencil --domain 4x2 --nodes 2 --procs CPU=1,GPU=4");
    a->add_option("FILE", file_, "The mapper, - for standard input")->required()->type_name("");
    a->add_option("--task", task_, "The task; any name is accepted")->required()->type_name("NAME");
    auto* domain = a->add_option("--domain", domain_, "The launch domain: extents 4x2, or bounds 0..3x2..5")
                       ->type_name("DOMAIN");
    auto* single = a->add_flag("--single", single_, "A single task instead of an index launch");
    a->add_option("--parent", parent_, "Where the parent of a single task runs: node,processor")
        ->type_name("N,P")
        ->needs(single);
    single->excludes(domain);
    a->add_option("--kind", kind_, "The processor kind that the task runs on; otherwise what the mapper says")
        ->check(CLI::IsMember(machine::processor_kind_names()))
        ->type_name("KIND");
    machine_.add_to(a);
  }

  Exit run(Console& console) override {
    if (!single_ && domain_.empty()) throw Stop{Exit::usage, "--domain or --single is needed", {}};
    const machine::Grid grid = machine_.grid();
    const lang::Domain domain = parse_domain();
    const auto parent = parse_parent(grid);
    const auto source = std::make_shared<base::Source>(file_ == "-" ? "<stdin>" : file_, read_text(file_));
    lang::Compilation compiled = lang::compile(source);
    if (!compiled.mapper) throw Stop{Exit::bad_mapper, "", compiled.problems};
    auto placer = lang::Placer::create(compiled.mapper, grid);
    if (!placer) throw Stop{Exit::bad_mapper, "", placer.problems()};

    std::optional<ProcessorKind> wanted;
    if (!kind_.empty()) wanted = machine::processor_kind(kind_);
    const ProcessorKind kind = wanted ? *wanted : likely_kind(*compiled.mapper, grid);
    const lang::MapChoice* map =
        single_ ? compiled.mapper->single_map(task_, kind) : compiled.mapper->index_map(task_, kind);
    lang::PlacementPtr placement;
    if (map != nullptr) {
      // A map by kind must keep to it; one that names the task may be all that says on which kind it runs.
      if (!compiled.mapper->names_map(task_, !single_)) wanted = kind;
      auto placed = single_ ? (*placer)->place_single(*map, task_, parent, wanted)
                            : (*placer)->place(*map, task_, domain, wanted);
      if (!placed) show_log(console, **placer);
      if (!placed) throw Stop{Exit::bad_mapper, "", placed.problems()};
      placement = *placed;
    } else {
      if (grid.count(kind) == 0)
        throw Stop{Exit::bad_mapper,
                   fmt::format("the machine has no {} processor for '{}'", name_of(kind), task_),
                   {}};
      placement = single_ ? policy::default_single_placement(parent.value_or(machine::Processor{}), kind)
                          : policy::default_index_placement(domain, kind, grid);
    }
    show_log(console, **placer);
    console.result(json() ? as_json(*placement, *compiled.mapper, map)
                          : as_text(*placement, *compiled.mapper, map));
    return Exit::ok;
  }

 private:
  // What functions printed is wanted above all when one fails.
  static void show_log(Console& console, const lang::Placer& placer) {
    for (const std::string& line : placer.log()) console.say("print: " + line);
  }

  lang::Domain parse_domain() const {
    if (single_) return {};
    const auto domain = lang::parse_domain(domain_);
    if (!domain) {
      throw Stop{
          Exit::usage,
          fmt::format(
              "'{}' is no launch domain: 1 to {} extents from 1 on, as 8 or 4x2, or bounds, as 0..3x2..5",
              domain_, lang::kMaxLaunchRank),
          {}};
    }
    if (!domain->size(lang::Placer::kMaxPoints))
      throw Stop{
          Exit::usage,
          fmt::format("the launch domain {} has more than {} points", domain_, lang::Placer::kMaxPoints),
          {}};
    return *domain;
  }

  std::optional<machine::Processor> parse_parent(const machine::Grid& grid) const {
    if (parent_.empty()) return std::nullopt;
    const auto parts = base::split(parent_, ',');
    const auto node = base::parse_integer(parts[0]);
    const auto index = parts.size() == 2 ? base::parse_integer(parts[1]) : std::nullopt;
    if (!node || !index || *node < 0 || *index < 0 || *node >= grid.nodes ||
        *index >= machine::Grid::kMaxProcessors) {
      throw Stop{Exit::usage,
                 fmt::format("--parent takes a node, 0 to {}, and a processor there, as 1,0; '{}' is none",
                             grid.nodes - 1, parent_),
                 {}};
    }
    return machine::Processor{*node, *index};
  }

  // The kind that the task most likely runs on: the variants of a task that only has a name are not known.
  ProcessorKind likely_kind(const lang::CompiledMapper& mapper, const machine::Grid& grid) const {
    lang::TaskFacts facts;
    facts.name = task_;
    const std::vector<ProcessorKind> kinds = lang::usable_kinds(mapper, facts, &grid);
    if (kinds.empty()) throw Stop{Exit::usage, "the machine has no GPU, OMP or CPU processor", {}};
    return kinds.front();
  }

  static std::string map_text(const lang::CompiledMapper& mapper, const lang::MapChoice* map) {
    return map == nullptr ? "the default: no map covers it"
                          : fmt::format("by {}", mapper.code().functions[map->function].name);
  }

  std::string as_text(const lang::Placement& placement, const lang::CompiledMapper& mapper,
                      const lang::MapChoice* map) const {
    const lang::Domain& domain = placement.domain();
    std::string text = fmt::format("{} {} on {}, {}\n", base::visible(task_),
                                   single_ ? "as a single task" : lang::domain_text(domain),
                                   name_of(placement.kind()), map_text(mapper, map));
    std::size_t width = 5;
    lang::Point p = domain.lo;
    const auto name = [&] { return single_ ? std::string("-") : base::tuple_text(domain.at(p)); };
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

  // Written by hand: a launch may have millions of points, and they hold nothing but numbers.
  std::string as_json(const lang::Placement& placement, const lang::CompiledMapper& mapper,
                      const lang::MapChoice* map) const {
    const lang::Domain& domain = placement.domain();
    Json head;
    head["schema"] = "mapwright.place/1";
    head["task"] = task_;
    head["kind"] = name_of(placement.kind());
    head["map"] = nullptr;
    if (map != nullptr) head["map"] = mapper.code().functions[map->function].name;
    head["domain"] = Json::array();
    const lang::Point extents = domain.extents();
    for (std::size_t d = 0; !single_ && d < static_cast<std::size_t>(domain.rank); ++d)
      head["domain"].push_back(extents[d]);
    std::string text = dump(head);
    text.resize(text.rfind("\n}"));
    text += ",\n  \"points\": [";
    const auto out = std::back_inserter(text);
    lang::Point p = domain.lo;
    std::string_view separator = "\n    ";
    do {
      const auto slots = placement.at(p);
      const auto at = single_ ? std::span<const std::int64_t>{} : domain.at(p);
      fmt::format_to(out, "{}{{\"point\": [{}], \"node\": {}, \"processor\": ", separator,
                     fmt::join(at.begin(), at.end(), ", "), slots[0].node);
      separator = ",\n    ";
      if (slots.size() == 1) {
        fmt::format_to(out, "{}}}", slots[0].processor);
        continue;
      }
      text += '[';
      for (const lang::Slot& s : slots)
        fmt::format_to(out, "{}{}", &s == slots.data() ? "" : ", ", s.processor);
      text += "]}";
    } while (domain.next(&p));
    return text + "\n  ]\n}\n";
  }

  std::string file_;
  std::string task_;
  std::string domain_;
  std::string parent_;
  std::string kind_;
  bool single_ = false;
  MachineOptions machine_;
};

}  // namespace

std::unique_ptr<Command> place_command(CLI::App* parent) {
  return std::make_unique<Place>(parent);
}

}  // namespace mapwright::cli
