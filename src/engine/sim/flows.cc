#include "engine/sim/flows.h"

#include <algorithm>
#include <limits>

#include "base/bug.h"

namespace mapwright::engine::sim {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// Shares this close are one level of the filling; rates this close are the same rate.
constexpr double kSame = 1e-12;

}  // namespace

ResourceId Flows::add_resource(double capacity) {
  resources_.emplace_back();
  resources_.back().capacity = capacity;
  return static_cast<ResourceId>(resources_.size() - 1);
}

void Flows::set_capacity(ResourceId resource, double capacity) {
  if (resources_[resource].capacity == capacity) return;
  resources_[resource].capacity = capacity;
  touch(resource);
}

void Flows::clear() {
  *this = Flows();
}

void Flows::touch(ResourceId r) {
  if (resources_[r].dirty) return;
  resources_[r].dirty = true;
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
    touch(r);
  }
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
    touch(f.resources[i]);
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
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    const ResourceId first = dirty_[i];
    if (!resources_[first].dirty) continue;
    // Everything that the change may reach.
    ++stamp_;
    component_.assign(1, first);
    resources_[first].stamp = stamp_;
    open_.clear();
    for (std::size_t c = 0; c < component_.size(); ++c) {
      Resource& r = resources_[component_[c]];
      r.dirty = false;
      r.left = r.capacity;
      r.open = static_cast<std::uint32_t>(r.members.size());
      for (const Member& m : r.members) {
        Flow& f = flows_[m.flow];
        if (f.stamp == stamp_) continue;
        f.stamp = stamp_;
        open_.push_back(m.flow);
        for (std::uint8_t k = 0; k < f.count; ++k) {
          Resource& other = resources_[f.resources[k]];
          if (other.stamp == stamp_) continue;
          other.stamp = stamp_;
          component_.push_back(f.resources[k]);
        }
      }
    }
    fill(now);
  }
  dirty_.clear();
}

// Rates of all flows in open_, whose resources are component_.
void Flows::fill(double now) {
  while (!open_.empty()) {
    double level = kNever;
    for (std::size_t i = 0; i < component_.size();) {
      const Resource& r = resources_[component_[i]];
      if (r.open == 0) {  // full, or nobody's
        component_[i] = component_.back();
        component_.pop_back();
        continue;
      }
      level = std::min(level, r.left / r.open);
      ++i;
    }
    for (const FlowId id : open_) level = std::min(level, flows_[id].cap);
    level = std::max(level, 0.0);
    const double full = level * (1 + kSame);
    // Those that stop at this level.
    ++stamp_;
    for (const ResourceId id : component_) {
      const Resource& r = resources_[id];
      if (r.left / r.open > full) continue;
      for (const Member& m : r.members) flows_[m.flow].stamp = stamp_;
    }
    std::size_t kept = 0;
    for (const FlowId id : open_) {
      Flow& f = flows_[id];
      if (f.stamp != stamp_ && f.cap > full) {
        open_[kept++] = id;
        continue;
      }
      for (std::uint8_t k = 0; k < f.count; ++k) {
        Resource& r = resources_[f.resources[k]];
        r.left -= level;
        --r.open;
      }
      set_rate(id, level, now);
    }
    open_.resize(kept);
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
