// The words of a mapper.
#pragma once

#include <cstdint>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace mapwright::lang {

// clang-format off
enum class TokenKind : std::uint8_t {
  end,      // its place is behind the last word
  stray,    // what is no word, and reported: the parser gives up there without another word
  name,     // [A-Za-z_][A-Za-z0-9_]*, keywords included: what is one depends on the place
  integer,
  string,   // with its quotes: string_text()
  plus, minus, star, slash, percent,
  less, less_equal, greater, greater_equal, equal, not_equal,
  and_, or_, not_,
  assign, question, colon, comma, semicolon, dot,
  open_paren, close_paren, open_bracket, close_bracket, open_brace, close_brace,
};
// clang-format on

//! What a token is to the formatter beyond its kind; the parser knows.
enum class TokenRole : std::uint8_t {
  plain,
  prefix,         // an operator with one operand
  tight,          // no blanks around it: the colon of a slice, the parts of a dotted name
  call_paren,     // opens the arguments of what stands before it
  body_brace,     // of a function
  statement_end,  // the semicolon
};

struct Token {
  TokenKind kind = TokenKind::end;
  TokenRole role = TokenRole::plain;
  base::Span span;
};

//! A comment with its # or //, without the end of the line.
struct Comment {
  base::Span span;
  std::uint32_t before = 0;  //!< index of the token that follows
};

struct TokenList {
  std::vector<Token> tokens;  //!< ends with one `end`
  std::vector<Comment> comments;
};

//! All words of the source; whatever is no word is reported.
TokenList tokenize(const base::SourcePtr& source, base::Diagnostics* problems);

//! What stands between the quotes of a string; its closing one may be missing, if that was reported.
std::string_view string_text(std::string_view token);

//! "`;`", "a name": a token kind in a message.
std::string_view spelling(TokenKind kind);

}  // namespace mapwright::lang
