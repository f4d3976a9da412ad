#include "cli/mapper_work.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/sim/sim.h"
#include "lang/lang.h"
#include "policy/policy.h"
#include "report/json.h"

namespace mapwright::cli {
namespace {

using machine::ProcessorKind;

lang::Domain parse_domain(const std::string& text) {
  const auto domain = lang::parse_domain(text);
  if (!domain) {
    throw Stop{
        Exit::usage,
        fmt::format(
            "'{}' is no launch domain: 1 to {} extents from 1 on, as 8 or 4x2, or bounds, as 0..3x2..5", text,
            lang::kMaxLaunchRank),
        {}};
  }
  if (!domain->size(lang::Placer::kMaxPoints))
    throw Stop{Exit::usage,
               fmt::format("the launch domain {} has more than {} points", text, lang::Placer::kMaxPoints),
               {}};
  return *domain;
}

std::optional<machine::Processor> parse_parent(const std::string& text, const machine::Grid& grid) {
  if (text.empty()) return std::nullopt;
  const auto parts = base::split(text, ',');
  const auto node = base::parse_integer(parts[0]);
  const auto index = parts.size() == 2 ? base::parse_integer(parts[1]) : std::nullopt;
  if (!node || !index || *node < 0 || *index < 0 || *node >= grid.nodes ||
      *index >= machine::Grid::kMaxProcessors) {
    throw Stop{Exit::usage,
               fmt::format("--parent takes a node, 0 to {}, and a processor there, as 1,0; '{}' is none",
                           grid.nodes - 1, text),
               {}};
  }
  return machine::Processor{*node, *index};
}

// The kind that the task most likely runs on: the variants of a task that only has a name are not known.
ProcessorKind likely_kind(const std::string& task, const lang::CompiledMapper& mapper,
                          const machine::Grid& grid) {
  lang::TaskFacts facts;
  facts.name = task;
  const std::vector<ProcessorKind> kinds = lang::usable_kinds(mapper, facts, &grid);
  if (kinds.empty()) throw Stop{Exit::usage, "the machine has no GPU, OMP or CPU processor", {}};
  return kinds.front();
}

}  // namespace

base::Diagnostics check_mapper(const base::SourcePtr& source,
                               const std::optional<lang::ProgramFacts>& program,
                               const std::optional<machine::Grid>& grid) {
  lang::Compilation compiled = lang::compile(source);
  base::Diagnostics problems = compiled.problems;
  if (!compiled.mapper) return problems;
  if (program) problems.add(lang::check_names(*compiled.mapper, *program, grid ? &*grid : nullptr));
  if (grid) {
    auto placer = lang::Placer::create(compiled.mapper, *grid);
    if (!placer) {
      problems.add(placer.problems());
    } else if (program) {
      problems.add(lang::check_launches(**placer, *program));
    }
  }
  problems.sort();
  return problems;
}

PlacedLaunch read_launch(const PlaceOptions& options, const machine::Grid& grid) {
  PlacedLaunch launch;
  launch.task = options.task;
  launch.single = options.single;
  if (!options.single) launch.domain = parse_domain(options.domain);
  launch.parent = parse_parent(options.parent, grid);
  if (!options.kind.empty()) launch.kind = machine::processor_kind(options.kind);
  return launch;
}

Placing place(const PlacedLaunch& launch, const base::SourcePtr& mapper, const machine::Grid& grid,
              std::vector<std::string>* log) {
  const lang::MapperPtr compiled = compile(mapper);
  auto placer = lang::Placer::create(compiled, grid);
  if (!placer) throw Stop{Exit::bad_mapper, "", placer.problems()};
  const ProcessorKind kind = launch.kind ? *launch.kind : likely_kind(launch.task, *compiled, grid);
  const lang::MapChoice* map =
      launch.single ? compiled->single_map(launch.task, kind) : compiled->index_map(launch.task, kind);
  Placing placing{launch, nullptr, std::nullopt};
  if (map != nullptr) {
    // A map by kind must keep to it; one that names the task may be all that says on which kind it runs.
    std::optional<ProcessorKind> wanted = launch.kind;
    if (!compiled->names_map(launch.task, !launch.single)) wanted = kind;
    auto placed = launch.single ? (*placer)->place_single(*map, launch.task, launch.parent, wanted)
                                : (*placer)->place(*map, launch.task, launch.domain, wanted);
    *log = (*placer)->log();
    if (!placed) throw Stop{Exit::bad_mapper, "", placed.problems()};
    placing.placement = *placed;
    placing.map = compiled->code().functions[map->function].name;
    return placing;
  }
  if (grid.count(kind) == 0)
    throw Stop{Exit::bad_mapper,
               fmt::format("the machine has no {} processor for '{}'", name_of(kind), launch.task),
               {}};
  placing.placement =
      launch.single ? policy::default_single_placement(launch.parent.value_or(machine::Processor{}), kind)
                    : policy::default_index_placement(launch.domain, kind, grid);
  *log = (*placer)->log();
  return placing;
}

// Written by hand: a launch may have millions of points, and they hold nothing but numbers.
std::string place_json(const Placing& placing) {
  const lang::Placement& placement = *placing.placement;
  const lang::Domain& domain = placement.domain();
  const bool single = placing.launch.single;
  Json head;
  head["schema"] = "mapwright.place/1";
  head["task"] = placing.launch.task;
  head["kind"] = name_of(placement.kind());
  head["map"] = placing.map ? Json(*placing.map) : Json();
  head["domain"] = Json::array();
  const lang::Point extents = domain.extents();
  for (std::size_t d = 0; !single && d < static_cast<std::size_t>(domain.rank); ++d)
    head["domain"].push_back(extents[d]);
  std::string text = dump(head);
  text.resize(text.rfind("\n}"));
  text += ",\n  \"points\": [";
  const auto out = std::back_inserter(text);
  lang::Point p = domain.lo;
  std::string_view separator = "\n    ";
  do {
    const auto slots = placement.at(p);
    const auto at = single ? std::span<const std::int64_t>{} : domain.at(p);
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

engine::Execution execute(const Subject& subject, lang::Placer* placer) {
  auto plan = subject.planner->plan(*placer);
  if (auto* p = std::get_if<plan::Plan>(&plan))
    return engine::sim::run(std::make_shared<const plan::Plan>(std::move(*p)));
  engine::Execution execution;
  execution.failure = std::get<plan::Failure>(std::move(plan));
  return execution;
}

Json run_head(const SubjectOptions& options, const Subject& subject, const std::string& engine) {
  return {{"schema", "mapwright.run/1"},     {"program", subject.program->name},
          {"machine", subject.machine.name}, {"nodes", options.nodes},
          {"mapper", options.mapper},        {"engine", engine}};
}

Json run_document(Json head, const program::Metric& metric, const engine::Execution& execution,
                  const std::vector<guide::Finding>& findings) {
  report::add_execution(&head, metric, execution);
  report::add_findings(&head, findings);
  add_problems(&head, execution.failure ? execution.failure->problems : base::Diagnostics());
  return head;
}

}  // namespace mapwright::cli
