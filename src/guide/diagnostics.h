// The kinds of problems of files of rules, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::guide::problem {

#define MW_DIAGNOSTICS "guide/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::guide::problem
