#include "program/refine.h"

#include <algorithm>
#include <array>

#include "base/bug.h"

namespace mapwright::program {
namespace {

constexpr std::size_t kRank = 3;

// Cells [begin, end) in each dimension.
struct Cells {
  std::array<std::uint32_t, kRank> begin{};
  std::array<std::uint32_t, kRank> end{};
};

// The grid that all bounds of all boxes make. Missing dimensions come first and have one cell, so that the
// last one, whose cells are neighbours in memory, is always a real one.
class CellGrid {
 public:
  CellGrid(int rank, std::span<const Partition* const> partitions)
      : first_(kRank - static_cast<std::size_t>(rank)) {
    for (std::size_t d = 0; d < first_; ++d) cuts_[d] = {0, 1};
    for (std::size_t d = first_; d < kRank; ++d) {
      std::vector<std::int64_t>& cuts = cuts_[d];
      for (const Partition* p : partitions) {
        for (const Box& box : p->boxes) {
          const std::int64_t lo = box.lo[d - first_];
          const std::int64_t end = box.hi[d - first_] + 1;
          // Boxes in rows and columns have most of their bounds in common with the box before.
          if (cuts.size() >= 2 && cuts.back() == end && cuts[cuts.size() - 2] == lo) continue;
          cuts.push_back(lo);
          cuts.push_back(end);
        }
      }
      std::ranges::sort(cuts);
      const auto repeated = std::ranges::unique(cuts);
      cuts.erase(repeated.begin(), repeated.end());
    }
  }

  // The elements of the cells [k, end) of row (i, j).
  Box box(std::size_t i, std::size_t j, std::size_t k, std::size_t end) const {
    const std::array<std::size_t, kRank> from = {i, j, k};
    const std::array<std::size_t, kRank> to = {i + 1, j + 1, end};
    Box box;
    box.rank = static_cast<int>(kRank - first_);
    for (std::size_t d = first_; d < kRank; ++d) {
      box.lo[d - first_] = cuts_[d][from[d]];
      box.hi[d - first_] = cuts_[d][to[d]] - 1;
    }
    return box;
  }

  std::size_t extent(std::size_t d) const { return cuts_[d].empty() ? 0 : cuts_[d].size() - 1; }

  // Nothing where there are more than `limit`.
  std::optional<std::size_t> cells(std::size_t limit) const {
    std::size_t n = 1;
    for (std::size_t d = 0; d < kRank; ++d) {
      if (extent(d) == 0) return 0;
      if (extent(d) > limit / n) return std::nullopt;
      n *= extent(d);
    }
    return n;
  }

  Cells of(const Box& box) const {
    Cells cells;
    for (std::size_t d = 0; d < kRank; ++d) {
      const std::int64_t lo = d < first_ ? 0 : box.lo[d - first_];
      const std::int64_t hi = d < first_ ? 0 : box.hi[d - first_];
      cells.begin[d] = index(d, lo);
      cells.end[d] = index(d, hi + 1);
    }
    return cells;
  }

  static std::size_t count(const Cells& cells) {
    std::size_t n = 1;
    for (std::size_t d = 0; d < kRank; ++d) n *= cells.end[d] - cells.begin[d];
    return n;
  }

  // Calls visit(first, one behind the last) for every run of neighbouring cells.
  template <class Visit>
  void rows(const Cells& cells, Visit&& visit) const {
    for (std::size_t i = cells.begin[0]; i < cells.end[0]; ++i) {
      for (std::size_t j = cells.begin[1]; j < cells.end[1]; ++j) {
        const std::size_t row = (i * extent(1) + j) * extent(2);
        visit(row + cells.begin[2], row + cells.end[2]);
      }
    }
  }

  // Elements of a cell.
  template <class Visit>
  void volumes(Visit&& visit) const {
    std::size_t cell = 0;
    for (std::size_t i = 0; i < extent(0); ++i) {
      for (std::size_t j = 0; j < extent(1); ++j) {
        const std::int64_t row = width(0, i) * width(1, j);
        for (std::size_t k = 0; k < extent(2); ++k) visit(cell++, row * width(2, k));
      }
    }
  }

 private:
  std::int64_t width(std::size_t d, std::size_t i) const { return cuts_[d][i + 1] - cuts_[d][i]; }
  // Where a bound, which is there, is among the cuts. Most of the time of a refinement is spent here, and
  // half of that on guessing which way a search goes: this one has nothing to guess.
  std::uint32_t index(std::size_t d, std::int64_t bound) const {
    const std::int64_t* at = cuts_[d].data();
    for (std::size_t n = cuts_[d].size(); n > 1;) {
      const std::size_t half = n / 2;
      at = at[half] <= bound ? at + half : at;
      n -= half;
    }
    return static_cast<std::uint32_t>(at - cuts_[d].data());
  }

  std::size_t first_;
  std::array<std::vector<std::int64_t>, kRank> cuts_;
};

// Partition refinement: every piece splits the classes that it covers in part. Classes that lose all their
// cells are used again, so there are never more of them than cells.
class Classes {
 public:
  static constexpr std::uint32_t kNone = 0;  // of the cells in no piece

  explicit Classes(std::size_t cells)
      : of_(cells, kNone), size_{cells}, moved_to_{0}, moved_by_{0}, entered_{0} {}

  void begin_piece() { ++piece_; }
  void move(std::size_t cell) {
    const std::uint32_t from = of_[cell];
    // The cell is there already where boxes of one piece overlap.
    if (entered_[from] == piece_) return;
    if (moved_by_[from] != piece_) {
      const std::uint32_t to = make();
      moved_by_[from] = piece_;
      moved_to_[from] = to;
    }
    const std::uint32_t to = moved_to_[from];
    of_[cell] = to;
    ++size_[to];
    if (--size_[from] == 0 && from != kNone) free_.push_back(from);
  }

  const std::vector<std::uint32_t>& of() const { return of_; }
  std::size_t count() const { return size_.size(); }

 private:
  std::uint32_t make() {
    std::uint32_t id = 0;
    if (free_.empty()) {
      id = static_cast<std::uint32_t>(size_.size());
      size_.push_back(0);
      moved_to_.push_back(0);
      moved_by_.push_back(0);
      entered_.push_back(0);
    } else {
      id = free_.back();
      free_.pop_back();
      moved_by_[id] = 0;
    }
    entered_[id] = piece_;
    return id;
  }

  std::vector<std::uint32_t> of_;        // class of each cell
  std::vector<std::size_t> size_;        // cells of each class
  std::vector<std::uint32_t> moved_to_;  // where the piece at hand moves the cells of a class
  std::vector<std::uint32_t> moved_by_;  // the last piece that did
  std::vector<std::uint32_t> entered_;   // the piece that made the class
  std::vector<std::uint32_t> free_;
  std::uint32_t piece_ = 0;
};

// The atoms of each piece; `atom_of` gives those of the cells, counted from 1.
PieceAtoms pieces_of(const Partition& p, const Cells* boxes, const CellGrid& grid,
                     const std::vector<std::uint32_t>& atom_of, const std::vector<std::int64_t>& volume) {
  PieceAtoms list;
  list.begins.reserve(p.begins.size());
  list.volume.reserve(p.pieces());
  std::vector<std::size_t> seen(volume.size(), 0);
  for (std::size_t piece = 0; piece < p.pieces(); ++piece) {
    const std::size_t first = list.atoms.size();
    std::int64_t elements = 0;
    for (std::size_t b = p.begins[piece]; b < p.begins[piece + 1]; ++b) {
      grid.rows(boxes[b], [&](std::size_t begin, std::size_t end) {
        for (std::size_t cell = begin; cell < end; ++cell) {
          const std::uint32_t atom = atom_of[cell] - 1;
          if (seen[atom] == piece + 1) continue;
          seen[atom] = piece + 1;
          elements += volume[atom];
          list.atoms.push_back(atom);
        }
      });
    }
    std::sort(list.atoms.begin() + static_cast<std::ptrdiff_t>(first), list.atoms.end());
    list.begins.push_back(list.atoms.size());
    list.volume.push_back(elements);
  }
  return list;
}

// Grows a box along a dimension by one that continues it there.
bool join(Box* box, const Box& next) {
  int differs = -1;
  for (int d = 0; d < box->rank; ++d) {
    const auto i = static_cast<std::size_t>(d);
    if (box->lo[i] == next.lo[i] && box->hi[i] == next.hi[i]) continue;
    if (differs >= 0 || box->hi[i] + 1 != next.lo[i]) return false;
    differs = d;
  }
  if (differs < 0) return false;
  box->hi[static_cast<std::size_t>(differs)] = next.hi[static_cast<std::size_t>(differs)];
  return true;
}

// The boxes of each atom: runs of cells, joined with those of the rows before where they continue them.
std::vector<std::vector<Box>> boxes_of(const CellGrid& grid, const std::vector<std::uint32_t>& atom_of,
                                       std::size_t atoms) {
  std::vector<std::vector<Box>> boxes(atoms);
  std::size_t row = 0;
  for (std::size_t i = 0; i < grid.extent(0); ++i) {
    for (std::size_t j = 0; j < grid.extent(1); ++j, row += grid.extent(2)) {
      for (std::size_t k = 0; k < grid.extent(2);) {
        const std::uint32_t atom = atom_of[row + k];
        std::size_t end = k + 1;
        while (end < grid.extent(2) && atom_of[row + end] == atom) ++end;
        if (atom != 0) {
          std::vector<Box>& list = boxes[atom - 1];
          const Box run = grid.box(i, j, k, end);
          if (std::ranges::none_of(list, [&](Box& b) { return join(&b, run); })) list.push_back(run);
        }
        k = end;
      }
    }
  }
  return boxes;
}

}  // namespace

std::optional<Refinement> refine(int rank, std::span<const Partition* const> partitions, bool boxes_too) {
  base::expects(rank >= 1 && rank <= static_cast<int>(kRank), "a region has 1 to 3 dimensions");
  const CellGrid grid(rank, partitions);
  const std::optional<std::size_t> cells = grid.cells(static_cast<std::size_t>(Atoms::kMaxCells));
  if (!cells) return std::nullopt;

  Classes classes(*cells);
  std::vector<Cells> boxes;
  std::size_t covered = 0;
  for (const Partition* p : partitions) {
    for (std::size_t piece = 0; piece < p->pieces(); ++piece) {
      classes.begin_piece();
      for (std::size_t b = p->begins[piece]; b < p->begins[piece + 1]; ++b) {
        boxes.push_back(grid.of(p->boxes[b]));
        covered += CellGrid::count(boxes.back());
        if (covered > static_cast<std::size_t>(Atoms::kMaxCovered)) return std::nullopt;
        grid.rows(boxes.back(), [&](std::size_t begin, std::size_t end) {
          for (std::size_t cell = begin; cell < end; ++cell) classes.move(cell);
        });
      }
    }
  }

  Refinement result;
  std::vector<std::uint32_t> atom_of(*cells, 0);
  std::vector<std::uint32_t> number(classes.count(), 0);
  grid.volumes([&](std::size_t cell, std::int64_t elements) {
    const std::uint32_t of = classes.of()[cell];
    if (of == Classes::kNone) return;
    if (number[of] == 0) {
      result.volume.push_back(0);
      number[of] = static_cast<std::uint32_t>(result.volume.size());
    }
    atom_of[cell] = number[of];
    result.volume[number[of] - 1] += elements;
  });
  const Cells* next = boxes.data();
  for (const Partition* p : partitions) {
    result.partitions.push_back(pieces_of(*p, next, grid, atom_of, result.volume));
    next += p->boxes.size();
  }
  if (boxes_too) result.boxes = boxes_of(grid, atom_of, result.volume.size());
  return result;
}

}  // namespace mapwright::program
