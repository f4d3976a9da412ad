// Which node runs which point of a launch, for control-replicated programs.
#pragma once

#include <legion.h>

#include <optional>
#include <string_view>

#include "session.h"

namespace mapwright::legion {

//! Registers a functor for each mapping function of the file and kind of processor: Legion wants to know them
//! before the program starts. Called once per process, within a registration callback.
void register_functors(Session& session, Legion::Runtime* runtime);

//! The functor that sends each point of an index launch of `task` to the node where the file's map puts it;
//! nothing where the file has no map for it.
std::optional<Legion::ShardingID> functor_for(Session& session, std::string_view task,
                                              machine::ProcessorKind kind);

}  // namespace mapwright::legion
