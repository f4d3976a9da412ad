// One process of a real execution: reads a job, makes its plan, runs its part of it on StarPU, verifies the
// answer, and, at process 0, writes what happened to standard output.
#pragma once

namespace mapwright::rank {

//! With --alone it is the only one; otherwise a launcher of MPI started it. The exit status.
int process(int argc, char** argv);

}  // namespace mapwright::rank
