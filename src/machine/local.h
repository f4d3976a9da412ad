// This computer as a machine.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "machine/machine.h"

namespace mapwright::machine {

//! What can be seen of a computer without measuring anything.
struct Inventory {
  //! A NUMA node with cores: what Legion calls a socket.
  struct Socket {
    std::int64_t cores = 1;
    std::int64_t bytes = 0;
  };
  struct Gpu {
    std::int64_t socket = 0;
    std::optional<std::int64_t> bytes;  //!< nothing where the driver does not say
  };

  std::vector<Socket> sockets;  //!< at least one
  std::vector<Gpu> gpus;
};

//! This computer, as hwloc sees it. Where hwloc fails: one socket with one core.
Inventory take_inventory();

//! One CPU processor for each core, one OMP processor for each socket, one GPU processor for each GPU; the
//! memories are pools of the host memory. What an inventory cannot tell - rates, latencies, costs - is
//! assumed, and the sources say so.
Machine machine_from(const Inventory& inventory);

Machine local_machine();

//! A machine without GPUs, with so many processors that stand in for them: cores that run the kernels of
//! GPUs, each with a framebuffer that is a part of the host memory. Real executions have such.
Machine with_stand_ins(Machine machine, std::int64_t gpus);

}  // namespace mapwright::machine
