// Strategies in plain words with a mapper that is known to follow them, to measure how well a language model
// writes mappers.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace mapwright::tune {

struct Exercise {
  std::string name;
  std::string program;        //!< a built-in application
  std::string words;          //!< what the mapper shall do
  base::SourcePtr reference;  //!< a mapper that does it; never shown to a language model
};

//! A TOML text of [[strategy]] tables with `name`, `program`, `words` and `reference`, or all that is wrong
//! with it.
base::Result<std::vector<Exercise>> read_exercises(const base::SourcePtr& source);

//! What a mapper makes of a program otherwise than the reference does: processors of all points, memories,
//! layouts, limits, collection. Empty: it is correct. Both can be carried out.
std::vector<std::string> deviations(const plan::Planner& planner, const std::string& mapper,
                                    const std::string& reference);

}  // namespace mapwright::tune
