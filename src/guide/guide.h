// AutoGuide: what an execution said, turned into what to change and why.
//
// A finding stands for one cause of lost time. Its gain is computed from the profile: how much shorter the
// timed interval would have been without it (engine/what_if.h). Its edits are changes of the mapper that
// would remove the cause; they are suggestions, not promises: only the next execution tells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/execution.h"
#include "lang/edit.h"
#include "lang/mapper.h"

namespace mapwright::guide {

struct Finding {
  std::string_view code;  //!< "idle_processors"; see docs/run.md
  double share = 0;       //!< of the timed interval, on the critical path
  double gain = 0;        //!< of the timed interval, if the cause vanished
  std::string explain;    //!< one sentence
  std::string suggest;    //!< one sentence
  std::vector<lang::Edit> edits;
};

//! Findings with less gain than this are not worth an execution.
inline constexpr double kLeastGain = 0.01;

//! Of an execution that did not fail, the largest gain first. `mapper` is the one that it ran under.
std::vector<Finding> findings(const engine::Execution& execution, const lang::CompiledMapper& mapper);

}  // namespace mapwright::guide
