// The kinds of problems of discovered programs, from diagnostics.def.
#pragma once

#include <array>
#include <span>

#include "base/diagnostic.h"

namespace mapwright::discover {
namespace problem {

#define MW_DIAGNOSTIC(name, code, severity, title) \
  inline constexpr base::DiagnosticKind name{code, #name, base::Severity::severity, title};
#include "discover/diagnostics.def"
#undef MW_DIAGNOSTIC

inline constexpr std::array kAll = {
#define MW_DIAGNOSTIC(name, code, severity, title) &name,
#include "discover/diagnostics.def"
#undef MW_DIAGNOSTIC
};

}  // namespace problem

//! All of them, in the order of their codes.
inline std::span<const base::DiagnosticKind* const> diagnostic_kinds() {
  return problem::kAll;
}

}  // namespace mapwright::discover
