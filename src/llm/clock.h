// Time, as far as calls depend on it: so that tests need not wait.
#pragma once

#include <chrono>
#include <functional>

namespace mapwright::llm {

using Seconds = std::chrono::duration<double>;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  //! Since some moment of the past; never goes back.
  virtual Seconds now() = 0;
  //! Since 1970-01-01 00:00 UTC, as the calendar has it.
  virtual Seconds calendar() = 0;
  //! Returns early where `cancelled` says so, which may be empty.
  virtual void sleep(Seconds time, const std::function<bool()>& cancelled) = 0;
  //! A number in [0, 1), another one each time, so that callers who were refused together do not come back
  //! together.
  virtual double chance() = 0;
};

//! The one of the system.
Clock& system_clock();

}  // namespace mapwright::llm
