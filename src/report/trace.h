// An execution as a timeline: the Chrome trace format (JSON object form) that Perfetto and chrome://tracing
// load.
//
// A process (pid) is a node, a thread (tid) a processor or a way that data takes from there; one more process
// shows the iterations. Events of one track never overlap, unless one lies within the other: where copies
// share a way, it has as many tracks as are under way at a time. Times are in microseconds, to the
// nanosecond.
#pragma once

#include <string>

#include "engine/execution.h"

namespace mapwright::report {

//! Of an execution that did not fail. Every task op of the plan is one "X" event with category "task" (an
//! inner task: "inner", until all that it launched is over); copies and folds have "copy" and "fold".
std::string chrome_trace(const engine::Profile& profile);

}  // namespace mapwright::report
