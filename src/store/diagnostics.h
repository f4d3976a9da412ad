// The kinds of problems of recording runs, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::store::problem {

#define MW_DIAGNOSTICS "store/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::store::problem
