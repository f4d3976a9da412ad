// What `run` shows of an execution: at most a screenful, the largest first, the rest summed up.
#pragma once

#include <string>

#include "engine/critical_path.h"
#include "engine/summary.h"
#include "guide/guide.h"

namespace mapwright::report {

//! Rows of one table; what is left over becomes one more.
inline constexpr std::size_t kMostRows = 6;

//! Lines with their ends. Of an execution that did not fail.
std::string run_text(const program::Metric& metric, const engine::Execution& execution);

//! What to change, in the order of the findings: at most kMostFindings, with the share of the time where it
//! is known and, where the execution failed, with the edits. Empty where there is nothing.
inline constexpr std::size_t kMostFindings = 3;
std::string findings_text(const std::vector<guide::Finding>& findings, bool failed);

}  // namespace mapwright::report
