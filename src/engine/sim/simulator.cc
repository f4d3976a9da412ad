#include "engine/sim/sim.h"

namespace mapwright::engine::sim {

Execution Simulator::execute(const lang::MapperPtr& mapper) const {
  auto plan = planner_->plan(mapper);
  if (auto* failure = std::get_if<plan::Failure>(&plan)) {
    Execution execution;
    execution.failure = std::move(*failure);
    return execution;
  }
  return run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))));
}

}  // namespace mapwright::engine::sim
