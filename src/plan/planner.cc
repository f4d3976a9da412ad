#include <fmt/format.h>

#include <limits>

#include "plan/builder.h"
#include "plan/diagnostics.h"
#include "plan/plan.h"

namespace mapwright::plan {

namespace {

// Warm-up ends early where iterations repeat one another, so it hardly counts.
std::int64_t executed_tasks(const program::Program& program) {
  std::int64_t once = 0;
  std::int64_t loop = 0;
  for (program::LaunchId l = 0; l < program.launches.size(); ++l)
    (l >= program.loop_begin && l < program.loop_end ? loop : once) += program.launches[l].points();
  std::int64_t all = 0;
  if (__builtin_mul_overflow(loop, program.iterations, &all)) return std::numeric_limits<std::int64_t>::max();
  return all + once;
}

}  // namespace

base::Result<std::shared_ptr<const Planner>> Planner::create(std::shared_ptr<const program::Program> program,
                                                             const machine::Machine& machine,
                                                             std::int64_t nodes) {
  if (const std::int64_t tasks = executed_tasks(*program); tasks > kMaxTasks) {
    return base::Diagnostic{&problem::too_many_tasks,
                            nullptr,
                            {},
                            fmt::format("all iterations of {} together run {} tasks, more than {}",
                                        program->name, tasks, kMaxTasks),
                            "Fewer iterations or points are enough: what repeats takes the same time again.",
                            {},
                            {}};
  }
  auto atoms = program::Atoms::of(*program);
  if (!atoms) return atoms.problems();
  auto site = std::make_shared<const Site>(machine, nodes, program->ranks_per_node);
  return std::shared_ptr<const Planner>(new Planner(
      std::move(program), std::make_shared<const program::Atoms>(*std::move(atoms)), std::move(site)));
}

std::shared_ptr<const Planner> Planner::create(const Plan& like,
                                               std::shared_ptr<const program::Program> program) {
  return std::shared_ptr<const Planner>(new Planner(std::move(program), like.atoms, like.site));
}

std::variant<Plan, Failure> Planner::plan(lang::Placer& placer) const {
  return Builder(*this, program_, placer).run();
}

std::variant<Plan, Failure> Planner::plan(const lang::MapperPtr& mapper) const {
  const auto placer = lang::Placer::create(mapper, site_->grid());
  if (!placer) return Failure{"mapping", placer.problems().items().front().message, placer.problems()};
  return plan(**placer);
}

}  // namespace mapwright::plan
