// What this process reads and writes: its job from standard input, its answer to where standard output was.
#pragma once

#include <string>
#include <string_view>

#include "rank/peers.h"

namespace mapwright::rank {

//! The job or question that process 0 was given (engine::starpu::framed), at all processes at the same time.
//! From then on, all end when its standard input does: whoever started them, be it through a launcher, is no
//! more.
std::string received(Peers* peers);

//! Behind the mark by which whoever started this process finds it.
void write_answer(int to, std::string_view answer);

}  // namespace mapwright::rank
