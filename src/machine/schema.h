// Every key of a machine file, once: reading, describing, the list of sources and the user's manual follow
// this table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "machine/machine.h"
#include "machine/units.h"

namespace mapwright::machine {

//! Where a key's value stands in a table's object. Doubles are quantities; integers are quantities in bytes,
//! and plain numbers otherwise.
template <class T>
using Member = std::variant<double T::*, std::optional<double> T::*, std::int64_t T::*,
                            std::optional<std::int64_t> T::*, bool T::*, RankOrder T::*, Sharing T::*,
                            std::vector<std::int64_t> T::*, std::vector<MemoryPair> T::*, std::string T::*>;

template <class T>
struct Field {
  std::string_view key;
  Member<T> member;
  bool required = false;
  Unit unit = Unit::none;
  std::string_view what;  //!< one line for the manual
  std::int64_t most = 0;  //!< of a count
};

//! The keys of a table whose object is a T.
template <class T>
std::span<const Field<T>> fields_of();
template <>
std::span<const Field<Machine>> fields_of();
template <>
std::span<const Field<Node>> fields_of();
template <>
std::span<const Field<Processors>> fields_of();
template <>
std::span<const Field<Memory>> fields_of();
template <>
std::span<const Field<Affinity>> fields_of();
template <>
std::span<const Field<Link>> fields_of();
template <>
std::span<const Field<Network>> fields_of();
template <>
std::span<const Field<Runtime>> fields_of();

//! The words of each choice, in the order of its enumeration.
std::span<const std::string_view> words_of(RankOrder);
std::span<const std::string_view> words_of(Sharing);
std::span<const std::string_view> words_of(Where);

//! "FBMEM-FBMEM other socket", as files write it.
std::string pair_text(const MemoryPair& pair);

//! Calls visit(path, object) for every table that the machine has, in the order of reports. The path of a
//! figure is that of its table, a dot, and its key; the name, description and nodes of the machine are no
//! figures.
template <class M, class Visit>
void for_each_table(M& machine, Visit&& visit) {
  visit(std::string("node"), machine.node);
  for (const ProcessorKind p : kMachineProcessors) {
    if (machine.processors[p]) visit("processors." + std::string(name_of(p)), *machine.processors[p]);
  }
  for (const MemoryKind m : kMachineMemories) {
    if (machine.memories[m]) visit("memories." + std::string(name_of(m)), *machine.memories[m]);
  }
  for (const ProcessorKind p : kMachineProcessors) {
    for (const MemoryKind m : kMachineMemories) {
      auto& affinity = machine.affinities[p][m];
      if (!affinity) continue;
      visit("affinities." + std::string(name_of(p)) + "." + std::string(name_of(m)), *affinity);
    }
  }
  for (auto& link : machine.links) visit("links." + link.name, link);
  visit(std::string("network"), machine.network);
  visit(std::string("runtime"), machine.runtime);
}

}  // namespace mapwright::machine
