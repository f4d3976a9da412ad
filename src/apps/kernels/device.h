// What sources of device kernels are made of.
#pragma once

#include <string>

#include "program/kernel.h"

namespace mapwright::apps {

//! The parameters of a kernel with so many buffers, see program::DeviceKernel.
std::string device_parameters(std::size_t buffers);

//! A kernel of one source. Without `items` none is started.
program::DeviceKernel device_kernel(std::string_view name, const std::string& source,
                                    std::function<std::int64_t(const program::Call&)> items = {},
                                    std::function<std::vector<double>(const program::Call&)> numbers = {});

}  // namespace mapwright::apps
