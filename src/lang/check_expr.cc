#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bug.h"
#include "base/text.h"
#include "lang/check.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Fix;
using base::Span;

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
         fmt::format("{} is {}, `{}` is {}", what, described(kind), base::shortened(words(ast_[at].span), 60),
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
    case ExprKind::unpack:
      report(problem::unpack_outside_list, e.span,
             fmt::format("`{}` has nothing to unpack into", base::shortened(words(e.span), 60)),
             "`*tuple` stands in an index, in the arguments of a call or in a tuple.");
      lower(e.a);
      return failed(e);
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
      return emit(n, e, a.type.is(TypeKind::processor) ? tuple_of(true) : a.type);
    }
    case ExprKind::not_: {
      const Lowered a = lower(e.a);
      if (!a.type.may_be(TypeKind::boolean)) {
        report(problem::operand_type, e.word,
               fmt::format("`!` takes a bool, not {}", described(a.type.kind)));
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
  const auto pair = [](const Type& t) { return t.is(TypeKind::processor) ? tuple_of(true) : t; };
  switch (op) {
    case BinaryOp::or_:
    case BinaryOp::and_:
      if (!a.type.may_be(TypeKind::boolean) || !b.type.may_be(TypeKind::boolean)) return refuse("bools");
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
  // Arithmetic knows integers only, so what it makes of tuples is made of them.
  Type result;
  if (left.is(TypeKind::tuple) || right.is(TypeKind::tuple)) result = tuple_of(true);
  if (left.is(TypeKind::integer) && right.is(TypeKind::integer)) result = of(TypeKind::integer);
  return emit(n, e, result);
}

Checker::Lowered Checker::conditional(const Expr& e) {
  const Lowered a = lower(e.a);
  if (!a.type.may_be(TypeKind::boolean)) {
    report(problem::condition_type, ast_[e.a].span,
           fmt::format("the condition `{}` is {}, not a bool", base::shortened(words(ast_[e.a].span), 60),
                       described(a.type.kind)),
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
  if (b.type.kind == c.type.kind) {
    type = {b.type.kind, b.type.rank == c.type.rank ? b.type.rank : -1, b.type.integers && c.type.integers};
  } else if (!b.type.is(TypeKind::unknown) && !c.type.is(TypeKind::unknown)) {
    report(problem::operand_type, e.word,
           fmt::format("`?:` chooses between {} and {}", described(b.type.kind), described(c.type.kind)),
           "Both must be of one kind.");
  }
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
      const Lowered a = unpacked_operand(item) ? failed(item) : lower(id);
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

// `*t % 2` in a list: the star binds tighter than the operator, and the whole was meant.
bool Checker::unpacked_operand(const Expr& item) {
  if (item.kind != ExprKind::binary) return false;
  const Expr* left = &item;
  while (left->kind == ExprKind::binary) left = &ast_[left->a];
  if (left->kind != ExprKind::unpack) return false;
  const std::uint32_t inside = left->word.end;
  report(problem::unpack_outside_list, left->span,
         fmt::format("`{}` has nothing to unpack into", base::shortened(words(left->span), 60)),
         "`*` binds tighter than other operators.",
         Fix{"unpack the whole", {{{inside, inside}, "("}, {{item.span.end, item.span.end}, ")"}}});
  return true;
}

Checker::Lowered Checker::tuple(const Expr& e) {
  Node n;
  n.op = Op::tuple;
  std::vector<Type> types;
  list(e, false, &n, &types);
  const bool integers = std::ranges::all_of(types, [](const Type& t) { return t.is(TypeKind::integer); });
  return emit(n, e, tuple_of(integers && !n.unpacks));
}

Checker::Lowered Checker::index(const Expr& e) {
  const auto items = ast_.list_of(e);
  const Expr* again = std::exchange(indexed_again_, nullptr);
  if (ast_[e.a].kind == ExprKind::index) indexed_again_ = &e;
  const bool machine_like = e.count > 1 || std::ranges::any_of(items, [&](ExprId id) {
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
           fmt::format("`{}` is {} and has no index", base::shortened(words(ast_[e.a].span), 60),
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
      return element(n, e, object.type.integers || object.type.is(TypeKind::processor));
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
                           base::shortened(words(s), 60)),
               "", std::move(fix));
        return emit(n, e, of(TypeKind::processor));
      }
      want({kNoNode, t}, TypeKind::integer, id, problem::index_type, "an index of a machine");
    }
    // What was meant by another index behind a wrong one is not known.
    if (counted && !machine_index(e, object.type, again) && again != nullptr) return emit(n, e, {});
    const bool set = std::ranges::any_of(items, [&](ExprId id) { return ast_[id].kind == ExprKind::star; });
    return emit(n, e, of(set ? TypeKind::processors : TypeKind::processor));
  }
  return emit(n, e, machine_like ? of(TypeKind::unknown) : Type{});
}

// One element of a property needs no tuple of all of them.
Checker::Lowered Checker::element(Node n, const Expr& e, bool of_integers) {
  const Type type = of_integers ? of(TypeKind::integer) : Type{};
  const Node object = code_.nodes[n.a];
  Node fused;
  fused.a = object.a;
  fused.b = code_.lists[n.list];
  fused.c = n.a;  // where it stands, for messages
  switch (object.op) {
    case Op::size: fused.op = Op::size_at; break;
    case Op::ipoint: fused.op = Op::ipoint_at; break;
    case Op::ispace: fused.op = Op::ispace_at; break;
    case Op::own_point: fused.op = Op::ipoint_at; break;
    case Op::own_extents: fused.op = Op::ispace_at; break;
    default: fused.op = Op::element; fused.a = n.a;
  }
  return emit(fused, e, type);
}

bool Checker::machine_index(const Expr& e, Type object, const Expr* again) {
  if (object.rank < 0 || static_cast<std::uint32_t>(object.rank) == e.count) return true;
  std::string note;
  std::optional<Fix> fix;
  if (again != nullptr && std::cmp_equal(object.rank, e.count + again->count)) {
    note = "All its indices stand in one pair of brackets.";
    fix = joined_indices(e, *again);
  } else if (object.rank == 2 && e.count == 1) {
    note = "Its first index is the node, its second the processor there; `.merge(0, 1)` makes it one.";
  }
  report(problem::machine_index_arity, e.span,
         fmt::format("`{}` has {}, not {}", base::shortened(words(ast_[e.a].span), 60),
                     base::count_text(object.rank, "dimension"), e.count),
         std::move(note), std::move(fix));
  return false;
}

// `m[i][j]` as `m[i, j]`, where nothing but brackets stands between the indices.
std::optional<Fix> Checker::joined_indices(const Expr& e, const Expr& again) const {
  const Span gap{ast_[ast_.list_of(e).back()].span.end, ast_[ast_.list_of(again)[0]].span.begin};
  if (words(gap) != "][") return std::nullopt;
  return Fix{"write one pair of brackets", {{gap, ", "}}};
}

Checker::Lowered Checker::slice(const Expr& e) {
  const Lowered object = lower(e.a, Use::machine);
  if (!object.type.may_be(TypeKind::space, TypeKind::tuple, TypeKind::processor)) {
    report(problem::not_indexable, ast_[e.a].span,
           fmt::format("`{}` is {} and has no slice", base::shortened(words(ast_[e.a].span), 60),
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
  return emit(n, e, tuple_of(object.type.integers || object.type.is(TypeKind::space)));
}

Checker::Lowered Checker::comprehension(const Expr& e) {
  const Lowered over = lower(e.b);
  if (over.type.is(TypeKind::integer)) {
    const Span s = ast_[e.b].span;
    report(problem::not_a_tuple, s,
           fmt::format("`{}` is an integer, not a range", base::shortened(words(s), 60)), "",
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
  const bool integers = over.type.integers || over.type.is(TypeKind::processor);
  (*locals_)[word] = {slot, integers ? of(TypeKind::integer) : Type{}, e.word, true};
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
  return emit(n, e, tuple_of(item.type.is(TypeKind::integer)));
}

}  // namespace mapwright::lang
