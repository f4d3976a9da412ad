// Machines by name: the files of a data folder, this computer, and files of the user's own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "machine/machine.h"

namespace mapwright::machine {

//! The name of the machine that is detected rather than read.
inline constexpr std::string_view kLocal = "local";

//! The machines that a folder holds as NAME.toml, sorted.
std::vector<std::string> catalog_names(const std::filesystem::path& folder);

//! The text behind a name of the catalog, or else behind the path of a file.
base::Result<base::SourcePtr> machine_source(const std::filesystem::path& folder,
                                             std::string_view name_or_file);

//! The machine of that name ("local" is this computer) or file.
base::Result<Machine> load_machine(const std::filesystem::path& folder, std::string_view name_or_file);

}  // namespace mapwright::machine
