// The evaluator's part that deals with machines and tasks.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lang/diagnostics.h"
#include "lang/evaluator.h"
#include "machine/factor.h"  // kMaxFactorisations

namespace mapwright::lang {

using machine::kMaxRank;
using machine::Space;

Value Evaluator::index(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (object.kind == TypeKind::unknown) return object;
  if (object.kind == TypeKind::space) return index_space(id, n, object.space);
  if (object.kind == TypeKind::tuple) [[likely]]
    return index_tuple(id, n, {object.items, object.count});
  if (const auto tuple = as_tuple(object)) return index_tuple(id, n, *tuple);
  return fail(
      problem::not_indexable, n.a,
      fmt::format("`{}` is {} and has no index", words(n.a), described(object.kind)),
      object.kind == TypeKind::task ? "The point of a task is `.ipoint`, its launch domain `.ispace`." : "");
}

Value Evaluator::element(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (object.kind == TypeKind::unknown) return object;
  const Value i = eval(n.b);
  if (!want(i, TypeKind::integer, n.b, problem::index_type, "the index of a tuple")) return {};
  if (object.kind == TypeKind::tuple) [[likely]] {
    return tuple_element(id, i.integer, {object.items, object.count});
  }
  const auto pair = as_tuple(object);
  return pair ? tuple_element(id, i.integer, *pair) : without_size(id, n, object);
}

Value Evaluator::index_tuple(NodeId id, const Node& n, std::span<const Value> tuple) {
  const NodeId item = code_.lists[n.list];
  if (n.count != 1 || n.unpacks || code_.nodes[item].op == Op::star) {
    return fail(problem::not_indexable, id,
                fmt::format("`{}` is a tuple and has one index, an integer", words(n.a)));
  }
  const Value i = eval(item);
  if (!want(i, TypeKind::integer, item, problem::index_type, "the index of a tuple")) return {};
  return tuple_element(id, i.integer, tuple);
}

Value Evaluator::tuple_element(NodeId id, std::int64_t i, std::span<const Value> tuple) {
  const auto size = static_cast<std::int64_t>(tuple.size());
  if (i < size && i >= -size) [[likely]]
    return tuple[static_cast<std::size_t>(i < 0 ? i + size : i)];
  return outside_tuple(id, i, size);
}

// a.size[b], a.ipoint[b] and a.ispace[b] read one number of what the tuple would hold.
Value Evaluator::number_at(NodeId id, NodeId index, std::int64_t count, const std::int64_t* values) {
  const Value i = eval(index);
  if (!want(i, TypeKind::integer, index, problem::index_type, "the index of a tuple")) return {};
  if (i.integer < count && i.integer >= -count) [[likely]] {
    return integer(values[i.integer < 0 ? i.integer + count : i.integer]);
  }
  return outside_tuple(id, i.integer, count);
}

Value Evaluator::outside_tuple(NodeId id, std::int64_t i, std::int64_t size) {
  return fail(problem::tuple_index_range, id,
              fmt::format("`{}` is element {} of a tuple of {}", words(id), i, size),
              "Elements are counted from 0; negative indices count from the end.");
}

Value Evaluator::size_at(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (object.kind == TypeKind::space)
    return number_at(id, n.b, object.space->rank(), object.space->extents().data());
  if (object.kind == TypeKind::unknown) return object;
  const Value i = eval(n.b);
  if (!want(i, TypeKind::integer, n.b, problem::index_type, "the index of a tuple")) return {};
  if (object.kind == TypeKind::tuple) return tuple_element(id, i.integer, {object.items, object.count});
  const auto pair = as_tuple(object);
  return pair ? tuple_element(id, i.integer, *pair) : without_size(id, n, object);
}

Value Evaluator::without_size(NodeId id, const Node& n, Value object) {
  return fail(problem::no_such_property, id,
              fmt::format("`{}` is {} and has no size", words(n.a), described(object.kind)));
}

Value Evaluator::task_element(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (tracing_ && n.op == Op::ipoint_at && object.kind == TypeKind::task) {
    const Value i = eval(n.b);
    return i.kind == TypeKind::integer ? tuple_element(id, i.integer, {point_.items, point_.count}) : Value{};
  }
  if (object.kind != TypeKind::task || object.task->point == nullptr) {
    return task_coordinates(id, n, object, n.op == Op::ipoint_at);
  }
  const TaskContext& task = *object.task;
  if (n.op == Op::ipoint_at) return number_at(id, n.b, task.domain->rank, task.point->data());
  const Point extents = task.domain->extents();
  return number_at(id, n.b, task.domain->rank, extents.data());
}

Value Evaluator::index_space(NodeId id, const Node& n, const Space* space) {
  std::array<Value, kMaxRank> index{};
  std::size_t count = 0;
  std::uint32_t stars = 0;  // a bit for each dimension
  const auto take = [&](Value v, NodeId at) {
    if (v.kind == TypeKind::unknown) return false;
    if (!is_number(v)) {
      const bool tuple = v.kind == TypeKind::tuple || v.kind == TypeKind::processor;
      fail(tuple ? problem::tuple_as_index : problem::index_type, at,
           fmt::format("`{}` is {}, an index of a machine is an integer", words(at), described(v.kind)),
           tuple ? "`*` unpacks a tuple." : "");
      return false;
    }
    if (count < index.size()) index[count] = v;
    ++count;
    return true;
  };
  for (std::uint32_t i = 0; i < n.count; ++i) {
    const NodeId item = code_.lists[n.list + i];
    const Node& node = code_.nodes[item];
    if (node.op == Op::star) {
      if (count < index.size()) stars |= 1U << count;
      ++count;
    } else if (node.op == Op::unpack) {
      const Value v = eval(node.a);
      if (v.kind == TypeKind::unknown) return {};
      const auto values = as_tuple(v);
      if (!values) {
        return fail(problem::not_a_tuple, node.a,
                    fmt::format("what `*` unpacks is a tuple, `{}` is {}", words(node.a), described(v.kind)));
      }
      for (const Value& each : *values) {
        if (!take(each, item)) return {};
      }
    } else if (!take(eval(item), item)) {
      return {};
    }
  }
  if (count != static_cast<std::size_t>(space->rank())) {
    return fail(
        problem::machine_index_arity, id,
        fmt::format("`{}` has {}, not {}", words(n.a), base::count_text(space->rank(), "dimension"), count),
        fmt::format("Its extents are {}.", base::tuple_text(space->extents())));
  }
  return stars != 0 ? processor_set(id, space, index.data(), stars)
                    : locate(id, space, {index.data(), count});
}

Value Evaluator::locate(NodeId id, const Space* space, std::span<const Value> index) {
  if (tracing_ && std::ranges::any_of(index, [](Value v) { return v.kind == TypeKind::traced_integer; })) {
    std::array<Trace::Register, kMaxRank> registers{};
    std::ranges::transform(index, registers.begin(), [this](Value v) { return register_of(v); });
    trace_.locate(space, {registers.data(), index.size()});
    return scalar(TypeKind::traced_processor, 0);
  }
  std::array<std::int64_t, kMaxRank> numbers{};
  std::ranges::transform(index, numbers.begin(), [](Value v) { return v.integer; });
  return locate(id, space, {numbers.data(), index.size()});
}

Value Evaluator::locate(NodeId id, const Space* space, std::span<const std::int64_t> index) {
  for (int d = 0; d < space->rank(); ++d) {
    const std::int64_t i = index[static_cast<std::size_t>(d)];
    const std::int64_t extent = space->extent(d);
    if (i >= 0 && i < extent) continue;
    std::string note = fmt::format("The machine space has the extents {}, the index is {}.",
                                   base::tuple_text(space->extents()), base::tuple_text(index));
    if (extent == 0) {
      note += fmt::format(" This machine has no {} processors.", name_of(space->kind()));
      return fail(problem::machine_index_range, id,
                  fmt::format("index {} of `{}` is {}, and the dimension is empty", d, words(id), i),
                  std::move(note));
    }
    // `%` keeps the sign of its left side.
    note += i < 0 ? fmt::format(" `(i % {} + {}) % {}` is never negative.", extent, extent, extent)
                  : fmt::format(" `i % {}` stays inside.", extent);
    return fail(problem::machine_index_range, id,
                fmt::format("index {} of `{}` is {}, outside 0..{}", d, words(id), i, extent - 1),
                std::move(note));
  }
  const machine::Processor p = space->locate(index.data());
  Value v{};
  v.kind = TypeKind::processor;
  v.count = static_cast<std::uint32_t>(space->kind());
  v.integer = p.node << 32 | p.index;
  return v;
}

Value Evaluator::processor_set(NodeId id, const Space* space, const Value* index, std::uint32_t stars) {
  if (untraceable(id)) return {};
  constexpr std::int64_t kLargest = 1 << 16;
  std::array<std::int64_t, kMaxRank> first{};
  std::transform(index, index + space->rank(), first.begin(), [](Value v) { return v.integer; });
  std::int64_t count = 1;
  for (int d = 0; d < space->rank(); ++d) {
    if ((stars >> d & 1U) == 0) continue;
    first[static_cast<std::size_t>(d)] = 0;
    if (space->extent(d) == 0) {
      return fail(problem::empty_set, id,
                  fmt::format("`*` is dimension {} of `{}`, which is empty", d, words(id)),
                  fmt::format("This machine has no {} processors.", name_of(space->kind())));
    }
    count *= space->extent(d);
    if (count > kLargest)
      return fail(problem::too_large, id, fmt::format("the set has more than {} processors", kLargest));
  }
  Value* items = allocate(static_cast<std::size_t>(count), id);
  if (items == nullptr) return {};
  steps_left_ -= count;
  std::array<std::int64_t, kMaxRank> at = first;
  for (std::int64_t k = 0; k < count; ++k) {
    items[k] = locate(id, space, {at.data(), static_cast<std::size_t>(space->rank())});
    if (items[k].kind == TypeKind::unknown) return {};
    if (items[k].integer >> 32 != items[0].integer >> 32) {
      return fail(problem::set_over_nodes, id,
                  fmt::format("`{}` is a set of processors on several nodes", words(id)),
                  "A task is sent to one node first; `*` may range over the processors of that node.");
    }
    for (int d = space->rank() - 1; d >= 0; --d) {
      if ((stars >> d & 1U) == 0) continue;
      const auto i = static_cast<std::size_t>(d);
      if (++at[i] < space->extent(d)) break;
      at[i] = 0;
    }
  }
  std::sort(items, items + count, [](const Value& a, const Value& b) { return a.integer < b.integer; });
  Value v{};
  v.kind = TypeKind::processors;
  v.count = static_cast<std::uint32_t>(count);
  v.items = items;
  return v;
}

Value Evaluator::size(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (object.kind == TypeKind::unknown) return object;
  const auto integer = [](std::int64_t i) {
    Value v{};
    v.kind = TypeKind::integer;
    v.integer = i;
    return v;
  };
  if (object.kind == TypeKind::space) {
    if (n.op == Op::size) return tuple_value(object.space->extents(), id);
    return integer(n.op == Op::volume ? object.space->volume() : object.space->rank());
  }
  const auto tuple = as_tuple(object);
  if (!tuple) return without_size(id, n, object);
  if (n.op == Op::size) {
    return tuple_from(tuple->data(), tuple->size());
  }
  if (n.op == Op::len) return integer(static_cast<std::int64_t>(tuple->size()));
  std::int64_t volume = 1;
  steps_left_ -= static_cast<std::int64_t>(tuple->size());
  for (const Value& v : *tuple) {
    if (!want(v, TypeKind::integer, id, problem::operand_type, "an element")) return {};
    const Value product = integer_arithmetic(id, Op::multiply, volume, v.integer);
    if (product.kind == TypeKind::unknown) return product;
    volume = product.integer;
  }
  return integer(volume);
}

Value Evaluator::task_property(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (!want(object, TypeKind::task, n.a, problem::no_such_property)) return {};
  const TaskContext& task = *object.task;
  if (n.op == Op::parent) {
    if (untraceable(id)) return {};
    if (task.parent == nullptr) {
      // Of all tasks only parents have a processor.
      std::string_view note = "Where it runs has to be said: `--parent NODE,PROCESSOR`.";
      if (task.processor) note = "Of a task's ancestors, only its parent is known.";
      if (task.point != nullptr)
        note = "The points of an index launch are mapped before their parent's processor is known here.";
      return fail(problem::task_unknown, id, fmt::format("the parent in `{}` is not known", words(id)),
                  std::string(note));
    }
    Value v{};
    v.kind = TypeKind::task;
    v.task = task.parent;
    return v;
  }
  return task_coordinates(id, n, object, n.op == Op::ipoint || n.op == Op::own_point);
}

// The point or the extents of a task as a tuple; a failure for single tasks.
Value Evaluator::task_coordinates(NodeId id, const Node& n, Value object, bool point) {
  if (!want(object, TypeKind::task, n.a, problem::no_such_property)) return {};
  const TaskContext& task = *object.task;
  if (tracing_ && point) return point_;  // there is no other task: see parent
  if (task.point == nullptr) {
    return fail(
        problem::task_unknown, n.c == kNoNode ? id : n.c,
        fmt::format("`{}` has no {}: it is a single task", words(n.a), point ? "point" : "launch domain"),
        "A single task is mapped by where its parent runs: `task.parent.processor(machine)`.");
  }
  const Point extents = task.domain->extents();
  return tuple_value(task.domain->at(point ? *task.point : extents), id);
}

Value Evaluator::task_processor(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (!want(object, TypeKind::task, n.a, problem::no_such_property)) return {};
  const NodeId argument = code_.lists[n.list];
  const Value machine = eval(argument);
  if (!want(machine, TypeKind::space, argument, problem::argument_type, "argument 1 of `.processor`"))
    return {};
  if (untraceable(id)) return {};
  if (!object.task->processor) {
    return fail(problem::task_unknown, id, fmt::format("the processor of `{}` is not known", words(n.a)),
                "A task's own processor is what its mapping function decides.");
  }
  const machine::Processor p = *object.task->processor;
  const auto index = machine.space->index_of(p);
  if (!index) {
    return fail(
        problem::processor_outside, id,
        fmt::format("processor {} of node {} is not in `{}`", p.index, p.node, words(argument)),
        fmt::format("The machine space has the extents {}.", base::tuple_text(machine.space->extents())));
  }
  return tuple_value({index->data(), static_cast<std::size_t>(machine.space->rank())}, id);
}

Value Evaluator::has(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (object.kind == TypeKind::unknown) return object;
  const NodeId argument = code_.lists[n.list];
  const Value memory = eval(argument);
  if (!want(memory, TypeKind::memory_kind, argument, problem::argument_type, "argument 1 of `.has`"))
    return {};
  machine::ProcessorKind kind{};
  switch (object.kind) {
    case TypeKind::space: kind = object.space->kind(); break;
    case TypeKind::processor: kind = static_cast<machine::ProcessorKind>(object.count); break;
    case TypeKind::processors: kind = static_cast<machine::ProcessorKind>(object.items[0].count); break;
    default:
      return fail(problem::no_such_property, id,
                  fmt::format("`{}` is {} and has no memories", words(n.a), described(object.kind)));
  }
  Value v{};
  v.kind = TypeKind::boolean;
  v.integer = grid_.addressable(kind, static_cast<machine::MemoryKind>(memory.integer)) ? 1 : 0;
  return v;
}

// split, merge, swap, slice, reverse and the splits that choose their factors.
Value Evaluator::transform(NodeId id, const Node& n) {
  const Value object = eval(n.a);
  if (!want(object, TypeKind::space, n.a, problem::no_such_property)) return {};
  const Space* space = object.space;
  const std::size_t from = pending_.size();
  std::array<Value, 3> arguments{};
  if (!list(n)) {
    pending_.resize(from);
    return {};
  }
  const std::size_t count = pending_.size() - from;
  std::copy_n(pending_.begin() + static_cast<std::ptrdiff_t>(from), std::min<std::size_t>(count, 3),
              arguments.begin());
  pending_.resize(from);

  Made now;
  if (as_numbers({arguments.data(), std::min<std::size_t>(count, 3)}, &now)) {
    now.of = space;
    const Made& before = made_[n.b];
    if (before.of == space && before.count == now.count &&
        std::equal(now.arguments.begin(), now.arguments.begin() + static_cast<std::ptrdiff_t>(now.count),
                   before.arguments.begin())) {
      return space_value(before.space);
    }
  }
  const Value made = transformed(id, n, space, {arguments.data(), std::min<std::size_t>(count, 3)}, count);
  if (made.kind == TypeKind::space && now.of != nullptr) {
    now.space = made.space;
    made_[n.b] = now;
  }
  return made;
}

Value Evaluator::transformed(NodeId id, const Node& n, const Space* space, std::span<const Value> arguments,
                             std::size_t count) {
  const bool weighted = n.op == Op::auto_split || n.op == Op::greedy_split;
  const std::size_t wanted = n.op == Op::reverse ? 1 : n.op == Op::slice_dim ? 3 : 2;
  if (count != wanted)
    return fail(problem::wrong_argument_count, id,
                fmt::format("`{}` has {} arguments, not {}", words(id), count, wanted));
  const auto place = [&](std::size_t i) { return n.unpacks ? id : code_.lists[n.list + i]; };
  for (std::size_t i = 0; i < count; ++i) {
    const bool tuple = weighted && i == 1;
    if (tuple && as_tuple(arguments[i])) continue;
    if (!want(arguments[i], tuple ? TypeKind::tuple : TypeKind::integer, place(i), problem::argument_type))
      return {};
  }
  const auto dimension = [&](std::size_t i) {
    const std::int64_t d = arguments[i].integer;
    if (d >= 0 && d < space->rank()) return true;
    fail(problem::no_such_dimension, place(i), fmt::format("`{}` has no dimension {}", words(n.a), d),
         fmt::format("Its extents are {}: dimensions are 0..{}.", base::tuple_text(space->extents()),
                     space->rank() - 1));
    return false;
  };
  if (!dimension(0)) return {};
  const auto d = static_cast<int>(arguments[0].integer);
  const Space* made = nullptr;
  switch (n.op) {
    case Op::merge:
    case Op::swap: {
      if (!dimension(1)) return {};
      const auto other = static_cast<int>(arguments[1].integer);
      if (n.op == Op::merge && d == other) {
        return fail(problem::same_dimension, id,
                    fmt::format("`{}` merges dimension {} with itself", words(id), d));
      }
      made = n.op == Op::merge ? spaces_->merge(space, d, other) : spaces_->swap(space, d, other);
      break;
    }
    case Op::slice_dim: {
      const std::int64_t low = arguments[1].integer;
      const std::int64_t high = arguments[2].integer;
      if (low < 0 || high < low || high >= space->extent(d)) {
        return fail(problem::bad_slice, id,
                    fmt::format("{}..{} is no part of dimension {} of `{}`", low, high, d, words(n.a)),
                    fmt::format("Its extents are {}; both ends of a slice are included.",
                                base::tuple_text(space->extents())));
      }
      made = spaces_->slice(space, d, low, high);
      break;
    }
    case Op::reverse: made = spaces_->reverse(space, d); break;
    default: return split(id, n.op, space, arguments);
  }
  if (made == nullptr) {
    return fail(
        problem::too_many_dimensions, id, fmt::format("`{}` has too many transforms", words(id)),
        fmt::format(
            "A machine space has at most {} dimensions and is at most {} transforms from its machine.",
            kMaxRank, machine::kMaxChain));
  }
  return space_value(made);
}

// The arguments of a transform as plain numbers; false where they are not, or are too many.
bool Evaluator::as_numbers(std::span<const Value> arguments, Made* numbers) {
  for (const Value& a : arguments) {
    const std::span<const Value> parts =
        a.kind == TypeKind::tuple ? std::span<const Value>{a.items, a.count} : std::span<const Value>{&a, 1};
    for (const Value& part : parts) {
      if (part.kind != TypeKind::integer || numbers->count == numbers->arguments.size()) return false;
      numbers->arguments[numbers->count++] = part.integer;
    }
  }
  return true;
}

Value Evaluator::split(NodeId id, Op op, const Space* space, std::span<const Value> arguments) {
  const auto d = static_cast<int>(arguments[0].integer);
  const std::int64_t extent = space->extent(d);
  const Space* made = nullptr;
  bool too_many = false;
  if (op == Op::split) {
    const std::int64_t factor = arguments[1].integer;
    if (factor <= 0 || extent % factor != 0) {
      return fail(problem::not_divisible, id,
                  fmt::format("{} does not divide the extent {} of dimension {}", factor, extent, d),
                  "`balance_split` and `auto_split` find factors that do.");
    }
    made = spaces_->factor(space, d, std::array{factor, extent / factor});
  } else {
    std::array<std::int64_t, kMaxRank> parameters{};
    std::size_t count = 1;
    machine::SpacePool::SplitRule rule = machine::SpacePool::SplitRule::balanced;
    if (op == Op::balance_split) {
      parameters[0] = arguments[1].integer;
      if (parameters[0] < 1)
        return fail(problem::bad_split, id,
                    fmt::format("dimension {} cannot be split into {} parts", d, parameters[0]));
    } else {
      rule = op == Op::auto_split ? machine::SpacePool::SplitRule::cheapest
                                  : machine::SpacePool::SplitRule::greedy;
      const auto weights = as_tuple(arguments[1]);
      if (!weights) return {};
      count = weights->size();
      if (count == 0) return fail(problem::bad_split, id, "the extents to split by are an empty tuple");
      for (std::size_t i = 0; i < std::min<std::size_t>(count, kMaxRank); ++i) {
        const Value w = (*weights)[i];
        if (!want(w, TypeKind::integer, id, problem::argument_type, "an extent to split by")) return {};
        if (w.integer < 0) {
          return fail(problem::bad_split, id, fmt::format("an extent to split by is {}", w.integer),
                      fmt::format("The extents are {}.", shown(arguments[1])));
        }
        // A launch smaller than the grid leaves blocks without points: they count as one.
        parameters[i] = std::max<std::int64_t>(w.integer, 1);
      }
    }
    std::int64_t cost = 0;
    if (count <= kMaxRank)
      made = spaces_->split(space, d, rule, {parameters.data(), count}, &cost, &too_many);
    steps_left_ -= cost;
  }
  if (too_many) {
    return fail(problem::bad_split, id,
                fmt::format("there are more than {} ways to split {} into {}", machine::kMaxFactorisations,
                            extent, arguments[1].count),
                "`greedy_split` does not compare them all.");
  }
  if (made == nullptr) {
    return fail(
        problem::too_many_dimensions, id,
        fmt::format("`{}` has too many dimensions or transforms", words(id)),
        fmt::format(
            "A machine space has at most {} dimensions and is at most {} transforms from its machine.",
            kMaxRank, machine::kMaxChain));
  }
  return space_value(made);
}

}  // namespace mapwright::lang
