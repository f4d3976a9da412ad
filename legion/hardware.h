// The machine that Realm found, as mappers see machines.
#pragma once

#include <legion.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "machine/grid.h"
#include "machine/kinds.h"

namespace mapwright::legion {

std::optional<machine::ProcessorKind> kind_of(Legion::Processor::Kind kind);
Legion::Processor::Kind realm_kind(machine::ProcessorKind kind);
std::optional<machine::MemoryKind> kind_of(Legion::Memory::Kind kind);

//! A processor by what people call it: its kind, its node and its index among those of its kind there.
struct Place {
  machine::ProcessorKind kind = machine::ProcessorKind::cpu;
  machine::Processor at;
};

//! Immutable: safe for all threads. A node is an address space of Legion; processors of a kind are numbered
//! as Realm numbers them.
class Hardware {
 public:
  explicit Hardware(const Legion::Machine& machine);

  //! Nodes may differ: what all of them have counts.
  const machine::Grid& grid() const { return grid_; }
  //! `at` is inside the grid.
  Legion::Processor processor(machine::ProcessorKind kind, machine::Processor at) const;
  std::optional<Place> place(Legion::Processor processor) const;
  //! The memories of a kind that a processor reaches and that have room for anything at all: the one with the
  //! highest bandwidth first, ties by Realm's order.
  std::span<const Legion::Memory> memories(Legion::Processor processor, machine::MemoryKind kind) const;
  //! Bytes of the smallest memory of a kind; 0 = there is none.
  std::int64_t capacity(machine::MemoryKind kind) const;
  bool reaches(Legion::Processor processor, Legion::Memory memory) const;

  //! "CPU 1", on machines of several nodes "CPU 1 of node 0".
  std::string name(Legion::Processor processor) const;
  //! "SYSMEM", "FBMEM 1", "SYSMEM of node 0": numbered where a node has several.
  std::string name(Legion::Memory memory) const;

 private:
  struct Reach {
    std::map<machine::MemoryKind, std::vector<Legion::Memory>> by_kind;
  };
  struct Home {
    std::size_t node = 0;
    std::size_t index = 0;
  };

  machine::Grid grid_;
  std::vector<std::map<machine::ProcessorKind, std::vector<Legion::Processor>>> nodes_;
  std::unordered_map<Legion::Processor::id_t, Place> places_;
  std::unordered_map<Legion::Processor::id_t, Reach> reaches_;
  std::unordered_map<Legion::Memory::id_t, Home> homes_;
  std::map<std::pair<std::size_t, Legion::Memory::Kind>, std::size_t> memories_of_node_;
  std::map<machine::MemoryKind, std::int64_t> capacities_;
};

}  // namespace mapwright::legion
