#include "engine/sim/paths.h"

#include <algorithm>
#include <limits>

#include "base/bug.h"

namespace mapwright::engine::sim {

using machine::MemoryKind;
using machine::Sharing;
using plan::MemoryId;

namespace {

// What a resource belongs to, in the upper bits of its key.
enum class Of : std::uint8_t {
  memory,
  pair,
  gpu_out,
  gpu_in,
  socket_out,
  socket_in,
  node_all,
  node_out,
  node_in,
  staging_out,
  staging_in
};

std::uint64_t key_of(Of of, std::size_t link, std::uint64_t who) {
  return static_cast<std::uint64_t>(of) << 60 | static_cast<std::uint64_t>(link) << 52 | who;
}

// A fold within a memory reads both instances and writes one.
constexpr double kFoldPasses = 3;
constexpr double kCopyPasses = 2;

}  // namespace

const Path& Paths::path(MemoryId from, MemoryId to, bool fold) {
  const std::uint64_t key =
      static_cast<std::uint64_t>(fold) << 63 | static_cast<std::uint64_t>(from) << 31 | to;
  const auto found = paths_.find(key);
  return found != paths_.end() ? found->second : paths_.emplace(key, make(from, to, fold)).first->second;
}

ResourceId Paths::resource(std::uint64_t key, double capacity) {
  const auto found = resources_.find(key);
  return found != resources_.end() ? found->second
                                   : resources_.emplace(key, flows_.add_resource(capacity)).first->second;
}

// The direction of a link that a copy between these two memories occupies, at each end that has one.
void Paths::add_link(Path* path, std::size_t index, MemoryId from, MemoryId to) {
  const machine::Link& link = site_.machine().links[index];
  const plan::Memory& a = site_.memories()[from];
  const plan::Memory& b = site_.memories()[to];
  const auto sockets = static_cast<std::uint64_t>(site_.machine().node.sockets);
  const auto add = [&](Of of, std::uint64_t who) {
    path->resources[path->count++] = resource(key_of(of, index, who), link.bandwidth);
  };
  switch (link.shared_by) {
    case Sharing::pair: add(Of::pair, static_cast<std::uint64_t>(from) << 26 | to); break;
    case Sharing::gpu:
      if (a.kind == MemoryKind::fbmem) add(Of::gpu_out, from);
      if (b.kind == MemoryKind::fbmem) add(Of::gpu_in, to);
      break;
    case Sharing::socket:
      if (machine::owner_of(a.kind) != machine::Owner::node) add(Of::socket_out, a.node * sockets + a.socket);
      if (machine::owner_of(b.kind) != machine::Owner::node) add(Of::socket_in, b.node * sockets + b.socket);
      break;
    case Sharing::node: add(Of::node_all, a.node); break;
  }
}

Path Paths::make(MemoryId from, MemoryId to, bool fold) {
  const machine::Machine& machine = site_.machine();
  const machine::Network& network = machine.network;
  const plan::Memory& a = site_.memories()[from];
  const plan::Memory& b = site_.memories()[to];
  const plan::Distance distance = site_.distance(from, to);
  Path path;
  path.latency = site_.copy_latency(from, to);
  path.cap = std::numeric_limits<double>::infinity();
  path.from = a.node;
  path.to = b.node;
  if (distance == plan::Distance::same_memory) {
    path.passes = fold ? kFoldPasses : kCopyPasses;
    path.resources[path.count++] =
        resource(key_of(Of::memory, 0, from), plan::memory_bandwidth(machine, a.kind));
    return path;
  }
  if (distance != plan::Distance::other_node) {
    for (const std::size_t i :
         machine::links_between(machine, a.kind, b.kind, distance == plan::Distance::same_socket))
      add_link(&path, i, from, to);
    if (fold && site_.other_rank(from, to) && network.fold_between_ranks)
      path.cap = *network.fold_between_ranks;
    return path;
  }
  path.remote = true;
  if (network.copy) path.cap = *network.copy;
  if (fold && network.fold_between_nodes) path.cap = *network.fold_between_nodes;
  const auto add = [&](Of of, std::uint64_t who, double capacity) {
    path.resources[path.count++] = resource(key_of(of, 0, who), capacity);
  };
  add(Of::node_out, a.node, network.node);
  add(Of::node_in, b.node, network.node);
  if (network.pair) path.resources[path.count++] = pair(a.node, b.node).resource;
  if (network.gpu_staging) {
    // Through host memory at each end that is a framebuffer.
    const auto host = [&](MemoryId gpu, bool out) {
      const plan::Memory& m = site_.memories()[gpu];
      if (m.kind != MemoryKind::fbmem) return;
      for (const std::size_t i :
           machine::links_between(machine, MemoryKind::fbmem, MemoryKind::sysmem, true)) {
        const machine::Link& link = machine.links[i];
        if (link.shared_by != Sharing::gpu) continue;
        path.resources[path.count++] =
            resource(key_of(out ? Of::gpu_out : Of::gpu_in, i, gpu), link.bandwidth);
      }
      add(out ? Of::staging_out : Of::staging_in, gpu, *network.gpu_staging);
    };
    host(from, true);
    host(to, false);
  }
  return path;
}

Paths::Pair& Paths::pair(std::uint32_t from, std::uint32_t to) {
  const std::uint64_t key = static_cast<std::uint64_t>(from) << 32 | to;
  const auto found = pairs_.find(key);
  if (found != pairs_.end()) return found->second;
  return pairs_.emplace(key, Pair{flows_.add_resource(*site_.machine().network.pair), 0}).first->second;
}

void Paths::under_way(const Path& path, int change) {
  const machine::Network& network = site_.machine().network;
  if (!path.remote || !network.pair || !network.pair_both_ways) return;
  Pair& there = pair(path.from, path.to);
  there.active += change;
  Pair& back = pair(path.to, path.from);
  const double capacity = there.active > 0 && back.active > 0 ? *network.pair_both_ways : *network.pair;
  flows_.set_capacity(pair(path.from, path.to).resource, capacity);
  flows_.set_capacity(back.resource, capacity);
}

}  // namespace mapwright::engine::sim
