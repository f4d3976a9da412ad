// Processor and memory kinds, by the names that mappers, machine files and reports use for them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mapwright::machine {

enum class ProcessorKind : std::uint8_t { cpu, gpu, io, py, proc, omp };
inline constexpr std::size_t kProcessorKinds = 6;

//! VIRTUAL stands in a mapper where a memory does, and means that there is no instance.
enum class MemoryKind : std::uint8_t { sysmem, fbmem, rdmem, zcmem, sockmem, virtual_ };
inline constexpr std::size_t kMemoryKinds = 6;

//! "CPU", "GPU", "IO", "PY", "PROC", "OMP" and "SYSMEM", "FBMEM", "RDMEM", "ZCMEM", "SOCKMEM", "VIRTUAL".
std::string_view name_of(ProcessorKind kind);
std::string_view name_of(MemoryKind kind);
std::optional<ProcessorKind> processor_kind(std::string_view name);
std::optional<MemoryKind> memory_kind(std::string_view name);
std::span<const std::string_view> processor_kind_names();
std::span<const std::string_view> memory_kind_names();

//! Whether processors of a kind reach memories of a kind on machines as Legion sees them: GPUs their
//! framebuffer and zero-copy memory, all others host memory, zero-copy included (Realm's processor-memory
//! affinities).
bool usually_addressable(ProcessorKind processor, MemoryKind memory);

}  // namespace mapwright::machine
