// What an execution would have taken, against what it then takes.
#include "engine/what_if.h"

#include <gtest/gtest.h>

#include "trial.h"

namespace mapwright {
namespace {

engine::Execution executed(const std::string& app, const std::string& mapper,
                           const machine::Machine& machine) {
  return trial::executed(trial::subject(app, machine, 2), trial::compiled(trial::mapper_text(mapper, app)));
}

bool crosses(const plan::Plan& plan, const plan::Op& op) {
  return (op.kind == plan::OpKind::copy || op.kind == plan::OpKind::fold) &&
         plan.site->distance(plan.instances[op.source].memory, plan.instances[op.destination].memory) ==
             plan::Distance::other_node;
}

// Nothing changed, nothing changes; without copies between nodes it is never slower, and never faster than
// the kernels of the busiest processor.
TEST(WhatIf, ReplaysEveryApplication) {
  const auto machine = trial::machine_named("p100x4");
  for (const auto& app : apps::all()) {
    for (const char* mapper : {"expert", "default_like", ""}) {
      SCOPED_TRACE(std::string(app.name) + " " + mapper);
      const engine::Execution e = executed(std::string(app.name), mapper, machine);
      const plan::Plan& plan = *e.profile.plan;
      const engine::WhatIf what_if(e.profile);
      const double interval = e.profile.timed_end - e.profile.timed_begin;
      EXPECT_NEAR(what_if.before(), interval, 1e-9 * interval);
      const double local =
          what_if([&](plan::OpId i, double s) { return crosses(plan, plan.ops[i]) ? 0 : s; });
      EXPECT_LE(local, interval * (1 + 1e-9));
      const double nothing = what_if([](plan::OpId, double) { return 0.0; });
      EXPECT_LT(nothing, interval / 2);
    }
  }
}

// A network a million times as fast is a network whose copies vanish.
TEST(WhatIf, IsWhatThenHappens) {
  const auto machine = trial::machine_named("p100x4");
  machine::Machine fast = machine;
  fast.network.node *= 1e6;
  fast.network.latency = 0;
  if (fast.network.pair) *fast.network.pair *= 1e6;
  fast.runtime.message = 0;
  fast.runtime.remote_copy_setup = 0;
  for (const char* app : {"circuit", "stencil", "pennant"}) {
    SCOPED_TRACE(app);
    const engine::Execution e = executed(app, "", machine);
    const plan::Plan& plan = *e.profile.plan;
    const engine::WhatIf what_if(e.profile);
    const double predicted =
        what_if([&](plan::OpId i, double s) { return crosses(plan, plan.ops[i]) ? 0 : s; });
    const engine::Execution then = executed(app, "", fast);
    EXPECT_NEAR(predicted, then.profile.timed_end - then.profile.timed_begin, 0.05 * predicted);
  }
}

}  // namespace
}  // namespace mapwright
