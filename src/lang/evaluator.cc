#include "lang/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/bug.h"
#include "base/text.h"
#include "lang/diagnostics.h"

namespace mapwright::lang {
Evaluator::Evaluator(MapperPtr mapper, const machine::Grid& grid)
    : mapper_(std::move(mapper)),
      code_(mapper_->code()),
      nodes_(code_.nodes.data()),
      grid_(grid),
      made_(code_.caches),
      globals_(code_.globals.size()),
      values_(std::make_unique_for_overwrite<Value[]>(kMaxValues)),
      slots_(std::make_unique_for_overwrite<Value[]>(kMaxSlots)) {}

base::Diagnostics Evaluator::start() {
  base::Diagnostics problems;
  frame_ = 0;
  frame_size_ = code_.start_slots;
  if (frame_size_ > kMaxSlots) {
    fail(problem::too_large, code_.start[0].value, "the mapper has too many names");
    problems.add(take_failure());
    return problems;
  }
  // One evaluation for all of them: a file of many expensive globals must end as well.
  steps_left_ = kMaxSteps;
  for (const Step& s : code_.start) {
    stack_ = 0;
    if (s.kind == Step::Kind::print) {
      print(s.slot);
    } else {
      globals_[s.slot] = eval(s.value);
    }
    pending_.clear();
    if (!failure_) continue;
    // What needs this value fails too, which says nothing new.
    const bool follows = failure_->kind == &problem::used_before_assignment && problems.has_errors();
    base::Diagnostic d = take_failure();
    const bool spent = d.kind == &problem::too_many_steps;
    if (!follows) problems.add(std::move(d));
    if (spent) break;
  }
  values_of_globals_ = values_used_;
  spaces_ = &passing_spaces_;
  return problems;
}

std::variant<Target, base::Diagnostic> Evaluator::target(const MapChoice& map, const TaskContext& task) {
  steps_left_ = kMaxSteps;
  stack_ = 0;
  frame_ = 0;
  frame_size_ = 0;
  slots_[0] = Value{};
  slots_[0].kind = TypeKind::task;
  slots_[0].task = &task;
  if (spaces_->size() > machine::SpacePool::kMaxSpaces / 2) {
    spaces_->clear();
    std::ranges::fill(made_, Made{});
    launch_map_.reset();
  }
  if (task.point == nullptr || launch_map_ != map || launch_domain_ != *task.domain) begin_launch(map, task);
  Target target;
  if (traced_) {
    if (const auto p = trace_.run(*task.point)) {
      steps_left_ -= trace_.steps();
      target.kind = trace_.space()->kind();
      target.one = *p;
      return target;
    }
  }
  values_used_ = values_of_launch_;
  const NodeId returned = code_.functions[map.function].steps.back().value;
  Value result{};
  point_ = Value{};
  if (!failure_) {
    if (task.point != nullptr) point_ = tuple_value(task.domain->at(*task.point), returned);
    result = answer(map, task);
  }
  if (failure_) launch_map_.reset();
  if (result.kind == TypeKind::processor || result.kind == TypeKind::processors) {
    const Value& first = result.kind == TypeKind::processor ? result : result.items[0];
    target.kind = static_cast<machine::ProcessorKind>(first.count);
    target.one = {first.integer >> 32, first.integer & 0xFFFFFFFF};
    if (result.kind == TypeKind::processors) target.several = {result.items, result.count};
    return target;
  }
  if (!failure_) {
    fail(problem::result_not_processor, returned,
         fmt::format("`{}` returns {}, not a point of a machine", code_.functions[map.function].name,
                     described(result.kind)),
         "A mapping function returns a processor: `return machine[node, processor];`.");
  }
  return take_failure();
}

// Computes what all points of the launch have in common.
void Evaluator::begin_launch(const MapChoice& map, const TaskContext& task) {
  launch_map_ = map;
  values_used_ = values_of_globals_;
  const FunctionCode& f = code_.functions[map.function];
  extents_ = Value{};
  if (task.point != nullptr) {
    launch_domain_ = *task.domain;
    extents_ = tuple_value(task.domain->at(task.domain->extents()), f.steps.back().value);
  } else {
    launch_map_.reset();
  }
  if (map.machine == kNoNode) {
    frame_size_ = f.slots;
    stack_ = f.depth;
    steps(f, true);
  }
  values_of_launch_ = values_used_;
  trace(map, task);
}

Value Evaluator::answer(const MapChoice& map, const TaskContext& task) {
  const FunctionCode& f = code_.functions[map.function];
  if (map.machine != kNoNode) {
    base::expects(task.point != nullptr, "the older form maps index launches");
    return older_form(map, f.steps.back().value);
  }
  frame_size_ = f.slots;
  stack_ = f.depth;
  return steps(f, false);
}

// Evaluates the function with coordinates that are not known. Where that ends in a processor, what was
// recorded maps every point; where it fails, be it that the function is wrong, nothing is known.
void Evaluator::trace(const MapChoice& map, const TaskContext& task) {
  traced_ = false;
  if (task.point == nullptr || failure_) return;
  trace_.begin(task.domain->rank);
  const std::int64_t steps = steps_left_;
  const auto rank = static_cast<std::size_t>(task.domain->rank);
  if (Value* coordinates = allocate(rank, 0)) {
    for (std::size_t d = 0; d < rank; ++d)
      coordinates[d] = scalar(TypeKind::traced_integer, static_cast<std::int64_t>(d));
    point_ = tuple_from(coordinates, rank);
    tracing_ = true;
    traced_ = answer(map, task).kind == TypeKind::traced_processor && trace_.complete();
    tracing_ = false;
  }
  if (!traced_) steps_left_ = steps;
  failure_.reset();
  frame_ = 0;
  frame_size_ = 0;
  stack_ = 0;
}

bool Evaluator::untraceable(NodeId at) {
  if (tracing_) fail(problem::task_unknown, at, "this differs from point to point");
  return tracing_;
}

Trace::Register Evaluator::register_of(Value v) {
  return v.kind == TypeKind::traced_integer ? static_cast<Trace::Register>(v.integer)
                                            : trace_.constant(v.integer);
}

// machine[*function(point, extents, machine)]
Value Evaluator::older_form(const MapChoice& map, NodeId at) {
  const Value machine = globals_[map.machine];
  if (!want(machine, TypeKind::space, at, problem::argument_type, "the machine of this map")) return {};
  const std::array<Value, 3> arguments{point_, extents_, machine};
  const Value result = run(map.function, arguments, at);
  if (failure_) return {};
  const auto indices =
      is_number(result) ? std::optional(std::span<const Value>(&result, 1)) : as_tuple(result);
  if (!indices) {
    return fail(problem::result_not_processor, at,
                fmt::format("`{}` returns {}, not an index of `{}`", code_.functions[map.function].name,
                            described(result.kind), code_.globals[map.machine]),
                "With a machine variable, a mapping function returns a tuple of indices.");
  }
  for (const Value& i : *indices) {
    if (!is_number(i) && !want(i, TypeKind::integer, at, problem::index_type, "an index of a machine"))
      return {};
  }
  if (indices->size() != static_cast<std::size_t>(machine.space->rank())) {
    return fail(problem::machine_index_arity, at,
                fmt::format("`{}` has {} dimensions, not {}", code_.globals[map.machine],
                            machine.space->rank(), indices->size()));
  }
  return locate(at, machine.space, *indices);
}

template <Op kOp>
Value Evaluator::calculation(NodeId id, const Node& n) {
  const Value a = eval(n.a);
  if (a.kind == TypeKind::unknown) return a;
  const Value b = eval(n.b);
  if (b.kind == TypeKind::unknown) return b;
  if (a.kind == TypeKind::integer && b.kind == TypeKind::integer) [[likely]] {
    return integer_arithmetic(id, kOp, a.integer, b.integer);
  }
  return arithmetic(id, kOp, a, b);
}

Value Evaluator::operation(NodeId id, const Node& n) {
  // Only jumps from here, so that the way to each operation costs next to nothing.
  if (--steps_left_ < 0) [[unlikely]]
    return out_of_steps(id);
  switch (n.op) {
    case Op::add: return calculation<Op::add>(id, n);
    case Op::subtract: return calculation<Op::subtract>(id, n);
    case Op::multiply: return calculation<Op::multiply>(id, n);
    case Op::divide: return calculation<Op::divide>(id, n);
    case Op::modulo: return calculation<Op::modulo>(id, n);
    case Op::element: return element(id, n);
    case Op::index: return index(id, n);
    case Op::size_at: return size_at(id, n);
    case Op::ipoint_at:
    case Op::ispace_at: return task_element(id, n);
    case Op::local: return slots_[frame_ + n.a];
    case Op::integer: return scalar(TypeKind::integer, code_.integers[n.a]);
    case Op::boolean: return scalar(TypeKind::boolean, code_.integers[n.a]);
    case Op::processor_kind: return scalar(TypeKind::processor_kind, code_.integers[n.a]);
    case Op::memory_kind: return scalar(TypeKind::memory_kind, code_.integers[n.a]);
    case Op::global: return unassigned(id, n);
    case Op::tuple: return tuple(n);
    case Op::negate: return negate(id, n);
    case Op::not_:
    case Op::and_:
    case Op::or_: return logic(n);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::greater:
    case Op::less_equal:
    case Op::greater_equal: return compare(id, n);
    case Op::conditional: return conditional(id, n);
    case Op::call: return call(id, n);
    case Op::machine: return machine_space(id, n);
    case Op::range: return range(id, n);
    case Op::slice: return slice(id, n);
    case Op::comprehension: return comprehension(id, n);
    case Op::size:
    case Op::volume:
    case Op::len: return size(id, n);
    case Op::own_point:
    case Op::own_extents:
    case Op::ipoint:
    case Op::ispace:
    case Op::parent: return task_property(id, n);
    case Op::processor: return task_processor(id, n);
    case Op::has: return has(id, n);
    case Op::split:
    case Op::merge:
    case Op::swap:
    case Op::slice_dim:
    case Op::reverse:
    case Op::balance_split:
    case Op::auto_split:
    case Op::greedy_split: return transform(id, n);
    case Op::star:
    case Op::unpack: break;  // only in lists
  }
  base::bug("every operation is evaluated");
}

Value Evaluator::out_of_steps(NodeId id) {
  return fail(problem::too_many_steps, id, fmt::format("this takes more than {} steps", kMaxSteps),
              "A mapping function is evaluated once for each point, and must end.");
}

Value Evaluator::unassigned(NodeId id, const Node& n) {
  return fail(problem::used_before_assignment, id,
              fmt::format("`{}` is used before it has a value", code_.globals[n.a]),
              "Values outside functions are computed in the order of the file.");
}

Value Evaluator::machine_space(NodeId id, const Node& n) {
  const machine::Space* space = spaces_->machine(grid_, static_cast<machine::ProcessorKind>(n.a));
  return space == nullptr ? fail(problem::too_many_dimensions, id, "there are too many machine spaces")
                          : space_value(space);
}

Value Evaluator::tuple(const Node& n) {
  const std::size_t from = pending_.size();
  Value v{};
  steps_left_ -= n.count;
  if (list(n)) {
    const std::size_t count = pending_.size() - from;
    if (Value* items = allocate(count, code_.lists[n.list])) {
      std::copy_n(pending_.begin() + static_cast<std::ptrdiff_t>(from), count, items);
      v.kind = TypeKind::tuple;
      v.count = static_cast<std::uint32_t>(count);
      v.items = items;
    }
  }
  pending_.resize(from);
  return v;
}

Value Evaluator::conditional(NodeId id, const Node& n) {
  const Value condition = eval(n.a);
  if (condition.kind == TypeKind::boolean) return eval(condition.integer != 0 ? n.b : n.c);
  if (condition.kind == TypeKind::unknown) return {};
  return fail(
      problem::condition_type, n.a == kNoNode ? id : n.a,
      fmt::format("the condition `{}` is {}, not true or false", words(n.a), described(condition.kind)));
}

Value Evaluator::call(NodeId id, const Node& n) {
  const FunctionCode& f = code_.functions[n.a];
  if (n.flat) {
    // Nothing else runs while the arguments are computed: they go where the function looks for them.
    const std::size_t callee = frame_ + frame_size_;
    if (callee + f.slots > kMaxSlots) return enter(f, id);
    for (std::uint32_t i = 0; i < n.count; ++i) {
      Value& argument = slots_[callee + i];
      argument = eval(code_.lists[n.list + i]);
      if (argument.kind == TypeKind::unknown) return argument;
      if (argument.kind != f.kinds[i] && !fits(f, i, &argument, id)) return {};
    }
    return enter(f, id);
  }
  const std::size_t from = pending_.size();
  Value result{};
  if (list(n)) {
    const std::span<const Value> arguments{pending_.data() + from, pending_.size() - from};
    result = arguments.size() == f.parameters.size() ? run(n.a, arguments, id)
                                                     : wrong_count(f, arguments.size(), id);
  }
  pending_.resize(from);
  return result;
}

Value Evaluator::wrong_count(const FunctionCode& f, std::size_t count, NodeId at) {
  return fail(
      problem::wrong_argument_count, at,
      fmt::format("`{}` takes {}, not {}", f.name, base::count_text(f.parameters.size(), "argument"), count));
}

Value Evaluator::too_deep(const FunctionCode& f, NodeId at) {
  return fail(problem::recursion_too_deep, at, fmt::format("`{}` calls itself too deeply", f.name),
              "A recursion must end after a few hundred calls.");
}

void Evaluator::called_here(const FunctionCode& f, NodeId at) {
  failure_->related.push_back({code_.spans[at], fmt::format("in this call of `{}`", f.name)});
}

Value Evaluator::run(FunctionId function, std::span<const Value> arguments, NodeId at) {
  const FunctionCode& f = code_.functions[function];
  const std::size_t callee = frame_ + frame_size_;
  if (callee + f.slots > kMaxSlots) return enter(f, at);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    slots_[callee + i] = arguments[i];
    if (!fits(f, i, &slots_[callee + i], at)) return {};
  }
  return enter(f, at);
}

// Whether an argument is what the parameter takes; a processor becomes the pair that it also is.
bool Evaluator::fits(const FunctionCode& f, std::size_t i, Value* argument, NodeId at) {
  const TypeKind kind = f.kinds[i];
  if (argument->kind == kind || (kind == TypeKind::integer && is_number(*argument))) return true;
  if (kind == TypeKind::tuple && argument->kind == TypeKind::processor) {
    const auto pair = as_tuple(*argument);
    if (!pair) return false;
    argument->kind = TypeKind::tuple;
    argument->count = 2;
    argument->items = pair->data();
    return true;
  }
  const Node& n = nodes_[at];
  const NodeId place = n.op == Op::call && !n.unpacks ? code_.lists[n.list + i] : at;
  const Parameter& p = f.parameters[i];
  fail(problem::argument_type, place,
       fmt::format("the {} `{}` of `{}` is {}, `{}` is {}", name_of(p.type), p.name.text, f.name,
                   described(kind), words(place), described(argument->kind)));
  return false;
}

// Runs a function whose arguments stand behind the variables of the innermost call.
Value Evaluator::enter(const FunctionCode& f, NodeId at) {
  if (stack_ + f.depth > kMaxStack || frame_ + frame_size_ + f.slots > kMaxSlots) return too_deep(f, at);
  const std::size_t caller_size = frame_size_;
  frame_ += caller_size;
  frame_size_ = f.slots;
  stack_ += f.depth;
  const Value result = f.only == kNoNode ? steps(f, false) : eval(f.only);
  // The innermost call tells where the values came from.
  if (failure_ && failure_->related.empty()) called_here(f, at);
  stack_ -= f.depth;
  frame_ -= caller_size;
  frame_size_ = caller_size;
  return result;
}

Value Evaluator::steps(const FunctionCode& f, bool invariant) {
  for (const Step& s : f.steps) {
    if (s.invariant != invariant) continue;
    if (s.kind == Step::Kind::print) {
      print(s.slot);
      if (failure_) break;
      continue;
    }
    const Value v = eval(s.value);
    if (s.kind == Step::Kind::result || v.kind == TypeKind::unknown) return v;
    slots_[frame_ + s.slot] = v;
  }
  return {};
}

}  // namespace mapwright::lang
