#include "lang/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

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

Value scalar(TypeKind kind, std::int64_t integer) {
  Value v{};
  v.kind = kind;
  v.integer = integer;
  return v;
}

}  // namespace

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
    std::fill(made_.begin(), made_.end(), Made{});
    launch_map_.reset();
  }
  if (task.point == nullptr || launch_map_ != map || launch_domain_ != *task.domain) begin_launch(map, task);
  values_used_ = values_of_launch_;
  const FunctionCode& f = code_.functions[map.function];
  const NodeId returned = f.steps.back().value;
  Value result{};
  point_ = Value{};
  if (!failure_) {
    if (task.point != nullptr) point_ = tuple_value(task.domain->at(*task.point), returned);
    if (map.machine == kNoNode) {
      frame_size_ = f.slots;
      stack_ = f.depth;
      result = steps(f, false);
    } else {
      result = older_form(map, task, returned);
    }
  }
  if (failure_) launch_map_.reset();
  Target target;
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
}

// machine[*function(point, extents, machine)]
Value Evaluator::older_form(const MapChoice& map, const TaskContext& task, NodeId at) {
  base::expects(task.point != nullptr, "the older form maps index launches");
  const Value machine = globals_[map.machine];
  if (!want(machine, TypeKind::space, at, problem::argument_type, "the machine of this map")) return {};
  const std::array<Value, 3> arguments{point_, extents_, machine};
  const Value result = run(map.function, arguments, at);
  if (failure_) return {};
  const auto indices =
      result.kind == TypeKind::integer ? std::optional(std::span<const Value>(&result, 1)) : as_tuple(result);
  if (!indices) {
    return fail(problem::result_not_processor, at,
                fmt::format("`{}` returns {}, not an index of `{}`", code_.functions[map.function].name,
                            described(result.kind), code_.globals[map.machine]),
                "With a machine variable, a mapping function returns a tuple of indices.");
  }
  std::array<std::int64_t, machine::kMaxRank> index{};
  for (std::size_t i = 0; i < std::min(indices->size(), index.size()); ++i) {
    if (!want((*indices)[i], TypeKind::integer, at, problem::index_type, "an index of a machine")) return {};
    index[i] = (*indices)[i].integer;
  }
  if (indices->size() != static_cast<std::size_t>(machine.space->rank())) {
    return fail(problem::machine_index_arity, at,
                fmt::format("`{}` has {} dimensions, not {}", code_.globals[map.machine],
                            machine.space->rank(), indices->size()));
  }
  return locate(at, machine.space, {index.data(), indices->size()});
}

// -------------------------------------------------------------------------------------------------------
// plumbing

Value Evaluator::fail(const base::DiagnosticKind& kind, NodeId at, std::string message, std::string note) {
  // The first failure is the cause of all others.
  if (!failure_)
    failure_ = base::Diagnostic{
        &kind, mapper_->source(), code_.spans[at], std::move(message), std::move(note), {}, {}};
  return {};
}

base::Diagnostic Evaluator::take_failure() {
  base::expects(failure_.has_value(), "a failed evaluation says why");
  base::Diagnostic d = std::move(*failure_);
  failure_.reset();
  return d;
}

std::string_view Evaluator::words(NodeId id) const {
  return base::cut_right(mapper_->source()->slice(code_.spans[id]), 60);
}

Value* Evaluator::allocate(std::size_t count, NodeId at) {
  if (count > kMaxValues - values_used_) {
    fail(problem::too_large, at,
         fmt::format("the tuples of this evaluation have more than {} elements", kMaxValues));
    return nullptr;
  }
  values_used_ += count;
  return values_.get() + (values_used_ - count);
}

bool Evaluator::unwanted(Value v, TypeKind kind, NodeId at, const base::DiagnosticKind& problem,
                         std::string_view what) {
  if (v.kind != TypeKind::unknown) {
    const std::string subject = what.empty() ? fmt::format("`{}`", words(at)) : std::string(what);
    fail(problem, at, fmt::format("{} is {}, not {}", subject, described(v.kind), described(kind)));
  }
  return false;
}

Value Evaluator::tuple_value(std::span<const std::int64_t> integers, NodeId at) {
  Value v{};
  Value* items = allocate(integers.size(), at);
  if (items == nullptr) return v;
  for (std::size_t i = 0; i < integers.size(); ++i) items[i] = scalar(TypeKind::integer, integers[i]);
  v.kind = TypeKind::tuple;
  v.count = static_cast<std::uint32_t>(integers.size());
  v.items = items;
  return v;
}

std::optional<std::span<const Value>> Evaluator::as_tuple(Value v) {
  if (v.kind == TypeKind::tuple) return std::span<const Value>{v.items, v.count};
  if (v.kind != TypeKind::processor) return std::nullopt;
  const std::array<std::int64_t, 2> pair{v.integer >> 32, v.integer & 0xFFFFFFFF};
  const Value tuple = tuple_value(pair, 0);
  if (tuple.kind != TypeKind::tuple) return std::nullopt;
  return std::span<const Value>{tuple.items, tuple.count};
}

bool Evaluator::list(const Node& n) {
  for (std::uint32_t i = 0; i < n.count; ++i) {
    const NodeId id = code_.lists[n.list + i];
    const Node& item = code_.nodes[id];
    const bool unpack = item.op == Op::unpack;
    const Value v = eval(unpack ? item.a : id);
    if (v.kind == TypeKind::unknown) return false;
    if (!unpack) {
      pending_.push_back(v);
      continue;
    }
    const auto values = as_tuple(v);
    if (!values) {
      fail(problem::not_a_tuple, item.a,
           fmt::format("what `*` unpacks is a tuple, `{}` is {}", words(item.a), described(v.kind)));
      return false;
    }
    steps_left_ -= static_cast<std::int64_t>(values->size());
    if (steps_left_ < 0) {
      out_of_steps(item.a);
      return false;
    }
    if (pending_.size() + values->size() > kMaxValues) {
      fail(problem::too_large, item.a, fmt::format("a list has more than {} values", kMaxValues));
      return false;
    }
    pending_.insert(pending_.end(), values->begin(), values->end());
  }
  return true;
}

std::string Evaluator::shown(Value v) const {
  switch (v.kind) {
    case TypeKind::integer: return fmt::format("{}", v.integer);
    case TypeKind::boolean: return v.integer != 0 ? "True" : "False";
    case TypeKind::processor_kind:
      return std::string(name_of(static_cast<machine::ProcessorKind>(v.integer)));
    case TypeKind::memory_kind: return std::string(name_of(static_cast<machine::MemoryKind>(v.integer)));
    case TypeKind::space:
      return fmt::format("Machine({}){}", name_of(v.space->kind()), base::tuple_text(v.space->extents()));
    case TypeKind::processor:
      return fmt::format("{}({}, {})", name_of(static_cast<machine::ProcessorKind>(v.count)), v.integer >> 32,
                         v.integer & 0xFFFFFFFF);
    case TypeKind::tuple:
    case TypeKind::processors: {
      constexpr std::uint32_t kMost = 64;
      std::string text = "(";
      for (std::uint32_t i = 0; i < std::min(v.count, kMost); ++i) {
        // Nested tuples share the limit on the length.
        if (text.size() > 1'000) break;
        text += fmt::format("{}{}", i == 0 ? "" : ", ", shown(v.items[i]));
      }
      if (v.count > kMost) text += ", ...";
      return text + (v.count == 1 ? ",)" : ")");
    }
    default: return std::string(described(v.kind));
  }
}

void Evaluator::print(std::uint32_t format) {
  const PrintFormat& f = code_.prints[format];
  std::string line = f.pieces[0];
  for (std::size_t i = 0; i < f.values.size(); ++i) {
    const Value v = eval(f.values[i]);
    if (failure_) return;
    if (log_.size() < kMaxLog) line += shown(v) + f.pieces[i + 1];
  }
  if (log_.size() < kMaxLog) log_.push_back(std::move(line));
}

// ----------------------------------------------------------------------------------------------------
// expressions

template <Op op>
Value Evaluator::calculation(NodeId id, const Node& n) {
  const Value a = eval(n.a);
  if (a.kind == TypeKind::unknown) return a;
  const Value b = eval(n.b);
  if (b.kind == TypeKind::unknown) return b;
  if (a.kind == TypeKind::integer && b.kind == TypeKind::integer) [[likely]] {
    return integer_arithmetic(id, op, a.integer, b.integer);
  }
  return arithmetic(id, op, a, b);
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
    if (arguments.size() != f.parameters.size()) {
      fail(problem::wrong_argument_count, id,
           fmt::format("`{}` takes {} argument{}, not {}", f.name, f.parameters.size(),
                       f.parameters.size() == 1 ? "" : "s", arguments.size()));
    } else {
      result = run(n.a, arguments, id);
    }
  }
  pending_.resize(from);
  return result;
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
  if (argument->kind == kind) return true;
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
  if (stack_ + f.depth > kMaxStack || frame_ + frame_size_ + f.slots > kMaxSlots) {
    return fail(problem::recursion_too_deep, at, fmt::format("`{}` calls itself too deeply", f.name),
                "A recursion must end after a few hundred calls.");
  }
  const std::size_t caller_size = frame_size_;
  frame_ += caller_size;
  frame_size_ = f.slots;
  stack_ += f.depth;
  const Value result = f.only == kNoNode ? steps(f, false) : eval(f.only);
  // The innermost call tells where the values came from.
  if (failure_ && failure_->related.empty()) {
    failure_->related.push_back({code_.spans[at], fmt::format("in this call of `{}`", f.name)});
  }
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
  const auto left = as_tuple(a);
  const auto right = as_tuple(b);
  if ((!left && a.kind != TypeKind::integer) || (!right && b.kind != TypeKind::integer)) {
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
    if (!want(x, TypeKind::integer, id, problem::operand_type, "an element") ||
        !want(y, TypeKind::integer, id, problem::operand_type, "an element")) {
      return {};
    }
    items[i] = integer_arithmetic(id, op, x.integer, y.integer);
    if (items[i].kind == TypeKind::unknown) {
      failure_->note = fmt::format("The operands are {} and {}.", shown(a), shown(b)) +
                       (failure_->note.empty() ? "" : " ") + failure_->note;
      return {};
    }
  }
  Value v{};
  v.kind = TypeKind::tuple;
  v.count = static_cast<std::uint32_t>(count);
  v.items = items;
  return v;
}

Value Evaluator::negate(NodeId id, const Node& n) {
  const Value a = eval(n.a);
  if (a.kind == TypeKind::unknown) return a;
  if (a.kind == TypeKind::integer) return integer_arithmetic(id, Op::subtract, 0, a.integer);
  if (!as_tuple(a))
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
  const auto left = as_tuple(a);
  const auto right = as_tuple(b);
  if (!left || !right) return a.kind == b.kind && a.integer == b.integer;
  return std::equal(left->begin(), left->end(), right->begin(), right->end(),
                    [&](const Value& x, const Value& y) { return same(id, x, y); });
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
  Value v{};
  v.kind = TypeKind::tuple;
  v.count = static_cast<std::uint32_t>(values->size());
  v.items = items;
  return v;
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
  Value v{};
  v.kind = TypeKind::tuple;
  v.count = static_cast<std::uint32_t>(std::max<std::int64_t>(*to - *from, 0));
  v.items = tuple->data() + (v.count == 0 ? 0 : *from);
  return v;
}

}  // namespace mapwright::lang
