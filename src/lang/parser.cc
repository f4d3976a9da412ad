#include "lang/parser.h"

#include <fmt/format.h>

#include <array>

#include "base/bug.h"
#include "base/text.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Edit;
using base::Fix;
using base::Related;
using base::Span;

constexpr std::array<std::string_view, 5> kControlWords{"if", "elif", "else", "for", "while"};
constexpr std::string_view kControlNote =
    "A mapping function is names, print and return; a choice is written `condition ? value : other`, a "
    "repetition "
    "`tuple(value for i in range(n))`.";

std::string quoted_list(std::span<const std::string_view> words) {
  return base::join(words, ", ");
}

template <std::size_t N>
std::optional<Fix> spelling_fix(const std::array<std::string_view, N>& words, std::string_view word,
                                Span where) {
  const auto meant = base::closest(word, words);
  if (!meant) return std::nullopt;
  return Fix{fmt::format("write `{}`", *meant), {{where, std::string(*meant)}}};
}

std::optional<Fix> spelling_fix(std::span<const std::string_view> words, std::string_view word, Span where) {
  const auto meant = base::closest(word, words);
  if (!meant) return std::nullopt;
  return Fix{fmt::format("write `{}`", *meant), {{where, std::string(*meant)}}};
}

}  // namespace

std::string_view name_of(BinaryOp op) {
  return kBinaryNames[static_cast<std::size_t>(op)];
}
std::string_view name_of(Property property) {
  return kPropertyNames[static_cast<std::size_t>(property)];
}
std::string_view name_of(ParameterType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

Ast parse(const base::SourcePtr& source, base::Diagnostics* problems) {
  Ast ast;
  ast.source = source;
  ast.words = tokenize(source, problems);
  Parser(&ast, problems).run();
  return ast;
}

// ----------------------------------------------------------------------------------------------------------
// words

const Token& Parser::at(std::uint32_t ahead) const {
  const std::size_t i = std::min<std::size_t>(std::size_t{next_} + ahead, tokens_.size() - 1);
  return tokens_[i];
}

bool Parser::is_word(std::string_view word, std::uint32_t ahead) const {
  return at(ahead).kind == TokenKind::name && text(at(ahead)) == word;
}

Token Parser::take(TokenRole role) {
  Token& t = tokens_[next_];
  t.role = role;
  if (t.kind != TokenKind::end) ++next_;
  return t;
}

bool Parser::accept(TokenKind kind, TokenRole role) {
  if (!is(kind)) return false;
  take(role);
  return true;
}

bool Parser::starts_line(std::uint32_t ahead) const {
  const std::size_t i = std::size_t{next_} + ahead;
  if (i == 0 || i >= tokens_.size()) return true;
  const Span between{tokens_[i - 1].span.end, tokens_[i].span.begin};
  return source_->slice(between).find('\n') != std::string_view::npos;
}

bool Parser::starts_statement(std::uint32_t ahead) const {
  const Token& t = at(ahead);
  if (t.kind == TokenKind::end || t.kind == TokenKind::close_brace) return true;
  if (t.kind != TokenKind::name) return false;
  const std::string_view word = text(t);
  return find_word(kStatementNames, word) || word == "return" || (is(TokenKind::assign, ahead + 1)) ||
         (starts_line(ahead) && find_word(kControlWords, word));
}

std::string Parser::found(std::uint32_t ahead) const {
  const Token& t = at(ahead);
  if (t.kind == TokenKind::end) return "the end of the file";
  if (t.kind == TokenKind::string) return "a string";
  return fmt::format("`{}`", base::cut_right(text(t), 40));
}

// -------------------------------------------------------------------------------------------------------
// problems

void Parser::report(const base::DiagnosticKind& kind, Span where, std::string message, std::string note,
                    std::optional<Fix> fix, std::vector<Related> related) {
  if (silent_) return;
  problems_->add(
      {&kind, source_, where, std::move(message), std::move(note), std::move(related), std::move(fix)});
}

void Parser::give_up(const base::DiagnosticKind& kind, Span where, std::string message, std::string note,
                     std::optional<Fix> fix, std::vector<Related> related) {
  report(kind, where, std::move(message), std::move(note), std::move(fix), std::move(related));
  silent_ = true;
}

bool Parser::expect(TokenKind kind, std::string_view what, TokenRole role) {
  if (silent_) return false;
  if (accept(kind, role)) return true;
  give_up(problem::expected, at().span, fmt::format("expected {}, found {}", what, found()));
  return false;
}

bool Parser::expect_close(TokenKind kind, const Token& opener) {
  if (silent_) return false;
  if (accept(kind)) return true;
  const bool ended = is(TokenKind::semicolon) || starts_statement();
  const Span after{previous().end, previous().end};
  give_up(ended ? problem::unclosed : problem::expected, at().span,
          fmt::format("expected `{}`, found {}", spelling(kind), found()), "",
          ended ? std::optional(
                      Fix{fmt::format("add `{}`", spelling(kind)), {{after, std::string(spelling(kind))}}})
                : std::nullopt,
          {{opener.span, fmt::format("`{}` is opened here", text(opener))}});
  return false;
}

// A forgotten semicolon is known by what follows: the next statement, or a new line.
void Parser::end_statement() {
  if (silent_) return;
  if (accept(TokenKind::semicolon, TokenRole::statement_end)) return;
  if (starts_line() || starts_statement()) {
    const Span after{previous().end, previous().end};
    const Span last = previous();
    report(problem::missing_semicolon, last,
           fmt::format("`;` is missing after `{}`", base::cut_right(source_->slice(last), 40)),
           "Every statement ends with a semicolon.", Fix{"add `;`", {{after, ";"}}});
    return;
  }
  give_up(problem::expected, at().span, fmt::format("expected `;`, found {}", found()));
}

// Skips to where a statement may begin again.
void Parser::recover(bool in_function) {
  if (!silent_) return;
  silent_ = false;
  nesting_ = 0;
  while (!is(TokenKind::end)) {
    if (is(TokenKind::semicolon)) {
      take(TokenRole::statement_end);
      return;
    }
    if (is(TokenKind::close_brace)) {
      if (in_function) return;
      take();
      return;
    }
    if (is(TokenKind::open_brace) && !in_function) return skip_block();
    if (starts_line() && starts_statement()) return;
    take();
  }
}

// From `{` to its `}`. A mapping statement at the start of a line ends it too: the `}` was forgotten.
void Parser::skip_block() {
  int depth = 0;
  while (!is(TokenKind::end)) {
    if (is(TokenKind::open_brace)) ++depth;
    if (is(TokenKind::close_brace) && --depth == 0) {
      take();
      return;
    }
    take();
    if (starts_line() && is(TokenKind::name) && find_word(kStatementNames, text(at())) && !is_word("print"))
      return;
  }
}

// -----------------------------------------------------------------------------------------------------
// statements

void Parser::run() {
  while (!is(TokenKind::end)) {
    const std::uint32_t before = next_;
    statement();
    recover(false);
    base::expects(next_ > before, "the parser goes on");
  }
}

void Parser::statement() {
  using Method = void (Parser::*)();
  struct Entry {
    std::string_view word;
    Method method;
  };
  static constexpr std::array kStatements = {
      Entry{"Task", &Parser::task},
      Entry{"Region", &Parser::region},
      Entry{"Layout", &Parser::layout},
      Entry{"InstanceLimit", &Parser::instance_limit},
      Entry{"CollectMemory", &Parser::collect_memory},
      Entry{"ControlReplicate", &Parser::control_replicate},
  };
  if (!is(TokenKind::name)) {
    const Span where = at().span;
    const std::string what = found();
    if (accept(TokenKind::semicolon, TokenRole::statement_end)) {
      report(problem::expected, where, "expected a statement, found `;`", "",
             Fix{"delete `;`", {{where, ""}}});
      return;
    }
    take();
    give_up(problem::expected, where, fmt::format("expected a statement, found {}", what),
            fmt::format("Statements begin with {} or a name that is given a value.",
                        quoted_list(kStatementNames)));
    return;
  }
  const std::string_view word = text(at());
  for (const Entry& e : kStatements) {
    if (e.word == word) return (this->*e.method)();
  }
  if (word == "IndexTaskMap") return map(true);
  if (word == "SingleTaskMap") return map(false);
  if (word == "def") return function(true);
  if (word == "print" && is(TokenKind::open_paren, 1)) {
    if (auto p = print()) ast_.statements.emplace_back(std::move(*p));
    return;
  }
  if (is(TokenKind::assign, 1) || is(TokenKind::equal, 1)) {
    if (auto a = assignment()) ast_.statements.emplace_back(std::move(*a));
    return;
  }
  if (find_word(kControlWords, word)) return control_flow();
  if (word == "return") {
    give_up(problem::return_outside, at().span, "`return` stands outside a function",
            "A function is written `def name(Task task) { ... return ...; }`.");
    take();
    return;
  }
  if (is(TokenKind::open_paren, 1)) return function(false);
  unknown_statement();
}

void Parser::unknown_statement() {
  const Token word = take();
  std::optional<Fix> fix = spelling_fix(kStatementNames, text(word), word.span);
  std::string note =
      fmt::format("Statements begin with {} or a name that is given a value.", quoted_list(kStatementNames));
  if (find_word(kTypeNames, text(word)) && is(TokenKind::name) && is(TokenKind::assign, 1)) {
    fix = Fix{fmt::format("delete `{}`", text(word)), {{{word.span.begin, at().span.begin}, ""}}};
    note = "Only parameters have types.";
  }
  give_up(problem::unknown_statement, word.span,
          fmt::format("there is no statement `{}`", base::cut_right(text(word), 40)), std::move(note),
          std::move(fix));
}

void Parser::control_flow() {
  const Token word = take();
  give_up(problem::control_flow, word.span, fmt::format("there is no statement `{}`", text(word)),
          std::string(kControlNote));
  // `else` and `for x in y:` end where their line does, the rest at the semicolon.
  while (!is(TokenKind::end) && !starts_line() && !is(TokenKind::semicolon) && !is(TokenKind::open_brace))
    take();
  if (is(TokenKind::open_brace)) {
    skip_block();
    silent_ = false;
  } else if (is(TokenKind::semicolon)) {
    take(TokenRole::statement_end);
    silent_ = false;
  } else if (tokens_[next_ - 1].kind == TokenKind::colon) {
    silent_ = false;
  }
}

Name Parser::name(std::string_view what, bool star, bool index) {
  if (silent_) return {};
  const Token first = at();
  if (first.kind == TokenKind::string) {
    take();
    Span inside = first.span;
    ++inside.begin;
    if (inside.end > inside.begin && source_->text()[inside.end - 1] == '"') --inside.end;
    if (inside.begin >= inside.end) {
      give_up(problem::expected, first.span, fmt::format("expected {}, found an empty string", what));
    }
    return {source_->slice(inside), first.span, true};
  }
  if ((first.kind == TokenKind::star && star) || (first.kind == TokenKind::integer && index)) {
    take();
    return {text(first), first.span, false};
  }
  if (first.kind != TokenKind::name || (starts_line() && starts_statement())) {
    give_up(problem::expected, first.span, fmt::format("expected {}, found {}", what, found()),
            first.kind == TokenKind::star && !star ? "`*` is not possible here: name the tasks." : "");
    return {};
  }
  take();
  Span whole = first.span;
  // Legion programs name tasks `module.task` and `space::task`; such names have no blanks.
  for (;;) {
    const std::uint32_t joint = is(TokenKind::dot)                                ? 1
                                : is(TokenKind::colon) && is(TokenKind::colon, 1) ? 2
                                                                                  : 0;
    if (joint == 0 || !is(TokenKind::name, joint)) break;
    std::uint32_t end = whole.end;
    bool adjacent = true;
    for (std::uint32_t i = 0; i <= joint; ++i) {
      adjacent = adjacent && at(i).span.begin == end;
      end = at(i).span.end;
    }
    if (!adjacent) break;
    for (std::uint32_t i = 0; i <= joint; ++i) take(TokenRole::tight);
    whole.end = end;
  }
  return {source_->slice(whole), whole, false};
}

std::vector<Name> Parser::names(bool star) {
  std::vector<Name> list{name(star ? "a task name or `*`" : "a task name", star, false)};
  while (!silent_ && is(TokenKind::comma)) {
    take();
    list.push_back(name("a task name", false, false));
  }
  return list;
}

std::optional<ProcessorRef> Parser::processor() {
  if (silent_) return std::nullopt;
  if (!is(TokenKind::name) || (starts_line() && starts_statement())) {
    give_up(problem::expected, at().span, fmt::format("expected a processor kind, found {}", found()),
            fmt::format("Processor kinds are {}.", quoted_list(machine::processor_kind_names())));
    return std::nullopt;
  }
  const Token word = take();
  if (const auto kind = machine::processor_kind(text(word))) return ProcessorRef{*kind, word.span};
  std::string note = fmt::format("Processor kinds are {}.", quoted_list(machine::processor_kind_names()));
  if (machine::memory_kind(text(word))) note = "That is a memory. " + note;
  give_up(problem::unknown_processor_kind, word.span,
          fmt::format("there is no processor kind `{}`", base::cut_right(text(word), 40)), std::move(note),
          spelling_fix(machine::processor_kind_names(), text(word), word.span));
  return std::nullopt;
}

std::optional<MemoryRef> Parser::memory() {
  if (silent_) return std::nullopt;
  if (!is(TokenKind::name) || (starts_line() && starts_statement())) {
    give_up(problem::expected, at().span, fmt::format("expected a memory kind, found {}", found()),
            fmt::format("Memory kinds are {}.", quoted_list(machine::memory_kind_names())));
    return std::nullopt;
  }
  const Token word = take();
  if (const auto kind = machine::memory_kind(text(word))) return MemoryRef{*kind, word.span};
  std::string note = fmt::format("Memory kinds are {}.", quoted_list(machine::memory_kind_names()));
  if (machine::processor_kind(text(word))) note = "That is a processor kind. " + note;
  give_up(problem::unknown_memory_kind, word.span,
          fmt::format("there is no memory kind `{}`", base::cut_right(text(word), 40)), std::move(note),
          spelling_fix(machine::memory_kind_names(), text(word), word.span));
  return std::nullopt;
}

std::vector<MemoryRef> Parser::memories() {
  std::vector<MemoryRef> list;
  do {
    if (const auto m = memory()) list.push_back(*m);
  } while (!silent_ && accept(TokenKind::comma));
  return list;
}

void Parser::task() {
  TaskStatement s;
  const Span start = take().span;
  s.tasks = names(true);
  do {
    if (const auto p = processor()) s.kinds.push_back(*p);
  } while (!silent_ && accept(TokenKind::comma));
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

void Parser::region() {
  RegionStatement s;
  const Span start = take().span;
  s.task = name("a task name or `*`", true, false);
  s.region = name("a region name, its index or `*`", true, true);
  if (!silent_ && !accept(TokenKind::star)) {
    if (const auto p = processor()) s.kind.push_back(*p);
  }
  s.memories = memories();
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

void Parser::layout() {
  LayoutStatement s;
  const Span start = take().span;
  s.task = name("a task name or `*`", true, false);
  s.region = name("a region name, its index or `*`", true, true);
  if (!silent_ && !accept(TokenKind::star)) {
    if (is(TokenKind::name) && machine::processor_kind(text(at()))) {
      s.where = *processor();
    } else if (const auto m = memory()) {
      s.where = *m;
    }
  }
  while (!silent_ && is(TokenKind::name) &&
         !(starts_line() && (starts_statement() || !find_word(kConstraintNames, text(at()))))) {
    if (const auto c = constraint()) s.constraints.push_back(*c);
  }
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

std::optional<LayoutConstraint> Parser::constraint() {
  const Token word = take();
  const auto known = find_word(kConstraintNames, text(word));
  if (!known) {
    give_up(problem::unknown_constraint, word.span,
            fmt::format("there is no layout constraint `{}`", base::cut_right(text(word), 40)),
            fmt::format("Layout constraints are {}.", quoted_list(kConstraintNames)),
            spelling_fix(kConstraintNames, text(word), word.span));
    return std::nullopt;
  }
  LayoutConstraint c;
  c.kind = static_cast<LayoutConstraint::Kind>(*known);
  if (c.kind == LayoutConstraint::Kind::align) {
    struct Entry {
      TokenKind token;
      AlignOp op;
    };
    static constexpr std::array kOps = {
        Entry{TokenKind::less, AlignOp::less},       Entry{TokenKind::less_equal, AlignOp::less_equal},
        Entry{TokenKind::greater, AlignOp::greater}, Entry{TokenKind::greater_equal, AlignOp::greater_equal},
        Entry{TokenKind::equal, AlignOp::equal},     Entry{TokenKind::not_equal, AlignOp::not_equal}};
    bool known_op = false;
    for (const Entry& e : kOps) {
      if (!is(e.token)) continue;
      c.op = e.op;
      known_op = true;
    }
    if (!known_op) {
      std::optional<Fix> fix;
      if (is(TokenKind::assign)) fix = Fix{"write `==`", {{at().span, "=="}}};
      give_up(problem::expected, at().span,
              fmt::format("expected a comparison after `Align`, found {}", found()),
              "An alignment is written `Align == 128`.", std::move(fix));
      return std::nullopt;
    }
    take();
    const Token number = at();
    if (!expect(TokenKind::integer, "a number of bytes")) return std::nullopt;
    c.bytes = base::parse_integer(text(number)).value_or(0);
  }
  c.span = since(word.span);
  return c;
}

void Parser::instance_limit() {
  LimitStatement s;
  const Span start = take().span;
  s.task = name("a task name", false, false);
  const Token number = at();
  expect(TokenKind::integer, "a number of tasks");
  if (!silent_) s.limit = base::parse_integer(text(number)).value_or(0);
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

void Parser::collect_memory() {
  CollectStatement s;
  const Span start = take().span;
  s.task = name("a task name or `*`", true, false);
  s.region = name("a region name, its index or `*`", true, true);
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

void Parser::map(bool index) {
  MapStatement s;
  s.index = index;
  const Span start = take().span;
  const bool alone = is(TokenKind::name) && !is(TokenKind::comma, 1);
  if (alone && machine::processor_kind(text(at()))) {
    s.kind.push_back(*processor());
  } else {
    s.tasks = names(true);
  }
  s.function = name("the name of a mapping function", false, false);
  // The older form names the machine first.
  if (!silent_ && is(TokenKind::name) && !starts_line()) {
    s.machine = s.function;
    s.function = name("the name of a mapping function", false, false);
  }
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

void Parser::control_replicate() {
  ReplicateStatement s;
  const Span start = take().span;
  s.tasks = names(false);
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

std::optional<Assignment> Parser::assignment() {
  Assignment a;
  const Token word = take();
  a.name = {text(word), word.span, false};
  if (is(TokenKind::equal)) {
    report(problem::comparison_as_assignment, at().span,
           fmt::format("`{}` is given a value with `=`", text(word)), "`==` compares.",
           Fix{"write `=`", {{at().span, "="}}});
  }
  take();
  a.value = expression();
  a.span = since(word.span);
  end_statement();
  if (silent_) return std::nullopt;
  return a;
}

std::optional<Print> Parser::print() {
  Print p;
  const Span start = take().span;
  const Token opener = at();
  expect(TokenKind::open_paren, "`(`", TokenRole::call_paren);
  if (!silent_ && !is(TokenKind::string)) {
    give_up(problem::expected, at().span, fmt::format("expected a string, found {}", found()),
            "Print is written `print(\"text {}\", value);`.");
  }
  if (!silent_) p.format = name("a string", false, false);
  while (!silent_ && accept(TokenKind::comma)) {
    if (is(TokenKind::close_paren)) break;
    p.values.push_back(expression());
  }
  expect_close(TokenKind::close_paren, opener);
  p.span = since(start);
  end_statement();
  if (silent_) return std::nullopt;
  return p;
}

std::optional<Return> Parser::return_() {
  Return r;
  const Span start = take().span;
  r.value = expression();
  r.span = since(start);
  end_statement();
  if (silent_) return std::nullopt;
  return r;
}

// ------------------------------------------------------------------------------------------------------
// functions

void Parser::function(bool with_def) {
  Function f;
  const Span start = at().span;
  if (with_def) {
    take();
  } else {
    // `name(` at the start of a statement: a function whose def was forgotten, if a body follows.
    constexpr std::uint32_t kFarthest = 64;  // words; no head is longer, and hostile text stays linear
    std::uint32_t ahead = 1;
    while (ahead < kFarthest && !is(TokenKind::close_paren, ahead) && !is(TokenKind::semicolon, ahead))
      ++ahead;
    if (!is(TokenKind::close_paren, ahead) ||
        !(is(TokenKind::open_brace, ahead + 1) || is(TokenKind::colon, ahead + 1))) {
      const Token word = take();
      give_up(problem::unknown_statement, word.span,
              fmt::format("a call of `{}` does nothing by itself", base::cut_right(text(word), 40)),
              "Give its value a name: `x = f(...);`. Mapping functions are named in IndexTaskMap and "
              "SingleTaskMap.");
      return;
    }
    report(problem::missing_keyword_def, start, fmt::format("`def` is missing before `{}`", text(at())),
           "A function is written `def name(Task task) { ... }`.",
           Fix{"add `def`", {{{start.begin, start.begin}, "def "}}});
  }
  function_head(&f);
  f.head = since(start);
  std::optional<Token> colon;
  if (silent_) {
    f.broken = true;
    while (!is(TokenKind::end) && !is(TokenKind::open_brace) && !is(TokenKind::semicolon) &&
           !(starts_line() && starts_statement())) {
      take();
    }
    silent_ = false;
    if (!is(TokenKind::open_brace)) {
      if (is(TokenKind::semicolon)) take();
      return;
    }
  }
  if (is(TokenKind::colon)) colon = take();
  function_body(&f, colon);
  f.span = since(start);
  if (!f.name.text.empty()) ast_.statements.emplace_back(std::move(f));
}

void Parser::function_head(Function* f) {
  if (!is(TokenKind::name)) {
    return give_up(problem::expected, at().span,
                   fmt::format("expected the name of the function, found {}", found()));
  }
  const Token word = take();
  f->name = {text(word), word.span, false};
  const Token opener = at();
  expect(TokenKind::open_paren, "`(`", TokenRole::call_paren);
  while (!silent_ && !is(TokenKind::close_paren)) {
    parameter(f);
    if (silent_ || !accept(TokenKind::comma)) break;
  }
  expect_close(TokenKind::close_paren, opener);
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
      report(problem::unknown_type, first.span,
             fmt::format("there is no type `{}`", base::cut_right(text(first), 40)),
             fmt::format("Types are {}.", quoted_list(kTypeNames)),
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
      fix = Fix{"add `Task`", {{{first.span.begin, first.span.begin}, "Task "}}};
    }
    if (is(TokenKind::colon) && is(TokenKind::name, 1)) {
      take();
      const Token type = take();
      const Span whole = base::cover(first.span, type.span);
      const std::string right = fmt::format("{} {}", text(type), text(first));
      if (find_word(kTypeNames, text(type))) fix = Fix{fmt::format("write `{}`", right), {{whole, right}}};
    }
    report(problem::untyped_parameter, first.span,
           fmt::format("the parameter `{}` has no type", base::cut_right(text(first), 40)),
           fmt::format("A parameter is written with its type first, as in `Task task`; types are {}.",
                       quoted_list(kTypeNames)),
           std::move(fix));
    f->broken = true;
    p.name = {text(first), first.span, false};
  }
  f->parameters.push_back(p);
}

void Parser::function_body(Function* f, std::optional<Token> colon) {
  const bool braces = is(TokenKind::open_brace);
  if (colon && braces) {
    report(problem::colon_after_head, colon->span, "there is no colon after a function head",
           "The body stands in braces: `def name(Task task) { ... }`.",
           Fix{"delete `:`", {{colon->span, ""}}});
  }
  if (!colon && !braces) {
    give_up(problem::expected, at().span,
            fmt::format("expected `{{` and the body of `{}`, found {}", f->name.text, found()),
            "A function is written `def name(Task task) { ... }`.");
    f->broken = true;
    return;
  }
  Token opener = at();
  if (braces) opener = take(TokenRole::body_brace);
  bool returned = false;
  const auto ends_here = [&] {
    return is(TokenKind::end) || is(TokenKind::close_brace) ||
           (is(TokenKind::name) && find_word(kStatementNames, text(at())) && !is_word("print")) ||
           (!braces && returned);
  };
  while (!ends_here()) {
    const std::uint32_t before = next_;
    returned = is_word("return");
    const std::size_t problems = problems_->errors();
    function_statement(f);
    recover(true);
    if (problems_->errors() != problems) f->broken = true;
    if (next_ == before) take();
  }
  const Span end{previous().end, previous().end};
  if (!braces) {
    report(problem::colon_after_head, colon->span, "there is no colon after a function head",
           "The body stands in braces: `def name(Task task) { ... }`.",
           Fix{"put the body into braces", {{colon->span, " {"}, {end, "\n}"}}});
    if (is(TokenKind::close_brace)) take(TokenRole::body_brace);
    return;
  }
  if (accept(TokenKind::close_brace, TokenRole::body_brace)) return;
  report(problem::unclosed, at().span,
         fmt::format("`}}` is missing: the function `{}` is not finished", f->name.text), "",
         Fix{"add `}`", {{end, "\n}"}}}, {{opener.span, "`{` is opened here"}});
  f->broken = true;
}

void Parser::function_statement(Function* f) {
  if (is_word("print") && is(TokenKind::open_paren, 1)) {
    if (auto p = print()) f->body.emplace_back(std::move(*p));
  } else if (is_word("return")) {
    if (auto r = return_()) f->body.emplace_back(*r);
  } else if (is(TokenKind::name) && (is(TokenKind::assign, 1) || is(TokenKind::equal, 1))) {
    if (auto a = assignment()) f->body.emplace_back(std::move(*a));
  } else if (is(TokenKind::name) && find_word(kControlWords, text(at()))) {
    control_flow();
  } else if (is(TokenKind::name) && find_word(kTypeNames, text(at()))) {
    unknown_statement();
  } else {
    const Span where = at().span;
    const std::string what = found();
    if (accept(TokenKind::semicolon, TokenRole::statement_end)) {
      report(problem::expected, where, "expected a statement, found `;`", "",
             Fix{"delete `;`", {{where, ""}}});
      return;
    }
    give_up(problem::expected, where,
            fmt::format("expected an assignment, print or return in `{}`, found {}", f->name.text, what));
    take();
  }
}

}  // namespace mapwright::lang
