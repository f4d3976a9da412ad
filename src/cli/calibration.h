// Measures this computer.
#pragma once

#include "cli/console.h"
#include "machine/machine.h"

namespace mapwright::cli {

//! Measures. Throws Stop: Exit::unavailable where real execution was not built or MPI is not there,
//! Exit::failed where the measurement failed, Exit::interrupted.
machine::Machine calibrate_this_computer(const Console& console);

}  // namespace mapwright::cli
