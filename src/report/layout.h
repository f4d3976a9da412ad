// Where a plan puts things, as plain data: the processor of every point, and the memory of every piece.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace mapwright::report {

//! One or several launches whose points run on the same processors.
struct LaunchPicture {
  program::TaskId task = 0;
  machine::ProcessorKind kind = machine::ProcessorKind::cpu;
  //! Of the index launches; for single launches 0 .. their number - 1.
  lang::Domain domain;
  bool single = false;
  bool inner = false;             //!< the task only launches others
  std::int64_t launches = 0;      //!< how many
  std::vector<lang::Slot> slots;  //!< as mappers name them, in the order of Domain::next
};

//! In program order. Launches of one task are told apart by their domains and places only; single launches of
//! one task make one picture, in which they stand in program order.
std::vector<LaunchPicture> launch_pictures(const plan::Plan& plan);

//! Where the last task of the loop that worked on a piece left it; of what the loop does not use, the last
//! task of all. Instances that are freed after their task count only where there is no other, and
//! contributions to a piece only where no task has it itself.
struct Home {
  plan::MemoryId memory = plan::kNone;  //!< none: no task uses the piece
  bool sums = false;                    //!< only contributions are held there
  bool collected = false;               //!< and freed after the task
  std::vector<plan::MemoryId> others;   //!< further memories in which tasks had it, ascending
};

struct PartitionPicture {
  program::PartitionId partition = 0;
  std::vector<Home> homes;                 //!< of each piece
  machine::PerMemory<std::int64_t> bytes;  //!< of the instances that these tasks used
};

//! Of the partitions that tasks use.
std::vector<PartitionPicture> partition_pictures(const plan::Plan& plan);

}  // namespace mapwright::report
