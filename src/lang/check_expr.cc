#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bug.h"
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

constexpr Type of(TypeKind kind, int rank = -1) {
  return {kind, rank};
}

// What people call without defining it, and how it is said here.
struct Idiom {
  std::string_view word;
  std::string_view instead;
};
constexpr std::array kIdioms = {
    Idiom{"min", "Write `a < b ? a : b`."},
    Idiom{"max", "Write `a > b ? a : b`."},
    Idiom{"abs", "Write `a < 0 ? -a : a`."},
    Idiom{"len", "Write `x.len`."},
    Idiom{"size", "Write `x.size`."},
    Idiom{"int", "Integers stay integers: `/` drops the remainder."},
    Idiom{"floor", "Integers stay integers: `/` drops the remainder."},
    Idiom{"math", "Integers stay integers: `/` drops the remainder."},
};

}  // namespace

Checker::Lowered Checker::emit(Node node, const Expr& e, Type type) {
  if (node.op == Op::integer && node.a == kNoNode) {
    // A placeholder for what was reported; a mapper with errors is never evaluated.
    node.a = 0;
    if (code_.integers.empty()) code_.integers.push_back(0);
  }
  code_.nodes.push_back(node);
  code_.spans.push_back(e.span);
  return {static_cast<NodeId>(code_.nodes.size() - 1), type};
}

void Checker::want(const Lowered& value, TypeKind kind, ExprId at, const base::DiagnosticKind& problem,
                   std::string_view what) {
  if (value.type.may_be(kind)) return;
  // A point of a machine is also the pair of its coordinates.
  if (kind == TypeKind::tuple && value.type.is(TypeKind::processor)) return;
  report(problem, ast_[at].span,
         fmt::format("{} is {}, `{}` is {}", what, described(kind), base::cut_right(words(ast_[at].span), 60),
                     described(value.type.kind)));
}

Checker::Lowered Checker::lower(ExprId id, Use use) {
  const Expr& e = ast_[id];
  const auto literal = [&](Op op, TypeKind kind) {
    Node n;
    n.op = op;
    n.a = static_cast<std::uint32_t>(code_.integers.size());
    code_.integers.push_back(e.value);
    return emit(n, e, of(kind));
  };
  switch (e.kind) {
    case ExprKind::error: return failed(e);
    case ExprKind::integer: return literal(Op::integer, TypeKind::integer);
    case ExprKind::boolean: return literal(Op::boolean, TypeKind::boolean);
    case ExprKind::processor_kind: return literal(Op::processor_kind, TypeKind::processor_kind);
    case ExprKind::memory_kind: return literal(Op::memory_kind, TypeKind::memory_kind);
    case ExprKind::star:
      report(problem::star_outside_index, e.span, "`*` alone has no value",
             "`*` stands for all indices of a dimension, in a machine index: `m[node, *]`.");
      return failed(e);
    case ExprKind::unpack: {
      const Expr& inner = ast_[e.a];
      const bool operand = inner.kind != ExprKind::binary && inner.kind != ExprKind::conditional;
      report(problem::unpack_outside_list, e.span,
             fmt::format("`{}` has nothing to unpack into", base::cut_right(words(e.span), 60)),
             operand ? "`*tuple` stands in an index, in the arguments of a call or in a tuple, and binds "
                       "tighter than "
                       "other operators: write `*(a / b)`."
                     : "`*tuple` stands in an index, in the arguments of a call or in a tuple.");
      lower(e.a);
      return failed(e);
    }
    case ExprKind::name: return name(e, use);
    case ExprKind::tuple: return tuple(e);
    case ExprKind::negate: {
      const Lowered a = lower(e.a);
      if (!a.type.may_be(TypeKind::integer, TypeKind::tuple, TypeKind::processor)) {
        report(problem::operand_type, e.word,
               fmt::format("`-` takes an integer or a tuple, not {}", described(a.type.kind)));
      }
      Node n;
      n.op = Op::negate;
      n.a = a.node;
      return emit(n, e, a.type.is(TypeKind::processor) ? of(TypeKind::tuple) : a.type);
    }
    case ExprKind::not_: {
      const Lowered a = lower(e.a);
      if (!a.type.may_be(TypeKind::boolean)) {
        report(problem::operand_type, e.word,
               fmt::format("`!` takes true or false, not {}", described(a.type.kind)));
      }
      Node n;
      n.op = Op::not_;
      n.a = a.node;
      return emit(n, e, of(TypeKind::boolean));
    }
    case ExprKind::binary: return binary(e);
    case ExprKind::conditional: return conditional(e);
    case ExprKind::call: return call(e);
    case ExprKind::index: return index(e);
    case ExprKind::slice: return slice(e);
    case ExprKind::property: return property(e, nullptr);
    case ExprKind::comprehension: return comprehension(e);
  }
  base::bug("every kind of expression is lowered");
}

// ----------------------------------------------------------------------------------------------------------
// names

Checker::Lowered Checker::name(const Expr& e, Use use) {
  const std::string_view word = words(e.word);
  Node n;
  const auto variable = [&](const Scope& scope, Op op) -> std::optional<Lowered> {
    const auto found = scope.find(word);
    if (found == scope.end()) return std::nullopt;
    n.op = op;
    n.a = found->second.slot;
    return emit(n, e, found->second.type);
  };
  if (locals_ != nullptr) {
    if (const auto local = variable(*locals_, Op::local)) return *local;
  }
  if (const auto found = globals_.find(word);
      found != globals_.end() && (locals_ != nullptr || found->second.assigned)) {
    return *variable(globals_, Op::global);
  }
  if (const auto later = later_.find(word); later != later_.end()) {
    report(problem::used_before_assignment, e.span, fmt::format("`{}` is used before it has a value", word),
           "", std::nullopt, {{later->second, fmt::format("`{}` gets its value here", word)}});
    return failed(e);
  }
  if (function_ids_.contains(word) || word == "Machine" || word == "range") {
    report(problem::function_as_value, e.span, fmt::format("the function `{}` is no value", word),
           word == "Machine" ? "Write `Machine(GPU)`." : fmt::format("Call it: `{}(...)`.", word));
    return failed(e);
  }
  return undefined(e, use);
}

Checker::Lowered Checker::undefined(const Expr& e, Use use) {
  const std::string_view word = words(e.word);
  if (word == "true" || word == "false") {
    const std::string right = word == "true" ? "True" : "False";
    report(problem::undefined_name, e.span, fmt::format("`{}` is written `{}`", word, right), "",
           Fix{fmt::format("write `{}`", right), {{e.span, right}}});
    return failed(e);
  }
  if (const auto right = meant(word, {})) {
    report(problem::undefined_name, e.span, fmt::format("`{}` is not defined", word),
           fmt::format("Did you mean `{}`?", *right),
           Fix{fmt::format("write `{}`", *right), {{e.span, std::string(*right)}}});
    return failed(e);
  }
  std::string lower_case(word);
  for (char& c : lower_case) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  const auto has = [&](std::string_view part) { return lower_case.find(part) != std::string::npos; };
  if (use == Use::machine || has("gpu") || has("cpu") || has("omp") || has("machine")) {
    Fix fix = machine_fix(word);
    report(problem::undefined_machine, e.span, fmt::format("the machine variable `{}` is not defined", word),
           "A machine is given a name before it is used.", std::move(fix));
    return failed(e);
  }
  std::string note;
  for (const Idiom& i : kIdioms) {
    if (i.word == word) note = i.instead;
  }
  report(problem::undefined_name, e.span, fmt::format("`{}` is not defined", base::cut_right(word, 60)),
         std::move(note));
  return failed(e);
}

// ------------------------------------------------------------------------------------------------------
// operators

Checker::Lowered Checker::binary(const Expr& e) {
  static constexpr std::array kOps = {
      Op::or_,           Op::and_, Op::equal,    Op::not_equal, Op::less,   Op::greater, Op::less_equal,
      Op::greater_equal, Op::add,  Op::subtract, Op::multiply,  Op::divide, Op::modulo};
  const auto op = static_cast<BinaryOp>(e.detail);
  const Lowered a = lower(e.a);
  const Lowered b = lower(e.b);
  Node n;
  n.op = kOps[e.detail];
  n.a = a.node;
  n.b = b.node;
  const auto refuse = [&](std::string_view takes) {
    const auto left = described(a.type.kind);
    const auto right = described(b.type.kind);
    report(problem::operand_type, e.word,
           fmt::format("`{}` takes {}, not {} and {}", name_of(op), takes, left, right));
    return emit(n, e, {});
  };
  const auto pair = [](const Type& t) { return t.is(TypeKind::processor) ? of(TypeKind::tuple) : t; };
  switch (op) {
    case BinaryOp::or_:
    case BinaryOp::and_:
      if (!a.type.may_be(TypeKind::boolean) || !b.type.may_be(TypeKind::boolean))
        return refuse("true or false");
      return emit(n, e, of(TypeKind::boolean));
    case BinaryOp::equal:
    case BinaryOp::not_equal: {
      const Type left = pair(a.type);
      const Type right = pair(b.type);
      const bool comparable = left.may_be(TypeKind::integer, TypeKind::boolean, TypeKind::tuple,
                                          TypeKind::processor_kind, TypeKind::memory_kind) &&
                              right.may_be(TypeKind::integer, TypeKind::boolean, TypeKind::tuple,
                                           TypeKind::processor_kind, TypeKind::memory_kind);
      const bool alike = left.kind == right.kind || left.is(TypeKind::unknown) || right.is(TypeKind::unknown);
      if (!comparable || !alike) return refuse("two values of one kind");
      return emit(n, e, of(TypeKind::boolean));
    }
    case BinaryOp::less:
    case BinaryOp::greater:
    case BinaryOp::less_equal:
    case BinaryOp::greater_equal:
      if (!a.type.may_be(TypeKind::integer) || !b.type.may_be(TypeKind::integer)) return refuse("integers");
      return emit(n, e, of(TypeKind::boolean));
    default: break;
  }
  const Type left = pair(a.type);
  const Type right = pair(b.type);
  if (!left.may_be(TypeKind::integer, TypeKind::tuple) || !right.may_be(TypeKind::integer, TypeKind::tuple)) {
    return refuse("integers or tuples");
  }
  TypeKind result = TypeKind::unknown;
  if (left.is(TypeKind::tuple) || right.is(TypeKind::tuple)) result = TypeKind::tuple;
  if (left.is(TypeKind::integer) && right.is(TypeKind::integer)) result = TypeKind::integer;
  return emit(n, e, of(result));
}

Checker::Lowered Checker::conditional(const Expr& e) {
  const Lowered a = lower(e.a);
  if (!a.type.may_be(TypeKind::boolean)) {
    report(problem::condition_type, ast_[e.a].span,
           fmt::format("the condition `{}` is {}, not true or false",
                       base::cut_right(words(ast_[e.a].span), 60), described(a.type.kind)),
           a.type.is(TypeKind::integer) ? "Compare it: `x != 0`." : "");
  }
  const Lowered b = lower(e.b);
  const Lowered c = lower(e.c);
  Node n;
  n.op = Op::conditional;
  n.a = a.node;
  n.b = b.node;
  n.c = c.node;
  Type type;
  if (b.type.kind == c.type.kind) type = {b.type.kind, b.type.rank == c.type.rank ? b.type.rank : -1};
  return emit(n, e, type);
}

// ----------------------------------------------------------------------------------------------------------
// lists

// Lowers the list of a call, an index or a tuple. True where the number of its values is known.
bool Checker::list(const Expr& e, bool star, Node* node, std::vector<Type>* types) {
  std::vector<NodeId> nodes;
  nodes.reserve(e.count);
  // By position: lowering adds to the tables that a reference would point into.
  for (std::uint32_t i = 0; i < e.count; ++i) {
    const ExprId id = ast_.list_of(e)[i];
    const Expr& item = ast_[id];
    Node n;
    if (item.kind == ExprKind::star && star) {
      n.op = Op::star;
      nodes.push_back(emit(n, item, {}).node);
      types->push_back({});
    } else if (item.kind == ExprKind::unpack) {
      const Lowered a = lower(item.a);
      want(a, TypeKind::tuple, item.a, problem::not_a_tuple, "what `*` unpacks");
      n.op = Op::unpack;
      n.a = a.node;
      nodes.push_back(emit(n, item, {}).node);
      types->push_back({});
      node->unpacks = true;
    } else {
      const Lowered a = lower(id);
      nodes.push_back(a.node);
      types->push_back(a.type);
    }
  }
  constexpr std::uint32_t kLongest = 65'535;
  if (e.count > kLongest) {
    report(problem::too_large, e.word, fmt::format("a list of {} values is too long", e.count),
           "At most 65535 are possible.");
    nodes.resize(kLongest);
  }
  node->list = static_cast<std::uint32_t>(code_.lists.size());
  node->count = static_cast<std::uint16_t>(nodes.size());
  code_.lists.insert(code_.lists.end(), nodes.begin(), nodes.end());
  return !node->unpacks;
}

Checker::Lowered Checker::tuple(const Expr& e) {
  Node n;
  n.op = Op::tuple;
  std::vector<Type> types;
  list(e, false, &n, &types);
  return emit(n, e, of(TypeKind::tuple));
}

Checker::Lowered Checker::index(const Expr& e) {
  const auto items = ast_.list_of(e);
  const bool machine_like = e.count > 1 || std::any_of(items.begin(), items.end(), [&](ExprId id) {
                              return ast_[id].kind == ExprKind::star || ast_[id].kind == ExprKind::unpack;
                            });
  const Lowered object = lower(e.a, machine_like ? Use::machine : Use::value);
  Node n;
  n.op = Op::index;
  n.a = object.node;
  if (!object.type.may_be(TypeKind::space, TypeKind::tuple, TypeKind::processor)) {
    std::string note;
    if (object.type.is(TypeKind::task))
      note = "The point of a task is `.ipoint`, its launch domain `.ispace`.";
    report(problem::not_indexable, ast_[e.a].span,
           fmt::format("`{}` is {} and has no index", base::cut_right(words(ast_[e.a].span), 60),
                       described(object.type.kind)),
           std::move(note));
  }
  const bool is_tuple = object.type.is(TypeKind::tuple) || object.type.is(TypeKind::processor);
  std::vector<Type> types;
  const bool counted = list(e, !is_tuple, &n, &types);
  if (is_tuple) {
    if (counted && e.count != 1) {
      report(problem::not_indexable, e.span, fmt::format("a tuple has one index, not {}", e.count),
             "Nested tuples are indexed one by one: `t[i][j]`.");
    } else if (counted) {
      want({n.list, types[0]}, TypeKind::integer, ast_.list_of(e)[0], problem::index_type,
           "the index of a tuple");
      return element(n, e);
    }
    return emit(n, e, {});
  }
  if (object.type.is(TypeKind::space)) {
    for (std::uint32_t i = 0; i < e.count; ++i) {
      const ExprId id = ast_.list_of(e)[i];
      const Type& t = types[i];
      if (t.is(TypeKind::tuple) || t.is(TypeKind::processor)) {
        const Span s = ast_[id].span;
        const bool brackets = ast_[id].kind == ExprKind::binary || ast_[id].kind == ExprKind::conditional;
        const bool bracketed = words(s).starts_with('(');
        Fix fix{"unpack it with `*`", {{{s.begin, s.begin}, "*"}}};
        if (brackets && !bracketed) fix.edits = {{{s.begin, s.begin}, "*("}, {{s.end, s.end}, ")"}};
        report(problem::tuple_as_index, s,
               fmt::format("`{}` is a tuple, an index of a machine is an integer",
                           base::cut_right(words(s), 60)),
               "", std::move(fix));
        return emit(n, e, of(TypeKind::processor));
      }
      want({kNoNode, t}, TypeKind::integer, id, problem::index_type, "an index of a machine");
    }
    if (counted) machine_index(e, object.type);
    const bool set =
        std::any_of(items.begin(), items.end(), [&](ExprId id) { return ast_[id].kind == ExprKind::star; });
    return emit(n, e, of(set ? TypeKind::processors : TypeKind::processor));
  }
  return emit(n, e, machine_like ? of(TypeKind::unknown) : Type{});
}

// One element of a property needs no tuple of all of them.
Checker::Lowered Checker::element(Node n, const Expr& e) {
  const Node object = code_.nodes[n.a];
  Node fused;
  fused.a = object.a;
  fused.b = code_.lists[n.list];
  switch (object.op) {
    case Op::size: fused.op = Op::size_at; break;
    case Op::ipoint: fused.op = Op::ipoint_at; break;
    case Op::ispace: fused.op = Op::ispace_at; break;
    default: return emit(n, e, {});
  }
  return emit(fused, e, object.op == Op::size ? Type{} : of(TypeKind::integer));
}

void Checker::machine_index(const Expr& e, Type object) {
  if (object.rank < 0 || static_cast<std::uint32_t>(object.rank) == e.count) return;
  report(problem::machine_index_arity, e.span,
         fmt::format("`{}` has {} dimension{}, not {}", base::cut_right(words(ast_[e.a].span), 60),
                     object.rank, object.rank == 1 ? "" : "s", e.count),
         object.rank == 2 && e.count == 1
             ? "Its first index is the node, its second the processor there; `.merge(0, 1)` makes it one."
             : "");
}

Checker::Lowered Checker::slice(const Expr& e) {
  const Lowered object = lower(e.a, Use::machine);
  if (!object.type.may_be(TypeKind::space, TypeKind::tuple, TypeKind::processor)) {
    report(problem::not_indexable, ast_[e.a].span,
           fmt::format("`{}` is {} and has no slice", base::cut_right(words(ast_[e.a].span), 60),
                       described(object.type.kind)));
  }
  Node n;
  n.op = Op::slice;
  n.a = object.node;
  const auto end = [&](ExprId id) {
    if (id == kNoExpr) return kNoNode;
    const Lowered value = lower(id);
    want(value, TypeKind::integer, id, problem::index_type, "the end of a slice");
    return value.node;
  };
  n.b = end(e.b);
  n.c = end(e.c);
  return emit(n, e, of(TypeKind::tuple));
}

Checker::Lowered Checker::comprehension(const Expr& e) {
  const Lowered over = lower(e.b);
  if (over.type.is(TypeKind::integer)) {
    const Span s = ast_[e.b].span;
    report(problem::not_a_tuple, s,
           fmt::format("`{}` is an integer, not a range", base::cut_right(words(s), 60)), "",
           Fix{"write `range(...)`", {{{s.begin, s.begin}, "range("}, {{s.end, s.end}, ")"}}});
  } else {
    want(over, TypeKind::tuple, e.b, problem::not_a_tuple, "what `for` goes over");
  }
  // The name hides others of its kind inside the tuple, and only there.
  Scope outside;
  if (locals_ == nullptr) locals_ = &outside;
  const std::string_view word = words(e.word);
  const auto hidden = locals_->find(word);
  const std::optional<Variable> before =
      hidden == locals_->end() ? std::nullopt : std::optional(hidden->second);
  const std::uint32_t slot = (*slots_)++;
  // The elements of a tuple are nearly always integers, but need not be.
  (*locals_)[word] = {slot, {}, e.word, true};
  const bool global = locals_ == &outside;
  const Lowered item = lower(e.a);
  if (before) {
    (*locals_)[word] = *before;
  } else {
    locals_->erase(word);
  }
  if (global) locals_ = nullptr;
  Node n;
  n.op = Op::comprehension;
  n.a = item.node;
  n.b = over.node;
  n.c = slot;
  return emit(n, e, of(TypeKind::tuple));
}

// ----------------------------------------------------------------------------------------------------------
// calls

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
           fmt::format("`{}` is {} and has no `.{}`", base::cut_right(words(ast_[e.a].span), 60),
                       described(object.type.kind), name_of(p)),
           std::move(note));
  }
  Type type = of(rule.result);
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
           fmt::format("`.{}` takes {} argument{}, not {}", name_of(p), rule.arguments.size(),
                       rule.arguments.size() == 1 ? "" : "s", call->count),
           fmt::format("It is written `{}`.", rule.usage));
    return emit(n, whole, type);
  }
  for (std::uint32_t i = 0; counted && i < call->count; ++i) {
    want({kNoNode, types[i]}, rule.arguments[i], ast_.list_of(*call)[i], problem::argument_type,
         fmt::format("argument {} of `.{}`", i + 1, name_of(p)));
  }
  if (rule.result == TypeKind::space && object.type.rank >= 0) {
    if (rule.rank) type.rank = object.type.rank + *rule.rank;
    const auto literal = [&](std::uint32_t i) -> const Expr& { return ast_[ast_.list_of(*call)[i]]; };
    if (p == Property::balance_split && counted && literal(1).kind == ExprKind::integer &&
        literal(1).value < 64) {
      type.rank = object.type.rank - 1 + static_cast<int>(literal(1).value);
    }
    if ((p == Property::auto_split || p == Property::greedy_split) && counted &&
        literal(1).kind == ExprKind::tuple) {
      const auto weights = ast_.list_of(literal(1));
      const bool plain = std::none_of(weights.begin(), weights.end(),
                                      [&](ExprId id) { return ast_[id].kind == ExprKind::unpack; });
      if (plain) type.rank = object.type.rank - 1 + static_cast<int>(weights.size());
    }
  }
  return emit(n, whole, type);
}

Checker::Lowered Checker::call(const Expr& e) {
  const Expr& callee = ast_[e.a];
  if (callee.kind == ExprKind::property) return property(callee, &e);
  if (callee.kind == ExprKind::name) {
    const std::string_view word = words(callee.word);
    if (const auto found = function_ids_.find(word); found != function_ids_.end())
      return function_call(e, found->second);
    if (word == "Machine") return machine_call(e);
    const bool variable = (locals_ != nullptr && locals_->contains(word)) || globals_.contains(word);
    if (!variable && word == "range") return range_call(e);
    if (!variable && !later_.contains(word)) {
      undefined_function(callee);
      Node n;
      std::vector<Type> types;
      list(e, false, &n, &types);
      return failed(e);
    }
  }
  lower(e.a);
  if (callee.kind != ExprKind::error) {
    report(problem::not_a_function, callee.span,
           fmt::format("`{}` is not a function", base::cut_right(words(callee.span), 60)),
           "Functions are defined with `def`; a machine or a tuple is indexed with `[]`.");
  }
  return failed(e);
}

void Checker::undefined_function(const Expr& callee) {
  const std::string_view word = words(callee.word);
  for (const Idiom& i : kIdioms) {
    if (i.word == word) {
      return report(problem::undefined_function, callee.span, fmt::format("there is no function `{}`", word),
                    std::string(i.instead));
    }
  }
  std::vector<std::string_view> names{"Machine", "range", "tuple"};
  for (const Function* f : functions_) {
    if (names.size() < 1000) names.push_back(f->name.text);
  }
  std::optional<Fix> fix;
  std::string note = "Functions are defined with `def name(...) { ... }`.";
  if (problems_->errors() < 200) {
    if (const auto right = base::closest(word, names)) {
      note = fmt::format("Did you mean `{}`?", *right);
      fix = Fix{fmt::format("write `{}`", *right), {{callee.span, std::string(*right)}}};
    }
  }
  report(problem::undefined_function, callee.span,
         fmt::format("the function `{}` is not defined", base::cut_right(word, 60)), std::move(note),
         std::move(fix));
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
  if (counted && e.count != f.parameters.size()) {
    report(problem::wrong_argument_count, e.span,
           fmt::format("`{}` takes {} argument{}, not {}", f.name.text, f.parameters.size(),
                       f.parameters.size() == 1 ? "" : "s", e.count),
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
           fmt::format("the text has {} `{{}}`, and {} value{} follow{}", format.pieces.size() - 1,
                       format.values.size(), format.values.size() == 1 ? "" : "s",
                       format.values.size() == 1 ? "s" : ""),
           "Each `{}` is replaced by one value.");
  }
  return format;
}

}  // namespace mapwright::lang
