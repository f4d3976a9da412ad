// Starts the processes of a real execution, or of a measurement, and waits for what process 0 answers.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/starpu/starpu.h"

namespace mapwright::engine::starpu {

//! Removes what executions left behind whose mapwright was killed.
void tidy_up();

//! The answer (job.h: what follows kAnswerMark), or why there is none. So many processes of settings.program
//! with these arguments, the first of which reads `input`; they are to end themselves after `limit` seconds,
//! and are ended soon after that.
std::variant<std::string, plan::Failure> run_processes(const Settings& settings,
                                                       const std::vector<std::string>& arguments,
                                                       std::int64_t ranks, std::string_view input,
                                                       double limit);

}  // namespace mapwright::engine::starpu
