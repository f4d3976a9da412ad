// The matrix products' kernels for devices.
#include <fmt/format.h>

#include "apps/kernels/device.h"
#include "apps/kernels/gemm.h"

namespace mapwright::apps {
namespace {

using program::Call;

// Rows and columns of the result that one work item computes: as much as fits into registers.
constexpr std::int64_t kTile = 8;

constexpr const char* kSource = R"(
#pragma OPENCL EXTENSION cl_khr_fp64 : enable

__kernel void nothing(PARAMETERS_0) {}

// n: whether there is anything but zeros, and after how many rows and columns numbers come again.
__kernel void fill(PARAMETERS_1) {
  long width = p[0].hi[1] - p[0].lo[1] + 1;
  long at = (long)get_global_id(0);
  long i = p[0].lo[0] + at / width, j = p[0].lo[1] + at % width;
  if (i > p[0].hi[0]) return;
  AT2(double, 0, i, j) = n[0] == 0 ? 0 : (double)((1 + i % (long)n[1]) * (1 + j % (long)n[2]));
}

#define TILE 8
#define C(k, j) AT2(double, 2, k, j)
__kernel void product(PARAMETERS_3) {
  long across = (p[0].hi[1] - p[0].lo[1]) / TILE + 1;
  long at = (long)get_global_id(0);
  long i = p[0].lo[0] + at / across * TILE, j = p[0].lo[1] + at % across * TILE;
  if (i > p[0].hi[0]) return;
  long first = p[1].lo[1], last = p[1].hi[1];
  long rows = min((long)TILE, p[0].hi[0] - i + 1), columns = min((long)TILE, p[0].hi[1] - j + 1);
  if (rows < TILE || columns < TILE) {
    for (long r = i; r < i + rows; ++r) {
      for (long c = j; c < j + columns; ++c) {
        double sum = 0;
        for (long k = first; k <= last; ++k) sum += AT2(double, 1, r, k) * C(k, c);
        AT2(double, 0, r, c) += sum;
      }
    }
    return;
  }
  // Vectors of eight would be as fast, but processors without them warn of every one.
  double4 left[TILE], right[TILE];
  for (int r = 0; r < TILE; ++r) left[r] = right[r] = 0;
  bool dense = v[2].stride[1] == sizeof(double);
  for (long k = first; k <= last; ++k) {
    double4 c, d;
    if (dense) {
      c = vload4(0, &C(k, j));
      d = vload4(0, &C(k, j + 4));
    } else {
      c = (double4)(C(k, j), C(k, j + 1), C(k, j + 2), C(k, j + 3));
      d = (double4)(C(k, j + 4), C(k, j + 5), C(k, j + 6), C(k, j + 7));
    }
    #pragma unroll
    for (int r = 0; r < TILE; ++r) {
      double b = AT2(double, 1, i + r, k);
      left[r] += b * c;
      right[r] += b * d;
    }
  }
  for (int r = 0; r < TILE; ++r) {
    double row[TILE];
    vstore4(left[r], 0, row);
    vstore4(right[r], 0, row + 4);
    for (int c = 0; c < TILE; ++c) AT2(double, 0, i + r, j + c) += row[c];
  }
}
)";

const std::string& source() {
  static const std::string kText = [] {
    std::string text;
    for (const std::size_t buffers : {0U, 1U, 3U})
      text += fmt::format("#define PARAMETERS_{} {}\n", buffers, device_parameters(buffers));
    return text + kSource;
  }();
  return kText;
}

std::int64_t size(const Call& call, std::size_t requirement) {
  return call.piece(requirement).extent(0) * call.piece(requirement).extent(1);
}

std::int64_t tiles(std::int64_t extent) {
  return (extent + kTile - 1) / kTile;
}

}  // namespace

program::DeviceKernel fill_on_device() {
  return device_kernel(
      "fill", source(),
      [](const Call& call) {
        if (call.requirement(0).privilege != program::Privilege::write) return std::int64_t{0};
        return size(call, 0);
      },
      [](const Call& call) {
        const Filling& f = filling(call, 0);
        return std::vector<double>{f.zero ? 0.0 : 1.0, static_cast<double>(f.rows),
                                   static_cast<double>(f.columns)};
      });
}

program::DeviceKernel product_on_device() {
  return device_kernel("product", source(), [](const Call& call) {
    if (size(call, 0) == 0 || size(call, 1) == 0) return std::int64_t{0};
    return tiles(call.piece(0).extent(0)) * tiles(call.piece(0).extent(1));
  });
}

program::DeviceKernel nothing_on_device() {
  return device_kernel("nothing", source());
}

}  // namespace mapwright::apps
