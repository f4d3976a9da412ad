#include "engine/execution.h"

#include <algorithm>

namespace mapwright::engine {
namespace {

using plan::Op;
using plan::OpId;
using plan::Plan;

Traffic traffic_of(const Plan& plan) {
  Traffic sum;
  const plan::Site& site = *plan.site;
  const OpId begin = plan.iteration_begins[static_cast<std::size_t>(plan.warmup)];
  const OpId end = plan.iteration_begins.back();
  for (OpId i = begin; i < end; ++i) {
    const Op& op = plan.ops[i];
    if (!is_transfer(op)) continue;
    const plan::MemoryId from = plan.instances[op.source].memory;
    const plan::MemoryId to = plan.instances[op.destination].memory;
    if (from == to) {
      sum.local += op.bytes;
    } else if (site.distance(from, to) == plan::Distance::other_node) {
      sum.inter_node += op.bytes;
    } else {
      sum.intra_node += op.bytes;
      const bool a = site.memories()[from].kind == machine::MemoryKind::fbmem;
      const bool b = site.memories()[to].kind == machine::MemoryKind::fbmem;
      if (a != b) sum.host_device += op.bytes;
    }
    if (site.other_rank(from, to)) sum.inter_rank += op.bytes;
  }
  return sum;
}

}  // namespace

Execution executed(std::shared_ptr<const Plan> plan, std::vector<Span> spans) {
  Execution result;
  Profile& profile = result.profile;
  profile.spans = std::move(spans);
  const auto end_of = [&](OpId end) {
    double last = 0;
    for (OpId i = 0; i < end; ++i) last = std::max(last, profile.spans[i].end);
    return last;
  };
  profile.timed_begin = end_of(plan->iteration_begins[static_cast<std::size_t>(plan->warmup)]);
  profile.timed_end = std::max(profile.timed_begin, end_of(plan->iteration_begins.back()));
  const auto iterations =
      static_cast<double>(plan->iteration_begins.size() - 1) - static_cast<double>(plan->warmup);
  result.seconds_per_iteration = (profile.timed_end - profile.timed_begin) / iterations;
  result.metric = plan->program->metric.value(result.seconds_per_iteration);
  result.traffic = traffic_of(*plan);
  result.memory = plan->memory;
  profile.plan = std::move(plan);
  return result;
}

}  // namespace mapwright::engine
