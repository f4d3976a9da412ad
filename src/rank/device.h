// What OpenCL devices execute: kernels of applications, and blocks of transfers. Called by the worker of a
// device, on buffers that StarPU keeps there.
#pragma once

#include <starpu.h>
#include <starpu_opencl.h>

#include <cstdint>
#include <vector>

#include "program/kernel.h"
#include "rank/transfer.h"

namespace mapwright::rank {

//! The operands of a kernel, as program::DeviceKernel has them; a buffer is null where there is none.
struct DeviceOperands {
  std::vector<cl_mem> buffers;
  std::vector<program::DeviceView> views;
  std::vector<program::DeviceBox> boxes;
};

//! The device of the calling worker. Everything is over when a function returns.
class Device {
 public:
  static void run(const program::DeviceKernel& kernel, const program::Call& call,
                  const DeviceOperands& operands);

  static void pack(const Transfer& transfer, cl_mem source, cl_mem packed);
  static void unpack(const Transfer& transfer, cl_mem packed, cl_mem destination);
  static void move(const Transfer& transfer, cl_mem source, cl_mem destination);
  static void zero(const std::vector<Block>& blocks, cl_mem buffer);
  //! With what is no number.
  static void fill_with_ones(cl_mem buffer, std::int64_t bytes);

  //! Host memory, where it is.
  static cl_mem borrow(void* memory, std::size_t bytes);
  static void give_back(cl_mem memory);
};

}  // namespace mapwright::rank
