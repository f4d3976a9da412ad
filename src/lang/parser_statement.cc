// Mapping statements: Task, Region, Layout and so on.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "lang/parser.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Fix;
using base::Span;

std::string processor_note() {
  return fmt::format("Processor kinds are {}.", base::join(machine::processor_kind_names(), ", "));
}
std::string memory_note() {
  return fmt::format("Memory kinds are {}.", base::join(machine::memory_kind_names(), ", "));
}

}  // namespace

// -----------------------------------------------------------------------------------------------------
// fields

// `Task stencil: GPU`, `InstanceLimit stencil = 4`: the fields of a statement stand side by side.
void Parser::separator() {
  const bool colon = is(TokenKind::colon) && !is(TokenKind::colon, 1);
  if (silent_ || !(is(TokenKind::assign) || colon || is(TokenKind::comma))) return;
  // What stands on both sides must not become one word.
  const bool glues = touches(0) && touches(1);
  Fix fix = delete_fix(at().span, text(at()));
  if (glues) fix.edits[0].text = " ";
  report(problem::misplaced_separator, at().span, fmt::format("{} does not belong here", found()),
         fmt::format("The statement is written `{}`.", form_->form), std::move(fix));
  take();
}

void Parser::missing_comma() {
  report(problem::misplaced_separator, at().span,
         fmt::format("`,` is missing between {} and {}", quoted(previous()), found()), "",
         Fix{"add `,`", {{behind(), ","}}});
}

// `Task a, GPU;`: the names have taken the kinds for more of them.
void Parser::comma_before_kinds(const TaskStatement& s) {
  const auto kind = [](const Name& n) { return !n.quoted && machine::processor_kind(n.text); };
  const auto first = std::ranges::find_if(s.tasks, kind);
  if (first == s.tasks.begin() || first == s.tasks.end() || !std::all_of(first, s.tasks.end(), kind)) return;
  const Span gap{std::prev(first)->span.end, first->span.begin};
  const std::string_view between = source_->slice(gap);
  std::optional<Fix> fix;
  if (between.find_first_not_of(", ") == std::string_view::npos) fix = Fix{"delete `,`", {{gap, " "}}};
  give_up(problem::misplaced_separator, {gap.begin, gap.begin + 1},
          "no comma stands between a task and its processor kinds",
          fmt::format("The statement is written `{}`.", form_->form), std::move(fix));
}

Name Parser::name(std::string_view what, bool star, bool index) {
  separator();
  if (silent_) return {};
  const Token first = at();
  if (first.kind == TokenKind::string) {
    const std::string_view inside = string_text(text(first));
    if (inside.empty())
      give_up(problem::expected, first.span, fmt::format("expected {}, found an empty string", what));
    take();
    return {inside, first.span, true};
  }
  if ((first.kind == TokenKind::star && star) || (first.kind == TokenKind::integer && index)) {
    take();
    return {text(first), first.span, false};
  }
  if (first.kind != TokenKind::name || (starts_line() && starts_statement())) {
    give_up(problem::expected, first.span, fmt::format("expected {}, found {}", what, found()));
    return {};
  }
  take();
  return glued_name(first.span);
}

// Legion programs name tasks `module.task` and `space::task`; such names have no blanks.
Name Parser::glued_name(Span first) {
  Span whole = first;
  bool odd = false;
  for (;;) {
    const bool dash = is(TokenKind::minus) && (is(TokenKind::name, 1) || is(TokenKind::integer, 1));
    const std::uint32_t joint = is(TokenKind::dot) || dash                        ? 1
                                : is(TokenKind::colon) && is(TokenKind::colon, 1) ? 2
                                                                                  : 0;
    if (joint == 0 || (!is(TokenKind::name, joint) && !dash)) break;
    bool adjacent = true;
    for (std::uint32_t i = 0; i <= joint; ++i) adjacent = adjacent && touches(i);
    if (!adjacent) break;
    odd = odd || dash;
    for (std::uint32_t i = 0; i <= joint; ++i) take(TokenRole::tight);
    whole.end = previous().end;
  }
  if (odd) {
    report(problem::odd_name, whole, fmt::format("{} is no name", quoted(whole)),
           "A name with other characters than letters, digits, `_`, `.` and `::` stands in double quotes.",
           write_fix(whole, fmt::format("\"{}\"", source_->slice(whole))));
  }
  return {source_->slice(whole), whole, false};
}

std::vector<Name> Parser::names(bool star) {
  std::vector<Name> list{name(star ? "a task name or `*`" : "a task name", star, false)};
  while (!silent_ && accept(TokenKind::comma)) {
    if (list[0].any() || is(TokenKind::star)) {
      const Span where = list[0].any() ? list[0].span : at().span;
      give_up(problem::expected, where, "`*` stands alone, for all tasks",
              "Name the tasks, or write `*` alone.");
      break;
    }
    list.push_back(name("a task name", false, false));
  }
  return list;
}

std::optional<ProcessorRef> Parser::processor() {
  separator();
  if (silent_) return std::nullopt;
  if (!is(TokenKind::name) || (starts_line() && starts_statement())) {
    give_up(problem::expected, at().span, fmt::format("expected a processor kind, found {}", found()),
            fmt::format("The statement is written `{}`. {}", form_->form, processor_note()));
    return std::nullopt;
  }
  const Token word = at();
  if (const auto kind = machine::processor_kind(text(word))) {
    take();
    return ProcessorRef{*kind, word.span};
  }
  const bool memory = machine::memory_kind(text(word)).has_value();
  give_up(problem::unknown_processor_kind, word.span,
          fmt::format("there is no processor kind {}", quoted(word.span)),
          (memory ? "That is a memory. " : "") + processor_note(),
          memory ? std::nullopt : spelling_fix(machine::processor_kind_names(), text(word), word.span));
  return std::nullopt;
}

std::optional<MemoryRef> Parser::memory() {
  separator();
  if (silent_) return std::nullopt;
  if (!is(TokenKind::name) || (starts_line() && starts_statement())) {
    give_up(problem::expected, at().span, fmt::format("expected a memory kind, found {}", found()),
            fmt::format("The statement is written `{}`. {}", form_->form, memory_note()));
    return std::nullopt;
  }
  const Token word = at();
  if (const auto kind = machine::memory_kind(text(word))) {
    take();
    return MemoryRef{*kind, word.span};
  }
  const bool processor = machine::processor_kind(text(word)).has_value();
  give_up(problem::unknown_memory_kind, word.span,
          fmt::format("there is no memory kind {}", quoted(word.span)),
          (processor ? "That is a processor kind. " : "") + memory_note(),
          processor ? std::nullopt : spelling_fix(machine::memory_kind_names(), text(word), word.span));
  return std::nullopt;
}

std::vector<MemoryRef> Parser::memories() {
  std::vector<MemoryRef> list;
  for (bool more = true; more && !silent_;) {
    if (const auto m = memory()) list.push_back(*m);
    more = accept(TokenKind::comma);
    if (!more && !silent_ && is(TokenKind::name) && machine::memory_kind(text(at()))) {
      missing_comma();
      more = true;
    }
  }
  return list;
}

std::int64_t Parser::number(std::string_view what) {
  separator();
  const Token word = at();
  // One that was reported as odd or too large does no further harm.
  return expect(TokenKind::integer, what) ? base::parse_integer(text(word)).value_or(1) : 1;
}

// -----------------------------------------------------------------------------------------------------
// statements

void Parser::task() {
  TaskStatement s;
  const Span start = take().span;
  s.tasks = names(true);
  const auto is_kind = [&](std::uint32_t ahead) {
    return is(TokenKind::name, ahead) && machine::processor_kind(text(at(ahead)));
  };
  // `Task a b GPU`
  while (!silent_ && is(TokenKind::name) && !is_kind(0) && is_kind(1) && !starts_line(1) &&
         !base::closest(text(at()), machine::processor_kind_names())) {
    missing_comma();
    s.tasks.push_back(name("a task name", false, false));
    while (!silent_ && accept(TokenKind::comma)) s.tasks.push_back(name("a task name", false, false));
  }
  if (!silent_ && is(TokenKind::semicolon) && !s.tasks[0].quoted &&
      machine::processor_kind(s.tasks[0].text)) {
    const Span first = s.tasks[0].span;
    give_up(problem::expected, first, fmt::format("expected a task name or `*` before {}", quoted(first)), "",
            Fix{"add `*`", {{{first.begin, first.begin}, "* "}}});
  }
  if (!silent_ && is(TokenKind::semicolon)) comma_before_kinds(s);
  for (bool more = true; more && !silent_;) {
    if (const auto p = processor()) s.kinds.push_back(*p);
    more = accept(TokenKind::comma);
    if (!more && !silent_ && is_kind(0)) {
      missing_comma();
      more = true;
    }
  }
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

void Parser::region() {
  RegionStatement s;
  const Span start = take().span;
  s.task = name("a task name or `*`", true, false);
  s.region = name("a region name, its index or `*`", true, true);
  separator();
  if (!silent_ && is(TokenKind::name) && machine::memory_kind(text(at()))) {
    std::optional<Fix> fix = Fix{"add `*`", {{behind(), " *"}}};
    // `Region halo GPU FBMEM`: nobody knows whether halo is the task or the region.
    if (machine::processor_kind(s.region.text)) fix.reset();
    report(problem::expected, at().span, fmt::format("expected a processor kind or `*`, found {}", found()),
           "", std::move(fix));
    if (machine::processor_kind(s.region.text)) silent_ = true;
  } else if (!silent_ && !accept(TokenKind::star)) {
    if (const auto p = processor()) s.kind.push_back(*p);
  }
  s.memories = memories();
  s.span = since(start);
  if (!silent_ && is(TokenKind::name) && find_word(kConstraintNames, text(at())) && !starts_line()) {
    give_up(problem::expected, at().span, fmt::format("{} belongs into a Layout statement", found()),
            "Region says in which memory, Layout in which order: `Layout task region FBMEM SOA C_order;`.");
  }
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

void Parser::layout() {
  LayoutStatement s;
  const Span start = take().span;
  s.task = name("a task name or `*`", true, false);
  s.region = name("a region name, its index or `*`", true, true);
  separator();
  const auto is_constraint = [&] { return is(TokenKind::name) && find_word(kConstraintNames, text(at())); };
  if (!silent_ && is_constraint()) {
    report(problem::expected, at().span,
           fmt::format("expected a memory kind, a processor kind or `*`, found {}", found()),
           fmt::format("The statement is written `{}`.", form_->form), Fix{"add `*`", {{behind(), " *"}}});
  } else if (!silent_ && !accept(TokenKind::star)) {
    if (is(TokenKind::name) && machine::processor_kind(text(at()))) {
      s.where = *processor();
    } else if (const auto m = memory()) {
      s.where = *m;
    }
  }
  for (;;) {
    if (!s.constraints.empty()) separator();
    if (silent_ || !is(TokenKind::name) || (starts_line() && (starts_statement() || !is_constraint()))) break;
    if (const auto c = constraint()) s.constraints.push_back(*c);
  }
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

std::optional<LayoutConstraint> Parser::constraint() {
  const Token word = at();
  const auto known = find_word(kConstraintNames, text(word));
  if (!known) {
    give_up(problem::unknown_constraint, word.span,
            fmt::format("there is no layout constraint {}", quoted(word.span)),
            fmt::format("Layout constraints are {}.", base::join(kConstraintNames, ", ")),
            spelling_fix(kConstraintNames, text(word), word.span));
    return std::nullopt;
  }
  take();
  LayoutConstraint c;
  c.kind = static_cast<LayoutConstraint::Kind>(*known);
  if (c.kind == LayoutConstraint::Kind::align) {
    const auto op = alignment();
    if (op) c.op = *op;
    const bool bracketed = !silent_ && !op && accept(TokenKind::open_paren);
    c.bytes = number("a number of bytes");
    if (bracketed) expect(TokenKind::close_paren, "`)`");
    if (silent_) return std::nullopt;
  }
  c.span = since(word.span);
  return c;
}

// The comparison after `Align`; nothing where it is missing, and reported.
std::optional<AlignOp> Parser::alignment() {
  struct Entry {
    TokenKind token;
    AlignOp op;
  };
  static constexpr std::array kOps = {
      Entry{TokenKind::less, AlignOp::less},       Entry{TokenKind::less_equal, AlignOp::less_equal},
      Entry{TokenKind::greater, AlignOp::greater}, Entry{TokenKind::greater_equal, AlignOp::greater_equal},
      Entry{TokenKind::equal, AlignOp::equal},     Entry{TokenKind::not_equal, AlignOp::not_equal}};
  for (const Entry& e : kOps) {
    if (accept(e.token)) return e.op;
  }
  std::optional<Fix> fix;
  const bool assigned = is(TokenKind::assign);
  if (assigned) fix = write_fix(at().span, "==");
  if (is(TokenKind::integer)) fix = Fix{"add `==`", {{behind(), " =="}}};
  if (is(TokenKind::open_paren) && is(TokenKind::integer, 1) && is(TokenKind::close_paren, 2)) {
    fix = Fix{"add `==`", {{at().span, " == "}, {at(2).span, ""}}};
  }
  const bool known = fix.has_value();
  report(problem::expected, at().span, fmt::format("expected a comparison after `Align`, found {}", found()),
         "An alignment is written `Align == 128`.", std::move(fix));
  if (!known) silent_ = true;
  if (assigned) take();
  return std::nullopt;
}

void Parser::instance_limit() {
  LimitStatement s;
  const Span start = take().span;
  s.task = name("a task name", false, false);
  s.limit = number("a number of tasks");
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
  if (!silent_ && is(TokenKind::name) && (!starts_line() || is(TokenKind::semicolon, 1))) {
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
  while (!silent_ && is(TokenKind::name) && !starts_line()) {
    missing_comma();
    s.tasks.push_back(name("a task name", false, false));
  }
  s.span = since(start);
  end_statement();
  if (!silent_) ast_.statements.emplace_back(std::move(s));
}

}  // namespace mapwright::lang
