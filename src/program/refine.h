// The common refinement of partitions of one index space: by which pieces do the elements differ?
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "program/atoms.h"
#include "program/program.h"

namespace mapwright::program {

struct Refinement {
  std::vector<std::int64_t> volume;     //!< elements of each atom
  std::vector<PieceAtoms> partitions;   //!< in the order in which they were given
  std::vector<std::vector<Box>> boxes;  //!< disjoint ones that make up each atom, if they were asked for
};

//! Atoms are the classes of elements that lie in the same pieces, whatever their shape; elements in no piece
//! are in no atom. Atoms are numbered by their first elements, the last coordinate running fastest. Exact.
//! Boxes have this rank (1 to 3), are not empty and no larger than a region may be; boxes of one piece that
//! overlap count once. Takes time in proportion to the cells of the grid that all bounds of all boxes make,
//! and to how many of them each piece covers. Nothing where these are more than Atoms::kMaxCells, or
//! Atoms::kMaxCovered together.
std::optional<Refinement> refine(int rank, std::span<const Partition* const> partitions, bool boxes = false);

}  // namespace mapwright::program
