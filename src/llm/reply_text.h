// The text of a reply without what is not meant to be read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "llm/reply.h"

namespace mapwright::llm {

//! What stands between words of JSON.
inline constexpr std::string_view kBlanks = " \t\r\n";

//! A byte order mark, bytes that are not UTF-8, and thoughts before the reply are taken away, and said.
std::string bare_text(std::string_view text, Ending ending, std::vector<Slip>* mended);

bool is_blank(std::string_view text);

Slip slip(const base::DiagnosticKind& kind, std::string text);

//! What prevents any reading: the model declined, or wrote nothing.
std::optional<Slip> nothing_to_read(std::string_view bare, Ending ending);

}  // namespace mapwright::llm
