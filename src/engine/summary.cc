#include "engine/summary.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/bug.h"

namespace mapwright::engine {
namespace {

using plan::Op;
using plan::OpId;
using plan::OpKind;
using plan::Plan;

// The ops of the timed iterations.
struct Range {
  OpId begin;
  OpId end;
};

Range timed(const Plan& plan) {
  return {plan.iteration_begins[static_cast<std::size_t>(plan.warmup)], plan.iteration_begins.back()};
}

// What of a span lies in the timed interval: tasks of the first timed iteration may start before it.
double inside(const Profile& profile, const Span& s) {
  return std::max(0.0, std::min(s.end, profile.timed_end) - std::max(s.start, profile.timed_begin));
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

double flops_of_an_iteration(const program::Program& program) {
  double sum = 0;
  for (program::LaunchId l = program.loop_begin; l < program.loop_end; ++l) {
    const program::Launch& launch = program.launches[l];
    if (launch.flops.values.size() == 1) {
      sum += launch.flops.values[0] * static_cast<double>(launch.points());
    } else {
      for (const double f : launch.flops.values) sum += f;
    }
  }
  return sum;
}

void add_processors(const Profile& profile, Summary* summary) {
  const Plan& plan = *profile.plan;
  const auto& processors = plan.site->processors();
  std::map<std::pair<program::TaskId, machine::ProcessorKind>, TaskTime> tasks;
  std::vector<double> busy(processors.size());
  std::vector<bool> used(processors.size());
  const Range range = timed(plan);
  for (OpId i = range.begin; i < range.end; ++i) {
    if (plan.ops[i].kind != OpKind::task) continue;
    const plan::Mapping& m = plan.mappings[plan.ops[i].mapping];
    const program::TaskId task = plan.program->launches[m.launch].task;
    const machine::ProcessorKind kind = processors[m.processor].kind;
    TaskTime& t = tasks.try_emplace({task, kind}, TaskTime{task, kind, 0, 0, 0}).first->second;
    const double seconds = inside(profile, profile.spans[i]);
    ++t.calls;
    t.busy += seconds;
    busy[m.processor] += seconds;
    used[m.processor] = true;
  }
  machine::PerProcessor<double> all;
  for (const machine::ProcessorKind kind : machine::kMachineProcessors) {
    KindTime k;
    k.kind = kind;
    k.least = 1;
    for (plan::ProcessorId p = 0; p < processors.size(); ++p) {
      if (processors[p].kind != kind) continue;
      const double part = share(busy[p], summary->seconds);
      ++k.count;
      k.used += used[p] ? 1 : 0;
      k.busy += part;
      k.least = std::min(k.least, part);
      k.most = std::max(k.most, part);
    }
    if (k.count == 0) continue;
    k.busy /= static_cast<double>(k.count);
    all[kind] = summary->seconds * static_cast<double>(k.count);
    summary->kinds.push_back(k);
  }
  std::ranges::stable_sort(summary->kinds, [](const KindTime& a, const KindTime& b) {
    return (a.used > 0) != (b.used > 0) ? a.used > 0 : a.busy > b.busy;
  });
  for (auto& [key, t] : tasks) {
    t.share = share(t.busy, all[t.kind]);
    summary->tasks.push_back(t);
  }
  std::ranges::stable_sort(summary->tasks,
                           [](const TaskTime& a, const TaskTime& b) { return a.busy > b.busy; });
}

void add_flows(const Plan& plan, Summary* summary) {
  using machine::MemoryKind;
  std::map<std::tuple<program::PartitionId, bool, MemoryKind, MemoryKind, Way>, Flow> flows;
  const auto& memories = plan.site->memories();
  const Range range = timed(plan);
  for (OpId i = range.begin; i < range.end; ++i) {
    const Op& op = plan.ops[i];
    if (!is_transfer(op)) continue;
    const plan::MemoryId from = plan.instances[op.source].memory;
    const plan::MemoryId to = plan.instances[op.destination].memory;
    const Flow key{partition_of(plan, op),
                   op.kind == OpKind::fold,
                   memories[from].kind,
                   memories[to].kind,
                   way_between(*plan.site, from, to),
                   0,
                   0};
    Flow& flow = flows.try_emplace({key.partition, key.fold, key.from, key.to, key.way}, key).first->second;
    flow.bytes += op.bytes;
    ++flow.count;
  }
  for (const auto& [key, flow] : flows) summary->flows.push_back(flow);
  std::ranges::stable_sort(summary->flows, [](const Flow& a, const Flow& b) { return a.bytes > b.bytes; });
}

void add_memory(const Execution& execution, const plan::Site& site, Summary* summary) {
  const auto fill = [&](const plan::MemoryUse& use) {
    return share(static_cast<double>(use.high_water),
                 static_cast<double>(site.memories()[use.memory].capacity));
  };
  for (const machine::MemoryKind kind : machine::kMachineMemories) {
    const plan::MemoryUse* fullest = nullptr;
    std::int64_t used = 0;
    for (const plan::MemoryUse& use : execution.memory) {
      if (site.memories()[use.memory].kind != kind) continue;
      ++used;
      if (fullest == nullptr || fill(use) > fill(*fullest)) fullest = &use;
    }
    if (fullest != nullptr) summary->memory.push_back({fullest->memory, fullest->high_water, used});
  }
}

}  // namespace

Way way_between(const plan::Site& site, plan::MemoryId from, plan::MemoryId to) {
  switch (site.distance(from, to)) {
    case plan::Distance::same_memory: return Way::within_memory;
    case plan::Distance::same_socket:
    case plan::Distance::same_node: return Way::same_node;
    case plan::Distance::other_node: break;
  }
  return Way::between_nodes;
}

program::PartitionId partition_of(const Plan& plan, const Op& transfer) {
  return plan.instances[transfer.kind == OpKind::fold ? transfer.source : transfer.destination].partition;
}

std::vector<double> iteration_ends(const Profile& profile) {
  std::vector<double> ends;
  const std::vector<OpId>& begins = profile.plan->iteration_begins;
  double last = 0;
  OpId i = 0;
  for (std::size_t k = 1; k < begins.size(); ++k) {
    for (; i < begins[k]; ++i) last = std::max(last, profile.spans[i].end);
    ends.push_back(last);
  }
  return ends;
}

Summary summarize(const Execution& execution) {
  base::expects(!execution.failure, "what failed has no summary");
  const Profile& profile = execution.profile;
  const Plan& plan = *profile.plan;
  Summary summary;
  summary.seconds = profile.timed_end - profile.timed_begin;
  summary.iterations = static_cast<std::int64_t>(plan.iteration_begins.size()) - 1 - plan.warmup;
  summary.gflops_per_node = share(flops_of_an_iteration(*plan.program) / 1e9,
                                  execution.seconds_per_iteration * static_cast<double>(plan.site->nodes()));
  add_processors(profile, &summary);
  add_flows(plan, &summary);
  add_memory(execution, *plan.site, &summary);
  return summary;
}

}  // namespace mapwright::engine
