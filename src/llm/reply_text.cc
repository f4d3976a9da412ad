#include "llm/reply_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/json.h"

namespace mapwright::llm {
namespace {

struct Tags {
  std::string_view open;
  std::string_view close;
};
constexpr std::array<Tags, 3> kThoughts{
    {{"<think>", "</think>"}, {"<thinking>", "</thinking>"}, {"<reasoning>", "</reasoning>"}}};

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

// What stands behind thoughts that the text begins with; the text itself where it begins with none. Some
// servers take their first tag away, so that only the last one tells.
std::string_view behind_thoughts(std::string_view text) {
  const std::string_view begin = without_blanks(text);
  for (const Tags& tags : kThoughts) {
    const bool opened = begin.starts_with(tags.open);
    // In the middle of an object, or of code, a tag is part of it.
    if (!opened && (begin.starts_with('{') || begin.starts_with("```"))) continue;
    const std::size_t close = opened ? begin.find(tags.close) : begin.rfind(tags.close);
    if (close != std::string_view::npos) return begin.substr(close + tags.close.size());
    if (opened) return begin;
  }
  return text;
}

// Thoughts without an end may hold the result as well; but not where they were cut off: those are drafts.
std::string_view without_open_thoughts(std::string_view text, Ending ending) {
  const std::string_view begin = without_blanks(text);
  for (const Tags& tags : kThoughts) {
    if (begin.starts_with(tags.open))
      return begin.substr(ending == Ending::length ? begin.size() : tags.open.size());
  }
  return text;
}

std::string_view without_thoughts(std::string_view text, Ending ending) {
  for (;;) {
    const std::string_view rest = behind_thoughts(text);
    if (rest.size() == text.size() || without_blanks(text) == rest)
      return without_open_thoughts(rest, ending);
    text = rest;
  }
}

}  // namespace

Slip slip(const base::DiagnosticKind& kind, std::string text) {
  return {&kind, std::move(text)};
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

std::string bare_text(std::string_view text, Ending ending, std::vector<Slip>* mended) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) {
    text.remove_prefix(kMark.size());
    mended->push_back(slip(problem::mended_mark, "the reply begins with a byte order mark; leave it out"));
  }
  std::string whole = well_formed(text);
  if (whole != text)
    mended->push_back(
        slip(problem::mended_utf8, "the reply has bytes that are not UTF-8; they were replaced"));
  const std::string_view rest = without_thoughts(whole, ending);
  if (rest.size() == whole.size()) return whole;
  mended->push_back(slip(problem::mended_thinking, "the reply begins with thoughts; give the result only"));
  return std::string(rest);
}

std::optional<Slip> nothing_to_read(std::string_view bare, Ending ending) {
  if (ending == Ending::filtered)
    return slip(problem::reply_declined,
                "the model declined to answer" +
                    (is_blank(bare) ? std::string()
                                    : ": " + base::shortened(base::visible(base::one_line(bare)), 300)));
  if (!is_blank(bare)) return std::nullopt;
  if (ending == Ending::length)
    return slip(
        problem::reply_truncated,
        "the reply was cut off before it began: all its tokens went into thoughts; think less, or answer "
        "at once");
  return slip(problem::reply_empty, "the reply is empty; answer as it is asked for");
}

}  // namespace mapwright::llm
