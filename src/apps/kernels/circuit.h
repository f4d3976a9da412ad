// What the kernels of circuit share: its graph, its fields and its physics.
//
// A wire is a chain of ten segments, each a resistance and an inductance in series, with nine capacities
// between them. A step of time is implicit: the solver repeats, `steps` times, the currents that voltages
// drive and the voltages that currents leave. Values are chosen so that it converges, halving what is wrong
// at least, because (inductance / time step + 4 x time step / capacity) / resistance <= 1/2, and so that a
// node moves by at most about a quarter of what its wires pull at, however many they are. Nothing feeds the
// circuit, so voltages stay between those that it began with for as long as it runs.
#pragma once

#include <vector>

#include "apps/circuit.h"
#include "program/kernel.h"

namespace mapwright::apps {

inline constexpr float kTimeStep = 1e-3F;
inline constexpr float kStepsPerTime = 1e3F;

//! Fields of nodes.
inline constexpr std::size_t kNodeCap = 0;
inline constexpr std::size_t kLeakage = 1;
inline constexpr std::size_t kCharge = 2;
inline constexpr std::size_t kNodeVoltage = 3;
//! Fields of wires; of the currents and the voltages, the first.
inline constexpr std::size_t kInPtr = 0;
inline constexpr std::size_t kInRegion = 1;
inline constexpr std::size_t kOutPtr = 2;
inline constexpr std::size_t kOutRegion = 3;
inline constexpr std::size_t kInductance = 4;
inline constexpr std::size_t kResistance = 5;
inline constexpr std::size_t kWireCap = 6;
inline constexpr std::size_t kCurrent = 7;
inline constexpr std::size_t kVoltage = kCurrent + kSegments;
inline constexpr std::size_t kWireFields = kVoltage + kSegments - 1;
//! Where the node is that a pointer means.
inline constexpr std::uint8_t kPrivate = 0;
inline constexpr std::uint8_t kShared = 1;
inline constexpr std::uint8_t kGhost = 2;
inline constexpr std::uint8_t kUnknown = 255;

//! The graph and what it begins with: a function of the parameters alone.
class CircuitGraph {
 public:
  explicit CircuitGraph(const program::Program& program);

  const CircuitSizes& sizes() const { return sizes_; }
  void init_piece(const program::Call& call) const;
  void init_pointers(const program::Call& call) const;

 private:
  void init_nodes(const program::Call& call, std::size_t requirement) const;
  void init_wires(const program::Call& call, std::size_t requirement) const;
  std::int64_t in_end(std::int64_t wire) const;
  std::int64_t out_end(std::int64_t wire, std::int64_t q, std::vector<std::int64_t>* used) const;
  std::int64_t node(std::int64_t piece, std::int64_t i) const;
  std::uint64_t draw(std::int64_t id, std::uint64_t what) const;
  //! Of 0 .. limit-1, and of the numbers from `low` to `high`.
  std::int64_t choice(std::int64_t id, std::uint64_t what, std::int64_t limit) const;
  float between(std::int64_t id, std::uint64_t what, float low, float high) const;

  CircuitSizes sizes_;
  std::uint64_t seed_;
  float private_ends_;  // wires that end at a node, on the average
  float shared_ends_;
};

program::DeviceKernel circuit_currents_on_device(std::int64_t steps);
program::DeviceKernel circuit_charge_on_device();
program::DeviceKernel circuit_voltages_on_device();

}  // namespace mapwright::apps
