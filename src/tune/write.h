// A mapper from a strategy in plain words, by a language model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "tune/model.h"
#include "tune/strategy.h"

namespace mapwright::tune {

//! What a language model wrote, and what is wrong with it.
struct Draft {
  std::string mapper;     //!< where the reply was of no use, the beginning of what it said
  std::string reasoning;  //!< in the model's words
  base::Diagnostics problems;
  bool valid = false;  //!< it compiles, and the program can be carried out under it
};

struct Written {
  std::vector<Draft> drafts;   //!< the first attempt, then one for each round of feedback
  std::optional<Ended> ended;  //!< why the language model was not asked further, where it had more to say
};

//! Asks for the mapper that the words describe; then, while something is wrong with it, says what, for at
//! most so many rounds. Nothing is executed.
Written write_mapper(const plan::Planner& planner, const Model& model, const std::string& words, int rounds);

//! Everything that is wrong with a mapper for this program on this machine: as the compiler, the names of the
//! program and the planner have it.
//! `name` is what problems call it.
Draft read_draft(const plan::Planner& planner, std::string mapper, const std::string& name = "mapper");

}  // namespace mapwright::tune
