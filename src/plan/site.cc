#include "plan/site.h"

#include <algorithm>
#include <limits>

#include "base/bug.h"

namespace mapwright::plan {

using machine::MemoryKind;
using machine::ProcessorKind;

namespace {

constexpr std::size_t kDistances = 4;

std::size_t route_index(MemoryKind from, MemoryKind to, Distance distance) {
  return (static_cast<std::size_t>(from) * machine::kMemoryKinds + static_cast<std::size_t>(to)) *
             kDistances +
         static_cast<std::size_t>(distance);
}

}  // namespace

Site::Site(const machine::Machine& machine, std::int64_t nodes, std::int64_t ranks_per_node)
    : machine_(machine),
      grid_(machine::grid_of(machine, nodes, ranks_per_node)),
      nodes_(nodes),
      ranks_per_node_(ranks_per_node) {
  count_kinds();
  add_nodes();
  add_ranks();
  add_routes();
}

void Site::count_kinds() {
  for (const ProcessorKind kind : machine::kMachineProcessors) {
    first_processor_[kind] = processors_per_node_;
    if (!machine_.processors[kind]) continue;
    // Processes make their own CPU and OMP processors: with more ranks than stated there are more of them.
    const std::int64_t made = grid_.count(kind) * ranks_per_node_;
    const std::int64_t count = kind == ProcessorKind::gpu ? machine_.processors[kind]->count
                                                          : std::max(made, machine_.processors[kind]->count);
    processors_of_kind_[kind] = static_cast<std::uint32_t>(count);
    processors_per_node_ += processors_of_kind_[kind];
  }
  const auto gpus =
      machine_.processors[ProcessorKind::gpu] ? machine_.processors[ProcessorKind::gpu]->count : 0;
  for (const MemoryKind kind : machine::kMachineMemories) {
    first_memory_[kind] = memories_per_node_;
    if (!machine_.memories[kind]) continue;
    const machine::Owner owner = machine::owner_of(kind);
    const std::int64_t count = owner == machine::Owner::gpu      ? gpus
                               : owner == machine::Owner::socket ? machine_.node.sockets
                                                                 : 1;
    memories_of_kind_[kind] = static_cast<std::uint32_t>(count);
    memories_per_node_ += memories_of_kind_[kind];
  }
}

void Site::add_nodes() {
  const auto socket_of = [&](ProcessorKind kind, std::uint32_t i) {
    const std::vector<std::int64_t>& sockets = machine_.processors[kind]->sockets;
    return static_cast<std::uint32_t>(sockets[i % sockets.size()]);
  };
  processors_.reserve(processors_per_node_ * static_cast<std::size_t>(nodes_));
  memories_.reserve(memories_per_node_ * static_cast<std::size_t>(nodes_));
  for (std::uint32_t node = 0; node < nodes_; ++node) {
    for (const ProcessorKind kind : machine::kMachineProcessors) {
      for (std::uint32_t i = 0; i < processors_of_kind_[kind]; ++i)
        processors_.push_back({kind, node, node, i, socket_of(kind, i)});
    }
    for (const MemoryKind kind : machine::kMachineMemories) {
      for (std::uint32_t i = 0; i < memories_of_kind_[kind]; ++i) {
        const std::uint32_t socket = kind == MemoryKind::fbmem     ? socket_of(ProcessorKind::gpu, i)
                                     : kind == MemoryKind::sockmem ? i
                                                                   : 0;
        memories_.push_back({kind, node, i, socket, machine_.memories[kind]->capacity});
      }
    }
  }
}

void Site::add_ranks() {
  std::vector<std::uint32_t> ranks_on(static_cast<std::size_t>(nodes_));
  for (std::int64_t rank = 0; rank < grid_.nodes; ++rank) {
    const auto node =
        static_cast<std::uint32_t>(machine::node_of_rank(machine_, nodes_, ranks_per_node_, rank));
    node_of_rank_.push_back(node);
    first_of_rank_.push_back(ranks_on[node]++);
    for (const ProcessorKind kind : machine::kMachineProcessors) {
      for (std::uint32_t i = 0; i < grid_.count(kind); ++i) {
        processors_[processor(kind, {static_cast<std::uint32_t>(rank), i})].rank =
            static_cast<std::uint32_t>(rank);
      }
    }
  }
}

void Site::add_routes() {
  routes_.resize(machine::kMemoryKinds * machine::kMemoryKinds * kDistances);
  for (const MemoryKind a : machine::kMachineMemories) {
    for (const MemoryKind b : machine::kMachineMemories) {
      for (std::size_t d = 0; d < kDistances; ++d) {
        const auto distance = static_cast<Distance>(d);
        if (machine_.memories[a] && machine_.memories[b] && (distance != Distance::same_memory || a == b))
          routes_[route_index(a, b, distance)] = find_route(a, b, distance);
      }
    }
  }
}

ProcessorId Site::processor(ProcessorKind kind, lang::Slot slot) const {
  base::expects(slot.node < node_of_rank_.size() && slot.processor < grid_.count(kind),
                "the slot is inside the grid");
  const auto per_rank = static_cast<std::uint32_t>(grid_.count(kind));
  return node_of_rank_[slot.node] * processors_per_node_ + first_processor_[kind] +
         first_of_rank_[slot.node] * per_rank + slot.processor;
}

std::optional<MemoryId> Site::memory(MemoryKind kind, ProcessorId processor) const {
  const Processor& p = processors_[processor];
  if (kind == MemoryKind::virtual_ || memories_of_kind_[kind] == 0 || !machine_.affinities[p.kind][kind])
    return std::nullopt;
  std::uint32_t index = 0;
  switch (machine::owner_of(kind)) {
    case machine::Owner::node: break;
    case machine::Owner::socket: index = p.socket; break;
    case machine::Owner::gpu:
      if (p.kind != ProcessorKind::gpu) return std::nullopt;
      index = p.index;
      break;
  }
  return p.node * memories_per_node_ + first_memory_[kind] + index;
}

Distance Site::distance(MemoryId a, MemoryId b) const {
  if (a == b) return Distance::same_memory;
  const Memory& x = memories_[a];
  const Memory& y = memories_[b];
  if (x.node != y.node) return Distance::other_node;
  return x.socket == y.socket ? Distance::same_socket : Distance::same_node;
}

bool Site::other_rank(MemoryId a, MemoryId b) const {
  const Memory& x = memories_[a];
  const Memory& y = memories_[b];
  if (x.node != y.node) return true;
  const auto gpus = static_cast<std::uint32_t>(grid_.count(ProcessorKind::gpu));
  return x.kind == MemoryKind::fbmem && y.kind == MemoryKind::fbmem && gpus > 0 &&
         x.index / gpus != y.index / gpus;
}

const Site::Route& Site::route(MemoryId from, MemoryId to) const {
  return routes_[route_index(memories_[from].kind, memories_[to].kind, distance(from, to))];
}

Site::Route Site::find_route(MemoryKind from, MemoryKind to, Distance distance) const {
  const machine::Runtime& runtime = machine_.runtime;
  const machine::Network& network = machine_.network;
  Route route;
  const auto at_most = [&](double bandwidth) {
    route.seconds_per_byte = std::max(route.seconds_per_byte, 1 / bandwidth);
  };
  const auto over_links = [&](MemoryKind a, MemoryKind b, bool same_socket) {
    for (const std::size_t i : machine::links_between(machine_, a, b, same_socket)) {
      at_most(machine_.links[i].bandwidth);
      route.latency += machine_.links[i].latency;
    }
  };
  if (distance == Distance::same_memory) {
    route.latency = runtime.copy_setup;
    at_most(memory_bandwidth(machine_, from) / 2);
  } else if (distance != Distance::other_node) {
    route.latency = runtime.copy_setup;
    over_links(from, to, distance == Distance::same_socket);
  } else {
    route.latency = runtime.remote_copy_setup + runtime.message + network.latency;
    at_most(network.node);
    if (network.pair) at_most(*network.pair);
    if (network.copy) at_most(*network.copy);
    for (const MemoryKind end : {from, to}) {
      if (end != MemoryKind::fbmem || !network.gpu_staging) continue;
      at_most(*network.gpu_staging);
      over_links(end, MemoryKind::sysmem, true);
    }
  }
  return route;
}

double memory_bandwidth(const machine::Machine& machine, MemoryKind kind) {
  double best = 0;
  for (const ProcessorKind p : machine::kMachineProcessors) {
    // Framebuffers are driven by their GPU, all else by the host.
    if (!machine.affinities[p][kind] || (p == ProcessorKind::gpu) != (kind == MemoryKind::fbmem)) continue;
    best = std::max(best, machine.affinities[p][kind]->bandwidth);
  }
  return best > 0 ? best : 1e9;
}

}  // namespace mapwright::plan
