// What the kernels of stencil share.
#pragma once

#include "apps/stencil.h"
#include "program/kernel.h"

namespace mapwright::apps {

//! Fields of points.
inline constexpr std::size_t kInput = 0;
inline constexpr std::size_t kOutput = 1;

program::DeviceKernel stencil_on_device();
program::DeviceKernel increment_on_device();

}  // namespace mapwright::apps
