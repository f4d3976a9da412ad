// Circuit's kernels for devices: one work item for each wire, or for each node.
#include <fmt/format.h>

#include <algorithm>

#include "apps/kernels/circuit.h"
#include "apps/kernels/device.h"

namespace mapwright::apps {
namespace {

using program::Call;

// Buffers: see the requirements in circuit.cc. `node` are those of a field of private, shared and ghost
// nodes.
constexpr const char* kHelpers = R"(
float voltage_at(uchar place, long x, __global char* b0, __global char* b1, __global char* b2,
                 __global const view_t* v) {
  return place == 0 ? AT(float, 0, x) : place == 1 ? AT(float, 1, x) : AT(float, 2, x);
}

// OpenCL 1.2 adds whole numbers only: the sum is tried again until nobody came between.
void add(__global float* to, float what) {
  volatile __global int* bits = (volatile __global int*)to;
  int before = *bits;
  while (true) {
    int seen = atomic_cmpxchg(bits, before, as_int(as_float(before) + what));
    if (seen == before) return;
    before = seen;
  }
}

void add_charge(uchar place, long x, float what, __global char* b0, __global char* b1, __global char* b2,
                __global const view_t* v) {
  add(place == 0 ? &AT(float, 0, x) : place == 1 ? &AT(float, 1, x) : &AT(float, 2, x), what);
}

void update(__global const float* capacity, __global const float* leakage, __global float* voltage,
            __global float* charge) {
  *voltage = (*voltage + *charge / *capacity) * (1 - *leakage);
  *charge = 0;
}

long extent(__global const box_t* p) { return p->hi[0] < p->lo[0] ? 0 : p->hi[0] - p->lo[0] + 1; }
)";

constexpr const char* kCurrents = R"(
  long w = p[3].lo[0] + (long)get_global_id(0);
  if (get_global_id(0) == 0) AT(double, 29, p[5].lo[0]) += 1;
  if (w > p[3].hi[0]) return;
  float voltage[11], current[10], old_voltage[9], old_current[10];
  LOAD_WIRE
  voltage[0] = voltage_at(AT(uchar, 4, w), AT(long, 3, w), b0, b1, b2, v);
  voltage[10] = voltage_at(AT(uchar, 6, w), AT(long, 5, w), b0, b1, b2, v);
  float inductance = AT(float, 7, w);
  float conductance = 1 / AT(float, 8, w);
  float inverse_capacity = 1 / AT(float, 9, w);
  long steps = (long)n[0];
  for (long step = 0; step < steps; ++step) {
    float before = 0;
    float left = voltage[0];
    #pragma unroll
    for (int s = 0; s < 10; ++s) {
      float right = voltage[s + 1];
      float induced = inductance * (current[s] - old_current[s]) * STEPS_PER_TIME;
      float now = ((left - right) - induced) * conductance;
      if (s > 0) voltage[s] = old_voltage[s - 1] + TIME_STEP * (before - now) * inverse_capacity;
      current[s] = now;
      left = right;
      before = now;
    }
  }
  STORE_WIRE
)";

constexpr const char* kCharge = R"(
  long w = p[3].lo[0] + (long)get_global_id(0);
  if (w > p[3].hi[0]) return;
  add_charge(AT(uchar, 4, w), AT(long, 3, w), -TIME_STEP * AT(float, 7, w), b0, b1, b2, v);
  add_charge(AT(uchar, 6, w), AT(long, 5, w), TIME_STEP * AT(float, 8, w), b0, b1, b2, v);
)";

constexpr const char* kVoltages = R"(
  long i = (long)get_global_id(0);
  if (i == 0) AT(double, 9, p[4].lo[0]) += 1;
  long owned = extent(p);
  if (i < owned) {
    long x = p[0].lo[0] + i;
    update(&AT(float, 0, x), &AT(float, 1, x), &AT(float, 3, x), &AT(float, 2, x));
  } else if (i < owned + extent(p + 2)) {
    long x = p[2].lo[0] + i - owned;
    update(&AT(float, 4, x), &AT(float, 5, x), &AT(float, 7, x), &AT(float, 6, x));
  }
)";

std::string kernel(const char* name, std::size_t buffers, const std::string& body) {
  return fmt::format("__kernel void {}({}) {{{}}}\n", name, device_parameters(buffers), body);
}

std::string make_source() {
  // Numbers of buffers are part of their names, so every field of the arrays has a line of its own.
  std::string load;
  std::string store;
  for (std::size_t s = 0; s < static_cast<std::size_t>(kSegments); ++s) {
    load += fmt::format("current[{0}] = old_current[{0}] = AT(float, {1}, w); ", s, 10 + s);
    store += fmt::format("AT(float, {1}, w) = current[{0}]; ", s, 10 + s);
    if (s == 0) continue;
    load += fmt::format("voltage[{0}] = old_voltage[{0} - 1] = AT(float, {1}, w); ", s, 19 + s);
    store += fmt::format("AT(float, {1}, w) = voltage[{0}]; ", s, 19 + s);
  }
  return fmt::format("#define TIME_STEP {}f\n#define STEPS_PER_TIME {:.1f}f\n", kTimeStep, kStepsPerTime) +
         fmt::format("#define LOAD_WIRE {}\n#define STORE_WIRE {}\n", load, store) + kHelpers +
         kernel("calculate_new_currents", 31, kCurrents) + kernel("distribute_charge", 9, kCharge) +
         kernel("update_voltages", 10, kVoltages);
}

const std::string& source() {
  static const std::string kSource = make_source();
  return kSource;
}

// At least one: the first counts the time.
std::int64_t wires(const Call& call) {
  return std::max<std::int64_t>(1, call.piece(3).extent(0));
}

std::int64_t nodes(const Call& call) {
  return std::max<std::int64_t>(1, call.piece(0).extent(0) + call.piece(2).extent(0));
}

}  // namespace

program::DeviceKernel circuit_currents_on_device(std::int64_t steps) {
  return device_kernel("calculate_new_currents", source(), wires,
                       [steps](const Call&) { return std::vector{static_cast<double>(steps)}; });
}

program::DeviceKernel circuit_charge_on_device() {
  return device_kernel("distribute_charge", source(), wires);
}

program::DeviceKernel circuit_voltages_on_device() {
  return device_kernel("update_voltages", source(), nodes);
}

}  // namespace mapwright::apps
