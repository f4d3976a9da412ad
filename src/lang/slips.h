// What people write out of habit from other languages, and what to say to them: as tables.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "lang/ast.h"

namespace mapwright::lang::slips {

//! A character that the language does not use.
struct Character {
  std::string_view written;
  TokenKind meant;         // read as this; `stray` where nobody knows, `end` where it is no word at all
  std::string_view right;  // what the repair writes; none where `meant` is stray
  std::string_view note;
};

inline constexpr std::array kCharacters = {
    Character{"&", TokenKind::and_, "&&", ""},
    Character{"|", TokenKind::or_, "||", ""},
    Character{"\xE2\x88\x92", TokenKind::minus, "-", ""},  // minus, en dash, em dash
    Character{"\xE2\x80\x93", TokenKind::minus, "-", ""},
    Character{"\xE2\x80\x94", TokenKind::minus, "-", ""},
    Character{"\xC3\x97", TokenKind::star, "*", ""},   // multiplication sign
    Character{"\xC3\xB7", TokenKind::slash, "/", ""},  // division sign
    Character{"\xE2\x89\xA4", TokenKind::less_equal, "<=", ""},
    Character{"\xE2\x89\xA5", TokenKind::greater_equal, ">=", ""},
    Character{"\xE2\x89\xA0", TokenKind::not_equal, "!=", ""},
    Character{"\xEF\xBC\x8C", TokenKind::comma, ",", ""},  // full-width comma, semicolon, colon, brackets
    Character{"\xEF\xBC\x9B", TokenKind::semicolon, ";", ""},
    Character{"\xEF\xBC\x9A", TokenKind::colon, ":", ""},
    Character{"\xEF\xBC\x88", TokenKind::open_paren, "(", ""},
    Character{"\xEF\xBC\x89", TokenKind::close_paren, ")", ""},
    Character{"\xC2\xA0", TokenKind::end, " ", "It is a blank that never breaks a line."},
    Character{"\xE2\x80\xAF", TokenKind::end, " ", "It is a narrow blank that never breaks a line."},
    Character{"\xE3\x80\x80", TokenKind::end, " ", "It is a wide blank."},
    Character{"\xE2\x80\x8B", TokenKind::end, "", "It is a blank without width."},
    Character{"\xE2\x81\xA0", TokenKind::end, "", "It has no width."},
    Character{"\xEF\xBB\xBF", TokenKind::end, "", "It marks the beginning of a file and nothing else."},
    Character{"\\", TokenKind::end, "",
              "A statement goes on to its semicolon, over as many lines as it needs."},
    Character{"$", TokenKind::stray, "", "Names begin with a letter or `_`."},
    Character{"@", TokenKind::stray, "", "There are no decorators. Comments begin with #."},
    Character{"^", TokenKind::stray, "", "There is no such operator: numbers are combined with + - * / %."},
    Character{"~", TokenKind::stray, "", "There is no such operator: `!` negates a condition, `-` a number."},
};

//! Quotes that are not the ones of the language.
struct Quotes {
  std::string_view open;
  std::string_view close;
};

inline constexpr std::array kQuotes = {
    Quotes{"'", "'"},
    Quotes{"`", "`"},
    Quotes{"\xE2\x80\x9C", "\xE2\x80\x9D"},
    Quotes{"\xE2\x80\x9D", "\xE2\x80\x9D"},
    Quotes{"\xE2\x80\x98", "\xE2\x80\x99"},
    Quotes{"\xE2\x80\x9E", "\xE2\x80\x9C"},
    Quotes{"\xC2\xAB", "\xC2\xBB"},
};

//! An operator of another language, at the place of a binary one.
struct Operator {
  std::string_view written;
  int level;                      // where the parser looks for it (parser_expr.cc)
  std::optional<BinaryOp> meant;  // read as this; none: reported and dropped
  std::string_view note;
};

inline constexpr std::array kOperators = {
    Operator{"or", 0, BinaryOp::or_, ""},
    Operator{"and", 1, BinaryOp::and_, ""},
    Operator{"is", 2, BinaryOp::equal, ""},
    Operator{"===", 2, BinaryOp::equal, ""},
    Operator{"!==", 2, BinaryOp::not_equal, ""},
    Operator{"=", 2, BinaryOp::equal, "`=` gives a name its value, `==` compares."},
    Operator{"<>", 3, BinaryOp::not_equal, ""},
    Operator{"=<", 3, BinaryOp::less_equal, ""},
    Operator{"=>", 3, BinaryOp::greater_equal, ""},
    Operator{"in", 3, {}, "Compare with each value: `x == a || x == b`."},
    Operator{"<<", 4, {}, "A shift by n is a multiplication by the n-th power of two, written as a number."},
    Operator{">>", 4, {}, "A shift by n is a division by the n-th power of two, written as a number."},
    Operator{"**", 5, {}, "A power is a product: `n * n`."},
    Operator{"mod", 5, BinaryOp::modulo, ""},
    Operator{"div", 5, BinaryOp::divide, ""},
};

//! Statements that take other statements into a block, or end one: there are none of them.
inline constexpr std::array<std::string_view, 20> kControlWords{
    "if",   "elif", "elseif", "else",  "for",  "while",  "do",    "switch",   "case", "match",
    "with", "try",  "except", "catch", "loop", "repeat", "break", "continue", "pass", "unless"};
//! Those that continue the one before.
inline constexpr std::array<std::string_view, 5> kContinuingWords{"elif", "elseif", "else", "except",
                                                                  "catch"};

//! How the statements are written.
struct Form {
  std::string_view word;
  std::string_view form;
};

inline constexpr std::array kForms = {
    Form{"Task", "Task task GPU, CPU;"},
    Form{"Region", "Region task region GPU FBMEM, ZCMEM;"},
    Form{"Layout", "Layout task region FBMEM SOA C_order;"},
    Form{"InstanceLimit", "InstanceLimit task 4;"},
    Form{"CollectMemory", "CollectMemory task region;"},
    Form{"IndexTaskMap", "IndexTaskMap task function;"},
    Form{"SingleTaskMap", "SingleTaskMap task function;"},
    Form{"ControlReplicate", "ControlReplicate task;"},
};

}  // namespace mapwright::lang::slips
