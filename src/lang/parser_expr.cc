#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "lang/parser.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Edit;
using base::Fix;
using base::Span;

struct OperatorLevel {
  TokenKind token;
  BinaryOp op;
  int level;
};

// Higher levels bind tighter; all are left-associative.
constexpr std::array kOperators = {
    OperatorLevel{TokenKind::or_, BinaryOp::or_, 0},
    OperatorLevel{TokenKind::and_, BinaryOp::and_, 1},
    OperatorLevel{TokenKind::equal, BinaryOp::equal, 2},
    OperatorLevel{TokenKind::not_equal, BinaryOp::not_equal, 2},
    OperatorLevel{TokenKind::less, BinaryOp::less, 3},
    OperatorLevel{TokenKind::greater, BinaryOp::greater, 3},
    OperatorLevel{TokenKind::less_equal, BinaryOp::less_equal, 3},
    OperatorLevel{TokenKind::greater_equal, BinaryOp::greater_equal, 3},
    OperatorLevel{TokenKind::plus, BinaryOp::add, 4},
    OperatorLevel{TokenKind::minus, BinaryOp::subtract, 4},
    OperatorLevel{TokenKind::star, BinaryOp::multiply, 5},
    OperatorLevel{TokenKind::slash, BinaryOp::divide, 5},
    OperatorLevel{TokenKind::percent, BinaryOp::modulo, 5},
};
constexpr int kTightest = 5;

}  // namespace

ExprId Parser::add(Expr e) {
  int depth = 0;
  for (const ExprId child : {e.a, e.b, e.c}) {
    if (child != kNoExpr) depth = std::max<int>(depth, ast_[child].depth);
  }
  for (const ExprId child : ast_.list_of(e)) depth = std::max<int>(depth, ast_[child].depth);
  if (depth >= kMaxExprDepth) {
    give_up(problem::nested_too_deep, e.word.end > e.word.begin ? e.word : e.span,
            fmt::format("the expression is nested more than {} deep", kMaxExprDepth),
            "Give parts of it names of their own.");
    return error_expr();
  }
  e.depth = static_cast<std::uint16_t>(depth + 1);
  ast_.exprs.push_back(e);
  return static_cast<ExprId>(ast_.exprs.size() - 1);
}

ExprId Parser::add(Expr e, const std::vector<ExprId>& list) {
  e.list = static_cast<std::uint32_t>(ast_.lists.size());
  e.count = static_cast<std::uint32_t>(list.size());
  ast_.lists.insert(ast_.lists.end(), list.begin(), list.end());
  return add(e);
}

ExprId Parser::error_expr() {
  Expr e;
  e.span = at().span;
  ast_.exprs.push_back(e);
  return static_cast<ExprId>(ast_.exprs.size() - 1);
}

ExprId Parser::expression() {
  if (++nesting_ > kMaxExprDepth) {
    give_up(problem::nested_too_deep, at().span,
            fmt::format("the expression is nested more than {} deep", kMaxExprDepth),
            "Give parts of it names of their own.");
    --nesting_;
    return error_expr();
  }
  ExprId value = binary(0);
  if (is(TokenKind::question)) {
    const Token question = take();
    Expr e;
    e.kind = ExprKind::conditional;
    e.word = question.span;
    e.a = value;
    e.b = expression();
    if (expect(TokenKind::colon, "`:` and the other value of `?:`")) e.c = expression();
    if (e.c == kNoExpr) e.c = error_expr();
    e.span = base::cover(ast_[value].span, ast_[e.c].span);
    value = add(e);
  } else if (is_word("if") && !starts_line()) {
    value = python_conditional(value);
  }
  --nesting_;
  return value;
}

// `a if c else b`: what many write first; understood, so that the rest of the file is checked as well.
ExprId Parser::python_conditional(ExprId value) {
  const Token word = take();
  const ExprId condition = binary(0);
  ExprId other = kNoExpr;
  if (is_word("else")) {
    take();
    other = expression();
  }
  if (silent_) return error_expr();
  const auto words = [&](ExprId e) { return source_->slice(ast_[e].span); };
  std::optional<Fix> fix;
  if (other != kNoExpr) {
    const Span whole = base::cover(ast_[value].span, ast_[other].span);
    const std::string right = fmt::format("{} ? {} : {}", words(condition), words(value), words(other));
    if (right.size() < 200) fix = Fix{fmt::format("write `{}`", right), {{whole, right}}};
  }
  report(problem::control_flow, word.span, "there is no `if` in expressions",
         "A choice is written `condition ? value : other`.", std::move(fix));
  Expr e;
  e.kind = ExprKind::conditional;
  e.word = word.span;
  e.a = condition;
  e.b = value;
  e.c = other == kNoExpr ? error_expr() : other;
  e.span = base::cover(ast_[value].span, previous());
  return add(e);
}

ExprId Parser::binary(int level) {
  if (level > kTightest) return prefix();
  ExprId left = binary(level + 1);
  for (;;) {
    const OperatorLevel* op = nullptr;
    for (const OperatorLevel& o : kOperators) {
      if (o.level == level && is(o.token)) op = &o;
    }
    if (op == nullptr && level <= 1 && is_word(level == 0 ? "or" : "and")) {
      const std::string_view right = level == 0 ? "||" : "&&";
      report(problem::word_operator, at().span, fmt::format("`{}` is written `{}`", text(at()), right), "",
             Fix{fmt::format("write `{}`", right), {{at().span, std::string(right)}}});
      op = &kOperators[static_cast<std::size_t>(level)];
    }
    if (op == nullptr || silent_) return left;
    const Token word = take();
    Expr e;
    e.kind = ExprKind::binary;
    e.detail = static_cast<std::uint8_t>(op->op);
    e.word = word.span;
    e.a = left;
    e.b = binary(level + 1);
    e.span = base::cover(ast_[left].span, ast_[e.b].span);
    left = add(e);
  }
}

bool Parser::starts_expression(std::uint32_t ahead) const {
  switch (at(ahead).kind) {
    case TokenKind::name:
    case TokenKind::integer:
    case TokenKind::open_paren:
    case TokenKind::minus:
    case TokenKind::star:
    case TokenKind::not_: return true;
    default: return false;
  }
}

ExprId Parser::prefix() {
  const bool word_not = is_word("not") && starts_expression(1);
  Expr e;
  if (word_not || is(TokenKind::not_)) e.kind = ExprKind::not_;
  if (is(TokenKind::minus)) e.kind = ExprKind::negate;
  if (is(TokenKind::star)) e.kind = ExprKind::unpack;
  if (e.kind == ExprKind::error) return postfix();
  if (word_not) {
    report(problem::word_operator, at().span, "`not` is written `!`", "",
           Fix{"write `!`", {{{at().span.begin, at(1).span.begin}, "!"}}});
  }
  const Token word = take(TokenRole::prefix);
  e.word = word.span;
  if (e.kind == ExprKind::unpack && !starts_expression()) {
    e.kind = ExprKind::star;
    e.span = word.span;
    return add(e);
  }
  if (++nesting_ > kMaxExprDepth) {
    give_up(problem::nested_too_deep, word.span,
            fmt::format("the expression is nested more than {} deep", kMaxExprDepth),
            "Give parts of it names of their own.");
    --nesting_;
    return error_expr();
  }
  e.a = prefix();
  --nesting_;
  e.span = base::cover(word.span, ast_[e.a].span);
  return add(e);
}

ExprId Parser::postfix() {
  ExprId value = primary();
  while (!silent_) {
    if (is(TokenKind::dot)) {
      value = property(value);
    } else if (is(TokenKind::open_bracket)) {
      value = subscript(value);
    } else if (is(TokenKind::open_paren)) {
      const Token opener = take(TokenRole::call_paren);
      Expr e;
      e.kind = ExprKind::call;
      e.a = value;
      e.word = ast_[value].span;
      const std::vector<ExprId> list = arguments(TokenKind::close_paren, opener);
      e.span = since(ast_[value].span);
      value = add(e, list);
    } else {
      break;
    }
  }
  return value;
}

ExprId Parser::property(ExprId object) {
  take();
  if (!is(TokenKind::name)) {
    give_up(problem::expected, at().span, fmt::format("expected a property after `.`, found {}", found()),
            fmt::format("Properties are {}.", base::join(kPropertyNames, ", ")));
    return error_expr();
  }
  const Token word = take();
  const auto known = find_word(kPropertyNames, text(word));
  if (!known) {
    std::optional<Fix> fix;
    if (const auto meant = base::closest(text(word), kPropertyNames)) {
      fix = Fix{fmt::format("write `{}`", *meant), {{word.span, std::string(*meant)}}};
    }
    report(problem::unknown_property, word.span, fmt::format("nothing has a property `{}`", text(word)),
           fmt::format("Properties are {}.", base::join(kPropertyNames, ", ")), std::move(fix));
    Expr e;
    e.span = since(ast_[object].span);
    return add(e);
  }
  Expr e;
  e.kind = ExprKind::property;
  e.detail = static_cast<std::uint8_t>(*known);
  e.a = object;
  e.word = word.span;
  e.span = since(ast_[object].span);
  return add(e);
}

ExprId Parser::subscript(ExprId object) {
  const Token opener = take();
  Expr e;
  e.a = object;
  e.word = opener.span;
  if (is(TokenKind::close_bracket)) {
    give_up(problem::expected, at().span, "expected an index, found `]`");
    return error_expr();
  }
  ExprId first = kNoExpr;
  if (!is(TokenKind::colon)) first = expression();
  if (is(TokenKind::colon)) {
    take(TokenRole::tight);
    e.kind = ExprKind::slice;
    e.b = first;
    if (!is(TokenKind::close_bracket)) e.c = expression();
    expect_close(TokenKind::close_bracket, opener);
    e.span = since(ast_[object].span);
    return add(e);
  }
  e.kind = ExprKind::index;
  std::vector<ExprId> list{first};
  while (accept(TokenKind::comma)) {
    if (is(TokenKind::close_bracket)) break;
    list.push_back(expression());
  }
  expect_close(TokenKind::close_bracket, opener);
  e.span = since(ast_[object].span);
  return add(e, list);
}

std::vector<ExprId> Parser::arguments(TokenKind close, const Token& opener) {
  std::vector<ExprId> list;
  while (!is(close) && !silent_) {
    list.push_back(expression());
    if (!accept(TokenKind::comma)) break;
  }
  expect_close(close, opener);
  return list;
}

ExprId Parser::primary() {
  const Token& word = at();
  Expr e;
  e.span = word.span;
  e.word = word.span;
  if (word.kind == TokenKind::integer) {
    e.kind = ExprKind::integer;
    e.value = base::parse_integer(text(word)).value_or(0);  // one that does not fit was reported
  } else if (word.kind == TokenKind::open_paren) {
    return parenthesized();
  } else if (word.kind == TokenKind::name) {
    const std::string_view name = text(word);
    if (name == "tuple" && is(TokenKind::open_paren, 1)) return comprehension();
    if (name == "True" || name == "False") {
      e.kind = ExprKind::boolean;
      e.value = name == "True" ? 1 : 0;
    } else if (const auto processor = machine::processor_kind(name)) {
      e.kind = ExprKind::processor_kind;
      e.value = static_cast<std::int64_t>(*processor);
    } else if (const auto memory = machine::memory_kind(name)) {
      e.kind = ExprKind::memory_kind;
      e.value = static_cast<std::int64_t>(*memory);
    } else {
      e.kind = ExprKind::name;
    }
  } else {
    const bool string = word.kind == TokenKind::string;
    give_up(problem::expected, word.span, fmt::format("expected a value, found {}", found()),
            string ? "Strings stand only in print and as task or region names." : "");
    return error_expr();
  }
  take();
  return add(e);
}

ExprId Parser::parenthesized() {
  const Token opener = take();
  if (is(TokenKind::close_paren)) {
    const Token closer = take();
    give_up(problem::empty_tuple, base::cover(opener.span, closer.span), "a tuple has at least one element",
            "A tuple of one is written `(x,)`.");
    return error_expr();
  }
  const ExprId first = expression();
  if (!is(TokenKind::comma)) {
    if (is_word("for") && !silent_) {
      give_up(problem::expected, at().span, "expected `)`, found `for`",
              "A tuple over a range is written `tuple(value for i in range)`.",
              Fix{"add `tuple`", {{{opener.span.begin, opener.span.begin}, "tuple"}}});
      return error_expr();
    }
    expect_close(TokenKind::close_paren, opener);
    // The brackets belong to the place of the expression, so that carets cover them.
    if (!silent_) ast_.exprs[first].span = since(opener.span);
    return first;
  }
  std::vector<ExprId> list{first};
  while (accept(TokenKind::comma)) {
    if (is(TokenKind::close_paren)) break;
    list.push_back(expression());
  }
  expect_close(TokenKind::close_paren, opener);
  Expr e;
  e.kind = ExprKind::tuple;
  e.word = opener.span;
  e.span = since(opener.span);
  return add(e, list);
}

ExprId Parser::comprehension() {
  const Token start = take();
  const Token opener = take(TokenRole::call_paren);
  Expr e;
  e.kind = ExprKind::comprehension;
  e.a = expression();
  if (!silent_ && !is_word("for")) {
    give_up(
        problem::expected, at().span, fmt::format("expected `for`, found {}", found()),
        "A tuple over a range is written `tuple(value for i in range)`; one of given values needs no word: "
        "`(a, b)`.");
    return error_expr();
  }
  if (silent_) return error_expr();
  take();
  if (!is(TokenKind::name)) {
    give_up(problem::expected, at().span, fmt::format("expected a name after `for`, found {}", found()));
    return error_expr();
  }
  e.word = take().span;
  if (!is_word("in")) {
    give_up(problem::expected, at().span, fmt::format("expected `in`, found {}", found()));
    return error_expr();
  }
  take();
  e.b = expression();
  expect_close(TokenKind::close_paren, opener);
  e.span = since(start.span);
  return add(e);
}

}  // namespace mapwright::lang
