// Where the latest values are: for every cell - an atom of a region and a group of its fields - the instances
// that hold it, which of them are valid in program order, and who last used them.
#pragma once

#include <span>
#include <vector>

#include "plan/plan.h"

namespace mapwright::plan {

using CellId = std::uint32_t;

//! One instance that holds a cell.
struct Holder {
  InstanceId instance = 0;
  OpId writer = kNone;        //!< what filled it last
  bool valid = false;         //!< holds the latest value, or will when `writer` is over
  std::vector<OpId> readers;  //!< what read it since
};

//! A reduction instance that has not been folded yet.
struct Contribution {
  InstanceId instance = 0;
  OpId op = 0;
};

struct Cell {
  std::vector<Holder> holders;
  std::vector<Contribution> contributions;

  Holder* holder(InstanceId instance) {
    for (Holder& h : holders) {
      if (h.instance == instance) return &h;
    }
    return nullptr;
  }
};

class Coherence {
 public:
  Coherence(const program::Program& program, const program::Atoms& atoms);

  Cell& cell(CellId id) { return cells_[id]; }
  std::vector<Cell>& cells() { return cells_; }
  //! The cell of an atom and a field group of a region.
  CellId cell_id(program::RegionId region, std::uint32_t atom, std::uint32_t group) const {
    return begins_[region] + atom * groups_[region] + group;
  }
  //! Bytes of a cell in an instance.
  std::int64_t bytes(program::RegionId region, std::uint32_t atom, std::uint32_t group) const {
    const program::RegionAtoms& r = atoms_.region(region);
    return r.volume[atom] * r.group_bytes[group];
  }

  //! Makes a new instance known to the cells that it covers. Its piece and fields are whole atoms and groups.
  void add(InstanceId id, const Instance& instance);
  void remove(InstanceId id, const Instance& instance);
  //! Whether any cell still needs it: it is valid there, or holds contributions.
  bool needed(InstanceId id, const Instance& instance);

  template <class Visit>
  void for_each_cell(const Instance& instance, Visit&& visit) {
    const program::RegionAtoms& region = atoms_.region(instance.region);
    for (const std::uint32_t atom : atoms_.piece(instance.partition, instance.piece)) {
      for (std::uint32_t g = 0; g < region.groups.size(); ++g) {
        if ((region.groups[g] & instance.fields) != 0) visit(cells_[cell_id(instance.region, atom, g)]);
      }
    }
  }

 private:
  const program::Atoms& atoms_;
  std::vector<CellId> begins_;
  std::vector<std::uint32_t> groups_;
  std::vector<Cell> cells_;
};

}  // namespace mapwright::plan
