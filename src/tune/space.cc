#include "tune/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/bug.h"
#include "lang/edit.h"
#include "lang/format.h"
#include "machine/machine.h"

namespace mapwright::tune {
namespace {

using machine::MemoryKind;
using machine::ProcessorKind;
using Kind = Decision::Kind;

constexpr int kMixed = -1;
constexpr std::size_t kNoDecision = ~std::size_t{0};
// The order in which tasks get a processor when the mapper says nothing.
constexpr std::array kDefaultOrder{ProcessorKind::gpu, ProcessorKind::omp, ProcessorKind::cpu};
constexpr std::array kLimits{"0", "1", "2", "4"};
constexpr std::array kLayouts{"", "SOA C_order", "SOA F_order", "AOS C_order", "AOS F_order"};

std::vector<ProcessorKind> kinds_of(const program::Task& task, const machine::Machine& machine) {
  std::vector<ProcessorKind> kinds;
  for (const ProcessorKind k : kDefaultOrder) {
    if (machine.processors[k] && machine.processors[k]->count > 0 && task.variant(k) != nullptr)
      kinds.push_back(k);
  }
  return kinds;
}

// What a kind of processor reaches, the default first, then by bandwidth.
std::vector<MemoryKind> memories_of(ProcessorKind kind, const machine::Machine& machine) {
  std::vector<MemoryKind> reached;
  for (const MemoryKind m : machine::kMachineMemories) {
    if (machine.affinities[kind][m] && machine.memories[m]) reached.push_back(m);
  }
  std::ranges::stable_sort(reached, [&](MemoryKind a, MemoryKind b) {
    return machine.affinities[kind][a]->bandwidth > machine.affinities[kind][b]->bandwidth;
  });
  const std::vector<MemoryKind> first = kind == ProcessorKind::gpu
                                            ? std::vector{MemoryKind::fbmem}
                                            : std::vector{MemoryKind::sockmem, MemoryKind::sysmem};
  for (const MemoryKind m : first) {
    const auto found = std::ranges::find(reached, m);
    if (found == reached.end()) continue;
    std::rotate(reached.begin(), found, found + 1);
    break;
  }
  return reached;
}

// What the launches of a program say of its tasks.
struct Uses {
  std::vector<int> rank;  // of index launches; kMixed where they differ, 0 without
  std::vector<std::optional<program::TaskId>> parent;
  std::vector<std::set<program::PartitionId>> partitions;  // with data
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
    for (const program::Requirement& r : l.requirements) {
      if (r.privilege == program::Privilege::none) continue;
      // Mappers know partitions by name, and several may have one.
      const std::string_view name = program.partitions[r.partition].name;
      const program::PartitionId known = named.try_emplace(name, r.partition).first->second;
      uses.partitions[l.task].insert(known);
      uses.all.insert(known);
    }
  }
  return uses;
}

std::vector<std::string> words(std::span<const char* const> list) {
  return {list.begin(), list.end()};
}

}  // namespace

Space::Space(const program::Program& program, const plan::Site& site) : program_(program) {
  const machine::Machine& machine = site.machine();
  const std::size_t tasks = program.tasks.size();
  Uses uses = uses_of(program);
  parent_of_ = std::move(uses.parent);
  processor_of_.assign(tasks, kNoDecision);
  only_.assign(tasks, ProcessorKind::cpu);
  families_.resize(tasks);
  std::vector<std::vector<ProcessorKind>> kinds(tasks);
  for (program::TaskId t = 0; t < tasks; ++t) {
    kinds[t] = kinds_of(program.tasks[t], machine);
    if (!kinds[t].empty()) add_processor(t, kinds[t]);
  }
  for (program::TaskId t = 0; t < tasks; ++t) {
    if (!kinds[t].empty()) add_maps(t, uses.rank[t]);
  }
  for (program::TaskId t = 0; t < tasks; ++t) {
    for (const ProcessorKind k : kinds[t]) {
      std::vector<std::string> memories;
      for (const MemoryKind m : memories_of(k, machine)) memories.emplace_back(name_of(m));
      for (const program::PartitionId p : uses.partitions[t]) add({Kind::memory, t, p, k, memories});
    }
  }
  for (const program::PartitionId p : uses.all) add({Kind::layout, 0, p, {}, words(kLayouts)});
  for (program::TaskId t = 0; t < tasks; ++t) {
    if (kinds[t].empty()) continue;
    add({Kind::limit, t, 0, {}, words(kLimits)});
    if (!uses.partitions[t].empty()) add({Kind::collect, t, 0, {}, {"", "*"}});
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

void Space::add(Decision decision) {
  if (decision.options.size() > 1) decisions_.push_back(std::move(decision));
}

double Space::magnitude() const {
  double sum = 0;
  for (const Decision& d : decisions_) sum += std::log10(static_cast<double>(d.options.size()));
  return sum;
}

ProcessorKind Space::kind_of(const Choice& choice, program::TaskId task) const {
  const std::size_t d = processor_of_[task];
  return d == kNoDecision ? only_[task] : *machine::processor_kind(decisions_[d].options[choice[d]]);
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

std::string Space::statement(const Choice& choice, std::size_t decision) const {
  const Decision& d = decisions_[decision];
  const std::string task = lang::name_text(program_.tasks[d.task].name);
  const std::string data = lang::name_text(program_.partitions[d.partition].name);
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

std::string Space::mapper(const Choice& choice) const {
  base::expects(choice.size() == decisions_.size(), "a choice decides everything");
  std::string statements;
  std::string maps;
  std::set<std::string> functions;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    const Decision& d = decisions_[i];
    if (choice[i] == 0 || !matters(choice, i)) continue;
    const bool is_map = d.kind == Kind::index_map || d.kind == Kind::single_map;
    if (is_map) functions.insert(function_of(family(choice, i), kind_of(choice, d.task)));
    (is_map ? maps : statements) += statement(choice, i) + "\n";
  }
  std::string text = statements;
  for (const std::string& function : functions) text += "\n" + function + "\n";
  text += "\n" + maps;
  const auto formatted = lang::format(std::make_shared<base::Source>("proposal", text));
  base::expects(formatted.ok(), "what a space writes is a mapper");
  return *formatted;
}

}  // namespace mapwright::tune
