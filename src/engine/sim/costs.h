// What the kernels of a plan cost on its machine.
#pragma once

#include "plan/plan.h"

namespace mapwright::engine::sim {

//! Where the time of one point task goes; seconds.
struct TaskCost {
  double launch = 0;      //!< until the kernel starts
  double arithmetic = 0;  //!< flops / rate
  double streaming = 0;   //!< of the memory that takes longest
  double scattered = 0;   //!< gathers
  double atomic = 0;

  double seconds() const { return launch + std::max(arithmetic, streaming) + scattered + atomic; }
};

TaskCost cost_of(const plan::Plan& plan, const plan::Mapping& mapping);

//! How many times the bytes of its fields a kernel moves because of the layout of an instance; at least 1. A
//! processor moves whole transactions (32-byte sectors on GPUs, 64-byte lines on CPUs): walking against the
//! order of the dimensions uses one field of each; interleaved fields that are not wanted come along.
double layout_factor(const program::Region& region, const plan::Instance& instance, program::FieldSet used,
                     const program::Variant& variant);

}  // namespace mapwright::engine::sim
