#include "engine/critical_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"

namespace mapwright::engine {
namespace {

using plan::kNone;
using plan::Op;
using plan::OpId;
using plan::OpKind;
using plan::Plan;

// Moments closer than this are one: simulated rates are floating-point numbers.
constexpr double kMoment = 1e-9;

class Walk {
 public:
  explicit Walk(const Profile& profile) : profile_(profile), plan_(*profile.plan), time_(profile.timed_end) {}

  std::vector<PathPart> run() {
    OpId op = last();
    // Each step goes to an op that was over before; the bound is for engines whose clocks disagree.
    for (std::size_t steps = 0; op != kNone && time_ > profile_.timed_begin && steps < plan_.ops.size();
         ++steps) {
      take(part_of(op), profile_.spans[op].start);
      if (time_ > profile_.timed_begin) op = before(op);
    }
    take({.kind = StepKind::start}, profile_.timed_begin);
    std::vector<PathPart> parts;
    const double whole = profile_.timed_end - profile_.timed_begin;
    for (auto& [key, part] : parts_) {
      part.share = part.seconds / whole;
      parts.push_back(part);
    }
    std::ranges::stable_sort(parts,
                             [](const PathPart& a, const PathPart& b) { return a.seconds > b.seconds; });
    return parts;
  }

 private:
  OpId last() const {
    OpId found = kNone;
    const OpId begin = plan_.iteration_begins[static_cast<std::size_t>(plan_.warmup)];
    for (OpId i = begin; i < plan_.iteration_begins.back(); ++i) {
      if (found == kNone || profile_.spans[i].end > profile_.spans[found].end) found = i;
    }
    return found;
  }

  // The time from `since` until where the walk stands belongs to this part.
  void take(const PathPart& part, double since) {
    since = std::max(since, profile_.timed_begin);
    if (since >= time_) return;
    const auto key = std::tuple(part.kind, part.task, part.on, part.partition, part.from, part.to, part.way);
    PathPart& sum = parts_.try_emplace(key, part).first->second;
    sum.seconds += time_ - since;
    ++sum.steps;
    time_ = since;
  }

  PathPart part_of(OpId i) const {
    const Op& op = plan_.ops[i];
    PathPart part;
    switch (op.kind) {
      case OpKind::task: {
        const plan::Mapping& m = plan_.mappings[op.mapping];
        part.kind = StepKind::task;
        part.task = plan_.program->launches[m.launch].task;
        part.on = plan_.site->processors()[m.processor].kind;
        break;
      }
      case OpKind::copy:
      case OpKind::fold: {
        const plan::MemoryId from = plan_.instances[op.source].memory;
        const plan::MemoryId to = plan_.instances[op.destination].memory;
        part.kind = op.kind == OpKind::fold ? StepKind::fold : StepKind::copy;
        part.partition = partition_of(plan_, op);
        part.from = plan_.site->memories()[from].kind;
        part.to = plan_.site->memories()[to].kind;
        part.way = way_between(*plan_.site, from, to);
        break;
      }
      case OpKind::future: {
        part.kind = StepKind::future;
        const auto waits = plan_.waits_of(i);
        part.task = waits.empty() ? kNone : task_of(waits[0].op);
        break;
      }
      case OpKind::begin:
      case OpKind::end:
      case OpKind::fence: part.kind = StepKind::start; break;  // these take no time
    }
    return part;
  }

  program::TaskId task_of(OpId op) const {
    return plan_.program->launches[plan_.mappings[plan_.ops[op].mapping].launch].task;
  }

  // What released an op at the moment where the walk stands.
  OpId before(OpId i) {
    const Span& s = profile_.spans[i];
    switch (s.cause) {
      case Cause::none: return kNone;
      case Cause::mapping: return before_mapping(is_transfer(plan_.ops[i]) ? plan_.ops[i].parent : i);
      case Cause::data:
      case Cause::processor:
      case Cause::request: break;
    }
    if (s.by == kNone) return kNone;
    // Between the two, the engine was busy with itself.
    if (profile_.spans[s.by].end < time_ - kMoment)
      take({.kind = StepKind::mapping}, profile_.spans[s.by].end);
    return s.by;
  }

  // A task is mapped when the last op that this waits for has ended, or when the runtime comes to it.
  OpId before_mapping(OpId task) {
    OpId latest = kNone;
    for (const plan::Wait& w : plan_.waits_of(task)) {
      if (!w.mapping) continue;
      if (latest == kNone || profile_.spans[w.op].end > profile_.spans[latest].end) latest = w.op;
    }
    if (latest != kNone && profile_.spans[latest].end >= time_ - kMoment) return latest;
    if (const OpId parent = plan_.ops[task].parent; parent != kNone) {
      take({.kind = StepKind::launching, .task = task_of(task)}, profile_.spans[parent].end);
      return parent;
    }
    // Since the last fence the runtime has mapped one task after the other without a break.
    OpId fence = task;
    while (fence > 0 && plan_.ops[fence].kind != OpKind::fence) --fence;
    const bool found = plan_.ops[fence].kind == OpKind::fence;
    take({.kind = StepKind::mapping}, found ? profile_.spans[fence].end : 0);
    return found ? fence : kNone;
  }

  const Profile& profile_;
  const Plan& plan_;
  double time_;  // until where the path is explained
  std::map<std::tuple<StepKind, program::TaskId, machine::ProcessorKind, program::PartitionId,
                      machine::MemoryKind, machine::MemoryKind, Way>,
           PathPart>
      parts_;
};

}  // namespace

std::vector<PathPart> critical_path(const Profile& profile) {
  return Walk(profile).run();
}

std::string words(const PathPart& part, const program::Program& program) {
  const auto task = [&] { return base::visible(program.tasks[part.task].name); };
  switch (part.kind) {
    case StepKind::task: return fmt::format("{} on {}", task(), name_of(part.on));
    case StepKind::copy:
    case StepKind::fold: {
      const std::string what = fmt::format("{} of {}", part.kind == StepKind::fold ? "folds" : "copies",
                                           base::visible(program.partitions[part.partition].name));
      if (part.way == Way::within_memory) return fmt::format("{} within {}", what, name_of(part.from));
      return fmt::format("{} from {} to {} {}", what, name_of(part.from), name_of(part.to),
                         part.way == Way::between_nodes ? "between nodes" : "on one node");
    }
    case StepKind::future:
      return part.task == kNone ? "futures" : fmt::format("futures of {} on their way to all nodes", task());
    case StepKind::mapping: return "waiting for the runtime to map tasks";
    case StepKind::launching: return fmt::format("waiting for the parent to launch {}", task());
    case StepKind::start: break;
  }
  return "waiting, without a cause that is known";
}

std::string_view name_of(Way way) {
  switch (way) {
    case Way::within_memory: return "within_memory";
    case Way::same_node: return "same_node";
    case Way::between_nodes: break;
  }
  return "between_nodes";
}

std::string_view name_of(StepKind kind) {
  switch (kind) {
    case StepKind::task: return "task";
    case StepKind::copy: return "copy";
    case StepKind::fold: return "fold";
    case StepKind::future: return "future";
    case StepKind::mapping: return "mapping";
    case StepKind::launching: return "launching";
    case StepKind::start: break;
  }
  return "unknown";
}

}  // namespace mapwright::engine
