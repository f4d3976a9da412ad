// How a process says what went wrong before it ends: one line on standard error, "mapwright-failure CODE
// TEXT", which whoever started it looks for.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace mapwright::rank {

//! Exit status of a process that said why.
inline constexpr int kFailed = 75;

//! Says it. Whole, also beside other processes.
void say_failure(std::string_view code, std::string_view text);

//! Says it and ends this process; a launcher then ends the others.
[[noreturn]] void fail(std::string_view code, std::string_view text);

//! Says which signal ended this process and in which task, and ends it: invalid addresses, divisions by zero,
//! aborts. After libraries that have handlers of their own.
void report_crashes(int rank);

//! Ends this process when the limit is over, and says how far it was.
void end_after(std::chrono::milliseconds limit, std::function<std::string()> progress);

}  // namespace mapwright::rank
