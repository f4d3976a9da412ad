#include "lang/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Fix;
using base::Related;
using base::Span;

enum class Reading : std::uint8_t { prose, unclear, code };

// Whether what stands behind `//` was meant to be divided by.
Reading read_comment(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto word = [&](char c) { return letter(c) || digit(c); };
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return Reading::prose;
  text.remove_prefix(first);
  if (text.ends_with(';')) return Reading::code;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (kBlanks.find(text[i]) != std::string_view::npos && word(text[i - 1]) && word(text[i + 1]))
      return Reading::prose;
  }
  const std::size_t dot = text.find('.');
  const bool property = dot != std::string_view::npos && dot + 1 < text.size() && letter(text[dot + 1]);
  if (digit(text[0]) || property || text.find_first_of("()[]") != std::string_view::npos)
    return Reading::code;
  return word(text[0]) ? Reading::unclear : Reading::prose;
}

bool is_closer(TokenKind k) {
  return k == TokenKind::close_paren || k == TokenKind::close_bracket || k == TokenKind::close_brace;
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

Fix write_fix(Span where, std::string_view right) {
  return {fmt::format("write `{}`", right), {{where, std::string(right)}}};
}

Fix delete_fix(Span where, std::string_view what) {
  return {fmt::format("delete `{}`", what), {{where, ""}}};
}

std::optional<Fix> spelling_fix(std::span<const std::string_view> words, std::string_view word, Span where) {
  const auto meant = base::closest(word, words);
  if (!meant) return std::nullopt;
  return write_fix(where, *meant);
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
  if (t.kind == TokenKind::open_paren) ++parens_;
  if (t.kind == TokenKind::close_paren && parens_ > 0) --parens_;
  return t;
}

bool Parser::accept(TokenKind kind, TokenRole role) {
  if (!is(kind)) return false;
  take(role);
  return true;
}

bool Parser::touches(std::uint32_t ahead) const {
  const std::size_t i = std::size_t{next_} + ahead;
  return i > 0 && i < tokens_.size() && tokens_[i - 1].span.end == tokens_[i].span.begin;
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
         (starts_line(ahead) && find_word(slips::kControlWords, word));
}

bool Parser::mapping_word() const {
  return is(TokenKind::name) && find_word(kStatementNames, text(at())) && !is_word("print") &&
         !is(TokenKind::assign, 1);
}

std::uint32_t Parser::indentation() const {
  constexpr std::uint32_t kDeepest = 1000;  // hostile text stays linear
  const std::uint32_t start = source_->line_around(at().span.begin).begin;
  std::uint32_t columns = 0;
  while (columns < kDeepest && start + columns < at().span.begin &&
         (source_->text()[start + columns] == ' ' || source_->text()[start + columns] == '\t'))
    ++columns;
  return columns;
}

std::string Parser::found(std::uint32_t ahead) const {
  const Token& t = at(ahead);
  if (t.kind == TokenKind::end) return "the end of the file";
  if (t.kind == TokenKind::string) return "a string";
  return quoted(t.span);
}

std::string Parser::quoted(Span span) const {
  return fmt::format("`{}`", base::shortened(source_->slice(span), 60));
}

// -------------------------------------------------------------------------------------------------------
// problems

void Parser::report(const base::DiagnosticKind& kind, Span where, std::string message, std::string note,
                    std::optional<Fix> fix, std::vector<Related> related) {
  // What is no word was reported when the words were read.
  if (silent_ || (is(TokenKind::stray) && where == at().span)) return;
  if (note.empty() && form_ != nullptr && !fix)
    note = fmt::format("The statement is written `{}`.", form_->form);
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
  if (!comment_for_division())
    give_up(problem::expected, at().span, fmt::format("expected {}, found {}", what, found()));
  return false;
}

bool Parser::expect_close(TokenKind kind, const Token& opener, bool list) {
  if (silent_) return false;
  if (accept(kind)) return true;
  if (comment_for_division()) return false;
  const std::string right(spelling(kind));
  const std::vector<Related> opened{{opener.span, fmt::format("`{}` is opened here", text(opener))}};
  // `(a + b};` ends no block.
  const bool brace = is(TokenKind::close_brace) && !starts_line() &&
                     (is(TokenKind::semicolon, 1) || is(TokenKind::comma, 1) || is_closer(at(1).kind)) &&
                     !is(TokenKind::close_brace, 1);
  if (brace ||
      (is_closer(at().kind) && !is(TokenKind::close_brace) && !(is(TokenKind::close_paren) && parens_ > 0))) {
    // No bracket is open that it could close.
    report(problem::expected, at().span, fmt::format("expected `{}`, found {}", right, found()), "",
           write_fix(at().span, right), opened);
    take();
    return !silent_;
  }
  const bool ended =
      is(TokenKind::semicolon) || is(TokenKind::open_brace) || is_closer(at().kind) || starts_statement();
  std::optional<Fix> fix;
  if (ended) fix = Fix{fmt::format("add `{}`", right), {{behind(), right}}};
  give_up(ended ? problem::unclosed : problem::expected, at().span,
          fmt::format("expected {}`{}`, found {}", list && !ended ? "`,` or " : "", right, found()), "",
          std::move(fix), opened);
  return false;
}

// `a // b` divides in other languages; here the rest of the line is a comment, the semicolon with it.
bool Parser::comment_for_division() {
  const std::vector<Comment>& comments = ast_.words.comments;
  const auto c = std::ranges::lower_bound(comments, next_, {}, &Comment::before);
  if (c == comments.end() || c->before != next_ || next_ == 0 || silent_ || form_ != nullptr) return false;
  const Span gap{previous().end, c->span.begin};
  const std::string_view comment = source_->slice(c->span);
  if (!comment.starts_with("//") || source_->slice(gap).find('\n') != std::string_view::npos) return false;
  if (read_comment(comment.substr(2)) != Reading::code) return false;
  const Span sign{c->span.begin, c->span.begin + 2};
  give_up(problem::foreign_operator, sign, "`//` begins a comment",
          "Integers are divided with `/`, which drops the remainder.", write_fix(sign, "/"));
  return true;
}

// A forgotten semicolon is known by what follows: the next statement, or a new line.
void Parser::end_statement() {
  if (silent_) return;
  if (accept(TokenKind::semicolon, TokenRole::statement_end)) return;
  if (comment_for_division()) return;
  if (starts_line() || starts_statement()) {
    std::string note = "Every statement ends with a semicolon.";
    std::optional<Fix> fix = Fix{"add `;`", {{behind(), ";"}}};
    const std::string_view text = source_->text().substr(previous().end);
    const std::string_view rest = text.substr(0, text.find('\n'));
    const std::size_t comment = rest.find_first_not_of(" \t");
    if (form_ == nullptr && comment != std::string_view::npos && rest.substr(comment, 2) == "//" &&
        read_comment(rest.substr(comment + 2)) == Reading::unclear) {
      note += " `//` begins a comment; integers are divided with `/`.";
      fix.reset();
    }
    return report(problem::missing_semicolon, previous(),
                  fmt::format("`;` is missing after {}", quoted(previous())), std::move(note),
                  std::move(fix));
  }
  if (is_closer(at().kind) && (is(TokenKind::semicolon, 1) || starts_line(1))) {
    report(problem::expected, at().span, fmt::format("expected `;`, found {}", found()), "",
           delete_fix(at().span, text(at())));
    take();
    return end_statement();
  }
  give_up(problem::expected, at().span, fmt::format("expected `;`, found {}", found()));
}

// Skips to where a statement may begin again.
void Parser::recover(bool in_function) {
  parens_ = 0;
  form_ = nullptr;
  if (!silent_) return;
  silent_ = false;
  nesting_ = 0;
  while (!is(TokenKind::end)) {
    if (is(TokenKind::semicolon)) {
      take(TokenRole::statement_end);
      return;
    }
    if (is(TokenKind::close_brace)) {
      if (!in_function) take();
      return;
    }
    if (is(TokenKind::open_brace)) {
      skip_block();
      if (starts_line() || starts_statement()) return;
      continue;
    }
    if (starts_line() && starts_statement()) return;
    take();
  }
}

// From `(` or `[` to its end, or to where a statement ends in between.
void Parser::skip_brackets() {
  int depth = 0;
  while (!is(TokenKind::end) && !is(TokenKind::open_brace) && !is(TokenKind::close_brace)) {
    if (is(TokenKind::open_paren) || is(TokenKind::open_bracket)) ++depth;
    if (is(TokenKind::close_paren) || is(TokenKind::close_bracket)) --depth;
    take();
    if (depth <= 0) return;
  }
}

// From `{` to its `}`. A mapping statement that is not indented deeper ends it too: the `}` was forgotten.
void Parser::skip_block() {
  const std::uint32_t margin = indentation();
  int depth = 0;
  while (!is(TokenKind::end)) {
    if (is(TokenKind::open_brace)) ++depth;
    if (is(TokenKind::close_brace) && --depth == 0) {
      take();
      return;
    }
    take();
    if (starts_line() && mapping_word() && indentation() <= margin) return;
  }
}

// The lines that are indented deeper than `margin`, the rest of this one included.
void Parser::skip_indented(std::uint32_t margin) {
  while (!is(TokenKind::end) && !is(TokenKind::close_brace)) {
    if (is(TokenKind::open_brace)) {
      skip_block();
    } else {
      take();
    }
    if (starts_line() && indentation() <= margin) return;
  }
}

// A statement with a block, as in C or in Python: from its first word to the end of the block.
void Parser::skip_construct() {
  const std::uint32_t margin = indentation();
  take();
  while (!is(TokenKind::end) && !is(TokenKind::close_brace)) {
    if (is(TokenKind::open_brace)) return skip_block();
    if (starts_line()) {
      if (indentation() > margin) skip_indented(margin);
      return;
    }
    if (is(TokenKind::open_paren) || is(TokenKind::open_bracket)) {
      skip_brackets();
      continue;
    }
    const TokenKind kind = take().kind;
    if (kind == TokenKind::semicolon) return;
    if (kind == TokenKind::colon) {
      if (!starts_line() || indentation() > margin) skip_indented(margin);
      return;
    }
  }
}

// -----------------------------------------------------------------------------------------------------
// statements

void Parser::run() {
  // Text with that many mistakes is no mapper; reading on would only take time.
  while (!is(TokenKind::end) && !problems_->full()) {
    const std::uint32_t before = next_;
    statement();
    recover(false);
    if (next_ == before) take();
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
  if (is(TokenKind::semicolon)) return lone_semicolon();
  const std::string_view word = text(at());
  if (mapping_word()) {
    for (const slips::Form& f : slips::kForms) {
      if (f.word == word) form_ = &f;
    }
    for (const Entry& e : kStatements) {
      if (e.word == word) return (this->*e.method)();
    }
    if (word == "def") {
      take();
      return function();
    }
    return map(word == "IndexTaskMap");
  }
  if (common_statement(nullptr)) return;
  if (is(TokenKind::close_brace)) {
    report(problem::expected, at().span, "expected a statement, found `}`", "No `{` is open here.",
           delete_fix(at().span, "}"));
    take();
    return;
  }
  if (!is(TokenKind::name)) {
    give_up(problem::expected, at().span, fmt::format("expected a statement, found {}", found()),
            fmt::format("Statements begin with {} or a name that is given a value.",
                        base::join(kStatementNames, ", ")));
    take();
    return;
  }
  if (word == "return") {
    give_up(problem::return_outside, at().span, "`return` stands outside a function",
            "A function is written `def name(Task task) { ... return ...; }`.");
    take();
    return;
  }
  if (is(TokenKind::open_paren, 1) && head_follows(1)) {
    report(problem::missing_keyword_def, at().span,
           fmt::format("`def` is missing before {}", quoted(at().span)),
           "A function is written `def name(Task task) { ... }`.",
           Fix{"add `def`", {{{at().span.begin, at().span.begin}, "def "}}});
    return function();
  }
  if (is(TokenKind::name, 1) && is(TokenKind::open_paren, 2) && head_follows(2)) {
    report(problem::missing_keyword_def, at().span,
           fmt::format("a function begins with `def`, not {}", found()),
           "A function is written `def name(Task task) { ... }`.", write_fix(at().span, "def"));
    take();
    return function();
  }
  if (is(TokenKind::open_paren, 1) || is(TokenKind::dot, 1) || is(TokenKind::open_bracket, 1))
    return value_statement();
  unknown_statement();
}

// What may stand in a function and outside; false where it is something else.
bool Parser::common_statement(Function* f) {
  if (tuple_assignment(f)) return true;
  if (!is(TokenKind::name)) return false;
  const std::string_view word = text(at());
  // `=`, and what other languages have in its place: `==`, `:=`, `+=`, `++`.
  const bool changed = is(TokenKind::plus, 1) || is(TokenKind::minus, 1) || is(TokenKind::star, 1) ||
                       is(TokenKind::slash, 1) || is(TokenKind::percent, 1) || is(TokenKind::colon, 1);
  // `return --x` negates twice.
  const bool twice =
      word != "return" && (is(TokenKind::plus, 1) || is(TokenKind::minus, 1)) && is(at(1).kind, 2);
  if (is(TokenKind::assign, 1) || is(TokenKind::equal, 1) ||
      (changed && touches(2) && (is(TokenKind::assign, 2) || twice))) {
    assignment(f);
  } else if (word == "print") {
    print(f);
  } else if (find_word(slips::kControlWords, word)) {
    control_flow(f);
  } else if (word != "return" && is(TokenKind::name, 1) && is(TokenKind::assign, 2) && !starts_line(1)) {
    typed_assignment(f);
  } else {
    return false;
  }
  return true;
}

void Parser::lone_semicolon() {
  report(problem::expected, at().span, "expected a statement, found `;`", "", delete_fix(at().span, ";"));
  take(TokenRole::statement_end);
}

void Parser::unknown_statement() {
  std::optional<Fix> fix = spelling_fix(kStatementNames, text(at()), at().span);
  give_up(problem::unknown_statement, at().span, fmt::format("there is no statement {}", quoted(at().span)),
          fmt::format("Statements begin with {} or a name that is given a value.",
                      base::join(kStatementNames, ", ")),
          std::move(fix));
  take();
}

}  // namespace mapwright::lang
