// The kinds of problems of decisions that cannot be carried out, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::plan::problem {

#define MW_DIAGNOSTICS "plan/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::plan::problem
