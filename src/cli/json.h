// Documents that other programs read. Whoever fills one includes <nlohmann/json.hpp> itself, in a .cc file.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/diagnostic.h"

namespace mapwright::cli {

using Json = nlohmann::ordered_json;

//! Fields of every document that shows problems: "errors", "warnings", "diagnostics" (at most kMostShown).
void add_problems(Json* document, const base::Diagnostics& problems);

//! The same as a SARIF 2.1.0 log with one run.
Json sarif(const base::Diagnostics& problems, const std::string& file);

//! The value, or null where there is none.
template <class T, class Document = Json>
Document or_null(const std::optional<T>& value) {
  return value ? Document(*value) : Document();
}

//! The document as a text with an end of line; bytes that are no UTF-8 are replaced, so that it is always
//! JSON.
std::string dump(const Json& document);

}  // namespace mapwright::cli
