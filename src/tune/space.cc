#include "tune/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/bug.h"
#include "base/text.h"
#include "lang/facts.h"
#include "machine/machine.h"
#include "policy/policy.h"

namespace mapwright::tune {
namespace {

using machine::MemoryKind;
using machine::ProcessorKind;
using Kind = Decision::Kind;

constexpr int kMixed = -1;
// The order in which tasks get a processor when the mapper says nothing.
constexpr std::array kDefaultOrder{ProcessorKind::gpu, ProcessorKind::omp, ProcessorKind::cpu};
constexpr std::array<std::string_view, 4> kLimits{"0", "1", "2", "4"};
constexpr std::array<std::string_view, 5> kLayouts{"", "SOA C_order", "SOA F_order", "AOS C_order",
                                                   "AOS F_order"};

std::vector<ProcessorKind> kinds_of(const program::Task& task, const machine::Machine& machine) {
  std::vector<ProcessorKind> kinds;
  for (const ProcessorKind k : kDefaultOrder) {
    if (machine.processors[k] && machine.processors[k]->count > 0 && task.variant(k) != nullptr)
      kinds.push_back(k);
  }
  return kinds;
}

// What a kind of processor reaches, by bandwidth.
std::vector<MemoryKind> memories_of(ProcessorKind kind, const machine::Machine& machine) {
  std::vector<MemoryKind> reached;
  for (const MemoryKind m : machine::kMachineMemories) {
    if (machine.affinities[kind][m] && machine.memories[m]) reached.push_back(m);
  }
  std::ranges::stable_sort(reached, [&](MemoryKind a, MemoryKind b) {
    return machine.affinities[kind][a]->bandwidth > machine.affinities[kind][b]->bandwidth;
  });
  return reached;
}

// The first of these that is in the list comes to its beginning.
template <class T>
void prefer(const std::vector<T>& first, std::vector<T>* list) {
  for (const T& one : first) {
    const auto found = std::ranges::find(*list, one);
    if (found == list->end()) continue;
    std::rotate(list->begin(), found, found + 1);
    return;
  }
}

// What the launches of a program say of its tasks.
struct Uses {
  std::vector<int> rank;  // of index launches; kMixed where they differ, 0 without
  std::vector<std::optional<program::TaskId>> parent;
  // With data, and the position among the requirements.
  std::vector<Space::Positions> partitions;
  std::set<program::PartitionId> all;
};

Uses uses_of(const program::Program& program) {
  const std::size_t tasks = program.tasks.size();
  Uses uses{std::vector<int>(tasks), {}, {}, {}};
  uses.parent.resize(tasks);
  uses.partitions.resize(tasks);
  std::map<std::string_view, program::PartitionId> named;
  for (const program::Launch& l : program.launches) {
    int& rank = uses.rank[l.task];
    if (!l.single) rank = rank == 0 || rank == l.domain.rank ? l.domain.rank : kMixed;
    if (l.single && l.parent) uses.parent[l.task] = program.launches[l.parent->launch].task;
    if (program.tasks[l.task].inner) continue;
    for (std::size_t i = 0; i < l.requirements.size(); ++i) {
      const program::Requirement& r = l.requirements[i];
      if (r.privilege == program::Privilege::none) continue;
      // Mappers know partitions by name, and several may have one.
      const std::string_view name = program.partitions[r.partition].name;
      const program::PartitionId known = named.try_emplace(name, r.partition).first->second;
      uses.partitions[l.task].emplace(known, i);
      uses.all.insert(known);
    }
  }
  return uses;
}

}  // namespace

Space::Space(const program::Program& program, const plan::Site& site, lang::MapperPtr around)
    : program_(program), around_(std::move(around)) {
  const machine::Machine& machine = site.machine();
  const std::size_t tasks = program.tasks.size();
  Uses uses = uses_of(program);
  parent_of_ = std::move(uses.parent);
  processor_of_.resize(tasks);
  only_.assign(tasks, ProcessorKind::cpu);
  families_.resize(tasks);
  for (const program::Partition& p : program.partitions)
    names_.push_back({p.name, program.regions[p.region].name});
  std::vector<std::vector<ProcessorKind>> kinds(tasks);
  for (program::TaskId t = 0; t < tasks; ++t) {
    kinds[t] = kinds_of(program.tasks[t], machine);
    lang::TaskFacts facts;
    facts.name = program.tasks[t].name;
    facts.variants = kinds[t];
    prefer(lang::usable_kinds(*around_, facts, &site.grid()), &kinds[t]);
    if (!kinds[t].empty()) add_processor(t, kinds[t]);
  }
  for (program::TaskId t = 0; t < tasks; ++t) {
    if (!kinds[t].empty()) add_maps(t, uses.rank[t]);
  }
  for (program::TaskId t = 0; t < tasks; ++t) {
    for (const ProcessorKind k : kinds[t]) add_memories(t, k, uses.partitions[t], machine);
  }
  for (const program::PartitionId p : uses.all)
    add({Kind::layout, 0, p, {}, {kLayouts.begin(), kLayouts.end()}});
  for (program::TaskId t = 0; t < tasks; ++t) {
    if (!kinds[t].empty()) add_holding(t, uses.partitions[t]);
  }
}

void Space::add_processor(program::TaskId task, std::span<const ProcessorKind> kinds) {
  only_[task] = kinds[0];
  Decision d{Kind::processor, task, 0, {}, {}};
  for (const ProcessorKind k : kinds) d.options.emplace_back(name_of(k));
  if (kinds.size() > 1) processor_of_[task] = decisions_.size();
  add(std::move(d));
}

// One function maps all launches of a task: of different ranks, none of the families does.
void Space::add_maps(program::TaskId task, int rank) {
  if (rank > 0) {
    families_[task] = guide::families(rank);
    Decision d{Kind::index_map, task, 0, {}, {""}};
    for (const guide::Family& f : families_[task]) d.options.push_back(f.name);
    add(std::move(d));
  }
  if (parent_of_[task]) add({Kind::single_map, task, 0, {}, {"", "beside_parent"}});
}

void Space::add_memories(program::TaskId task, ProcessorKind kind, const Positions& partitions,
                         const machine::Machine& machine) {
  const std::string& name = program_.tasks[task].name;
  for (const auto& [p, index] : partitions) {
    std::vector<MemoryKind> reached = memories_of(kind, machine);
    prefer(policy::memories(*around_, name, {names_of(p), index}, kind).kinds, &reached);
    Decision d{Kind::memory, task, p, kind, {}};
    for (const MemoryKind m : reached) d.options.emplace_back(name_of(m));
    add(std::move(d));
  }
}

// How much of a task's data is held at once, and for how long.
void Space::add_holding(program::TaskId task, const Positions& partitions) {
  const std::string& name = program_.tasks[task].name;
  std::vector<std::string> limits(kLimits.begin(), kLimits.end());
  const std::string limit = std::to_string(around_->instance_limit(name));
  if (std::ranges::find(limits, limit) == limits.end()) limits.push_back(limit);
  prefer({limit}, &limits);
  add({Kind::limit, task, 0, {}, std::move(limits)});
  if (partitions.empty()) return;
  const bool collects = std::ranges::any_of(partitions, [&](const auto& use) {
    return around_->collects(name, {names_of(use.first), use.second});
  });
  add({Kind::collect, task, 0, {}, {"", collects ? "none" : "*"}});
}

// As mappers call a partition.
std::span<const std::string_view> Space::names_of(program::PartitionId partition) const {
  return names_[partition];
}

void Space::add(Decision decision) {
  if (decision.options.size() > 1) decisions_.push_back(std::move(decision));
}

Sizes Space::sizes() const {
  Sizes sizes;
  for (const Decision& d : decisions_) sizes.push_back(static_cast<std::uint16_t>(d.options.size()));
  return sizes;
}

double Space::magnitude() const {
  double sum = 0;
  for (const Decision& d : decisions_) sum += std::log10(static_cast<double>(d.options.size()));
  return sum;
}

ProcessorKind Space::kind_of(const Choice& choice, program::TaskId task) const {
  const auto d = processor_of_[task];
  return d ? *machine::processor_kind(decisions_[*d].options[choice[*d]]) : only_[task];
}

std::optional<std::size_t> Space::processor_of(program::TaskId task) const {
  return processor_of_[task];
}

bool Space::matters(const Choice& choice, std::size_t decision) const {
  const Decision& d = decisions_[decision];
  if (d.kind == Kind::memory) return kind_of(choice, d.task) == d.on;
  // A parent of another kind has no processor that its child could run on.
  if (d.kind == Kind::single_map) return kind_of(choice, *parent_of_[d.task]) == kind_of(choice, d.task);
  return true;
}

// The family of mapping functions that a choice of a map is.
guide::Family Space::family(const Choice& choice, std::size_t decision) const {
  const Decision& d = decisions_[decision];
  return d.kind == Kind::single_map ? guide::beside_parent() : families_[d.task][choice[decision] - 1U];
}

std::string Space::words(std::size_t decision, std::uint16_t option) const {
  const Decision& d = decisions_[decision];
  const std::string task = base::visible(program_.tasks[d.task].name);
  const bool of_data = d.kind == Kind::memory || d.kind == Kind::layout;
  const std::string data = of_data ? base::visible(program_.partitions[d.partition].name) : "";
  const std::string& text = d.options[option];
  switch (d.kind) {
    case Kind::processor: return fmt::format("{} on {}", task, text);
    case Kind::memory: return fmt::format("{} of {} on {} in {}", data, task, name_of(d.on), text);
    case Kind::layout: return fmt::format("layout of {}: {}", data, text);
    case Kind::index_map: return fmt::format("{} by {}", task, text);
    case Kind::single_map: return fmt::format("{} beside its parent", task);
    case Kind::limit: return fmt::format("limit of {}: {}", task, text);
    case Kind::collect: return fmt::format("{} {} its data", task, text == "none" ? "keeps" : "collects");
  }
  base::bug("every decision has words");
}

std::string Space::statement(const Choice& choice, std::size_t decision) const {
  const Decision& d = decisions_[decision];
  const std::string task = lang::name_text(program_.tasks[d.task].name);
  const bool of_data = d.kind == Kind::memory || d.kind == Kind::layout;
  const std::string data = of_data ? lang::name_text(program_.partitions[d.partition].name) : "";
  const std::string& option = d.options[choice[decision]];
  // The one that is chosen, then what else there is.
  const auto preferred = [&] {
    std::string list = option;
    for (const std::string& o : d.options) {
      if (o != option) list += ", " + o;
    }
    return list;
  };
  const auto map = [&](std::string_view word) {
    return fmt::format("{} {} {};", word, task,
                       function_name(family(choice, decision), kind_of(choice, d.task)));
  };
  switch (d.kind) {
    case Kind::processor: return fmt::format("Task {} {};", task, preferred());
    case Kind::memory: return fmt::format("Region {} {} {} {};", task, data, name_of(d.on), preferred());
    case Kind::layout: return fmt::format("Layout * {} * {};", data, option);
    case Kind::limit: return fmt::format("InstanceLimit {} {};", task, option);
    case Kind::collect: return fmt::format("CollectMemory {} *;", task);
    case Kind::index_map: return map("IndexTaskMap");
    case Kind::single_map: return map("SingleTaskMap");
  }
  base::bug("every decision has a statement");
}

std::vector<lang::Edit> Space::edits(const Choice& choice) const {
  base::expects(choice.size() == decisions_.size(), "a choice decides everything");
  std::string statements;
  std::string maps;
  std::set<std::string> functions;
  std::vector<lang::Edit> edits;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const Decision& d = decisions_[i];
    if (choice[i] == 0 || !matters(choice, i)) continue;
    if (d.kind == Kind::collect && d.options[choice[i]] == "none") {
      edits.push_back({true, statement(choice, i)});
      continue;
    }
    const bool is_map = d.kind == Kind::index_map || d.kind == Kind::single_map;
    if (is_map) functions.insert(function_of(family(choice, i), kind_of(choice, d.task)));
    (is_map ? maps : statements) += statement(choice, i) + "\n";
  }
  for (const std::string& function : functions) statements += "\n" + function + "\n";
  edits.push_back({false, statements + "\n" + maps});
  return edits;
}

std::string Space::mapper(const Choice& choice) const {
  const auto text = lang::edited(around_->source(), edits(choice));
  base::expects(text.ok(), "what a space writes is a mapper");
  return *text;
}

}  // namespace mapwright::tune
