// How long an execution would have taken if some of its ops had been faster, computed from what happened:
// "what if this copy vanished" is answered, not guessed.
//
// Ops start again when all that they waited for is over, in the order that their processors ran them; what
// the runtime did by itself - mapping one task after the other since the last fence - takes as long as it
// did. Links that become free do not make other copies faster, so that real gains may be larger; they are
// smaller where the order of tasks would have been another.
#pragma once

#include <functional>
#include <vector>

#include "engine/execution.h"

namespace mapwright::engine {

class WhatIf {
 public:
  //! Of an execution that did not fail; the profile outlives this.
  explicit WhatIf(const Profile& profile);

  //! Seconds of the timed interval if op i had taken seconds(i, what it took) instead, and had not waited for
  //! what `waits` denies. One look at all ops and waits.
  using Seconds = std::function<double(plan::OpId, double)>;
  using Waits = std::function<bool(plan::OpId, const plan::Wait&)>;
  double operator()(const Seconds& seconds, const Waits& waits = {}) const;
  //! What it took as it was: the timed interval, up to what rounding does.
  double before() const { return before_; }

 private:
  // When an op starts: after the last of what it waits for, and after the last fence.
  struct Start {
    double lag = 0;
    double after_fence = 0;
  };

  template <class Visit>
  void for_each_wait(plan::OpId i, const Waits& waits, Visit&& visit) const;

  const Profile& profile_;
  std::vector<plan::OpId> order_;         // by start
  std::vector<plan::OpId> on_processor_;  // the task that ran there before, of each op
  std::vector<Start> starts_;
  double before_ = 0;
};

}  // namespace mapwright::engine
