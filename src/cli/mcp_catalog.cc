#include "cli/mcp_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "apps/apps.h"
#include "base/text.h"
#include "cli/mcp_schema.h"
#include "machine/catalog.h"

namespace mapwright::cli::mcp {
namespace {

using schema::anything;
using schema::integer;
using schema::list_of;
using schema::object;
using schema::text;

constexpr std::array<std::string_view, 2> kSizes{"paper", "test"};
constexpr std::array<std::string_view, 2> kRules{"ours", "paper"};
constexpr std::array<std::string_view, 3> kLevels{"system", "explain", "suggest"};

std::vector<std::string> program_names(const Workshop& shop) {
  std::vector<std::string> names;
  for (const apps::App& app : apps::all()) names.emplace_back(app.name);
  names.insert(names.end(), shop.programs.begin(), shop.programs.end());
  return names;
}

std::vector<std::string> machine_names(const Workshop& shop) {
  std::vector<std::string> names = machine::catalog_names(data_folder() / "machines");
  names.emplace_back(machine::kLocal);
  names.insert(names.end(), shop.machines.begin(), shop.machines.end());
  return names;
}

std::string known(const std::string& word, const char* what, const std::vector<std::string>& names) {
  if (std::ranges::find(names, word) != names.end()) return word;
  const std::vector<std::string_view> all(names.begin(), names.end());
  const auto meant = base::closest(word, all);
  throw Stop{
      Exit::usage,
      fmt::format("there is no {} '{}'{}; there are {}. Files are known where the server was started "
                  "with: --{} FILE",
                  what, base::shortened(word, 100), meant ? fmt::format(": did you mean '{}'?", *meant) : "",
                  base::join(all, ", "), what),
      {}};
}

Json entry(const std::string& name, const machine::Machine& m) {
  Json processors = Json::object();
  for (const auto kind : machine::kMachineProcessors)
    if (m.processors[kind]) processors[std::string(name_of(kind))] = m.processors[kind]->count;
  Json memories = Json::object();
  for (const auto kind : machine::kMachineMemories)
    if (m.memories[kind]) memories[std::string(name_of(kind))] = m.memories[kind]->capacity;
  return {{"name", name},
          {"description", m.description},
          {"nodes", m.nodes},
          {"processors", std::move(processors)},
          {"memories", std::move(memories)}};
}

Json parameter_schema() {
  return object({{"name", text}, {"what", text}, {"least", integer}, {"most", integer}});
}
Json parameters_schema() {
  return list_of(parameter_schema());
}

}  // namespace

ArgumentList joined(std::initializer_list<ArgumentList> parts) {
  ArgumentList all;
  for (const ArgumentList& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

ArgumentList target_arguments(bool program_required) {
  return {{"program", Type::text, "The program, by its name: `describe` lists those that there are",
           program_required},
          {"machine", Type::text, "The machine model, by its name: `describe` lists those that there are",
           false, R"("p100x4")"},
          {"nodes", Type::integer, "How many nodes of the machine", false, "2", {}, 1, kMostNodes}};
}

ArgumentList subject_arguments(bool program_required) {
  return joined(
      {target_arguments(program_required),
       {{"size", Type::text, "Of a built-in program: as published, or small", false, R"("paper")", kSizes},
        {"set", Type::integers, "Parameters of a built-in program, which `describe` lists"}}});
}

ArgumentList guide_arguments() {
  return {
      {"guide", Type::text, "Where findings come from: `ours` (the profile), or `paper` (published rules)",
       false, R"("ours")", kRules},
      {"guide_level", Type::text,
       "How much findings say: the metric alone, what it means, or also what to change", false,
       R"("suggest")", kLevels}};
}

GuideOptions guide_of(const Arguments& arguments) {
  return {arguments.text("guide"), arguments.text("guide_level"), {}};
}

std::string known_machine(const Workshop& shop, const std::string& word) {
  return known(word, "machine", machine_names(shop));
}

SubjectOptions subject_of(const Workshop& shop, const Arguments& arguments) {
  SubjectOptions options;
  options.program = known(arguments.text("program"), "program", program_names(shop));
  options.machine = known_machine(shop, arguments.text("machine"));
  options.nodes = arguments.integer("nodes").value_or(options.nodes);
  if (const std::string size = arguments.text("size"); !size.empty()) options.size = size;
  options.set = arguments.integers("set");
  return options;
}

std::string language_manual() {
  return read_text((data_folder() / "docs" / "language.md").string(), Exit::io);
}

Json programs_json(const Workshop& shop) {
  Json list = Json::array();
  for (const apps::App& app : apps::all()) {
    Json parameters = Json::array();
    for (const apps::Parameter& p : app.parameters)
      parameters.push_back({{"name", p.name}, {"what", p.what}, {"least", p.least}, {"most", p.most}});
    list.push_back({{"name", app.name}, {"what", app.what}, {"parameters", std::move(parameters)}});
  }
  for (const std::string& file : shop.programs)
    list.push_back({{"name", file}, {"what", "a program file"}, {"parameters", Json::array()}});
  return list;
}

Json programs_schema() {
  return list_of(object({{"name", text}, {"what", text}, {"parameters", parameters_schema, "for `set`"}}));
}

Json machines_json(const Workshop& shop) {
  Json list = Json::array();
  for (const std::string& name : machine_names(shop)) {
    // This computer may have nothing that a program could run on, and is no reason to hide the others.
    try {
      list.push_back(entry(name, load_machine(name)));
    } catch (const Stop&) {
      if (name != machine::kLocal) throw;
    }
  }
  return list;
}

Json machines_schema() {
  return list_of(object({{"name", text},
                         {"description", text},
                         {"nodes", integer, "how many the machine has"},
                         {"processors", anything, "of each kind, on one node"},
                         {"memories", anything, "bytes of one of each kind"}}));
}

}  // namespace mapwright::cli::mcp
