// What agents call: one table of tools.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/mcp_arguments.h"
#include "cli/store_file.h"

namespace mapwright::cli::mcp {

//! What the server was started with. Tools reach no file but these and those that come with mapwright.
struct Workshop {
  StoreOptions store;
  std::vector<std::string> programs;  //!< files, by the names that agents use
  std::vector<std::string> machines;
};

struct Tool {
  std::string_view name;
  std::string_view title;
  std::string_view what;  //!< for a model that knows nothing of mapwright
  ArgumentList arguments;
  Json (*output)();                                                //!< the schema of what it answers
  Json (*call)(const Workshop& shop, const Arguments& arguments);  //!< May throw Stop
  bool writes = false;                                             //!< adds to the store
};

//! What stands before any run: describe, check, place, run.
std::span<const Tool> mapper_tools();
//! Tuning: propose-and-evaluate, status, best, explain.
std::span<const Tool> run_tools();

//! The `tools` of tools/list.
Json list_tools();

//! The result of tools/call. What the caller did wrong is in it; throws Refusal where the request itself is
//! wrong.
Json call_tool(const Workshop& shop, const Input& params);

}  // namespace mapwright::cli::mcp
