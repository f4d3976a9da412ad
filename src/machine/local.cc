#include "machine/local.h"

#include <fmt/format.h>
#include <hwloc.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <string_view>

#include "base/bug.h"
#include "machine/catalog.h"
#include "machine/schema.h"

namespace mapwright::machine {
namespace {

struct DestroyTopology {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, DestroyTopology>;

Topology load_topology() {
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return nullptr;
  Topology topology(raw);
  if (hwloc_topology_set_io_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_IMPORTANT) != 0) return nullptr;
  // hwloc reads PCI devices from /sys as well; the library behind "pci" leaks, and "gl" talks to X servers.
  for (const char* component : {"pci", "gl"}) {
    hwloc_topology_set_components(raw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, component);
  }
  if (hwloc_topology_load(raw) != 0) return nullptr;
  return topology;
}

std::int64_t cores_within(hwloc_topology_t topology, hwloc_const_cpuset_t cpus) {
  const int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, cpus, HWLOC_OBJ_CORE);
  // Some virtual machines show threads without cores.
  return cores > 0 ? cores : hwloc_get_nbobjs_inside_cpuset_by_type(topology, cpus, HWLOC_OBJ_PU);
}

// Back ends name the size of a device's memory each in their own way, all in KiB.
std::optional<std::int64_t> memory_of(hwloc_obj_t device) {
  for (const char* key :
       {"CUDAGlobalMemorySize", "OpenCLGlobalMemorySize", "LevelZeroHBMSize", "LevelZeroDDRSize"}) {
    const char* text = hwloc_obj_get_info_by_name(device, key);
    if (text == nullptr) continue;
    const std::string_view digits(text);
    std::int64_t kib = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), kib);
    if (error == std::errc{} && kib > 0 && kib < (std::int64_t{1} << 45)) return kib * 1024;
  }
  return std::nullopt;
}

// A display adapter is an OS device of type GPU as well; what computes has a driver that says so.
bool computes(hwloc_obj_t device) {
  const auto type = device->attr->osdev.type;
  if (type == HWLOC_OBJ_OSDEV_COPROC) return true;
  const std::string_view subtype = device->subtype == nullptr ? "" : device->subtype;
  return type == HWLOC_OBJ_OSDEV_GPU && (subtype == "NVML" || subtype == "RSMI");
}

void find_gpus(hwloc_topology_t topology, const std::vector<hwloc_obj_t>& numa, Inventory* inventory) {
  std::set<hwloc_obj_t> seen;
  for (hwloc_obj_t device = nullptr; (device = hwloc_get_next_osdev(topology, device)) != nullptr;) {
    // One card has an OS device for each driver; a device without a card is software.
    const hwloc_obj_t card = device->parent;
    if (!computes(device) || card == nullptr || card->type != HWLOC_OBJ_PCI_DEVICE ||
        !seen.insert(card).second)
      continue;
    const hwloc_obj_t host = hwloc_get_non_io_ancestor_obj(topology, device);
    const auto near = std::ranges::find_if(numa, [&](hwloc_obj_t node) {
      return host != nullptr && hwloc_bitmap_isset(host->nodeset, node->os_index) != 0;
    });
    Inventory::Gpu gpu;
    gpu.socket = near == numa.end() ? 0 : near - numa.begin();
    for (hwloc_obj_t sibling = card->io_first_child; sibling != nullptr; sibling = sibling->next_sibling) {
      if (!gpu.bytes) gpu.bytes = memory_of(sibling);
    }
    inventory->gpus.push_back(gpu);
  }
}

constexpr double kGiga = 1e9;
constexpr double kMicro = 1e-6;
constexpr double kNano = 1e-9;
constexpr std::int64_t kGiB = std::int64_t{1} << 30;

constexpr std::string_view kAssumed = "assumption: a usual value, not measured on this machine";
constexpr std::string_view kSeen = "seen by hwloc";

Processors group(std::vector<std::int64_t> sockets, double dp_peak, double dp_sustained) {
  Processors p;
  p.count = static_cast<std::int64_t>(sockets.size());
  p.sockets = std::move(sockets);
  p.dp_peak = dp_peak;
  p.dp_sustained = dp_sustained;
  p.sp_peak = 2 * dp_peak;
  p.sp_sustained = 2 * dp_sustained;
  return p;
}

Link link(std::string name, double bandwidth, double latency, Sharing shared_by,
          std::vector<MemoryPair> carries) {
  return {std::move(name), bandwidth, latency, shared_by, std::move(carries)};
}

void add_processors(const Inventory& inventory, Machine* m) {
  std::vector<std::int64_t> cpu;
  std::vector<std::int64_t> omp;
  std::int64_t fewest = inventory.sockets.front().cores;
  for (const Inventory::Socket& s : inventory.sockets) {
    cpu.insert(cpu.end(), static_cast<std::size_t>(s.cores), static_cast<std::int64_t>(omp.size()));
    omp.push_back(static_cast<std::int64_t>(omp.size()));
    fewest = std::min(fewest, s.cores);
  }
  if (cpu.size() > static_cast<std::size_t>(Grid::kMaxProcessors))
    cpu.resize(static_cast<std::size_t>(Grid::kMaxProcessors));
  const auto cores = static_cast<double>(fewest);
  m->processors[ProcessorKind::cpu] = group(std::move(cpu), 40 * kGiga, 30 * kGiga);
  m->processors[ProcessorKind::cpu]->cores = 1;
  m->processors[ProcessorKind::omp] = group(std::move(omp), cores * 40 * kGiga, cores * 30 * kGiga);
  m->processors[ProcessorKind::omp]->cores = fewest;
}

// Pools cannot be filled twice, so the host memory is divided: half of it for all, a quarter for the sockets.
void add_host_memories(const Inventory& inventory, Machine* m) {
  std::int64_t total = 0;
  std::int64_t least = inventory.sockets.front().bytes;
  for (const Inventory::Socket& s : inventory.sockets) {
    total += s.bytes;
    least = std::min(least, s.bytes);
  }
  if (total <= 0) total = kGiB;
  if (least <= 0) least = total / static_cast<std::int64_t>(inventory.sockets.size());
  const auto part = [](std::int64_t bytes, std::int64_t of) {
    return Memory{std::max<std::int64_t>(1, bytes / of)};
  };
  m->memories[MemoryKind::sysmem] = part(total, 2);
  m->memories[MemoryKind::sockmem] = part(least, 4);
  m->memories[MemoryKind::zcmem] = part(total, 8);
  m->memories[MemoryKind::rdmem] = part(total, 32);
  for (const MemoryKind kind :
       {MemoryKind::sysmem, MemoryKind::sockmem, MemoryKind::zcmem, MemoryKind::rdmem}) {
    m->affinities[ProcessorKind::cpu][kind] = Affinity{10 * kGiga, 90 * kNano, 20 * kNano, 20 * kNano};
    m->affinities[ProcessorKind::omp][kind] = Affinity{40 * kGiga, 90 * kNano, 5 * kNano, 20 * kNano};
  }
  using enum MemoryKind;
  m->links.push_back(link("host_memory", 10 * kGiga, 1 * kMicro, Sharing::node,
                          {{sysmem, zcmem},
                           {sysmem, rdmem},
                           {sysmem, sockmem},
                           {zcmem, rdmem},
                           {zcmem, sockmem},
                           {rdmem, sockmem},
                           {sockmem, sockmem}}));
}

void add_gpus(const Inventory& inventory, Machine* m) {
  if (inventory.gpus.empty()) return;
  std::vector<std::int64_t> sockets;
  std::optional<std::int64_t> smallest;
  for (const Inventory::Gpu& gpu : inventory.gpus) {
    sockets.push_back(gpu.socket);
    if (gpu.bytes && (!smallest || *gpu.bytes < *smallest)) smallest = gpu.bytes;
  }
  m->processors[ProcessorKind::gpu] = group(std::move(sockets), 5000 * kGiga, 4500 * kGiga);
  m->memories[MemoryKind::fbmem] = Memory{smallest.value_or(8 * kGiB)};
  m->affinities[ProcessorKind::gpu][MemoryKind::fbmem] =
      Affinity{500 * kGiga, 0.5 * kMicro, 0.06 * kNano, 1 * kNano};
  m->affinities[ProcessorKind::gpu][MemoryKind::zcmem] =
      Affinity{11 * kGiga, 1 * kMicro, 3 * kNano, 200 * kNano};
  using enum MemoryKind;
  m->links.push_back(
      link("pcie", 12 * kGiga, 2 * kMicro, Sharing::gpu,
           {{fbmem, sysmem}, {fbmem, sockmem}, {fbmem, zcmem}, {fbmem, rdmem}, {fbmem, fbmem}}));
  if (smallest) m->sources["memories.FBMEM.capacity"] = kSeen;
  for (const char* path : {"processors.GPU.count", "processors.GPU.sockets"}) m->sources[path] = kSeen;
}

// Every figure that nobody has seen is an assumption.
void state_assumptions(Machine* m) {
  for_each_table(*m, [&](const std::string& path, auto& object) {
    for (const auto& field : fields_of<std::remove_cvref_t<decltype(object)>>()) {
      const bool off = std::visit(
          [&](auto member) {
            if constexpr (requires { (object.*member).has_value(); }) return !(object.*member).has_value();
            return false;
          },
          field.member);
      if (!off) m->sources.emplace(fmt::format("{}.{}", path, field.key), kAssumed);
    }
  });
}

}  // namespace

Inventory take_inventory() {
  Inventory inventory;
  const Topology topology = load_topology();
  std::vector<hwloc_obj_t> numa;
  for (hwloc_obj_t node = nullptr; topology && (node = hwloc_get_next_obj_by_type(
                                                    topology.get(), HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    const std::int64_t cores = cores_within(topology.get(), node->cpuset);
    // Memory without cores (HBM, a memory expander) is nobody's socket.
    if (cores <= 0 || static_cast<std::int64_t>(numa.size()) == Node::kMaxSockets) continue;
    numa.push_back(node);
    inventory.sockets.push_back({cores, static_cast<std::int64_t>(node->attr->numanode.local_memory)});
  }
  if (topology) find_gpus(topology.get(), numa, &inventory);
  if (inventory.sockets.empty()) inventory.sockets.emplace_back();
  return inventory;
}

Machine machine_from(const Inventory& inventory) {
  base::expects(!inventory.sockets.empty(), "a computer has a socket");
  Machine m;
  m.name = kLocal;
  m.description = "this computer; rates, latencies and costs are assumptions";
  m.node.sockets = static_cast<std::int64_t>(inventory.sockets.size());
  add_processors(inventory, &m);
  add_host_memories(inventory, &m);
  add_gpus(inventory, &m);
  m.network.node = 10 * kGiga;
  m.network.latency = 2 * kMicro;
  m.runtime = {1, 30 * kMicro, 300 * kMicro, 0, 5 * kMicro, 20 * kMicro, 30 * kMicro, 5 * kMicro};
  for (const char* path : {"node.sockets", "processors.CPU.count", "processors.CPU.cores",
                           "processors.CPU.sockets", "processors.OMP.cores"}) {
    m.sources[path] = kSeen;
  }
  for (const char* path : {"processors.OMP.count", "processors.OMP.sockets"}) {
    m.sources[path] = "one for each NUMA node that hwloc sees";
  }
  const std::pair<const char*, const char*> pools[] = {
      {"SYSMEM", "a half of the host memory"},
      {"SOCKMEM", "a quarter of the smallest NUMA node's memory"},
      {"ZCMEM", "an eighth of the host memory"},
      {"RDMEM", "a thirty-second of the host memory"}};
  for (const auto& [kind, share] : pools) {
    m.sources[fmt::format("memories.{}.capacity", kind)] =
        fmt::format("assumption: {}, which hwloc sees", share);
  }
  state_assumptions(&m);
  return m;
}

Machine with_stand_ins(Machine m, std::int64_t gpus) {
  base::expects(!m.processors[ProcessorKind::gpu] && gpus > 0, "stand-ins stand for what is not there");
  const Processors& cpu = *m.processors[ProcessorKind::cpu];
  std::vector<std::int64_t> sockets;
  sockets.reserve(static_cast<std::size_t>(gpus));
  for (std::int64_t i = 0; i < gpus; ++i)
    sockets.push_back(cpu.sockets[static_cast<std::size_t>(i % cpu.count)]);
  Processors stand_ins = cpu;
  stand_ins.count = gpus;
  stand_ins.sockets = std::move(sockets);
  m.processors[ProcessorKind::gpu] = std::move(stand_ins);
  using enum MemoryKind;
  m.memories[fbmem] = Memory{std::max<std::int64_t>(1, m.memories[sysmem]->capacity / (4 * gpus))};
  m.affinities[ProcessorKind::gpu][fbmem] = m.affinities[ProcessorKind::cpu][sysmem];
  m.affinities[ProcessorKind::gpu][zcmem] = m.affinities[ProcessorKind::cpu][zcmem];
  m.links.push_back(
      link("stand_ins", 10 * kGiga, 1 * kMicro, Sharing::node,
           {{fbmem, sysmem}, {fbmem, sockmem}, {fbmem, zcmem}, {fbmem, rdmem}, {fbmem, fbmem}}));
  m.sources["processors.GPU.count"] = "stated";
  m.sources["processors.GPU.sockets"] = "those of the cores, in turn";
  m.sources["memories.FBMEM.capacity"] =
      "assumption: a quarter of SYSMEM, shared by the processors that stand in for GPUs";
  state_assumptions(&m);
  return m;
}

Machine local_machine() {
  return machine_from(take_inventory());
}

}  // namespace mapwright::machine
