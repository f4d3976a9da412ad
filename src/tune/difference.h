// What two mappers do differently, in words.
#pragma once

#include <string>
#include <vector>

#include "lang/mapper.h"
#include "plan/plan.h"

namespace mapwright::tune {

//! One line for each thing that a mapper's plan has otherwise than another's up to the end of the loop, with
//! the tasks of which it is true, in program order: processors, memories, layouts, limits, collection. Empty
//! where they do the same.
std::vector<std::string> differences(const plan::Plan& plan, const lang::CompiledMapper& mapper,
                                     const plan::Plan& other, const lang::CompiledMapper& other_mapper);

}  // namespace mapwright::tune
