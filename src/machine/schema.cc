#include "machine/schema.h"

namespace mapwright::machine {
namespace {

constexpr bool kRequired = true;
constexpr bool kOptional = false;
using enum Unit;

constexpr std::array<Field<Machine>, 3> kMachine{{
    {"name", &Machine::name, kRequired, none, "letters, digits, `_` and `-`"},
    {"description", &Machine::description, kOptional, none, "one line for lists of machines"},
    {"nodes", &Machine::nodes, kOptional, count, "how many nodes where `--nodes` does not say; 1 if absent",
     Grid::kMaxNodes},
}};

constexpr std::array<Field<Node>, 2> kNode{{
    {"sockets", &Node::sockets, kRequired, count,
     "parts of a node that have processors and memory of their own", Node::kMaxSockets},
    {"rank_order", &Node::rank_order, kOptional, none,
     "`\"packed\"` (if absent): rank r runs on node r / ranks per node; `\"round-robin\"`: on node r modulo "
     "nodes"},
}};

constexpr std::array<Field<Processors>, 7> kProcessors{{
    {"count", &Processors::count, kRequired, count, "how many of the kind a node has", Grid::kMaxProcessors},
    {"cores", &Processors::cores, kOptional, count, "CPU cores that one of them occupies",
     Grid::kMaxProcessors},
    {"sockets", &Processors::sockets, kOptional, none,
     "the socket of each, a list as long as `count`; equal blocks if absent"},
    {"dp_peak", &Processors::dp_peak, kRequired, flop_per_second, "double precision, by the data sheet"},
    {"dp_sustained", &Processors::dp_sustained, kRequired, flop_per_second,
     "double precision, as compute-bound kernels reach it"},
    {"sp_peak", &Processors::sp_peak, kRequired, flop_per_second, "single precision, by the data sheet"},
    {"sp_sustained", &Processors::sp_sustained, kRequired, flop_per_second,
     "single precision, as compute-bound kernels reach it"},
}};

constexpr std::array<Field<Memory>, 1> kMemory{{
    {"capacity", &Memory::capacity, kRequired, bytes,
     "what programs may fill of one such memory: its size, or the pool that the runtime is started with"},
}};

constexpr std::array<Field<Affinity>, 4> kAffinity{{
    {"bandwidth", &Affinity::bandwidth, kRequired, bytes_per_second, "what one such processor streams"},
    {"latency", &Affinity::latency, kOptional, seconds, "to the first byte; 0 if absent"},
    {"scattered", &Affinity::scattered, kOptional, seconds,
     "the price of an access that shares its transaction with no other (a gather); 0 if absent"},
    {"atomic", &Affinity::atomic, kOptional, seconds,
     "the price of an atomic update that contends with others; 0 if absent"},
}};

constexpr std::array<Field<Link>, 4> kLink{{
    {"bandwidth", &Link::bandwidth, kRequired, bytes_per_second, "in each direction"},
    {"latency", &Link::latency, kOptional, seconds, "adds up along the links of a copy; 0 if absent"},
    {"shared_by", &Link::shared_by, kRequired, none,
     "what has a link of its own: each `\"pair\"` (of memories), `\"GPU\"`, `\"socket\"` or `\"node\"`"},
    {"carries", &Link::carries, kRequired, none,
     "pairs of memories: `\"FBMEM-SYSMEM\"`, `\"FBMEM-FBMEM same socket\"`, `\"FBMEM-FBMEM other socket\"`"},
}};

constexpr std::array<Field<Network>, 9> kNetwork{{
    {"node", &Network::node, kRequired, bytes_per_second, "all traffic of a node"},
    {"pair", &Network::pair, kOptional, bytes_per_second,
     "all traffic from one node to another; off if absent"},
    {"pair_both_ways", &Network::pair_both_ways, kOptional, bytes_per_second,
     "replaces `pair` while two nodes send to each other at the same time; off if absent"},
    {"copy", &Network::copy, kOptional, bytes_per_second, "one copy; off if absent"},
    {"latency", &Network::latency, kRequired, seconds, "from node to node"},
    {"gpu_staging", &Network::gpu_staging, kOptional, bytes_per_second,
     "given where GPUs cannot send and receive themselves: what one GPU reaches through host memory"},
    {"fold_between_ranks", &Network::fold_between_ranks, kOptional, bytes_per_second,
     "one fold of a partial result into that of another process of the same node; as a copy if absent"},
    {"fold_between_nodes", &Network::fold_between_nodes, kOptional, bytes_per_second,
     "the same, of another node; as a copy if absent"},
    {"ordered_requests", &Network::ordered_requests, kOptional, none,
     "`true` where a request for data waits behind the data that its node is already sending; `false` if "
     "absent"},
}};

constexpr std::array<Field<Runtime>, 8> kRuntime{{
    {"utility_processors", &Runtime::utility_processors, kOptional, count,
     "processors of a node that map and analyse; 1 if absent", Grid::kMaxProcessors},
    {"mapping_traced", &Runtime::mapping_traced, kRequired, seconds,
     "for each point of a launch that is replayed"},
    {"mapping_untraced", &Runtime::mapping_untraced, kRequired, seconds,
     "for each point of any other launch"},
    {"inner_launch", &Runtime::inner_launch, kOptional, seconds,
     "between two launches of one parent task that are not replayed; 0 if absent"},
    {"kernel_launch", &Runtime::kernel_launch, kRequired, seconds, "for each task that starts on a GPU"},
    {"copy_setup", &Runtime::copy_setup, kRequired, seconds, "for each copy within a node"},
    {"remote_copy_setup", &Runtime::remote_copy_setup, kRequired, seconds,
     "for each copy between nodes, from the task that causes it to its first byte"},
    {"message", &Runtime::message, kRequired, seconds, "for each message between nodes"},
}};

// In the order of the enumerations.
constexpr std::array<std::string_view, 2> kRankOrders{"round-robin", "packed"};
constexpr std::array<std::string_view, 4> kSharings{"pair", "GPU", "socket", "node"};
constexpr std::array<std::string_view, 3> kWheres{"", "same socket", "other socket"};

}  // namespace

template <>
std::span<const Field<Machine>> fields_of() {
  return kMachine;
}
template <>
std::span<const Field<Node>> fields_of() {
  return kNode;
}
template <>
std::span<const Field<Processors>> fields_of() {
  return kProcessors;
}
template <>
std::span<const Field<Memory>> fields_of() {
  return kMemory;
}
template <>
std::span<const Field<Affinity>> fields_of() {
  return kAffinity;
}
template <>
std::span<const Field<Link>> fields_of() {
  return kLink;
}
template <>
std::span<const Field<Network>> fields_of() {
  return kNetwork;
}
template <>
std::span<const Field<Runtime>> fields_of() {
  return kRuntime;
}

std::span<const std::string_view> words_of(RankOrder) {
  return kRankOrders;
}
std::span<const std::string_view> words_of(Sharing) {
  return kSharings;
}
std::span<const std::string_view> words_of(Where) {
  return kWheres;
}

std::string pair_text(const MemoryPair& pair) {
  std::string text(name_of(pair.first));
  text += "-";
  text += name_of(pair.second);
  if (pair.where != Where::anywhere) {
    text += " ";
    text += kWheres[static_cast<std::size_t>(pair.where)];
  }
  return text;
}

}  // namespace mapwright::machine
