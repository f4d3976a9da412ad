// A mapper's expressions after names and types are resolved: what the evaluator walks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/source.h"
#include "lang/ast.h"
#include "lang/types.h"

namespace mapwright::lang {

using NodeId = std::uint32_t;
using FunctionId = std::uint32_t;
inline constexpr NodeId kNoNode = ~NodeId{0};

// clang-format off
enum class Op : std::uint8_t {
  integer, boolean, processor_kind, memory_kind,  // integers[a]
  local, global,                                  // slot a
  own_point, own_extents,                         // of the task being mapped, the variable a
  star, unpack,                                   // only in lists
  tuple,                                          // list
  negate, not_,                                   // a
  and_, or_,                                      // a, b: b only where it decides
  equal, not_equal, less, greater, less_equal, greater_equal,
  add, subtract, multiply, divide, modulo,        // a op b
  conditional,                                    // a ? b : c
  call,                                           // function a, list
  machine,                                        // kind a
  range,                                          // 0 .. a-1
  index,                                          // a[list]
  slice,                                          // a[b:c]
  comprehension,                                  // tuple(a for slot c in b)
  size, volume, len, ipoint, ispace, parent,      // of a
  element,                                        // a[b] of a tuple
  size_at, ipoint_at, ispace_at,                  // a.op[b], the tuple never made
  split, merge, swap, slice_dim, reverse, balance_split, auto_split, greedy_split,  // a.op(list), inline cache b
  has, processor,                                                                   // a.op(list)
};
// clang-format on

struct Node {
  Op op = Op::integer;
  bool unpacks = false;  // the list has an unpack in it
  bool flat = false;     // a call whose arguments call nothing
  std::uint16_t count = 0;
  std::uint32_t a = kNoNode;
  std::uint32_t b = kNoNode;
  std::uint32_t c = kNoNode;
  std::uint32_t list = 0;
};

struct PrintFormat {
  std::vector<std::string> pieces;  // one more than there are values
  std::vector<NodeId> values;
};

struct Step {
  enum class Kind : std::uint8_t { assign, print, result };
  Kind kind = Kind::result;
  std::uint32_t slot = 0;  // of an assignment; of a print, its format
  NodeId value = kNoNode;
  bool invariant = false;  // the same for all points of a launch
};

struct FunctionCode {
  std::string_view name;
  base::Span head;
  std::vector<Parameter> parameters;
  std::vector<TypeKind> kinds;  // of the parameters
  std::vector<Step> steps;
  NodeId only = kNoNode;    // what it returns, where it does nothing else
  std::uint32_t slots = 0;  // parameters first
  std::uint32_t depth = 1;  // of its deepest expression
};

struct Code {
  std::vector<Node> nodes;
  std::vector<base::Span> spans;  // of the nodes
  std::vector<NodeId> lists;
  std::vector<std::int64_t> integers;
  std::vector<FunctionCode> functions;
  std::vector<PrintFormat> prints;
  std::vector<std::string_view> globals;
  std::vector<Step> start;  // gives the globals their values, in order
  std::uint32_t start_slots = 0;
  std::uint32_t caches = 0;  // of transforms
};

//! Marks the steps of mapping functions whose values do not depend on the point, and the calls that are flat.
void find_invariants(Code* code);

}  // namespace mapwright::lang
