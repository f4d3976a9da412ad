// Small helpers for text that people read.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mapwright::base {

//! The text with every control character, every invisible one and every malformed UTF-8 byte spelled out (tab
//! becomes two spaces), so that hostile text can neither steer a terminal nor break a report.
std::string visible(std::string_view text);
//! The same line by line, without white space at the ends of lines and of the text.
std::string visible_lines(std::string_view text);
//! These lines of the last `bytes`, each behind an end of line: below another one. Empty where there are
//! none.
std::string last_lines(std::string_view text, std::size_t bytes);

//! Columns that a terminal needs for a text that went through visible(): one per code point.
std::size_t display_width(std::string_view shown);

//! The last / first `bytes` of a text, shortened to whole code points.
std::string_view cut_left(std::string_view text, std::size_t bytes);
std::string_view cut_right(std::string_view text, std::size_t bytes);

//! The text if it has at most `bytes`, else its beginning and "...".
std::string shortened(std::string_view text, std::size_t bytes);

//! Every run of white space that holds the end of a line as one blank: for messages that quote the text.
std::string one_line(std::string_view text);

//! The length in bytes of the well-formed UTF-8 sequence at `at`; 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t at);

//! The code point at `at`; the byte itself where there is no well-formed sequence.
std::uint32_t code_point(std::string_view text, std::size_t at);

//! The candidate that somebody who wrote `word` most likely meant: smallest Damerau-Levenshtein distance,
//! ignoring case, at most a third of the word; ties to the first. Words over 64 bytes are not compared.
std::optional<std::string_view> closest(std::string_view word, std::span<const std::string_view> candidates);

std::string join(std::span<const std::string_view> words, std::string_view separator);

//! "(4, 2)": extents, points and indices as the mapper language writes tuples; "(4,)" for one.
std::string tuple_text(std::span<const std::int64_t> values);

//! The whole text as a number; nothing where it is not one, or does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

//! Splits at every separator; "" gives one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);

//! Words between blanks. Quotes of either kind keep blanks, a backslash outside single quotes keeps what
//! follows it. Nothing where a quote is not closed.
std::optional<std::vector<std::string>> words(std::string_view text);

//! "1 node", "2 nodes"; nouns that take an s.
std::string count_text(std::integral auto n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}
//! "1.23 MB", "17 B": decimal units, as machine files have them.
std::string bytes_text(double bytes);
//! "1.23 ms".
std::string seconds_text(double seconds);

//! 32 hexadecimal digits that tell texts apart: two FNV-1a sums of 64 bits (Fowler, Noll and Vo) from
//! different bases. No secret is safe behind it.
std::string digest(std::string_view text);

}  // namespace mapwright::base
