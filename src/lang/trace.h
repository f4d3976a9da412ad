// A mapping function as it runs for one launch: plain arithmetic from a point's coordinates to a processor,
// recorded by the evaluator at the launch's first point. Whatever does not depend on the point (calls,
// tuples, machine spaces, conditions on the launch domain) is in it already.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lang/code.h"
#include "lang/domain.h"
#include "machine/space.h"

namespace mapwright::lang {

//! a op b of integers, one of add, subtract, multiply, divide, modulo; false where that has no value or none
//! of 64 bits.
bool calculate(Op op, std::int64_t a, std::int64_t b, std::int64_t* result);

class Trace {
 public:
  using Register = std::uint16_t;
  static constexpr std::size_t kMaxRegisters = 256;

  //! The registers 0 .. rank-1 hold the coordinates.
  void begin(int rank);
  Register constant(std::int64_t value);
  Register add(Op op, Register a, Register b);
  //! What the function returns.
  void locate(const machine::Space* space, std::span<const Register> index);
  //! Whether that is all of it: it returns one processor, and there were registers enough.
  bool complete() const { return located_ == 1 && used_ <= kMaxRegisters; }

  const machine::Space* space() const { return space_; }
  std::int64_t steps() const { return static_cast<std::int64_t>(operations_.size()) + 1; }
  //! The processor of a point; nothing where a calculation fails or the index is outside the space: the
  //! evaluator says why.
  std::optional<machine::Processor> run(const Point& point);

 private:
  struct Operation {
    Op op;
    Register a;
    Register b;
    Register to;
  };

  Register take();

  int rank_ = 0;
  std::size_t used_ = 0;
  std::size_t located_ = 0;
  std::vector<Operation> operations_;
  std::array<std::int64_t, kMaxRegisters> registers_{};
  const machine::Space* space_ = nullptr;
  std::array<Register, machine::kMaxRank> index_{};
};

// Inline: with the operation known, it is one instruction and its checks.
inline bool calculate(Op op, std::int64_t a, std::int64_t b, std::int64_t* result) {
  switch (op) {
    case Op::add: return !__builtin_add_overflow(a, b, result);
    case Op::subtract: return !__builtin_sub_overflow(a, b, result);
    case Op::multiply: return !__builtin_mul_overflow(a, b, result);
    default:
      if (b == -1) {
        *result = 0;  // of a modulo, also where the quotient does not fit
        return op == Op::modulo || !__builtin_sub_overflow(std::int64_t{0}, a, result);
      }
      if (b == 0) return false;
      // Division of 32-bit numbers is several times faster, and nearly all are.
      if (((static_cast<std::uint64_t>(a) | static_cast<std::uint64_t>(b)) >> 32) == 0) {
        const auto x = static_cast<std::uint32_t>(a);
        const auto y = static_cast<std::uint32_t>(b);
        *result = op == Op::divide ? x / y : x % y;
      } else {
        *result = op == Op::divide ? a / b : a % b;
      }
      return true;
  }
}

}  // namespace mapwright::lang
