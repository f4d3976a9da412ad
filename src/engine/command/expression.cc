#include "engine/command/expression.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/bug.h"

namespace mapwright::engine::command {

Expression::Expression(std::string_view text) : text_(text) {
  RE2::Options options;
  options.set_log_errors(false);
  compiled_ = std::make_shared<const RE2>("(?m)" + text_, options);
  if (!compiled_->ok()) {
    // In the user's words, which have no flag before them.
    error_ = RE2(text_, options).error();
  } else if (compiled_->NumberOfCapturingGroups() > 1) {
    error_ = "it has several groups; write (?:...) for those that are not the number";
  }
}

std::optional<std::string> Expression::found_last(std::string_view output) const {
  base::expects(error_.empty(), "only expressions without errors are looked for");
  const re2::StringPiece text(output.data(), output.size());
  const int groups = compiled_->NumberOfCapturingGroups();
  std::array<re2::StringPiece, 2> parts;
  std::optional<std::string> found;
  for (std::size_t at = 0; at <= output.size();) {
    if (!compiled_->Match(text, at, output.size(), RE2::UNANCHORED, parts.data(), groups + 1)) break;
    found = parts.at(static_cast<std::size_t>(groups)).as_string();
    const auto end = static_cast<std::size_t>(parts[0].data() - output.data()) + parts[0].size();
    at = std::max(end, at + 1);
  }
  return found;
}

std::optional<double> Expression::find_last(std::string_view output) const {
  const auto found = found_last(output);
  if (!found) return std::nullopt;
  std::string_view digits = *found;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

}  // namespace mapwright::engine::command
