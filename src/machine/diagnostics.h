// The kinds of problems that a machine description may have, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::machine::problem {

#define MW_DIAGNOSTICS "machine/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::machine::problem
