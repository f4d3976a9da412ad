// What `discover` and `tune -- CMD` learn of a Legion application by watching one execution of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "machine/machine.h"
#include "program/program.h"

namespace mapwright::cli {

struct Discovery {
  program::Program program;
  machine::Machine machine;  //!< with the processors that the application had
  std::int64_t nodes = 1;
  std::vector<std::string> notes;  //!< what the user should know beside the program's own notes
};

//! Executes the command of settled options once. `machine`: the name or file of the one that it runs on.
//! Throws Stop: Exit::unavailable where the adapter is not in the application, Exit::failed where the
//! execution fails, Exit::configuration where no model can describe it.
Discovery discover_program(const EngineOptions& options, const std::string& machine,
                           std::function<bool()> cancelled);

}  // namespace mapwright::cli
