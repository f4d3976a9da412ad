// Constrained coordinate descent after AutoMap (Teixeira et al., SC 2023).
#pragma once

#include <memory>

#include "program/program.h"
#include "tune/search.h"
#include "tune/space.h"

namespace mapwright::tune {

//! Task by task, those with the largest share of the time first: the distribution of its points, then each
//! processor kind with each memory of each of its data, the largest first; what is better is kept. Data that
//! overlap move to the same memory together; of these constraints the lightest fifth is dropped after each of
//! five rotations. What AutoMap does not decide - limits, collection, layouts - comes after that. A rotation
//! that finds nothing better once no constraint is left ends the search. Both outlive it.
std::unique_ptr<Search> descent_search(const Space& space, const program::Program& program);

}  // namespace mapwright::tune
