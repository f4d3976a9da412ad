// Where the time and the bytes of an execution went, as plain data. Everything counts the timed iterations
// only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/execution.h"

namespace mapwright::engine {

//! The calls of one task on one kind of processor.
struct TaskTime {
  program::TaskId task = 0;
  machine::ProcessorKind kind = machine::ProcessorKind::cpu;
  std::int64_t calls = 0;
  double busy = 0;   //!< seconds of all calls together
  double share = 0;  //!< busy / (timed interval x processors of that kind)
};

//! What the processors of one kind did, as shares of the timed interval.
struct KindTime {
  machine::ProcessorKind kind = machine::ProcessorKind::cpu;
  std::int64_t count = 0;
  std::int64_t used = 0;  //!< how many ran a task
  double busy = 0;        //!< of all of them; the rest is idle
  double least = 0;       //!< of the one that was busy the least, and the most
  double most = 0;
};

//! How far bytes went.
enum class Way : std::uint8_t { within_memory, same_node, between_nodes };

//! Bytes of one partition that went from memories of one kind to memories of another.
struct Flow {
  program::PartitionId partition = 0;  //!< copies: of the piece that was needed; folds: of the contributions
  bool fold = false;
  machine::MemoryKind from = machine::MemoryKind::sysmem;
  machine::MemoryKind to = machine::MemoryKind::sysmem;
  Way way = Way::within_memory;
  std::int64_t bytes = 0;
  std::int64_t count = 0;  //!< copies or folds
};

//! The memory of a kind that was filled the most.
struct MemoryPeak {
  plan::MemoryId memory = 0;
  std::int64_t high_water = 0;  //!< bytes
  std::int64_t used = 0;        //!< how many memories of the kind were used at all
};

struct Summary {
  double seconds = 0;              //!< the timed interval
  std::int64_t iterations = 0;     //!< timed
  double gflops_per_node = 0;      //!< 10^9 flop/s of the kernels, as the program states their work
  std::vector<TaskTime> tasks;     //!< by busy time, largest first
  std::vector<KindTime> kinds;     //!< of the site, those that ran something first, by busy share
  std::vector<Flow> flows;         //!< by bytes, largest first
  std::vector<MemoryPeak> memory;  //!< one for each kind that was used, in the order of reports
};

//! Of an execution that did not fail.
Summary summarize(const Execution& execution);

//! How far apart the memories of a copy or fold are.
Way way_between(const plan::Site& site, plan::MemoryId from, plan::MemoryId to);
//! The partition that a copy or fold is counted for (Flow::partition).
program::PartitionId partition_of(const plan::Plan& plan, const plan::Op& transfer);

//! Seconds that all iterations took until each of them was over, warm-up included: when the last op of it and
//! of all before it had ended.
std::vector<double> iteration_ends(const Profile& profile);

}  // namespace mapwright::engine
