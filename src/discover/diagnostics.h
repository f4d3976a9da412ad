// The kinds of problems of discovered programs, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::discover::problem {

#define MW_DIAGNOSTICS "discover/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::discover::problem
