// Stencil's kernels for devices: one work item for each point of a tile, and of its slots.
#include <fmt/format.h>

#include <algorithm>

#include "apps/kernels/device.h"
#include "apps/kernels/stencil.h"

namespace mapwright::apps {
namespace {

using program::Call;

// Work items do not wait for one another: those of points inside the tile read what neighbours pass on where
// it comes from, while others copy it to where it belongs.
constexpr const char* kSource = R"(
#pragma OPENCL EXTENSION cl_khr_fp64 : enable

bool empty(__global const box_t* p) { return p->hi[0] < p->lo[0] || p->hi[1] < p->lo[1]; }
long size(__global const box_t* p) {
  return empty(p) ? 0 : (p->hi[0] - p->lo[0] + 1) * (p->hi[1] - p->lo[1] + 1);
}

// The side of the tile's halo that a point is in, 4 if it is inside, 5 if nobody reads it.
int side_of(__global const box_t* tile, long x, long y) {
  bool left = x < tile->lo[0] + 2, right = x > tile->hi[0] - 2;
  bool below = y < tile->lo[1] + 2, above = y > tile->hi[1] - 2;
  if ((left || right) && (below || above)) return 5;
  return left ? 0 : right ? 1 : below ? 2 : above ? 3 : 4;
}

#define SLOT(b, r) AT2(double, b, p[r].lo[0] + dx, p[r].lo[1] + dy)
double input(int side, long x, long y, __global char* b0, __global char* b2, __global char* b3,
             __global char* b4, __global char* b5, __global const view_t* v, __global const box_t* p) {
  if (side == 4 || empty(p + 2 + side)) return AT2(double, 0, x, y);
  long dx = side == 0 ? x - p->lo[0] : side == 1 ? x - (p->hi[0] - 1) : x - (p->lo[0] + 2);
  long dy = side == 2 ? y - p->lo[1] : side == 3 ? y - (p->hi[1] - 1) : y - (p->lo[1] + 2);
  return side == 0 ? SLOT(2, 2) : side == 1 ? SLOT(3, 3) : side == 2 ? SLOT(4, 4) : SLOT(5, 5);
}

#define IN(x, y) input(side_of(p, x, y), x, y, b0, b2, b3, b4, b5, v, p)
__kernel void stencil(STENCIL_PARAMETERS) {
  long i = (long)get_global_id(0);
  if (i == 0) AT(double, 6, p[6].lo[0]) += 1;
  if (i >= size(p)) return;
  long width = p->hi[0] - p->lo[0] + 1;
  long x = p->lo[0] + i % width, y = p->lo[1] + i / width;
  int side = side_of(p, x, y);
  if (side == 4) {
    double near = (IN(x + 1, y) - IN(x - 1, y)) + (IN(x, y + 1) - IN(x, y - 1));
    double far = (IN(x + 2, y) - IN(x - 2, y)) + (IN(x, y + 2) - IN(x, y - 2));
    AT2(double, 1, x, y) += 0.25 * near + 0.125 * far;
  } else if (side < 4 && !empty(p + 2 + side)) {
    AT2(double, 0, x, y) = IN(x, y);
  }
}

// One point of a box, if the work item is one of its own; counts off the box.
#define ADD_ONE(b, r) \
  if (i >= 0 && i < size(p + r)) { \
    long width = p[r].hi[0] - p[r].lo[0] + 1; \
    AT2(double, b, p[r].lo[0] + i % width, p[r].lo[1] + i / width) += 1; \
  } \
  i -= size(p + r);
__kernel void increment(INCREMENT_PARAMETERS) {
  long i = (long)get_global_id(0);
  if (i == 0) AT(double, 6, p[6].lo[0]) += 1;
  ADD_ONE(0, 1) ADD_ONE(1, 2) ADD_ONE(2, 3) ADD_ONE(3, 4) ADD_ONE(4, 5)
}
)";

const std::string& source() {
  static const std::string kText =
      fmt::format("#define STENCIL_PARAMETERS {}\n#define INCREMENT_PARAMETERS {}\n{}", device_parameters(8),
                  device_parameters(7), kSource);
  return kText;
}

std::int64_t points(const Call& call, std::size_t requirement) {
  return call.piece(requirement).extent(0) * call.piece(requirement).extent(1);
}

// At least one: the first counts the time.
std::int64_t to_increment(const Call& call) {
  std::int64_t sum = 0;
  for (std::size_t r = 1; r < 6; ++r) sum += points(call, r);
  return std::max<std::int64_t>(1, sum);
}

}  // namespace

program::DeviceKernel stencil_on_device() {
  return device_kernel("stencil", source(), [](const Call& call) { return points(call, 0); });
}

program::DeviceKernel increment_on_device() {
  return device_kernel("increment", source(), to_increment);
}

}  // namespace mapwright::apps
