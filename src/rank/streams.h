// What this process reads and writes: its job from standard input, its answer to where standard output was.
#pragma once

#include <string>
#include <string_view>

namespace mapwright::rank {

//! All that a descriptor gives.
std::string read_all(int from);

//! Behind the mark by which whoever started this process finds it.
void write_answer(int to, std::string_view answer);

}  // namespace mapwright::rank
