// Our own mistakes, kept apart from the user's: a Bug ends the process with exit code 70.
#pragma once

#include <source_location>
#include <stdexcept>

namespace mapwright::base {

class Bug : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void bug(const char* what, std::source_location where = std::source_location::current());

//! Checked in every build: what it guards is cheap beside what it prevents.
inline void expects(bool holds, const char* what,
                    std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    bug(what, where);
  }
}

}  // namespace mapwright::base
