#include "apps/kernels/device.h"

#include <fmt/format.h>

namespace mapwright::apps {

std::string device_parameters(std::size_t buffers) {
  std::string list;
  for (std::size_t b = 0; b < buffers; ++b) list += fmt::format("__global char* b{}, ", b);
  return list + "__global const view_t* v, __global const box_t* p, __global const double* n";
}

program::DeviceKernel device_kernel(std::string_view name, const std::string& source,
                                    std::function<std::int64_t(const program::Call&)> items,
                                    std::function<std::vector<double>(const program::Call&)> numbers) {
  program::DeviceKernel kernel;
  kernel.name = name;
  kernel.source = source;
  kernel.items = items ? std::move(items) : [](const program::Call&) { return std::int64_t{0}; };
  // At least one: devices have no empty buffers.
  kernel.numbers = numbers ? std::move(numbers) : [](const program::Call&) { return std::vector<double>{0}; };
  return kernel;
}

}  // namespace mapwright::apps
