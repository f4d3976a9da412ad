// What both protocols do with JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "llm/chat.h"

namespace mapwright::llm {

//! The member of an object; null where it is no object, or has no such member, or that is JSON's null.
const nlohmann::json* member(const nlohmann::json& object, const char* key);

//! The model and the usage that a reply states, the latter as the sums of these members of its "usage";
//! estimated where it does not, or states no counts.
void add_usage(const nlohmann::json& body, const Request& request, std::span<const char* const> prompt,
               std::span<const char* const> reply, Reply* to);

//! The strings of all blocks {"type": "text", "text": } of a list, one behind the other; nothing where there
//! is something else than objects in it, or such a block has no text.
std::optional<std::string> text_blocks(const nlohmann::json& list);

struct EndingName {
  std::string_view name;
  Ending ending;
};
//! complete where the name is not in the table.
Ending ending_of(const nlohmann::json* name, std::span<const EndingName> names);

//! In one line; bytes that are not UTF-8 are replaced.
std::string dump(const nlohmann::json& value);

Failure malformed(std::string_view what, std::string_view body);

}  // namespace mapwright::llm
