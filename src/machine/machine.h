// The model of a machine: one description of a node, repeated, and the network between the nodes.
//
// Units are SI throughout: bytes, seconds, bytes per second, flop per second. Every figure is what programs
// reach, not what data sheets promise, unless its name says peak.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "machine/grid.h"
#include "machine/kinds.h"

namespace mapwright::machine {

//! An array indexed by a kind.
template <class Kind, class T, std::size_t N>
class PerKind {
 public:
  T& operator[](Kind kind) { return items_[static_cast<std::size_t>(kind)]; }
  const T& operator[](Kind kind) const { return items_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<T, N> items_{};
};
template <class T>
using PerProcessor = PerKind<ProcessorKind, T, kProcessorKinds>;
template <class T>
using PerMemory = PerKind<MemoryKind, T, kMemoryKinds>;

//! The kinds that a machine may have, in the order of reports. A mapper knows more (IO, PY, PROC, VIRTUAL),
//! which stand for nothing that takes time or space.
inline constexpr std::array kMachineProcessors{ProcessorKind::cpu, ProcessorKind::omp, ProcessorKind::gpu};
inline constexpr std::array kMachineMemories{MemoryKind::sysmem, MemoryKind::sockmem, MemoryKind::rdmem,
                                             MemoryKind::zcmem, MemoryKind::fbmem};

//! Of what a node has one memory of a kind each.
enum class Owner : std::uint8_t { node, socket, gpu };
constexpr Owner owner_of(MemoryKind kind) {
  return kind == MemoryKind::fbmem ? Owner::gpu : kind == MemoryKind::sockmem ? Owner::socket : Owner::node;
}

//! On which node rank r runs: round_robin = r modulo nodes, packed = r / (ranks per node).
enum class RankOrder : std::uint8_t { round_robin, packed };

struct Node {
  std::int64_t sockets = 1;  //!< at least 1, at most kMaxSockets
  RankOrder rank_order = RankOrder::packed;

  static constexpr std::int64_t kMaxSockets = 1024;
};

//! The processors of one kind on a node. Rates are those of one processor: an OMP processor uses all of its
//! cores.
struct Processors {
  std::int64_t count = 0;
  std::optional<std::int64_t> cores;  //!< CPU cores that one of them occupies
  std::vector<std::int64_t> sockets;  //!< the socket of each; `count` long
  double dp_peak = 0;                 //!< flop/s in double precision
  double dp_sustained = 0;            //!< flop/s that compute-bound kernels reach
  double sp_peak = 0;
  double sp_sustained = 0;
};

//! The memories of one kind on a node, one for each owner (owner_of).
struct Memory {
  std::int64_t capacity = 0;  //!< bytes of one of them that programs may fill; ranks of one node share it
};

//! How a processor works on data in a memory. A kernel takes, for each requirement, its streamed bytes /
//! bandwidth, its scattered accesses x `scattered` and its contended atomics x `atomic`.
struct Affinity {
  double bandwidth = 0;  //!< bytes/s, by one processor of the kind
  double latency = 0;    //!< seconds to the first byte
  double scattered = 0;  //!< seconds for each access that shares its transaction with no other
  double atomic =
      0;  //!< seconds for each atomic that contends with others, one after the other on one processor
};

//! What has a link of its own. A copy occupies, at each of its two ends, the link of that end's owner:
//! outgoing at the source and incoming at the destination. Each direction has the link's bandwidth, shared
//! fairly by the copies on it.
enum class Sharing : std::uint8_t {
  pair,    //!< each pair of memories: one link, two directions
  gpu,     //!< each GPU: ends that are no framebuffer need none
  socket,  //!< each socket: ends in memories of the whole node need none
  node,    //!< the node: all copies in all directions share one bandwidth
};

enum class Where : std::uint8_t { anywhere, same_socket, other_socket };

//! Two kinds of memory of one node, in either order. `where` matters where both belong to a socket or to a
//! GPU.
struct MemoryPair {
  MemoryKind first = MemoryKind::sysmem;
  MemoryKind second = MemoryKind::sysmem;
  Where where = Where::anywhere;

  friend bool operator==(const MemoryPair&, const MemoryPair&) = default;
};

//! A copy within a node goes over all links that carry its pair of memories at the same time: the slowest of
//! them sets its rate, their latencies add up.
struct Link {
  std::string name;
  double bandwidth = 0;  //!< bytes/s in each direction
  double latency = 0;    //!< seconds
  Sharing shared_by = Sharing::pair;
  std::vector<MemoryPair> carries;

  bool carries_pair(MemoryKind a, MemoryKind b, bool same_socket) const;
};

//! Between nodes. Every limit is per direction, fairly shared by the copies under it, and all that are
//! present hold at once.
struct Network {
  double node = 0;                       //!< bytes/s of all traffic of a node
  std::optional<double> pair;            //!< bytes/s of all traffic from one node to another
  std::optional<double> pair_both_ways;  //!< replaces `pair` while copies are under way in both directions
  std::optional<double> copy;            //!< bytes/s of one copy
  double latency = 0;                    //!< seconds
  //! Present where framebuffers cannot reach the network: such a copy crosses the links between FBMEM and
  //! SYSMEM at its framebuffer ends, and staging through host memory limits each GPU to this, in bytes/s per
  //! direction.
  std::optional<double> gpu_staging;
  //! bytes/s of one fold of a reduction instance into another process's instance: on the same node, on
  //! another node. Absent: as a plain copy.
  std::optional<double> fold_between_ranks;
  std::optional<double> fold_between_nodes;
  //! Whether a node's requests for data wait behind the bulk data that it is already sending to the same
  //! node.
  bool ordered_requests = false;
};

//! What the task runtime itself takes, in seconds.
struct Runtime {
  std::int64_t utility_processors = 1;  //!< per node; they map and analyse
  double mapping_traced = 0;     //!< for each point of a launch, on one utility processor, when replayed
  double mapping_untraced = 0;   //!< the same when analysed anew
  double inner_launch = 0;       //!< between two untraced launches of one parent task
  double kernel_launch = 0;      //!< for each task that starts on a GPU
  double copy_setup = 0;         //!< for each copy within a node
  double remote_copy_setup = 0;  //!< for each copy between nodes, from its cause to its first byte
  double message = 0;            //!< for each message between nodes
};

struct Machine {
  std::string name;
  std::string description;
  std::int64_t nodes = 1;  //!< where the user does not say how many
  Node node;
  PerProcessor<std::optional<Processors>> processors;
  PerMemory<std::optional<Memory>> memories;
  //! Absent: such processors do not reach such memories.
  PerProcessor<PerMemory<std::optional<Affinity>>> affinities;
  std::vector<Link> links;
  Network network;
  Runtime runtime;
  //! For every figure that was stated, by its path ("memories.FBMEM.capacity"), where it comes from; may be
  //! empty.
  std::map<std::string, std::string, std::less<>> sources;
};

//! What mappers see of `nodes` such nodes with that many ranks on each. GPUs are dealt out among the ranks of
//! a node (rank k has the GPUs from k * count / ranks; what is left over stays idle); of other processors,
//! which a process makes itself, each rank has its share and at least one. Processor kinds that the machine
//! lacks reach what they usually reach. Nodes and ranks are at least 1, their product at most
//! Grid::kMaxNodes.
Grid grid_of(const Machine& machine, std::int64_t nodes, std::int64_t ranks_per_node = 1);

//! The node on which a rank runs.
std::int64_t node_of_rank(const Machine& machine, std::int64_t nodes, std::int64_t ranks_per_node,
                          std::int64_t rank);

//! The socket of each of `count` processors where nobody says: equal blocks.
std::vector<std::int64_t> in_blocks(std::int64_t count, std::int64_t sockets);

//! The links that a copy between two different memories of a node goes over, by their index in `links`. Where
//! one of the two belongs to the whole node, `same_socket` does not matter.
std::vector<std::size_t> links_between(const Machine& machine, MemoryKind a, MemoryKind b, bool same_socket);

}  // namespace mapwright::machine
