// The kernels of circuit. Nodes may be anywhere in memory; of wires, a few at a time are brought into arrays,
// so that the solver uses vectors whatever the layout.
#include "apps/kernels/circuit.h"

#include <algorithm>

#include "apps/kernels/lines.h"
#include "apps/kernels/table.h"

namespace mapwright::apps {
namespace {

using program::Call;
using program::FieldView;

// Wires that the solver works on at a time: the single-precision numbers of the longest vectors there are,
// and few enough to stay in the nearest cache.
constexpr std::size_t kLanes = 16;
constexpr auto kParts = static_cast<std::size_t>(kSegments);

// Lanes that no wire uses hold zeros, or what wires before left there.
struct alignas(64) Block {
  float voltage[kParts + 1][kLanes] = {};  // of both ends and between segments
  float current[kParts][kLanes] = {};
  float old_voltage[kParts - 1][kLanes] = {};
  float old_current[kParts][kLanes] = {};
  float inductance[kLanes] = {};
  float conductance[kLanes] = {};
  float inverse_capacity[kLanes] = {};
};

[[gnu::always_inline]] inline void solve(Block* block, std::int64_t steps) {
  Block& b = *block;
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::size_t j = 0; j < kLanes; ++j) {
      float before = 0;
      float left = b.voltage[0][j];
#pragma GCC unroll 10
      for (std::size_t s = 0; s < kParts; ++s) {
        const float right = b.voltage[s + 1][j];
        const float induced = b.inductance[j] * (b.current[s][j] - b.old_current[s][j]) * kStepsPerTime;
        const float now = ((left - right) - induced) * b.conductance[j];
        if (s > 0)
          b.voltage[s][j] = b.old_voltage[s - 1][j] + kTimeStep * (before - now) * b.inverse_capacity[j];
        b.current[s][j] = now;
        left = right;
        before = now;
      }
    }
  }
}

// The same for the vectors that a processor has. They give the same bits, because products and sums are not
// fused (see CMakeLists.txt).
void solve_anywhere(Block* block, std::int64_t steps) {
  solve(block, steps);
}
using Solver = void (*)(Block*, std::int64_t);
#if defined(__x86_64__)
[[gnu::target("avx2")]] void solve_avx2(Block* block, std::int64_t steps) {
  solve(block, steps);
}
[[gnu::target("avx512f")]] void solve_avx512(Block* block, std::int64_t steps) {
  solve(block, steps);
}
Solver best_solver() {
  if (__builtin_cpu_supports("avx512f")) return solve_avx512;
  if (__builtin_cpu_supports("avx2")) return solve_avx2;
  return solve_anywhere;
}
#else
Solver best_solver() {
  return solve_anywhere;
}
#endif

// A field of nodes, by where a wire's pointer says that they are: requirements 0, 1 and 2.
class Nodes {
 public:
  Nodes(const Call& call, std::size_t field) {
    for (std::size_t r = 0; r < 3; ++r) {
      if (!call.empty(r)) views_[r] = call.field(r, field);
    }
  }

  float& operator()(std::uint8_t place, std::int64_t node) const {
    return program::View<float>(views_[place])(node);
  }

 private:
  std::array<FieldView, 3> views_;
};

// Requirements: private, shared and ghost nodes, wires as they are made, wires as they change, times.
class Currents {
 public:
  explicit Currents(const Call& call) : nodes_(call, kNodeVoltage) {
    for (std::size_t f = 0; f < kWireFields; ++f) wires_[f] = call.field(f < kCurrent ? 3 : 4, f);
  }

  void load_wires(std::int64_t first, std::size_t count, Block* b) const {
    load(wires_[kInductance], first, count, b->inductance);
    load(wires_[kResistance], first, count, b->conductance);
    load(wires_[kWireCap], first, count, b->inverse_capacity);
    for (std::size_t j = 0; j < count; ++j) {
      b->conductance[j] = 1 / b->conductance[j];
      b->inverse_capacity[j] = 1 / b->inverse_capacity[j];
    }
    for (std::size_t s = 0; s < kParts; ++s) load(wires_[kCurrent + s], first, count, b->current[s]);
    for (std::size_t s = 0; s + 1 < kParts; ++s) load(wires_[kVoltage + s], first, count, b->voltage[s + 1]);
    std::memcpy(b->old_current, b->current, sizeof b->old_current);
    std::memcpy(b->old_voltage, b->voltage[1], sizeof b->old_voltage);
    load_ends(kInPtr, kInRegion, first, count, b->voltage[0]);
    load_ends(kOutPtr, kOutRegion, first, count, b->voltage[kParts]);
  }

  void store_wires(std::int64_t first, std::size_t count, const Block& b) const {
    for (std::size_t s = 0; s < kParts; ++s) store(wires_[kCurrent + s], first, count, b.current[s]);
    for (std::size_t s = 0; s + 1 < kParts; ++s) store(wires_[kVoltage + s], first, count, b.voltage[s + 1]);
  }

 private:
  void load_ends(std::size_t pointer, std::size_t region, std::int64_t first, std::size_t count,
                 float* to) const {
    for (std::size_t j = 0; j < count; ++j) {
      const std::int64_t w = first + static_cast<std::int64_t>(j);
      to[j] = nodes_(load<std::uint8_t>(wires_[region], w), load<std::int64_t>(wires_[pointer], w));
    }
  }

  Nodes nodes_;
  std::array<FieldView, kWireFields> wires_;
};

void calculate_new_currents(const Call& call, std::int64_t steps) {
  static const Solver best = best_solver();
  const Currents currents(call);
  const program::Box& wires = call.piece(3);
  Block block;
  constexpr auto kAtATime = static_cast<std::int64_t>(kLanes);
  for (std::int64_t w = wires.lo[0]; w <= wires.hi[0]; w += kAtATime) {
    const auto count = static_cast<std::size_t>(std::min(kAtATime, wires.hi[0] - w + 1));
    currents.load_wires(w, count, &block);
    best(&block, steps);
    currents.store_wires(w, count, block);
  }
  tick(call, 5, 0);
}

// Requirements: private, shared and ghost nodes, wires. What leaves one end of a wire comes out at the other,
// after its capacities.
void distribute_charge(const Call& call) {
  const Nodes charge(call, kCharge);
  const FieldView in = call.field(3, kInPtr);
  const FieldView in_region = call.field(3, kInRegion);
  const FieldView out = call.field(3, kOutPtr);
  const FieldView out_region = call.field(3, kOutRegion);
  const FieldView first = call.field(3, kCurrent);
  const FieldView last = call.field(3, kCurrent + kParts - 1);
  const program::Box& wires = call.piece(3);
  for (std::int64_t w = wires.lo[0]; w <= wires.hi[0]; ++w) {
    charge(load<std::uint8_t>(in_region, w), load<std::int64_t>(in, w)) += -kTimeStep * load<float>(first, w);
    charge(load<std::uint8_t>(out_region, w), load<std::int64_t>(out, w)) += kTimeStep * load<float>(last, w);
  }
}

struct NodeViews {
  FieldView capacity, leakage, voltage, charge;
};

template <bool kDense>
void update(const NodeViews& views, const program::Box& box) {
  const auto line = [&](const FieldView& view) {
    return Line<float, kDense>(view, 0, offset_of(view, box.lo[0]));
  };
  const auto capacity = line(views.capacity);
  const auto leakage = line(views.leakage);
  const auto voltage = line(views.voltage);
  const auto charge = line(views.charge);
  for (std::int64_t i = 0; i < box.extent(0); ++i) {
    voltage[i] = (voltage[i] + charge[i] / capacity[i]) * (1 - leakage[i]);
    charge[i] = 0;
  }
}

// Requirements: private nodes as they are made, as they change, shared nodes the same, times.
void update_voltages(const Call& call) {
  for (const std::size_t r : {0U, 2U}) {
    if (call.empty(r)) continue;
    const NodeViews views = {call.field(r, kNodeCap), call.field(r, kLeakage),
                             call.field(r + 1, kNodeVoltage), call.field(r + 1, kCharge)};
    bool dense = true;
    for (const FieldView* v : {&views.capacity, &views.leakage, &views.voltage, &views.charge})
      dense = dense && v->strides[0] == sizeof(float);
    dense ? update<true>(views, call.piece(r)) : update<false>(views, call.piece(r));
  }
  tick(call, 4, 1);
}

// Sums in single precision, in any order. Voltages begin between -1 and 1, and currents in a tenth of that:
// what is absolute allows as much of what they began with where little is left of them.
constexpr double kRelative = 1e-4;
constexpr double kVoltageError = 1e-5;
constexpr double kCurrentError = kVoltageError / 10;

std::vector<program::Expectation> expectations(const program::Program& program, std::int64_t iterations) {
  std::vector<program::Expectation> list;
  const auto expect = [&](std::string_view partition, std::size_t field, double absolute) {
    const program::Partition& pieces = program.partitions[partition_of(program, partition)];
    program::Expectation& e = list.emplace_back();
    e.region = pieces.region;
    e.field = field;
    e.type = program::Number::float_32;
    e.where = pieces.boxes;
    e.relative = kRelative;
    e.absolute = absolute;
  };
  expect("rp_private", kNodeVoltage, kVoltageError);
  expect("rp_shared", kNodeVoltage, kVoltageError);
  for (std::size_t s = 0; s < kParts; ++s) expect("rp_wires", kCurrent + s, kCurrentError);
  for (const std::size_t field : {0U, 1U}) {
    expect("rp_times", field, 0);
    list.back().type = program::Number::float_64;
    list.back().value = [iterations](const lang::Point&) { return static_cast<double>(iterations); };
  }
  return list;
}

}  // namespace

std::unique_ptr<Table> circuit_kernels(const program::Program& program) {
  auto table = std::make_unique<Table>(program);
  const auto graph = std::make_shared<const CircuitGraph>(program);
  const auto steps = static_cast<std::int64_t>(parameter(program, "steps"));
  program::Kernel kernel;
  kernel.run = [graph](Call& call) { graph->init_piece(call); };
  table->add("init_piece", kernel);
  kernel.run = [graph](Call& call) { graph->init_pointers(call); };
  table->add("init_pointers", kernel);
  for (const char* name : {"create_ghost_partition", "get_elapsed", "print_summary"}) table->add_empty(name);
  kernel.run = [steps](Call& call) { calculate_new_currents(call, steps); };
  kernel.device = circuit_currents_on_device(steps);
  table->add("calculate_new_currents", kernel);
  kernel.run = distribute_charge;
  kernel.device = circuit_charge_on_device();
  table->add("distribute_charge", kernel);
  kernel.run = update_voltages;
  kernel.device = circuit_voltages_on_device();
  table->add("update_voltages", kernel);
  table->expect([&program](std::int64_t iterations) { return expectations(program, iterations); });
  return table;
}

}  // namespace mapwright::apps
