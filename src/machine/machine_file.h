// Machine files: TOML as docs/machines.md describes it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/source.h"
#include "machine/machine.h"

namespace mapwright::machine {

//! Machine files are small; callers refuse longer ones before they read them.
inline constexpr std::size_t kMachineFileBytes = std::size_t{1} << 20;

//! The machine, or all problems of the file that do not follow from one another, by place.
base::Result<Machine> parse_machine(base::SourcePtr source);

//! The file of a machine, with the sources of its figures: parse_machine makes an equal one from it.
std::string save(const Machine& machine);

//! The paths of the figures whose file does not say where they come from.
std::vector<std::string> unsourced(const Machine& machine);

}  // namespace mapwright::machine
