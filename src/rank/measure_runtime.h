// What our runtime takes for itself: programs whose kernels do nothing, executed as every other.
#pragma once

#include "engine/starpu/measurements.h"
#include "rank/peers.h"

namespace mapwright::rank {

//! Fills in what tasks and copies cost: within this process where it is alone, else between the first two.
void measure_runtime(Peers* peers, engine::starpu::Measurements* to);

}  // namespace mapwright::rank
