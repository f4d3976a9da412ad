// The canonical form of a mapper.
#pragma once

#include <string>

#include "base/result.h"
#include "lang/ast.h"

namespace mapwright::lang {

inline constexpr std::size_t kLineLength = 100;

//! One statement a line, bodies indented by four, one blank around operators and behind commas, lines over
//! kLineLength broken where the brackets are fewest. Comments keep their words and their place; of several
//! blank lines one stays. Formatting twice is formatting once. Fails where the text does not parse.
base::Result<std::string> format(const base::SourcePtr& source);

//! The same without comments and blank lines: equal for mappers that differ only in those.
base::Result<std::string> canonical(const base::SourcePtr& source);

}  // namespace mapwright::lang
