#include "cli/mcp_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mapwright::cli::mcp {
namespace {

constexpr auto kGroups = std::array{&mapper_tools, &run_tools};

const Tool* find_tool(std::string_view name) {
  for (const auto& group : kGroups)
    for (const Tool& tool : group())
      if (tool.name == name) return &tool;
  return nullptr;
}

Json entry(const Tool& tool) {
  Json one;
  one["name"] = tool.name;
  one["title"] = tool.title;
  one["description"] = tool.what;
  one["inputSchema"] = input_schema(tool.arguments);
  one["outputSchema"] = tool.output();
  // Nothing is ever overwritten, and the world ends at the store.
  one["annotations"] = {{"title", tool.title},
                        {"readOnlyHint", !tool.writes},
                        {"destructiveHint", false},
                        {"idempotentHint", !tool.writes},
                        {"openWorldHint", false}};
  return one;
}

Json text_block(std::string text) {
  return {{"type", "text"}, {"text", std::move(text)}};
}

std::string compact(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Options of the command line are arguments here.
std::string in_arguments(std::string text, const Tool& tool) {
  for (const Argument& a : tool.arguments) {
    const std::string option = fmt::format("--{}", a.name);
    for (std::size_t at = 0; (at = text.find(option, at)) != std::string::npos;)
      text.replace(at, option.size(), fmt::format("'{}'", a.name));
  }
  return text;
}

// For reading, and for programs.
Json error_result(const Stop& why, const Tool& tool) {
  const std::string message = in_arguments(why.message, tool);
  std::string text;
  std::size_t shown = 0;
  for (const base::Diagnostic& d : why.problems.items()) {
    if (shown++ == kMostShown) break;
    text += base::render(d, false);
  }
  if (!message.empty()) text += base::visible(message) + "\n";
  Json document;
  document["schema"] = "mapwright.error/1";
  document["error"] = {{"exit_code", static_cast<int>(why.code)}, {"text", message}};
  add_problems(&document, why.problems);
  return {{"content", {text_block(std::move(text)), text_block(compact(document))}}, {"isError", true}};
}

}  // namespace

Json list_tools() {
  Json list = Json::array();
  for (const auto& group : kGroups)
    for (const Tool& tool : group()) list.push_back(entry(tool));
  return list;
}

Json call_tool(const Workshop& shop, const Input& params) {
  const Input name = params.value("name", Input());
  if (!name.is_string()) throw Refusal{code::kInvalidParams, "`name` is the name of a tool", ""};
  const Tool* tool = find_tool(name.get_ref<const std::string&>());
  if (tool == nullptr)
    throw Refusal{code::kInvalidParams,
                  fmt::format("Unknown tool: {}", base::shortened(name.get_ref<const std::string&>(), 100)),
                  ""};
  const Input sent = params.value("arguments", Input::object());
  if (!sent.is_object()) throw Refusal{code::kInvalidParams, "`arguments` is an object", ""};
  try {
    const Json document = tool->call(shop, Arguments(tool->arguments, sent));
    return {{"content", Json::array({text_block(compact(document))})},
            {"structuredContent", document},
            {"isError", false}};
  } catch (const Stop& why) {
    return error_result(why, *tool);
  }
}

}  // namespace mapwright::cli::mcp
