// What clients read without calling a tool.
#pragma once

#include "cli/mcp_tools.h"

namespace mapwright::cli::mcp {

Json list_resources();
Json list_resource_templates();

//! The `contents` of resources/read; none where there is no such resource. Throws Stop.
std::optional<Json> read_resource(const Workshop& shop, const std::string& uri);

//! How an agent begins: what the server is for, and what a mapper is.
std::string instructions();

}  // namespace mapwright::cli::mcp
