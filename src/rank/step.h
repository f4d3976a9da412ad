// One StarPU task: an end of an op, with all that it needs when its turn comes.
#pragma once

#include <starpu.h>

#include <memory>
#include <string>
#include <vector>

#include "program/kernel.h"
#include "rank/device.h"
#include "rank/fault.h"
#include "rank/routes.h"
#include "rank/storage.h"
#include "rank/transfer.h"

namespace mapwright::rank {

class Executor;

struct Step {
  enum class Kind : std::uint8_t {
    task,
    move,    //!< a transfer within a memory, or between memories of the host
    pack,    //!< of a transfer, into a buffer that StarPU moves
    unpack,  //!< out of it
    make,    //!< an instance on a device: its bytes
    wait,    //!< nothing but what it waits for
  };

  Executor* owner = nullptr;
  Kind kind = Kind::task;
  plan::OpId op = 0;
  End end = End::main;
  bool on_device = false;
  std::string name;  //!< "stencil[3]", for people
  starpu_task* task = nullptr;
  Fault::Kind fault = Fault::Kind::none;

  // Of a task: what holds each of its uses, in their order; the futures of its launch, plan::kNone before the
  // first; the cells that it begins with zeroes in.
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::vector<plan::OpId> futures;
  struct Zeroes {
    std::size_t buffer = 0;  //!< index into buffers
    std::vector<Block> blocks;
  };
  std::vector<Zeroes> zeroes;

  // Of a transfer, or what is made: the destination.
  std::shared_ptr<Buffer> source;
  std::shared_ptr<Buffer> destination;
  std::shared_ptr<const Transfer> transfer;

  //! What StarPU hands over to the task, in its order: the packed buffer, then instances of devices.
  struct Handle {
    starpu_data_handle_t handle = nullptr;
    starpu_data_access_mode mode = STARPU_R;
  };
  std::vector<Handle> handles;

  //! Here and now, by a worker of the host or of a device.
  void run(void** handed);
};

//! What the calling thread is doing, in a form that a signal handler can show; null: nothing.
const char* doing();

//! The codelets of all steps.
starpu_codelet* host_codelet();
starpu_codelet* device_codelet();

}  // namespace mapwright::rank
