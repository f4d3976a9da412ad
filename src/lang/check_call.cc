#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lang/check.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Fix;
using base::Span;

// What the properties take and give. Ranks of new spaces: as the object, plus `rank`.
struct PropertyRule {
  Op op;
  std::array<TypeKind, 3> objects;
  std::vector<TypeKind> arguments;
  TypeKind result;
  std::optional<int> rank;  // added to that of the object; nothing where it depends on an argument
  std::string_view usage;
};

const PropertyRule& rule_of(Property p) {
  using enum TypeKind;
  constexpr std::array kSized{space, tuple, processor};
  constexpr std::array kSpace{space, space, space};
  constexpr std::array kTask{task, task, task};
  // In the order of Property.
  static const std::array<PropertyRule, 16> kRules = {{
      {Op::size, kSized, {}, tuple, {}, ".size"},
      {Op::split, kSpace, {integer, integer}, space, 1, ".split(dimension, factor)"},
      {Op::merge, kSpace, {integer, integer}, space, -1, ".merge(dimension, dimension)"},
      {Op::swap, kSpace, {integer, integer}, space, 0, ".swap(dimension, dimension)"},
      {Op::slice_dim, kSpace, {integer, integer, integer}, space, 0, ".slice(dimension, low, high)"},
      {Op::reverse, kSpace, {integer}, space, 0, ".reverse(dimension)"},
      {Op::balance_split, kSpace, {integer, integer}, space, {}, ".balance_split(dimension, parts)"},
      {Op::auto_split, kSpace, {integer, tuple}, space, {}, ".auto_split(dimension, extents)"},
      {Op::greedy_split, kSpace, {integer, tuple}, space, {}, ".greedy_split(dimension, extents)"},
      {Op::volume, kSized, {}, integer, {}, ".volume"},
      {Op::has, {space, processor, processors}, {memory_kind}, boolean, {}, ".has(memory)"},
      {Op::len, kSized, {}, integer, {}, ".len"},
      {Op::ipoint, kTask, {}, tuple, {}, ".ipoint"},
      {Op::ispace, kTask, {}, tuple, {}, ".ispace"},
      {Op::parent, kTask, {}, task, {}, ".parent"},
      {Op::processor, kTask, {space}, tuple, {}, ".processor(machine)"},
  }};
  return kRules[static_cast<std::size_t>(p)];
}

}  // namespace

Checker::Lowered Checker::property(const Expr& e, const Expr* call) {
  const auto p = static_cast<Property>(e.detail);
  const PropertyRule& rule = rule_of(p);
  const bool of_machine = rule.objects[0] == TypeKind::space;
  const Lowered object = lower(e.a, of_machine ? Use::machine : Use::value);
  const Expr& whole = call == nullptr ? e : *call;
  Node n;
  n.op = rule.op;
  n.a = object.node;
  if (!object.type.may_be(rule.objects[0], rule.objects[1], rule.objects[2])) {
    std::string note;
    if (object.type.is(TypeKind::task) && of_machine)
      note = "A task has .ipoint, .ispace, .parent and .processor(machine).";
    report(problem::no_such_property, e.word,
           fmt::format("`{}` is {} and has no `.{}`", base::shortened(words(ast_[e.a].span), 60),
                       described(object.type.kind), name_of(p)),
           std::move(note));
  }
  // The task that is mapped has its point and extents at hand; another task, a parent, is asked.
  if (code_.nodes[n.a].op == Op::local && (p == Property::ipoint || p == Property::ispace)) {
    n.op = p == Property::ipoint ? Op::own_point : Op::own_extents;
  }
  Type type = of(rule.result);
  if (rule.result == TypeKind::tuple) {
    // Points, extents and indices are integers; only the .size of a tuple is whatever the tuple is.
    type.integers = p != Property::size || object.type.is(TypeKind::space) ||
                    object.type.is(TypeKind::processor) || object.type.integers;
  }
  if (call == nullptr) {
    if (is_method(p)) {
      report(problem::method_not_called, e.word, fmt::format("`.{}` needs its arguments", name_of(p)),
             fmt::format("It is written `{}`.", rule.usage));
    }
    return emit(n, whole, type);
  }
  if (rule.result == TypeKind::space) n.b = code_.caches++;
  std::vector<Type> types;
  const bool counted = list(*call, false, &n, &types);
  if (!is_method(p)) {
    const Span extra{e.span.end, call->span.end};
    report(problem::method_not_called, e.word, fmt::format("`.{}` is a value, not a method", name_of(p)), "",
           call->count == 0 ? std::optional(Fix{"delete `()`", {{extra, ""}}}) : std::nullopt);
    return emit(n, whole, type);
  }
  if (counted && call->count != rule.arguments.size()) {
    report(problem::wrong_argument_count, call->span,
           fmt::format("`.{}` takes {}, not {}", name_of(p),
                       base::count_text(rule.arguments.size(), "argument"), call->count),
           fmt::format("It is written `{}`.", rule.usage));
    return emit(n, whole, type);
  }
  for (std::uint32_t i = 0; counted && i < call->count; ++i) {
    want({kNoNode, types[i]}, rule.arguments[i], ast_.list_of(*call)[i], problem::argument_type,
         fmt::format("argument {} of `.{}`", i + 1, name_of(p)));
  }
  if (counted && rule.result == TypeKind::space) check_dimensions(p, *call, object.type);
  if (rule.result == TypeKind::space && object.type.rank >= 0) {
    if (rule.rank) type.rank = object.type.rank + *rule.rank;
    const auto parts = counted ? split_parts(p, *call) : std::nullopt;
    if (parts) type.rank = object.type.rank - 1 + *parts;
  }
  return emit(n, whole, type);
}

// How many dimensions a split makes of one, where the text says it; the arguments are all there.
std::optional<int> Checker::split_parts(Property p, const Expr& call) const {
  const auto argument = [&]() -> const Expr& { return ast_[ast_.list_of(call)[1]]; };
  if (p == Property::balance_split) {
    if (argument().kind != ExprKind::integer || argument().value >= 64) return std::nullopt;
    return static_cast<int>(argument().value);
  }
  if (p != Property::auto_split && p != Property::greedy_split) return std::nullopt;
  if (argument().kind != ExprKind::tuple) return std::nullopt;
  const auto weights = ast_.list_of(argument());
  const auto unpacks = [&](ExprId id) { return ast_[id].kind == ExprKind::unpack; };
  if (std::ranges::any_of(weights, unpacks)) return std::nullopt;
  return static_cast<int>(weights.size());
}

// Dimensions that are written as numbers need no machine to be wrong.
void Checker::check_dimensions(Property p, const Expr& call, Type object) {
  if (object.rank < 0) return;
  const std::uint32_t dimensions = p == Property::merge || p == Property::swap ? 2 : 1;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    const Expr& d = ast_[ast_.list_of(call)[i]];
    if (d.kind != ExprKind::integer || d.value < object.rank) continue;
    report(problem::no_such_dimension, d.span, fmt::format("the machine has no dimension {}", d.value),
           fmt::format("It has {}, counted from 0.", base::count_text(object.rank, "dimension")));
  }
}

Checker::Lowered Checker::call(const Expr& e) {
  const Expr& callee = ast_[e.a];
  if (callee.kind == ExprKind::property) return property(callee, &e);
  if (callee.kind == ExprKind::name) {
    const std::string_view word = words(callee.word);
    const bool variable = names_variable(callee);
    const auto found = function_ids_.find(word);
    if (!variable && found != function_ids_.end()) return function_call(e, found->second);
    if (word == "Machine") return machine_call(e);
    if (!variable && word == "range") return range_call(e);
    if (!variable && !later_.contains(word)) {
      undefined_function(callee);
      Node n;
      std::vector<Type> types;
      list(e, false, &n, &types);
      return failed(e);
    }
  }
  const Lowered object = lower(e.a);
  Node n;
  std::vector<Type> types;
  list(e, true, &n, &types);
  if (callee.kind == ExprKind::error ||
      (object.type.is(TypeKind::unknown) && callee.kind == ExprKind::name && !names_variable(callee))) {
    return failed(e);
  }
  std::optional<Fix> fix;
  if (object.type.may_be(TypeKind::space, TypeKind::tuple) && e.count > 0 &&
      !object.type.is(TypeKind::unknown)) {
    fix = Fix{
        "index it with `[]`",
        {{{callee.span.end, ast_[ast_.list_of(e)[0]].span.begin}, "["}, {{e.span.end - 1, e.span.end}, "]"}}};
  }
  report(problem::not_a_function, callee.span,
         fmt::format("`{}` is not a function", base::shortened(words(callee.span), 60)),
         "Functions are defined with `def`; a machine or a tuple is indexed with `[]`.", std::move(fix));
  return failed(e);
}

bool Checker::names_variable(const Expr& e) const {
  const std::string_view word = words(e.word);
  return (locals_ != nullptr && locals_->contains(word)) || globals_.contains(word);
}

Checker::Lowered Checker::machine_call(const Expr& e) {
  Node n;
  n.op = Op::machine;
  const auto items = ast_.list_of(e);
  if (e.count == 1 && ast_[items[0]].kind == ExprKind::processor_kind) {
    n.a = static_cast<std::uint32_t>(ast_[items[0]].value);
    return emit(n, e, of(TypeKind::space, 2));
  }
  n.a = static_cast<std::uint32_t>(machine::ProcessorKind::gpu);
  const Span where = e.count == 1 ? ast_[items[0]].span : e.span;
  std::optional<Fix> fix;
  if (e.count == 1) {
    if (const auto right = base::closest(words(where), machine::processor_kind_names())) {
      fix = Fix{fmt::format("write `{}`", *right), {{where, std::string(*right)}}};
    }
  }
  report(problem::machine_argument, where, "`Machine` takes one processor kind",
         fmt::format("Write `Machine(GPU)`; processor kinds are {}.",
                     base::join(machine::processor_kind_names(), ", ")),
         std::move(fix));
  return emit(n, e, of(TypeKind::space, 2));
}

Checker::Lowered Checker::range_call(const Expr& e) {
  Node n;
  n.op = Op::range;
  std::vector<Type> types;
  list(e, false, &n, &types);
  if (e.count != 1 || n.unpacks) {
    report(problem::wrong_argument_count, e.span, fmt::format("`range` takes 1 argument, not {}", e.count),
           "`range(n)` is (0, 1, ..., n-1).");
    return emit(n, e, of(TypeKind::tuple));
  }
  want({kNoNode, types[0]}, TypeKind::integer, ast_.list_of(e)[0], problem::argument_type,
       "the argument of `range`");
  n.a = code_.lists[n.list];
  return emit(n, e, of(TypeKind::tuple));
}

Checker::Lowered Checker::function_call(const Expr& e, FunctionId id) {
  const Function& f = *functions_[id];
  if (locals_ == nullptr && f.span.begin > e.span.begin) {
    report(problem::function_before_definition, ast_[e.a].span,
           fmt::format("the function `{}` is used before its definition", f.name.text),
           "Values outside functions are computed in the order of the file.", std::nullopt,
           {{f.name.span, "it is defined here"}});
  }
  Node n;
  n.op = Op::call;
  n.a = id;
  std::vector<Type> types;
  const bool counted = list(e, false, &n, &types);
  if (f.broken_head) return emit(n, e, results_[id]);
  if (counted && e.count != f.parameters.size()) {
    report(problem::wrong_argument_count, e.span,
           fmt::format("`{}` takes {}, not {}", f.name.text,
                       base::count_text(f.parameters.size(), "argument"), e.count),
           "", std::nullopt, {{f.head, "it is defined here"}});
    return emit(n, e, results_[id]);
  }
  for (std::size_t i = 0; i < f.parameters.size(); ++i) {
    const Parameter& p = f.parameters[i];
    if (p.type == ParameterType::task && !f.broken && !task_helper_reported_[id]) {
      task_helper_reported_[id] = true;
      report(
          problem::task_parameter_in_helper, base::cover(p.type_span, p.name.span),
          fmt::format("`{}` is called by another function and cannot take a task", f.name.text),
          "Only functions named in IndexTaskMap or SingleTaskMap take a `Task`. Pass what is needed of it: "
          "`task.ipoint` as an IPoint, `task.ispace` as an ISpace.",
          std::nullopt, {{e.span, "it is called here"}});
    }
    if (!counted || p.type == ParameterType::task) continue;
    static constexpr std::array kTypes = {TypeKind::integer, TypeKind::boolean, TypeKind::tuple,
                                          TypeKind::tuple,   TypeKind::space,   TypeKind::task};
    const TypeKind kind = kTypes[static_cast<std::size_t>(p.type)];
    want({kNoNode, types[i]}, kind, ast_.list_of(e)[i], problem::argument_type,
         fmt::format("the {} `{}` of `{}`", name_of(p.type), p.name.text, f.name.text));
  }
  return emit(n, e, results_[id]);
}

PrintFormat Checker::print_format(const Print& p) {
  PrintFormat format;
  std::string_view rest = p.format.text;
  for (;;) {
    const std::size_t hole = rest.find("{}");
    format.pieces.emplace_back(rest.substr(0, hole));
    if (hole == std::string_view::npos) break;
    rest.remove_prefix(hole + 2);
  }
  for (const ExprId id : p.values) format.values.push_back(lower(id).node);
  if (format.pieces.size() != format.values.size() + 1) {
    report(problem::print_holes, p.format.span,
           fmt::format("the text has {} `{{}}`, and {} follow{}", format.pieces.size() - 1,
                       base::count_text(format.values.size(), "value"), format.values.size() == 1 ? "s" : ""),
           "Each `{}` is replaced by one value.");
  }
  return format;
}

}  // namespace mapwright::lang
