// The graph that circuit's kernels draw, and the physics that they compute.
#include "apps/kernels/circuit.h"

#include <cmath>
#include <set>

#include "apps/kernels/lines.h"
#include "apps/kernels/testing.h"

namespace mapwright::apps::testing {
namespace {

constexpr program::RegionId kNode = 0;
constexpr program::RegionId kWire = 1;

struct Circuit {
  explicit Circuit(const Case& c) : p(made(c)), kernels(kernels_of(p)), fields(p, {{}}) {}

  // Set-up and so many iterations.
  void run_from_start(std::int64_t iterations) { run(p, *kernels, iterations, fields); }
  void iterate() {
    for (program::LaunchId l = p.loop_begin; l < p.loop_end; ++l) launch(l);
  }
  void launch(program::LaunchId l) { run_launch(p, *kernels, l, fields, on_cpu); }

  std::int64_t wires() const { return p.regions[kWire].elements.extent(0); }
  std::int64_t nodes() const { return p.regions[kNode].elements.extent(0); }
  float wire(std::size_t field, std::int64_t w) const { return fields.view<float>(kWire, field)(w); }
  float& node(std::size_t field, std::int64_t n) const { return fields.view<float>(kNode, field)(n); }
  std::int64_t end(std::size_t pointer, std::int64_t w) const {
    return fields.view<std::int64_t>(kWire, pointer)(w);
  }
  std::uint8_t place(std::size_t region, std::int64_t w) const {
    return fields.view<std::uint8_t>(kWire, region)(w);
  }
  const program::Box& piece(const char* name, std::int64_t q) const {
    return partition(p, name).boxes[static_cast<std::size_t>(q)];
  }

  program::Program p;
  std::shared_ptr<const program::Kernels> kernels;
  Fields fields;
};

const Case kGraphs[] = {
    {"circuit", 1, {}},
    {"circuit", 2, {{"wpp", 20'000}, {"npp", 5000}}},
    {"circuit", 2, {{"pieces", 8}, {"pps", 1}, {"wpp", 4000}, {"npp", 200}, {"pct", 30}}},
    {"circuit", 1, {{"pieces", 1}, {"pps", 1}, {"wpp", 100}, {"npp", 10}, {"pct", 0}}},
};

TEST(CircuitGraph, WiresEndWhereTheirPointersSay) {
  constexpr std::array kPartitions = {"rp_private", "rp_shared", "rp_ghost"};
  for (const Case& graph : kGraphs) {
    Circuit c(graph);
    c.run_from_start(0);
    const std::int64_t of_superpiece =
        c.wires() / static_cast<std::int64_t>(partition(c.p, "rp_wires").pieces());
    std::int64_t wrong = 0;
    for (const auto& [pointer, region] : {std::pair{kInPtr, kInRegion}, {kOutPtr, kOutRegion}}) {
      for (std::int64_t w = 0; w < c.wires(); ++w) {
        const std::int64_t q = w / of_superpiece;
        const std::uint8_t place = c.place(region, w);
        const auto in = [&](const program::Box& box) {
          return box.lo[0] <= c.end(pointer, w) && c.end(pointer, w) <= box.hi[0];
        };
        if (place > kGhost || !in(c.piece(kPartitions[place], q))) ++wrong;
        if (place == kGhost && (pointer == kInPtr || in(c.piece("rp_shared", q)))) ++wrong;
      }
    }
    EXPECT_EQ(wrong, 0) << ::testing::PrintToString(graph);
  }
}

// What the program says that its points gather is what the kernels draw, but for chance.
TEST(CircuitGraph, EndsAreSharedOutAsTheProgramSays) {
  for (const Case& graph : kGraphs) {
    Circuit c(graph);
    c.run_from_start(0);
    std::array<double, 3> drawn{};
    for (std::int64_t w = 0; w < c.wires(); ++w) {
      ++drawn[c.place(kInRegion, w)];
      ++drawn[c.place(kOutRegion, w)];
    }
    const program::Launch& currents = *launches(c.p, "calculate_new_currents").front();
    for (std::size_t place = 0; place < 3; ++place) {
      double said = 0;
      for (std::int64_t q = 0; q < currents.points(); ++q) said += currents.requirements[place].gathers.at(q);
      EXPECT_NEAR(drawn[place], said, 5 * std::sqrt(said)) << ::testing::PrintToString(graph) << place;
    }
  }
}

// Wires that leave a piece take the shared nodes of a neighbour in turn.
TEST(CircuitGraph, LowSharedNodesFillFirst) {
  Circuit c({"circuit", 1, {{"pieces", 2}, {"pps", 1}, {"wpp", 400}, {"npp", 100'000}, {"pct", 0}}});
  c.run_from_start(0);
  std::set<std::int64_t> touched;
  for (std::int64_t w = 0; w < 400; ++w) touched.insert(c.end(kOutPtr, w));
  EXPECT_EQ(*touched.begin(), 1000) << "the first of the other piece";
  EXPECT_EQ(*touched.rbegin(), 1000 + static_cast<std::int64_t>(touched.size()) - 1) << "no gaps";
  EXPECT_GT(touched.size(), 250U);
  EXPECT_LT(touched.size(), 400U);
}

TEST(CircuitGraph, IsTheSeeds) {
  const auto ends = [](std::int64_t seed) {
    Circuit c({"circuit", 1, {{"seed", seed}}});
    c.run_from_start(0);
    std::vector<std::int64_t> list;
    for (std::int64_t w = 0; w < c.wires(); ++w) list.push_back(c.end(kOutPtr, w));
    return list;
  };
  EXPECT_EQ(ends(5), ends(5));
  EXPECT_NE(ends(5), ends(6));
}

double charge(const Circuit& c) {
  double sum = 0;
  for (std::int64_t n = 0; n < c.nodes(); ++n)
    sum += static_cast<double>(c.node(kNodeCap, n)) * static_cast<double>(c.node(kNodeVoltage, n));
  for (std::int64_t w = 0; w < c.wires(); ++w) {
    for (std::size_t s = kVoltage; s < kWireFields; ++s)
      sum += static_cast<double>(c.wire(kWireCap, w)) * static_cast<double>(c.wire(s, w));
  }
  return sum;
}

double energy(const Circuit& c) {
  double sum = 0;
  const auto add = [&](float capacity, float voltage) {
    sum += static_cast<double>(capacity) * static_cast<double>(voltage) * static_cast<double>(voltage) / 2;
  };
  for (std::int64_t n = 0; n < c.nodes(); ++n) add(c.node(kNodeCap, n), c.node(kNodeVoltage, n));
  for (std::int64_t w = 0; w < c.wires(); ++w) {
    for (std::size_t s = kVoltage; s < kWireFields; ++s) add(c.wire(kWireCap, w), c.wire(s, w));
    for (std::size_t s = kCurrent; s < kVoltage; ++s) add(c.wire(kInductance, w), c.wire(s, w));
  }
  return sum;
}

const Case kSmall = {"circuit", 1, {{"pieces", 6}, {"pps", 2}, {"wpp", 400}, {"npp", 100}}};

TEST(CircuitPhysics, ChargeStaysAndEnergyIsLost) {
  Circuit c(kSmall);
  c.run_from_start(0);
  for (std::int64_t n = 0; n < c.nodes(); ++n) c.node(kLeakage, n) = 0;
  const double charge_before = charge(c);
  double energy_before = energy(c);
  const double all = energy_before;
  for (int i = 0; i < 50; ++i) {
    c.iterate();
    EXPECT_NEAR(charge(c), charge_before, 1e-5 * static_cast<double>(c.wires()) * kTimeStep);
    EXPECT_LT(energy(c), energy_before) << "iteration " << i;
    energy_before = energy(c);
  }
  EXPECT_LT(energy_before, 0.9 * all);
}

// Where the solver has converged, every segment drops the voltage between its ends, and every place between
// segments keeps what comes in and does not go out.
TEST(CircuitPhysics, AStepOfTimeIsImplicit) {
  Case graph = kSmall;
  graph.set["steps"] = 100;
  Circuit c(graph);
  c.run_from_start(2);
  std::vector<std::array<float, kWireFields>> was(static_cast<std::size_t>(c.wires()));
  for (std::int64_t w = 0; w < c.wires(); ++w) {
    for (std::size_t f = kInductance; f < kWireFields; ++f)
      was[static_cast<std::size_t>(w)][f] = c.wire(f, w);
  }
  c.launch(c.p.loop_begin);
  double worst = 0;
  for (std::int64_t w = 0; w < c.wires(); ++w) {
    const auto& old_wire = was[static_cast<std::size_t>(w)];
    const auto voltage = [&](std::size_t s) {
      return s == 0    ? c.node(kNodeVoltage, c.end(kInPtr, w))
             : s == 10 ? c.node(kNodeVoltage, c.end(kOutPtr, w))
                       : c.wire(kVoltage + s - 1, w);
    };
    for (std::size_t s = 0; s < 10; ++s) {
      const float now = c.wire(kCurrent + s, w);
      const float drop =
          now * c.wire(kResistance, w) + c.wire(kInductance, w) * (now - old_wire[kCurrent + s]) / kTimeStep;
      worst = std::max<double>(worst, std::abs(voltage(s) - voltage(s + 1) - drop));
      if (s == 0) continue;
      const float gain = (c.wire(kCurrent + s - 1, w) - now) * kTimeStep / c.wire(kWireCap, w);
      worst = std::max<double>(worst, std::abs(voltage(s) - old_wire[kVoltage + s - 1] - gain));
    }
  }
  EXPECT_LT(worst, 5e-6);
}

// Whatever the solver's steps and however many wires meet at a node.
TEST(CircuitPhysics, VoltagesStayWithinWhatTheyBeganWith) {
  const std::pair<Case, std::int64_t> runs[] = {
      {{"circuit", 1, {{"steps", 1}, {"wpp", 400}}}, 300},
      {{"circuit", 1, {{"steps", 10}, {"pieces", 4}, {"pps", 1}, {"wpp", 400}}}, 2000},
      {{"circuit", 1, {{"steps", 10'000}, {"pieces", 4}, {"pps", 2}, {"wpp", 16}, {"npp", 8}}}, 100},
      {{"circuit", 1, {{"pieces", 4}, {"pps", 1}, {"wpp", 5000}, {"npp", 2}, {"pct", 0}}}, 300},
      {{"circuit", 1, {{"pieces", 4}, {"pps", 1}, {"wpp", 100}, {"npp", 5000}, {"pct", 0}}}, 300},
  };
  for (const auto& [graph, iterations] : runs) {
    Circuit c(graph);
    c.run_from_start(iterations);
    double largest = 0;
    std::int64_t wrong = 0;
    for (std::int64_t n = 0; n < c.nodes(); ++n) {
      const float voltage = c.node(kNodeVoltage, n);
      if (!std::isfinite(voltage)) ++wrong;
      largest = std::max(largest, std::abs(static_cast<double>(voltage)));
    }
    EXPECT_EQ(wrong, 0) << ::testing::PrintToString(graph);
    EXPECT_LT(largest, 1) << ::testing::PrintToString(graph);
    EXPECT_GT(largest, 1e-3) << "something is left: " << ::testing::PrintToString(graph);
  }
}

}  // namespace
}  // namespace mapwright::apps::testing
