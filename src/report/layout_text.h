// The placement of every launch and the homes of the data, for a terminal.
#pragma once

#include <set>
#include <string>

#include "report/layout.h"

namespace mapwright::report {

//! Of one launch or partition; the rest is counted.
inline constexpr std::int64_t kMostColumns = 16;
inline constexpr std::int64_t kMostLines = 16;

inline constexpr const char* kHomes =
    "the memory in which the last task of the loop had each piece, node.index or node";

//! Lines with their ends. In colour, every node has one of eight colours.
std::string layout_text(const plan::Plan& plan, bool color);

//! "calculate_new_currents (8,) on GPU, 2 launches"
std::string title_of(const LaunchPicture& picture, const program::Program& program);
//! "1.2 GB in FBMEM, 3 MB in ZCMEM"
std::string bytes_of(const PartitionPicture& picture, const std::set<machine::MemoryKind>& kinds);
//! "8 points on 8 processors"
std::string counts_of(const LaunchPicture& picture);

}  // namespace mapwright::report
