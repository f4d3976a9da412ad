// The kinds of problems of tuning runs, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::tune::problem {

#define MW_DIAGNOSTICS "tune/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::tune::problem
