// The official clients of the Model Context Protocol: tests/mcp/sdk_test.mjs, where Node and its packages
// are.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "texts.h"
#include "tuned.h"

namespace mapwright {
namespace {

TEST(McpSdk, UsesEveryToolInEveryRevision) {
  const std::string root = kRoot.string();
  const std::string packages = root + "/build/mcp-sdk";
  const tuned::Workplace here;
  if (here.shell("command -v node").exit != 0)
    GTEST_SKIP() << "there is no node: script/setup mcp installs it";
  if (!std::filesystem::exists(packages + "/node_modules"))
    GTEST_SKIP() << "the npm packages of tests/mcp are missing: script/setup mcp installs them";
  const process::Outcome o =
      here.shell("exec node '" + root + "/tests/mcp/sdk_test.mjs' '" + packages + "' " + MAPWRIGHT_EXECUTABLE,
                 std::chrono::minutes(4));
  EXPECT_EQ(o.exit, 0) << o.out << o.err;
}

}  // namespace
}  // namespace mapwright
