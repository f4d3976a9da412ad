// Functions, and the statements that stand in them: assignments, print and return.
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "lang/parser.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Fix;
using base::Span;

constexpr std::string_view kFunctionNote = "A function is written `def name(Task task) { ... }`.";
constexpr std::string_view kControlNote =
    "A mapping function is names, print and return; a choice is written `condition ? value : other`, a "
    "repetition `tuple(value for i in range(n))`.";

constexpr std::uint32_t kFarthest =
    64;  // words to look ahead; no head is longer, and hostile text stays linear

}  // namespace

// ----------------------------------------------------------------------------------------------------------
// values of names

// A name whose value is not known, because what gives it one did not parse: its uses are no problem.
void Parser::declare(Function* f, Span name) {
  if (!(f != nullptr ? locals_ : globals_).insert(source_->slice(name)).second) return;
  Assignment a;
  a.name = {source_->slice(name), name, false};
  a.value = error_expr();
  a.span = name;
  keep(f, std::move(a));
}

// `name = value;`, and `==`, `:=`, `+=` or `++` in the place of `=`.
void Parser::assignment(Function* f) {
  Assignment a;
  const Token word = take();
  a.name = {text(word), word.span, false};
  const Span sign =
      is(TokenKind::assign) || is(TokenKind::equal) ? at().span : base::cover(at().span, at(1).span);
  bool known = is(TokenKind::assign);
  if (is(TokenKind::equal)) {
    report(problem::comparison_as_assignment, sign, fmt::format("`{}` is given a value with `=`", text(word)),
           "`==` compares.", write_fix(sign, "="));
    known = true;
  } else if (is(TokenKind::colon)) {
    report(problem::foreign_operator, sign, "`:=` is written `=`", "", write_fix(sign, "="));
    known = true;
    take();
  } else if (!known) {
    report(
        problem::foreign_operator, sign, fmt::format("{} changes a value", quoted(sign)),
        fmt::format("A name keeps its first value: give the new one a name of its own, `{0}2 = {0} + ...;`.",
                    base::shortened(text(word), 40)));
    take();
  }
  const bool stepped = !is(TokenKind::assign) && !is(TokenKind::equal);  // x++
  take();
  // `a = b = value`
  while (is(TokenKind::name) && is(TokenKind::assign, 1) && !starts_line()) {
    report(problem::foreign_form, at(1).span, "one name is given a value at a time",
           fmt::format("Write `{0} = ...; {1} = {0};`.", text(at()), text(word)));
    known = false;
    declare(f, take().span);
    take();
  }
  if (!stepped) a.value = value();
  a.span = since(word.span);
  end_statement();
  if (!known) return declare(f, word.span);
  if (silent_) a.value = error_expr();
  (f != nullptr ? locals_ : globals_).insert(a.name.text);
  keep(f, std::move(a));
}

// `int i = 0;`, `let x = 4;`
void Parser::typed_assignment(Function* f) {
  const Token word = at();
  report(problem::foreign_form, word.span, fmt::format("a name is given its value without {}", found()),
         "Only parameters have types.",
         Fix{fmt::format("delete {}", found()), {{{word.span.begin, at(1).span.begin}, ""}}});
  take();
  assignment(f);
}

// `i, j = value` and `(i, j) = value`. False where it is none.
bool Parser::tuple_assignment(Function* f) {
  const std::uint32_t first = is(TokenKind::open_paren) ? 1 : 0;
  std::uint32_t last = first;
  while (last < kFarthest && is(TokenKind::name, last) && is(TokenKind::comma, last + 1)) last += 2;
  const std::uint32_t sign = last + 1 + first;
  if (!is(TokenKind::name, last) || (first == 1 && !is(TokenKind::close_paren, last + 1)) ||
      !is(TokenKind::assign, sign) || (first == 0 && last == 0)) {
    return false;
  }
  const Span start = at().span;
  std::vector<Span> targets;
  for (std::uint32_t i = first; i <= last; i += 2) targets.push_back(at(i).span);
  const Span left = base::cover(start, at(sign - 1).span);
  while (!is(TokenKind::assign)) take();
  take();
  std::vector<ExprId> values;
  do {
    values.push_back(expression());
  } while (!silent_ && accept(TokenKind::comma));
  std::string right;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Expr& e = ast_[values.size() == 1 ? values[0] : values[std::min(i, values.size() - 1)]];
    const bool tight =
        e.kind != ExprKind::binary && e.kind != ExprKind::conditional && e.kind != ExprKind::negate;
    const std::string_view value = source_->slice(e.span);
    right += fmt::format("{}{} = ", i == 0 ? "" : "; ", source_->slice(targets[i]));
    right += values.size() > 1 ? std::string(value)
             : tight           ? fmt::format("{}[{}]", value, i)
                               : fmt::format("({})[{}]", value, i);
  }
  std::optional<Fix> fix;
  const bool fits = values.size() == 1 || values.size() == targets.size();
  if (fits && right.size() < 200) fix = Fix{fmt::format("write `{};`", right), {{since(start), right}}};
  report(problem::foreign_form, left, "one name is given a value at a time",
         "The elements of a tuple `t` are `t[0]`, `t[1]` and so on.", std::move(fix));
  end_statement();
  for (const Span target : targets) declare(f, target);
  return true;
}

// A value that nothing takes, or an attempt to change a part of one: `p[0] = 3;`.
void Parser::value_statement() {
  const Span start = at().span;
  const bool call = is(TokenKind::open_paren, 1);
  std::uint32_t ahead = 1;
  while (ahead < kFarthest && !is(TokenKind::semicolon, ahead) && !is(TokenKind::assign, ahead) &&
         !starts_line(ahead))
    ++ahead;
  if (is(TokenKind::assign, ahead) && !call) {
    give_up(problem::foreign_form, start, "a part of a value cannot be changed",
            "Only a name is given a value, once: `p = (1, 2);`.");
  } else if (call) {
    give_up(problem::unknown_statement, start,
            fmt::format("a call of {} does nothing by itself", quoted(start)),
            "Give its value a name: `x = f(...);`. Mapping functions are named in IndexTaskMap and "
            "SingleTaskMap.");
  } else {
    give_up(problem::unknown_statement, start, "a value does nothing by itself",
            "Give it a name: `x = ...;`.");
  }
  take();
}

void Parser::print(Function* f) {
  constexpr std::string_view kNote = "Print is written `print(\"text {}\", value);`.";
  Print p;
  const Span start = take().span;
  const Token opener = at();
  if (!accept(TokenKind::open_paren, TokenRole::call_paren)) {
    std::optional<Fix> fix;
    if (is(TokenKind::string) && is(TokenKind::semicolon, 1))
      fix = Fix{"add `()`", {{{start.end, at().span.begin}, "("}, {{at().span.end, at().span.end}, ")"}}};
    give_up(problem::expected, at().span, fmt::format("expected `(`, found {}", found()), std::string(kNote),
            std::move(fix));
  }
  if (!silent_ && is(TokenKind::name) && is(TokenKind::string, 1) && touches(1)) {
    report(problem::foreign_form, at().span, fmt::format("{} does not belong before a string", found()),
           std::string(kNote), delete_fix(at().span, text(at())));
    take();
  }
  if (!silent_ && !is(TokenKind::string)) {
    std::optional<Fix> fix;
    if (starts_expression()) fix = Fix{"add `\"{}\"`", {{{at().span.begin, at().span.begin}, "\"{}\", "}}};
    give_up(problem::expected, at().span, fmt::format("expected a string, found {}", found()),
            std::string(kNote), std::move(fix));
  }
  if (!silent_) {
    const Token words = take();
    p.format = {string_text(text(words)), words.span, true};
  }
  while (!silent_ && accept(TokenKind::comma)) {
    if (is(TokenKind::close_paren)) break;
    if (is(TokenKind::name) && is(TokenKind::assign, 1)) {
      give_up(problem::foreign_form, at().span, "arguments have no names", std::string(kNote));
      break;
    }
    p.values.push_back(expression());
  }
  expect_close(TokenKind::close_paren, opener, true);
  p.span = since(start);
  end_statement();
  if (!silent_) keep(f, std::move(p));
}

void Parser::return_(Function* f) {
  Return r;
  const Span start = take().span;
  r.value = value();
  r.span = since(start);
  end_statement();
  if (silent_) r.value = error_expr();
  f->body.emplace_back(r);
}

// `if`, `for` and what belongs to them are one problem. The function is checked no further: what it does is
// not known.
void Parser::control_flow(Function* f) {
  const std::uint32_t first = next_;
  report(problem::control_flow, at().span, fmt::format("there is no statement `{}`", text(at())),
         std::string(kControlNote));
  do {
    skip_construct();
  } while (is(TokenKind::name) && find_word(slips::kContinuingWords, text(at())));
  if (f != nullptr) f->broken = true;
  declare_skipped(f, first);
}

// The names that get a value, or are defined, in what was skipped since token `first`.
void Parser::declare_skipped(Function* f, std::uint32_t first) {
  for (std::uint32_t i = first; i + 1 < next_; ++i) {
    const auto kind = [&](std::uint32_t at) { return tokens_[at].kind; };
    const bool target = kind(i) == TokenKind::name && kind(i + 1) == TokenKind::assign;
    const bool counter = i > first && kind(i) == TokenKind::name && kind(i - 1) == TokenKind::name &&
                         text(tokens_[i - 1]) == "for";
    if (target || counter) declare(f, tokens_[i].span);
  }
}

// -----------------------------------------------------------------------------------------------------
// functions

// Whether the `(` at that word opens the parameters of a function with a body.
bool Parser::head_follows(std::uint32_t ahead) const {
  const std::uint32_t end = ahead + kFarthest;
  while (ahead < end && !is(TokenKind::close_paren, ahead) && !is(TokenKind::semicolon, ahead)) ++ahead;
  return is(TokenKind::close_paren, ahead) &&
         (is(TokenKind::open_brace, ahead + 1) || is(TokenKind::colon, ahead + 1));
}

void Parser::function() {
  Function f;
  locals_.clear();
  const Span start = next_ == 0 ? at().span : previous();
  function_head(&f);
  f.head = since(start);
  if (silent_) {
    f.broken = true;
    f.broken_head = true;
    while (!is(TokenKind::end) && !is(TokenKind::open_brace) && !is(TokenKind::semicolon) &&
           !(starts_line() && starts_statement())) {
      take();
    }
    silent_ = false;
    if (is(TokenKind::semicolon)) {
      take(TokenRole::statement_end);
    } else if (is(TokenKind::open_brace)) {
      function_body(&f);
    }
  } else {
    function_body(&f);
  }
  f.span = since(start);
  if (!f.name.text.empty()) ast_.statements.emplace_back(std::move(f));
}

void Parser::function_head(Function* f) {
  if (!is(TokenKind::name)) {
    return give_up(problem::expected, at().span,
                   fmt::format("expected the name of the function, found {}", found()),
                   std::string(kFunctionNote));
  }
  const Token word = take();
  f->name = {text(word), word.span, false};
  const Token opener = at();
  expect(TokenKind::open_paren, "`(`", TokenRole::call_paren);
  while (!silent_ && !is(TokenKind::close_paren)) {
    parameter(f);
    if (silent_ || !accept(TokenKind::comma)) break;
  }
  expect_close(TokenKind::close_paren, opener, true);
}

void Parser::parameter(Function* f) {
  if (!is(TokenKind::name)) {
    return give_up(problem::expected, at().span, fmt::format("expected a parameter, found {}", found()));
  }
  const Token first = take();
  Parameter p;
  p.type_span = first.span;
  if (is(TokenKind::name)) {
    const auto type = find_word(kTypeNames, text(first));
    if (!type) {
      report(problem::unknown_type, first.span, fmt::format("there is no type {}", quoted(first.span)),
             fmt::format("Types are {}.", base::join(kTypeNames, ", ")),
             spelling_fix(kTypeNames, text(first), first.span));
      f->broken = true;
    }
    p.type = static_cast<ParameterType>(type.value_or(static_cast<std::size_t>(ParameterType::task)));
    const Token word = take();
    p.name = {text(word), word.span, false};
  } else {
    // Only the mapping functions' single parameter has an obvious type.
    std::optional<Fix> fix;
    if (f->parameters.empty() && is(TokenKind::close_paren)) {
      fix = text(first) == "Task" ? write_fix(first.span, "Task task")
                                  : Fix{"add `Task`", {{{first.span.begin, first.span.begin}, "Task "}}};
    }
    if (is(TokenKind::colon) && is(TokenKind::name, 1)) {
      take();
      const Token type = take();
      const std::string right = fmt::format("{} {}", text(type), text(first));
      if (find_word(kTypeNames, text(type))) fix = write_fix(base::cover(first.span, type.span), right);
    }
    report(problem::untyped_parameter, first.span,
           fmt::format("the parameter {} has no type", quoted(first.span)),
           fmt::format("A parameter is written with its type first, as in `Task task`; types are {}.",
                       base::join(kTypeNames, ", ")),
           std::move(fix));
    f->broken = true;
    p.name = {text(first), first.span, false};
  }
  locals_.insert(p.name.text);
  if (is(TokenKind::assign)) {
    const Span sign = take().span;
    expression();
    report(problem::foreign_form, sign, "a parameter has no default value",
           "Every call names all arguments.");
    f->broken = true;
  }
  f->parameters.push_back(p);
}

// `= value;` and `=> value;`
void Parser::expression_body(Function* f) {
  Span sign = take().span;
  if (is(TokenKind::greater)) sign.end = take().span.end;
  Return r;
  r.value = expression();
  r.span = since(sign);
  report(
      problem::foreign_form, sign, fmt::format("the body of {} stands in braces", quoted(f->name.span)), "",
      Fix{"write `{ return ...; }`",
          {{sign, "{ return"}, {{at().span.end, at().span.end}, is(TokenKind::semicolon) ? " }" : "; }"}}});
  end_statement();
  if (silent_) r.value = error_expr();
  f->body.emplace_back(r);
}

void Parser::function_body(Function* f) {
  const Span head = behind();
  if (is(TokenKind::assign)) return expression_body(f);
  if (is(TokenKind::minus) && is(TokenKind::greater, 1)) {
    const Span arrow = base::cover(at().span, at(1).span);
    while (!is(TokenKind::end) && !is(TokenKind::open_brace) && !is(TokenKind::colon) &&
           !is(TokenKind::semicolon) && !starts_line())
      take();
    report(problem::foreign_form, arrow, "a function says nothing about its result",
           std::string(kFunctionNote),
           Fix{"delete the type of the result", {{{head.end, previous().end}, ""}}});
  }
  std::optional<Span> colon;
  const Span before = behind();
  if (is(TokenKind::colon)) colon = take().span;
  const bool braces = is(TokenKind::open_brace);
  if (colon && braces) {
    report(problem::colon_after_head, *colon, "there is no colon after a function head",
           "The body stands in braces: `def name(Task task) { ... }`.",
           Fix{"delete `:`", {{{before.end, colon->end}, ""}}});
  }
  const bool body =
      is_word("return") || is_word("print") || (is(TokenKind::name) && is(TokenKind::assign, 1));
  if (!colon && !braces && !body) {
    give_up(problem::expected, at().span,
            fmt::format("expected `{{` and the body of {}, found {}", quoted(f->name.span), found()),
            std::string(kFunctionNote));
    f->broken = true;
    return;
  }
  Token opener = at();
  if (braces) opener = take(TokenRole::body_brace);
  const std::uint32_t margin = indentation();
  bool returned = false;
  const auto ends_here = [&] {
    return is(TokenKind::end) || is(TokenKind::close_brace) || (!braces && returned) ||
           (mapping_word() &&
            !(is_word("def") && (!starts_line() || (indentation() >= margin && margin > 0))));
  };
  while (!ends_here()) {
    const std::uint32_t first = next_;
    returned = is_word("return");
    function_statement(f);
    f->broken = f->broken || silent_;
    recover(true);
    if (next_ == first) take();
  }
  const Span end = behind();
  const bool closed = accept(TokenKind::close_brace, TokenRole::body_brace);
  if (braces && closed) return;
  f->broken = f->broken || braces;
  if (braces) {
    return report(problem::unclosed, end,
                  fmt::format("`}}` is missing: the function {} is not finished", quoted(f->name.span)), "",
                  Fix{"add `}`", {{end, "\n}"}}}, {{opener.span, "`{` is opened here"}});
  }
  Fix fix{closed ? "add `{`" : "put the body into braces",
          {{colon ? Span{before.end, colon->end} : before, " {"}}};
  if (!closed) fix.edits.push_back({end, "\n}"});
  if (colon) {
    report(problem::colon_after_head, *colon, "there is no colon after a function head",
           "The body stands in braces: `def name(Task task) { ... }`.", std::move(fix));
  } else {
    report(
        problem::expected, opener.span,
        fmt::format("expected `{{` and the body of {}, found {}", quoted(f->name.span), quoted(opener.span)),
        std::string(kFunctionNote), std::move(fix));
  }
}

void Parser::function_statement(Function* f) {
  if (is(TokenKind::semicolon)) return lone_semicolon();
  if (is_word("def") && !is(TokenKind::assign, 1)) return nested_function(f);
  if (common_statement(f)) return;
  if (is(TokenKind::name)) {
    static constexpr std::array<std::string_view, 2> kWords{"return", "print"};
    const auto meant = base::closest(text(at()), kWords);
    if (meant && !is_word("return")) {
      report(problem::unknown_statement, at().span, fmt::format("there is no statement {}", found()), "",
             write_fix(at().span, *meant));
      return *meant == "return" ? return_(f) : print(f);
    }
    if (is_word("return")) return return_(f);
    if (is(TokenKind::dot, 1) || is(TokenKind::open_bracket, 1) || is(TokenKind::open_paren, 1))
      return value_statement();
  }
  give_up(
      problem::expected, at().span,
      fmt::format("expected an assignment, print or return in {}, found {}", quoted(f->name.span), found()));
  take();
}

void Parser::nested_function(Function* f) {
  const std::uint32_t first = next_;
  report(problem::nested_function, at().span, "a function cannot stand in another one",
         "Define it before the function that calls it; it sees its own parameters and global names.");
  f->broken = true;
  skip_construct();
  if (first + 1 < next_ && tokens_[first + 1].kind == TokenKind::name) declare(f, tokens_[first + 1].span);
}

}  // namespace mapwright::lang
