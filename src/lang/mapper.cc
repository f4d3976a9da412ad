#include "lang/mapper.h"

#include <algorithm>

#include "base/text.h"

namespace mapwright::lang {

// Calls visit(entries) from the most specific key to (*, *) until it says that it has found what it wants.
template <class Entry, class Visit>
bool CompiledMapper::visit(const Rules<Entry>& rules, std::string_view task, const RegionRef& region,
                           Visit&& visit) {
  if (rules.empty()) return false;
  const std::string index = std::to_string(region.index);
  const auto at = [&](std::string_view t, std::string_view r) {
    const auto found = rules.find(Key{t, r});
    return found != rules.end() && visit(found->second);
  };
  for (const std::string_view t : {task, std::string_view{}}) {
    for (const std::string_view name : region.names) {
      if (at(t, name)) return true;
    }
    if (at(t, index) || at(t, {})) return true;
  }
  return false;
}

std::vector<KindChoice> CompiledMapper::kinds(std::string_view task) const {
  std::vector<KindChoice> choices;
  for (const std::string_view name : {task, std::string_view{}}) {
    const auto found = task_rules_.find(name);
    if (found == task_rules_.end()) continue;
    for (const ProcessorRef& p : found->second->kinds) {
      const bool known = std::ranges::any_of(choices, [&](const KindChoice& c) { return c.kind == p.kind; });
      if (!known) choices.push_back({p.kind, p.span, !name.empty()});
    }
  }
  return choices;
}

std::optional<MemoryChoice> CompiledMapper::memories(std::string_view task, const RegionRef& region,
                                                     machine::ProcessorKind kind) const {
  std::optional<MemoryChoice> choice;
  visit(memory_rules_, task, region, [&](const std::vector<MemoryRule>& rules) {
    const RegionStatement* best = nullptr;
    for (const MemoryRule& r : rules) {
      if (r.kind == kind) best = r.statement;
      if (!r.kind && best == nullptr) best = r.statement;
    }
    if (best == nullptr) return false;
    choice = MemoryChoice{best->memories, best->span};
    return true;
  });
  return choice;
}

const Layout* CompiledMapper::layout(std::string_view task, const RegionRef& region,
                                     machine::ProcessorKind kind, machine::MemoryKind memory) const {
  const Layout* best = nullptr;
  visit(layout_rules_, task, region, [&](const std::vector<LayoutRule>& rules) {
    int rank = 0;
    for (const LayoutRule& r : rules) {
      int this_rank = 0;
      if (std::holds_alternative<std::monostate>(r.where)) this_rank = 1;
      if (const auto* p = std::get_if<ProcessorRef>(&r.where); p != nullptr && p->kind == kind) this_rank = 2;
      if (const auto* m = std::get_if<MemoryRef>(&r.where); m != nullptr && m->kind == memory) this_rank = 3;
      if (this_rank <= rank) continue;
      rank = this_rank;
      best = &r.layout;
    }
    return rank > 0;
  });
  return best;
}

std::int64_t CompiledMapper::instance_limit(std::string_view task) const {
  const auto found = limits_.find(task);
  return found == limits_.end() ? 0 : found->second->limit;
}

bool CompiledMapper::collects(std::string_view task, const RegionRef& region) const {
  return visit(collected_, task, region, [](const std::vector<base::Span>&) { return true; });
}

bool CompiledMapper::replicates(std::string_view task) const {
  return replicated_.contains(task);
}

const MapChoice* CompiledMapper::MapTable::find(std::string_view task, machine::ProcessorKind kind) const {
  if (const auto found = by_task.find(task); found != by_task.end()) return &found->second;
  if (const auto& k = by_kind[static_cast<std::size_t>(kind)]) return &*k;
  return any ? &*any : nullptr;
}

const MapChoice* CompiledMapper::index_map(std::string_view task, machine::ProcessorKind kind) const {
  return index_maps_.find(task, kind);
}

const MapChoice* CompiledMapper::single_map(std::string_view task, machine::ProcessorKind kind) const {
  return single_maps_.find(task, kind);
}

std::vector<MapChoice> CompiledMapper::index_maps() const {
  std::vector<MapChoice> all;
  const auto add = [&all](const MapChoice& map) {
    if (std::ranges::find(all, map) == all.end()) all.push_back(map);
  };
  for (const auto& [task, map] : index_maps_.by_task) add(map);
  for (const auto& map : index_maps_.by_kind)
    if (map) add(*map);
  if (index_maps_.any) add(*index_maps_.any);
  return all;
}

bool CompiledMapper::names_map(std::string_view task, bool index) const {
  return (index ? index_maps_ : single_maps_).by_task.contains(task);
}

}  // namespace mapwright::lang
