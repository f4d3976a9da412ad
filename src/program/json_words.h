// What program files call things: shared by reading and writing.
#pragma once

#include <array>
#include <string_view>

namespace mapwright::program::words {

inline constexpr std::string_view kSchema = "mapwright.program/1";

//! The keys of each object.
inline constexpr std::array<std::string_view, 14> kProgram = {
    "schema", "name",  "description", "ranks_per_node", "parameters", "notes", "metric",
    "traced", "waits", "loop",        "regions",        "partitions", "tasks", "launches"};
//! Those that only a whole program has, not the mere facts that mappers are checked against.
inline constexpr std::array<std::string_view, 5> kWholeProgram = {"schema", "regions", "partitions",
                                                                  "launches", "loop"};
inline constexpr std::array<std::string_view, 3> kFacts = {"name", "ranks_per_node", "tasks"};
inline constexpr std::array<std::string_view, 4> kTaskFacts = {"name", "variants", "regions", "launches"};
inline constexpr std::string_view kSingle = "single";
inline constexpr std::array<std::string_view, 4> kMetric = {"name", "unit", "better", "scale"};
inline constexpr std::array<std::string_view, 4> kLoop = {"begin", "end", "warmup", "iterations"};
inline constexpr std::array<std::string_view, 4> kRegion = {"name", "extents", "bounds", "fields"};
inline constexpr std::array<std::string_view, 6> kPartition = {"name",   "region", "disjoint",
                                                               "pieces", "tiles",  "halo"};
inline constexpr std::array<std::string_view, 3> kTask = {"name", "inner", "variants"};
inline constexpr std::array<std::string_view, 6> kVariant = {
    "kind", "precision", "peak_share", "streaming_share", "order", "layout_failure"};
inline constexpr std::array<std::string_view, 8> kLaunch = {"task",         "domain", "bounds",  "single",
                                                            "requirements", "flops",  "futures", "parent"};
inline constexpr std::array<std::string_view, 2> kParent = {"launch", "point"};
inline constexpr std::array<std::string_view, 7> kRequirement = {
    "partition", "pieces", "privilege", "fields", "streamed", "gathers", "atomics"};

//! In the order of the enumerations.
inline constexpr std::array<std::string_view, 5> kPrivileges = {"none", "read", "write", "read_write",
                                                                "reduce"};
inline constexpr std::array<std::string_view, 2> kPrecisions = {"single", "double"};
inline constexpr std::array<std::string_view, 2> kOrders = {"C", "F"};
inline constexpr std::array<std::string_view, 2> kBetter = {"smaller", "larger"};

}  // namespace mapwright::program::words
