// Stencil, against its source's formulas and what mapping logs say of it.
#include "apps/testing.h"

namespace mapwright::apps::testing {
namespace {

std::string text(const program::Box& box) {
  return lang::domain_text(box);
}

TEST(Stencil, PublishedSizesOnTwoNodes) {
  const program::Program p = made("stencil", machine_named("lassen"), 2);
  EXPECT_EQ(p.parameters, (std::map<std::string, std::int64_t, std::less<>>{{"foreign", 1},
                                                                            {"init", 1000},
                                                                            {"ntx", 4},
                                                                            {"nty", 2},
                                                                            {"nx", 60'000},
                                                                            {"ny", 30'000},
                                                                            {"tprune", 30},
                                                                            {"tsteps", 50}}));
  const program::Partition& tiles = partition(p, "private");
  EXPECT_EQ(volumes(tiles), Volumes(8, 15'003LL * 15'002));
  EXPECT_EQ(text(tiles.boxes[0]), "(15003, 15002)");
  EXPECT_EQ(text(tiles.boxes[5]), "(15003..30005, 15002..30003)");
  EXPECT_EQ(text(partition(p, "interior").boxes[0]), "(2..15000, 2..14999)");
  EXPECT_EQ(text(partition(p, "exterior").boxes[0]), "(15001, 15000)");
  EXPECT_EQ(text(partition(p, "exterior").boxes[1]), "(15005..30003, 0..14999)");
  // Slots of 240 kB, two elements deep, the tile's own to write and its neighbour's to read.
  EXPECT_EQ(volumes(partition(p, "pxm_out")), Volumes(8, 2 * 14'998));
  EXPECT_EQ(volumes(partition(p, "pxm_in")), (Volumes{0, 29'996, 29'996, 29'996, 0, 29'996, 29'996, 29'996}));
  EXPECT_EQ(volumes(partition(p, "pxp_in")), (Volumes{29'996, 29'996, 29'996, 0, 29'996, 29'996, 29'996, 0}));
  EXPECT_EQ(volumes(partition(p, "pym_in")), (Volumes{0, 0, 0, 0, 29'998, 29'998, 29'998, 29'998}));
  EXPECT_EQ(volumes(partition(p, "pyp_in")), (Volumes{29'998, 29'998, 29'998, 29'998, 0, 0, 0, 0}));
  EXPECT_EQ(text(partition(p, "pxm_in").boxes[0]), "(2, 14998)");
  EXPECT_EQ(text(partition(p, "pxp_in").boxes[0]), "(2..3, 0..14997)");
  EXPECT_FALSE(partition(p, "pym_in").disjoint);
  EXPECT_TRUE(partition(p, "pym_out").disjoint);
  EXPECT_EQ(text(p.regions[partition(p, "pym_in").region].elements), "(59996, 4)");
  EXPECT_EQ(p.iterations, 50);
  EXPECT_EQ(p.warmup, 30);
  EXPECT_TRUE(p.traced);
}

TEST(Stencil, GridsOfTiles) {
  const machine::Machine m = machine_named("lassen");
  const auto tiles = [&](std::int64_t nodes) {
    const program::Program p = made("stencil", m, nodes);
    return std::pair{p.parameters.at("ntx"), p.parameters.at("nty")};
  };
  EXPECT_EQ(tiles(1), std::pair(2L, 2L));
  EXPECT_EQ(tiles(2), std::pair(4L, 2L));
  EXPECT_EQ(tiles(4), std::pair(4L, 4L));
  EXPECT_EQ(tiles(8), std::pair(8L, 4L));
  EXPECT_EQ(tiles(3), std::pair(6L, 2L)) << "numbers of nodes that the scripts do not have";
  EXPECT_EQ(made("stencil", machine_named("summit"), 1).parameters.at("ntx"), 3);
  EXPECT_EQ(made("stencil", m, 2, {{"nty", 4}}).parameters.at("ntx"), 2);
}

TEST(Stencil, AStepIsTwoLaunches) {
  const program::Program p = made("stencil", machine_named("lassen"), 2);
  EXPECT_EQ(loop_points(p), (std::map<std::string, std::int64_t>{{"stencil", 8}, {"increment", 8}}));
  EXPECT_EQ(p.loop_end - p.loop_begin, 2U);
  const program::Launch& step = *launches(p, "stencil").front();
  const program::Launch& increment = *launches(p, "increment").front();
  EXPECT_DOUBLE_EQ(step.flops.at(0), 16 * 14'999.0 * 14'998);
  EXPECT_DOUBLE_EQ(increment.flops.at(0), 15'001.0 * 15'000);
  const double tile = 15'003.0 * 15'002;
  EXPECT_DOUBLE_EQ(streamed(p, step, 0), 24 * tile + 8.0 * (29'996 + 29'998) + 32);
  EXPECT_DOUBLE_EQ(streamed(p, increment, 0), 16 * tile + 16.0 * (2 * 29'996 + 2 * 29'998) + 32);
  EXPECT_EQ(step.requirements[1].privilege, program::Privilege::none);
  EXPECT_EQ(step.requirements.size(), 7U);
}

TEST(Stencil, KernelsAskForTheirStride) {
  const machine::Machine m = machine_named("lassen");
  const auto variant = [&](const program::Program& p, const char* task) {
    return *p.tasks[launches(p, task).front()->task].variant(machine::ProcessorKind::gpu);
  };
  const program::Program published = made("stencil", m, 1);
  for (const char* task : {"stencil", "increment"}) {
    EXPECT_EQ(variant(published, task).order, program::Order::f_order);
    EXPECT_EQ(variant(published, task).layout_failure, "stride does not match expected value");
  }
  const program::Program generated = made("stencil", m, 1, {{"foreign", 0}});
  EXPECT_EQ(variant(generated, "stencil").order, program::Order::f_order);
  EXPECT_EQ(variant(generated, "stencil").layout_failure, "");
}

TEST(Stencil, MetricIsTheElapsedTime) {
  const program::Program p = made("stencil", machine_named("lassen"), 1);
  EXPECT_FALSE(p.metric.larger_is_better);
  EXPECT_DOUBLE_EQ(p.metric.value(0.558 / 50), 0.558);
}

TEST(Stencil, MistakesAreTold) {
  const machine::Machine m = machine_named("lassen");
  EXPECT_EQ(problems("stencil", m, 2, {{"ntx", 3}}),
            "error[MW8106]: ntx = 3 does not divide 8 GPUs\n"
            "   = note: ntx * nty is the number of GPUs, unless both are stated\n");
  EXPECT_EQ(problems("stencil", m, 2, {{"nx", 7}}),
            "error[MW8106]: nx = 7 leaves no points for 4 tiles\n"
            "   = note: every tile has a point inside the border, so nx is at least ntx + 4\n");
  EXPECT_EQ(problems("stencil", m, 2, {{"ntx", 1 << 12}, {"nty", 1 << 12}}),
            "error[MW8107]: stencil would have 16777216 tiles\n"
            "   = note: a program has at most 1048576\n");
  EXPECT_EQ(problems("stencil", m, 2, {{"nx", 1 << 25}, {"ny", 1 << 25}}),
            "error[MW8107]: stencil would have 1125900443713584 points\n"
            "   = note: a program has at most 1125899906842624\n");
}

TEST(Stencil, ShrinksOntoSmallMemories) {
  machine::Machine small = machine_named("p100x4");
  small.memories[machine::MemoryKind::fbmem]->capacity = 1'000'000'000;
  const program::Program p = made("stencil", small, 1);
  EXPECT_EQ(p.notes, std::vector<std::string>{"the edge of a tile is 7896 instead of 15000, because under "
                                              "the expert's mapper that takes 3.6 GB of a GPU's FBMEM, "
                                              "which has 1 GB"});
  small.memories[machine::MemoryKind::fbmem]->capacity = 16'000'000'000;
  small.memories[machine::MemoryKind::sysmem]->capacity = 8'000'000'000;
  EXPECT_EQ(made("stencil", small, 1).notes,
            std::vector<std::string>{"the edge of a tile is 11168 instead of 15000, because under the "
                                     "expert's mapper that takes 14.4 GB of a node's SYSMEM, "
                                     "which has 8 GB"});
}

TEST(Stencil, TestSizeIsSmall) {
  const program::Program p = made("stencil", machine_named("p100x4"), 2, {}, Size::test);
  EXPECT_EQ(p.parameters.at("nx"), 512);
  EXPECT_EQ(p.parameters.at("ny"), 256);
}

}  // namespace
}  // namespace mapwright::apps::testing
