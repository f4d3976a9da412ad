// The instances of one task under a mapper file: for each region requirement the memory and the layout that
// the file says, and what the task's variant and the defaults of the language say beyond it.
#pragma once

#include <legion.h>

#include <string>
#include <vector>

#include "session.h"

namespace mapwright::legion {

//! One mapping of one task: what the calls of Instances have in common.
struct Mapping {
  Session& session;
  Legion::Mapping::MapperRuntime* runtime;
  Legion::Mapping::MapperContext context;
  const Legion::Task& task;
  const TaskAnswers& answers;
  Legion::Processor processor;  //!< one that the task may run on: all of them reach the same memories
  machine::ProcessorKind kind;
  Legion::VariantID variant;
};

//! Whether a requirement needs an instance at all.
bool needs_instance(const Legion::RegionRequirement& requirement);

//! What of a requirement the file speaks about: there is one, here and below.
struct Spoken {
  bool memory = false;
  bool memory_of_task = false;  //!< in a statement that names the task
  bool layout = false;
  bool collected = false;
};
Spoken spoken(const Mapping& mapping, unsigned index);

//! The instances for a requirement, in the first memory of its list that has room; `chosen` are those of the
//! requirements before it, with which it may have to share. A task whose data fit nowhere ends the process as
//! the runtime's own mapper does: with the size, the requirement, the task and the memory, and exit code 75.
std::vector<Legion::Mapping::PhysicalInstance> make_instances(
    const Mapping& mapping, unsigned index,
    const std::vector<std::vector<Legion::Mapping::PhysicalInstance>>& chosen);

//! How an instance is laid out, read back from the runtime: "SOA F_order", "AOS C_order", "other".
std::string layout_of(const Mapping& mapping, const Legion::Mapping::PhysicalInstance& instance);

}  // namespace mapwright::legion
