// Measures what a simulator has to know of this computer, instead of executing a job: `mapwright-rank
// --measure`, alone or as two processes that a launcher started.
#pragma once

namespace mapwright::rank {

//! Reads a question (engine/starpu/measurements.h) from standard input and writes the answer to `out`.
int measure(int out, bool alone);

}  // namespace mapwright::rank
