// The evaluator's values: where they are kept, how they are shown, and what an evaluation without one leaves.
#include "lang/evaluator.h"

#include <fmt/format.h>

#include "base/bug.h"
#include "base/text.h"
#include "lang/diagnostics.h"

namespace mapwright::lang {

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

std::string Evaluator::words(NodeId id) const {
  return base::shortened(mapper_->source()->slice(code_.spans[id]), 60);
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
    if (!values) return not_unpacked(item.a, v);
    steps_left_ -= static_cast<std::int64_t>(values->size());
    if (steps_left_ < 0) {
      out_of_steps(item.a);
      return false;
    }
    if (pending_.size() + values->size() > kMaxValues) return list_too_long(item.a);
    pending_.insert(pending_.end(), values->begin(), values->end());
  }
  return true;
}

// Apart from the recursive functions, whose frames their texts would make larger.
bool Evaluator::not_unpacked(NodeId at, Value v) {
  fail(problem::not_a_tuple, at,
       fmt::format("what `*` unpacks is a tuple, `{}` is {}", words(at), described(v.kind)));
  return false;
}

bool Evaluator::list_too_long(NodeId at) {
  fail(problem::too_large, at, fmt::format("a list has more than {} values", kMaxValues));
  return false;
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
  if (untraceable(code_.prints[format].values.empty() ? 0 : code_.prints[format].values[0])) return;
  const PrintFormat& f = code_.prints[format];
  std::string line = f.pieces[0];
  for (std::size_t i = 0; i < f.values.size(); ++i) {
    const Value v = eval(f.values[i]);
    if (failure_) return;
    if (log_.size() < kMaxLog) line += shown(v) + f.pieces[i + 1];
  }
  if (log_.size() < kMaxLog) log_.push_back(std::move(line));
}

}  // namespace mapwright::lang
