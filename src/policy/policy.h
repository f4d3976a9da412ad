// What happens to one task: the mapper's answer, its fall-backs, the default. Pure functions.
#pragma once

#include <optional>

#include "base/result.h"
#include "lang/facts.h"
#include "lang/placement.h"

namespace mapwright::policy {

//! Where Legion puts an index launch that no map covers, under the published mapper: over the nodes
//! cyclically, node = linearised point (first coordinate fastest) mod nodes; within a node the bounding box
//! of its points is cut into as many blocks as there are processors (the prime factors of their number,
//! largest first, each to the longest side, ties to the first), and the blocks that hold points go, first
//! coordinate fastest, to processors 0, 1, 2, ... The machine has processors of that kind; the domain has at
//! most Placer::kMaxPoints points.
lang::PlacementPtr default_index_placement(const lang::Domain& domain, machine::ProcessorKind kind,
                                           const machine::Grid& grid);

//! A single task that no map covers runs on the first processor of its kind on the node of its parent.
lang::PlacementPtr default_single_placement(machine::Processor parent, machine::ProcessorKind kind);

}  // namespace mapwright::policy
