#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <utility>

namespace mapwright::base {
namespace {

constexpr bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// C1 controls steer terminals as ASCII's do; the others have no width, or reorder what is shown around them.
constexpr bool is_invisible(std::uint32_t c) {
  return (c >= 0x80 && c <= 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202F) || (c >= 0x2060 && c <= 0x206F) || c == 0x3000 || c == 0xFEFF ||
         (c >= 0xE0000 && c <= 0xE007F);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr std::size_t kLongestCompared = 64;

// Optimal string alignment: a swap of neighbours counts once, because it is the most common slip of all.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kLongestCompared + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& above2 = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], above2[j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[at + i])) return 0;
  }
  // Overlong forms, surrogates and what lies above U+10FFFF (Unicode 15, table 3-7).
  const unsigned char second = byte(at + 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return length;
}

std::uint32_t code_point(std::string_view text, std::size_t at) {
  const std::size_t length = utf8_length(text, at);
  const auto first = static_cast<unsigned char>(text[at]);
  if (length < 2) return first;
  std::uint32_t value = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i)
    value = value << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return value;
}

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text, i);
    if (c == '\t') {
      out += "  ";
    } else if (c < 0x20 || c == 0x7F || length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
    } else if (length > 1 && is_invisible(code_point(text, i))) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code_point(text, i));
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string visible_lines(std::string_view text) {
  const auto trimmed = [](std::string_view part) {
    return part.substr(0, part.find_last_not_of(" \t\r\n") + 1);
  };
  std::string shown;
  for (const std::string_view line : split(trimmed(text), '\n')) shown += visible(trimmed(line)) + "\n";
  shown.pop_back();
  return shown;
}

std::string last_lines(std::string_view text, std::size_t bytes) {
  const std::string lines = visible_lines(cut_left(text, bytes));
  return lines.empty() ? "" : "\n" + lines;
}

std::size_t display_width(std::string_view shown) {
  return static_cast<std::size_t>(std::ranges::count_if(shown, [](char c) { return !is_continuation(c); }));
}

std::string_view cut_left(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  text.remove_prefix(text.size() - bytes);
  while (!text.empty() && is_continuation(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view cut_right(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && is_continuation(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

std::string shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  return fmt::format("{}...", cut_right(text, bytes));
}

std::string one_line(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::string out;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find_first_of(kBlanks), text.size());
    const std::size_t word = std::min(text.find_first_not_of(kBlanks, blank), text.size());
    const std::string_view gap = text.substr(blank, word - blank);
    out += text.substr(0, blank);
    out += gap.find('\n') == std::string_view::npos ? gap : " ";
    text.remove_prefix(word);
  }
  return out;
}

std::optional<std::string_view> closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongestCompared) return std::nullopt;
  std::optional<std::string_view> best;
  // A third of the word, but one slip in a short name is always forgiven.
  std::size_t allowed = std::max<std::size_t>(1, word.size() / 3);
  for (const std::string_view c : candidates) {
    if (c.empty() || c.size() > kLongestCompared || c == word) continue;
    if (c.size() > word.size() + allowed || word.size() > c.size() + allowed) continue;
    const std::size_t d = distance(word, c);
    // A name that shares no letter with the word is no suggestion, however short.
    if (d >= std::max(word.size(), c.size())) continue;
    if (d < allowed || (d == allowed && !best)) {
      best = c;
      allowed = d;
    }
  }
  return best;
}

std::string join(std::span<const std::string_view> words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words.begin(), words.end(), separator));
}

std::string tuple_text(std::span<const std::int64_t> values) {
  if (values.size() == 1) return fmt::format("({},)", values[0]);
  return fmt::format("({})", fmt::join(values.begin(), values.end(), ", "));
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

namespace {

std::string scaled(double value, std::span<const std::string_view> units, double factor) {
  std::size_t unit = 0;
  // 999.9996 would be shown as 1e+03.
  while (unit + 1 < units.size() && std::abs(value) >= 999.5) {
    value /= factor;
    ++unit;
  }
  return fmt::format("{:.3g} {}", value, units[unit]);
}

}  // namespace

std::optional<std::vector<std::string>> words(std::string_view text) {
  std::vector<std::string> all;
  bool inside = false;  // a word, also one without letters
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) all.emplace_back();
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      all.back() += text[++i];
    } else {
      all.back() += c;
    }
  }
  if (quote != 0) return std::nullopt;
  return all;
}

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 7> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  return scaled(bytes, kUnits, 1000);
}

std::string seconds_text(double seconds) {
  if (seconds >= 0.9995 || seconds == 0) return fmt::format("{:.4g} s", seconds);
  constexpr std::array<std::string_view, 3> kUnits = {"ns", "us", "ms"};
  return scaled(seconds * 1e9, kUnits, 1000);
}

std::string digest(std::string_view text) {
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  std::uint64_t low = 14695981039346656037ULL;
  std::uint64_t high = ~low;
  for (const char c : text) {
    low = (low ^ static_cast<unsigned char>(c)) * kPrime;
    high = (high ^ static_cast<unsigned char>(c)) * kPrime;
    high = std::rotl(high, 27);  // so that the two sums are no function of one another
  }
  return fmt::format("{:016x}{:016x}", high, low);
}

}  // namespace mapwright::base
