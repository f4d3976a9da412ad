// The processors and memories of so many nodes of a machine, numbered, and how far apart two memories are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lang/placement.h"
#include "machine/machine.h"

namespace mapwright::plan {

using ProcessorId = std::uint32_t;
using MemoryId = std::uint32_t;

struct Processor {
  machine::ProcessorKind kind = machine::ProcessorKind::cpu;
  std::uint32_t rank = 0;   //!< the first coordinate of the machine that mappers see
  std::uint32_t node = 0;   //!< the physical node
  std::uint32_t index = 0;  //!< among the node's processors of its kind
  std::uint32_t socket = 0;
};

struct Memory {
  machine::MemoryKind kind = machine::MemoryKind::sysmem;
  std::uint32_t node = 0;
  std::uint32_t index = 0;    //!< among the node's memories of its kind
  std::uint32_t socket = 0;   //!< of a framebuffer or a socket's memory
  std::int64_t capacity = 0;  //!< bytes
};

//! Where two memories stand to one another, as far as a copy between them is concerned.
enum class Distance : std::uint8_t { same_memory, same_socket, same_node, other_node };

//! Bytes/s that the processors next to a memory reach in it: the limit of copies and folds within it, which
//! read and write.
double memory_bandwidth(const machine::Machine& machine, machine::MemoryKind kind);

class Site {
 public:
  Site(const machine::Machine& machine, std::int64_t nodes, std::int64_t ranks_per_node);

  const machine::Machine& machine() const { return machine_; }
  const machine::Grid& grid() const { return grid_; }
  std::int64_t nodes() const { return nodes_; }
  std::int64_t ranks_per_node() const { return ranks_per_node_; }
  const std::vector<Processor>& processors() const { return processors_; }
  const std::vector<Memory>& memories() const { return memories_; }

  //! The processor at a place that a mapper names; it is inside the grid, and of a kind that the machine has.
  ProcessorId processor(machine::ProcessorKind kind, lang::Slot slot) const;
  //! The memory of a kind that a processor uses: its own framebuffer, its socket's, its node's. None where
  //! the machine has no such memory, or such processors do not reach it.
  std::optional<MemoryId> memory(machine::MemoryKind kind, ProcessorId processor) const;

  //! The second coordinate of a processor in the machine that mappers see: its index within its rank.
  std::int64_t local_index(ProcessorId processor) const {
    const Processor& p = processors_[processor];
    return p.index - static_cast<std::int64_t>(first_of_rank_[p.rank]) * grid_.count(p.kind);
  }

  Distance distance(MemoryId a, MemoryId b) const;
  //! Whether they belong to two processes. Framebuffers belong to the rank of their GPU; what the whole node
  //! has, to all of its ranks.
  bool other_rank(MemoryId a, MemoryId b) const;
  //! Seconds that a copy takes when nothing else is under way: what the source of a copy is chosen by.
  double copy_seconds(MemoryId from, MemoryId to, std::int64_t bytes) const {
    const Route& r = route(from, to);
    return r.latency + static_cast<double>(bytes) * r.seconds_per_byte;
  }
  //! From its cause to its first byte: set-up, messages and latencies of all links on the way.
  double copy_latency(MemoryId from, MemoryId to) const { return route(from, to).latency; }

 private:
  struct Route {
    double latency = 0;
    double seconds_per_byte = 0;
  };

  void count_kinds();
  void add_nodes();
  void add_ranks();
  void add_routes();
  const Route& route(MemoryId from, MemoryId to) const;
  Route find_route(machine::MemoryKind from, machine::MemoryKind to, Distance distance) const;

  machine::Machine machine_;
  machine::Grid grid_;
  std::int64_t nodes_;
  std::int64_t ranks_per_node_;
  std::vector<Processor> processors_;
  std::vector<Memory> memories_;
  // Both are laid out node by node; within a node by kind.
  machine::PerProcessor<std::uint32_t> first_processor_;
  machine::PerProcessor<std::uint32_t> processors_of_kind_;
  machine::PerMemory<std::uint32_t> first_memory_;
  machine::PerMemory<std::uint32_t> memories_of_kind_;
  std::uint32_t processors_per_node_ = 0;
  std::uint32_t memories_per_node_ = 0;
  std::vector<std::uint32_t> node_of_rank_;
  std::vector<std::uint32_t> first_of_rank_;  // which rank of its node a rank is
  std::vector<Route> routes_;                 // [from kind][to kind][distance]
};

}  // namespace mapwright::plan
