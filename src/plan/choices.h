// What the mapper, or the default, says for one launch, looked up once.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "plan/plan.h"

namespace mapwright::plan {

struct RequirementChoice {
  policy::Memories memories;
  std::vector<policy::Layout> layouts;  //!< in each of these memories
  std::vector<std::optional<base::Span>> layout_where;
  std::vector<std::uint32_t> groups;  //!< the field groups of the requirement (program::RegionAtoms::groups)
  bool collected = false;
};

struct LaunchChoice {
  machine::ProcessorKind kind = machine::ProcessorKind::cpu;
  const program::Variant* variant = nullptr;
  lang::PlacementPtr placement;
  std::vector<RequirementChoice> requirements;
  std::int64_t limit = 0;  //!< tasks of this name in flight on one processor; 0 = any number
};

//! `parent` is where the parent of an inner launch runs.
std::variant<LaunchChoice, Failure> choose(const program::Program& program, const program::Atoms& atoms,
                                           const Site& site, lang::Placer& placer, program::LaunchId launch,
                                           std::optional<ProcessorId> parent);

//! The names by which a mapper may mean a requirement, and its position.
struct RequirementNames {
  std::vector<std::string_view> names;
  std::int64_t index = 0;

  lang::RegionRef ref() const { return {names, index}; }
};
RequirementNames names_of(const program::Program& program, const program::Launch& launch,
                          std::size_t requirement);

}  // namespace mapwright::plan
