#include "program/atoms.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <set>

#include "program/diagnostics.h"
#include "program/refine.h"
#include "program/samples.h"

namespace mapwright::program {
namespace {

using samples::box;
using samples::launch;
using samples::line;
using samples::partition;
using samples::region;
using samples::requirement;
using samples::single;
using Ids = std::vector<std::uint32_t>;
using Volumes = std::vector<std::int64_t>;

Ids atoms_of(const Atoms& atoms, PartitionId p, std::uint32_t piece) {
  const auto list = atoms.piece(p, piece);
  return {list.begin(), list.end()};
}

TEST(Atoms, CutALineWhereGhostsReachIntoNeighbours) {
  const auto atoms = Atoms::of(samples::circuit());
  ASSERT_TRUE(atoms);
  // 0..7 | 8..9 | 10..11 | 12..17 | 18..19 | 20..21 | 22..29
  EXPECT_EQ(atoms->region(0).volume, (Volumes{8, 2, 2, 6, 2, 2, 8}));
  EXPECT_EQ(atoms_of(*atoms, 0, 0), (Ids{0, 1}));
  EXPECT_EQ(atoms_of(*atoms, 0, 1), (Ids{2, 3, 4}));
  EXPECT_EQ(atoms_of(*atoms, 0, 2), (Ids{5, 6}));
  EXPECT_EQ(atoms_of(*atoms, 1, 0), (Ids{0, 1, 2}));
  EXPECT_EQ(atoms_of(*atoms, 1, 1), (Ids{1, 2, 3, 4, 5}));
  EXPECT_EQ(atoms_of(*atoms, 1, 2), (Ids{4, 5, 6}));
  EXPECT_EQ(atoms->volume(1, 1), 14);
  EXPECT_EQ(atoms->region(0).groups, (std::vector<FieldSet>{1, 2}));
  EXPECT_EQ(atoms->region(0).group_bytes, (Volumes{8, 8}));
}

// 2 x 2 tiles of 4 x 4 elements, and the rim of each: what a neighbour reads of it.
TEST(Atoms, MergeWhatLiesInTheSamePiecesWhateverItsShape) {
  Program p;
  p.name = "stencil";
  p.regions.push_back(region("grid", box({{0, 7}, {0, 7}}), {"in", "out", "spare"}));
  Partition tiles{"tiles", 0, true, {}, {0}};
  Partition reads{"reads", 0, false, {}, {0}};
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t j = 0; j < 2; ++j) {
      tiles.add(box({{4 * i, 4 * i + 3}, {4 * j, 4 * j + 3}}));
      reads.add(box({{i == 0 ? 0 : 3, i == 0 ? 4 : 7}, {j == 0 ? 0 : 3, j == 0 ? 4 : 7}}));
    }
  }
  p.partitions = {tiles, reads};
  p.tasks = {samples::task("step"), samples::task("swap")};
  p.launches.push_back(
      launch(0, {2, 2}, {requirement(1, Privilege::read, 1), requirement(0, Privilege::write, 2)}));
  p.launches.push_back(launch(1, {2, 2}, {requirement(0, Privilege::read_write, 3)}));
  p.loop_end = 2;
  ASSERT_TRUE(validate(p).empty());
  const auto atoms = Atoms::of(p);
  ASSERT_TRUE(atoms);
  // Each tile: 3 x 3 of its own, two sides of 3 that one neighbour reads, a corner that all read.
  EXPECT_EQ(atoms->region(0).volume, (Volumes{9, 3, 3, 9, 3, 1, 1, 3, 3, 1, 1, 3, 9, 3, 3, 9}));
  EXPECT_EQ(atoms_of(*atoms, 0, 0), (Ids{0, 1, 4, 5}));
  EXPECT_EQ(atoms_of(*atoms, 1, 0), (Ids{0, 1, 2, 4, 5, 6, 8, 9, 10}));
  EXPECT_EQ(atoms->region(0).groups, (std::vector<FieldSet>{1, 2})) << "nobody uses the third field";
}

TEST(Atoms, OfOnePieceMayLieApart) {
  Program p;
  p.name = "ring";
  p.regions.push_back(region("r", line(0, 9), {"x"}));
  Partition pieces{"pieces", 0, false, {}, {0}};
  pieces.add(std::vector<Box>{line(0, 2), line(8, 9)});
  pieces.add(line(2, 8));
  pieces.add(line(5, 4));  // empty
  p.partitions = {pieces};
  p.tasks = {samples::task("t")};
  p.launches.push_back(launch(0, {3}, {requirement(0, Privilege::read)}));
  p.loop_end = 1;
  ASSERT_TRUE(validate(p).empty());
  const auto atoms = Atoms::of(p);
  ASSERT_TRUE(atoms);
  // 0..1 and 9 in the first alone; 2 and 8 in both; 3..7 in the second.
  EXPECT_EQ(atoms->region(0).volume, (Volumes{3, 2, 5}));
  EXPECT_EQ(atoms_of(*atoms, 0, 0), (Ids{0, 1}));
  EXPECT_EQ(atoms_of(*atoms, 0, 1), (Ids{1, 2}));
  EXPECT_EQ(atoms_of(*atoms, 0, 2), Ids{});
  EXPECT_EQ(atoms->volume(0, 0), 5);
  EXPECT_EQ(atoms->volume(0, 2), 0);
}

// A 12 x 12 matrix in 2 x 2 tiles, read by row panels and by blocks of 12 x 4.
TEST(Atoms, OfPanelsAndTiles) {
  Program p;
  p.name = "gemm";
  p.regions.push_back(region("B", box({{0, 11}, {0, 11}}), {"vals"}));
  Partition tiles{"B", 0, true, {}, {0}};
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t j = 0; j < 2; ++j) tiles.add(box({{6 * i, 6 * i + 5}, {6 * j, 6 * j + 5}}));
  }
  Partition panels{"B", 0, true, {}, {0}};
  for (std::int64_t i = 0; i < 2; ++i) panels.add(box({{6 * i, 6 * i + 5}, {0, 11}}));
  Partition blocks{"B", 0, true, {}, {0}};
  for (std::int64_t k = 0; k < 3; ++k) blocks.add(box({{0, 11}, {4 * k, 4 * k + 3}}));
  p.partitions = {tiles, panels, blocks};
  p.tasks = {samples::task("t")};
  p.launches.push_back(launch(0, {2, 2}, {requirement(0, Privilege::read)}));
  p.launches.push_back(launch(0, {2, 2}, {requirement(1, Privilege::read, 1, {0, 0, 1, 1})}));
  p.launches.push_back(launch(0, {3}, {requirement(2, Privilege::read)}));
  p.loop_end = 3;
  ASSERT_TRUE(validate(p).empty());
  const auto atoms = Atoms::of(p);
  ASSERT_TRUE(atoms);
  // Columns 0..3 | 4..5 | 6..7 | 8..11 of both panels.
  EXPECT_EQ(atoms->region(0).volume, (Volumes{24, 12, 12, 24, 24, 12, 12, 24}));
  EXPECT_EQ(atoms_of(*atoms, 0, 2), (Ids{4, 5}));
  EXPECT_EQ(atoms_of(*atoms, 1, 1), (Ids{4, 5, 6, 7}));
  EXPECT_EQ(atoms_of(*atoms, 2, 1), (Ids{1, 2, 5, 6}));

  p.launches.pop_back();
  p.loop_end = 2;
  const auto coarser = Atoms::of(p);
  ASSERT_TRUE(coarser);
  EXPECT_EQ(coarser->region(0).volume, (Volumes{36, 36, 36, 36})) << "only partitions in use cut";
  EXPECT_EQ(atoms_of(*coarser, 2, 1), Ids{});
  EXPECT_EQ(coarser->volume(2, 1), 48);
}

TEST(Atoms, AreNotCutByIndexSpacesAlone) {
  Program p = samples::circuit();
  p.launches[0].requirements[0].privilege = Privilege::none;
  p.launches[1].requirements.pop_back();
  const auto atoms = Atoms::of(p);
  ASSERT_TRUE(atoms);
  EXPECT_EQ(atoms->region(0).volume, (Volumes{10, 10, 10}));
  EXPECT_EQ(atoms_of(*atoms, 1, 1), Ids{});
  EXPECT_EQ(atoms->volume(1, 1), 14);
}

TEST(Atoms, OfFieldsAreTheCoarsestGroupsThatNoRequirementSplits) {
  Program p = samples::circuit();
  p.regions[0] = region("nodes", line(0, 29), {"a", "b", "c", "d", "e", "f"});
  p.launches[0].requirements[0].fields = 0b001111;
  p.launches[1].requirements[0].fields = 0b011000;
  p.launches[1].requirements[1].fields = 0b000010;
  p.launches[2].requirements[0].fields = 0b010000;
  const auto atoms = Atoms::of(p);
  ASSERT_TRUE(atoms);
  EXPECT_EQ(atoms->region(0).groups, (std::vector<FieldSet>{0b000101, 0b000010, 0b001000, 0b010000}));
  EXPECT_EQ(atoms->region(0).group_bytes, (Volumes{16, 8, 8, 8}));
}

TEST(Atoms, HaveALimit) {
  Program p;
  p.name = "diagonal";
  p.regions.push_back(region("r", box({{0, 1 << 20}, {0, 1 << 20}}), {"x"}));
  Partition diagonal{"diagonal", 0, true, {}, {0}};
  for (std::int64_t i = 0; i < 4200; ++i) diagonal.add(box({{i, i}, {i, i}}));
  p.partitions = {diagonal};
  p.tasks = {samples::task("t")};
  p.launches.push_back(launch(0, {4200}, {requirement(0, Privilege::write)}));
  p.loop_end = 1;
  const auto atoms = Atoms::of(p);
  ASSERT_FALSE(atoms);
  ASSERT_EQ(atoms.problems().items().size(), 1U);
  EXPECT_EQ(base::render(atoms.problems().items()[0], false),
            "error[MW8023]: the partitions of `r` cut it into too many parts\n"
            "   = note: their bounds make a grid of at most 16777216 cells, of which all pieces cover at "
            "most 134217728\n");
}

TEST(Atoms, OfManyTilesTakeMilliseconds) {
  constexpr std::int64_t kTiles = 64;
  constexpr std::int64_t kSide = 1000;
  Program p;
  p.name = "tiles";
  p.regions.push_back(region("grid", box({{0, kTiles * kSide - 1}, {0, kTiles * kSide - 1}}), {"in", "out"}));
  Partition tiles{"tiles", 0, true, {}, {0}};
  Partition halos{"halos", 0, false, {}, {0}};
  const auto side = [&](std::int64_t i, std::int64_t reach) {
    return std::pair(std::max<std::int64_t>(i * kSide - reach, 0),
                     std::min((i + 1) * kSide - 1 + reach, kTiles * kSide - 1));
  };
  for (std::int64_t i = 0; i < kTiles; ++i) {
    for (std::int64_t j = 0; j < kTiles; ++j) {
      tiles.add(box({side(i, 0), side(j, 0)}));
      halos.add(box({side(i, 2), side(j, 2)}));
    }
  }
  p.partitions = {tiles, halos};
  p.tasks = {samples::task("step")};
  p.launches.push_back(
      launch(0, {kTiles, kTiles}, {requirement(1, Privilege::read, 1), requirement(0, Privilege::write, 2)}));
  p.loop_end = 1;
  const auto start = std::chrono::steady_clock::now();
  const auto atoms = Atoms::of(p);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(atoms);
  EXPECT_EQ(atoms->region(0).volume.size(), static_cast<std::size_t>((3 * kTiles - 2) * (3 * kTiles - 2)));
  RecordProperty("microseconds",
                 std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  EXPECT_LT(took, std::chrono::milliseconds(500)) << "10 ms where nothing else runs";
  EXPECT_TRUE(validate(p).empty());
}

// ---------------------------------------------------------------------------------------------------------------------
// against the definition, element by element

using Element = std::array<std::int64_t, 3>;

std::set<Element> elements_of(const Partition& p, std::size_t piece) {
  std::set<Element> all;
  for (std::size_t b = p.begins[piece]; b < p.begins[piece + 1]; ++b) {
    lang::Point at = p.boxes[b].lo;
    do all.insert({at[0], at[1], at[2]});
    while (p.boxes[b].next(&at));
  }
  return all;
}

Box any_box(int rank, std::int64_t extent) {
  Box b;
  b.rank = rank;
  for (std::size_t d = 0; d < static_cast<std::size_t>(rank); ++d) {
    b.lo[d] = *rc::gen::inRange<std::int64_t>(-extent, extent);
    b.hi[d] = *rc::gen::inRange<std::int64_t>(b.lo[d] - 1, extent);
  }
  return b;
}

RC_GTEST_PROP(AtomsProperty, AreTheClassesOfEqualMembership, ()) {
  const int rank = *rc::gen::inRange(1, 4);
  const std::int64_t extent = rank == 1 ? 20 : rank == 2 ? 6 : 3;
  std::vector<Partition> partitions(*rc::gen::inRange<std::size_t>(1, 4));
  for (Partition& p : partitions) {
    const auto pieces = *rc::gen::inRange(0, 6);
    for (int i = 0; i < pieces; ++i) {
      // Boxes may overlap, which validate() refuses, and which changes no class.
      std::vector<Box> boxes(*rc::gen::inRange<std::size_t>(0, 3));
      for (Box& b : boxes) b = any_box(rank, extent);
      p.add(boxes);
    }
  }
  std::vector<const Partition*> pointers;
  for (const Partition& p : partitions) pointers.push_back(&p);
  const auto refined = refine(rank, pointers);
  RC_ASSERT(refined.has_value());

  std::map<Element, std::set<std::pair<std::size_t, std::size_t>>> membership;
  for (std::size_t p = 0; p < partitions.size(); ++p) {
    for (std::size_t i = 0; i < partitions[p].pieces(); ++i) {
      for (const Element& e : elements_of(partitions[p], i)) membership[e].insert({p, i});
    }
  }
  // Elements in order: the first of each class numbers it.
  std::map<std::set<std::pair<std::size_t, std::size_t>>, std::uint32_t> classes;
  Volumes volume;
  std::vector<std::vector<std::set<std::uint32_t>>> lists;
  for (const Partition& p : partitions) lists.emplace_back(p.pieces());
  for (const auto& [element, pieces] : membership) {
    const auto [at, fresh] = classes.emplace(pieces, static_cast<std::uint32_t>(volume.size()));
    if (fresh) volume.push_back(0);
    ++volume[at->second];
    for (const auto& [p, i] : pieces) lists[p][i].insert(at->second);
  }
  RC_ASSERT(refined->volume == volume);
  for (std::size_t p = 0; p < partitions.size(); ++p) {
    const PieceAtoms& list = refined->partitions[p];
    for (std::size_t i = 0; i < partitions[p].pieces(); ++i) {
      const Ids got(list.atoms.begin() + static_cast<std::ptrdiff_t>(list.begins[i]),
                    list.atoms.begin() + static_cast<std::ptrdiff_t>(list.begins[i + 1]));
      RC_ASSERT(got == Ids(lists[p][i].begin(), lists[p][i].end()));
      RC_ASSERT(list.volume[i] == static_cast<std::int64_t>(elements_of(partitions[p], i).size()));
    }
  }
}

}  // namespace
}  // namespace mapwright::program
