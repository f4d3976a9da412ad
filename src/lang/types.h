// What can be known of a value before anything is evaluated.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "machine/kinds.h"

namespace mapwright::lang {

//! The kinds of values; also what the evaluator's values are made of. The traced ones stand for an integer
//! and a processor that differ from point to point, only while a launch is traced (trace.h).
// clang-format off
enum class TypeKind : std::uint8_t {
  unknown, integer, boolean, tuple, space, processor, processors, task, processor_kind, memory_kind,
  traced_integer, traced_processor
};
// clang-format on

struct Type {
  TypeKind kind = TypeKind::unknown;
  int rank = -1;          // of a space, -1 where not known
  bool integers = false;  // a tuple of nothing else

  bool is(TypeKind k) const { return kind == k; }
  //! Whether a value of this type may turn out to be one of these.
  template <class... Kinds>
  bool may_be(Kinds... kinds) const {
    return kind == TypeKind::unknown || ((kind == kinds) || ...);
  }
};

constexpr Type of(TypeKind kind, int rank = -1) {
  return {kind, rank};
}
//! A tuple, of integers only if that is certain.
constexpr Type tuple_of(bool integers) {
  return {TypeKind::tuple, -1, integers};
}

//! "an integer", "a machine space": with its article, for messages.
std::string_view described(TypeKind kind);

}  // namespace mapwright::lang
