// Whether the parts of a machine fit together. Single values are checked where they are read.
#pragma once

#include <string>
#include <vector>

#include "machine/diagnostics.h"
#include "machine/machine.h"

namespace mapwright::machine {

//! A problem at the path of a table or figure ("links.pcie.carries[1]").
struct Problem {
  const base::DiagnosticKind* kind = nullptr;
  std::string path;
  std::string message;
  std::string note;
  std::string other_path;  //!< a second place that matters; may be empty
  //! What the finding rests on: where one of these could not be read, it says nothing.
  std::vector<std::string> needs;
};

//! All problems, in the order of reports.
std::vector<Problem> check(const Machine& machine);

}  // namespace mapwright::machine
