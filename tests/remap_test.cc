// Index maps under which less data moves: what guidance says of them is what their plans do.
#include "guide/remap.h"

#include <gtest/gtest.h>

#include <array>

#include "engine/summary.h"
#include "lang/edit.h"
#include "trial.h"

namespace mapwright {
namespace {

using guide::Movement;
using guide::Remap;

// Counted in another way: by the profile of an execution.
TEST(Movement, IsWhatTheExecutionMoved) {
  const machine::Machine machine = trial::machine_named("p100x4");
  for (const auto& app : apps::all()) {
    SCOPED_TRACE(app.name);
    const trial::Subject s = trial::subject(std::string(app.name), machine, 2);
    const engine::Execution e =
        trial::executed(s, trial::compiled(trial::mapper_text("expert", std::string(app.name))));
    const Movement m = guide::movement(*e.profile.plan, s.program->iterations);
    std::int64_t total = 0;
    for (const engine::Flow& f : engine::summarize(e).flows) {
      if (f.way != engine::Way::within_memory) total += f.bytes;
    }
    EXPECT_EQ(m.total, total);
    // Of two nodes, one sends what the other receives.
    EXPECT_LE(m.node, e.traffic.inter_node);
    EXPECT_GE(2 * m.node, e.traffic.inter_node);
    EXPECT_LE(m.sockets, e.traffic.intra_node);
    EXPECT_LE(m.memory, m.total);
  }
}

// Fewer planned iterations stand for all of them.
TEST(Movement, OfAShortPlanStandsForAll) {
  const trial::Subject s = trial::subject("stencil", trial::machine_named("p100x4"), 2);
  const auto whole = std::get<plan::Plan>(trial::planned(s, trial::compiled("")));
  auto shorter = std::make_shared<program::Program>(*s.program);
  shorter->iterations = 2;
  const auto placer = *lang::Placer::create(trial::compiled(""), s.planner->site()->grid());
  const auto part = std::get<plan::Plan>(plan::Planner::create(whole, shorter)->plan(*placer));
  EXPECT_LT(part.ops.size(), whole.ops.size());
  EXPECT_EQ(guide::movement(part, s.program->iterations), guide::movement(whole, s.program->iterations));
}

TEST(Remaps, MoveWhatTheySay) {
  const machine::Machine machine = trial::machine_named("p100x4");
  int found = 0;
  for (const auto& app : apps::all()) {
    SCOPED_TRACE(app.name);
    const trial::Subject s = trial::subject(std::string(app.name), machine, 2);
    const lang::MapperPtr start = trial::compiled("");
    const auto plan = std::get<plan::Plan>(trial::planned(s, start));
    const Movement now = guide::movement(plan, s.program->iterations);
    for (const Remap& r : guide::remaps(plan, *start)) {
      SCOPED_TRACE(r.what);
      ++found;
      const auto text = lang::edited(start->source(), std::array{r.edit});
      ASSERT_TRUE(text);
      const auto then = std::get<plan::Plan>(trial::planned(s, trial::compiled(*text)));
      EXPECT_EQ(guide::movement(then, s.program->iterations), r.movement);
      // Less of something, at least.
      EXPECT_TRUE(r.movement.node < now.node || r.movement.sockets < now.sockets ||
                  r.movement.memory < now.memory || r.movement.total < now.total);
      EXPECT_FALSE(r.tasks.empty());
    }
  }
  EXPECT_GE(found, 5);
}

TEST(Remaps, PutCircuitsPiecesBesideTheirNeighbours) {
  const trial::Subject s = trial::subject("circuit", trial::machine_named("p100x4"), 2);
  const lang::MapperPtr start = trial::compiled("");
  const auto plan = std::get<plan::Plan>(trial::planned(s, start));
  const std::vector<Remap> list = guide::remaps(plan, *start);
  ASSERT_FALSE(list.empty());
  EXPECT_EQ(list.front().what, "calculate_new_currents, distribute_charge, update_voltages by blocks");
  EXPECT_EQ(guide::movement(plan, s.program->iterations).node, 360'000);
  EXPECT_EQ(list.front().movement.node, 50'000);
}

TEST(Remaps, AreNoneWhereNothingMoves) {
  const trial::Subject s = trial::subject("stencil", trial::machine_named("p100x4"), 2);
  auto alone = std::make_shared<program::Program>(*s.program);
  // Without its halos no point needs what another one has.
  for (program::Launch& l : alone->launches) l.requirements.resize(1);
  const trial::Subject quiet{alone, *plan::Planner::create(alone, trial::machine_named("p100x4"), 2)};
  const auto plan = trial::planned(quiet, trial::compiled(""));
  ASSERT_TRUE(std::holds_alternative<plan::Plan>(plan)) << std::get<plan::Failure>(plan).text;
  EXPECT_EQ(guide::movement(std::get<plan::Plan>(plan), alone->iterations).node, 0);
  EXPECT_TRUE(guide::remaps(std::get<plan::Plan>(plan), *trial::compiled("")).empty());
}

}  // namespace
}  // namespace mapwright
