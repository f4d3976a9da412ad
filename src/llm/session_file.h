// Sessions as files: JSON lines, one for each exchange, in the order of their numbers.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "base/source.h"
#include "llm/session.h"

namespace mapwright::llm {

//! The exchanges of a text, from number 1 on without a gap; every damaged line is a problem of its own.
base::Result<std::vector<Exchange>> read_session(const base::SourcePtr& source);

//! Those of a file.
base::Result<std::vector<Exchange>> load_session(const std::filesystem::path& path);

}  // namespace mapwright::llm
