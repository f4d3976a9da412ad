// Evaluates a mapper's functions on one machine. Launches, calls and expressions: evaluator.cc; values,
// tuples and machine spaces: evaluator_value.cc, evaluator_tuple.cc, evaluator_space.cc.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "lang/domain.h"
#include "lang/mapper.h"
#include "lang/trace.h"
#include "lang/types.h"
#include "machine/grid.h"
#include "machine/space.h"

namespace mapwright::lang {

struct TaskContext;

//! A value of the language; 16 bytes, copied freely. What it points to lives in the evaluator until the
//! evaluation ends. Trivial, so that large blocks of them cost nothing until they are used: `Value v{}` is a
//! failed evaluation.
struct Value {
  TypeKind kind;
  std::uint32_t count;  //!< of a tuple or set; of a processor, its kind
  union {
    std::int64_t integer;  //!< also true and false, kinds, and (node << 32 | index) of a processor
    const Value* items;
    const machine::Space* space;
    const TaskContext* task;
  };
};

inline Value scalar(TypeKind kind, std::int64_t integer) {
  Value v{};
  v.kind = kind;
  v.integer = integer;
  return v;
}

inline Value tuple_from(const Value* items, std::size_t count) {
  Value v{};
  v.kind = TypeKind::tuple;
  v.count = static_cast<std::uint32_t>(count);
  v.items = items;
  return v;
}

//! An integer, or one that stands for those of all points.
inline bool is_number(Value v) {
  return v.kind == TypeKind::integer || v.kind == TypeKind::traced_integer;
}

//! What is known of a task when it is mapped.
struct TaskContext {
  const Point* point = nullptr;  //!< of an index launch
  const Domain* domain = nullptr;
  std::optional<machine::Processor> processor;  //!< where it runs
  const TaskContext* parent = nullptr;
};

//! One processor, or several of one node to choose from.
struct Target {
  machine::ProcessorKind kind = machine::ProcessorKind::gpu;
  std::span<const Value> several;  //!< empty where it is one; values of kind processor
  machine::Processor one;
};

//! For one thread at a time.
class Evaluator {
 public:
  //! Bounds of one evaluation: beyond them it ends with a diagnostic.
  static constexpr std::int64_t kMaxSteps = 1'000'000;
  static constexpr std::size_t kMaxValues = std::size_t{1} << 20;
  static constexpr std::uint32_t kMaxStack = 2'000;               //!< nested expressions, over all calls
  static constexpr std::size_t kMaxSlots = std::size_t{1} << 16;  //!< variables, over all calls

  Evaluator(MapperPtr mapper, const machine::Grid& grid);

  //! Gives the globals their values. All that fail by themselves are reported; nothing else may be called
  //! then.
  base::Diagnostics start();

  //! Where a map puts a task. The target is valid until the next call.
  std::variant<Target, base::Diagnostic> target(const MapChoice& map, const TaskContext& task);
  //! The steps that the last call of target() took.
  std::int64_t steps() const { return kMaxSteps - steps_left_; }

  //! What print statements wrote, at most kMaxLog lines.
  static constexpr std::size_t kMaxLog = 1'000;
  const std::vector<std::string>& log() const { return log_; }

  const machine::Grid& grid() const { return grid_; }
  const MapperPtr& mapper() const { return mapper_; }

 private:
  // What each transform made last, and of what: most make the same for every point.
  struct Made {
    const machine::Space* of = nullptr;
    const machine::Space* space = nullptr;
    std::size_t count = 0;
    std::array<std::int64_t, machine::kMaxRank + 1> arguments{};
  };
  bool as_numbers(std::span<const Value> arguments, Made* numbers);

  // Leaves are read in place; all else is an operation.
  Value eval(NodeId id) {
    const Node& n = nodes_[id];
    if (n.op == Op::local) return slots_[frame_ + n.a];
    if (n.op == Op::integer) return integer(code_.integers[n.a]);
    if (n.op == Op::global && globals_[n.a].kind != TypeKind::unknown) return globals_[n.a];
    if (n.op == Op::own_point && point_.kind == TypeKind::tuple) return point_;
    if (n.op == Op::own_extents && extents_.kind == TypeKind::tuple) return extents_;
    return operation(id, n);
  }
  static Value integer(std::int64_t i) {
    Value v{};
    v.kind = TypeKind::integer;
    v.integer = i;
    return v;
  }
  static Value space_value(const machine::Space* space) {
    Value v{};
    v.kind = TypeKind::space;
    v.space = space;
    return v;
  }
  Value operation(NodeId id, const Node& n);
  Value call(NodeId id, const Node& n);
  Value run(FunctionId f, std::span<const Value> arguments, NodeId at);
  Value enter(const FunctionCode& f, NodeId at);
  bool fits(const FunctionCode& f, std::size_t i, Value* argument, NodeId at);
  //! The steps of the innermost call, those that are invariant or those that are not.
  Value steps(const FunctionCode& f, bool invariant);
  void begin_launch(const MapChoice& map, const TaskContext& task);
  //! What a map's function returns for the task in slot 0 and point_.
  Value answer(const MapChoice& map, const TaskContext& task);
  Value older_form(const MapChoice& map, NodeId at);
  void trace(const MapChoice& map, const TaskContext& task);
  //! What only one point can tell: tracing ends there, and each point is evaluated by itself.
  bool untraceable(NodeId at);
  Trace::Register register_of(Value v);
  [[gnu::cold]] Value out_of_steps(NodeId id);
  [[gnu::cold, gnu::noinline]] Value wrong_count(const FunctionCode& f, std::size_t count, NodeId at);
  [[gnu::cold, gnu::noinline]] Value too_deep(const FunctionCode& f, NodeId at);
  [[gnu::cold, gnu::noinline]] void called_here(const FunctionCode& f, NodeId at);
  [[gnu::cold]] Value unassigned(NodeId id, const Node& n);
  Value machine_space(NodeId id, const Node& n);
  template <Op kOp>
  Value calculation(NodeId id, const Node& n);
  Value tuple(const Node& n);
  Value conditional(NodeId id, const Node& n);
  Value arithmetic(NodeId id, Op op, Value a, Value b);
  Value number_arithmetic(NodeId id, Op op, Value a, Value b);
  Value integer_arithmetic(NodeId id, Op op, std::int64_t a, std::int64_t b);
  [[gnu::cold]] Value arithmetic_failure(NodeId id, Op op, std::int64_t a, std::int64_t b);
  Value compare(NodeId id, const Node& n);
  bool same(NodeId id, Value a, Value b);
  std::string empty_machine(const Node& n);
  Value negate(NodeId id, const Node& n);
  Value logic(const Node& n);
  Value index(NodeId id, const Node& n);
  Value element(NodeId id, const Node& n);
  Value index_tuple(NodeId id, const Node& n, std::span<const Value> tuple);
  Value index_space(NodeId id, const Node& n, const machine::Space* space);
  //! The index: as many numbers as the space has dimensions.
  Value locate(NodeId id, const machine::Space* space, std::span<const Value> index);
  Value locate(NodeId id, const machine::Space* space, std::span<const std::int64_t> index);
  Value processor_set(NodeId id, const machine::Space* space, const Value* index, std::uint32_t stars);
  Value slice(NodeId id, const Node& n);
  Value comprehension(NodeId id, const Node& n);
  Value range(NodeId id, const Node& n);
  Value size(NodeId id, const Node& n);
  Value size_at(NodeId id, const Node& n);
  Value task_element(NodeId id, const Node& n);
  Value task_coordinates(NodeId id, const Node& n, Value object, bool point);
  Value tuple_element(NodeId id, std::int64_t i, std::span<const Value> tuple);
  [[gnu::cold]] Value without_size(NodeId id, const Node& n, Value object);
  [[gnu::cold]] Value outside_tuple(NodeId id, std::int64_t i, std::int64_t size);
  Value number_at(NodeId id, NodeId index, std::int64_t count, const std::int64_t* values);
  Value task_property(NodeId id, const Node& n);
  Value task_processor(NodeId id, const Node& n);
  Value has(NodeId id, const Node& n);
  Value transform(NodeId id, const Node& n);
  Value transformed(NodeId id, const Node& n, const machine::Space* space, std::span<const Value> arguments,
                    std::size_t count);
  Value split(NodeId id, Op op, const machine::Space* space, std::span<const Value> arguments);
  void print(std::uint32_t format);

  //! Puts the values of a list, its unpacks expanded, behind what is pending_ already; false where one
  //! failed. The caller takes them off again.
  bool list(const Node& n);
  [[gnu::cold, gnu::noinline]] bool not_unpacked(NodeId at, Value v);
  [[gnu::cold, gnu::noinline]] bool list_too_long(NodeId at);
  //! A tuple, or the pair that a processor also is; nothing where it is neither.
  std::optional<std::span<const Value>> as_tuple(Value v);
  //! Room for a tuple; null after a failure.
  Value* allocate(std::size_t count, NodeId at);
  //! Whether a value is of a kind; a failure if not, about `what` or, without it, about the words at `at`.
  bool want(Value v, TypeKind kind, NodeId at, const base::DiagnosticKind& problem,
            std::string_view what = {}) {
    return v.kind == kind || unwanted(v, kind, at, problem, what);
  }
  [[gnu::cold]] bool unwanted(Value v, TypeKind kind, NodeId at, const base::DiagnosticKind& problem,
                              std::string_view what);

  Value tuple_value(std::span<const std::int64_t> integers, NodeId at);
  [[gnu::cold]] Value fail(const base::DiagnosticKind& kind, NodeId at, std::string message,
                           std::string note = "");
  std::string words(NodeId id) const;
  std::string shown(Value v) const;
  base::Diagnostic take_failure();

  MapperPtr mapper_;
  const Code& code_;
  const Node* nodes_;  // of code_
  machine::Grid grid_;
  machine::SpacePool global_spaces_;   // live as long as the evaluator
  machine::SpacePool passing_spaces_;  // made by functions; forgotten between evaluations when they are many
  machine::SpacePool* spaces_ = &global_spaces_;
  std::vector<Made> made_;
  std::vector<Value> globals_;
  std::vector<std::string> log_;

  // Tuples: kMaxValues places, given out in order. Those of globals stay, the others go with their
  // evaluation.
  std::unique_ptr<Value[]> values_;
  std::size_t values_used_ = 0;
  std::size_t values_of_globals_ = 0;
  // What is the same for all points of a launch is computed at its first point. The mapping function's
  // variables keep their places below those of the functions that it calls.
  std::optional<MapChoice> launch_map_;
  Domain launch_domain_;
  std::size_t values_of_launch_ = 0;
  Value extents_{};
  Value point_{};
  Trace trace_;
  bool tracing_ = false;
  bool traced_ = false;  // trace_ maps the points of the launch at hand
  // The variables of all active calls.
  std::unique_ptr<Value[]> slots_;
  std::size_t frame_ = 0;       // where those of the innermost call begin
  std::size_t frame_size_ = 0;  // and how many it has
  std::vector<Value> pending_;  // values of the lists under way
  std::int64_t steps_left_ = 0;
  std::uint32_t stack_ = 0;
  std::optional<base::Diagnostic> failure_;
};

inline Value Evaluator::integer_arithmetic(NodeId id, Op op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (!calculate(op, a, b, &result)) [[unlikely]]
    return arithmetic_failure(id, op, a, b);
  return integer(result);
}

}  // namespace mapwright::lang
