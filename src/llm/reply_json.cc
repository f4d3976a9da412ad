#include "llm/reply_json.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <unordered_map>

#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/json.h"
#include "llm/reply_text.h"

namespace mapwright::llm {
namespace {

using Kind = LooseValue::Kind;

struct Word {
  std::string_view text;
  Kind kind;
  std::string_view meaning;
  bool python;
};
constexpr std::array<Word, 6> kWords{{{"true", Kind::truth, "true", false},
                                      {"false", Kind::truth, "false", false},
                                      {"null", Kind::null, "", false},
                                      {"True", Kind::truth, "true", true},
                                      {"False", Kind::truth, "false", true},
                                      {"None", Kind::null, "", true}}};

struct Escape {
  char letter;
  char meaning;
};
constexpr std::array<Escape, 8> kEscapes{
    {{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}}};

void append_utf8(std::string* out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  const auto tail = [&](int shift) { put(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0U | (c >> 6));
    return tail(0);
  }
  if (c < 0x10000) {
    put(0xE0U | (c >> 12));
    tail(6);
    return tail(0);
  }
  put(0xF0U | (c >> 18));
  tail(12);
  tail(6);
  tail(0);
}

class Parser {
 public:
  Parser(std::string_view text, std::size_t at, std::size_t* work, LooseObject* result)
      : text_(text), at_(at), work_(work), result_(*result) {}

  void run() {
    result_.begin = at_;
    object(&result_.value, 0);
    result_.end = at_;
  }

 private:
  bool fail(const base::DiagnosticKind& kind, std::string what) {
    if (result_.problem == nullptr) {
      result_.problem = &kind;
      result_.what = std::move(what);
    }
    return false;
  }
  bool cut() {
    result_.cut = true;
    return fail(problem::reply_truncated, "the text ends inside the object");
  }
  bool mend(const base::DiagnosticKind& kind) {
    result_.mended.insert(&kind);
    return true;
  }
  bool at_end() const { return at_ >= text_.size(); }
  char here() const { return text_[at_]; }
  bool step() {
    if (*work_ == 0) return fail(problem::reply_tangled, "it goes on and on");
    --*work_;
    ++at_;
    return true;
  }

  // White space and comments; false at the end of the text.
  bool blanks() {
    while (!at_end()) {
      if (kBlanks.find(here()) != std::string_view::npos) {
        if (!step()) return false;
        continue;
      }
      const std::string_view rest = text_.substr(at_, 2);
      if (rest != "//" && rest != "/*") return true;
      const std::string_view mark = rest == "//" ? "\n" : "*/";
      while (!at_end() && !text_.substr(at_).starts_with(mark)) {
        if (!step()) return false;
      }
      if (at_end()) break;
      at_ += mark.size();
      mend(problem::mended_comment);
    }
    return cut();
  }

  std::optional<std::uint32_t> unit() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_end()) {
        cut();
        return std::nullopt;
      }
      const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(here());
      if (digit == std::string_view::npos) {
        fail(problem::reply_escape, "\\u needs four hexadecimal digits");
        return std::nullopt;
      }
      value = value * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
    }
    return value;
  }

  // Behind "\u".
  bool code_point(std::string* out) {
    constexpr std::uint32_t kReplacementCharacter = 0xFFFD;
    const auto first = unit();
    if (!first) return false;
    if (*first < 0xD800 || *first > 0xDFFF) {
      append_utf8(out, *first);
      return true;
    }
    if (*first <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
      const std::size_t before = at_;
      at_ += 2;
      const auto second = unit();
      if (!second) return false;
      if (*second >= 0xDC00 && *second <= 0xDFFF) {
        append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
        return true;
      }
      at_ = before;
    }
    mend(problem::mended_surrogate);
    append_utf8(out, kReplacementCharacter);
    return true;
  }

  // Behind a backslash.
  bool escape(std::string* out) {
    if (at_end()) return cut();
    const char letter = here();
    if (!step()) return false;
    if (letter == 'u') return code_point(out);
    for (const Escape& e : kEscapes) {
      if (e.letter != letter) continue;
      out->push_back(e.meaning);
      return true;
    }
    if (letter != '\'')
      return fail(problem::reply_escape, "a backslash in a string that is to stay one is written \\\\");
    out->push_back(letter);
    return mend(problem::mended_python);
  }

  bool string(std::string* out) {
    const char quote = here();
    if (quote == '\'') mend(problem::mended_python);
    if (!step()) return false;
    while (!at_end()) {
      const char c = here();
      if (!step()) return false;
      if (c == quote) return true;
      if (c == '\\') {
        if (!escape(out)) return false;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) mend(problem::mended_control);
      out->push_back(c);
    }
    return cut();
  }

  bool is_quote() const { return here() == '"' || here() == '\''; }

  bool number(LooseValue* value) {
    const std::size_t begin = at_;
    const auto digits = [&] {
      const std::size_t first = at_;
      while (!at_end() && here() >= '0' && here() <= '9') ++at_;
      return at_ > first;
    };
    const auto take = [&](std::string_view any) {
      const bool found = !at_end() && any.find(here()) != std::string_view::npos;
      at_ += found ? 1 : 0;
      return found;
    };
    take("-");
    bool good = digits();
    if (good && take(".")) good = digits();
    if (good && take("eE")) {
      take("+-");
      good = digits();
    }
    // More of the number may have been meant to follow.
    if (at_end()) return cut();
    if (!good) {
      at_ = begin;
      return fail(problem::reply_syntax, "there is no value where one is expected");
    }
    value->kind = Kind::number;
    value->text = text_.substr(begin, at_ - begin);
    return true;
  }

  bool word(LooseValue* value) {
    for (const Word& w : kWords) {
      if (!text_.substr(at_).starts_with(w.text)) continue;
      at_ += w.text.size();
      value->kind = w.kind;
      value->text = w.meaning;
      if (w.python) mend(problem::mended_python);
      return true;
    }
    for (const Word& w : kWords) {
      if (w.text.starts_with(text_.substr(at_))) return cut();
    }
    return number(value);
  }

  bool any(LooseValue* value, int depth) {
    constexpr std::size_t kMostValues = 100'000;
    if (++values_ > kMostValues) return fail(problem::reply_tangled, "it has too many values");
    if (depth > kDeepestJson)
      return fail(problem::reply_deep, fmt::format("it is more than {} levels deep", kDeepestJson));
    switch (here()) {
      case '{': return object(value, depth);
      case '[': return list(value, depth);
      case '"':
      case '\'': value->kind = Kind::text; return string(&value->text);
      default: return word(value);
    }
  }

  // Behind an element: whether another one follows.
  std::optional<bool> more(char close, const LooseValue& last) {
    if (!blanks()) return std::nullopt;
    if (here() == ',') {
      ++at_;
      if (!blanks()) return std::nullopt;
      if (here() != close) return true;
      mend(problem::mended_comma);
    }
    if (here() == close) {
      ++at_;
      return false;
    }
    if (last.kind == Kind::text) {
      fail(problem::reply_quotes,
           "a quote that is not escaped ends a string too early, or a comma is missing");
    } else {
      fail(problem::reply_syntax, fmt::format("neither a comma nor {} stands behind a value", close));
    }
    return std::nullopt;
  }

  bool list(LooseValue* value, int depth) {
    value->kind = Kind::list;
    ++at_;
    if (!blanks()) return false;
    if (here() == ']') return step();
    for (;;) {
      if (!any(&value->values.emplace_back(), depth + 1)) return false;
      const std::optional<bool> next = more(']', value->values.back());
      if (!next) return false;
      if (!*next) return true;
    }
  }

  bool object(LooseValue* value, int depth) {
    value->kind = Kind::object;
    ++at_;
    if (!blanks()) return false;
    if (here() == '}') return step();
    std::unordered_map<std::string, std::size_t> places;
    for (;;) {
      std::string key;
      const std::size_t begin = at_;
      if (!is_quote()) return fail(problem::reply_syntax, "a key is not in quotes");
      if (!string(&key) || !blanks()) return false;
      if (here() != ':') return fail(problem::reply_syntax, "there is no colon behind a key");
      ++at_;
      result_.begun = true;
      LooseValue element;
      if (!blanks() || !any(&element, depth + 1)) return false;
      const std::optional<bool> next = more('}', element);
      if (!next) return false;
      const auto [place, is_new] = places.try_emplace(key, value->keys.size());
      if (is_new) {
        value->keys.push_back(std::move(key));
        value->values.push_back(std::move(element));
      } else if (value->values[place->second] == element) {
        mend(problem::mended_duplicate);
      } else {
        at_ = begin;
        return fail(problem::reply_duplicate, fmt::format("\"{}\" stands there with two values",
                                                          base::shortened(base::visible(key), 60)));
      }
      if (!*next) return true;
    }
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t* work_;
  std::size_t values_ = 0;
  LooseObject& result_;
};

}  // namespace

LooseObject parse_loosely(std::string_view text, std::size_t at, std::size_t* work) {
  LooseObject result;
  Parser(text, at, work, &result).run();
  return result;
}

}  // namespace mapwright::llm
