// Pennant, against its source's formulas and what mapping logs and profiles say of it.
#include "apps/testing.h"

namespace mapwright::apps::testing {
namespace {

struct Launched {
  const char* task;
  double bytes;  // streamed for each zone: with four sides, and a point
  double flops;  // for each zone
};
// The published launches of a cycle, those of shared points left out.
constexpr Launched kCycle[] = {
    {"init_step_points", 24, 0},
    {"init_step_zones", 16, 0},
    {"adv_pos_half", 80, 4},
    {"calc_centers", 217, 36},
    {"calc_volumes", 233, 80},
    {"calc_char_len", 113, 12},
    {"calc_rho_half", 24, 1},
    {"sum_point_mass", 164, 20},
    {"calc_state_at_half", 64, 25},
    {"calc_force_pgas_tts", 336, 64},
    {"qcs_zone_center_velocity", 117, 20},
    {"qcs_corner_divergence", 456, 440},
    {"qcs_qcn_force", 424, 80},
    {"qcs_force", 320, 100},
    {"qcs_vel_diff", 200, 36},
    {"sum_point_force", 261, 24},
    {"apply_boundary_conditions", 66, 4},
    {"adv_pos_full", 88, 15},
    {"calc_centers_full", 281, 36},
    {"calc_volumes_full", 201, 60},
    {"calc_work", 321, 80},
    {"calc_work_rate_energy_rho_full", 72, 8},
    {"calc_dt_hydro", 40, 8},
};

TEST(Pennant, PublishedSizesOnTwoNodes) {
  const program::Program p = made("pennant", machine_named("lassen"), 2);
  EXPECT_EQ(p.parameters, (std::map<std::string, std::int64_t, std::less<>>{
                              {"cycles", 30}, {"nzx", 320}, {"nzy", 184'320}, {"prune", 30}}));
  EXPECT_EQ(volumes(partition(p, "rz_all_p")), Volumes(8, 7'372'800));
  EXPECT_EQ(volumes(partition(p, "rs_all_p")), Volumes(8, 29'491'200));
  EXPECT_EQ(volumes(partition(p, "rp_all_private_p")), (Volumes{7'395'840, 7'395'519, 7'395'519, 7'395'519,
                                                                7'395'519, 7'395'519, 7'395'519, 7'395'840}));
  EXPECT_EQ(volumes(partition(p, "rp_all_shared_p")), (Volumes{321, 321, 321, 321, 321, 321, 321, 0}));
  EXPECT_EQ(volumes(partition(p, "rp_all_ghost_p")), (Volumes{321, 642, 642, 642, 642, 642, 642, 321}));
  EXPECT_FALSE(partition(p, "rp_all_ghost_p").disjoint);
  const auto bytes = [&](const char* name) {
    const program::Region& r = p.regions[partition(p, name).region];
    return r.bytes(r.all_fields());
  };
  EXPECT_EQ(bytes("rz_all_p"), 185);
  EXPECT_EQ(bytes("rp_all_ghost_p"), 106);
  EXPECT_EQ(bytes("rs_all_p"), 226);
  const double piece = 185 * 7'372'800.0 + 226 * 29'491'200.0 + 106 * 7'395'519.0;
  EXPECT_NEAR(piece / 1e9, 8.8, 0.05);
  EXPECT_EQ(p.iterations, 30);
  EXPECT_EQ(p.warmup, 30);
  EXPECT_TRUE(p.traced);
}

TEST(Pennant, ACycleIsTwentySevenLaunchesAndTwoTasks) {
  const program::Program p = made("pennant", machine_named("lassen"), 2);
  EXPECT_EQ(p.loop_end - p.loop_begin, 29U);
  std::int64_t index = 0;
  std::int64_t single = 0;
  for (program::LaunchId l = p.loop_begin; l < p.loop_end; ++l) {
    const program::Launch& launch = p.launches[l];
    (launch.single ? single : index) += launch.points();
    for (const program::Variant& v : p.tasks[launch.task].variants)
      EXPECT_EQ(v.streaming_share, v.kind == machine::ProcessorKind::gpu ? 716.0 / 806.0 : 1);
    EXPECT_EQ(p.tasks[launch.task].variants.size(), launch.single ? 1U : 2U);
  }
  EXPECT_EQ(index, 27 * 8);
  EXPECT_EQ(single, 2);
}

TEST(Pennant, LaunchesInProgramOrderWithTheirWork) {
  const program::Program p = made("pennant", machine_named("lassen"), 2);
  constexpr double kZones = 7'372'800;
  std::size_t row = 0;
  double bytes = 0;
  for (program::LaunchId l = p.loop_begin; l < p.loop_end; ++l) {
    const program::Launch& launch = p.launches[l];
    const std::string& task = p.tasks[launch.task].name;
    if (launch.single) continue;
    bytes += streamed(p, launch, 1);
    const program::Partition& first = p.partitions[launch.requirements.front().partition];
    if (first.name == "rp_all_shared_p") {
      EXPECT_EQ(task, kCycle[row - 1].task);
      continue;
    }
    ASSERT_LT(row, std::size(kCycle));
    EXPECT_EQ(task, kCycle[row].task);
    // Private points are 0.3 % more than zones.
    EXPECT_NEAR(streamed(p, launch, 1) / kZones, kCycle[row].bytes, 0.004 * kCycle[row].bytes) << task;
    EXPECT_NEAR(launch.flops.at(1) / kZones, kCycle[row].flops, 0.004 * kCycle[row].flops) << task;
    ++row;
  }
  EXPECT_EQ(row, std::size(kCycle));
  EXPECT_NEAR(bytes / 1e9, 30.4, 0.1);
  EXPECT_NEAR(loop_flops(p) / 8 / kZones, 1150, 5);
}

// The column of the published table, from the fields themselves.
TEST(Pennant, BytesOfAZoneAreExact) {
  const program::Program p = made("pennant", machine_named("lassen"), 2);
  for (const Launched& row : kCycle) {
    const program::Launch& launch = *launches(p, row.task).front();
    double bytes = 0;
    for (const program::Requirement& r : launch.requirements) {
      const std::string& name = p.partitions[r.partition].name;
      const double elements = name == "rs_all_p" ? 4 : name == "rp_all_ghost_p" ? 0 : 1;
      bytes += elements * streamed_per_element(p, r);
    }
    EXPECT_EQ(bytes, row.bytes) << row.task;
  }
}

TEST(Pennant, SumsAtTheInterfaces) {
  const program::Program p = made("pennant", machine_named("lassen"), 2);
  const program::Launch& mass = *launches(p, "sum_point_mass").front();
  const program::Launch& force = *launches(p, "sum_point_force").front();
  EXPECT_EQ(mass.requirements[2].privilege, program::Privilege::reduce);
  EXPECT_EQ(mass.requirements[2].atomics.at(0), 640);
  EXPECT_EQ(mass.requirements[2].atomics.at(1), 1280);
  EXPECT_EQ(force.requirements[2].privilege, program::Privilege::reduce);
  EXPECT_EQ(force.requirements[2].atomics.at(1), 2560) << "two components";
}

TEST(Pennant, TheTimeStepJoinsTheCycles) {
  const program::Program p = made("pennant", machine_named("lassen"), 2);
  program::LaunchId step = 0;
  for (program::LaunchId l = p.loop_begin; l < p.loop_end; ++l) {
    if (p.tasks[p.launches[l].task].name == "calc_global_dt") step = l;
  }
  EXPECT_EQ(p.launches[step].futures, std::vector<program::LaunchId>{p.loop_end - 1});
  EXPECT_EQ(p.tasks[p.launches[p.loop_end - 1].task].name, "calc_dt_hydro");
  EXPECT_EQ(p.tasks[p.launches[p.loop_begin].task].name, "continue_simulation");
  EXPECT_EQ(p.launches[p.loop_begin].futures, std::vector<program::LaunchId>{step});
  EXPECT_EQ(p.tasks[p.launches[step - 1].task].name, "init_step_zones");
  for (const program::Launch* l : launches(p, "adv_pos_half")) EXPECT_EQ(l->futures, std::vector{step});
  EXPECT_EQ(launches(p, "adv_pos_half").size(), 2U);
}

TEST(Pennant, AnyNumberOfRowsIsCut) {
  const program::Program p = made("pennant", machine_named("lassen"), 1, {{"nzx", 3}, {"nzy", 10}});
  EXPECT_EQ(volumes(partition(p, "rz_all_p")), (Volumes{6, 9, 6, 9}));
  EXPECT_EQ(volumes(partition(p, "rp_all_private_p")), (Volumes{8, 8, 4, 12}));
  const program::Program thin = made("pennant", machine_named("lassen"), 1, {{"nzx", 1}, {"nzy", 4}});
  EXPECT_EQ(volumes(partition(thin, "rp_all_private_p")), (Volumes{2, 0, 0, 2}));
  EXPECT_EQ(problems("pennant", machine_named("lassen"), 1, {{"nzy", 3}}),
            "error[MW8106]: nzy = 3 leaves no zones for 4 GPUs\n"
            "   = note: every GPU has a strip of its own, with at least one row of zones\n");
}

TEST(Pennant, MetricIsTheElapsedTime) {
  const program::Program p = made("pennant", machine_named("lassen"), 1);
  EXPECT_FALSE(p.metric.larger_is_better);
  EXPECT_DOUBLE_EQ(p.metric.value(0.0425), 30 * 0.0425);
}

TEST(Pennant, ShrinksOntoSmallMemories) {
  machine::Machine small = machine_named("p100x4");
  small.memories[machine::MemoryKind::fbmem]->capacity = 4'000'000'000;
  EXPECT_EQ(made("pennant", small, 1).notes,
            std::vector<std::string>{"the height of a strip is 10456 instead of 23040, because under the "
                                     "expert's mapper that takes 8.81 GB of a GPU's FBMEM, "
                                     "which has 4 GB"});
}

TEST(Pennant, TestSizeIsSmall) {
  const program::Program p = made("pennant", machine_named("p100x4"), 2, {}, Size::test);
  std::int64_t bytes = 0;
  for (const program::Region& r : p.regions)
    bytes += r.bytes(r.all_fields()) * r.elements.size(1 << 30).value();
  EXPECT_LT(bytes, 500'000'000);
}

}  // namespace
}  // namespace mapwright::apps::testing
