#include "machine/machine.h"

#include <algorithm>

#include "base/bug.h"

namespace mapwright::machine {

bool Link::carries_pair(MemoryKind a, MemoryKind b, bool same_socket) const {
  return std::ranges::any_of(carries, [&](const MemoryPair& p) {
    const bool kinds = (p.first == a && p.second == b) || (p.first == b && p.second == a);
    return kinds && (p.where == Where::anywhere || (p.where == Where::same_socket) == same_socket);
  });
}

Grid grid_of(const Machine& machine, std::int64_t nodes, std::int64_t ranks_per_node) {
  base::expects(nodes >= 1 && ranks_per_node >= 1 && nodes <= Grid::kMaxNodes / ranks_per_node,
                "a grid has 1 to kMaxNodes ranks");
  Grid grid = make_grid(nodes * ranks_per_node, {});
  grid.ranks_per_node = ranks_per_node;
  for (const ProcessorKind p : kMachineProcessors) {
    if (!machine.processors[p]) continue;
    const std::int64_t share = machine.processors[p]->count / ranks_per_node;
    const std::int64_t least = p == ProcessorKind::gpu ? 0 : 1;
    grid.processors[static_cast<std::size_t>(p)] = std::max(share, least);
    for (const MemoryKind m : kMachineMemories) {
      grid.reaches[static_cast<std::size_t>(p)][static_cast<std::size_t>(m)] =
          machine.affinities[p][m].has_value();
    }
  }
  return grid;
}

std::int64_t node_of_rank(const Machine& machine, std::int64_t nodes, std::int64_t ranks_per_node,
                          std::int64_t rank) {
  base::expects(rank >= 0 && rank / ranks_per_node < nodes, "a rank runs on a node");
  return machine.node.rank_order == RankOrder::round_robin ? rank % nodes : rank / ranks_per_node;
}

std::vector<std::int64_t> in_blocks(std::int64_t count, std::int64_t sockets) {
  std::vector<std::int64_t> of(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) of[static_cast<std::size_t>(i)] = i * sockets / count;
  return of;
}

std::vector<std::size_t> links_between(const Machine& machine, MemoryKind a, MemoryKind b, bool same_socket) {
  std::vector<std::size_t> over;
  for (std::size_t i = 0; i < machine.links.size(); ++i) {
    if (machine.links[i].carries_pair(a, b, same_socket)) over.push_back(i);
  }
  return over;
}

}  // namespace mapwright::machine
