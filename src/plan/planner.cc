#include "plan/builder.h"
#include "plan/plan.h"

namespace mapwright::plan {

base::Result<std::shared_ptr<const Planner>> Planner::create(std::shared_ptr<const program::Program> program,
                                                             const machine::Machine& machine,
                                                             std::int64_t nodes) {
  auto atoms = program::Atoms::of(*program);
  if (!atoms) return atoms.problems();
  auto site = std::make_shared<const Site>(machine, nodes, program->ranks_per_node);
  return std::shared_ptr<const Planner>(new Planner(
      std::move(program), std::make_shared<const program::Atoms>(*std::move(atoms)), std::move(site)));
}

std::variant<Plan, Failure> Planner::plan(lang::Placer& placer) const {
  return Builder(*this, program_, placer).run();
}

}  // namespace mapwright::plan
