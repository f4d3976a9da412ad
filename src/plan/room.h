// What the memories hold, in program order. Instances take their bytes from the mapping of the task that they
// are made for, ahead of execution; where a memory is full, the mapping of the next task waits until earlier
// ones are over and what they collected is free again, as the runtime's deferred allocation does.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "plan/plan.h"

namespace mapwright::plan {

class Room {
 public:
  explicit Room(const Site& site);

  //! Takes room for an instance. Where it is short of it, collected instances are freed, the longest unused
  //! first, and then, if `unneeded` says so, such as hold nothing valid any more; each adds what its freeing
  //! waits for to `waits`. Instances that `op` itself uses stay. False: it does not fit.
  bool take(InstanceId id, const Instance& instance, std::vector<Wait>* waits,
            const std::function<bool(InstanceId)>& unneeded);
  //! An instance that may be freed once `last` is over, and is used by the next user of the same mapping
  //! meanwhile.
  void may_free(InstanceId id, OpId last);
  //! It may be freed as it was: what wanted it uses others.
  void give_back(InstanceId id);
  //! The instance is in use again.
  void keep(InstanceId id);
  //! Frees a collected instance whose last user is over by then anyway.
  void free(InstanceId id);
  bool holds(InstanceId id) const { return id < state_.size() && state_[id].held; }
  //! All ops so far are over: what may be freed is free.
  void free_all();

  std::int64_t available(MemoryId memory) const;
  //! The instances that were freed for lack of room since the last call, apart from collected ones.
  std::vector<InstanceId> take_removed();
  const std::vector<std::int64_t>& high_water() const { return high_water_; }
  //! After the ops from `begin` on were repeated `shift` ops later.
  void shift(OpId begin, OpId shift);

 private:
  struct State {
    MemoryId memory = 0;
    std::int64_t bytes = 0;
    bool held = false;
    bool free_able = false;  //!< from `last` on
    OpId last = kNone;
  };

  void release(InstanceId id);

  std::vector<std::int64_t> capacity_;
  std::vector<std::int64_t> used_;
  std::vector<std::int64_t> high_water_;
  std::vector<State> state_;  // by instance
  std::vector<std::deque<InstanceId>>
      free_able_;  // by memory, the longest unused first; may hold such as are not
  std::vector<std::vector<InstanceId>> permanent_;  // by memory, in the order of their making
  std::vector<InstanceId> removed_;
};

}  // namespace mapwright::plan
