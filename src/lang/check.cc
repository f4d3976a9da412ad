#include "lang/check.h"

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

bool is_value_word(std::string_view word) {
  return word == "Machine" || word == "True" || word == "False" ||
         machine::processor_kind(word).has_value() || machine::memory_kind(word).has_value();
}

// A name as a key: "" is `*`.
std::string_view key_of(const Name& name) {
  return name.any() ? std::string_view{} : name.text;
}

bool is_alignment(std::int64_t bytes) {
  return bytes > 0 && (bytes & (bytes - 1)) == 0;
}

}  // namespace

void Checker::run() {
  declare();
  globals();
  functions();
  rules();
  if (!problems_->has_errors()) find_invariants(&code_);
}

void Checker::report(const base::DiagnosticKind& kind, Span where, std::string message, std::string note,
                     std::optional<Fix> fix, std::vector<Related> related) {
  problems_->add(
      {&kind, ast_.source, where, std::move(message), std::move(note), std::move(related), std::move(fix)});
}

Fix Checker::move_behind(Span statement, Span function) const {
  const std::string_view text = ast_.source->text();
  const std::size_t semicolon = text.find(';', statement.end);
  Span whole = statement;
  if (semicolon != std::string_view::npos) whole.end = static_cast<std::uint32_t>(semicolon + 1);
  const std::string moved = fmt::format("\n{}", words(whole));
  // The line goes with the statement if nothing else stands on it.
  if (whole.end < text.size() && text[whole.end] == '\n' &&
      (whole.begin == 0 || text[whole.begin - 1] == '\n'))
    ++whole.end;
  return {"move the statement behind the function", {{whole, ""}, {{function.end, function.end}, moved}}};
}

void Checker::repeated(Span where, Span first, std::string what) {
  report(problem::repeated_statement, where, std::move(what), "The first statement holds.", std::nullopt,
         {{first, "the first one"}});
}

// ----------------------------------------------------------------------------------------------------
// definitions

void Checker::check_new_name(const Name& name, std::string_view what) {
  if (!is_value_word(name.text)) return;
  report(problem::reserved_name, name.span,
         fmt::format("`{}` is built in and cannot be {}", name.text, what));
}

void Checker::declare() {
  for (const Statement& s : ast_.statements) {
    const auto* f = std::get_if<Function>(&s);
    if (f == nullptr) continue;
    check_new_name(f->name, "a function");
    const auto id = static_cast<FunctionId>(functions_.size());
    const auto [known, fresh] = function_ids_.emplace(f->name.text, id);
    if (!fresh) {
      report(problem::duplicate_function, f->name.span,
             fmt::format("the function `{}` is defined twice", f->name.text), "", std::nullopt,
             {{functions_[known->second]->name.span, "the first definition"}});
    }
    functions_.push_back(f);
  }
  results_.resize(functions_.size());
  task_helper_reported_.resize(functions_.size());
  code_.functions.resize(functions_.size());
}

void Checker::globals() {
  slots_ = &code_.start_slots;
  for (const Statement& s : ast_.statements) {
    const auto* a = std::get_if<Assignment>(&s);
    if (a != nullptr) later_.emplace(a->name.text, a->name.span);
  }
  for (const Statement& s : ast_.statements) {
    if (problems_->full()) return;
    if (const auto* p = std::get_if<Print>(&s)) {
      statement_ = p->span;
      code_.prints.push_back(print_format(*p));
      code_.start.push_back(
          {Step::Kind::print, static_cast<std::uint32_t>(code_.prints.size() - 1), kNoNode});
    }
    const auto* a = std::get_if<Assignment>(&s);
    if (a == nullptr) continue;
    statement_ = a->span;
    check_new_name(a->name, "given another value");
    const Lowered value = lower(a->value);
    if (const auto known = globals_.find(a->name.text); known != globals_.end()) {
      report(problem::assigned_again, a->name.span, fmt::format("`{}` gets a value twice", a->name.text),
             "A name keeps its first value.", std::nullopt, {{known->second.where, "the first value"}});
      continue;
    }
    if (const auto f = function_ids_.find(a->name.text); f != function_ids_.end()) {
      report(problem::assigned_again, a->name.span, fmt::format("`{}` is a function already", a->name.text),
             "", std::nullopt, {{functions_[f->second]->name.span, "it is defined here"}});
      continue;
    }
    const auto slot = static_cast<std::uint32_t>(code_.globals.size());
    code_.globals.push_back(a->name.text);
    globals_[a->name.text] = {slot, value.type, a->name.span, true};
    code_.start.push_back({Step::Kind::assign, slot, value.node});
  }
  later_.clear();
}

void Checker::functions() {
  for (FunctionId id = 0; id < functions_.size() && !problems_->full(); ++id) function(id, *functions_[id]);
}

void Checker::function(FunctionId id, const Function& f) {
  statement_ = f.span;
  FunctionCode code;
  code.name = f.name.text;
  code.head = f.head;
  code.parameters = f.parameters;
  Scope locals;
  locals_ = &locals;
  parameters_unknown_ = f.broken_head;
  slots_ = &code.slots;
  static constexpr std::array kTypes = {TypeKind::integer, TypeKind::boolean, TypeKind::tuple,
                                        TypeKind::tuple,   TypeKind::space,   TypeKind::task};
  for (const Parameter& p : f.parameters) {
    check_new_name(p.name, "a parameter");
    Type type;
    if (!f.broken) type.kind = kTypes[static_cast<std::size_t>(p.type)];
    type.integers = type.is(TypeKind::tuple);  // IPoint and ISpace
    code.kinds.push_back(kTypes[static_cast<std::size_t>(p.type)]);
    const auto [known, fresh] = locals.emplace(p.name.text, Variable{code.slots++, type, p.name.span, true});
    if (!fresh) {
      report(problem::duplicate_parameter, p.name.span,
             fmt::format("`{}` has two parameters `{}`", f.name.text, p.name.text), "", std::nullopt,
             {{known->second.where, "the first one"}});
    }
  }
  for (const auto& statement : f.body) {
    if (const auto* a = std::get_if<Assignment>(&statement)) later_.emplace(a->name.text, a->name.span);
  }
  std::optional<Span> returned;
  std::uint32_t depth = 1;
  const auto grow = [&](ExprId e) { depth = std::max<std::uint32_t>(depth, ast_[e].depth); };
  for (const auto& statement : f.body) {
    if (returned && f.broken) break;
    if (returned) {
      const Span where = std::visit([](const auto& s) { return s.span; }, statement);
      report(problem::unreachable, where, "this is never reached", "", std::nullopt,
             {{*returned, "the function ends here"}});
      break;
    }
    if (const auto* a = std::get_if<Assignment>(&statement)) {
      grow(a->value);
      check_new_name(a->name, "given another value");
      const Lowered value = lower(a->value);
      if (const auto known = locals.find(a->name.text); known != locals.end()) {
        // In what did not parse, both may stand in branches.
        if (f.broken) continue;
        report(problem::assigned_again, a->name.span, fmt::format("`{}` gets a value twice", a->name.text),
               "A name keeps its first value: choose another one.", std::nullopt,
               {{known->second.where, "the first value"}});
        continue;
      }
      locals[a->name.text] = {code.slots, value.type, a->name.span, true};
      code.steps.push_back({Step::Kind::assign, code.slots++, value.node});
    } else if (const auto* p = std::get_if<Print>(&statement)) {
      for (const ExprId e : p->values) grow(e);
      code_.prints.push_back(print_format(*p));
      code.steps.push_back({Step::Kind::print, static_cast<std::uint32_t>(code_.prints.size() - 1), kNoNode});
    } else {
      const auto& r = std::get<Return>(statement);
      grow(r.value);
      const Lowered value = lower(r.value);
      results_[id] = value.type;
      code.steps.push_back({Step::Kind::result, 0, value.node});
      returned = r.span;
    }
  }
  if (!returned && !f.broken) {
    report(problem::missing_return, f.head, fmt::format("the function `{}` returns nothing", f.name.text),
           "A function ends with `return value;`.");
  }
  later_.clear();
  locals_ = nullptr;
  parameters_unknown_ = false;
  code.depth = depth;
  if (code.steps.size() == 1 && code.steps[0].kind == Step::Kind::result) code.only = code.steps[0].value;
  code_.functions[id] = std::move(code);
}

// -----------------------------------------------------------------------------------------------------
// statements

void Checker::rules() {
  for (const Statement& statement : ast_.statements) {
    if (problems_->full()) return;
    std::visit(
        [this](const auto& s) {
          if constexpr (requires { rule(s); }) {
            statement_ = s.span;
            rule(s);
          }
        },
        statement);
  }
}

void Checker::rule(const TaskStatement& s) {
  for (const Name& task : s.tasks) {
    const auto [known, fresh] = mapper_.task_rules_.emplace(key_of(task), &s);
    if (!fresh)
      repeated(task.span, known->second->span,
               fmt::format("the processors of `{}` are given already", task.text));
  }
}

void Checker::check_memories(const RegionStatement& s) {
  if (s.kind.empty()) return;
  const machine::ProcessorKind kind = s.kind[0].kind;
  const auto reached = [&](const MemoryRef& m) { return machine::usually_addressable(kind, m.kind); };
  const bool some = std::ranges::any_of(s.memories, reached);
  const std::string_view processor = machine::name_of(kind);
  const std::string note =
      kind == machine::ProcessorKind::gpu
          ? "A GPU reaches its framebuffer, FBMEM, and zero-copy memory, ZCMEM."
          : fmt::format("{} processors reach SYSMEM, SOCKMEM, RDMEM and ZCMEM; FBMEM belongs to a GPU.",
                        processor);
  for (const MemoryRef& m : s.memories) {
    if (reached(m)) continue;
    std::optional<Fix> fix;
    if (!some && s.memories.size() == 1) {
      const std::string right = kind == machine::ProcessorKind::gpu ? "FBMEM" : "SYSMEM";
      fix = Fix{fmt::format("write `{}`", right), {{m.span, right}}};
    }
    report(some ? problem::skipped_memory : problem::unreachable_memory, m.span,
           fmt::format("{} processors do not reach {}", processor, machine::name_of(m.kind)), note,
           std::move(fix));
  }
}

void Checker::rule(const RegionStatement& s) {
  check_memories(s);
  std::optional<machine::ProcessorKind> kind;
  if (!s.kind.empty()) kind = s.kind[0].kind;
  auto& entries = mapper_.memory_rules_[{key_of(s.task), key_of(s.region)}];
  for (const auto& e : entries) {
    if (e.kind == kind) {
      return repeated(
          s.span, e.statement->span,
          fmt::format("the memories of `{}` for `{}` are given already", s.region.text, s.task.text));
    }
  }
  entries.push_back({kind, &s});
}

void Checker::rule(const LayoutStatement& s) {
  Layout layout;
  layout.where = s.span;
  for (const LayoutConstraint& c : s.constraints) {
    using Kind = LayoutConstraint::Kind;
    switch (c.kind) {
      case Kind::soa: layout.arrangement = Layout::Arrangement::soa; break;
      case Kind::aos: layout.arrangement = Layout::Arrangement::aos; break;
      case Kind::c_order: layout.order = Layout::Order::c_order; break;
      case Kind::f_order: layout.order = Layout::Order::f_order; break;
      case Kind::compact: layout.compact = true; break;
      case Kind::exact: layout.exact = true; break;
      case Kind::align:
        layout.align = {c.op, c.bytes};
        if (!is_alignment(c.bytes)) {
          report(problem::bad_alignment, c.span, fmt::format("the alignment {} is no power of two", c.bytes),
                 "Alignments are 1, 2, 4, ... bytes.");
        }
        break;
    }
  }
  auto& entries = mapper_.layout_rules_[{key_of(s.task), key_of(s.region)}];
  const auto same = [&](const CompiledMapper::LayoutRule& e) {
    if (e.where.index() != s.where.index()) return false;
    if (const auto* p = std::get_if<ProcessorRef>(&s.where))
      return std::get<ProcessorRef>(e.where).kind == p->kind;
    if (const auto* m = std::get_if<MemoryRef>(&s.where)) return std::get<MemoryRef>(e.where).kind == m->kind;
    return true;
  };
  for (const auto& e : entries) {
    if (same(e)) {
      return repeated(
          s.span, e.layout.where,
          fmt::format("the layout of `{}` for `{}` is given already", s.region.text, s.task.text));
    }
  }
  entries.push_back({s.where, layout});
}

void Checker::rule(const LimitStatement& s) {
  const auto [known, fresh] = mapper_.limits_.emplace(s.task.text, &s);
  if (!fresh)
    repeated(s.span, known->second->span, fmt::format("the limit of `{}` is given already", s.task.text));
}

void Checker::rule(const CollectStatement& s) {
  auto& entries = mapper_.collected_[{key_of(s.task), key_of(s.region)}];
  if (!entries.empty())
    return repeated(s.span, entries[0],
                    fmt::format("`{}` of `{}` is collected already", s.region.text, s.task.text));
  entries.push_back(s.span);
}

void Checker::rule(const ReplicateStatement& s) {
  for (const Name& task : s.tasks) {
    const auto [known, fresh] = mapper_.replicated_.emplace(task.text, task.span);
    if (!fresh) repeated(task.span, known->second, fmt::format("`{}` is replicated already", task.text));
  }
}

void Checker::report_unknown_mapping(const MapStatement& s, std::string_view keyword) {
  if (globals_.contains(s.function.text)) {
    report(problem::not_a_function, s.function.span, fmt::format("`{}` is not a function", s.function.text),
           fmt::format("{} names a function that maps a task: `def f(Task task) {{ return {}[...]; }}`.",
                       keyword, s.function.text));
    return;
  }
  std::vector<std::string_view> names;
  for (const Function* f : functions_) {
    if (names.size() < 1000) names.push_back(f->name.text);
  }
  const auto right = problems_->errors() < 200 ? base::closest(s.function.text, names) : std::nullopt;
  std::optional<Fix> fix;
  std::string note = fmt::format("Define it before this statement: `def {}(Task task) {{ ... }}`.",
                                 base::shortened(s.function.text, 60));
  if (right) {
    note = fmt::format("Did you mean `{}`?", *right);
    fix = Fix{fmt::format("write `{}`", *right), {{s.function.span, std::string(*right)}}};
  }
  report(problem::undefined_function, s.function.span,
         fmt::format("the function `{}` is not defined", base::shortened(s.function.text, 60)),
         std::move(note), std::move(fix));
}

bool Checker::check_mapping_signature(const MapStatement& s, const Function& f, std::string_view keyword) {
  const bool older = !s.machine.text.empty();
  const std::array<ParameterType, 3> older_types{ParameterType::ipoint, ParameterType::ispace,
                                                 ParameterType::mspace};
  const bool takes_older = std::ranges::equal(
      f.parameters, older_types, [](const Parameter& p, ParameterType t) { return p.type == t; });
  const bool takes_task = f.parameters.size() == 1 && f.parameters[0].type == ParameterType::task;
  if (!older) {
    if (takes_task) return true;
    report(problem::mapping_signature, s.function.span, fmt::format("`{}` does not take a task", f.name.text),
           takes_older && s.index
               ? fmt::format("A function of (IPoint, ISpace, MSpace) is named with its machine: "
                             "`IndexTaskMap task machine {};`.",
                             f.name.text)
               : fmt::format("{} names a function of one Task: `def {}(Task task)`.", keyword, f.name.text),
           std::nullopt, {{f.head, "it is defined here"}});
    return false;
  }
  if (takes_task && !s.tasks.empty() && !globals_.contains(s.machine.text)) {
    // Three names, and the second is no machine: two tasks without their comma.
    const Span after{s.tasks.back().span.end, s.tasks.back().span.end};
    report(problem::expected, s.machine.span,
           fmt::format("`{}` is no machine: a `,` is missing between the tasks",
                       base::shortened(s.machine.text, 60)),
           "", Fix{"add `,`", {{after, ","}}});
    return false;
  }
  if (takes_older && s.index) return true;
  const Span gap{s.machine.span.begin, s.function.span.begin};
  report(
      problem::mapping_signature, s.function.span,
      fmt::format("`{}` cannot be used with a machine variable", f.name.text),
      s.index ? "With a machine variable before it, IndexTaskMap names a function of (IPoint point, "
                "ISpace space, MSpace machine) that returns an index of the machine."
              : "SingleTaskMap has no form with a machine variable: it names a function of one Task.",
      takes_task ? std::optional(Fix{fmt::format("delete `{}`", s.machine.text), {{gap, ""}}}) : std::nullopt,
      {{f.head, "it is defined here"}});
  return false;
}

std::optional<std::uint32_t> Checker::mapping_machine(const Name& name) {
  const auto machine = globals_.find(name.text);
  if (machine == globals_.end()) {
    if (!reported_.insert(name.text).second) return std::nullopt;
    const auto right = meant(name.text, {});
    Fix fix = right ? Fix{fmt::format("write `{}`", *right), {{name.span, std::string(*right)}}}
                    : machine_fix(name.text);
    report(problem::undefined_machine, name.span,
           fmt::format("the machine variable `{}` is not defined", base::shortened(name.text, 60)),
           right ? fmt::format("Did you mean `{}`?", *right) : "A machine is given a name before it is used.",
           std::move(fix));
    return std::nullopt;
  }
  const Type& type = machine->second.type;
  if (!type.may_be(TypeKind::space)) {
    report(problem::argument_type, name.span,
           fmt::format("`{}` is {}, not a machine space", name.text, described(type.kind)));
    return std::nullopt;
  }
  return machine->second.slot;
}

std::optional<MapChoice> Checker::map_choice(const MapStatement& s) {
  const std::string_view keyword = s.index ? "IndexTaskMap" : "SingleTaskMap";
  const auto found = function_ids_.find(s.function.text);
  if (found == function_ids_.end()) {
    report_unknown_mapping(s, keyword);
    return std::nullopt;
  }
  const Function& f = *functions_[found->second];
  if (f.span.begin > s.span.begin) {
    report(problem::function_before_definition, s.function.span,
           fmt::format("the function `{}` is used before its definition", f.name.text),
           fmt::format("{} stands behind the function that it names.", keyword), move_behind(s.span, f.span),
           {{f.name.span, "it is defined here"}});
  }
  if (f.broken || !check_mapping_signature(s, f, keyword)) return std::nullopt;
  MapChoice choice;
  choice.where = s.span;
  choice.function = found->second;
  if (!s.machine.text.empty()) {
    const auto machine = mapping_machine(s.machine);
    if (!machine) return std::nullopt;
    choice.machine = *machine;
  }
  check_mapping_result(s, choice.function);
  return choice;
}

void Checker::check_mapping_result(const MapStatement& s, FunctionId id) {
  const Type result = results_[id];
  const Function& f = *functions_[id];
  const auto* returned = f.body.empty() ? nullptr : std::get_if<Return>(&f.body.back());
  if (returned == nullptr) return;
  const Span where = ast_[returned->value].span;
  if (!s.machine.text.empty()) {
    if (result.may_be(TypeKind::tuple, TypeKind::integer)) return;
    report(problem::result_not_processor, where,
           fmt::format("`{}` returns {}, not an index of `{}`", f.name.text, described(result.kind),
                       s.machine.text),
           "With a machine variable, a mapping function returns a tuple of indices.");
    return;
  }
  if (result.may_be(TypeKind::processor, TypeKind::processors)) return;
  if (problems_->errors() > 200) return;
  // With one machine in the file there is no doubt which one was meant.
  std::string_view machine;
  int machines = 0;
  for (const auto& [name, variable] : globals_) {
    if (!variable.type.is(TypeKind::space)) continue;
    ++machines;
    machine = name;
  }
  std::optional<Fix> fix;
  if (result.is(TypeKind::tuple) && machines == 1) {
    fix = Fix{fmt::format("write `{}[*(...)]`", machine),
              {{{where.begin, where.begin}, fmt::format("{}[*", machine)}, {{where.end, where.end}, "]"}}};
    const bool bracketed = words(where).starts_with('(') && words(where).ends_with(')');
    if (!bracketed)
      fix->edits = {{{where.begin, where.begin}, fmt::format("{}[*(", machine)},
                    {{where.end, where.end}, ")]"}};
  }
  report(problem::result_not_processor, where,
         fmt::format("`{}` returns {}, not a point of a machine", f.name.text, described(result.kind)),
         "A mapping function returns a processor: `return machine[node, processor];`.", std::move(fix));
}

void Checker::rule(const MapStatement& s) {
  const std::optional<MapChoice> choice = map_choice(s);
  if (!choice) return;
  auto& table = s.index ? mapper_.index_maps_ : mapper_.single_maps_;
  const auto give = [&](std::optional<MapChoice>& place, Span where, std::string_view what) {
    if (place) return repeated(where, place->where, fmt::format("the map of `{}` is given already", what));
    place = choice;
  };
  if (!s.kind.empty())
    return give(table.by_kind[static_cast<std::size_t>(s.kind[0].kind)], s.kind[0].span,
                machine::name_of(s.kind[0].kind));
  for (const Name& task : s.tasks) {
    if (task.any()) {
      give(table.any, task.span, "*");
      continue;
    }
    const auto [known, fresh] = table.by_task.emplace(task.text, *choice);
    if (!fresh)
      repeated(task.span, known->second.where, fmt::format("the map of `{}` is given already", task.text));
  }
}

}  // namespace mapwright::lang
