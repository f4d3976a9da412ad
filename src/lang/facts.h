// What a program offers to a mapper, as plain data that anyone can fill: a built-in application, a program
// file, or a running Legion application.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "lang/domain.h"
#include "lang/mapper.h"
#include "lang/placement.h"
#include "machine/kinds.h"

namespace mapwright::lang {

struct TaskFacts {
  std::string name;
  std::vector<machine::ProcessorKind> variants;   //!< empty: not known
  std::vector<std::vector<std::string>> regions;  //!< the names of each requirement, in order
  std::vector<Domain> launches;                   //!< the index launches, each domain once
  bool single = false;                            //!< launched as a single task too
};

struct ProgramFacts {
  std::string name;
  std::vector<TaskFacts> tasks;
  std::int64_t ranks_per_node = 1;
};

//! Warnings for names that the program does not have and choices that it cannot follow. `grid` may be null.
base::Diagnostics check_names(const CompiledMapper& mapper, const ProgramFacts& program,
                              const machine::Grid* grid);

//! Evaluates every mapping function over all launch domains of the program: what would fail in a run fails
//! here.
base::Diagnostics check_launches(Placer& placer, const ProgramFacts& program);

//! The processor kinds that a task may run on: the mapper's, as far as there are variants and processors;
//! then, where these are exhausted, Legion's order GPU, OMP, CPU. Empty where the machine has no processor
//! for any variant.
std::vector<machine::ProcessorKind> usable_kinds(const CompiledMapper& mapper, const TaskFacts& task,
                                                 const machine::Grid* grid);

}  // namespace mapwright::lang
