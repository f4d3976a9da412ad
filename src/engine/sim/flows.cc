#include "engine/sim/flows.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "base/bug.h"

namespace mapwright::engine::sim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// Shares this close are one level of the filling; rates this close are the same rate.
constexpr double kSame = 1e-12;
// Beyond what rounding moves a level by.
constexpr double kBelow = 1 - 1e-9;
constexpr std::size_t kFew = 16;

}  // namespace

ResourceId Flows::add_resource(double capacity) {
  resources_.emplace_back();
  resources_.back().capacity = capacity;
  return static_cast<ResourceId>(resources_.size() - 1);
}

void Flows::set_capacity(ResourceId resource, double capacity) {
  if (resources_[resource].capacity == capacity) return;
  resources_[resource].capacity = capacity;
  touch(resource, 0);
}

void Flows::clear() {
  *this = Flows();
}

void Flows::touch(ResourceId r, double level) {
  Resource& resource = resources_[r];
  resource.level = resource.dirty ? std::min(resource.level, level) : level;
  if (resource.dirty) return;
  resource.dirty = true;
  dirty_.push_back(r);
}

void Flows::start(double now, std::uint32_t owner, double bytes, std::span<const ResourceId> resources,
                  double cap) {
  base::expects(resources.size() <= kMostResources, "a path has few resources");
  FlowId id = 0;
  if (unused_.empty()) {
    id = static_cast<FlowId>(flows_.size());
    flows_.emplace_back();
  } else {
    id = unused_.back();
    unused_.pop_back();
  }
  Flow& f = flows_[id];
  f.remaining = bytes;
  f.rate = 0;
  f.since = now;
  f.cap = cap;
  f.owner = owner;
  f.count = static_cast<std::uint8_t>(resources.size());
  for (std::uint8_t i = 0; i < f.count; ++i) {
    const ResourceId r = resources[i];
    f.resources[i] = r;
    f.places[i] = static_cast<std::uint32_t>(resources_[r].members.size());
    resources_[r].members.push_back({id, i});
  }
  double level = cap;
  for (const ResourceId r : resources) {
    level = std::min(level, resources_[r].capacity / static_cast<double>(resources_[r].members.size()));
  }
  for (const ResourceId r : resources) touch(r, level);
  heap_.emplace_back();
  sift(heap_.size() - 1, {kNever, owner, id});
  if (f.count == 0) set_rate(id, cap, now);
}

void Flows::remove(FlowId id) {
  Flow& f = flows_[id];
  for (std::uint8_t i = 0; i < f.count; ++i) {
    Resource& r = resources_[f.resources[i]];
    const Member last = r.members.back();
    r.members[f.places[i]] = last;
    flows_[last.flow].places[last.slot] = f.places[i];
    r.members.pop_back();
    // Where there was room before, the others do not become faster.
    if (r.used >= r.capacity * kBelow) touch(f.resources[i], f.rate);
    r.used = r.members.empty() ? 0 : r.used - f.rate;
  }
  const std::size_t at = f.heap;
  const Next last = heap_.back();
  heap_.pop_back();
  if (last.flow != id) sift(at, last);
  unused_.push_back(id);
}

void Flows::settle(double now) {
  if (dirty_.empty()) return;
  // From the lowest level up: what a change reaches is found anew with it.
  if (dirty_.size() > 1) {
    std::ranges::sort(dirty_, [&](ResourceId a, ResourceId b) {
      return resources_[a].level != resources_[b].level ? resources_[a].level < resources_[b].level : a < b;
    });
  }
  for (const ResourceId r : dirty_) {
    if (resources_[r].dirty) search(r, now);
  }
  dirty_.clear();
}

void Flows::search(ResourceId first, double now) {
  ++stamp_;
  reached_.clear();
  open_.clear();
  capped_ = false;
  const double level = resources_[first].level;
  reach(first);
  expand(0, level);
  for (std::size_t known = 1;;) {
    // Where another change waits, both are one: the higher level would no longer hold.
    for (; known < reached_.size(); ++known) {
      if (resources_[reached_[known].id].dirty) expand(known, level);
    }
    fill();
    bool grew = false;
    for (std::size_t i = 0; i < known; ++i) {  // expanding reaches more
      if (reached_[i].expanded || !spreads(reached_[i], level)) continue;
      expand(i, level);
      grew = true;
    }
    if (!grew) break;
  }
  for (const Open& f : open_) set_rate(f.id, f.rate, now);
}

// Where a resource stands in reached_.
std::uint32_t Flows::reach(ResourceId id) {
  Resource& r = resources_[id];
  if (r.stamp != stamp_) {
    r.stamp = stamp_;
    r.reached = static_cast<std::uint32_t>(reached_.size());
    Reached& reached = reached_.emplace_back();
    reached.id = id;
    reached.members = static_cast<std::uint32_t>(r.members.size());
    reached.capacity = r.capacity;
    reached.used = r.used;
    reached.rest = r.capacity - r.used;
  }
  return r.reached;
}

// Opens all flows of a resource but those that stop below the level that is in question.
void Flows::expand(std::size_t at, double level) {
  reached_[at].expanded = true;
  Resource& resource = resources_[reached_[at].id];
  resource.dirty = false;
  for (const Member& m : resource.members) {
    Flow& f = flows_[m.flow];
    if (f.stamp == stamp_ || (f.rate > 0 && f.rate < level * kBelow)) continue;
    f.stamp = stamp_;
    const auto id = static_cast<std::uint32_t>(open_.size());
    open_.push_back({m.flow, f.rate, f.cap, 0, false});
    capped_ = capped_ || f.cap != kNever;
    for (std::uint8_t k = 0; k < f.count; ++k) {
      Reached& r = reached_[reach(f.resources[k])];
      f.next[k] = r.first;
      r.first = {id, k};
      ++r.opened;
      r.rest += f.rate;
    }
  }
}

// Whether the flows of a resource that are not open have to be: rates changed on it, and it was full or is;
// or it stopped an open flow that others there are faster than.
bool Flows::spreads(const Reached& r, double level) const {
  if (r.opened == r.members) return false;
  const bool full = r.changed && std::max(r.used, r.capacity - r.left) >= r.capacity * kBelow;
  if (!full && r.stopped == kNever) return false;
  double fastest = 0;  // of the others
  for (const Member& m : resources_[r.id].members) {
    const Flow& f = flows_[m.flow];
    if (f.stamp != stamp_ && f.rate >= level * kBelow) fastest = std::max(fastest, f.rate);
  }
  return fastest > 0 && (full || r.stopped < fastest * kBelow);
}

// Each round stops the flows of what is full first.
void Flows::fill() {
  for (Reached& r : reached_) {
    r.open = r.opened;
    r.left = r.opened == r.members ? r.capacity : r.rest;
    r.changed = false;
    r.stopped = kNever;
    r.find_share();
  }
  for (Open& f : open_) f.growing = true;
  order_.clear();
  if (reached_.size() > kFew) {
    for (std::uint32_t i = 0; i < reached_.size(); ++i) order_.emplace_back(reached_[i].share, i);
    std::ranges::make_heap(order_, std::greater<>());
  }
  for (std::size_t left = open_.size(); left > 0;) {
    Reached* full = first_full();
    double level = full->share;
    if (capped_) {
      Open* slowest = nullptr;
      for (Open& f : open_) {
        if (!f.growing || f.cap > level) continue;
        level = f.cap;
        slowest = &f;
      }
      if (slowest != nullptr) {
        stop(slowest, level);
        --left;
        continue;
      }
    }
    full->stopped = level;
    for (Slot s = full->first; s.open != kNobody; s = flows_[open_[s.open].id].next[s.slot]) {
      if (!open_[s.open].growing) continue;
      stop(&open_[s.open], level);
      --left;
    }
  }
}

// The resource with the lowest share. Nearly always there are few, and looking at all of them is faster than
// keeping them in order.
Flows::Reached* Flows::first_full() {
  if (order_.empty()) {
    return &*std::ranges::min_element(reached_, {}, &Reached::share);
  }
  for (;;) {
    // Shares only grow while flows stop.
    const auto [level, id] = order_.front();
    if (reached_[id].share <= level) return &reached_[id];
    std::ranges::pop_heap(order_, std::greater<>());
    order_.back().first = reached_[id].share;
    std::ranges::push_heap(order_, std::greater<>());
  }
}

void Flows::stop(Open* flow, double level) {
  flow->growing = false;
  flow->rate = level;
  const bool changed = std::abs(level - flow->before) > kSame * level;
  const Flow& f = flows_[flow->id];
  for (std::uint8_t k = 0; k < f.count; ++k) {
    Reached& r = reached_[resources_[f.resources[k]].reached];
    r.left -= level;
    --r.open;
    r.changed |= changed;
    r.find_share();
  }
}

// The level at which what is left is used up; rounding must not make it nothing.
void Flows::Reached::find_share() {
  share = open == 0 ? kNever : std::max(left / open, capacity * kSame);
}

void Flows::set_rate(FlowId id, double rate, double now) {
  Flow& f = flows_[id];
  if (std::abs(rate - f.rate) <= kSame * rate && f.rate > 0) return;
  for (std::uint8_t k = 0; k < f.count; ++k) resources_[f.resources[k]].used += rate - f.rate;
  f.remaining = std::max(0.0, f.remaining - f.rate * (now - f.since));
  f.since = now;
  f.rate = rate;
  sift(f.heap, {rate > 0 ? now + f.remaining / rate : kNever, f.owner, id});
}

double Flows::rate(std::uint32_t owner) const {
  for (const Next& n : heap_) {
    if (n.owner == owner) return flows_[n.flow].rate;
  }
  return 0;
}

double Flows::next() {
  return heap_.empty() ? kNever : heap_.front().end;
}

bool Flows::finish(double now, std::uint32_t* owner, double* when) {
  if (heap_.empty() || heap_.front().end > now) return false;
  *owner = heap_.front().owner;
  *when = heap_.front().end;
  remove(heap_.front().flow);
  return true;
}

void Flows::place(std::size_t at, const Next& next) {
  heap_[at] = next;
  flows_[next.flow].heap = static_cast<std::uint32_t>(at);
}

// Puts a flow into the heap from a place that is free.
void Flows::sift(std::size_t at, const Next& next) {
  while (at > 0 && next < heap_[(at - 1) / 2]) {
    place(at, heap_[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  for (std::size_t down = 2 * at + 1; down < heap_.size(); down = 2 * at + 1) {
    if (down + 1 < heap_.size() && heap_[down + 1] < heap_[down]) ++down;
    if (!(heap_[down] < next)) break;
    place(at, heap_[down]);
    at = down;
  }
  place(at, next);
}

}  // namespace mapwright::engine::sim
