// Which instances a point uses: existing ones where they fit, new ones where there is room, in the memories
// that the mapper lists.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/bug.h"
#include "base/text.h"
#include "plan/builder.h"
#include "plan/diagnostics.h"

namespace mapwright::plan {
namespace {

// Figures as people read them; the exact number stands beside.
std::string size_text(std::int64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.3g} {}", value, kUnits[unit]);
}

bool same_shape(const policy::Layout& a, const policy::Layout& b) {
  return a.interleaved == b.interleaved && a.order == b.order && a.align == b.align && a.compact == b.compact;
}

}  // namespace

std::span<const Use> Builder::all_uses(const Mapping& m) const {
  const std::size_t requirements = program_.launches[m.launch].requirements.size();
  if (requirements == 0) return {};
  return {plan_.uses.data() + m.first_use, plan_.use_ends[m.first_end + requirements - 1] - m.first_use};
}

// Whether the instances of an earlier mapping are still there, or room for those that were freed is.
bool Builder::hold(const Mapping& m) {
  const std::span<const Use> uses = all_uses(m);
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const Instance& instance = plan_.instances[uses[i].instance];
    if (room_.holds(uses[i].instance)) {
      room_.keep(uses[i].instance);
    } else if ((!instance.collected && !instance.reduction) || !take_room(uses[i].instance, uses)) {
      for (const Use& use : uses.first(i)) {
        const Instance& held = plan_.instances[use.instance];
        if (held.collected || held.reduction) room_.give_back(use.instance);
      }
      return false;
    }
  }
  return true;
}

// What a task collects is free when a later one waits for its end anyway.
void Builder::free_collected(const Mapping& m) {
  for (const Use& use : all_uses(m)) {
    if (plan_.instances[use.instance].collected) room_.free(use.instance);
  }
}

bool Builder::map_point(program::LaunchId id, std::uint32_t position) {
  const program::Launch& l = program_.launches[id];
  const auto slots = choices_[id]->placement->at(position);
  Mapping m;
  m.launch = id;
  m.position = position;
  m.processor = site_.processor(choices_[id]->kind, slots[position % slots.size()]);
  m.first_use = static_cast<std::uint32_t>(plan_.uses.size());
  m.first_end = static_cast<std::uint32_t>(plan_.use_ends.size());
  const bool inner = program_.tasks[l.task].inner;  // its regions are not mapped
  first_use_ = static_cast<std::ptrdiff_t>(plan_.uses.size());
  for (std::size_t r = 0; r < l.requirements.size(); ++r) {
    const program::Requirement& requirement = l.requirements[r];
    const bool data = !inner && requirement.privilege != program::Privilege::none &&
                      atoms_.volume(requirement.partition, requirement.piece(position)) > 0;
    if (data && !map_requirement(id, position, r, m.processor)) return false;
    plan_.use_ends.push_back(static_cast<std::uint32_t>(plan_.uses.size()));
  }
  mapping_of_[first_point_[id] + position] = static_cast<MappingId>(plan_.mappings.size());
  plan_.mappings.push_back(m);
  return true;
}

bool Builder::map_requirement(program::LaunchId id, std::uint32_t position, std::size_t r,
                              ProcessorId processor) {
  const program::Requirement& requirement = program_.launches[id].requirements[r];
  const RequirementChoice& choice = choices_[id]->requirements[r];
  const program::RegionId region = program_.partitions[requirement.partition].region;
  const Access a{&requirement, &choice, region, requirement.piece(position), {}};
  std::optional<std::size_t> full;  // the first memory that was reached and had no room
  std::int64_t wanted = 0;
  for (std::size_t k = 0; k < choice.memories.kinds.size(); ++k) {
    const std::optional<MemoryId> memory = site_.memory(choice.memories.kinds[k], processor);
    if (!memory) continue;
    if (!takes_layout(id, r, k)) return false;
    const std::int64_t lacking = use_memory(a, *memory, choice.layouts[k]);
    if (lacking == 0) return true;
    if (full) continue;
    full = k;
    wanted = lacking;
  }
  return full ? fail_for_room(id, r, *site_.memory(choice.memories.kinds[*full], processor), wanted)
              : fail_for_memory(id, r);
}

// Whether the kernel works on an instance as the k-th memory's would be; a failure otherwise.
bool Builder::takes_layout(program::LaunchId id, std::size_t r, std::size_t k) {
  const program::Variant& variant = *choices_[id]->variant;
  if (variant.layout_failure.empty()) return true;
  const program::Requirement& requirement = program_.launches[id].requirements[r];
  const program::Partition& partition = program_.partitions[requirement.partition];
  const RequirementChoice& choice = choices_[id]->requirements[r];
  const policy::Layout& layout = choice.layouts[k];
  const bool interleaved = layout.interleaved && std::popcount(requirement.fields) > 1;
  const bool flat = program_.regions[partition.region].elements.rank == 1;
  if (!interleaved && (flat || !variant.order || *variant.order == layout.order)) return true;
  const auto order_name = [](program::Order order) { return order == program::Order::c_order ? "C" : "F"; };
  return fail_at(problem::layout_refused, "layout", variant.layout_failure, choice.layout_where[k],
                 fmt::format("`{}` cannot work on `{}` {}", program_.tasks[program_.launches[id].task].name,
                             partition.name,
                             interleaved ? std::string("with its fields interleaved (AOS)")
                                         : fmt::format("in {} order", order_name(layout.order))),
                 fmt::format("Its {} kernel takes SOA{}.", name_of(variant.kind),
                             variant.order ? fmt::format(", {}_order", order_name(*variant.order)) : ""));
}

// Uses instances in this memory: existing ones for the fields that they hold, a new one for the others. The
// bytes of the new one where there is no room for it, else 0.
std::int64_t Builder::use_memory(const Access& a, MemoryId memory, const policy::Layout& layout) {
  const auto before = plan_.uses.size();
  program::FieldSet missing = a.requirement->fields;
  const bool reduces = a.requirement->privilege == program::Privilege::reduce;
  for (const std::uint32_t g : a.choice->groups) {
    const auto found = reduces ? std::nullopt : existing(a, memory, layout, g);
    if (!found) continue;
    const program::FieldSet fields = atoms_.region(a.region).groups[g];
    missing &= ~fields;
    const auto same = std::ranges::find(plan_.uses.begin() + static_cast<std::ptrdiff_t>(before),
                                        plan_.uses.end(), *found, &Use::instance);
    if (same == plan_.uses.end()) {
      plan_.uses.push_back({*found, fields});
    } else {
      same->fields |= fields;
    }
  }
  if (missing == 0) return 0;
  Instance made;
  made.memory = memory;
  made.region = a.region;
  made.partition = a.requirement->partition;
  made.piece = a.piece;
  made.fields = missing;
  made.layout = layout;
  made.bytes = atoms_.volume(a.requirement->partition, a.piece) * program_.regions[a.region].bytes(missing);
  made.reduction = reduces;
  made.collected = a.choice->collected;
  const InstanceId instance = make_instance(made);
  if (take_room(instance, std::span(plan_.uses).subspan(static_cast<std::size_t>(first_use_)))) {
    plan_.uses.push_back({instance, missing});
    return 0;
  }
  plan_.uses.resize(before);
  plan_.instances.pop_back();
  return made.bytes;
}

bool Builder::fail_for_room(program::LaunchId id, std::size_t r, MemoryId memory, std::int64_t wanted) {
  const program::Launch& l = program_.launches[id];
  const policy::Memories& memories = choices_[id]->requirements[r].memories;
  const std::string& task = program_.tasks[l.task].name;
  const std::string_view kind = name_of(site_.memories()[memory].kind);
  const std::int64_t free = room_.available(memory);
  return fail_at(
      problem::out_of_memory, "out_of_memory",
      fmt::format("Default mapper failed allocation of size {} bytes for region requirement {} of task {} "
                  "(UID {}) in "
                  "memory {} ({})",
                  wanted, r, task, plan_.ops.size(), memory, kind),
      memories.where,
      fmt::format("`{}` of `{}` needs {} in {}, where {} of {} is free",
                  program_.partitions[l.requirements[r].partition].name, task, size_text(wanted), kind,
                  size_text(free), size_text(site_.memories()[memory].capacity)),
      fmt::format(
          "{} bytes are needed, {} are free.{}", wanted, free,
          memories.kinds.size() == 1 ? " A list of memories, as FBMEM, ZCMEM, tries the next one." : ""));
}

// None of the memories is one that the processor reaches.
bool Builder::fail_for_memory(program::LaunchId id, std::size_t r) {
  const program::Launch& l = program_.launches[id];
  const program::Requirement& requirement = l.requirements[r];
  const policy::Memories& memories = choices_[id]->requirements[r].memories;
  const std::string& task = program_.tasks[l.task].name;
  const std::string& data = program_.partitions[requirement.partition].name;
  if (std::ranges::find(memories.kinds, machine::MemoryKind::virtual_) != memories.kinds.end()) {
    return fail_at(
        problem::no_instance, "no_instance",
        fmt::format("Mapper failed to specify an instance for {} fields of region requirement {} on task {}",
                    std::popcount(requirement.fields), r, task),
        memories.where,
        fmt::format("`{}` works on `{}`, which VIRTUAL leaves without an instance", task, data),
        "Only tasks that do nothing but launch other tasks need no instances.");
  }
  std::vector<std::string_view> names;
  names.reserve(memories.kinds.size());
  for (const machine::MemoryKind kind : memories.kinds) names.push_back(name_of(kind));
  return fail_at(
      problem::unreachable_memory, "no_memory",
      fmt::format("Mapper specified an instance of region requirement {} for task {} in a memory that is not "
                  "visible from the target processor",
                  r, task),
      memories.where,
      fmt::format("`{}` runs on {}, which does not reach {}", task, name_of(choices_[id]->variant->kind),
                  base::join(names, " or ")),
      "");
}

std::optional<InstanceId> Builder::existing(const Access& a, MemoryId memory, const policy::Layout& layout,
                                            std::uint32_t group) {
  const auto atoms = atoms_.piece(a.requirement->partition, a.piece);
  for (const Holder& h : coherence_.cell(coherence_.cell_id(a.region, atoms.front(), group)).holders) {
    const Instance& instance = plan_.instances[h.instance];
    if (instance.memory != memory || instance.collected || !same_shape(instance.layout, layout)) continue;
    if (layout.exact && (instance.partition != a.requirement->partition || instance.piece != a.piece))
      continue;
    const bool covers = std::ranges::all_of(atoms, [&](std::uint32_t atom) {
      const Holder* there = coherence_.cell(coherence_.cell_id(a.region, atom, group)).holder(h.instance);
      // What is collected after the task is only worth an instance of its own where the data is not there
      // anyway.
      return there != nullptr && (!a.choice->collected || there->valid);
    });
    if (covers) return h.instance;
  }
  return std::nullopt;
}

InstanceId Builder::make_instance(Instance instance) {
  plan_.instances.push_back(std::move(instance));
  return static_cast<InstanceId>(plan_.instances.size() - 1);
}

// Room for an instance, new or freed before.
bool Builder::take_room(InstanceId id, std::span<const Use> in_use) {
  const Instance& instance = plan_.instances[id];
  const auto unneeded = [&](InstanceId other) {
    // What the task at hand uses stays.
    return std::ranges::find(in_use, other, &Use::instance) == in_use.end() &&
           !coherence_.needed(other, plan_.instances[other]);
  };
  const bool again = static_cast<std::size_t>(id) < known_.size() && known_[id];
  if (!room_.take(id, instance, &mapping_waits_, unneeded)) return false;
  for (const InstanceId removed : room_.take_removed()) {
    // Its last users are over before its bytes are others'.
    coherence_.for_each_cell(plan_.instances[removed], [&](Cell& cell) {
      const Holder* h = cell.holder(removed);
      if (h == nullptr) return;
      if (h->writer != kNone) mapping_waits_.push_back({h->writer, true});
      for (const OpId reader : h->readers) mapping_waits_.push_back({reader, true});
    });
    coherence_.remove(removed, plan_.instances[removed]);
    ++plan_.collections;
  }
  if (!again) {
    if (known_.size() <= id) {
      known_.resize(id + 1);
      users_.resize(id + 1);
      outstanding_.resize(id + 1);
    }
    known_[id] = true;
    if (!instance.reduction) coherence_.add(id, instance);
  }
  return true;
}

bool Builder::fail(Failure failure) {
  failure_ = std::move(failure);
  return false;
}

bool Builder::fail_at(const base::DiagnosticKind& kind, std::string code, std::string text,
                      std::optional<base::Span> where, std::string message, std::string note) {
  Failure failure{std::move(code), std::move(text), {}};
  failure.problems.add({&kind,
                        where ? placer_.mapper()->source() : nullptr,
                        where.value_or(base::Span{}),
                        std::move(message),
                        std::move(note),
                        {},
                        {}});
  return fail(std::move(failure));
}

}  // namespace mapwright::plan
