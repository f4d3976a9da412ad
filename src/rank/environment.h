// What this process has to find in its environment before the libraries that read it are loaded.
#pragma once

#include <string>
#include <vector>

namespace mapwright::rank {

//! Sets what the user did not set, and starts this program again where that changed anything: StarPU without
//! binding and with its counters on, MPI also for root, the kernels of OpenBLAS that suit this processor.
//! `devices`: OpenCL devices are made of the processor (PoCL), each with a memory of its own.
void prepare_environment(char** argv, int devices);

//! What somebody else set for StarPU, as "NAME=value".
std::vector<std::string> stated_by_others(int devices);

//! Removes what libraries left in files.
void leave_nothing();

}  // namespace mapwright::rank
