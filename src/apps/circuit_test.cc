// Circuit, against its source's formulas and what mapping logs and profiles say of it.
#include "apps/testing.h"

namespace mapwright::apps::testing {
namespace {

const program::Variant& on_gpu(const program::Program& p, std::string_view task) {
  return *p.tasks[launches(p, task).front()->task].variant(machine::ProcessorKind::gpu);
}

TEST(Circuit, PublishedSizesOnTwoNodes) {
  const program::Program p = made("circuit", machine_named("lassen"), 2);
  EXPECT_EQ(p.parameters, (std::map<std::string, std::int64_t, std::less<>>{{"loops", 50},
                                                                            {"npp", 5000},
                                                                            {"pct", 80},
                                                                            {"pieces", 80},
                                                                            {"pps", 10},
                                                                            {"prune", 30},
                                                                            {"seed", 12345},
                                                                            {"steps", 10000},
                                                                            {"wpp", 20000}}));
  EXPECT_EQ(volumes(partition(p, "rp_private")), Volumes(8, 49'500));
  EXPECT_EQ(volumes(partition(p, "rp_shared")), Volumes(8, 500));
  EXPECT_EQ(volumes(partition(p, "rp_ghost")), (Volumes{650, 750, 750, 750, 750, 750, 750, 650}));
  EXPECT_EQ(volumes(partition(p, "rp_wires")), Volumes(8, 200'000));
  EXPECT_EQ(volumes(partition(p, "rp_times")), Volumes(8, 1));
  // The first two of the mapping logs.
  EXPECT_EQ(partition(p, "rp_ghost").boxes[0].lo[0], 0);
  EXPECT_EQ(partition(p, "rp_ghost").boxes[0].hi[0], 649);
  EXPECT_EQ(partition(p, "rp_ghost").boxes[1].lo[0], 350);
  EXPECT_EQ(partition(p, "rp_ghost").boxes[1].hi[0], 1099);
  EXPECT_EQ(partition(p, "rp_private").boxes[0].lo[0], 4000);
  EXPECT_FALSE(partition(p, "rp_ghost").disjoint);
  EXPECT_TRUE(partition(p, "rp_shared").disjoint);
  const program::Region& wire = p.regions[partition(p, "rp_wires").region];
  EXPECT_EQ(wire.name, "wire");
  EXPECT_EQ(wire.bytes(wire.all_fields()) * 200'000, 21'200'000);
  EXPECT_EQ(p.iterations, 50);
  EXPECT_EQ(p.warmup, 30);
  EXPECT_TRUE(p.traced);
  EXPECT_FALSE(p.waits);
  EXPECT_TRUE(p.notes.empty());
}

TEST(Circuit, AnIterationIsThreeLaunches) {
  const program::Program p = made("circuit", machine_named("lassen"), 2);
  EXPECT_EQ(loop_points(p),
            (std::map<std::string, std::int64_t>{
                {"calculate_new_currents", 8}, {"distribute_charge", 8}, {"update_voltages", 8}}));
  EXPECT_EQ(p.loop_end - p.loop_begin, 3U);
  std::vector<std::string> others;
  for (program::LaunchId l = 0; l < p.launches.size(); ++l) {
    if (l < p.loop_begin || l >= p.loop_end) others.push_back(p.tasks[p.launches[l].task].name);
  }
  EXPECT_EQ(others, (std::vector<std::string>{"init_piece", "create_ghost_partition", "init_pointers",
                                              "get_elapsed", "print_summary"}));
}

TEST(Circuit, WorkOfAPoint) {
  const program::Program p = made("circuit", machine_named("lassen"), 2);
  const program::Launch& currents = *launches(p, "calculate_new_currents").front();
  const program::Launch& charge = *launches(p, "distribute_charge").front();
  const program::Launch& voltages = *launches(p, "update_voltages").front();
  EXPECT_DOUBLE_EQ(currents.flops.at(0), 192e9);
  EXPECT_DOUBLE_EQ(charge.flops.at(0), 8e5);
  EXPECT_DOUBLE_EQ(voltages.flops.at(0), 2e5);
  // 182 bytes of each wire are streamed, and two voltages gathered; the time stamp is 32 bytes.
  EXPECT_DOUBLE_EQ(streamed(p, currents, 3), 182 * 200'000.0 + 32);
  EXPECT_DOUBLE_EQ(streamed(p, charge, 3), 26 * 200'000.0);
  EXPECT_DOUBLE_EQ(streamed(p, voltages, 3), 24 * 50'000.0 + 32);
  EXPECT_DOUBLE_EQ(on_gpu(p, "calculate_new_currents").peak_share.value(), 0.586);
  EXPECT_EQ(on_gpu(p, "calculate_new_currents").precision, program::Precision::single_precision);
  EXPECT_FALSE(on_gpu(p, "update_voltages").peak_share.has_value());
  const program::Variant* cpu = p.tasks[currents.task].variant(machine::ProcessorKind::cpu);
  ASSERT_NE(cpu, nullptr);
  EXPECT_FALSE(cpu->peak_share.has_value());
  EXPECT_EQ(p.tasks[currents.task].variant(machine::ProcessorKind::omp), nullptr);
}

TEST(Circuit, SharesOfTheWireEnds) {
  const program::Program p = made("circuit", machine_named("lassen"), 1);
  const program::Launch& charge = *launches(p, "distribute_charge").front();
  double ghost = 0;
  for (std::int64_t q = 0; q < 4; ++q) {
    EXPECT_NEAR(charge.requirements[0].gathers.at(q), 356'400, 0.001);
    // 21.8 % of the wires touch a shared node, own or foreign.
    EXPECT_NEAR(charge.requirements[1].atomics.at(q) + charge.requirements[2].atomics.at(q), 43'600, 0.001);
    ghost += charge.requirements[2].atomics.at(q) / 4;
  }
  EXPECT_NEAR(ghost, 0.030 * 200'000, 1) << "3.0 % were sampled";
  const program::Launch& currents = *launches(p, "calculate_new_currents").front();
  EXPECT_NEAR(currents.requirements[1].gathers.at(1) + currents.requirements[2].gathers.at(1), 43'600, 0.001);
  EXPECT_EQ(currents.requirements[1].atomics.at(1), 0);
}

TEST(Circuit, MetricIsThePublishedFormula) {
  const program::Program p = made("circuit", machine_named("lassen"), 1);
  // Lassen, one node, everything in framebuffers: 50 loops in 1.042 s.
  EXPECT_TRUE(p.metric.larger_is_better);
  EXPECT_EQ(p.metric.name, "GFLOPS");
  const double flops = 4 * (200'000.0 * 96 * 10'000 + 4 * 200'000.0 + 4 * 50'000.0);
  EXPECT_DOUBLE_EQ(p.metric.value(1.042 / 50), flops / 1e9 / (1.042 / 50));
  EXPECT_DOUBLE_EQ(loop_flops(p), flops);
}

TEST(Circuit, ParametersReplaceWhatWasPublished) {
  const program::Program p = made("circuit", machine_named("p100x4"), 1,
                                  {{"pieces", 10}, {"pps", 10}, {"npp", 1000}, {"wpp", 10'000}});
  EXPECT_EQ(volumes(partition(p, "rp_private")), Volumes{9'900});
  EXPECT_EQ(volumes(partition(p, "rp_shared")), Volumes{100});
  EXPECT_EQ(volumes(partition(p, "rp_ghost")), Volumes{100}) << "there are no others";
  EXPECT_EQ(launches(p, "distribute_charge").front()->requirements[2].atomics.at(0), 0);

  const program::Program small =
      made("circuit", machine_named("p100x4"), 1, {{"pieces", 1}, {"pps", 1}, {"npp", 2}});
  EXPECT_EQ(volumes(partition(small, "rp_private")), Volumes{1});
  EXPECT_EQ(launches(small, "distribute_charge").front()->requirements[1].atomics.at(0), 20'000);

  const program::Program single = made("circuit", machine_named("p100x4"), 1, {{"pps", 1}});
  EXPECT_EQ(volumes(partition(single, "rp_ghost")), (Volumes{200, 200, 200, 200}));
  // Pieces that are alone in their superpieces have no neighbours at home.
  EXPECT_NEAR(launches(single, "distribute_charge").front()->requirements[2].atomics.at(2), 0.2 * 20'000,
              0.001);
}

TEST(Circuit, TestSizeIsSmall) {
  const program::Program p = made("circuit", machine_named("p100x4"), 2, {}, Size::test);
  EXPECT_EQ(p.parameters.at("wpp"), 2000);
  EXPECT_EQ(p.parameters.at("steps"), 10);
  std::int64_t bytes = 0;
  for (const program::Region& r : p.regions)
    bytes += r.bytes(r.all_fields()) * r.elements.size(1 << 30).value();
  EXPECT_LT(bytes, 50'000'000);
}

TEST(Circuit, ShrinksOntoSmallMemories) {
  machine::Machine small = machine_named("p100x4");
  small.memories[machine::MemoryKind::fbmem]->capacity = 10'000'000;
  const program::Program p = made("circuit", small, 2);
  EXPECT_EQ(p.notes,
            std::vector<std::string>{"wpp is 9092 instead of 20000, because under the expert's mapper that "
                                     "takes 0.022 GB of a GPU's FBMEM, which has 0.01 GB"});
  EXPECT_EQ(p.parameters.at("wpp"), 9092);
  EXPECT_EQ(p.parameters.at("npp"), 2273);
  small.memories[machine::MemoryKind::fbmem]->capacity = 1000;
  EXPECT_EQ(
      problems("circuit", small, 2),
      "error[MW8108]: circuit does not fit into the memories of p100x4\n"
      "   = note: its smallest size takes 8.64e-06 GB in a GPU's FBMEM and 3.52e-05 GB in a node's SYSMEM\n");
}

TEST(Circuit, PiecesMakeSuperpieces) {
  EXPECT_EQ(
      problems("circuit", machine_named("p100x4"), 1, {{"pieces", 12}, {"pps", 5}}),
      "error[MW8106]: 12 pieces do not make superpieces of 5\n   = note: 'pieces' is a multiple of 'pps'\n");
}

}  // namespace
}  // namespace mapwright::apps::testing
