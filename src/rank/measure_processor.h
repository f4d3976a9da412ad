// What the cores and the memory of this computer reach, without any runtime.
#pragma once

#include <cstdint>

#include "engine/starpu/measurements.h"

namespace mapwright::rank {

//! Fills in what so many processors, a thread each, reach at the same time, and one of them alone.
void measure_processors(std::int64_t processors, engine::starpu::Measurements* to);

}  // namespace mapwright::rank
