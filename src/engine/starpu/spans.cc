// From what processes recorded to when ops ran, and why not earlier.
#include <algorithm>
#include <limits>

#include "engine/starpu/starpu.h"

namespace mapwright::engine::starpu {

using plan::kNone;
using plan::Op;
using plan::OpId;
using plan::OpKind;

namespace {

constexpr double kNanosecond = 1e-9;

// Calls visit(op) for all that an op waits for.
template <class Visit>
void for_each_wait(const plan::Plan& plan, OpId id, Visit&& visit) {
  for (const plan::Wait& w : plan.waits_of(id)) visit(w.op);
  const Op& op = plan.ops[id];
  if (!is_transfer(op) || op.parent == kNone) return;
  for (const plan::Wait& w : plan.waits_of(op.parent)) {
    if (w.mapping && w.op < id) visit(w.op);
  }
}

// A copy between processes began when it was packed and is over when it is unpacked.
std::vector<Span> recorded(const plan::Plan& plan, const std::vector<Ran>& ran) {
  std::vector<Span> spans(plan.ops.size(), {std::numeric_limits<double>::infinity(), 0, kNone, Cause::none});
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const Ran& r : ran) first = std::min(first, r.start);
  for (const Ran& r : ran) {
    Span& s = spans[r.op];
    s.start = std::min(s.start, static_cast<double>(r.start - first) * kNanosecond);
    s.end = std::max(s.end, static_cast<double>(r.end - first) * kNanosecond);
  }
  return spans;
}

}  // namespace

std::vector<Span> spans_of(const plan::Plan& plan, const std::vector<Ran>& ran) {
  std::vector<Span> spans = recorded(plan, ran);
  std::vector<OpId> order;  // tasks, by start
  OpId latest = kNone;      // of all ops so far, the last to end
  OpId fence = kNone;
  for (OpId i = 0; i < plan.ops.size(); ++i) {
    Span& s = spans[i];
    const Op& op = plan.ops[i];
    if (op.kind == OpKind::task) order.push_back(i);
    s.by = op.kind == OpKind::fence ? latest : fence;
    if (op.kind != OpKind::fence) {
      for_each_wait(plan, i, [&](OpId w) {
        if (s.by == kNone || spans[w].end > spans[s.by].end) s.by = w;
      });
    }
    if (s.by != kNone) s.cause = Cause::data;
    // What nobody recorded does nothing by itself.
    if (s.start > s.end) s.start = s.end = s.by == kNone ? 0 : spans[s.by].end;
    if (latest == kNone || s.end >= spans[latest].end) latest = i;
    if (op.kind == OpKind::fence) fence = i;
  }
  std::ranges::stable_sort(order, {}, [&](OpId i) { return spans[i].start; });
  std::vector<OpId> last(plan.site->processors().size(), kNone);
  for (const OpId i : order) {
    OpId& before = last[plan.mappings[plan.ops[i].mapping].processor];
    Span& s = spans[i];
    if (before != kNone && (s.by == kNone || spans[before].end > spans[s.by].end)) {
      s.by = before;
      s.cause = Cause::processor;
    }
    before = i;
  }
  return spans;
}

Counted planned_bytes(const plan::Plan& plan, bool devices) {
  Counted sum;
  const std::vector<plan::Memory>& memories = plan.site->memories();
  for (const Op& op : plan.ops) {
    if (!is_transfer(op)) continue;
    const plan::MemoryId from = plan.instances[op.source].memory;
    const plan::MemoryId to = plan.instances[op.destination].memory;
    if (memories[from].node != memories[to].node) sum.between_ranks += op.bytes;
    if (!devices || from == to) continue;
    if (memories[from].kind == machine::MemoryKind::fbmem) sum.from_devices += op.bytes;
    if (memories[to].kind == machine::MemoryKind::fbmem) sum.to_devices += op.bytes;
  }
  return sum;
}

}  // namespace mapwright::engine::starpu
