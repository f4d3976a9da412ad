// What tests plant into an execution, to see that it is noticed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mapwright::rank {

struct Fault {
  enum class Kind : std::uint8_t {
    none,
    crash,  //!< a task dies of an invalid address
    hang,   //!< a task never ends
    exit,   //!< a process leaves without a word
    wrong,  //!< a task's first written element is changed
    extra,  //!< every message between processes, or to a device, carries one byte more
  };
  Kind kind = Kind::none;
  int rank = 0;      //!< the process that has it
  std::string task;  //!< whose first point at that process has it; of no matter to `extra`

  //! "crash:1:stencil". Nothing else is known here.
  static Fault parse(std::string_view text);
};

}  // namespace mapwright::rank
