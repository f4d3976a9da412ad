// What the kernels of the six matrix products share: what the matrices begin with.
//
// A is zero, B[i][k] = (1 + i % 7) (1 + k % 5) and C[k][j] = (1 + k % 3) (1 + j % 11): no two blocks next to
// one another are alike, so that wrong ones show, and all sums are whole numbers that doubles hold exactly.
#pragma once

#include <array>

#include "program/kernel.h"

namespace mapwright::apps {

//! An element in row i and column j is zero, or (1 + i % rows) * (1 + j % columns).
struct Filling {
  bool zero;
  std::int64_t rows, columns;

  double at(std::int64_t i, std::int64_t j) const {
    return zero ? 0 : static_cast<double>((1 + i % rows) * (1 + j % columns));
  }
};
//! Of A, B and C.
inline constexpr std::array<Filling, 3> kFillings = {{{true, 1, 1}, {false, 7, 5}, {false, 3, 11}}};

//! Of the matrix that a requirement is a part of.
const Filling& filling(const program::Call& call, std::size_t requirement);

program::DeviceKernel fill_on_device();
program::DeviceKernel product_on_device();
//! For tasks that have nothing to do.
program::DeviceKernel nothing_on_device();

}  // namespace mapwright::apps
