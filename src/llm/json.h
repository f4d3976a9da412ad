// JSON of others, and text that goes into it.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace mapwright::llm {

//! Deeper values are not read.
inline constexpr int kDeepestJson = 64;

//! Whether the text is one JSON value, not too deep, and in which no object has a key twice.
bool parse_json(std::string_view text, nlohmann::json* value);

//! As parse_json, but bytes that are not UTF-8 and halves of surrogate pairs, which some endpoints send where
//! a model was cut, are read as U+FFFD.
bool parse_json_mended(std::string_view text, nlohmann::json* value);

//! The text with U+FFFD for each byte that is not UTF-8.
std::string well_formed(std::string_view text);

}  // namespace mapwright::llm
