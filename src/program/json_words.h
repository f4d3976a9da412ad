// What program files call things: shared by reading and writing.
#pragma once

#include <array>
#include <string_view>

namespace mapwright::program::words {

inline constexpr std::string_view kSchema = "mapwright.program/1";

//! In the order of the enumerations.
inline constexpr std::array<std::string_view, 5> kPrivileges = {"none", "read", "write", "read_write",
                                                                "reduce"};
inline constexpr std::array<std::string_view, 2> kPrecisions = {"single", "double"};
inline constexpr std::array<std::string_view, 2> kOrders = {"C", "F"};
inline constexpr std::array<std::string_view, 2> kBetter = {"smaller", "larger"};

}  // namespace mapwright::program::words
