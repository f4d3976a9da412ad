// What stands in brackets: tuples, indices, slices, arguments and comprehensions.
#include <fmt/format.h>

#include "lang/parser.h"

namespace mapwright::lang {

using base::Fix;

// One index of several: `:` among them is Python's `*`.
ExprId Parser::element() {
  if (!is(TokenKind::colon)) return expression();
  Expr e;
  e.kind = ExprKind::star;
  e.span = take().span;
  e.word = e.span;
  report(problem::foreign_form, e.span, "all of a dimension is `*`", "", write_fix(e.span, "*"));
  return add(e);
}

ExprId Parser::subscript(ExprId object) {
  // `m{0, 0}` reads as an index as well.
  const bool braces = is(TokenKind::open_brace);
  const Token opener = take();
  const TokenKind close = braces ? TokenKind::close_brace : TokenKind::close_bracket;
  Expr e;
  e.a = object;
  e.word = opener.span;
  if (is(close)) {
    give_up(problem::expected, at().span, fmt::format("expected an index, found {}", found()));
    return error_expr();
  }
  const bool listed = is(TokenKind::colon) && is(TokenKind::comma, 1);
  ExprId first = kNoExpr;
  if (!is(TokenKind::colon) || listed) first = element();
  const bool slice = is(TokenKind::colon);
  std::vector<ExprId> list{first};
  if (slice) {
    take(TokenRole::tight);
    e.kind = ExprKind::slice;
    e.b = first;
    if (is(TokenKind::colon)) {
      give_up(problem::foreign_form, at().span, "a slice has no step", "It is written `t[first:end]`.");
    } else if (!is(close)) {
      e.c = expression();
      if (is(TokenKind::colon))
        give_up(problem::foreign_form, at().span, "a slice has no step", "It is written `t[first:end]`.");
    }
  } else {
    e.kind = ExprKind::index;
    while (!silent_ && accept(TokenKind::comma) && !is(close)) list.push_back(element());
  }
  expect_close(close, opener, !slice);
  e.span = since(ast_[object].span);
  if (braces && !silent_) {
    report(problem::foreign_form, opener.span, "an index stands in `[]`", "",
           Fix{"write `[]`", {{opener.span, "["}, {previous(), "]"}}});
  }
  return slice ? add(e) : add(e, list);
}

std::vector<ExprId> Parser::arguments(TokenKind close, const Token& opener) {
  std::vector<ExprId> list;
  while (!is(close) && !silent_) {
    if (is(TokenKind::name) && is(TokenKind::assign, 1)) {
      report(problem::foreign_form, at().span, "arguments have no names",
             "They stand in the order of the parameters: `m.split(0, 2)`.");
      take();
      take();
    }
    list.push_back(expression());
    if (silent_ || !accept(TokenKind::comma)) break;
  }
  expect_close(close, opener, true);
  return list;
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
  if (is_word("for") && !silent_) {
    report(problem::foreign_form, at().span, "`for` stands only in `tuple(...)`",
           "A tuple over a range is written `tuple(value for i in range(n))`.",
           Fix{"add `tuple`", {{{opener.span.begin, opener.span.begin}, "tuple"}}});
    return comprehension(opener, opener, first, TokenKind::close_paren);
  }
  if (!is(TokenKind::comma)) {
    expect_close(TokenKind::close_paren, opener, true);
    // The brackets belong to the place of the expression, so that carets cover them.
    if (!silent_) ast_.exprs[first].span = since(opener.span);
    return first;
  }
  std::vector<ExprId> list{first};
  while (!silent_ && accept(TokenKind::comma) && !is(TokenKind::close_paren)) list.push_back(expression());
  expect_close(TokenKind::close_paren, opener, true);
  Expr e;
  e.kind = ExprKind::tuple;
  e.word = opener.span;
  e.span = since(opener.span);
  return add(e, list);
}

// `[a, b]` and `[value for i in range(n)]`: Python's lists are tuples here.
ExprId Parser::bracketed() {
  const Token opener = take();
  Expr e;
  e.kind = ExprKind::tuple;
  e.word = opener.span;
  std::vector<ExprId> list;
  if (!is(TokenKind::close_bracket)) list.push_back(expression());
  std::string_view open = "(";
  std::string_view close = list.size() == 1 && is(TokenKind::close_bracket) ? ",)" : ")";
  ExprId all = kNoExpr;
  if (is_word("for") && !silent_) {
    open = "tuple(";
    close = ")";
    all = comprehension(opener, opener, list[0], TokenKind::close_bracket);
  } else {
    while (!silent_ && accept(TokenKind::comma) && !is(TokenKind::close_bracket))
      list.push_back(expression());
    expect_close(TokenKind::close_bracket, opener, true);
  }
  if (silent_) return error_expr();
  std::optional<Fix> fix;
  if (!list.empty())
    fix = Fix{fmt::format("write `{}...{}`", open, close),
              {{opener.span, std::string(open)}, {previous(), std::string(close)}}};
  report(problem::foreign_form, opener.span, "there are no lists: a tuple stands in `()`",
         "A tuple over a range is written `tuple(value for i in range(n))`.", std::move(fix));
  e.span = since(opener.span);
  return all != kNoExpr ? all : list.empty() ? error_expr() : add(e, list);
}

// `tuple(...)`: over a range, or Python's, which needs no word here.
ExprId Parser::tuple_call() {
  const Token start = take();
  const Token opener = take(TokenRole::call_paren);
  const ExprId first = is(TokenKind::close_paren) ? error_expr() : expression();
  if (silent_) return error_expr();
  if (is_word("for")) return comprehension(start, opener, first, TokenKind::close_paren);
  std::vector<ExprId> list{first};
  while (!silent_ && accept(TokenKind::comma) && !is(TokenKind::close_paren)) list.push_back(expression());
  const bool several = list.size() > 1;
  if (!several && !is(TokenKind::close_paren)) {
    give_up(problem::expected, at().span, fmt::format("expected `for`, found {}", found()),
            "A tuple over a range is written `tuple(value for i in range(n))`.");
    return error_expr();
  }
  expect_close(TokenKind::close_paren, opener, true);
  if (silent_) return error_expr();
  report(problem::foreign_form, start.span, "`tuple` goes over a range",
         "A tuple of given values needs no word: `(a, b)`; one over a range is written `tuple(value for i in "
         "range(n))`.",
         delete_fix(start.span, "tuple"));
  Expr e;
  e.kind = ExprKind::tuple;
  e.word = opener.span;
  e.span = since(start.span);
  return several ? add(e, list) : first;
}

// From `for` on.
ExprId Parser::comprehension(const Token& start, const Token& opener, ExprId element, TokenKind close) {
  Expr e;
  e.kind = ExprKind::comprehension;
  e.a = element;
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
  e.b = choice();
  if (is_word("if") && !silent_) {
    report(problem::control_flow, at().span, "there is no `if` in a comprehension",
           "It has one value for each element of the range.");
    take();
    expression();
  }
  expect_close(close, opener);
  e.span = since(start.span);
  return add(e);
}

}  // namespace mapwright::lang
