// The kinds of problems of mappers, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::lang::problem {

#define MW_DIAGNOSTICS "lang/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::lang::problem
