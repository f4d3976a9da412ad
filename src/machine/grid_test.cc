#include "machine/grid.h"

#include <gtest/gtest.h>

#include "base/bug.h"
#include "machine/machine.h"

namespace mapwright::machine {
namespace {

TEST(Grid, MadeOnTheSpot) {
  const Grid grid = make_grid(4, {1, 4, 0, 0, 0, 2});
  EXPECT_EQ(grid.nodes, 4);
  EXPECT_EQ(grid.count(ProcessorKind::cpu), 1);
  EXPECT_EQ(grid.count(ProcessorKind::gpu), 4);
  EXPECT_EQ(grid.count(ProcessorKind::omp), 2);
  EXPECT_TRUE(grid.addressable(ProcessorKind::gpu, MemoryKind::fbmem));
  EXPECT_FALSE(grid.addressable(ProcessorKind::gpu, MemoryKind::sysmem));
}

Machine node_with(std::int64_t cpus, std::int64_t gpus) {
  Machine m;
  m.processors[ProcessorKind::cpu].emplace().count = cpus;
  m.processors[ProcessorKind::gpu].emplace().count = gpus;
  m.affinities[ProcessorKind::cpu][MemoryKind::sysmem].emplace();
  m.affinities[ProcessorKind::gpu][MemoryKind::fbmem].emplace();
  m.affinities[ProcessorKind::gpu][MemoryKind::sysmem].emplace();
  return m;
}

TEST(Grid, OfAMachineReachesWhatItsAffinitiesSay) {
  const Grid grid = grid_of(node_with(1, 4), 3);
  EXPECT_EQ(grid.nodes, 3);
  EXPECT_EQ(grid.count(ProcessorKind::gpu), 4);
  EXPECT_TRUE(grid.addressable(ProcessorKind::gpu, MemoryKind::sysmem));
  EXPECT_FALSE(grid.addressable(ProcessorKind::gpu, MemoryKind::zcmem));
  EXPECT_TRUE(grid.addressable(ProcessorKind::gpu, MemoryKind::virtual_));
  // It has no OMP processors: what they would reach is a question for a machine that has some.
  EXPECT_EQ(grid.count(ProcessorKind::omp), 0);
  EXPECT_TRUE(grid.addressable(ProcessorKind::omp, MemoryKind::sysmem));
}

TEST(Grid, RanksShareTheProcessorsOfTheirNode) {
  const Grid four = grid_of(node_with(1, 4), 2, 4);
  EXPECT_EQ(four.nodes, 8);
  EXPECT_EQ(four.count(ProcessorKind::gpu), 1);
  EXPECT_EQ(four.count(ProcessorKind::cpu), 1);
  const Grid uneven = grid_of(node_with(9, 6), 1, 4);
  EXPECT_EQ(uneven.count(ProcessorKind::gpu), 1);
  EXPECT_EQ(uneven.count(ProcessorKind::cpu), 2);
  EXPECT_EQ(grid_of(node_with(1, 2), 1, 4).count(ProcessorKind::gpu), 0);
}

TEST(Grid, HasLimits) {
  EXPECT_EQ(grid_of(node_with(1, 1), Grid::kMaxNodes).nodes, Grid::kMaxNodes);
  EXPECT_THROW(grid_of(node_with(1, 1), Grid::kMaxNodes + 1), base::Bug);
  EXPECT_THROW(grid_of(node_with(1, 1), Grid::kMaxNodes / 2 + 1, 2), base::Bug);
  EXPECT_THROW(grid_of(node_with(1, 1), 0), base::Bug);
  EXPECT_THROW(grid_of(node_with(1, 1), 1, 0), base::Bug);
}

TEST(Grid, RankOrder) {
  Machine m = node_with(1, 4);
  m.node.rank_order = RankOrder::packed;
  EXPECT_EQ(node_of_rank(m, 2, 4, 3), 0);
  EXPECT_EQ(node_of_rank(m, 2, 4, 4), 1);
  m.node.rank_order = RankOrder::round_robin;
  EXPECT_EQ(node_of_rank(m, 2, 4, 3), 1);
  EXPECT_EQ(node_of_rank(m, 2, 4, 4), 0);
  EXPECT_THROW(node_of_rank(m, 2, 4, 8), base::Bug);
}

TEST(Grid, ProcessorsInBlocks) {
  EXPECT_EQ(in_blocks(4, 2), (std::vector<std::int64_t>{0, 0, 1, 1}));
  EXPECT_EQ(in_blocks(1, 4), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(in_blocks(3, 2), (std::vector<std::int64_t>{0, 0, 1}));
  EXPECT_EQ(in_blocks(0, 2), std::vector<std::int64_t>{});
}

}  // namespace
}  // namespace mapwright::machine
