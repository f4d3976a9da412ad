// What a mapper sees of a machine: how many nodes, and how many processors of each kind on each.
#pragma once

#include <array>
#include <cstdint>

#include "machine/kinds.h"

namespace mapwright::machine {

//! The first coordinate of a machine space counts nodes - ranks, where a program runs several ranks on a node
//! - and the second the processors of one kind within it.
struct Grid {
  std::int64_t nodes = 1;                                  //!< 1 to kMaxNodes
  std::array<std::int64_t, kProcessorKinds> processors{};  //!< per node, by kind, 0 to kMaxProcessors
  //! [processor kind][memory kind]: whether such processors of this machine reach such memories.
  std::array<std::array<bool, kMemoryKinds>, kProcessorKinds> reaches{};
  std::int64_t ranks_per_node = 1;  //!< over 1: what this counts as nodes are ranks

  static constexpr std::int64_t kMaxNodes = 1 << 20;
  static constexpr std::int64_t kMaxProcessors = 1 << 16;

  std::int64_t count(ProcessorKind kind) const { return processors[static_cast<std::size_t>(kind)]; }
  bool addressable(ProcessorKind processor, MemoryKind memory) const {
    return reaches[static_cast<std::size_t>(processor)][static_cast<std::size_t>(memory)];
  }

  friend bool operator==(const Grid&, const Grid&) = default;
};

//! A grid whose processors reach what processors of their kind usually reach.
Grid make_grid(std::int64_t nodes, const std::array<std::int64_t, kProcessorKinds>& processors);

//! One processor: its node and its index among the processors of its kind there.
struct Processor {
  std::int64_t node = 0;
  std::int64_t index = 0;

  friend bool operator==(Processor, Processor) = default;
};

}  // namespace mapwright::machine
