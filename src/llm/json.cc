#include "llm/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "base/text.h"

namespace mapwright::llm {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The four hexadecimal digits of an escape at `at`, which is that of the backslash; nothing where there is
// none.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit < 16 ? digit : digit - 6);
  }
  return value;
}

constexpr bool is_high(unsigned unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
constexpr bool is_low(unsigned unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

std::string with_whole_pairs(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    if (text[i] == '\\') {
      const std::optional<unsigned> unit = escaped_unit(text, i);
      length = unit ? 6 : 2;
      if (unit && is_high(*unit) && is_low(escaped_unit(text, i + 6).value_or(0))) {
        length = 12;
      } else if (unit && (is_high(*unit) || is_low(*unit))) {
        out += kReplacement;
        i += length;
        continue;
      }
    }
    out += text.substr(i, length);
    i += length;
  }
  return out;
}

}  // namespace

bool parse_json(std::string_view text, Json* value) {
  bool good = true;
  std::vector<std::set<std::string>> keys;
  const Json::parser_callback_t look = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (!good) return false;
    if (depth > kDeepestJson) good = false;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      good = false;
    return good;
  };
  *value = Json::parse(text.begin(), text.end(), look, false);
  return good && !value->is_discarded();
}

bool parse_json_mended(std::string_view text, Json* value) {
  return parse_json(text, value) || parse_json(with_whole_pairs(well_formed(text)), value);
}

std::string well_formed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_length(text, i);
    out += length == 0 ? kReplacement : text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace mapwright::llm
