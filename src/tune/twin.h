// Tunes a model of the program instead of the program, and executes the best that it finds.
#pragma once

#include <memory>

#include "tune/strategy.h"

namespace mapwright::tune {

//! Predicted executions of one run, at most; fewer for programs of so many points that these would take
//! minutes.
inline constexpr std::int64_t kTwinTrials = 4000;

//! Needs Problem::twin.
std::unique_ptr<Strategy> make_twin(const Problem& problem);

}  // namespace mapwright::tune
