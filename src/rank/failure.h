// How a process says what went wrong before it ends: one line on standard error, "mapwright-failure CODE
// TEXT", which whoever started it looks for.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mapwright::rank {

//! Exit status of a process that said why.
inline constexpr int kFailed = 75;

//! What is no mistake of ours: said with its code where it is caught.
class Failed : public std::runtime_error {
 public:
  Failed(std::string code, const std::string& text) : std::runtime_error(text), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

//! Says it. Whole, also beside other processes.
void say_failure(std::string_view code, std::string_view text);

//! Says which signal ended this process and in which task, and ends it: invalid addresses, divisions by zero,
//! aborts. After libraries that have handlers of their own.
void report_crashes(int rank);

//! Ends this process when the limit is over, and says how far it was.
void end_after(std::chrono::milliseconds limit, std::function<std::string()> progress);

}  // namespace mapwright::rank
