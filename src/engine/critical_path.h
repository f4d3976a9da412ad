// The chain of steps that the end of an execution waited for: making any of them faster, and nothing else,
// makes the program faster, until another chain is the longest.
#pragma once

#include <string>
#include <vector>

#include "engine/summary.h"

namespace mapwright::engine {

enum class StepKind : std::uint8_t {
  task,       //!< a kernel ran
  copy,       //!< data was on its way
  fold,       //!< reductions were
  future,     //!< the results of a launch were combined and sent to all nodes
  mapping,    //!< the runtime mapped tasks
  launching,  //!< an inner task launched others
  start,      //!< what the engine gives no cause for
};

//! All steps of one sort on the path.
struct PathPart {
  StepKind kind = StepKind::task;
  program::TaskId task = 0;  //!< of a task, a future (none: kNone), and what is launched
  machine::ProcessorKind on = machine::ProcessorKind::cpu;  //!< of a task
  //! Of a copy or fold, as Flow.
  program::PartitionId partition = 0;
  machine::MemoryKind from = machine::MemoryKind::sysmem;
  machine::MemoryKind to = machine::MemoryKind::sysmem;
  Way way = Way::within_memory;

  double seconds = 0;
  double share = 0;  //!< of the timed interval
  std::int64_t steps = 0;
};

//! From the last op of the timed iterations back to their beginning; the largest part first. The seconds add
//! up to the timed interval, the shares to 1.
std::vector<PathPart> critical_path(const Profile& profile);

//! "copies of ghost from FBMEM to FBMEM between nodes"
std::string words(const PathPart& part, const program::Program& program);

//! "same_node", as documents name it.
std::string_view name_of(Way way);
std::string_view name_of(StepKind kind);

}  // namespace mapwright::engine
