#include "plan/room.h"

#include <algorithm>

#include "base/bug.h"

namespace mapwright::plan {

Room::Room(const Site& site) {
  for (const Memory& m : site.memories()) capacity_.push_back(m.capacity);
  used_.resize(capacity_.size());
  high_water_.resize(capacity_.size());
  free_able_.resize(capacity_.size());
  permanent_.resize(capacity_.size());
}

bool Room::take(InstanceId id, const Instance& instance, std::vector<Wait>* waits,
                const std::function<bool(InstanceId)>& unneeded) {
  const MemoryId m = instance.memory;
  if (instance.bytes > capacity_[m]) return false;
  const auto fits = [&] { return instance.bytes <= capacity_[m] - used_[m]; };
  if (!fits()) {
    // Whether it can fit at all is found out before anything is freed for it.
    std::int64_t gain = 0;
    for (const InstanceId other : free_able_[m]) {
      if (state_[other].held && state_[other].free_able) gain += state_[other].bytes;
    }
    std::vector<InstanceId> lost;
    for (const InstanceId other : permanent_[m]) {
      if (instance.bytes <= capacity_[m] - used_[m] + gain) break;
      if (!state_[other].held || !unneeded(other)) continue;
      lost.push_back(other);
      gain += state_[other].bytes;
    }
    if (instance.bytes > capacity_[m] - used_[m] + gain) return false;
    while (!fits() && !free_able_[m].empty()) {
      const InstanceId other = free_able_[m].front();
      free_able_[m].pop_front();
      if (!state_[other].held || !state_[other].free_able) continue;
      if (state_[other].last != kNone) waits->push_back({state_[other].last, true});
      release(other);
    }
    for (const InstanceId other : lost) {
      if (fits()) break;
      if (state_[other].last != kNone) waits->push_back({state_[other].last, true});
      release(other);
      std::erase(permanent_[m], other);
      removed_.push_back(other);
    }
  }
  if (state_.size() <= id) state_.resize(id + 1);
  state_[id] = {m, instance.bytes, true, false, kNone};
  used_[m] += instance.bytes;
  high_water_[m] = std::max(high_water_[m], used_[m]);
  if (!instance.collected && !instance.reduction) permanent_[m].push_back(id);
  return true;
}

void Room::may_free(InstanceId id, OpId last) {
  State& s = state_[id];
  s.last = last;
  if (!s.free_able) free_able_[s.memory].push_back(id);
  s.free_able = true;
}

void Room::give_back(InstanceId id) {
  may_free(id, state_[id].last);
}

void Room::keep(InstanceId id) {
  State& s = state_[id];
  if (!s.free_able) return;
  s.free_able = false;
  std::erase(free_able_[s.memory], id);
}

void Room::free(InstanceId id) {
  if (!holds(id) || !state_[id].free_able) return;
  keep(id);
  release(id);
}

void Room::free_all() {
  for (std::deque<InstanceId>& list : free_able_) {
    for (const InstanceId id : list) {
      if (state_[id].held && state_[id].free_able) release(id);
    }
    list.clear();
  }
}

std::int64_t Room::available(MemoryId memory) const {
  return capacity_[memory] - used_[memory];
}

std::vector<InstanceId> Room::take_removed() {
  return std::exchange(removed_, {});
}

void Room::shift(OpId begin, OpId shift) {
  for (State& s : state_) {
    if (s.last != kNone && s.last >= begin) s.last += shift;
  }
}

void Room::release(InstanceId id) {
  State& s = state_[id];
  base::expects(s.held, "only what is held is freed");
  used_[s.memory] -= s.bytes;
  s.held = false;
  s.free_able = false;
}

}  // namespace mapwright::plan
