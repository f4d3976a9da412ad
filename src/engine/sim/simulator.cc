#include "engine/sim/sim.h"
#include "lang/placement.h"

namespace mapwright::engine::sim {
namespace {

Execution failed(plan::Failure failure) {
  Execution execution;
  execution.failure = std::move(failure);
  return execution;
}

}  // namespace

Execution Simulator::execute(const lang::MapperPtr& mapper) const {
  const auto placer = lang::Placer::create(mapper, planner_->site()->grid());
  if (!placer) return failed({"mapping", placer.problems().items().front().message, placer.problems()});
  auto plan = planner_->plan(**placer);
  if (auto* failure = std::get_if<plan::Failure>(&plan)) return failed(std::move(*failure));
  return run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))));
}

}  // namespace mapwright::engine::sim
