// What happens to one task: the mapper's answer, its fall-backs, the default. Pure functions.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lang/facts.h"
#include "lang/placement.h"

namespace mapwright::policy {

//! The memories to try for a requirement, best first: the mapper's, else FBMEM for GPUs, SOCKMEM then SYSMEM
//! for all other processors. VIRTUAL means no instance.
struct Memories {
  std::vector<machine::MemoryKind> kinds;
  std::optional<base::Span> where;  //!< the mapper's statement
};
Memories memories(const lang::CompiledMapper& mapper, std::string_view task, const lang::RegionRef& region,
                  machine::ProcessorKind kind);

//! How an instance is laid out.
struct Layout {
  bool interleaved =
      false;  //!< AOS: the fields of an element stand together; otherwise each field is an array (SOA)
  lang::Layout::Order order = lang::Layout::Order::c_order;
  std::int64_t align = 0;  //!< bytes, 0 = none asked for
  bool compact = false;
  bool exact = false;  //!< of just this piece, not inside a larger instance

  friend bool operator==(const Layout&, const Layout&) = default;
};
//! What the mapper says, completed by SOA and the order that the kernel prefers. `where` becomes the mapper's
//! statement, if there is one.
Layout layout(const lang::CompiledMapper& mapper, std::string_view task, const lang::RegionRef& region,
              machine::ProcessorKind kind, machine::MemoryKind memory, lang::Layout::Order preferred,
              std::optional<base::Span>* where = nullptr);

//! Where Legion puts an index launch that no map covers, under the published mapper: over the nodes
//! cyclically, node = linearised point (first coordinate fastest) mod nodes; within a node the bounding box
//! of its points is cut into as many blocks as there are processors (the prime factors of their number,
//! largest first, each to the longest side, ties to the first), and the blocks that hold points go, first
//! coordinate fastest, to processors 0, 1, 2, ... The machine has processors of that kind; the domain has at
//! most Placer::kMaxPoints points.
lang::PlacementPtr default_index_placement(const lang::Domain& domain, machine::ProcessorKind kind,
                                           const machine::Grid& grid);

//! Where Legion puts an index launch that an inner task launches: all of it stays on the parent's node.
lang::PlacementPtr default_inner_placement(const lang::Domain& domain, machine::ProcessorKind kind,
                                           const machine::Grid& grid, std::int64_t node);

//! A single task that no map covers runs on the first processor of its kind on the node of its parent.
lang::PlacementPtr default_single_placement(machine::Processor parent, machine::ProcessorKind kind);

}  // namespace mapwright::policy
