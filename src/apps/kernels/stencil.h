// What the kernels of stencil share.
#pragma once

#include "apps/stencil.h"
#include "program/kernel.h"

namespace mapwright::apps {

enum PointField : std::size_t { kInput, kOutput };

program::DeviceKernel stencil_on_device();
program::DeviceKernel increment_on_device();

}  // namespace mapwright::apps
