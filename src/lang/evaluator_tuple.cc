// What the evaluator does with tuples, and the arithmetic and comparisons that are not between two integers.
#include "lang/evaluator.h"

#include <fmt/format.h>

#include "base/bug.h"
#include "base/text.h"
#include "lang/diagnostics.h"

namespace mapwright::lang {
namespace {

constexpr std::string_view sign_of(Op op) {
  switch (op) {
    case Op::add: return "+";
    case Op::subtract: return "-";
    case Op::multiply: return "*";
    case Op::divide: return "/";
    default: return "%";
  }
}

}  // namespace

Value Evaluator::arithmetic_failure(NodeId id, Op op, std::int64_t a, std::int64_t b) {
  if ((op == Op::divide || op == Op::modulo) && b == 0) {
    return fail(problem::division_by_zero, id, fmt::format("`{}` divides {} by zero", words(id), a),
                empty_machine(nodes_[id]));
  }
  return fail(problem::integer_overflow, id,
              fmt::format("`{}` is {} {} {} and does not fit into 64 bits", words(id), a, sign_of(op), b));
}

// Why a divisor may be zero: the extent of a machine without such processors.
std::string Evaluator::empty_machine(const Node& n) {
  if (n.b == kNoNode || nodes_[n.b].op != Op::size_at) return "";
  const Value object = eval(nodes_[n.b].a);
  if (object.kind != TypeKind::space || object.space->volume() != 0) return "";
  return fmt::format("This machine has no {} processors.", name_of(object.space->kind()));
}

// Element by element; an integer stands for a tuple of itself.
Value Evaluator::arithmetic(NodeId id, Op op, Value a, Value b) {
  if (is_number(a) && is_number(b)) return number_arithmetic(id, op, a, b);
  const auto left = as_tuple(a);
  const auto right = as_tuple(b);
  if ((!left && !is_number(a)) || (!right && !is_number(b))) {
    return fail(problem::operand_type, id,
                fmt::format("`{}` takes integers or tuples, not {} and {}", sign_of(op), described(a.kind),
                            described(b.kind)));
  }
  if (left && right && left->size() != right->size()) {
    return fail(problem::tuple_lengths, id,
                fmt::format("`{}` joins a tuple of {} and one of {}", words(id), left->size(), right->size()),
                fmt::format("They are {} and {}.", shown(a), shown(b)));
  }
  const std::size_t count = left ? left->size() : right->size();
  Value* items = allocate(count, id);
  if (items == nullptr) return {};
  steps_left_ -= static_cast<std::int64_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Value x = left ? (*left)[i] : a;
    const Value y = right ? (*right)[i] : b;
    if ((!is_number(x) && !want(x, TypeKind::integer, id, problem::operand_type, "an element")) ||
        (!is_number(y) && !want(y, TypeKind::integer, id, problem::operand_type, "an element"))) {
      return {};
    }
    items[i] = number_arithmetic(id, op, x, y);
    if (items[i].kind == TypeKind::unknown) {
      failure_->note = fmt::format("The operands are {} and {}.", shown(a), shown(b)) +
                       (failure_->note.empty() ? "" : " ") + failure_->note;
      return {};
    }
  }
  return tuple_from(items, count);
}

Value Evaluator::number_arithmetic(NodeId id, Op op, Value a, Value b) {
  if (a.kind == TypeKind::integer && b.kind == TypeKind::integer)
    return integer_arithmetic(id, op, a.integer, b.integer);
  return scalar(TypeKind::traced_integer, trace_.add(op, register_of(a), register_of(b)));
}

Value Evaluator::negate(NodeId id, const Node& n) {
  const Value a = eval(n.a);
  if (a.kind == TypeKind::unknown) return a;
  if (!is_number(a) && !as_tuple(a))
    return fail(problem::operand_type, id,
                fmt::format("`-` takes an integer or a tuple, not {}", described(a.kind)));
  return arithmetic(id, Op::subtract, scalar(TypeKind::integer, 0), a);
}

Value Evaluator::logic(const Node& n) {
  const Value a = eval(n.a);
  if (!want(a, TypeKind::boolean, n.a, problem::operand_type)) return {};
  if (n.op == Op::not_) return scalar(TypeKind::boolean, a.integer == 0 ? 1 : 0);
  const bool decided = (a.integer != 0) == (n.op == Op::or_);
  if (decided) return a;
  const Value b = eval(n.b);
  if (!want(b, TypeKind::boolean, n.b, problem::operand_type)) return {};
  return b;
}

// Tuples by their elements, nested ones too. A nested tuple may stand in many places, so each comparison is a
// step.
bool Evaluator::same(NodeId id, Value a, Value b) {
  if (--steps_left_ < 0) {
    out_of_steps(id);
    return false;
  }
  if ((a.kind == TypeKind::traced_integer || b.kind == TypeKind::traced_integer) && untraceable(id))
    return false;
  const auto left = as_tuple(a);
  const auto right = as_tuple(b);
  if (!left || !right) return a.kind == b.kind && a.integer == b.integer;
  return std::ranges::equal(*left, *right, [&](const Value& x, const Value& y) { return same(id, x, y); });
}

Value Evaluator::compare(NodeId id, const Node& n) {
  const Value a = eval(n.a);
  if (a.kind == TypeKind::unknown) return a;
  const Value b = eval(n.b);
  if (b.kind == TypeKind::unknown) return b;
  const bool scalars =
      a.kind == b.kind && (a.kind == TypeKind::integer || a.kind == TypeKind::boolean ||
                           a.kind == TypeKind::processor_kind || a.kind == TypeKind::memory_kind);
  const auto truth = [](bool holds) { return scalar(TypeKind::boolean, holds ? 1 : 0); };
  if (n.op == Op::equal || n.op == Op::not_equal) {
    if (scalars) return truth((a.integer == b.integer) == (n.op == Op::equal));
    if (as_tuple(a) && as_tuple(b)) {
      const bool equal = same(id, a, b);
      return failure_ ? Value{} : truth(equal == (n.op == Op::equal));
    }
    return fail(problem::operand_type, id,
                fmt::format("{} and {} cannot be compared", described(a.kind), described(b.kind)));
  }
  if (a.kind != TypeKind::integer || b.kind != TypeKind::integer) {
    static constexpr std::array kSigns{"<", ">", "<=", ">="};
    return fail(problem::operand_type, id,
                fmt::format("`{}` takes integers, not {} and {}",
                            kSigns[static_cast<std::size_t>(n.op) - static_cast<std::size_t>(Op::less)],
                            described(a.kind), described(b.kind)));
  }
  switch (n.op) {
    case Op::less: return truth(a.integer < b.integer);
    case Op::greater: return truth(a.integer > b.integer);
    case Op::less_equal: return truth(a.integer <= b.integer);
    default: return truth(a.integer >= b.integer);
  }
}

Value Evaluator::range(NodeId id, const Node& n) {
  const Value end = eval(n.a);
  if (!want(end, TypeKind::integer, id, problem::argument_type, "the argument of `range`")) return {};
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(end.integer, 0));
  Value v{};
  Value* items = allocate(count, id);
  if (items == nullptr) return v;
  steps_left_ -= static_cast<std::int64_t>(count);
  for (std::size_t i = 0; i < count; ++i) items[i] = scalar(TypeKind::integer, static_cast<std::int64_t>(i));
  v.kind = TypeKind::tuple;
  v.count = static_cast<std::uint32_t>(count);
  v.items = items;
  return v;
}

Value Evaluator::comprehension(NodeId id, const Node& n) {
  const Value over = eval(n.b);
  if (over.kind == TypeKind::unknown) return over;
  const auto values = as_tuple(over);
  if (!values)
    return fail(problem::not_a_tuple, id,
                fmt::format("what `for` goes over is a tuple, `{}` is {}", words(n.b), described(over.kind)));
  Value* items = allocate(values->size(), id);
  if (items == nullptr) return {};
  for (std::size_t i = 0; i < values->size(); ++i) {
    slots_[frame_ + n.c] = (*values)[i];
    items[i] = eval(n.a);
    if (items[i].kind == TypeKind::unknown) return {};
  }
  return tuple_from(items, values->size());
}

// Python's rules: a negative end counts from the back, and both are clipped to the tuple.
Value Evaluator::slice(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (object.kind == TypeKind::unknown) return object;
  std::optional<std::span<const Value>> tuple;
  Value extents{};
  if (object.kind == TypeKind::space) {
    extents = tuple_value(object.space->extents(), id);
    if (extents.kind == TypeKind::unknown) return {};
    tuple = as_tuple(extents);
  } else {
    tuple = as_tuple(object);
  }
  if (!tuple)
    return fail(problem::not_indexable, id,
                fmt::format("`{}` is {} and has no slice", words(n.a), described(object.kind)));
  const auto size = static_cast<std::int64_t>(tuple->size());
  const auto end = [&](NodeId e, std::int64_t missing) -> std::optional<std::int64_t> {
    if (e == kNoNode) return missing;
    const Value v = eval(e);
    if (!want(v, TypeKind::integer, e, problem::index_type, "the end of a slice")) return std::nullopt;
    return std::clamp<std::int64_t>(v.integer < 0 && v.integer >= -size ? v.integer + size : v.integer, 0,
                                    size);
  };
  const auto from = end(n.b, 0);
  if (!from) return {};
  const auto to = end(n.c, size);
  if (!to) return {};
  if (*to <= *from) return tuple_from(tuple->data(), 0);
  return tuple_from(tuple->data() + *from, static_cast<std::size_t>(*to - *from));
}

}  // namespace mapwright::lang
