// The generative optimizer of arXiv 2410.15625: OptoPrime (Cheng et al., NeurIPS 2024) on the decision blocks
// of a mapper.
#pragma once

#include <memory>

#include "tune/strategy.h"

namespace mapwright::tune {

std::unique_ptr<Strategy> make_trace(const Problem& problem);

//! See StrategyKind::growth.
std::size_t trace_growth(const Model& model, std::size_t trials);

}  // namespace mapwright::tune
