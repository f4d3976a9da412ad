// The model of an application, from one execution of it: what it launches, on which pieces of which data, and
// how long its tasks take. Names are the application's, so that mappers for the model are mappers for it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "discover/observation.h"
#include "machine/machine.h"
#include "program/program.h"

namespace mapwright::discover {

//! What the application's runtime had on each of its nodes.
struct Resources {
  machine::PerProcessor<std::int64_t> processors;
  machine::PerMemory<std::int64_t> memories;  //!< bytes of one of them; 0 = there is none
};

//! `machine` with so many processors and so much memory: as many sockets, the same figures. Kinds that the
//! machine does not have stay away, and a note says so.
machine::Machine machine_for(machine::Machine machine, const Resources& had, std::vector<std::string>* notes);

//! What stands between two repetitions is the loop; of several that would do, the one that covers the most
//! launches. The first repetition warms up, and at most kIterations others are simulated. A task's operations
//! are those that the processor of the kind on which it ran does in the median of its measured times on each
//! point; where memory alone would take longer than that, it streams so much less. Points of a launch that
//! were not mapped have empty pieces and take no time.
//!
//! Not seen, and noted: which launches wait for whose results, and what tasks look at by inline mappings.
base::Result<program::Program> discover(const std::string& name, const Observation& seen,
                                        const machine::Machine& machine);

inline constexpr std::int64_t kIterations = 4;

}  // namespace mapwright::discover
