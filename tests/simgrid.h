// The transfers and tasks of a plan on SimGrid: another simulator's opinion of how long they take. SimGrid
// shares the bandwidth of links max-min fairly as well; that tasks run one at a time, in the order in which
// they become ready, is said here.
#pragma once

#include "plan/plan.h"

namespace mapwright::simgrid {

struct Outcome {
  double makespan = 0;      //!< seconds of simulated time
  double wall_seconds = 0;  //!< of the simulation itself, without making the platform
};

//! For plans that only have tasks and copies between the framebuffers of different nodes with one GPU each,
//! on machines without latencies. SimGrid's engine is one of its kind per process: it runs in a child.
Outcome run(const plan::Plan& plan, const std::vector<double>& task_seconds, double node_bandwidth);

}  // namespace mapwright::simgrid
