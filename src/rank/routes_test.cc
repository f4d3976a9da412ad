#include "rank/routes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "apps/testing.h"
#include "lang/lang.h"
#include "plan/plan.h"

namespace mapwright::rank {
namespace {

using plan::OpId;
using plan::OpKind;

plan::Plan planned(std::string_view app, std::int64_t nodes, const std::string& text) {
  const machine::Machine machine = apps::testing::machine_named("p100x4");
  const auto program = std::make_shared<const program::Program>(
      apps::testing::made(app, machine, nodes, {}, apps::Size::test));
  const auto planner = plan::Planner::create(program, machine, nodes);
  auto result = (*planner)->plan(lang::compile(std::make_shared<base::Source>("mapper", text)).mapper);
  return std::get<plan::Plan>(std::move(result));
}

// What crosses nodes is packed by its source's process and unpacked by its destination's; the rest has one
// end, where it is.
TEST(Routes, EndsAreWhereTheirMemoriesAre) {
  const plan::Plan plan = planned("stencil", 2, "");
  const Routes routes(plan, false);
  int crossing = 0;
  for (OpId i = 0; i < plan.ops.size(); ++i) {
    const plan::Op& op = plan.ops[i];
    const auto ends = routes.ends(i);
    if (!is_transfer(op)) continue;
    const auto node = [&](plan::InstanceId at) {
      return static_cast<int>(plan.site->memories()[plan.instances[at].memory].node);
    };
    ASSERT_EQ(ends.size(), node(op.source) == node(op.destination) ? 1 : 2);
    EXPECT_EQ(ends.front().end, End::main);
    EXPECT_EQ(ends.front().rank, node(op.destination));
    EXPECT_EQ(ends.back().rank, node(op.source));
    crossing += ends.size() == 2 ? 1 : 0;
  }
  EXPECT_GT(crossing, 0);
}

TEST(Routes, DevicesHaveBothEndsInOneProcess) {
  const plan::Plan plan = planned("stencil", 1, "");
  const Routes host(plan, false);
  const Routes devices(plan, true);
  int packed = 0;
  for (OpId i = 0; i < plan.ops.size(); ++i) {
    if (!is_transfer(plan.ops[i])) continue;
    EXPECT_EQ(host.ends(i).size(), 1);
    packed += devices.ends(i).size() == 2 ? 1 : 0;
  }
  EXPECT_GT(packed, 0);
}

// Data brings its own order: what is told is what no message implies.
TEST(Routes, DataNeedsNoTokens) {
  const plan::Plan plan = planned("stencil", 2, "");
  const Routes routes(plan, false);
  for (OpId i = 0; i < plan.ops.size(); ++i) EXPECT_TRUE(routes.told(i).empty()) << i;
}

// Every wait of the plan is kept: here, by a token, or by what a message brings.
TEST(Routes, TokensForLaunchesElsewhere) {
  // Parents on one node, their children on the other.
  const plan::Plan plan = planned("summa", 2, R"(
gpus = Machine(GPU);
def other(Task task) {
    return gpus[1 - task.parent.processor(gpus)[0], 0];
}
SingleTaskMap task_4 other;
)");
  const Routes routes(plan, false);
  int tokens = 0;
  for (OpId i = 0; i < plan.ops.size(); ++i) {
    for (const Place& at : routes.ends(i)) {
      for (const Routes::Wait& w : routes.waits(i, at)) {
        EXPECT_LT(w.op, i);
        if (!w.told) continue;
        ++tokens;
        EXPECT_NE(w.rank, at.rank);
        const auto& told = routes.told(w.op);
        EXPECT_NE(std::ranges::find(told, at.rank), told.end());
      }
    }
  }
  EXPECT_GT(tokens, 0);
}

TEST(Routes, FuturesAreOfTheirTasks) {
  const plan::Plan plan = planned("pennant", 2, "");
  const Routes routes(plan, false);
  int points = 0;
  for (OpId i = 0; i < plan.ops.size(); ++i) {
    const OpId future = routes.future_of(i);
    if (future == plan::kNone) continue;
    ++points;
    EXPECT_EQ(plan.ops[future].kind, OpKind::future);
    EXPECT_GT(future, i);
  }
  EXPECT_GT(points, 0);
}

}  // namespace
}  // namespace mapwright::rank
