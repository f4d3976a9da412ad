// What this process reads and writes: its job from standard input, its answer to where standard output was.
#pragma once

#include <string>
#include <string_view>

namespace mapwright::rank {

//! What engine::starpu::framed gave; what is there, where it ends before.
std::string read_framed(int from);

//! From now on, this process ends when there is nothing more to be read: whoever started it, be it through a
//! launcher, is no more.
void end_with(int from);

//! Behind the mark by which whoever started this process finds it.
void write_answer(int to, std::string_view answer);

}  // namespace mapwright::rank
