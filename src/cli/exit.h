// How the executable ends, as in sysexits.
#pragma once

namespace mapwright::cli {

enum Exit : int {
  kOk = 0,
  kUsage = 64,          // words on the command line that make no sense
  kBadMapper = 65,      // the mapper has errors
  kNoInput = 66,        // a file that is not there
  kUnavailable = 69,    // an engine or service that is not there
  kBug = 70,            // our own mistake
  kIo = 74,             // a file that cannot be read or written
  kFailed = 75,         // the execution failed
  kConfiguration = 78,  // a machine or program file with errors
  kInterrupted = 130,
};

}  // namespace mapwright::cli
