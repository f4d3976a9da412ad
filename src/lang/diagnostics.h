// The diagnostics of the mapper language, from diagnostics.def.
#pragma once

#include <array>

#include "base/diagnostic.h"

namespace mapwright::lang::problem {

#define MW_DIAGNOSTIC(name, code, severity, title) \
  inline constexpr base::DiagnosticKind name{code, #name, base::Severity::severity, title};
#include "lang/diagnostics.def"
#undef MW_DIAGNOSTIC

inline constexpr std::array kAll = {
#define MW_DIAGNOSTIC(name, code, severity, title) &name,
#include "lang/diagnostics.def"
#undef MW_DIAGNOSTIC
};

}  // namespace mapwright::lang::problem
