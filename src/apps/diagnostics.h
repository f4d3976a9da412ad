// The kinds of problems that a built-in application may have, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::apps::problem {

#define MW_DIAGNOSTICS "apps/diagnostics.def"
#include "base/diagnostic_kinds.inc"

}  // namespace mapwright::apps::problem
