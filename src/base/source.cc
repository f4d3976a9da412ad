#include "base/source.h"

#include <algorithm>

#include "base/bug.h"

namespace mapwright::base {

namespace {
// A byte-order mark is how some editors say UTF-8; it is no part of the first line.
constexpr std::string_view kMark = "\xEF\xBB\xBF";
}  // namespace

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  expects(text_.size() <= kMaxBytes, "a source is at most kMaxBytes long");
  line_starts_.push_back(0);
  for (std::size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) {
    line_starts_.push_back(static_cast<std::uint32_t>(at + 1));
  }
}

Position Source::position(std::uint32_t offset) const {
  const auto next = std::ranges::upper_bound(line_starts_, offset);
  std::uint32_t start = *(next - 1);
  if (start == 0 && text().starts_with(kMark)) start = kMark.size();
  Position p;
  p.line = static_cast<std::uint32_t>(next - line_starts_.begin());
  for (std::uint32_t i = start; i < offset && i < text_.size(); ++i) {
    // Continuation bytes of UTF-8 do not start a code point.
    if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++p.column;
  }
  return p;
}

Span Source::line_around(std::uint32_t offset) const {
  const auto next = std::ranges::upper_bound(line_starts_, offset);
  Span s{*(next - 1), next == line_starts_.end() ? static_cast<std::uint32_t>(text_.size()) : *next - 1};
  if (s.begin == 0 && text().starts_with(kMark)) s.begin = kMark.size();
  while (s.end > s.begin && (text_[s.end - 1] == '\r' || text_[s.end - 1] == '\n')) --s.end;
  return s;
}

}  // namespace mapwright::base
