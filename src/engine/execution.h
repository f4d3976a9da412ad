// What an execution said: how long it took, where the time and the bytes went, or why it failed. A failed
// execution is a value, and carries all that guidance needs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace mapwright::engine {

//! Bytes that copies and folds moved, summed over the timed iterations.
struct Traffic {
  std::int64_t local = 0;       //!< within a memory
  std::int64_t intra_node = 0;  //!< between memories of one node
  std::int64_t inter_node = 0;  //!< between nodes
  std::int64_t inter_rank =
      0;  //!< between processes: all of inter_node, and between framebuffers of different ranks
  std::int64_t host_device = 0;  //!< the part of intra_node between host memory and a framebuffer
};

//! What made an op start when it did.
enum class Cause : std::uint8_t {
  none,       //!< the beginning
  data,       //!< the end of an op that it waits for
  mapping,    //!< the runtime had not mapped it before
  processor,  //!< its processor was busy with `by`
  request,    //!< its request stood behind data that was on its way
};

//! When an op ran, in seconds from the start of the execution.
struct Span {
  double start = 0;
  double end = 0;
  plan::OpId by = plan::kNone;  //!< the op whose end or start released it
  Cause cause = Cause::none;
};

//! Everything that happened, by op of the plan.
struct Profile {
  std::shared_ptr<const plan::Plan> plan;
  std::vector<Span> spans;
  double timed_begin = 0;  //!< the end of the last warm-up iteration
  double timed_end = 0;
};

//! What a runtime counted by itself, over all of a run: set-up, warm-up and what comes after the loop as
//! well, without verification.
struct Counted {
  std::int64_t between_ranks = 0;  //!< bytes of messages between processes
  std::int64_t to_devices = 0;     //!< bytes over buses, and back
  std::int64_t from_devices = 0;
};

//! What a real execution has beside a prediction.
struct Measured {
  Counted counted;
  Counted planned;           //!< the same by the plan
  std::int64_t checked = 0;  //!< elements of the answer that were verified
  std::int64_t workers = 0;  //!< threads that ran kernels, of the process with the most
};

//! Failures that say nothing about the mapper: somebody ended the execution, or it could not begin.
inline constexpr std::string_view kCancelled = "cancelled";
inline constexpr std::string_view kNotStarted = "not_started";

struct Execution {
  std::optional<plan::Failure> failure;  //!< then nothing of the rest is there
  double seconds_per_iteration = 0;
  double metric = 0;  //!< program::Metric::value of it
  Traffic traffic;
  std::vector<plan::MemoryUse> memory;
  Profile profile;
  std::optional<Measured> measured;  //!< of a real execution
  //! All but the metric is what a model of the program predicts, which the engine does not see.
  bool modelled = false;
};

//! An execution of a plan, from when its ops ran: the metric, and the traffic and the memory of the plan.
Execution executed(std::shared_ptr<const plan::Plan> plan, std::vector<Span> spans);

}  // namespace mapwright::engine
