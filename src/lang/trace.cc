#include "lang/trace.h"

#include <algorithm>

namespace mapwright::lang {

void Trace::begin(int rank) {
  rank_ = rank;
  used_ = static_cast<std::size_t>(rank);
  located_ = 0;
  operations_.clear();
}

// Beyond the last register the trace is of no use, and never run.
Trace::Register Trace::take() {
  return static_cast<Register>(std::min(used_++, kMaxRegisters - 1));
}

Trace::Register Trace::constant(std::int64_t value) {
  const Register to = take();
  registers_[to] = value;
  return to;
}

Trace::Register Trace::add(Op op, Register a, Register b) {
  const Register to = take();
  if (used_ <= kMaxRegisters) operations_.push_back({op, a, b, to});
  return to;
}

void Trace::locate(const machine::Space* space, std::span<const Register> index) {
  ++located_;
  space_ = space;
  std::ranges::copy(index, index_.begin());
}

std::optional<machine::Processor> Trace::run(const Point& point) {
  std::int64_t* const r = registers_.data();
  std::copy_n(point.begin(), rank_, r);
  for (const Operation& o : operations_) {
    bool fits = false;
    // One copy of calculate() for each operation.
    switch (o.op) {
      case Op::add: fits = calculate(Op::add, r[o.a], r[o.b], &r[o.to]); break;
      case Op::subtract: fits = calculate(Op::subtract, r[o.a], r[o.b], &r[o.to]); break;
      case Op::multiply: fits = calculate(Op::multiply, r[o.a], r[o.b], &r[o.to]); break;
      case Op::divide: fits = calculate(Op::divide, r[o.a], r[o.b], &r[o.to]); break;
      default: fits = calculate(Op::modulo, r[o.a], r[o.b], &r[o.to]); break;
    }
    if (!fits) return std::nullopt;
  }
  std::array<std::int64_t, machine::kMaxRank> index{};
  for (int d = 0; d < space_->rank(); ++d) {
    const std::int64_t i = r[index_[static_cast<std::size_t>(d)]];
    if (i < 0 || i >= space_->extent(d)) return std::nullopt;
    index[static_cast<std::size_t>(d)] = i;
  }
  return space_->locate(index.data());
}

}  // namespace mapwright::lang
