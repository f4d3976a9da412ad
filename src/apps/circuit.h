// The shape of circuit's graph: what program and kernels both have to know of it.
#pragma once

#include <array>
#include <cstdint>

#include "apps/builder.h"

namespace mapwright::apps {

inline constexpr std::int64_t kSegments = 10;  //!< of a wire

struct CircuitSizes {
  std::int64_t pieces;
  std::int64_t pps;
  std::int64_t npp;
  std::int64_t wpp;
  std::int64_t snpp;  //!< shared nodes of a piece
  double inside;      //!< share of the wires that stay inside their piece

  std::int64_t superpieces() const { return pieces / pps; }
  std::int64_t all_shared() const { return pieces * snpp; }
  double wires() const { return static_cast<double>(pps) * static_cast<double>(wpp); }
  double nodes() const { return static_cast<double>(pps) * static_cast<double>(npp); }
  Range shared(std::int64_t q) const { return {q * pps * snpp, (q + 1) * pps * snpp}; }
  Range owned(std::int64_t q) const {
    const std::int64_t own = pps * (npp - snpp);
    return {all_shared() + q * own, all_shared() + (q + 1) * own};
  }
  Range wires_of(std::int64_t q) const { return {q * pps * wpp, (q + 1) * pps * wpp}; }
};

//! 1 %, rounded up.
constexpr std::int64_t shared_nodes(std::int64_t npp) {
  return (npp + 99) / 100;
}

//! The pieces that a piece of this superpiece is joined to, as steps from its own number, ascending. Those
//! that there are not are left out.
const std::array<std::int64_t, 5>& neighbours(std::int64_t superpiece);

//! The interval of shared nodes that the out-going wires of a superpiece may touch; the own ones lie in it
//! too.
Range ghost(const CircuitSizes& s, std::int64_t q);

}  // namespace mapwright::apps
