// Atoms: the common refinement of a region's partitions, and the coarsest groups of its fields that no requirement
// splits. (atom, group) pairs - cells - are what coherence is tracked for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "program/program.h"

namespace mapwright::program {

//! One region's refinement.
struct RegionAtoms {
  std::vector<std::int64_t> volume;    //!< elements of each atom
  std::vector<FieldSet> groups;        //!< disjoint, in the order of their first fields; unused fields are in none
  std::vector<std::int64_t> group_bytes;  //!< of one element
};

//! The atoms of all pieces of all partitions that a program uses.
class Atoms {
 public:
  //! Fails where the partitions of a region cut it into more than kMaxCells boxes.
  static base::Result<Atoms> of(const Program& program);

  const RegionAtoms& region(RegionId r) const { return regions_[r]; }
  //! The atoms of a piece, ascending.
  std::span<const std::uint32_t> piece(PartitionId p, std::uint32_t piece) const {
    const Pieces& list = partitions_[p];
    return {list.atoms.data() + list.begins[piece], list.begins[piece + 1] - list.begins[piece]};
  }
  //! Elements of a piece.
  std::int64_t volume(PartitionId p, std::uint32_t piece) const { return partitions_[p].volume[piece]; }

  static constexpr std::int64_t kMaxCells = std::int64_t{1} << 24;

 private:
  struct Pieces {
    std::vector<std::uint32_t> atoms;
    std::vector<std::size_t> begins{0};
    std::vector<std::int64_t> volume;
  };
  std::vector<RegionAtoms> regions_;
  std::vector<Pieces> partitions_;
};

}  // namespace mapwright::program
