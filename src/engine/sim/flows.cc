#include "engine/sim/flows.h"

#include <algorithm>
#include <limits>

#include "base/bug.h"

namespace mapwright::engine::sim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// Shares this close are one level of the filling; rates this close are the same rate.
constexpr double kSame = 1e-12;
// Beyond what rounding moves a level by.
constexpr double kBelow = 1 - 1e-9;
constexpr ResourceId kNowhere = 0xFFFFFFFF;

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
  f.end = kNever;
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
  heap_.push_back(id);
  place(heap_.size() - 1, id);
  if (f.count == 0) set_rate(id, cap, now);
}

void Flows::remove(FlowId id) {
  Flow& f = flows_[id];
  for (std::uint8_t i = 0; i < f.count; ++i) {
    std::vector<Member>& members = resources_[f.resources[i]].members;
    const Member last = members.back();
    members[f.places[i]] = last;
    flows_[last.flow].places[last.slot] = f.places[i];
    members.pop_back();
    touch(f.resources[i], f.rate);
  }
  const std::size_t at = f.heap;
  const FlowId last = heap_.back();
  heap_.pop_back();
  if (last != id) {
    place(at, last);
    sift_up(at);
    sift_down(flows_[last].heap);
  }
  unused_.push_back(id);
}

void Flows::settle(double now) {
  if (dirty_.empty()) return;
  // From the lowest level up: what a change reaches is found anew with it.
  std::ranges::sort(dirty_, [&](ResourceId a, ResourceId b) {
    return resources_[a].level != resources_[b].level ? resources_[a].level < resources_[b].level : a < b;
  });
  for (const ResourceId r : dirty_) {
    if (resources_[r].dirty) search(r, now);
  }
  dirty_.clear();
}

void Flows::search(ResourceId first, double now) {
  ++stamp_;
  touched_.clear();
  open_.clear();
  const double level = resources_[first].level;
  resources_[first].touched = stamp_;
  touched_.push_back(first);
  expand(first, level);
  for (bool grew = true; grew;) {
    fill();
    grew = false;
    found_ = touched_;  // expanding touches more
    for (const ResourceId id : found_) {
      const Resource& r = resources_[id];
      // Where another change waits, both are one: the higher level would no longer hold.
      if (r.expanded == stamp_ || (!r.dirty && !spreads(id, level))) continue;
      expand(id, level);
      grew = true;
    }
  }
  for (const FlowId id : open_) set_rate(id, flows_[id].next, now);
}

// Opens all flows of a resource but those that stop below the level that is in question.
void Flows::expand(ResourceId id, double level) {
  Resource& r = resources_[id];
  r.expanded = stamp_;
  r.dirty = false;
  for (const Member& m : r.members) {
    Flow& f = flows_[m.flow];
    if (f.stamp == stamp_ || (f.rate > 0 && f.rate < level * kBelow)) continue;
    f.stamp = stamp_;
    open_.push_back(m.flow);
    for (std::uint8_t k = 0; k < f.count; ++k) {
      Resource& other = resources_[f.resources[k]];
      if (other.touched == stamp_) continue;
      other.touched = stamp_;
      touched_.push_back(f.resources[k]);
    }
  }
}

// Whether the flows of a resource that are not open have to be: rates changed on it, and it was full or is;
// or it stopped an open flow that others there are faster than.
bool Flows::spreads(ResourceId id, double level) const {
  const Resource& r = resources_[id];
  double before = 0;
  double after = 0;
  double fastest = 0;       // of the others
  double stopped = kNever;  // the slowest that stopped here
  bool changed = false;
  for (const Member& m : r.members) {
    const Flow& f = flows_[m.flow];
    before += f.rate;
    if (f.stamp == stamp_) {
      after += f.next;
      changed = changed || std::abs(f.next - f.rate) > kSame * f.next;
      if (f.stopped_at == id) stopped = std::min(stopped, f.next);
    } else {
      after += f.rate;
      if (f.rate >= level * kBelow) fastest = std::max(fastest, f.rate);
    }
  }
  if (fastest == 0) return false;
  return (changed && std::max(before, after) >= r.capacity * kBelow) || stopped < fastest * kBelow;
}

void Flows::fill() {
  ++round_;
  full_.clear();
  for (const ResourceId id : touched_) {
    Resource& r = resources_[id];
    r.left = r.capacity;
    r.open = 0;
    for (const Member& m : r.members) {
      const Flow& f = flows_[m.flow];
      if (f.stamp == stamp_) {
        ++r.open;
      } else {
        r.left -= f.rate;
      }
    }
    if (r.open > 0) full_.push_back({r.left / r.open, id, false});
  }
  for (const FlowId id : open_) {
    if (flows_[id].cap != kNever) full_.push_back({flows_[id].cap, id, true});
  }
  std::ranges::make_heap(full_, Later());
  std::size_t left = open_.size();
  while (left > 0) {
    std::ranges::pop_heap(full_, Later());
    Full& next = full_.back();
    if (next.flow) {
      if (flows_[next.id].round != round_) {
        stop(next.id, next.level, kNowhere);
        --left;
      }
      full_.pop_back();
      continue;
    }
    const ResourceId id = next.id;
    Resource& r = resources_[id];
    if (r.open == 0) {
      full_.pop_back();
      continue;
    }
    // Flows that stopped elsewhere left more for the others.
    const double share = std::max(r.left / r.open, r.capacity * kSame);
    if (share > next.level * (1 + kSame) && share > r.capacity * kSame) {
      next.level = share;
      std::ranges::push_heap(full_, Later());
      continue;
    }
    full_.pop_back();
    for (const Member& m : r.members) {
      const Flow& f = flows_[m.flow];
      if (f.stamp != stamp_ || f.round == round_) continue;
      stop(m.flow, share, id);
      --left;
    }
  }
}

void Flows::stop(FlowId id, double level, ResourceId at) {
  Flow& f = flows_[id];
  f.stopped_at = at;
  f.round = round_;
  f.next = level;
  for (std::uint8_t k = 0; k < f.count; ++k) {
    Resource& r = resources_[f.resources[k]];
    r.left -= level;
    --r.open;
  }
}

void Flows::set_rate(FlowId id, double rate, double now) {
  Flow& f = flows_[id];
  if (std::abs(rate - f.rate) <= kSame * rate && f.rate > 0) return;
  f.remaining = std::max(0.0, f.remaining - f.rate * (now - f.since));
  f.since = now;
  f.rate = rate;
  f.end = rate > 0 ? now + f.remaining / rate : kNever;
  sift_up(f.heap);
  sift_down(f.heap);
}

double Flows::rate(std::uint32_t owner) const {
  for (const FlowId id : heap_) {
    if (flows_[id].owner == owner) return flows_[id].rate;
  }
  return 0;
}

double Flows::next() {
  return heap_.empty() ? kNever : flows_[heap_.front()].end;
}

bool Flows::finish(double now, std::uint32_t* owner, double* when) {
  if (heap_.empty() || flows_[heap_.front()].end > now) return false;
  const FlowId id = heap_.front();
  *owner = flows_[id].owner;
  *when = flows_[id].end;
  remove(id);
  return true;
}

// Ties by owner, so that the order does not depend on what ran before.
bool Flows::earlier(FlowId a, FlowId b) const {
  return flows_[a].end != flows_[b].end ? flows_[a].end < flows_[b].end : flows_[a].owner < flows_[b].owner;
}

void Flows::place(std::size_t at, FlowId id) {
  heap_[at] = id;
  flows_[id].heap = static_cast<std::uint32_t>(at);
}

void Flows::sift_up(std::size_t at) {
  const FlowId id = heap_[at];
  while (at > 0) {
    const std::size_t up = (at - 1) / 2;
    if (!earlier(id, heap_[up])) break;
    place(at, heap_[up]);
    at = up;
  }
  place(at, id);
}

void Flows::sift_down(std::size_t at) {
  const FlowId id = heap_[at];
  for (;;) {
    std::size_t down = 2 * at + 1;
    if (down >= heap_.size()) break;
    if (down + 1 < heap_.size() && earlier(heap_[down + 1], heap_[down])) ++down;
    if (!earlier(heap_[down], id)) break;
    place(at, heap_[down]);
    at = down;
  }
  place(at, id);
}

}  // namespace mapwright::engine::sim
