#include "rank/routes.h"

#include <algorithm>
#include <map>
#include <set>

namespace mapwright::rank {

using plan::Op;
using plan::OpId;
using plan::OpKind;

Routes::Routes(const plan::Plan& plan, bool devices)
    : plan_(plan), devices_(devices), future_of_(plan.ops.size(), plan::kNone) {
  std::map<OpId, std::set<int>> told;
  for (OpId op = 0; op < plan.ops.size(); ++op) {
    if (plan.ops[op].kind == OpKind::future) {
      for (const plan::Wait& w : plan.waits_of(op)) future_of_[w.op] = op;
    }
    for (const Place& at : ends(op)) {
      for (const Wait& w : waits(op, at)) {
        if (w.told) told[w.op].insert(at.rank);
      }
    }
  }
  for (const auto& [op, ranks] : told) told_.emplace_back(op, std::vector(ranks.begin(), ranks.end()));
}

const std::vector<int>& Routes::told(OpId op) const {
  static const std::vector<int> kNobody;
  const auto found = std::ranges::lower_bound(told_, op, {}, [](const auto& entry) { return entry.first; });
  return found != told_.end() && found->first == op ? found->second : kNobody;
}

const plan::Memory& Routes::memory_of(plan::InstanceId instance) const {
  return plan_.site->memories()[plan_.instances[instance].memory];
}

// Whether it goes through a buffer that StarPU moves.
bool Routes::packed(const Op& op) const {
  const plan::Memory& from = memory_of(op.source);
  const plan::Memory& to = memory_of(op.destination);
  if (from.node != to.node) return true;
  const bool device = from.kind == machine::MemoryKind::fbmem || to.kind == machine::MemoryKind::fbmem;
  return devices_ && device && &from != &to;
}

std::vector<Place> Routes::ends(OpId id) const {
  const Op& op = plan_.ops[id];
  if (is_transfer(op)) {
    const Place main = {End::main, static_cast<int>(memory_of(op.destination).node)};
    if (!packed(op)) return {main};
    return {main, {End::sending, static_cast<int>(memory_of(op.source).node)}};
  }
  if (op.kind == OpKind::future || op.kind == OpKind::fence) return {};
  const plan::ProcessorId processor = plan_.mappings[op.mapping].processor;
  return {{End::main, static_cast<int>(plan_.site->processors()[processor].node)}};
}

// Data that is waited for was used where the end is; whatever else happened elsewhere is told.
void Routes::wait_for(OpId waited, const Place& at, bool data, std::vector<Wait>* waits) const {
  if (plan_.ops[waited].kind == OpKind::future) {
    waits->push_back({waited, End::main, false, at.rank});
    return;
  }
  const std::vector<Place> others = ends(waited);
  bool here = false;
  for (const Place& other : others) {
    if (other.rank != at.rank) continue;
    waits->push_back({waited, other.end, false, at.rank});
    here = true;
  }
  if (!here && !data && !others.empty()) waits->push_back({waited, End::main, true, others.front().rank});
}

std::vector<Routes::Wait> Routes::waits(OpId id, const Place& at) const {
  std::vector<Wait> waits;
  const Op& op = plan_.ops[id];
  for (const plan::Wait& w : plan_.waits_of(id)) wait_for(w.op, at, is_transfer(op), &waits);
  // Nothing is fetched for a task that is not mapped yet.
  if (is_transfer(op) && op.parent != plan::kNone) {
    for (const plan::Wait& w : plan_.waits_of(op.parent)) {
      if (w.mapping && w.op < id) wait_for(w.op, at, false, &waits);
    }
  }
  return waits;
}

}  // namespace mapwright::rank
