// A mapper as it was written. Names stay views into the source, which the tree keeps alive.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/source.h"
#include "lang/token.h"
#include "machine/kinds.h"

namespace mapwright::lang {

using ExprId = std::uint32_t;
inline constexpr ExprId kNoExpr = ~ExprId{0};

//! Deepest expression, counted in operators, brackets and calls: deeper ones are refused, so that no walk
//! over a tree can exhaust the stack.
inline constexpr int kMaxExprDepth = 200;

enum class ExprKind : std::uint8_t {
  error,           // reported already
  integer,         // value
  boolean,         // value
  processor_kind,  // value
  memory_kind,     // value
  star,            // * alone
  name,
  tuple,          // list
  unpack,         // *a
  negate,         // -a
  not_,           // !a
  binary,         // a op b
  conditional,    // a ? b : c
  call,           // a(list)
  index,          // a[list]
  slice,          // a[b:c], either end may be missing
  property,       // a.word
  comprehension,  // tuple(a for word in b)
};

// clang-format off
enum class BinaryOp : std::uint8_t {
  or_, and_, equal, not_equal, less, greater, less_equal, greater_equal, add, subtract, multiply, divide, modulo
};

enum class Property : std::uint8_t {
  size, split, merge, swap, slice, reverse, balance_split, auto_split, greedy_split,
  volume, has, len, ipoint, ispace, parent, processor
};
// clang-format on

struct Expr {
  ExprKind kind = ExprKind::error;
  std::uint8_t detail = 0;  // BinaryOp or Property
  std::uint16_t depth = 1;  // of the tree below
  std::uint32_t count = 0;  // of the list
  ExprId a = kNoExpr;
  ExprId b = kNoExpr;
  ExprId c = kNoExpr;
  std::uint32_t list = 0;  // where the list begins in Ast::lists
  base::Span word;         // the name, operator or property itself
  base::Span span;
  std::int64_t value = 0;
};

//! A task or region name, `*`, a processor kind or a region index, as written (without quotes).
struct Name {
  std::string_view text;
  base::Span span;
  bool quoted = false;

  bool any() const { return text == "*" && !quoted; }
};

template <class Kind>
struct KindRef {
  Kind kind;
  base::Span span;
};
using ProcessorRef = KindRef<machine::ProcessorKind>;
using MemoryRef = KindRef<machine::MemoryKind>;

enum class AlignOp : std::uint8_t { less, less_equal, greater, greater_equal, equal, not_equal };

enum class ParameterType : std::uint8_t { int_, bool_, ipoint, ispace, mspace, task };

struct TaskStatement {
  std::vector<Name> tasks;
  std::vector<ProcessorRef> kinds;
  base::Span span;
};

struct RegionStatement {
  Name task;
  Name region;
  std::vector<ProcessorRef> kind;  // none means *
  std::vector<MemoryRef> memories;
  base::Span span;
};

struct LayoutConstraint {
  enum class Kind : std::uint8_t { soa, aos, c_order, f_order, compact, exact, align };
  Kind kind = Kind::soa;
  AlignOp op = AlignOp::equal;
  std::int64_t bytes = 0;
  base::Span span;
};

struct LayoutStatement {
  Name task;
  Name region;
  std::variant<std::monostate, ProcessorRef, MemoryRef> where;  // none means *
  std::vector<LayoutConstraint> constraints;
  base::Span span;
};

struct LimitStatement {
  Name task;
  std::int64_t limit = 0;
  base::Span span;
};

struct CollectStatement {
  Name task;
  Name region;
  base::Span span;
};

struct MapStatement {
  bool index = true;               // IndexTaskMap, else SingleTaskMap
  std::vector<Name> tasks;         // names, or one `*`
  std::vector<ProcessorRef> kind;  // one, instead of tasks
  Name machine;                    // older form only: the machine variable
  Name function;
  base::Span span;
};

struct ReplicateStatement {
  std::vector<Name> tasks;
  base::Span span;
};

struct Assignment {
  Name name;
  ExprId value = kNoExpr;
  base::Span span;
};

struct Print {
  Name format;
  std::vector<ExprId> values;
  base::Span span;
};

struct Return {
  ExprId value = kNoExpr;
  base::Span span;
};

struct Parameter {
  ParameterType type = ParameterType::task;
  Name name;
  base::Span type_span;
};

struct Function {
  Name name;
  std::vector<Parameter> parameters;
  std::vector<std::variant<Assignment, Print, Return>> body;
  base::Span head;
  base::Span span;
  bool broken = false;       // part of it did not parse, so what it lacks is not known
  bool broken_head = false;  // and its parameters are not known either
};

using Statement =
    std::variant<TaskStatement, RegionStatement, LayoutStatement, LimitStatement, CollectStatement,
                 MapStatement, ReplicateStatement, Assignment, Print, Function>;

struct Ast {
  base::SourcePtr source;
  TokenList words;
  std::vector<Statement> statements;
  std::vector<Expr> exprs;
  std::vector<ExprId> lists;

  const Expr& operator[](ExprId id) const { return exprs[id]; }
  std::span<const ExprId> list_of(const Expr& e) const { return {lists.data() + e.list, e.count}; }
};

//! Reads the whole text; every independent problem is reported. The tree holds what could be read.
Ast parse(const base::SourcePtr& source, base::Diagnostics* problems);

std::string_view name_of(BinaryOp op);
std::string_view name_of(Property property);
std::string_view name_of(ParameterType type);

}  // namespace mapwright::lang
