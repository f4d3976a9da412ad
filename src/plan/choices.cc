#include "plan/choices.h"

#include <fmt/format.h>

#include "base/bug.h"
#include "base/text.h"
#include "lang/diagnostics.h"
#include "plan/diagnostics.h"

namespace mapwright::plan {
namespace {

using machine::ProcessorKind;

// As the runtime under the published language says it: the first coordinate is checked when points are dealt
// out to nodes, the second when they are to processors.
Failure placement_failure(const base::Diagnostics& problems) {
  const base::Diagnostic& first = problems.items().front();
  if (first.kind == &lang::problem::machine_index_range) {
    const bool node = first.message.starts_with("index 0 ");
    return {"index", node ? "Sharding node index out of bound!" : "Slice processor index out of bound!",
            problems};
  }
  return {"mapping", first.message, problems};
}

std::vector<std::uint32_t> groups_in(const program::RegionAtoms& region, program::FieldSet fields) {
  std::vector<std::uint32_t> groups;
  for (std::uint32_t g = 0; g < region.groups.size(); ++g) {
    if ((region.groups[g] & fields) != 0) groups.push_back(g);
  }
  return groups;
}

}  // namespace

RequirementNames names_of(const program::Program& program, const program::Launch& launch,
                          std::size_t requirement) {
  const program::Partition& partition = program.partitions[launch.requirements[requirement].partition];
  RequirementNames result{{partition.name}, static_cast<std::int64_t>(requirement)};
  const std::string& region = program.regions[partition.region].name;
  if (region != partition.name) result.names.push_back(region);
  return result;
}

std::variant<LaunchChoice, Failure> choose(const program::Program& program, const program::Atoms& atoms,
                                           const Site& site, lang::Placer& placer,
                                           program::LaunchId launch_id, std::optional<ProcessorId> parent) {
  const program::Launch& launch = program.launches[launch_id];
  const program::Task& task = program.tasks[launch.task];
  const lang::CompiledMapper& mapper = *placer.mapper();
  const machine::Grid& grid = site.grid();

  lang::TaskFacts facts;
  facts.name = task.name;
  for (const program::Variant& v : task.variants) facts.variants.push_back(v.kind);
  const std::vector<ProcessorKind> kinds = lang::usable_kinds(mapper, facts, &grid);
  if (kinds.empty()) {
    std::vector<std::string_view> names;
    names.reserve(task.variants.size());
    for (const program::Variant& v : task.variants) names.push_back(name_of(v.kind));
    Failure failure{
        "no_variant",
        fmt::format("Failed to find any valid variants for task {} on the current machine.", task.name),
        {}};
    failure.problems.add({&problem::no_variant,
                          nullptr,
                          {},
                          fmt::format("`{}` has variants for {}, and the machine has none of them", task.name,
                                      base::join(names, ", ")),
                          "",
                          {},
                          {}});
    return failure;
  }

  LaunchChoice choice;
  choice.kind = kinds.front();
  choice.variant = task.variant(choice.kind);
  choice.limit = mapper.instance_limit(task.name);
  const machine::Processor parent_at =
      parent ? machine::Processor{site.processors()[*parent].rank, site.local_index(*parent)}
             : machine::Processor{};
  const lang::MapChoice* map =
      launch.single ? mapper.single_map(task.name, choice.kind) : mapper.index_map(task.name, choice.kind);
  if (map != nullptr) {
    auto placed = launch.single ? placer.place_single(*map, task.name, parent_at, choice.kind)
                                : placer.place(*map, task.name, launch.domain, choice.kind);
    if (!placed) return placement_failure(placed.problems());
    choice.placement = *placed;
  } else if (launch.single) {
    choice.placement = policy::default_single_placement(parent_at, choice.kind);
  } else if (launch.parent) {
    choice.placement = policy::default_inner_placement(launch.domain, choice.kind, grid, parent_at.node);
  } else {
    choice.placement = policy::default_index_placement(launch.domain, choice.kind, grid);
  }

  for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
    const program::Requirement& requirement = launch.requirements[r];
    const RequirementNames names = names_of(program, launch, r);
    const program::RegionId id = program.partitions[requirement.partition].region;
    const program::Region& region = program.regions[id];
    RequirementChoice c;
    c.memories = policy::memories(mapper, task.name, names.ref(), choice.kind);
    const program::Order preferred = choice.variant->order.value_or(program::Order::c_order);
    for (const machine::MemoryKind memory : c.memories.kinds) {
      std::optional<base::Span> where;
      policy::Layout layout =
          policy::layout(mapper, task.name, names.ref(), choice.kind, memory, preferred, &where);
      // One dimension has no order: what was made in either serves both.
      if (region.elements.rank == 1) layout.order = program::Order::c_order;
      c.layouts.push_back(layout);
      c.layout_where.push_back(where);
    }
    c.groups = groups_in(atoms.region(id), requirement.fields);
    c.collected =
        requirement.privilege == program::Privilege::read && mapper.collects(task.name, names.ref());
    choice.requirements.push_back(std::move(c));
  }
  return choice;
}

}  // namespace mapwright::plan
