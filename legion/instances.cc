#include "instances.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "policy/policy.h"

namespace mapwright::legion {
namespace {

using lang::Layout;
using Legion::Mapping::PhysicalInstance;
using machine::MemoryKind;

constexpr int kCannot = 75;
// No task of an application has this name: it gets what the file says of all tasks.
constexpr std::string_view kNoTask = "\n";

lang::RegionRef region_ref(const Mapping& m, unsigned index) {
  const Legion::RegionRequirement& requirement = m.task.regions[index];
  if (!requirement.region.exists()) return {{}, index};
  return {m.session.names().of(m.runtime, m.context, requirement.region), index};
}

// In the order of lang::AlignOp.
constexpr std::array kEqualities{LEGION_LT_EK, LEGION_LE_EK, LEGION_GT_EK,
                                 LEGION_GE_EK, LEGION_EQ_EK, LEGION_NE_EK};

// Where the field dimension stands tells structures from arrays; the order of the others tells C from
// Fortran.
std::vector<Legion::DimensionKind> ordering(int rank, bool interleaved, Layout::Order order) {
  std::vector<Legion::DimensionKind> dims;
  dims.reserve(static_cast<std::size_t>(rank) + 1);
  for (int d = 0; d < rank; ++d)
    dims.push_back(static_cast<Legion::DimensionKind>(LEGION_DIM_X +
                                                      (order == Layout::Order::f_order ? d : rank - 1 - d)));
  dims.insert(interleaved ? dims.begin() : dims.end(), LEGION_DIM_F);
  return dims;
}

// The first entry of an ordering is what stands closest together.
struct Arranged {
  bool interleaved = false;
  std::optional<Layout::Order> order;  // nothing for one dimension: both are the same
};
std::optional<Arranged> arranged(const std::vector<Legion::DimensionKind>& dims) {
  std::vector<Legion::DimensionKind> spatial = dims;
  const auto field = std::ranges::find(spatial, LEGION_DIM_F);
  Arranged found;
  found.interleaved = field != spatial.end() && field == spatial.begin() && spatial.size() > 1;
  if (field != spatial.end()) {
    if (!found.interleaved && field + 1 != spatial.end()) return std::nullopt;
    spatial.erase(field);
  }
  if (spatial.size() < 2) return found;
  if (std::ranges::is_sorted(spatial))
    found.order = Layout::Order::f_order;
  else if (std::ranges::is_sorted(spatial, std::ranges::greater()))
    found.order = Layout::Order::c_order;
  else
    return std::nullopt;
  return found;
}

// The fields of a requirement that get an instance together, and what the variant demands of them.
struct Group {
  std::set<Legion::FieldID> fields;
  Legion::LayoutConstraintSet demanded;
};

std::vector<Group> groups_of(const Mapping& m, unsigned index) {
  std::set<Legion::FieldID> rest = m.task.regions[index].privilege_fields;
  const Legion::TaskLayoutConstraintSet& layouts =
      m.runtime->find_task_layout_constraints(m.context, m.task.task_id, m.variant);
  std::vector<Group> groups;
  std::optional<Legion::LayoutConstraintSet> for_the_rest;
  const auto [begin, end] = layouts.layouts.equal_range(index);
  for (auto it = begin; it != end; ++it) {
    const Legion::LayoutConstraintSet& demanded = m.runtime->find_layout_constraints(m.context, it->second);
    const std::vector<Legion::FieldID>& fields = demanded.field_constraint.get_field_set();
    if (fields.empty()) {
      for_the_rest = demanded;
      continue;
    }
    Group group;
    group.demanded = demanded;
    for (const Legion::FieldID field : fields)
      if (rest.erase(field) != 0) group.fields.insert(field);
    if (!group.fields.empty()) groups.push_back(std::move(group));
  }
  if (!rest.empty()) groups.push_back({rest, for_the_rest.value_or(Legion::LayoutConstraintSet())});
  return groups;
}

// Requirements that the variant wants in one instance with this one, itself included.
std::set<unsigned> colocated(const Mapping& m, unsigned index) {
  const Legion::ExecutionConstraintSet& constraints =
      m.runtime->find_execution_constraints(m.context, m.task.task_id, m.variant);
  std::set<unsigned> together{index};
  for (const Legion::ColocationConstraint& c : constraints.colocation_constraints)
    if (c.indexes.contains(index)) together.insert(c.indexes.begin(), c.indexes.end());
  std::erase_if(together,
                [&](unsigned i) { return i >= m.task.regions.size() || !needs_instance(m.task.regions[i]); });
  return together;
}

Legion::LayoutConstraintSet constraints_for(const Mapping& m, unsigned index, MemoryKind memory,
                                            Legion::Memory::Kind realm_memory, const Group& group,
                                            const std::set<Legion::FieldID>& fields, bool* exact) {
  const Legion::RegionRequirement& requirement = m.task.regions[index];
  Legion::LayoutConstraintSet constraints = group.demanded;
  const std::optional<Arranged> demanded = arranged(constraints.ordering_constraint.ordering);
  const bool has_order = !constraints.ordering_constraint.ordering.empty();

  // The file before the variant, the variant before the defaults: what a kernel cannot take is then refused
  // by the runtime, in words that say why.
  const lang::RegionRef ref = region_ref(m, index);
  const Layout* stated = m.session.mapper()->layout(m.answers.name, ref, m.kind, memory);
  const Layout said = stated != nullptr ? *stated : Layout();
  const auto preferred = demanded && demanded->order ? *demanded->order : Layout::Order::f_order;
  policy::Layout layout = policy::layout(*m.session.mapper(), m.answers.name, ref, m.kind, memory, preferred);
  if (!said.arrangement && demanded) layout.interleaved = demanded->interleaved;

  const int rank = requirement.region.get_index_space().get_dim();
  if (said.arrangement || said.order || !has_order)
    constraints.ordering_constraint =
        Legion::OrderingConstraint(ordering(rank, layout.interleaved, layout.order), false);
  if (requirement.privilege == LEGION_REDUCE)
    constraints.specialized_constraint =
        Legion::SpecializedConstraint(LEGION_AFFINE_REDUCTION_SPECIALIZE, requirement.redop);
  else if (layout.compact)
    constraints.specialized_constraint = Legion::SpecializedConstraint(LEGION_COMPACT_SPECIALIZE);
  else if (constraints.specialized_constraint.get_kind() == LEGION_NO_SPECIALIZE)
    constraints.specialized_constraint = Legion::SpecializedConstraint(LEGION_AFFINE_SPECIALIZE);
  if (said.align) {
    constraints.alignment_constraints.clear();
    for (const Legion::FieldID field : fields)
      constraints.alignment_constraints.emplace_back(field,
                                                     kEqualities[static_cast<std::size_t>(said.align->first)],
                                                     static_cast<std::size_t>(said.align->second));
  }
  constraints.field_constraint = Legion::FieldConstraint(fields, false, false);
  constraints.memory_constraint = Legion::MemoryConstraint(realm_memory);
  *exact = layout.exact || constraints.specialized_constraint.is_exact();
  return constraints;
}

// As Legion's own mapper does: in the main memory of a single node everything of a region stands in one
// instance, which all its pieces share without copies; elsewhere each piece has its own.
Legion::LogicalRegion held_region(const Mapping& m, const Legion::RegionRequirement& requirement,
                                  MemoryKind memory, bool exact, bool padded) {
  const bool shared = memory == MemoryKind::sysmem || memory == MemoryKind::rdmem;
  if (exact || padded || !shared || m.session.hardware().grid().nodes > 1) return requirement.region;
  return root_of(m.runtime, m.context, requirement.region);
}

struct Failure {
  Legion::Memory memory;
  std::size_t bytes = 0;
  std::string constraint;  // what cannot be met together; empty: no room
};

std::optional<PhysicalInstance> make_one(const Mapping& m, unsigned index, MemoryKind kind,
                                         Legion::Memory memory, const Group& group, Failure* failure) {
  const Legion::RegionRequirement& requirement = m.task.regions[index];
  const bool reduces = requirement.privilege == LEGION_REDUCE;
  // What points write together, and what they add up, each has of its own.
  const bool fresh = reduces || ((requirement.prop & LEGION_COLLECTIVE_MASK) != 0 &&
                                 (requirement.privilege & LEGION_WRITE_PRIV) != 0);
  std::set<Legion::FieldID> fields = group.fields;
  std::vector<Legion::LogicalRegion> regions;
  bool exact = false;
  const bool whole = !reduces && group.fields == requirement.privilege_fields;
  // With all fields of its field space an instance also serves the tasks that use others of them.
  if (whole) m.runtime->get_field_space_fields(m.context, requirement.region.get_field_space(), fields);
  const Legion::LayoutConstraintSet constraints =
      constraints_for(m, index, kind, memory.kind(), group, fields, &exact);
  const bool padded = constraints.padding_constraint.delta.get_dim() > 0;
  for (const unsigned i : colocated(m, index)) {
    const Legion::LogicalRegion region = held_region(m, m.task.regions[i], kind, exact || fresh, padded);
    if (std::ranges::find(regions, region) == regions.end()) regions.push_back(region);
  }

  PhysicalInstance instance;
  failure->memory = memory;
  bool created = false;
  const bool made =
      fresh ? m.runtime->create_physical_instance(m.context, memory, constraints, regions, instance, true, 0,
                                                  exact, &failure->bytes)
            : m.runtime->find_or_create_physical_instance(m.context, memory, constraints, regions, instance,
                                                          created, true, 0, exact, &failure->bytes);
  if (made) return instance;
  // Without a size it did not come to an allocation.
  if (failure->bytes == 0) failure->constraint = "its layout constraints cannot be met together";
  return std::nullopt;
}

// In the words of the runtime where it has some: what is learned from its failures then holds for these, too.
[[noreturn]] void no_room(const Mapping& m, unsigned index, const Failure& failure) {
  const auto kind = kind_of(failure.memory.kind());
  if (!failure.constraint.empty())
    give_up(kCannot, fmt::format("region requirement {} of task {} (UID {}) fails: {}\n", index,
                                 m.answers.name, m.task.get_unique_id(), failure.constraint));
  give_up(kCannot,
          fmt::format("failed allocation of size {} bytes for region requirement {} of task {} (UID {}) in "
                      "memory 0 ({})\n",
                      failure.bytes, index, m.answers.name, m.task.get_unique_id(),
                      kind ? machine::name_of(*kind) : "unknown"));
}

[[noreturn]] void no_memory(const Mapping& m, const policy::Memories& memories) {
  std::string kinds;
  for (const MemoryKind kind : memories.kinds)
    kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", machine::name_of(kind));
  give_up(kCannot, fmt::format("Failed to find a memory of kind {} connected to processor {} for task {}\n",
                               kinds, m.session.hardware().name(m.processor), m.answers.name));
}

[[noreturn]] void no_instance(const Mapping& m, unsigned index) {
  give_up(kCannot,
          fmt::format(
              "Mapper failed to specify an instance for {} fields of region requirement {} on task {} "
              "(ID {}): only tasks that hand their data on can have VIRTUAL\n",
              m.task.regions[index].privilege_fields.size(), index, m.answers.name, m.task.get_unique_id()));
}

}  // namespace

bool needs_instance(const Legion::RegionRequirement& requirement) {
  return requirement.privilege != LEGION_NO_ACCESS && !requirement.privilege_fields.empty() &&
         requirement.region.exists();
}

Spoken spoken(const Mapping& m, unsigned index) {
  const lang::CompiledMapper* mapper = m.session.mapper();
  const lang::RegionRef ref = region_ref(m, index);
  Spoken s;
  if (const auto memories = mapper->memories(m.answers.name, ref, m.kind)) {
    const auto of_any_task = mapper->memories(kNoTask, ref, m.kind);
    s.memory = true;
    s.memory_of_task = !of_any_task || of_any_task->where != memories->where;
  }
  for (std::size_t i = 0; i < machine::kMemoryKinds && !s.layout; ++i)
    s.layout = mapper->layout(m.answers.name, ref, m.kind, static_cast<MemoryKind>(i)) != nullptr;
  s.collected = mapper->collects(m.answers.name, ref);
  return s;
}

std::vector<PhysicalInstance> make_instances(const Mapping& m, unsigned index,
                                             const std::vector<std::vector<PhysicalInstance>>& chosen) {
  // The first of those that belong together has made room for all of them.
  const unsigned first = *colocated(m, index).begin();
  if (first < index && first < chosen.size() && !chosen[first].empty()) return chosen[first];

  const bool leaf = m.runtime->is_leaf_variant(m.context, m.task.task_id, m.variant);
  const policy::Memories memories =
      policy::memories(*m.session.mapper(), m.answers.name, region_ref(m, index), m.kind);
  std::optional<Failure> failure;
  const std::vector<Group> groups = groups_of(m, index);
  for (const MemoryKind kind : memories.kinds) {
    if (kind == MemoryKind::virtual_) {
      // Only a task that hands its data on can do without an instance.
      if (!leaf) return {PhysicalInstance::get_virtual_instance()};
      continue;
    }
    for (const Legion::Memory memory : m.session.hardware().memories(m.processor, kind)) {
      std::vector<PhysicalInstance> made;
      for (const Group& group : groups) {
        auto instance = make_one(m, index, kind, memory, group, &failure.emplace());
        if (!instance) break;
        made.push_back(*instance);
      }
      if (made.size() == groups.size()) return made;
    }
  }
  if (failure) no_room(m, index, *failure);
  const bool all_virtual =
      std::ranges::all_of(memories.kinds, [](MemoryKind kind) { return kind == MemoryKind::virtual_; });
  if (all_virtual) no_instance(m, index);
  no_memory(m, memories);
}

std::string layout_of(const Mapping& m, const PhysicalInstance& instance) {
  if (instance.is_virtual_instance()) return "VIRTUAL";
  const Legion::LayoutConstraintSet& constraints =
      m.runtime->find_layout_constraints(m.context, instance.get_layout_id());
  const auto found = arranged(constraints.ordering_constraint.ordering);
  std::string text = !found ? "other" : found->interleaved ? "AOS" : "SOA";
  if (found && found->order) text += *found->order == Layout::Order::c_order ? " C_order" : " F_order";
  return text;
}

}  // namespace mapwright::legion
