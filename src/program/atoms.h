// Atoms: the common refinement of a region's partitions, and the coarsest groups of its fields that no
// requirement splits. (atom, group) pairs - cells - are what coherence is tracked for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "program/program.h"

namespace mapwright::program {

//! One region's refinement.
struct RegionAtoms {
  std::vector<std::int64_t> volume;  //!< elements of each atom
  std::vector<FieldSet> groups;  //!< disjoint, in the order of their first fields; unused fields are in none
  std::vector<std::int64_t> group_bytes;  //!< of one element
};

//! The atoms of one partition's pieces.
struct PieceAtoms {
  std::vector<std::uint32_t> atoms;    //!< of all pieces, one piece after the other, ascending in each
  std::vector<std::size_t> begins{0};  //!< piece i has atoms[begins[i]] .. atoms[begins[i + 1] - 1]
  std::vector<std::int64_t> volume;    //!< elements of each piece
};

//! The atoms of all pieces of all partitions that a program uses. Only requirements that touch data cut:
//! partitions that none but Privilege::none refers to have volumes, but no atoms, and their fields split no
//! group.
class Atoms {
 public:
  //! Of a program that passed what `validate` checks before it asks for atoms: ids in range, boxes inside
  //! their regions. Fails where the partitions of a region cut it into more than kMaxCells boxes, or where
  //! its pieces cover more than kMaxCovered of these together.
  static base::Result<Atoms> of(const Program& program);

  const RegionAtoms& region(RegionId r) const { return regions_[r]; }
  //! The atoms of a piece, ascending; none where only Privilege::none refers to its partition.
  std::span<const std::uint32_t> piece(PartitionId p, std::uint32_t piece) const {
    const PieceAtoms& list = partitions_[p];
    return {list.atoms.data() + list.begins[piece], list.begins[piece + 1] - list.begins[piece]};
  }
  //! Elements of a piece.
  std::int64_t volume(PartitionId p, std::uint32_t piece) const { return partitions_[p].volume[piece]; }

  //! The elements of every atom of a region, as disjoint boxes; of the program that these atoms are of.
  static std::vector<std::vector<Box>> boxes(const Program& program, RegionId region);

  static constexpr std::int64_t kMaxCells = std::int64_t{1} << 24;
  static constexpr std::int64_t kMaxCovered = std::int64_t{1} << 27;

 private:
  std::vector<RegionAtoms> regions_;
  std::vector<PieceAtoms> partitions_;
};

}  // namespace mapwright::program
