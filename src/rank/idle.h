// What threads of this process do while there is nothing to do.
//
// StarPU's workers and Open MPI look for work all the time, and yield the processor in between (Debian builds
// StarPU without its blocking drivers). Where there are more threads than cores, that leaves those that
// compute a small share of the time. In this program yielding is a short sleep then.
#pragma once

namespace mapwright::rank {

//! From now on; `crowded`: there are more threads than cores on this computer.
void share_cores(bool crowded);

//! The calling worker has found something to do.
void found_work();

}  // namespace mapwright::rank
