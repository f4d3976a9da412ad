// The kinds of problems of asking language models, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::llm::problem {

#define MW_DIAGNOSTICS "llm/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::llm::problem
