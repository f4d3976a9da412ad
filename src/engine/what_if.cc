#include "engine/what_if.h"

#include <algorithm>
#include <numeric>

namespace mapwright::engine {

using plan::kNone;
using plan::OpId;
using plan::OpKind;
using plan::Plan;

template <class Visit>
void WhatIf::for_each_wait(OpId i, const Waits& waits, Visit&& visit) const {
  const Plan& plan = *profile_.plan;
  for (const plan::Wait& w : plan.waits_of(i)) {
    if (!waits || waits(i, w)) visit(w.op);
  }
  if (on_processor_[i] != kNone) visit(on_processor_[i]);
  const Span& s = profile_.spans[i];
  if (s.cause == Cause::request && s.by != kNone) visit(s.by);
  // Data is not fetched before the task that needs it is mapped.
  if (!is_transfer(plan.ops[i])) return;
  const OpId task = plan.ops[i].parent;
  for (const plan::Wait& w : plan.waits_of(task)) {
    if (w.mapping && (!waits || waits(task, w))) visit(w.op);
  }
}

WhatIf::WhatIf(const Profile& profile) : profile_(profile) {
  const Plan& plan = *profile.plan;
  const std::size_t n = plan.ops.size();
  order_.resize(n);
  std::iota(order_.begin(), order_.end(), OpId{0});
  // What takes no time may be the cause of what starts at the same moment, and stands before it in the plan.
  std::ranges::stable_sort(order_, {}, [&](OpId i) { return profile.spans[i].start; });
  on_processor_.assign(n, kNone);
  std::vector<OpId> last(plan.site->processors().size(), kNone);
  for (const OpId i : order_) {
    if (plan.ops[i].kind != OpKind::task) continue;
    OpId& before = last[plan.mappings[plan.ops[i].mapping].processor];
    on_processor_[i] = before;
    before = i;
  }
  // With the durations that were, every op starts when it did: what is missing is its lag.
  starts_.resize(n);
  std::vector<double> fence_end(n);
  double fence = 0;
  for (OpId i = 0; i < n; ++i) {
    fence_end[i] = fence;
    if (plan.ops[i].kind == OpKind::fence) fence = std::max(fence, profile.spans[i].end);
  }
  for (OpId i = 0; i < n; ++i) {
    if (plan.ops[i].kind == OpKind::fence) continue;  // starts when all before it is over
    const Span& s = profile.spans[i];
    double ready = fence_end[i];
    for_each_wait(i, {}, [&](OpId op) { ready = std::max(ready, profile.spans[op].end); });
    const bool by_runtime = s.cause == Cause::mapping && s.by == kNone && plan.ops[i].parent == kNone;
    starts_[i] = by_runtime ? Start{0, s.start - fence_end[i]} : Start{std::max(0.0, s.start - ready), 0};
  }
  before_ = (*this)([](OpId, double seconds) { return seconds; });
}

double WhatIf::operator()(const Seconds& seconds, const Waits& waits) const {
  const Plan& plan = *profile_.plan;
  const std::size_t n = plan.ops.size();
  std::vector<double> end(n);
  const auto first = plan.iteration_begins[static_cast<std::size_t>(plan.warmup)];
  const auto last = plan.iteration_begins.back();
  // Fences cut the plan: what stands between two of them starts and ends between them.
  double fence = 0;
  double begin = 0;
  double over = 0;
  for (const OpId i : order_) {
    const Span& s = profile_.spans[i];
    double ready = plan.ops[i].kind == OpKind::fence ? over : fence;
    for_each_wait(i, waits, [&](OpId op) { ready = std::max(ready, end[op]); });
    const double start = std::max(ready + starts_[i].lag, fence + starts_[i].after_fence);
    end[i] = start + seconds(i, s.end - s.start);
    over = std::max(over, end[i]);
    if (plan.ops[i].kind == OpKind::fence) fence = end[i];
    if (i < first) begin = std::max(begin, end[i]);
  }
  double finish = begin;
  for (OpId i = first; i < last; ++i) finish = std::max(finish, end[i]);
  return finish - begin;
}

}  // namespace mapwright::engine
