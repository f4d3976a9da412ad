#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "engine/critical_path.h"
#include "engine/what_if.h"
#include "guide/families.h"
#include "guide/guide.h"
#include "guide/remap.h"

namespace mapwright::guide {
namespace {

using engine::PathPart;
using engine::StepKind;
using machine::MemoryKind;
using machine::ProcessorKind;
using plan::Mapping;
using plan::Op;
using plan::OpId;
using plan::OpKind;
using plan::Plan;
using program::PartitionId;
using program::TaskId;

// The calls of one task on one kind of processor.
struct Calls {
  TaskId task = 0;
  ProcessorKind kind = ProcessorKind::cpu;

  friend auto operator<=>(const Calls&, const Calls&) = default;
};

class Analysis {
 public:
  Analysis(const engine::Execution& execution, const lang::CompiledMapper& mapper)
      : plan_(*execution.profile.plan),
        program_(*plan_.program),
        site_(*plan_.site),
        machine_(site_.machine()),
        mapper_(mapper),
        what_if_(execution.profile),
        path_(engine::critical_path(execution.profile)) {
    for (const Op& op : plan_.ops) {
      if (op.kind == OpKind::task) used_[calls_of(op)].insert(plan_.mappings[op.mapping].processor);
    }
  }

  std::vector<Finding> run() {
    for (const auto& [calls, processors] : used_) {
      idle_processors(calls, processors.size());
      slow_processor(calls);
      slow_memory(calls);
      limit(calls);
    }
    copies();
    placement();
    memory_pressure();
    runtime();
    std::erase_if(found_, [](const Finding& f) { return f.gain < kLeastGain; });
    std::ranges::stable_sort(found_, [](const Finding& a, const Finding& b) { return a.gain > b.gain; });
    return std::move(found_);
  }

 private:
  Calls calls_of(const Op& op) const {
    const Mapping& m = plan_.mappings[op.mapping];
    return {program_.launches[m.launch].task, site_.processors()[m.processor].kind};
  }
  bool is(OpId i, const Calls& calls) const {
    return plan_.ops[i].kind == OpKind::task && calls_of(plan_.ops[i]) == calls;
  }
  const std::string& name(TaskId task) const { return program_.tasks[task].name; }

  double gain(const engine::WhatIf::Seconds& seconds, const engine::WhatIf::Waits& waits = {}) const {
    return 1 - what_if_(seconds, waits) / what_if_.before();
  }
  static double as_it_was(OpId, double seconds) { return seconds; }

  double share_of_task(const Calls& calls) const {
    double share = 0;
    for (const PathPart& p : path_) {
      if (p.kind == StepKind::task && p.task == calls.task && p.on == calls.kind) share += p.share;
    }
    return share;
  }

  // Tasks that run on fewer processors than there are, though there are more of them.
  void idle_processors(const Calls& calls, std::size_t used) {
    const auto all = static_cast<std::size_t>(
        std::ranges::count_if(site_.processors(), [&](const auto& p) { return p.kind == calls.kind; }));
    std::size_t points = 0;  // that may run at once
    bool single = false;
    std::optional<ProcessorKind> parent;
    for (program::LaunchId l = program_.loop_begin; l < program_.loop_end; ++l) {
      const program::Launch& launch = program_.launches[l];
      if (launch.task != calls.task) continue;
      single = single || launch.single;
      points = launch.parent ? all : std::max(points, static_cast<std::size_t>(launch.points()));
      if (launch.parent) parent = kind_of_launch(launch.parent->launch);
    }
    const std::size_t useful = std::min(points, all);
    if (useful <= used) return;
    Finding f = about(calls);
    f.code = "idle_processors";
    f.share = share_of_task(calls);
    const double scale = static_cast<double>(used) / static_cast<double>(useful);
    f.gain = gain([&](OpId i, double s) { return is(i, calls) ? s * scale : s; });
    const std::string_view kind = name_of(calls.kind);
    f.explain =
        fmt::format("{} runs on {} of {} {} processors", base::visible(name(calls.task)), used, all, kind);
    if (single && parent == calls.kind) {
      f.suggest = fmt::format("run it where its parent runs: every parent then has a {} of its own", kind);
      f.edits = {map_calls("SingleTaskMap", calls, beside_parent())};
    } else if (!single) {
      f.suggest = "deal its points out to all of them";
      f.edits = {map_calls("IndexTaskMap", calls, dealt(rank_of(calls.task)))};
    } else {
      return;
    }
    found_.push_back(std::move(f));
  }

  std::optional<ProcessorKind> kind_of_launch(program::LaunchId l) const {
    for (const Mapping& m : plan_.mappings) {
      if (m.launch == l) return site_.processors()[m.processor].kind;
    }
    return std::nullopt;
  }

  Finding about(const Calls& calls) const {
    Finding f;
    f.subjects = {name(calls.task)};
    return f;
  }

  static lang::Edit put(std::string text) { return {false, std::move(text)}; }
  // The task's name as statements have it.
  std::string task_text(TaskId task) const { return lang::name_text(name(task)); }
  std::string data_text(PartitionId p) const { return lang::name_text(program_.partitions[p].name); }

  lang::Edit map_calls(std::string_view statement, const Calls& calls, const Family& family) const {
    return map_with(statement, name(calls.task), family, calls.kind);
  }

  int rank_of(TaskId task) const {
    int rank = 1;
    for (const program::Launch& l : program_.launches) {
      if (l.task == task && !l.single) rank = std::max(rank, l.domain.rank);
    }
    return rank;
  }

  // A kind that would do the same work faster: by its arithmetic and by its memory, whichever gains less.
  void slow_processor(const Calls& calls) {
    const program::Variant* here = program_.tasks[calls.task].variant(calls.kind);
    if (here == nullptr) return;
    for (const ProcessorKind other : machine::kMachineProcessors) {
      const program::Variant* there = program_.tasks[calls.task].variant(other);
      if (other == calls.kind || there == nullptr || !machine_.processors[other]) continue;
      const double scale = std::max(rate(*here) / rate(*there), bandwidth(*here) / bandwidth(*there));
      if (scale >= 0.5) continue;  // may well be lost again to moving the data
      Finding f = about(calls);
      f.code = "slow_processor";
      f.share = share_of_task(calls);
      f.gain = gain([&](OpId i, double s) { return is(i, calls) ? s * scale : s; });
      f.explain = fmt::format("{} runs on {}, and a {} would take about {:.2g} of the time",
                              base::visible(name(calls.task)), name_of(calls.kind), name_of(other), scale);
      f.suggest = fmt::format("run it on {}", name_of(other));
      f.edits = {
          put(fmt::format("Task {} {}, {};", task_text(calls.task), name_of(other), name_of(calls.kind)))};
      found_.push_back(std::move(f));
    }
  }

  double rate(const program::Variant& v) const { return v.rate(*machine_.processors[v.kind]); }
  double bandwidth(const program::Variant& v) const {
    double best = 0;
    for (const MemoryKind m : machine::kMachineMemories) {
      if (const auto& a = machine_.affinities[v.kind][m])
        best = std::max(best, a->bandwidth * v.streaming_share);
    }
    return best;
  }

  // A requirement that works in a memory slower than another that the processor reaches.
  void slow_memory(const Calls& calls) {
    std::optional<MemoryKind> fastest;
    for (const MemoryKind m : machine::kMachineMemories) {
      const auto& a = machine_.affinities[calls.kind][m];
      if (a && (!fastest || a->bandwidth > machine_.affinities[calls.kind][*fastest]->bandwidth)) fastest = m;
    }
    if (!fastest) return;
    const machine::Affinity& fast = *machine_.affinities[calls.kind][*fastest];
    // Seconds that each call would save, by partition and memory.
    std::map<std::pair<PartitionId, MemoryKind>, std::map<plan::MappingId, double>> saved;
    for (plan::MappingId id = 0; id < plan_.mappings.size(); ++id) {
      const Mapping& m = plan_.mappings[id];
      const program::Launch& launch = program_.launches[m.launch];
      if (launch.task != calls.task || site_.processors()[m.processor].kind != calls.kind) continue;
      const program::Variant& variant = *program_.tasks[calls.task].variant(calls.kind);
      for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
        const auto uses = plan_.uses_of(m, r);
        if (uses.empty()) continue;
        const program::Requirement& requirement = launch.requirements[r];
        const MemoryKind memory = site_.memories()[plan_.instances[uses.front().instance].memory].kind;
        const auto& slow = machine_.affinities[calls.kind][memory];
        if (memory == *fastest || !slow) continue;
        const program::Region& region = program_.regions[program_.partitions[requirement.partition].region];
        const auto elements =
            static_cast<double>(plan_.atoms->volume(requirement.partition, requirement.piece(m.position)));
        const double bytes = requirement.bytes_per_element(region, requirement.fields);
        saved[{requirement.partition, memory}][id] +=
            elements * bytes / variant.streaming_share * (1 / slow->bandwidth - 1 / fast.bandwidth) +
            requirement.gathers.at(m.position) * (slow->scattered - fast.scattered) +
            requirement.atomics.at(m.position) * (slow->atomic - fast.atomic);
      }
    }
    for (const auto& [where, seconds] : saved) {
      Finding f = about(calls);
      f.code = "slow_memory";
      f.subjects.push_back(program_.partitions[where.first].name);
      f.share = share_of_task(calls);
      f.gain = gain([&](OpId i, double s) {
        if (!is(i, calls)) return s;
        const auto found = seconds.find(plan_.ops[i].mapping);
        return found == seconds.end() ? s : std::max(0.0, s - found->second);
      });
      const std::string& data = program_.partitions[where.first].name;
      f.explain = fmt::format("{} works on {} in {}, which its {} reaches more slowly than {}",
                              base::visible(name(calls.task)), base::visible(data), name_of(where.second),
                              name_of(calls.kind), name_of(*fastest));
      f.suggest = fmt::format("keep {} in {}", base::visible(data), name_of(*fastest));
      f.edits = {put(fmt::format("Region {} {} {} {}, {};", task_text(calls.task), data_text(where.first),
                                 name_of(calls.kind), name_of(*fastest), name_of(where.second)))};
      found_.push_back(std::move(f));
    }
  }

  // Calls that were not mapped before earlier ones were over.
  void limit(const Calls& calls) {
    const std::int64_t most = mapper_.instance_limit(name(calls.task));
    if (most == 0) return;
    Finding f = about(calls);
    f.code = "limit";
    f.share = 0;
    f.gain = gain(as_it_was, [&](OpId i, const plan::Wait& w) {
      return !(w.mapping && is(i, calls) && is(w.op, calls));
    });
    f.explain =
        fmt::format("{} is mapped only when all but {} of its calls are over, so that their data comes late",
                    base::visible(name(calls.task)), most - 1);
    f.suggest = "raise or drop the limit, where the memory is large enough";
    f.edits = {put(fmt::format("InstanceLimit {} 0;", task_text(calls.task)))};
    found_.push_back(std::move(f));
  }

  // Copies and folds, by what they move and how far.
  void copies() {
    using Key = std::tuple<StepKind, PartitionId, MemoryKind, MemoryKind, engine::Way>;
    std::map<Key, double> shares;
    for (const PathPart& p : path_) {
      if (p.kind == StepKind::copy || p.kind == StepKind::fold)
        shares[{p.kind, p.partition, p.from, p.to, p.way}] += p.share;
    }
    for (const auto& [key, share] : shares) {
      const auto& [kind, partition, from, to, way] = key;
      const Key& wanted = key;
      const auto one_of_them = [&](OpId i) { return key_of<Key>(i) == wanted; };
      Finding f;
      f.code = kind == StepKind::copy ? "copies" : "folds";
      f.share = share;
      f.gain = gain([&](OpId i, double s) { return one_of_them(i) ? 0 : s; });
      if (f.gain < kLeastGain) continue;
      PathPart part;
      part.kind = kind;
      part.partition = partition;
      part.from = from;
      part.to = to;
      part.way = way;
      f.explain = "tasks wait for " + engine::words(part, program_);
      advise(&f, one_of_them, from, to);
      found_.push_back(std::move(f));
    }
  }

  template <class Key>
  std::optional<Key> key_of(OpId i) const {
    const Op& op = plan_.ops[i];
    if (!is_transfer(op)) return std::nullopt;
    const plan::MemoryId from = plan_.instances[op.source].memory;
    const plan::MemoryId to = plan_.instances[op.destination].memory;
    return Key{op.kind == OpKind::fold ? StepKind::fold : StepKind::copy, engine::partition_of(plan_, op),
               site_.memories()[from].kind, site_.memories()[to].kind, engine::way_between(site_, from, to)};
  }

  // What causes most of these copies, and what would end them.
  template <class Select>
  void advise(Finding* f, Select&& selected, MemoryKind from, MemoryKind to) const {
    std::map<std::pair<TaskId, PartitionId>, std::int64_t>
        wanted;  // who needs the data, and by which requirement
    std::map<std::pair<TaskId, PartitionId>, std::int64_t> collected;  // and collects it
    ProcessorKind kind = ProcessorKind::gpu;
    for (OpId i = 0; i < plan_.ops.size(); ++i) {
      if (!selected(i)) continue;
      const Op& op = plan_.ops[i];
      const Mapping& m = plan_.mappings[op.mapping];
      const plan::Instance& to_there = plan_.instances[op.destination];
      const std::pair key{program_.launches[m.launch].task, to_there.partition};
      wanted[key] += op.bytes;
      if (to_there.collected) collected[key] += op.bytes;
      kind = site_.processors()[m.processor].kind;
    }
    if (wanted.empty()) return;
    const auto most = [](const auto& bytes) {
      return std::ranges::max_element(bytes, {}, [](const auto& b) { return b.second; })->first;
    };
    if (!collected.empty()) {
      const auto [task, partition] = most(collected);
      f->subjects = {name(task), program_.partitions[partition].name};
      const std::string& data = program_.partitions[partition].name;
      f->explain += fmt::format("; {} gives {} up after use and fetches it again", base::visible(name(task)),
                                base::visible(data));
      f->suggest = "do not collect it, where the memory is large enough";
      for (const std::string& statement : collecting(task, partition)) f->edits.push_back({true, statement});
      return;
    }
    const auto [task, partition] = most(wanted);
    f->subjects = {name(task), program_.partitions[partition].name};
    const std::string& data = program_.partitions[partition].name;
    if (from != to && machine_.affinities[kind][from]) {
      f->suggest = fmt::format("let {} work on {} in {}, where it is", base::visible(name(task)),
                               base::visible(data), name_of(from));
      f->edits.push_back(put(fmt::format("Region {} {} {} {}, {};", task_text(task), data_text(partition),
                                         name_of(kind), name_of(from), name_of(to))));
      return;
    }
    f->suggest = fmt::format("map {} so that it runs where {} is left by the task before",
                             base::visible(name(task)), base::visible(data));
  }

  // Maps under which less moves. What they gain is what the execution would if each copy took the part of its
  // time that is left of the bytes on such ways.
  void placement() {
    const auto transfer = [&](OpId i) { return is_transfer(plan_.ops[i]); };
    Finding f;
    f.code = "placement";
    for (const PathPart& p : path_) {
      if (p.kind == StepKind::copy || p.kind == StepKind::fold) f.share += p.share;
    }
    if (gain([&](OpId i, double s) { return transfer(i) ? 0 : s; }) < kLeastGain) return;
    const std::vector<Remap> better = remaps(plan_, mapper_);
    if (better.empty()) return;
    const Movement now = movement(plan_, program_.iterations);
    const Movement& then = better.front().movement;
    const auto part = [](std::int64_t after, std::int64_t before) {
      return before == 0 ? 1.0 : std::min(1.0, static_cast<double>(after) / static_cast<double>(before));
    };
    const double nodes = part(then.node, now.node);
    const double sockets = part(then.sockets, now.sockets);
    const double memories = part(then.total, now.total);
    f.gain = gain([&](OpId i, double s) {
      if (!transfer(i)) return s;
      const plan::MemoryId from = plan_.instances[plan_.ops[i].source].memory;
      const plan::MemoryId to = plan_.instances[plan_.ops[i].destination].memory;
      switch (site_.distance(from, to)) {
        case plan::Distance::other_node: return s * nodes;
        case plan::Distance::same_node: return s * sockets;
        case plan::Distance::same_socket: return s * memories;
        case plan::Distance::same_memory: return s;
      }
      return s;
    });
    // Of the ways, the widest of those that get less.
    const auto [way, before, after] =
        then.node < now.node         ? std::tuple("go into or out of a node", now.node, then.node)
        : then.sockets < now.sockets ? std::tuple("go from socket to socket", now.sockets, then.sockets)
                                     : std::tuple("go from memory to memory", now.total, then.total);
    const auto bytes = [&](std::int64_t sum) {
      return base::bytes_text(static_cast<double>(sum) / static_cast<double>(program_.iterations));
    };
    f.explain = fmt::format("{} {} in each iteration; {} would be enough", bytes(before), way, bytes(after));
    f.suggest = "map " + better.front().what;
    f.edits = {better.front().edit};
    f.subjects = better.front().tasks;
    found_.push_back(std::move(f));
  }

  // The statements of the mapper under which a requirement is collected.
  std::vector<std::string> collecting(TaskId task, PartitionId partition) const {
    const std::string& region = program_.regions[program_.partitions[partition].region].name;
    std::vector<std::string> statements;
    for (const lang::Statement& s : mapper_.ast().statements) {
      const auto* c = std::get_if<lang::CollectStatement>(&s);
      if (c == nullptr) continue;
      const bool of_task = c->task.any() || c->task.text == name(task);
      const bool of_data = c->region.any() || c->region.text == program_.partitions[partition].name ||
                           c->region.text == region;
      if (of_task && of_data) statements.push_back(std::string(mapper_.source()->slice(c->span)) + ";");
    }
    return statements;
  }

  // Tasks that were mapped late because a memory was full.
  void memory_pressure() {
    const auto full = [&](OpId i, const plan::Wait& w) {
      if (!w.mapping || plan_.ops[i].parent == w.op) return false;
      if (plan_.ops[i].kind != OpKind::task) return false;
      const Calls calls = calls_of(plan_.ops[i]);
      return mapper_.instance_limit(name(calls.task)) == 0 || !is(w.op, calls);
    };
    Finding f;
    f.code = "full_memory";
    f.gain = gain(as_it_was, [&](OpId i, const plan::Wait& w) { return !full(i, w); });
    if (f.gain < kLeastGain) return;
    const auto fullest = std::ranges::max_element(plan_.memory, {}, [&](const plan::MemoryUse& u) {
      return static_cast<double>(u.high_water) / static_cast<double>(site_.memories()[u.memory].capacity);
    });
    f.explain = fmt::format("tasks wait until {} has room for their data",
                            name_of(site_.memories()[fullest->memory].kind));
    f.suggest =
        "keep less of it there: collect what is read once, or move what is used least to another memory";
    found_.push_back(std::move(f));
  }

  // What the runtime itself takes to map tasks.
  void runtime() {
    Finding f;
    f.code = "runtime";
    for (const PathPart& p : path_) {
      if (p.kind == StepKind::mapping || p.kind == StepKind::launching) f.share += p.share;
    }
    f.gain = f.share;
    f.explain = "tasks wait for the runtime to map them";
    f.suggest = "make fewer and larger tasks; a mapper cannot change that";
    found_.push_back(std::move(f));
  }

  const Plan& plan_;
  const program::Program& program_;
  const plan::Site& site_;
  const machine::Machine& machine_;
  const lang::CompiledMapper& mapper_;
  engine::WhatIf what_if_;
  std::vector<PathPart> path_;
  std::map<Calls, std::set<plan::ProcessorId>> used_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> findings(const engine::Execution& execution, const lang::CompiledMapper& mapper) {
  return Analysis(execution, mapper).run();
}

}  // namespace mapwright::guide
