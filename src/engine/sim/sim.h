// Predicts an execution: a discrete-event simulation of a Legion-like runtime on a model of the machine.
// Deterministic; many may run at once.
#pragma once

#include <memory>

#include "engine/engine.h"

namespace mapwright::engine::sim {

//! How long the plan takes, and why. The time of a point task is
//!   launch + max(flops / rate, max over memories (streamed bytes / bandwidth)) + gathers x scattered +
//!   atomics x atomic
//! with the figures of its processor and of the memories that hold its instances (machine/machine.h); copies
//! and folds share links and networks fairly (flows.h); the runtime maps tasks one after the other on each
//! node's utility processors.
Execution run(std::shared_ptr<const plan::Plan> plan);

//! Plans and simulates one program on one site: microseconds for each task and copy.
class Simulator final : public Engine {
 public:
  explicit Simulator(std::shared_ptr<const plan::Planner> planner) : planner_(std::move(planner)) {}

  std::string_view name() const override { return "sim"; }
  Capabilities capabilities() const override { return {.noisy = false, .at_once = 0}; }
  Execution execute(const lang::MapperPtr& mapper) const override;

 private:
  std::shared_ptr<const plan::Planner> planner_;
};

}  // namespace mapwright::engine::sim
