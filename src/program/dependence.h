// The sequential order of a program's point tasks, and which of them truly need earlier ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "program/atoms.h"
#include "program/program.h"

namespace mapwright::program {

using StepId = std::uint32_t;  //!< index into Sequence::steps
inline constexpr StepId kNoStep = 0xFFFFFFFF;

//! A point of a launch: one task.
struct Step {
  LaunchId launch = 0;
  std::uint32_t position = 0;  //!< of the point, in the order of Domain::next
  StepId parent = kNoStep;     //!< the task that launches it; none: the top-level task
  StepId end = 0;              //!< one behind the last task below it; the next one where there is none

  friend bool operator==(const Step&, const Step&) = default;
};

//! All points of a program in its sequential order: launch after launch, point after point, and behind each
//! point of an inner task everything below it before the next point. The loop's body stands there once.
struct Sequence {
  std::vector<Step> steps;
  StepId loop_begin = 0;
  StepId loop_end = 0;
  std::vector<StepId> at;            //!< the steps by launch, and by position in each
  std::vector<std::uint32_t> first;  //!< where a launch begins in `at`; one more than there are launches

  StepId step(LaunchId launch, std::int64_t position) const {
    return at[first[launch] + static_cast<std::size_t>(position)];
  }
};

//! Of a valid program.
Sequence sequence(const Program& program);

//! What each task of a run has to wait for: set-up, the loop's body several times, and what comes after it.
//! Two tasks depend on each other where they touch the same element and field, unless both read it or both
//! sum into it (sums commute), and where one needs the other's future. Waiting for an inner task means
//! waiting for all below it; what the tree of tasks implies by itself - nothing begins before its parent does
//! - is not repeated. Inner tasks and Privilege::none touch nothing.
class Dependences {
 public:
  using TaskIndex = std::uint32_t;

  //! `atoms` are those of the program, which is valid; `iterations` of its loop, none or more. Fails where
  //! there are more than kMost tasks, dependences, or tasks to remember for all parts of regions together.
  static base::Result<Dependences> of(const Program& program, const Atoms& atoms, std::int64_t iterations);

  std::size_t tasks() const { return begins_.size() - 1; }
  const Sequence& sequence() const { return sequence_; }
  //! Which step of the sequence a task is.
  StepId step(TaskIndex task) const;
  //! The iteration of a task; -1 before the loop, the number of iterations behind it.
  std::int64_t iteration(TaskIndex task) const;
  //! The task that is this step; `iteration` matters for those of the loop only.
  TaskIndex task(StepId step, std::int64_t iteration = 0) const;

  //! What a task depends on and what is not implied already for the same element and field: of three tasks
  //! that write one element, the third names the second only. Ascending.
  std::span<const TaskIndex> earlier(TaskIndex task) const {
    return {earlier_.data() + begins_[task], begins_[task + 1] - begins_[task]};
  }

  static constexpr std::size_t kMost = std::size_t{1} << 27;

 private:
  Sequence sequence_;
  std::int64_t iterations_ = 0;
  std::vector<TaskIndex> earlier_;
  std::vector<std::size_t> begins_{0};
};

}  // namespace mapwright::program
