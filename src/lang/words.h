// The words that mean something in their place, as tables.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "lang/ast.h"

namespace mapwright::lang {

inline constexpr std::array<std::string_view, 16> kPropertyNames{
    "size",         "split",  "merge", "swap", "slice",  "reverse", "balance_split", "auto_split",
    "greedy_split", "volume", "has",   "len",  "ipoint", "ispace",  "parent",        "processor"};
inline constexpr std::array<std::string_view, 13> kBinaryNames{
    "||", "&&", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"};
inline constexpr std::array<std::string_view, 6> kTypeNames{"int",    "bool",   "IPoint",
                                                            "ISpace", "MSpace", "Task"};
inline constexpr std::array<std::string_view, 7> kConstraintNames{"SOA",     "AOS",   "C_order", "F_order",
                                                                  "Compact", "Exact", "Align"};
inline constexpr std::array<std::string_view, 10> kStatementNames{
    "Task",         "Region",        "Layout",           "InstanceLimit", "CollectMemory",
    "IndexTaskMap", "SingleTaskMap", "ControlReplicate", "def",           "print"};

template <std::size_t N>
constexpr std::optional<std::size_t> find_word(const std::array<std::string_view, N>& words,
                                               std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == word) return i;
  }
  return std::nullopt;
}

//! Methods take arguments; the other properties are values.
constexpr bool is_method(Property p) {
  switch (p) {
    case Property::size:
    case Property::volume:
    case Property::len:
    case Property::ipoint:
    case Property::ispace:
    case Property::parent: return false;
    default: return true;
  }
}

}  // namespace mapwright::lang
