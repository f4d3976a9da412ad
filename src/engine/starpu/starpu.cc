#include "engine/starpu/starpu.h"

#include <fmt/format.h>

#include "engine/starpu/processes.h"
#include "machine/machine_file.h"
#include "program/json.h"

namespace mapwright::engine::starpu {
namespace {

Execution failed(plan::Failure failure) {
  Execution execution;
  execution.failure = std::move(failure);
  return execution;
}

}  // namespace

std::vector<std::string> Settings::default_launcher() {
  return {"mpirun", "--oversubscribe", "--bind-to", "none"};
}

Starpu::Starpu(std::shared_ptr<const plan::Planner> planner, Settings settings)
    : planner_(std::move(planner)), settings_(std::move(settings)) {
  tidy_up();
}

Execution Starpu::execute(const lang::MapperPtr& mapper) const {
  auto planned = planner_->plan(mapper);
  if (auto* failure = std::get_if<plan::Failure>(&planned)) return failed(std::move(*failure));
  const auto plan = std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(planned)));
  Job job;
  job.program = program::save(*plan->program);
  job.machine = machine::save(plan->site->machine());
  job.mapper = mapper->source()->text();
  job.nodes = plan->site->nodes();
  job.devices = settings_.devices;
  job.limit = settings_.limit;
  job.plan = fingerprint(*plan);
  job.poison = settings_.poison;
  job.fault = settings_.fault;

  std::vector<std::string> arguments;
  if (job.devices) {
    const auto& gpus = plan->site->machine().processors[machine::ProcessorKind::gpu];
    arguments = {"--devices", fmt::format("{}", gpus ? gpus->count : 0)};
  }
  auto said = run_processes(settings_, arguments, job.nodes, save(job), job.limit);
  if (auto* failure = std::get_if<plan::Failure>(&said)) return failed(std::move(*failure));
  const auto answer = load_answer(std::get<std::string>(said));
  if (!answer) return failed({"died", "a process answered with what is no answer", {}});
  if (!answer->failure.empty()) return failed({answer->failure, answer->failure_text, {}});
  Execution execution = executed(plan, spans_of(*plan, answer->ran));
  execution.memory = answer->memory;
  execution.measured =
      Measured{answer->counted, planned_bytes(*plan, job.devices), answer->checked, answer->workers};
  return execution;
}

}  // namespace mapwright::engine::starpu
