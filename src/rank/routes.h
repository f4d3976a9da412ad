// Which process executes which end of which op, and which ends wait for which others.
//
// Tasks run at the process of their processor. A copy or fold within a memory of a device, or between
// memories of the host, has one end; all others have two: one packs the source and sends, the other receives
// and unpacks at the destination. What an end waits for at its own process is a dependency there; of what is
// over elsewhere, and is not implied by data that arrives, it is told by a token.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plan/plan.h"

namespace mapwright::rank {

enum class End : std::uint8_t { main, sending };

//! An end of an op, at a process.
struct Place {
  End end = End::main;
  int rank = 0;
};

class Routes {
 public:
  //! `devices`: framebuffers are no part of the host's memory.
  Routes(const plan::Plan& plan, bool devices);

  //! None of futures and fences, which belong to all processes. The main end comes first.
  std::vector<Place> ends(plan::OpId id) const;

  struct Wait {
    plan::OpId op = 0;
    End end = End::main;
    bool told = false;  //!< by a token: it is over at another process
    int rank = 0;       //!< that tells
  };
  //! What an end waits for. Futures are waited for everywhere.
  std::vector<Wait> waits(plan::OpId id, const Place& at) const;

  //! The future that a task gives to; plan::kNone for most.
  plan::OpId future_of(plan::OpId task) const { return future_of_[task]; }
  //! The processes that have to be told when the main end of an op is over.
  const std::vector<int>& told(plan::OpId op) const;

 private:
  void wait_for(plan::OpId waited, const Place& at, bool data, std::vector<Wait>* waits) const;
  const plan::Memory& memory_of(plan::InstanceId instance) const;
  bool packed(const plan::Op& op) const;

  const plan::Plan& plan_;
  bool devices_;
  std::vector<plan::OpId> future_of_;
  std::vector<std::pair<plan::OpId, std::vector<int>>> told_;  // by op
};

}  // namespace mapwright::rank
