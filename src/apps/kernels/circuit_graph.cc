// The random graph of circuit, and what its nodes and wires begin with.
#include <algorithm>

#include "apps/kernels/circuit.h"
#include "apps/kernels/lines.h"
#include "apps/kernels/table.h"
#include "base/bug.h"

namespace mapwright::apps {
namespace {

// What is drawn for a wire or a node.
constexpr std::uint64_t kInNode = 0;
constexpr std::uint64_t kStays = 1;
constexpr std::uint64_t kOutNode = 2;
constexpr std::uint64_t kNeighbour = 3;
constexpr std::uint64_t kOfNeighbour = 4;
constexpr std::uint64_t kDrawInductance = 5;
constexpr std::uint64_t kDrawResistance = 6;
constexpr std::uint64_t kDrawWireCap = 7;
constexpr std::uint64_t kDrawNodeCap = 8;
constexpr std::uint64_t kDrawLeakage = 9;
constexpr std::uint64_t kDrawNodeVoltage = 10;
constexpr std::uint64_t kDrawVoltage = 11;  // of each of the places between segments

// The mixer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every bit of what goes in changes half of
// those that come out.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

constexpr float kLeastResistance = 10;

bool contains(const program::Box& box, std::int64_t x) {
  return box.lo[0] <= x && x <= box.hi[0];
}

}  // namespace

CircuitGraph::CircuitGraph(const program::Program& program)
    : sizes_{}, seed_(static_cast<std::uint64_t>(parameter(program, "seed"))) {
  const auto whole = [&](const char* name) { return static_cast<std::int64_t>(parameter(program, name)); };
  sizes_.pieces = whole("pieces");
  sizes_.pps = whole("pps");
  sizes_.npp = whole("npp");
  sizes_.wpp = whole("wpp");
  sizes_.snpp = shared_nodes(sizes_.npp);
  sizes_.inside = sizes_.pieces == 1 ? 1 : parameter(program, "pct") / 100;
  const auto wires = static_cast<double>(sizes_.wpp);
  const double at_any = std::max(1.0, wires * (1 + sizes_.inside) / static_cast<double>(sizes_.npp));
  private_ends_ = static_cast<float>(at_any);
  shared_ends_ = static_cast<float>(at_any + wires * (1 - sizes_.inside) / static_cast<double>(sizes_.snpp));
}

std::uint64_t CircuitGraph::draw(std::int64_t id, std::uint64_t what) const {
  // A counter for each seed and draw, far from one another because they are mixed.
  return mixed(mixed((seed_ << 8) + what + 1) + static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15U);
}

std::int64_t CircuitGraph::choice(std::int64_t id, std::uint64_t what, std::int64_t limit) const {
  // Numbers are less than 2^30, so that the remainder prefers none noticeably.
  return static_cast<std::int64_t>(draw(id, what) % static_cast<std::uint64_t>(limit));
}

float CircuitGraph::between(std::int64_t id, std::uint64_t what, float low, float high) const {
  return low + (high - low) * static_cast<float>(draw(id, what) >> 40) * 0x1p-24F;
}

// Node i of a piece: the shared ones come first. All shared nodes stand before all private ones.
std::int64_t CircuitGraph::node(std::int64_t piece, std::int64_t i) const {
  if (i < sizes_.snpp) return piece * sizes_.snpp + i;
  return sizes_.all_shared() + piece * (sizes_.npp - sizes_.snpp) + i - sizes_.snpp;
}

std::int64_t CircuitGraph::in_end(std::int64_t wire) const {
  return node(wire / sizes_.wpp, choice(wire, kInNode, sizes_.npp));
}

// A wire that leaves its piece ends at a shared node of a neighbour, first come: at the next one that its
// superpiece has not used yet, or at one that it has. `used` counts those of each piece, from the first
// neighbour's on.
std::int64_t CircuitGraph::out_end(std::int64_t wire, std::int64_t q, std::vector<std::int64_t>* used) const {
  const std::int64_t piece = wire / sizes_.wpp;
  if (static_cast<double>(draw(wire, kStays) >> 11) * 0x1p-53 < sizes_.inside)
    return node(piece, choice(wire, kOutNode, sizes_.npp));
  std::array<std::int64_t, 5> there{};
  std::int64_t count = 0;
  for (const std::int64_t step : neighbours(q)) {
    if (piece + step >= 0 && piece + step < sizes_.pieces)
      there[static_cast<std::size_t>(count++)] = piece + step;
  }
  base::expects(count > 0, "a piece that wires leave has neighbours");
  const std::int64_t other = there[static_cast<std::size_t>(choice(wire, kNeighbour, count))];
  std::int64_t& next = (*used)[static_cast<std::size_t>(other - q * sizes_.pps - neighbours(q).front())];
  const std::int64_t i = std::min(choice(wire, kOfNeighbour, sizes_.snpp), next);
  if (i == next) ++next;
  return node(other, i);
}

void CircuitGraph::init_nodes(const program::Call& call, std::size_t requirement) const {
  if (call.empty(requirement)) return;
  const auto capacity = call.field(requirement, kNodeCap);
  const auto leakage = call.field(requirement, kLeakage);
  const auto charge = call.field(requirement, kCharge);
  const auto voltage = call.field(requirement, kNodeVoltage);
  const program::Box& box = call.piece(requirement);
  for (std::int64_t n = box.lo[0]; n <= box.hi[0]; ++n) {
    // What all wires of a node draw in a step is at most a quarter of what it holds, on the average.
    const float ends = n < sizes_.all_shared() ? shared_ends_ : private_ends_;
    const float least = 4 * ends * kTimeStep / kLeastResistance;
    store(capacity, n, between(n, kDrawNodeCap, least, 2 * least));
    store(leakage, n, between(n, kDrawLeakage, 0, 1e-3F));
    store(charge, n, 0.0F);
    store(voltage, n, between(n, kDrawNodeVoltage, -1, 1));
  }
}

void CircuitGraph::init_wires(const program::Call& call, std::size_t r) const {
  const program::Box& box = call.piece(r);
  const std::int64_t q = call.position();
  const std::array<std::int64_t, 5>& steps = neighbours(q);
  std::vector<std::int64_t> used(static_cast<std::size_t>(sizes_.pps + steps.back() - steps.front()));
  for (std::int64_t w = box.lo[0]; w <= box.hi[0]; ++w) {
    store(call.field(r, kInPtr), w, in_end(w));
    store(call.field(r, kOutPtr), w, out_end(w, q, &used));
    for (const std::size_t place : {kInRegion, kOutRegion}) store(call.field(r, place), w, kUnknown);
    store(call.field(r, kInductance), w, between(w, kDrawInductance, 1 * kTimeStep, 3 * kTimeStep));
    store(call.field(r, kResistance), w, between(w, kDrawResistance, kLeastResistance, 20));
    store(call.field(r, kWireCap), w, between(w, kDrawWireCap, 2 * kTimeStep, 4 * kTimeStep));
    for (std::size_t s = kCurrent; s < kVoltage; ++s) store(call.field(r, s), w, 0.0F);
    for (std::size_t s = kVoltage; s < kWireFields; ++s)
      store(call.field(r, s), w, between(w, kDrawVoltage + s - kVoltage, -1, 1));
  }
}

// Requirements: ghost ranges, private nodes, shared nodes, wires, times.
void CircuitGraph::init_piece(const program::Call& call) const {
  const std::int64_t q = call.position();
  const Range touched = ghost(sizes_, q);
  store(call.field(0, 0), q, touched.begin);
  store(call.field(0, 1), q, touched.end - 1);
  init_nodes(call, 1);
  init_nodes(call, 2);
  init_wires(call, 3);
  for (const std::size_t field : {0U, 1U}) store(call.field(4, field), q, 0.0);
}

// Requirements: private nodes, shared nodes, ghost nodes, wires. Own shared nodes are ghosts as well.
void CircuitGraph::init_pointers(const program::Call& call) const {
  const program::Box& box = call.piece(3);
  for (const auto& [pointer, region] : {std::pair{kInPtr, kInRegion}, {kOutPtr, kOutRegion}}) {
    const program::FieldView nodes = call.field(3, pointer);
    const program::FieldView places = call.field(3, region);
    for (std::int64_t w = box.lo[0]; w <= box.hi[0]; ++w) {
      const auto n = load<std::int64_t>(nodes, w);
      const std::uint8_t place = contains(call.piece(0), n)   ? kPrivate
                                 : contains(call.piece(1), n) ? kShared
                                                              : kGhost;
      base::expects(place != kGhost || contains(call.piece(2), n), "wires end where their superpiece may");
      store(places, w, place);
    }
  }
}

}  // namespace mapwright::apps
