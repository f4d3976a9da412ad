#include "engine/sim/costs.h"

#include <algorithm>
#include <bit>

#include "base/bug.h"

namespace mapwright::engine::sim {

using machine::MemoryKind;
using machine::ProcessorKind;

namespace {

// NVIDIA's and AMD's GPUs fetch sectors of 32 bytes, CPUs cache lines of 64.
double transaction_bytes(ProcessorKind kind) {
  return kind == ProcessorKind::gpu ? 32 : 64;
}

// A GPU that occupies cores of the host is one that they stand in for: they run the kernel of CPUs.
const program::Variant& kernel_of(const program::Task& task, ProcessorKind kind,
                                  const machine::Machine& machine) {
  const bool stands_in = kind == ProcessorKind::gpu && machine.processors[kind]->cores;
  const program::Variant* cpu = stands_in ? task.variant(ProcessorKind::cpu) : nullptr;
  return cpu != nullptr ? *cpu : *task.variant(kind);
}

}  // namespace

double layout_factor(const program::Region& region, const plan::Instance& instance, program::FieldSet used,
                     const program::Variant& variant) {
  const bool against = variant.order && *variant.order != instance.layout.order && region.elements.rank > 1;
  if (!instance.layout.interleaved && !against) return 1;
  const double transaction = transaction_bytes(variant.kind);
  const auto used_bytes = static_cast<double>(region.bytes(used));
  const auto fields = static_cast<double>(std::popcount(used));
  double factor = 1;
  if (instance.layout.interleaved) {
    const auto element = static_cast<double>(region.bytes(instance.fields));
    factor = std::max(factor, std::min(element, transaction * fields) / used_bytes);
  }
  if (against) factor = std::max(factor, transaction * fields / used_bytes);
  return factor;
}

TaskCost cost_of(const plan::Plan& plan, const plan::Mapping& mapping) {
  const program::Program& program = *plan.program;
  const program::Launch& launch = program.launches[mapping.launch];
  const plan::Site& site = *plan.site;
  const ProcessorKind kind = site.processors()[mapping.processor].kind;
  const machine::Machine& machine = site.machine();
  const program::Variant& variant = kernel_of(program.tasks[launch.task], kind, machine);

  TaskCost cost;
  if (kind == ProcessorKind::gpu) cost.launch = machine.runtime.kernel_launch;
  cost.arithmetic = launch.flops.at(mapping.position) / variant.rate(*machine.processors[kind]);
  machine::PerMemory<double> streaming;
  for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
    const program::Requirement& requirement = launch.requirements[r];
    const program::Region& region = program.regions[program.partitions[requirement.partition].region];
    const auto uses = plan.uses_of(mapping, r);
    if (uses.empty()) continue;
    const MemoryKind memory = site.memories()[plan.instances[uses.front().instance].memory].kind;
    const machine::Affinity& affinity = *machine.affinities[kind][memory];
    for (const plan::Use& use : uses) {
      const plan::Instance& instance = plan.instances[use.instance];
      const double per_element = requirement.bytes_per_element(region, use.fields);
      const auto elements =
          static_cast<double>(plan.atoms->volume(requirement.partition, requirement.piece(mapping.position)));
      streaming[memory] += elements * per_element * layout_factor(region, instance, use.fields, variant) /
                           (affinity.bandwidth * variant.streaming_share);
    }
    cost.scattered += requirement.gathers.at(mapping.position) * affinity.scattered;
    cost.atomic += requirement.atomics.at(mapping.position) * affinity.atomic;
  }
  for (const MemoryKind memory : machine::kMachineMemories)
    cost.streaming = std::max(cost.streaming, streaming[memory]);
  return cost;
}

}  // namespace mapwright::engine::sim
