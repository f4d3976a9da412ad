// One thing to change, and why.
#pragma once

#include <string>
#include <vector>

#include "lang/edit.h"

namespace mapwright::guide {

struct Finding {
  std::string code;     //!< "idle_processors"; see docs/run.md and rules/
  double share = 0;     //!< of the timed interval, on the critical path
  double gain = 0;      //!< of the timed interval, if the cause vanished
  std::string explain;  //!< a sentence: what happened, and why
  std::string suggest;  //!< a sentence: what to change; may be empty
  std::vector<lang::Edit> edits;
  bool last_resort = false;  //!< says little: only where nothing else is found
  std::vector<std::string>
      subjects;  //!< the names of the tasks and data that it is about, where it knows them
};

}  // namespace mapwright::guide
