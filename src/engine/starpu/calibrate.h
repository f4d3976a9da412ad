// This computer as a machine whose figures were measured with what executes programs here, so that the
// simulator predicts what this engine does.
#pragma once

#include <cstdint>
#include <variant>

#include "engine/starpu/measurements.h"
#include "engine/starpu/starpu.h"
#include "machine/machine.h"

namespace mapwright::engine::starpu {

//! Measures, in two short runs: one process, and two that the launcher starts. settings.limit holds for both
//! together; devices, poison and fault do not matter. `stand_ins`: GPU processors, which are cores here
//! (machine::with_stand_ins), at least 1.
std::variant<machine::Machine, plan::Failure> calibrate(const Settings& settings, std::int64_t stand_ins);

//! As many GPU processors as there are cores, where StarPU has a worker for each.
std::int64_t usual_stand_ins();

//! This computer without GPUs of its own, which no execution uses, with those stand-ins and these figures.
//! Every processor is one core, OMP processors too: an execution gives each a worker. `between`: of two
//! processes.
machine::Machine calibrated(const Measurements& alone, const Measurements& between, std::int64_t stand_ins);

}  // namespace mapwright::engine::starpu
