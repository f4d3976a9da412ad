#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "lang/parser.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

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

bool Parser::too_deep(Span where) {
  if (nesting_ < kMaxExprDepth) return false;
  give_up(problem::nested_too_deep, where,
          fmt::format("the expression is nested more than {} deep", kMaxExprDepth),
          "Give parts of it names of their own.");
  return true;
}

ExprId Parser::expression() {
  const ExprId first = choice();
  return is_word("if") && !starts_line() && !silent_ ? python_conditional(first) : first;
}

// What stands alone behind `=` or `return`, where Python needs no brackets around a tuple.
ExprId Parser::value() {
  const ExprId first = expression();
  if (silent_ || !is(TokenKind::comma) || starts_line()) return first;
  const Span comma = at().span;
  std::vector<ExprId> list{first};
  while (!silent_ && accept(TokenKind::comma) && starts_expression()) list.push_back(expression());
  Expr e;
  e.kind = ExprKind::tuple;
  e.span = since(ast_[first].span);
  e.word = comma;
  report(problem::foreign_form, comma, "a tuple stands in `()`",
         "A point of a machine is written `machine[node, processor]`.",
         Fix{"add `()`", {{{e.span.begin, e.span.begin}, "("}, {{e.span.end, e.span.end}, ")"}}});
  return add(e, list);
}

ExprId Parser::choice() {
  if (too_deep(at().span)) return error_expr();
  ++nesting_;
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
  }
  --nesting_;
  return value;
}

// `a if c else b`, or a chain of them: what many write first; understood, so that the rest is checked as
// well.
ExprId Parser::python_conditional(ExprId value) {
  struct Arm {
    Span word;
    ExprId condition;
    ExprId value;
  };
  const Span start = ast_[value].span;
  std::vector<Arm> arms;
  ExprId other = kNoExpr;
  while (other == kNoExpr && !silent_) {
    const Span word = take().span;
    arms.push_back({word, binary(0), value});
    if (silent_ || !is_word("else")) break;
    take();
    value = choice();
    if (!is_word("if") || starts_line()) other = value;
  }
  if (silent_) return error_expr();
  std::optional<Fix> fix;
  if (other != kNoExpr) {
    std::string right;
    for (const Arm& arm : arms) {
      right += fmt::format("{} ? {} : ", source_->slice(ast_[arm.condition].span),
                           source_->slice(ast_[arm.value].span));
      if (right.size() > 200) break;
    }
    right += source_->slice(ast_[other].span);
    if (right.size() < 200) fix = write_fix(base::cover(start, ast_[other].span), right);
  }
  report(problem::control_flow, arms[0].word, "there is no `if` in expressions",
         "A choice is written `condition ? value : other`.", std::move(fix));
  if (other == kNoExpr) other = error_expr();
  for (; !arms.empty() && !silent_; arms.pop_back()) {
    Expr e;
    e.kind = ExprKind::conditional;
    e.word = arms.back().word;
    e.a = arms.back().condition;
    e.b = arms.back().value;
    e.c = other;
    e.span = base::cover(ast_[e.b].span, ast_[other].span);
    other = add(e);
  }
  return other;
}

ExprId Parser::binary(int level) {
  if (level > kTightest) return prefix();
  ExprId left = binary(level + 1);
  while (!silent_) {
    if (const slips::Operator* slip = operator_slip(level)) {
      left = foreign_operator(left, *slip);
      continue;
    }
    const OperatorLevel* op = nullptr;
    for (const OperatorLevel& o : kOperators) {
      if (o.level == level && is(o.token)) op = &o;
    }
    if (op == nullptr) return left;
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
  return left;
}

// The operator of another language that stands here, if one does.
const slips::Operator* Parser::operator_slip(int level) const {
  switch (at().kind) {
    case TokenKind::name:
      if (starts_line()) return nullptr;
      break;
    case TokenKind::assign:
    case TokenKind::less:
    case TokenKind::greater:
    case TokenKind::star:
    case TokenKind::equal:
    case TokenKind::not_equal: break;
    default: return nullptr;
  }
  const Span word = at().span;
  for (const slips::Operator& o : slips::kOperators) {
    const auto size = static_cast<std::uint32_t>(o.written.size());
    if (o.level != level || size < word.end - word.begin) continue;
    if (source_->text().substr(word.begin, size) != o.written) continue;
    std::uint32_t words = 1;
    while (at(words).span.begin < word.begin + size && !is(TokenKind::end, words)) ++words;
    // `*` unpacks, too, and `x = y` may be the next statement.
    if (starts_expression(words)) return &o;
  }
  return nullptr;
}

ExprId Parser::foreign_operator(ExprId left, const slips::Operator& slip) {
  Expr e;
  e.word = {at().span.begin, at().span.begin + static_cast<std::uint32_t>(slip.written.size())};
  const bool is_word = is(TokenKind::name);
  const auto& kind = is_word ? problem::word_operator : problem::foreign_operator;
  if (slip.meant) {
    const std::string_view right = name_of(*slip.meant);
    report(kind, e.word, fmt::format("`{}` is written `{}`", slip.written, right), std::string(slip.note),
           write_fix(e.word, right));
  } else {
    report(kind, e.word, fmt::format("there is no operator `{}`", slip.written), std::string(slip.note));
  }
  while (at().span.begin < e.word.end && !is(TokenKind::end)) take();
  e.a = left;
  e.b = binary(slip.level + 1);
  e.span = base::cover(ast_[left].span, ast_[e.b].span);
  if (slip.meant) {
    e.kind = ExprKind::binary;
    e.detail = static_cast<std::uint8_t>(*slip.meant);
  }
  return add(e);
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
  if (too_deep(word.span)) return error_expr();
  ++nesting_;
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
    } else if (is(TokenKind::open_bracket) || (is(TokenKind::open_brace) && touches(0))) {
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
  const Span dot = take().span;
  if (!is(TokenKind::name)) {
    give_up(problem::expected, at().span, fmt::format("expected a property after `.`, found {}", found()),
            fmt::format("Properties are {}.", base::join(kPropertyNames, ", ")));
    return error_expr();
  }
  const Token word = take();
  const auto known = find_word(kPropertyNames, text(word));
  if (!known) {
    std::optional<Fix> fix;
    std::string note = fmt::format("Properties are {}.", base::join(kPropertyNames, ", "));
    constexpr std::string_view kCoordinates = "xyz";
    const std::size_t coordinate = text(word).size() == 1 ? kCoordinates.find(text(word)) : std::string::npos;
    if (coordinate != std::string::npos) {
      const std::string right = fmt::format("[{}]", coordinate);
      fix = Fix{fmt::format("write `{}`", right), {{{dot.begin, word.span.end}, right}}};
      note = "The coordinates of a point `p` are `p[0]`, `p[1]` and so on.";
    } else if (const auto meant = base::closest(text(word), kPropertyNames)) {
      fix = Fix{fmt::format("write `{}`", *meant), {{word.span, std::string(*meant)}}};
    }
    report(problem::unknown_property, word.span, fmt::format("nothing has a property {}", quoted(word.span)),
           std::move(note), std::move(fix));
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

ExprId Parser::primary() {
  switch (at().kind) {
    case TokenKind::name: return word();
    case TokenKind::open_paren: return parenthesized();
    case TokenKind::open_bracket: return bracketed();
    case TokenKind::integer: {
      Expr e;
      e.kind = ExprKind::integer;
      e.span = at().span;
      e.word = e.span;
      e.value = base::parse_integer(text(at())).value_or(0);  // one that does not fit was reported
      take();
      return add(e);
    }
    default: break;
  }
  give_up(problem::expected, at().span, fmt::format("expected a value, found {}", found()),
          is(TokenKind::string) ? "Strings stand only in print and as task or region names." : "");
  return error_expr();
}

ExprId Parser::word() {
  const std::string_view name = text(at());
  if (name == "tuple" && is(TokenKind::open_paren, 1)) return tuple_call();
  if (name == "lambda" && (is(TokenKind::name, 1) || is(TokenKind::colon, 1))) {
    give_up(problem::foreign_form, at().span, "there is no `lambda`",
            "Functions are defined with def, and have names.");
    return error_expr();
  }
  Expr e;
  e.span = at().span;
  e.word = e.span;
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
  take();
  return add(e);
}

}  // namespace mapwright::lang
