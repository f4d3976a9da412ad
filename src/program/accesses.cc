// Which elements pieces have in common, and whether the accesses to these agree.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "program/atoms.h"
#include "program/diagnostics.h"
#include "program/refine.h"
#include "program/validate.h"

namespace mapwright::program {
namespace {

std::string_view verb(Privilege p) {
  constexpr std::array<std::string_view, 5> kVerbs = {"names", "reads", "overwrites", "reads and writes",
                                                      "reduces into"};
  return kVerbs[static_cast<std::size_t>(p)];
}

// What pieces overlap, from a refinement that has this partition's pieces.
void check_pieces(const Program& program, PartitionId id, const PieceAtoms& pieces, Findings* found) {
  const Partition& p = program.partitions[id];
  const Path partition("partitions", id);
  for (std::size_t i = 0; i < p.pieces(); ++i) {
    // Volumes are those of the union of the boxes.
    std::int64_t boxes = 0;
    for (std::size_t b = p.begins[i]; b < p.begins[i + 1]; ++b)
      boxes += p.boxes[b].size(kMaxElements).value_or(0);
    if (boxes == pieces.volume[i]) continue;
    found->add(problem::overlapping_boxes, partition.in("pieces", i),
               fmt::format("boxes of piece {} of `{}` overlap", i, p.name),
               "an element is in one box of a piece");
    return;
  }
  if (!p.disjoint) return;
  constexpr std::uint32_t kNobody = ~std::uint32_t{0};
  const auto most = std::ranges::max_element(pieces.atoms);
  std::vector<std::uint32_t> owner(most == pieces.atoms.end() ? 0 : *most + 1, kNobody);
  for (std::uint32_t i = 0; i < p.pieces(); ++i) {
    for (std::size_t a = pieces.begins[i]; a < pieces.begins[i + 1]; ++a) {
      std::uint32_t& first = owner[pieces.atoms[a]];
      if (first != kNobody) {
        found->add(problem::not_disjoint, partition.in("pieces", i),
                   fmt::format("pieces {} and {} of `{}` have elements in common", first, i, p.name),
                   "say that the partition is not disjoint, if they should");
        return;
      }
      first = i;
    }
  }
}

// Any two accesses of one launch to one element and field must both be reads, or both be reductions: its
// points run in any order, and each sees all of its requirements at once.
class Accesses {
 public:
  Accesses(const Program& program, const Atoms& atoms, Findings* found)
      : program_(program), atoms_(atoms), found_(found), cells_(program.regions.size()) {
    for (RegionId r = 0; r < program.regions.size(); ++r)
      cells_[r].resize(atoms.region(r).volume.size() * atoms.region(r).groups.size());
    for (const Partition& p : program.partitions) users_.emplace_back(p.pieces());
  }

  void run() {
    for (LaunchId l = 0; l < program_.launches.size() && work_ <= kMostWork; ++l) launch(l);
    if (work_ > kMostWork)
      found_->add(
          problem::too_large, Path("launches"), "the launches touch too many parts of regions",
          fmt::format("an access touches every part into which all partitions together cut its piece; all "
                      "launches together touch at most {}",
                      kMostWork));
  }

 private:
  static constexpr std::size_t kMostWork = std::size_t{1} << 31;

  // The first access of the launch at hand to an atom and a field group.
  struct Cell {
    std::uint32_t launch = 0;  // counted from 1
    std::uint32_t requirement = 0;
  };
  // What points have a piece, for the requirement at hand.
  struct Users {
    std::uint64_t turn = 0;
    std::int64_t first = 0;
    std::int64_t second = -1;
  };

  void launch(LaunchId l) {
    const Launch& launch = program_.launches[l];
    const std::int64_t points = launch.points();
    for (std::uint32_t q = 0; q < launch.requirements.size(); ++q) {
      const Requirement& r = launch.requirements[q];
      if (r.privilege == Privilege::none) continue;
      ++turn_;
      used_.clear();
      std::vector<Users>& users = users_[r.partition];
      const std::int64_t distinct = r.pieces.size() == 1 ? std::min<std::int64_t>(points, 2) : points;
      for (std::int64_t i = 0; i < distinct; ++i) {
        Users& u = users[r.piece(i)];
        if (u.turn != turn_) {
          u = {turn_, i, -1};
          used_.push_back(r.piece(i));
        } else if (u.second < 0) {
          u.second = i;
        }
      }
      for (const std::uint32_t piece : used_) {
        if (!access(l, q, piece, users[piece])) return;
      }
    }
  }

  // Whether it conflicts with none before it.
  bool access(LaunchId l, std::uint32_t q, std::uint32_t piece, const Users& users) {
    const Launch& launch = program_.launches[l];
    const Requirement& r = launch.requirements[q];
    const Partition& p = program_.partitions[r.partition];
    const std::vector<FieldSet>& groups = atoms_.region(p.region).groups;
    const std::span<const std::uint32_t> touched = atoms_.piece(r.partition, piece);
    const bool writes = r.privilege == Privilege::write || r.privilege == Privilege::read_write;
    if (writes && users.second >= 0 && !touched.empty()) {
      found_->add(problem::conflict, Path("launches", l).in("requirements", q),
                  fmt::format("points {} and {} of {} write the same piece {} of `{}`", users.first,
                              users.second, call(program_, l), piece, p.name),
                  "points of a launch run in any order: only one of them may write an element");
      return false;
    }
    work_ += touched.size() * groups.size();
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if ((groups[g] & r.fields) == 0) continue;
      for (const std::uint32_t atom : touched) {
        Cell& cell = cells_[p.region][atom * groups.size() + g];
        if (cell.launch != l + 1) {
          cell = {l + 1, q};
          continue;
        }
        const Requirement& other = launch.requirements[cell.requirement];
        if (other.privilege == r.privilege && !writes) continue;
        conflict(l, cell.requirement, q);
        return false;
      }
    }
    return true;
  }

  void conflict(LaunchId l, std::uint32_t first, std::uint32_t second) {
    const Launch& launch = program_.launches[l];
    const Requirement& a = launch.requirements[first];
    const Requirement& b = launch.requirements[second];
    const std::string& name = program_.partitions[a.partition].name;
    const Path path = Path("launches", l).in("requirements", second);
    const char* note =
        "accesses of one launch to the same elements and fields must all be reads, or all be reductions";
    if (first == second) {
      found_->add(problem::conflict, path,
                  fmt::format("points of {} {} elements of `{}` that others write", call(program_, l),
                              b.privilege == Privilege::write ? "overwrite" : "read and write", name),
                  note);
      return;
    }
    const std::string where = a.partition == b.partition ? "" : fmt::format(" in `{}`", name);
    found_->add(problem::conflict, path,
                fmt::format("{} {} elements of `{}` that it {}{}", call(program_, l), verb(b.privilege),
                            program_.partitions[b.partition].name, verb(a.privilege), where),
                note);
  }

  const Program& program_;
  const Atoms& atoms_;
  Findings* found_;
  std::vector<std::vector<Cell>> cells_;   // of each region: atom by atom, the groups of each
  std::vector<std::vector<Users>> users_;  // of each partition's pieces
  std::vector<std::uint32_t> used_;
  std::uint64_t turn_ = 0;
  std::size_t work_ = 0;
};

}  // namespace

void check_accesses(const Program& program, Findings* found) {
  // Each partition by itself first, so that what is said about one does not hang on the others.
  for (PartitionId id = 0; id < program.partitions.size(); ++id) {
    const Partition* p = &program.partitions[id];
    const std::optional<Refinement> refined = refine(program.regions[p->region].elements.rank, {&p, 1});
    if (refined) {
      check_pieces(program, id, refined->partitions.front(), found);
    } else {
      found->add(problem::too_large, Path("partitions", id).in("pieces"),
                 fmt::format("`{}` cuts `{}` into too many parts", p->name, program.regions[p->region].name),
                 fmt::format(
                     "the bounds of its pieces make a grid of at most {} cells, of which the pieces cover at "
                     "most {}",
                     Atoms::kMaxCells, Atoms::kMaxCovered));
    }
  }
  if (!found->empty()) return;
  const base::Result<Atoms> atoms = Atoms::of(program);
  if (atoms) {
    Accesses(program, *atoms, found).run();
    return;
  }
  for (const base::Diagnostic& d : atoms.problems().items())
    found->add(*d.kind, Path("partitions"), d.message, d.note);
}

}  // namespace mapwright::program
