#include "program/kernel.h"

#include <algorithm>

namespace mapwright::program {

const std::string_view kDevicePrelude = R"(
typedef struct { long offset; long stride[3]; } view_t;
typedef struct { long lo[3]; long hi[3]; } box_t;
#define AT(type, i, x) (*(__global type*)(b##i + v[i].offset + (x) * v[i].stride[0]))
#define AT2(type, i, x, y) (*(__global type*)(b##i + v[i].offset + (x) * v[i].stride[0] + (y) * v[i].stride[1]))
)";

DeviceBox device_box(const Box& box) {
  DeviceBox to;
  std::copy_n(box.lo.begin(), 3, to.lo.begin());
  std::copy_n(box.hi.begin(), 3, to.hi.begin());
  return to;
}

std::array<std::int64_t, 3> strides_of(const Box& box, std::int64_t bytes, Order order) {
  std::array<std::int64_t, 3> strides{};
  std::int64_t next = bytes;
  for (int i = 0; i < box.rank; ++i) {
    const int d = order == Order::f_order ? i : box.rank - 1 - i;
    strides[static_cast<std::size_t>(d)] = next;
    next *= box.extent(d);
  }
  return strides;
}

}  // namespace mapwright::program
