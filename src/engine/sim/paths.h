// What copies go over: the directions of links, network connections and memories, as resources of a
// simulation.
#pragma once

#include <array>
#include <unordered_map>

#include "engine/sim/flows.h"
#include "plan/plan.h"

namespace mapwright::engine::sim {

//! The way from one memory to another.
struct Path {
  double latency = 0;  //!< seconds before the first byte
  double cap = 0;      //!< bytes/s of one copy; infinite where nothing limits it
  double passes = 1;  //!< how often each byte goes over the resources: within a memory it is read and written
  bool remote = false;         //!< between nodes
  bool between_ranks = false;  //!< between nodes, or between framebuffers of two ranks of a node
  std::uint32_t from = 0;      //!< the nodes
  std::uint32_t to = 0;
  std::uint8_t count = 0;
  std::array<ResourceId, kMostResources> resources{};

  std::span<const ResourceId> over() const { return {resources.data(), count}; }
};

class Paths {
 public:
  Paths(const plan::Site& site, Flows* flows) : site_(site), flows_(*flows) {}

  const Path& path(plan::MemoryId from, plan::MemoryId to, bool fold);
  //! Tells that a copy between nodes begins (+1) or ends (-1): a pair that is used in both directions may
  //! have another limit.
  void under_way(const Path& path, int change);

 private:
  struct Pair {
    ResourceId resource = 0;
    int active = 0;
  };

  Path make(plan::MemoryId from, plan::MemoryId to, bool fold);
  ResourceId resource(std::uint64_t key, double capacity);
  void add_link(Path* path, std::size_t index, plan::MemoryId from, plan::MemoryId to);
  Pair& pair(std::uint32_t from, std::uint32_t to);

  const plan::Site& site_;
  Flows& flows_;
  std::unordered_map<std::uint64_t, Path> paths_;
  std::unordered_map<std::uint64_t, ResourceId> resources_;
  std::unordered_map<std::uint64_t, Pair> pairs_;
};

}  // namespace mapwright::engine::sim
