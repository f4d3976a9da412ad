// Optimisation by prompting (Yang et al., ICLR 2024): the best solutions with their scores, and the wish for
// a better one.
#pragma once

#include <memory>

#include "tune/strategy.h"

namespace mapwright::tune {

std::unique_ptr<Strategy> make_opro(const Problem& problem);

//! See StrategyKind::growth.
std::size_t opro_growth(const Model& model, std::size_t trials);

}  // namespace mapwright::tune
