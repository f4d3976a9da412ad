#include "hardware.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace mapwright::legion {
namespace {

using machine::MemoryKind;
using machine::ProcessorKind;

constexpr std::array kProcessors{
    std::pair{ProcessorKind::cpu, Legion::Processor::LOC_PROC},
    std::pair{ProcessorKind::gpu, Legion::Processor::TOC_PROC},
    std::pair{ProcessorKind::io, Legion::Processor::IO_PROC},
    std::pair{ProcessorKind::py, Legion::Processor::PY_PROC},
    std::pair{ProcessorKind::proc, Legion::Processor::PROC_SET},
    std::pair{ProcessorKind::omp, Legion::Processor::OMP_PROC},
};
constexpr std::array kMemories{
    std::pair{MemoryKind::sysmem, Legion::Memory::SYSTEM_MEM},
    std::pair{MemoryKind::fbmem, Legion::Memory::GPU_FB_MEM},
    std::pair{MemoryKind::rdmem, Legion::Memory::REGDMA_MEM},
    std::pair{MemoryKind::zcmem, Legion::Memory::Z_COPY_MEM},
    std::pair{MemoryKind::sockmem, Legion::Memory::SOCKET_MEM},
};

}  // namespace

std::optional<ProcessorKind> kind_of(Legion::Processor::Kind kind) {
  for (const auto& [ours, realm] : kProcessors)
    if (realm == kind) return ours;
  return std::nullopt;
}

Legion::Processor::Kind realm_kind(ProcessorKind kind) {
  for (const auto& [ours, realm] : kProcessors)
    if (ours == kind) return realm;
  return Legion::Processor::NO_KIND;
}

std::optional<MemoryKind> kind_of(Legion::Memory::Kind kind) {
  for (const auto& [ours, realm] : kMemories)
    if (realm == kind) return ours;
  return std::nullopt;
}

Hardware::Hardware(const Legion::Machine& machine) {
  std::set<Legion::Processor> processors;
  machine.get_all_processors(processors);  // a set: in the order of their identifiers
  for (const Legion::Processor processor : processors) {
    const auto kind = kind_of(processor.kind());
    if (!kind) continue;
    const std::size_t node = processor.address_space();
    if (nodes_.size() <= node) nodes_.resize(node + 1);
    std::vector<Legion::Processor>& peers = nodes_[node][*kind];
    places_[processor.id] = {*kind,
                             {static_cast<std::int64_t>(node), static_cast<std::int64_t>(peers.size())}};
    peers.push_back(processor);
  }
  std::set<Legion::Memory> memories;
  machine.get_all_memories(memories);
  for (const Legion::Memory memory : memories) {
    if (memory.capacity() == 0) continue;
    const std::size_t node = memory.address_space();
    if (const auto kind = kind_of(memory.kind())) {
      const auto bytes = static_cast<std::int64_t>(memory.capacity());
      const auto [least, fresh] = capacities_.try_emplace(*kind, bytes);
      if (!fresh) least->second = std::min(least->second, bytes);
    }
    homes_[memory.id] = {node, memories_of_node_[{node, memory.kind()}]++};
  }

  std::vector<Legion::Machine::ProcessorMemoryAffinity> affinities;
  machine.get_proc_mem_affinity(affinities);
  std::ranges::stable_sort(affinities,
                           [](const auto& a, const auto& b) { return a.bandwidth > b.bandwidth; });
  for (const auto& affinity : affinities) {
    const auto memory = kind_of(affinity.m.kind());
    const auto processor = kind_of(affinity.p.kind());
    if (!memory || !processor || affinity.m.capacity() == 0) continue;
    reaches_[affinity.p.id].by_kind[*memory].push_back(affinity.m);
    grid_.reaches[static_cast<std::size_t>(*processor)][static_cast<std::size_t>(*memory)] = true;
  }

  grid_.nodes = std::max<std::int64_t>(1, static_cast<std::int64_t>(nodes_.size()));
  for (const auto& [kind, realm] : kProcessors) {
    std::size_t least = nodes_.empty() ? 0 : nodes_.front()[kind].size();
    for (auto& node : nodes_) least = std::min(least, node[kind].size());
    grid_.processors[static_cast<std::size_t>(kind)] = static_cast<std::int64_t>(least);
    // As of a kind that the machine lacks: what such processors usually reach.
    if (least == 0)
      for (const auto& [memory, unused] : kMemories)
        grid_.reaches[static_cast<std::size_t>(kind)][static_cast<std::size_t>(memory)] =
            machine::usually_addressable(kind, memory);
  }
}

Legion::Processor Hardware::processor(ProcessorKind kind, machine::Processor at) const {
  return nodes_[static_cast<std::size_t>(at.node)].at(kind)[static_cast<std::size_t>(at.index)];
}

std::optional<Place> Hardware::place(Legion::Processor processor) const {
  const auto found = places_.find(processor.id);
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

std::span<const Legion::Memory> Hardware::memories(Legion::Processor processor, MemoryKind kind) const {
  const auto found = reaches_.find(processor.id);
  if (found == reaches_.end()) return {};
  const auto of_kind = found->second.by_kind.find(kind);
  if (of_kind == found->second.by_kind.end()) return {};
  return of_kind->second;
}

std::int64_t Hardware::capacity(MemoryKind kind) const {
  const auto found = capacities_.find(kind);
  return found == capacities_.end() ? 0 : found->second;
}

bool Hardware::reaches(Legion::Processor processor, Legion::Memory memory) const {
  const auto kind = kind_of(memory.kind());
  if (!kind) return false;
  const auto near = memories(processor, *kind);
  return std::ranges::find(near, memory) != near.end();
}

std::string Hardware::name(Legion::Processor processor) const {
  const auto found = place(processor);
  if (!found) return "a processor of another kind";
  const std::string_view kind = machine::name_of(found->kind);
  if (nodes_.size() == 1) return fmt::format("{} {}", kind, found->at.index);
  return fmt::format("{} {} of node {}", kind, found->at.index, found->at.node);
}

std::string Hardware::name(Legion::Memory memory) const {
  const auto kind = kind_of(memory.kind());
  const auto home = homes_.find(memory.id);
  if (!kind || home == homes_.end()) return "a memory of another kind";
  std::string text(machine::name_of(*kind));
  if (memories_of_node_.at({home->second.node, memory.kind()}) > 1)
    text += fmt::format(" {}", home->second.index);
  if (nodes_.size() > 1) text += fmt::format(" of node {}", home->second.node);
  return text;
}

}  // namespace mapwright::legion
