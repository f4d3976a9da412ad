// What `run` shows of an execution: at most a screenful, the largest first, the rest summed up.
#pragma once

#include <string>

#include "engine/critical_path.h"
#include "engine/summary.h"

namespace mapwright::report {

//! Rows of one table; what is left over becomes one more.
inline constexpr std::size_t kMostRows = 6;

//! Lines with their ends. Of an execution that did not fail.
std::string run_text(const engine::Execution& execution);

}  // namespace mapwright::report
