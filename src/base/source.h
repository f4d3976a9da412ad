// A text that somebody wrote (a mapper, a machine file) and places in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mapwright::base {

//! A range of bytes in a source: [begin, end).
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  friend bool operator==(Span, Span) = default;
};

//! The smallest span that covers both.
constexpr Span cover(Span a, Span b) {
  return {a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

//! Where a person finds a byte: both numbers start at 1, columns count code points.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

//! An immutable text with a name. Texts up to kMaxBytes; callers refuse longer ones before they build a
//! Source.
class Source {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  std::string_view slice(Span s) const { return text().substr(s.begin, s.end - s.begin); }

  Position position(std::uint32_t offset) const;
  //! The line that holds this byte, without its end-of-line characters.
  Span line_around(std::uint32_t offset) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_starts_;
};

using SourcePtr = std::shared_ptr<const Source>;

}  // namespace mapwright::base
