// The built-in strategy: no language model, no luck.
#pragma once

#include <memory>

#include "tune/strategy.h"

namespace mapwright::tune {

std::unique_ptr<Strategy> make_guided(const Problem& problem);

}  // namespace mapwright::tune
