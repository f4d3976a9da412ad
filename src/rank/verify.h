// Whether the answer is right: every element that the program is expected to leave, where the plan has it in
// the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rank/executor.h"

namespace mapwright::rank {

struct Verdict {
  std::optional<std::string> wrong;  //!< the first element that is not as expected
  std::int64_t checked = 0;          //!< elements that were looked at
};

//! At all processes; the verdict is at process 0. What has a closed form is checked where it is; the rest is
//! gathered, and compared with a sequential run.
Verdict verify(const plan::Plan& plan, const program::Kernels& kernels, const Executor& executor,
               Peers* peers);

}  // namespace mapwright::rank
