// The kinds of problems that a program may have, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::program::problem {

#define MW_DIAGNOSTICS "program/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::program::problem
