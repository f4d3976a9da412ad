// What the tests of machines share.
#pragma once

#include <filesystem>

namespace mapwright::machine::testing {

//! The machines that are shipped.
inline const std::filesystem::path kMachines = std::filesystem::path(MAPWRIGHT_ROOT) / "machines";

}  // namespace mapwright::machine::testing
