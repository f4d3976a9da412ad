#include "machine/kinds.h"

#include <algorithm>

namespace mapwright::machine {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, kProcessorKinds> kProcessorNames{"CPU", "GPU",  "IO",
                                                                        "PY",  "PROC", "OMP"};
constexpr std::array<std::string_view, kMemoryKinds> kMemoryNames{"SYSMEM", "FBMEM",   "RDMEM",
                                                                  "ZCMEM",  "SOCKMEM", "VIRTUAL"};

template <class Kind, std::size_t N>
std::optional<Kind> find(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<Kind>(at - names.begin());
}

}  // namespace

std::string_view name_of(ProcessorKind kind) {
  return kProcessorNames[static_cast<std::size_t>(kind)];
}
std::string_view name_of(MemoryKind kind) {
  return kMemoryNames[static_cast<std::size_t>(kind)];
}
std::optional<ProcessorKind> processor_kind(std::string_view name) {
  return find<ProcessorKind>(kProcessorNames, name);
}
std::optional<MemoryKind> memory_kind(std::string_view name) {
  return find<MemoryKind>(kMemoryNames, name);
}
std::span<const std::string_view> processor_kind_names() {
  return kProcessorNames;
}
std::span<const std::string_view> memory_kind_names() {
  return kMemoryNames;
}

bool usually_addressable(ProcessorKind processor, MemoryKind memory) {
  if (memory == MemoryKind::virtual_ || memory == MemoryKind::zcmem) return true;
  return (processor == ProcessorKind::gpu) == (memory == MemoryKind::fbmem);
}

}  // namespace mapwright::machine
