// The kinds of problems of prompt templates, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::prompt::problem {

#define MW_DIAGNOSTICS "prompt/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::prompt::problem
