// How the executable ends, as in sysexits.
#pragma once

#include <cstdint>

namespace mapwright::cli {

enum class Exit : std::uint8_t {
  ok = 0,
  usage = 64,          // words on the command line that make no sense
  bad_mapper = 65,     // the mapper has errors
  no_input = 66,       // a file that is not there
  unavailable = 69,    // an engine or service that is not there
  bug = 70,            // our own mistake
  io = 74,             // a file that cannot be read or written
  failed = 75,         // the execution failed
  configuration = 78,  // a machine or program file with errors
  interrupted = 130,
};

}  // namespace mapwright::cli
