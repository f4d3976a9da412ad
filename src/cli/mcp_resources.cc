#include "cli/mcp_resources.h"

#include <array>
#include <nlohmann/json.hpp>

#include "cli/mcp_catalog.h"

namespace mapwright::cli::mcp {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kProgram = "mapwright://program/";

struct Resource {
  std::string_view uri;
  std::string_view name;
  std::string_view title;
  std::string_view what;
  std::string_view type;
  std::string (*text)(const Workshop&);
};

std::string text_of(const Json& document) {
  return dump(document);
}

constexpr std::array kResources{
    Resource{"mapwright://language", "language", "The mapper language",
             "The manual: every statement, with tested examples", "text/markdown",
             [](const Workshop& /*shop*/) { return language_manual(); }},
    Resource{"mapwright://programs", "programs", "Programs that can be tuned", "Each with its parameters",
             kJson, [](const Workshop& shop) { return text_of(programs_json(shop)); }},
    Resource{"mapwright://machines", "machines", "Machine models",
             "Each with the processors and memories of a node", kJson,
             [](const Workshop& shop) { return text_of(machines_json(shop)); }}};

// A name as it stands in a URI.
std::string decoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() ? kDigits.find(static_cast<char>(text[at] | 0x20)) : std::string_view::npos;
    };
    const std::size_t high = digit(i + 1);
    const std::size_t low = digit(i + 2);
    if (text[i] == '%' && high != std::string_view::npos && low != std::string_view::npos) {
      name += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      name += text[i];
    }
  }
  return name;
}

Json contents(const std::string& uri, std::string_view type, std::string text) {
  return Json::array({{{"uri", uri}, {"mimeType", type}, {"text", std::move(text)}}});
}

}  // namespace

Json list_resources() {
  Json list = Json::array();
  for (const Resource& r : kResources) {
    list.push_back({{"uri", r.uri},
                    {"name", r.name},
                    {"title", r.title},
                    {"description", r.what},
                    {"mimeType", r.type}});
  }
  return list;
}

Json list_resource_templates() {
  return Json::array({{{"uriTemplate", std::string(kProgram) + "{name}"},
                       {"name", "program"},
                       {"title", "A program's tasks, launches and data"},
                       {"description", "By the names that mappers use, on 2 nodes of p100x4"},
                       {"mimeType", kJson}}});
}

std::optional<Json> read_resource(const Workshop& shop, const std::string& uri) {
  for (const Resource& r : kResources)
    if (r.uri == uri) return contents(uri, r.type, r.text(shop));
  if (!uri.starts_with(kProgram)) return std::nullopt;
  const Input named = {{"program", decoded(std::string_view(uri).substr(kProgram.size()))}};
  const SubjectOptions options = subject_of(shop, Arguments(target_arguments(true), named));
  return contents(uri, kJson, text_of(program_json(options)));
}

std::string instructions() {
  return R"(mapwright finds fast mappers for task-based parallel programs. A mapper is a text that says where a program's
tasks run and where its data live; it changes the program's speed, never its results. Its statements end with a
semicolon; the most specific one holds, wherever it stands; all that is left open has a default:

# Tasks prefer GPUs, and their data lie in framebuffers: Region TASK DATA PROCESSOR MEMORIES.
Task * GPU, CPU;
Region * * GPU FBMEM;
# Two calls of the task step are mapped ahead.
InstanceLimit step 2;
# Which processor runs which point of a launch of step.
def blocks(Task task) { g = Machine(GPU).merge(0, 1); return g[task.ipoint[0] * g.size[0] / task.ispace[0]]; }
IndexTaskMap step blocks;

To tune, call `describe` with the topics programs, program and language (also resources under mapwright://); then
`propose-and-evaluate` with a program and a first mapper, which may be empty: it begins a run; then again with that run
and a better mapper, guided by the findings of the last one, until nothing is left of the budget; then `best`. `check`
and `place` cost nothing of it. Programs are executed by a simulator: figures are predictions.)";
}

}  // namespace mapwright::cli::mcp
