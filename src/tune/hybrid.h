// Several strategies in one run, chosen by the record of their successes.
#pragma once

#include <memory>

#include "tune/strategy.h"

namespace mapwright::tune {

//! guided, a language model (trace) and OpenTuner's bandit, by the bandit that OpenTuner chooses techniques
//! with. What one of them finds, the others learn.
std::unique_ptr<Strategy> make_hybrid(const Problem& problem);

}  // namespace mapwright::tune
