#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

#include "base/text.h"
#include "lang/diagnostics.h"
#include "lang/slips.h"
#include "lang/words.h"

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

// Where a search for a closing quote on the same line ends: names and texts to print are shorter, and hostile
// text stays linear.
constexpr std::size_t kLongestQuoted = 400;

bool is_text(std::string_view text, std::size_t at) {
  return text[at] != '\0' && base::utf8_length(text, at) != 0;
}

// Letters of other scripts, in wide ranges: enough to take a word of theirs as one.
bool is_foreign_letter(std::string_view text, std::size_t at) {
  if (at >= text.size() || base::utf8_length(text, at) < 2) return false;
  const std::uint32_t c = base::code_point(text, at);
  const auto between = [&](std::uint32_t low, std::uint32_t high) { return c >= low && c <= high; };
  return between(0xC0, 0x1FFF) ? c != 0xD7 && c != 0xF7
                               : between(0x2C00, 0x2DFF) || between(0x3040, 0xD7FF) ||
                                     between(0xF900, 0xFDCF) || between(0x20000, 0x3FFFF);
}

// "0x80", "1_000" and "1e6" as the language writes them.
std::optional<std::string> as_decimal(std::string_view word) {
  std::string digits;
  std::ranges::copy_if(word, std::back_inserter(digits), [](char c) { return c != '_'; });
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = digits[1];
    base = mark == 'x' || mark == 'X'   ? 16
           : mark == 'b' || mark == 'B' ? 2
           : mark == 'o' || mark == 'O' ? 8
                                        : 10;
    if (base != 10) digits.erase(0, 2);
  }
  std::int64_t zeros = 0;
  if (const std::size_t e = digits.find_first_of("eE"); base == 10 && e != std::string::npos) {
    zeros = base::parse_integer(std::string_view(digits).substr(e + 1)).value_or(-1);
    if (zeros < 0 || zeros > 18) return std::nullopt;
    digits.erase(e);
    digits.append(static_cast<std::size_t>(zeros), '0');
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return fmt::format("{}", value);
}

class Lexer {
 public:
  Lexer(const base::SourcePtr& source, base::Diagnostics* problems)
      : source_(source), text_(source->text()), problems_(problems) {}

  TokenList run() {
    // A byte-order mark is how some editors say UTF-8.
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) next();
    // What is missing at the end is missing behind the last word.
    at_ = list_.tokens.empty() ? 0 : list_.tokens.back().span.end;
    add(TokenKind::end, at_);
    return std::move(list_);
  }

 private:
  void next() {
    const char c = text_[at_];
    if (is_blank(c)) {
      ++at_;
    } else if (c == '#' || here("//")) {
      comment();
    } else if (is_name_start(c) || is_foreign_letter(text_, at_)) {
      word();
    } else if (is_digit(c)) {
      number();
    } else if (c == '"') {
      if (!foreign_comment("\"\"\"", "\"\"\"", &text_blocks_end_)) string();
    } else if (!(here("/*") && foreign_comment("/*", "*/", &block_comments_end_)) && !operator_() &&
               !quoted()) {
      stray();
    }
  }

  bool here(std::string_view word) const { return text_.substr(at_, word.size()) == word; }

  void comment() {
    const std::uint32_t start = at_;
    at_ = static_cast<std::uint32_t>(std::min(text_.find('\n', at_), text_.size()));
    std::uint32_t end = at_;
    while (end > start && is_blank(text_[end - 1])) --end;
    list_.comments.push_back({{start, end}, static_cast<std::uint32_t>(list_.tokens.size())});
    all_text({start, end}, "A mapper is UTF-8 text, in its comments too.");
  }

  // Reports the first byte that is not text; one report for a comment or a string is enough.
  void all_text(Span span, std::string_view note) {
    std::optional<std::uint32_t> wrong;
    std::string right;
    for (std::uint32_t i = span.begin; i < span.end;) {
      const bool good = is_text(text_, i);
      const auto length = good ? static_cast<std::uint32_t>(base::utf8_length(text_, i)) : 1;
      if (!good && !wrong) {
        wrong = i;
        right = text_.substr(span.begin, i - span.begin);
      }
      if (wrong) right += good ? text_.substr(i, length) : "?";
      i += length;
    }
    if (!wrong) return;
    report(problem::not_text, {*wrong, *wrong + 1}, not_text_message(*wrong), std::string(note),
           base::Fix{"write `?` for what is not text", {{span, right}}});
  }

  // """text""" and /* text */.
  bool foreign_comment(std::string_view open, std::string_view close, bool* may_end) {
    if (!here(open) || !*may_end) return false;
    const std::uint32_t start = at_;
    const std::size_t end = text_.find(close, start + open.size());
    *may_end = end != std::string_view::npos;
    if (!*may_end) return false;
    at_ = static_cast<std::uint32_t>(end + close.size());
    // Repaired only where nothing but the end of the line follows.
    const std::size_t next = text_.find_first_not_of(" \t\r", at_);
    std::optional<base::Fix> fix;
    if (next == std::string_view::npos || text_[next] == '\n') {
      std::string right;
      for (std::string_view line :
           base::split(text_.substr(start + open.size(), end - start - open.size()), '\n')) {
        while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
        while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
        if (line.empty()) continue;
        if (!right.empty()) right.append("\n").append(margin(start), ' ');
        right.append("# ").append(line);
      }
      fix = base::Fix{"begin each line with `#`", {{{start, at_}, right}}};
    }
    report(problem::foreign_comment, {start, start + static_cast<std::uint32_t>(open.size())},
           fmt::format("`{}` does not begin a comment", open),
           "Comments begin with # and end where their line does.", std::move(fix));
    return true;
  }

  std::size_t margin(std::uint32_t at) const {
    const Span line = source_->line_around(at);
    const std::size_t first = text_.find_first_not_of(" \t", line.begin);
    return std::min<std::size_t>(first, at) - line.begin;
  }

  void word() {
    const std::uint32_t start = at_;
    bool odd = false;
    for (;;) {
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
      if (!is_foreign_letter(text_, at_)) break;
      odd = true;
      at_ += static_cast<std::uint32_t>(base::utf8_length(text_, at_));
    }
    add(TokenKind::name, start);
    if (odd) odd_name({start, at_}, "names are made of a to z, A to Z, 0 to 9 and `_`");
  }

  // Read as a name all the same; reported where it stands first.
  void odd_name(Span span, std::string_view rule) {
    const std::string_view word = source_->slice(span);
    if (!odd_names_.insert(word).second) return;
    std::optional<base::Fix> fix;
    if (in_statement_of_names())
      fix = base::Fix{fmt::format("write `\"{}\"`", base::shortened(word, 40)),
                      {{span, fmt::format("\"{}\"", word)}}};
    report(problem::odd_name, span, fmt::format("`{}` is no name: {}", base::shortened(word, 40), rule),
           "A task or region name with other characters stands in double quotes.", std::move(fix));
  }

  // Whether the statement begins with Task, Region and so on, where quoted names stand.
  bool in_statement_of_names() const {
    if (statement_ >= list_.tokens.size()) return false;
    const auto known = find_word(kStatementNames, source_->slice(list_.tokens[statement_].span));
    return known && kStatementNames[*known] != "def" && kStatementNames[*known] != "print";
  }

  void number() {
    const std::uint32_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    const Span digits{start, at_};
    const bool fraction = at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1]);
    if (at_ < text_.size() && (is_name_part(text_[at_]) || is_foreign_letter(text_, at_) || fraction)) {
      if (odd_number(start)) return;
      at_ = digits.end;
    }
    if (!base::parse_integer(source_->slice(digits))) {
      report(problem::integer_too_large, digits,
             fmt::format("the integer `{}` does not fit into 64 bits",
                         base::shortened(source_->slice(digits), 40)),
             "Integers go up to 9223372036854775807.");
    }
    add(TokenKind::integer, start);
  }

  // Digits with something stuck to them. False where that is a word of the language, which needs no blank.
  bool odd_number(std::uint32_t start) {
    bool fraction = false;
    while (at_ < text_.size()) {
      if (is_name_part(text_[at_])) {
        ++at_;
      } else if (text_[at_] == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) {
        fraction = true;
        ++at_;
      } else if (is_foreign_letter(text_, at_)) {
        at_ += static_cast<std::uint32_t>(base::utf8_length(text_, at_));
      } else {
        break;
      }
    }
    const Span span{start, at_};
    const std::string_view word = source_->slice(span);
    const std::string_view tail = word.substr(word.find_first_not_of("0123456789"));
    if (find_word(kConstraintNames, tail) || machine::processor_kind(tail) || machine::memory_kind(tail) ||
        tail == "for" || tail == "in") {
      return false;
    }
    if (fraction) {
      report(problem::odd_number, span, fmt::format("`{}` is no integer", base::shortened(word, 40)),
             "There are no fractions: multiply first and divide then, `n * 3 / 4`.");
      add(TokenKind::integer, start);
    } else if (const auto right = as_decimal(word)) {
      report(problem::odd_number, span, fmt::format("`{}` is no decimal integer", base::shortened(word, 40)),
             "Integers are written with the digits 0 to 9 alone.",
             base::Fix{fmt::format("write `{}`", *right), {{span, *right}}});
      add(TokenKind::integer, start);
    } else {
      add(TokenKind::name, start);
      odd_name(span, "names begin with a letter or `_`");
    }
    return true;
  }

  void string() {
    const std::uint32_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') ++at_;
    if (at_ == text_.size() || text_[at_] == '\n') return unterminated(start);
    ++at_;
    all_text({start, at_}, "A mapper is UTF-8 text, in its strings too.");
    add(TokenKind::string, start);
  }

  void unterminated(std::uint32_t start) {
    const bool printed = !list_.tokens.empty() && list_.tokens.back().kind == TokenKind::open_paren;
    std::uint32_t end = at_;
    std::optional<base::Fix> fix;
    if (!printed) {
      // A name: it ends where a word does.
      const std::size_t blank = text_.find_first_of(" \t\r\n,;()", start + 1);
      end = static_cast<std::uint32_t>(std::min<std::size_t>(blank, at_));
      if (end > start + 1) fix = base::Fix{"add `\"`", {{{end, end}, "\""}}};
    }
    while (end > start + 1 && is_blank(text_[end - 1])) --end;
    at_ = end;
    report(problem::unterminated_string, {start, end}, "the string is never closed",
           "A string ends with `\"` on the line on which it begins.", std::move(fix));
    add(printed ? TokenKind::stray : TokenKind::string, start);
  }

  // 'text' and the typographic kinds.
  bool quoted() {
    for (const slips::Quotes& q : slips::kQuotes) {
      if (!here(q.open)) continue;
      const std::uint32_t inside = at_ + static_cast<std::uint32_t>(q.open.size());
      const std::string_view rest = text_.substr(inside, kLongestQuoted);
      const std::size_t closed = std::min(rest.find(q.close), rest.find(q.open));
      if (closed > rest.substr(0, rest.find('\n')).size()) return false;
      const std::uint32_t start = at_;
      const auto end = static_cast<std::uint32_t>(inside + closed);
      at_ = end + static_cast<std::uint32_t>(base::utf8_length(text_, end));
      std::optional<base::Fix> fix;
      if (rest.substr(0, closed).find('"') == std::string_view::npos)
        fix = base::Fix{"write double quotes", {{{start, inside}, "\""}, {{end, at_}, "\""}}};
      report(problem::unexpected_character, {start, at_},
             fmt::format("`{}` stands in the wrong quotes",
                         base::shortened(text_.substr(start, at_ - start), 40)),
             "Strings stand between straight double quotes.", std::move(fix));
      add(TokenKind::string, start);
      return true;
    }
    return false;
  }

  bool operator_() {
    for (const Spelling& s : kOperators) {
      if (s.text[0] != text_[at_] || !here(s.text)) continue;
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
    if (problems_->full()) {
      ++at_;
      return;
    }
    if (!is_text(text_, at_)) {
      while (at_ < text_.size() && !is_text(text_, at_)) ++at_;
      report(problem::not_text, {start, at_}, not_text_message(start), "A mapper is UTF-8 text.");
      return add(TokenKind::stray, start);
    }
    const auto first = static_cast<std::uint32_t>(base::utf8_length(text_, at_));
    const std::string_view character = text_.substr(start, first);
    const slips::Character* known = nullptr;
    for (const slips::Character& c : slips::kCharacters) {
      if (c.written == character) known = &c;
    }
    at_ += first;
    const auto more = [&] {
      return known != nullptr ? known->meant == TokenKind::stray && here(character)
                              : at_ < text_.size() && !starts_word(at_) && is_text(text_, at_);
    };
    while (more()) at_ += static_cast<std::uint32_t>(base::utf8_length(text_, at_));
    const Span span{start, at_};
    std::optional<base::Fix> fix;
    if (known != nullptr && known->meant != TokenKind::stray) {
      fix = known->right.empty()
                ? base::Fix{"delete it", {{span, ""}}}
                : base::Fix{fmt::format("write `{}`", known->right), {{span, std::string(known->right)}}};
    }
    // A sequence that steers a terminal goes to the next blank.
    if (static_cast<unsigned char>(character[0]) < 0x20) {
      while (at_ < text_.size() && !is_blank(text_[at_])) ++at_;
    }
    const auto spelled = base::visible(source_->slice(span));
    report(problem::unexpected_character, span,
           fmt::format("`{}` means nothing here", base::shortened(spelled, 40)),
           std::string(known != nullptr ? known->note : ""), std::move(fix));
    const TokenKind meant = known != nullptr ? known->meant : TokenKind::stray;
    // Inside of a word, what is no word at all splits it.
    const bool splits = start > 0 && at_ < text_.size() && is_name_part(text_[start - 1]) &&
                        is_name_part(text_[at_]) && known != nullptr && known->right.empty();
    if (meant != TokenKind::end || splits) add(splits ? TokenKind::stray : meant, start);
  }

  std::string not_text_message(std::uint32_t at) const {
    return fmt::format("the byte 0x{:02x} is not text", static_cast<unsigned char>(text_[at]));
  }

  void add(TokenKind kind, std::uint32_t start) {
    list_.tokens.push_back({kind, TokenRole::plain, {start, at_}});
    if (kind == TokenKind::semicolon || kind == TokenKind::open_brace || kind == TokenKind::close_brace)
      statement_ = list_.tokens.size();
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
  std::size_t statement_ = 0;  // its first token
  std::unordered_set<std::string_view> odd_names_;
  bool text_blocks_end_ = true;  // false: no `"""` follows, so that it need not be looked for again
  bool block_comments_end_ = true;
};

}  // namespace

TokenList tokenize(const base::SourcePtr& source, base::Diagnostics* problems) {
  return Lexer(source, problems).run();
}

std::string_view string_text(std::string_view token) {
  if (token.empty()) return token;
  token.remove_prefix(std::max<std::size_t>(1, base::utf8_length(token, 0)));
  const auto strip = [&](std::string_view quote) {
    if (!token.ends_with(quote)) return false;
    token.remove_suffix(quote.size());
    return true;
  };
  if (strip("\"")) return token;
  for (const slips::Quotes& q : slips::kQuotes) {
    if (strip(q.close) || strip(q.open)) break;
  }
  return token;
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
