#include "rank/device.h"

#include <fmt/format.h>
#include <map>
#include <stdexcept>
#include <string>

namespace mapwright::rank {
namespace {

// PoCL builds a kernel again for each size of groups, so there is one.
constexpr std::size_t kGroup = 64;

// One item for each element. `what`: 0 copies, 1 adds, 2 fills with zeroes, 3 with ones.
constexpr const char* kBlocks = R"(
typedef struct {
  long extents[3]; long from_offset; long from[3]; long to_offset; long to[3]; long bytes; long what;
} block_t;
__kernel void mapwright_block(__global const uchar* source, __global uchar* destination, const block_t b) {
  long i = get_global_id(0);
  if (i >= b.extents[0] * b.extents[1] * b.extents[2]) return;
  const long x = i % b.extents[0];
  i /= b.extents[0];
  const long y = i % b.extents[1];
  const long z = i / b.extents[1];
  __global uchar* to = destination + b.to_offset + x * b.to[0] + y * b.to[1] + z * b.to[2];
  if (b.what >= 2) {
    for (long k = 0; k < b.bytes; ++k) to[k] = b.what == 2 ? 0 : 255;
    return;
  }
  __global const uchar* from = source + b.from_offset + x * b.from[0] + y * b.from[1] + z * b.from[2];
  if (b.what == 1) {
    if (b.bytes == 4) {
      *(__global float*)to += *(__global const float*)from;
    } else {
      *(__global double*)to += *(__global const double*)from;
    }
  } else if (b.bytes == 8) {
    *(__global ulong*)to = *(__global const ulong*)from;
  } else if (b.bytes == 4) {
    *(__global uint*)to = *(__global const uint*)from;
  } else {
    for (long k = 0; k < b.bytes; ++k) to[k] = from[k];
  }
}
)";

struct DeviceBlock {
  std::array<std::int64_t, 3> extents{};
  std::int64_t from_offset = 0;
  std::array<std::int64_t, 3> from{};
  std::int64_t to_offset = 0;
  std::array<std::int64_t, 3> to{};
  std::int64_t bytes = 0;
  std::int64_t what = 0;
};
constexpr std::int64_t kCopies = 0;
constexpr std::int64_t kAdds = 1;
constexpr std::int64_t kZeroes = 2;
constexpr std::int64_t kOnes = 3;

void check(cl_int status, const char* what) {
  if (status != CL_SUCCESS) throw std::runtime_error(fmt::format("OpenCL: {} gives {}", what, status));
}

// The device of this thread, which is a worker's and stays so.
class Worker {
 public:
  static Worker& get() {
    static thread_local Worker worker;
    return worker;
  }

  cl_command_queue queue() const { return queue_; }
  cl_context context() const { return context_; }

  cl_kernel kernel(const std::string& source, const std::string& name) {
    const auto [known, is_new] = kernels_.try_emplace(name);
    if (!is_new) return known->second;
    cl_int status = CL_SUCCESS;
    known->second = clCreateKernel(built(source), name.c_str(), &status);
    check(status, "clCreateKernel");
    return known->second;
  }

  void start(cl_kernel kernel, std::int64_t items) {
    const std::size_t started = (static_cast<std::size_t>(items) + kGroup - 1) / kGroup * kGroup;
    check(clEnqueueNDRangeKernel(queue_, kernel, 1, nullptr, &started, &kGroup, 0, nullptr, nullptr),
          "clEnqueueNDRangeKernel");
  }
  void finish() { check(clFinish(queue_), "clFinish"); }

 private:
  Worker() {
    const int device = starpu_worker_get_devid(starpu_worker_get_id());
    starpu_opencl_get_device(device, &device_);
    starpu_opencl_get_context(device, &context_);
    starpu_opencl_get_queue(device, &queue_);
  }

  cl_program built(const std::string& source) {
    const auto [known, is_new] = programs_.try_emplace(source);
    if (!is_new) return known->second;
    const std::string text = std::string(program::kDevicePrelude) + source;
    const char* pointer = text.c_str();
    cl_int status = CL_SUCCESS;
    known->second = clCreateProgramWithSource(context_, 1, &pointer, nullptr, &status);
    check(status, "clCreateProgramWithSource");
    status = clBuildProgram(known->second, 1, &device_, "-cl-std=CL1.2", nullptr, nullptr);
    if (status == CL_SUCCESS) return known->second;
    std::string log(4096, '\0');
    clGetProgramBuildInfo(known->second, device_, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), nullptr);
    throw std::runtime_error(fmt::format("OpenCL cannot build the kernels: {}", log.c_str()));
  }

  cl_device_id device_ = nullptr;
  cl_context context_ = nullptr;
  cl_command_queue queue_ = nullptr;
  std::map<std::string, cl_program> programs_;  // by source
  std::map<std::string, cl_kernel> kernels_;
};

// Null: a buffer that is not there.
void give(cl_kernel kernel, cl_uint argument, const cl_mem& buffer) {
  const void* value = buffer == nullptr ? nullptr : static_cast<const void*>(&buffer);
  check(clSetKernelArg(kernel, argument, sizeof(cl_mem), value), "clSetKernelArg");
}

void run_block(const DeviceBlock& block, cl_mem source, cl_mem destination) {
  Worker& worker = Worker::get();
  const cl_kernel kernel = worker.kernel(kBlocks, "mapwright_block");
  give(kernel, 0, source);
  give(kernel, 1, destination);
  check(clSetKernelArg(kernel, 2, sizeof block, &block), "clSetKernelArg");
  worker.start(kernel, block.extents[0] * block.extents[1] * block.extents[2]);
}

// A small table that a kernel reads.
template <class T>
cl_mem table(const std::vector<T>& values) {
  static const T kNone{};
  const T* data = values.empty() ? &kNone : values.data();
  cl_int status = CL_SUCCESS;
  const cl_mem memory =
      clCreateBuffer(Worker::get().context(), CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                     std::max<std::size_t>(1, values.size()) * sizeof(T), const_cast<T*>(data), &status);
  check(status, "clCreateBuffer");
  return memory;
}

}  // namespace

void Device::run(const program::DeviceKernel& kernel, const program::Call& call,
                 const DeviceOperands& operands) {
  const std::int64_t items = kernel.items ? kernel.items(call) : 0;
  if (items == 0) return;
  Worker& worker = Worker::get();
  const std::vector<double> numbers = kernel.numbers ? kernel.numbers(call) : std::vector<double>();
  const std::array tables = {table(operands.views), table(operands.boxes), table(numbers)};
  const cl_kernel k = worker.kernel(kernel.source, kernel.name);
  cl_uint next = 0;
  for (const cl_mem& buffer : operands.buffers) give(k, next++, buffer);
  for (const cl_mem& each : tables) give(k, next++, each);
  worker.start(k, items);
  worker.finish();
  for (const cl_mem each : tables) clReleaseMemObject(each);
}

void Device::pack(const Transfer& transfer, cl_mem source, cl_mem packed) {
  for (const Block& b : transfer.blocks)
    run_block({b.extents, b.from_offset, b.from, b.dense_offset, b.dense, b.bytes, kCopies}, source, packed);
  Worker::get().finish();
}

void Device::unpack(const Transfer& transfer, cl_mem packed, cl_mem destination) {
  for (const Block& b : transfer.blocks)
    run_block(
        {b.extents, b.dense_offset, b.dense, b.to_offset, b.to, b.bytes, transfer.adds ? kAdds : kCopies},
        packed, destination);
  Worker::get().finish();
}

void Device::move(const Transfer& transfer, cl_mem source, cl_mem destination) {
  for (const Block& b : transfer.blocks)
    run_block({b.extents, b.from_offset, b.from, b.to_offset, b.to, b.bytes, transfer.adds ? kAdds : kCopies},
              source, destination);
  Worker::get().finish();
}

void Device::zero(const std::vector<Block>& blocks, cl_mem buffer) {
  for (const Block& b : blocks)
    run_block({b.extents, 0, {}, b.to_offset, b.to, b.bytes, kZeroes}, buffer, buffer);
  Worker::get().finish();
}

void Device::fill_with_ones(cl_mem buffer, std::int64_t bytes) {
  run_block({{bytes, 1, 1}, 0, {}, 0, {1, 0, 0}, 1, kOnes}, buffer, buffer);
  Worker::get().finish();
}

cl_mem Device::borrow(void* memory, std::size_t bytes) {
  cl_int status = CL_SUCCESS;
  const cl_mem buffer = clCreateBuffer(Worker::get().context(), CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR,
                                       bytes, memory, &status);
  check(status, "clCreateBuffer");
  return buffer;
}

void Device::give_back(cl_mem memory) {
  clReleaseMemObject(memory);
}

}  // namespace mapwright::rank
