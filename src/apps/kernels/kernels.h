// What the nine applications compute, really, and how their answers are verified.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "program/kernel.h"

namespace mapwright::apps {

//! The kernels of a program that apps::make made; null for any other. The program outlives them.
std::shared_ptr<const program::Kernels> kernels_of(const program::Program& program);

}  // namespace mapwright::apps
