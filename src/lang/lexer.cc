#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "lang/diagnostics.h"
#include "lang/token.h"

namespace mapwright::lang {
namespace {

using base::Span;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}
// The published scanner skips \a (7) as well.
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\a' || c == '\f' || c == '\v';
}

struct Spelling {
  std::string_view text;
  TokenKind kind;
};

// Longer ones first.
constexpr std::array kOperators = {
    Spelling{"<=", TokenKind::less_equal},  Spelling{">=", TokenKind::greater_equal},
    Spelling{"==", TokenKind::equal},       Spelling{"!=", TokenKind::not_equal},
    Spelling{"&&", TokenKind::and_},        Spelling{"||", TokenKind::or_},
    Spelling{"+", TokenKind::plus},         Spelling{"-", TokenKind::minus},
    Spelling{"*", TokenKind::star},         Spelling{"/", TokenKind::slash},
    Spelling{"%", TokenKind::percent},      Spelling{"<", TokenKind::less},
    Spelling{">", TokenKind::greater},      Spelling{"!", TokenKind::not_},
    Spelling{"=", TokenKind::assign},       Spelling{"?", TokenKind::question},
    Spelling{":", TokenKind::colon},        Spelling{",", TokenKind::comma},
    Spelling{";", TokenKind::semicolon},    Spelling{".", TokenKind::dot},
    Spelling{"(", TokenKind::open_paren},   Spelling{")", TokenKind::close_paren},
    Spelling{"[", TokenKind::open_bracket}, Spelling{"]", TokenKind::close_bracket},
    Spelling{"{", TokenKind::open_brace},   Spelling{"}", TokenKind::close_brace},
};

class Lexer {
 public:
  Lexer(const base::SourcePtr& source, base::Diagnostics* problems)
      : source_(source), text_(source->text()), problems_(problems) {}

  TokenList run() {
    // A byte-order mark is how some editors say UTF-8.
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) next();
    add(TokenKind::end, at_);
    return std::move(list_);
  }

 private:
  void next() {
    const std::uint32_t start = at_;
    const char c = text_[at_];
    if (is_blank(c)) {
      ++at_;
    } else if (c == '#' || text_.substr(at_, 2) == "//") {
      comment();
    } else if (is_name_start(c)) {
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
      add(TokenKind::name, start);
    } else if (is_digit(c)) {
      integer();
    } else if (c == '"') {
      string();
    } else if (!operator_()) {
      stray();
    }
  }

  void comment() {
    const std::uint32_t start = at_;
    at_ = static_cast<std::uint32_t>(std::min(text_.find('\n', at_), text_.size()));
    std::uint32_t end = at_;
    while (end > start && is_blank(text_[end - 1])) --end;
    list_.comments.push_back({{start, end}, static_cast<std::uint32_t>(list_.tokens.size())});
    for (std::uint32_t i = start; i < end;) {
      const std::size_t length = base::utf8_length(text_, i);
      if (length == 0 || text_[i] == '\0') {
        // One report for the comment is enough.
        report(problem::not_text, {i, i + 1}, not_text_message(i),
               "A mapper is UTF-8 text, in its comments too.",
               base::Fix{"delete the comment", {{{start, end}, ""}}});
        return;
      }
      i += static_cast<std::uint32_t>(length);
    }
  }

  void integer() {
    const std::uint32_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    const Span span{start, at_};
    if (!base::parse_integer(source_->slice(span))) {
      report(problem::integer_too_large, span,
             fmt::format("the integer `{}` does not fit into 64 bits",
                         base::cut_right(source_->slice(span), 40)),
             "Integers go up to 9223372036854775807.");
    }
    add(TokenKind::integer, start);
  }

  void string() {
    const std::uint32_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') ++at_;
    if (at_ == text_.size() || text_[at_] == '\n') {
      std::uint32_t end = at_;
      while (end > start + 1 && is_blank(text_[end - 1])) --end;
      report(problem::unterminated_string, {start, end}, "the string is never closed",
             "A string ends with `\"` on the line on which it begins.",
             base::Fix{"add `\"`", {{{end, end}, "\""}}});
      list_.tokens.push_back({TokenKind::string, TokenRole::plain, {start, end}});
      return;
    }
    ++at_;
    for (std::uint32_t i = start; i < at_;) {
      const std::size_t length = base::utf8_length(text_, i);
      if (length == 0 || text_[i] == '\0') {
        report(problem::not_text, {i, i + 1}, not_text_message(i),
               "A mapper is UTF-8 text, in its strings too.");
        break;
      }
      i += static_cast<std::uint32_t>(length);
    }
    add(TokenKind::string, start);
  }

  bool operator_() {
    for (const Spelling& s : kOperators) {
      if (text_.substr(at_, s.text.size()) != s.text) continue;
      const std::uint32_t start = at_;
      at_ += static_cast<std::uint32_t>(s.text.size());
      add(s.kind, start);
      return true;
    }
    return false;
  }

  bool starts_word(std::size_t at) const {
    const char c = text_[at];
    if (is_blank(c) || is_name_part(c) || c == '#' || c == '"') return true;
    for (const Spelling& s : kOperators) {
      if (text_.substr(at, s.text.size()) == s.text) return true;
    }
    return false;
  }

  // A run of bytes that mean nothing is one problem, however long it is.
  void stray() {
    const std::uint32_t start = at_;
    const std::size_t first = base::utf8_length(text_, at_);
    if (first == 0 || text_[at_] == '\0') {
      while (at_ < text_.size() && (base::utf8_length(text_, at_) == 0 || text_[at_] == '\0')) ++at_;
      return report(problem::not_text, {start, at_}, not_text_message(start), "A mapper is UTF-8 text.");
    }
    at_ += static_cast<std::uint32_t>(first);
    const std::string_view character = text_.substr(start, first);
    while (at_ < text_.size() && !starts_word(at_)) {
      const std::size_t length = base::utf8_length(text_, at_);
      if (length == 0 || text_[at_] == '\0') break;
      at_ += static_cast<std::uint32_t>(length);
    }
    const Span span{start, at_};
    std::optional<base::Fix> fix;
    std::string note =
        "Expressions are made of names, integers, () [] . , ? : ! - + * / % < > <= >= == != && ||.";
    if (span.end - span.begin == first) {
      if (character == "&") fix = base::Fix{"write `&&`", {{span, "&&"}}};
      if (character == "|") fix = base::Fix{"write `||`", {{span, "||"}}};
      if (character == "\xE2\x80\x9C" || character == "\xE2\x80\x9D" || character == "'") {
        fix = base::Fix{"write `\"`", {{span, "\""}}};
        note = "Strings stand between straight double quotes.";
      }
      if (character == "\xE2\x88\x92" || character == "\xE2\x80\x93")
        fix = base::Fix{"write `-`", {{span, "-"}}};
      if (character == "\xC3\x97") fix = base::Fix{"write `*`", {{span, "*"}}};
    }
    if (character == "@" || character == "$" || character == "\\" || character == "`")
      note += " Comments begin with #.";
    report(problem::unexpected_character, span,
           fmt::format("`{}` means nothing here", base::cut_right(source_->slice(span), 40)), std::move(note),
           std::move(fix));
  }

  std::string not_text_message(std::uint32_t at) const {
    return fmt::format("the byte 0x{:02x} is not text", static_cast<unsigned char>(text_[at]));
  }

  void add(TokenKind kind, std::uint32_t start) {
    list_.tokens.push_back({kind, TokenRole::plain, {start, at_}});
  }

  void report(const base::DiagnosticKind& kind, Span where, std::string message, std::string note,
              std::optional<base::Fix> fix = std::nullopt) {
    problems_->add({&kind, source_, where, std::move(message), std::move(note), {}, std::move(fix)});
  }

  const base::SourcePtr& source_;
  std::string_view text_;
  base::Diagnostics* problems_;
  std::uint32_t at_ = 0;
  TokenList list_;
};

}  // namespace

TokenList tokenize(const base::SourcePtr& source, base::Diagnostics* problems) {
  return Lexer(source, problems).run();
}

std::string_view spelling(TokenKind kind) {
  switch (kind) {
    case TokenKind::end: return "the end of the file";
    case TokenKind::name: return "a name";
    case TokenKind::integer: return "an integer";
    case TokenKind::string: return "a string";
    default: break;
  }
  for (const Spelling& s : kOperators) {
    if (s.kind == kind) return s.text;
  }
  return "?";
}

}  // namespace mapwright::lang
