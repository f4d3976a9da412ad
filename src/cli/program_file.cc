#include "cli/program_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "apps/apps.h"
#include "machine/kinds.h"
#include "program/json.h"

namespace mapwright::cli {
namespace {

using machine::Grid;

// Where in a JSON document something is: "/tasks/2/launches".
[[noreturn]] void bad_program(const std::string& path, std::string_view where, std::string_view what) {
  throw Stop{Exit::configuration, fmt::format("'{}' {}: {}", path, where.empty() ? "/" : where, what), {}};
}

class FactsReader {
 public:
  FactsReader(std::string path, nlohmann::json document)
      : path_(std::move(path)), document_(std::move(document)) {}

  Program run() {
    Program program;
    if (!document_.is_object()) bad_program(path_, "", "a program is an object");
    program.facts.name = text(document_, "", "name");
    if (document_.contains("ranks_per_node")) {
      program.ranks_per_node =
          integer(document_.at("ranks_per_node"), "/ranks_per_node", 1, Grid::kMaxProcessors);
    }
    const nlohmann::json& tasks = array(document_, "", "tasks");
    for (std::size_t i = 0; i < tasks.size(); ++i)
      program.facts.tasks.push_back(task(tasks[i], fmt::format("/tasks/{}", i)));
    return program;
  }

 private:
  lang::TaskFacts task(const nlohmann::json& t, const std::string& where) {
    if (!t.is_object()) bad_program(path_, where, "a task is an object");
    lang::TaskFacts facts;
    known_.clear();
    facts.name = text(t, where, "name");
    if (t.contains("variants")) {
      for (const auto& v : array(t, where, "variants")) {
        const auto kind =
            v.is_string() ? machine::processor_kind(v.get_ref<const std::string&>()) : std::nullopt;
        if (!kind) bad_program(path_, where + "/variants", "variants are names of processor kinds");
        facts.variants.push_back(*kind);
      }
    }
    if (t.contains("regions")) {
      for (const auto& r : array(t, where, "regions")) {
        std::vector<std::string> names;
        // A requirement has one name or several.
        for (const auto& name : r.is_array() ? r : nlohmann::json::array({r})) {
          if (!name.is_string())
            bad_program(path_, where + "/regions", "a region is a name or a list of names");
          names.push_back(name.get<std::string>());
        }
        facts.regions.push_back(std::move(names));
      }
    }
    if (t.contains("launches")) {
      for (const auto& l : array(t, where, "launches")) launch(l, where + "/launches", &facts);
    }
    return facts;
  }

  void launch(const nlohmann::json& l, const std::string& where, lang::TaskFacts* facts) {
    if (l == "single") {
      facts->single = true;
      return;
    }
    if (!l.is_array() || l.empty() || l.size() > lang::kMaxLaunchRank) {
      bad_program(path_, where,
                  fmt::format("a launch is \"single\" or a list of 1 to {} extents", lang::kMaxLaunchRank));
    }
    std::vector<std::int64_t> extents;
    for (const auto& e : l) extents.push_back(integer(e, where, 1, std::int64_t{1} << 40));
    const lang::Domain domain = lang::make_domain(extents);
    if (known_.insert(domain).second) facts->launches.push_back(domain);
  }

  std::string text(const nlohmann::json& object, const std::string& where, const char* key) const {
    if (!object.contains(key) || !object.at(key).is_string())
      bad_program(path_, where, fmt::format("\"{}\" is missing or no text", key));
    return object.at(key).get<std::string>();
  }

  const nlohmann::json& array(const nlohmann::json& object, const std::string& where, const char* key) const {
    if (!object.contains(key) || !object.at(key).is_array())
      bad_program(path_, where, fmt::format("\"{}\" is missing or no list", key));
    return object.at(key);
  }

  std::int64_t integer(const nlohmann::json& value, const std::string& where, std::int64_t low,
                       std::int64_t high) const {
    if (!value.is_number_integer() || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
      bad_program(path_, where, fmt::format("an integer from {} to {} was expected", low, high));
    }
    return value.get<std::int64_t>();
  }

  std::string path_;
  const nlohmann::json document_;
  std::unordered_set<lang::Domain, lang::DomainHash> known_;  // launch domains of the task at hand
};

base::SourcePtr source_of(const std::string& path) {
  return std::make_shared<base::Source>(path == "-" ? "<stdin>" : path, read_text(path, Exit::configuration));
}

program::Program parse(const base::SourcePtr& source) {
  auto program = program::load(source);
  if (!program) throw Stop{Exit::configuration, "", program.problems()};
  return *std::move(program);
}

Program checked_part(const program::Program& program) {
  return {program::facts_of(program), program.ranks_per_node};
}

Program built_in(const std::string& name, const MachineOptions& options) {
  if (options.processors) {
    throw Stop{Exit::usage, fmt::format("'{}' is made for a machine: say --machine, not --procs", name), {}};
  }
  const MachineOptions::Chosen chosen = options.choose();
  apps::Options wanted;
  wanted.machine = &chosen.machine;
  wanted.nodes = chosen.nodes;
  return checked_part(make_application(name, wanted));
}

}  // namespace

Program load_program(const std::string& name_or_file, const MachineOptions& machine) {
  if (!names_file(name_or_file)) return built_in(name_or_file, machine);
  const base::SourcePtr source = source_of(name_or_file);
  const auto whole = program::is_program(source);
  if (!whole) throw Stop{Exit::configuration, "", whole.problems()};
  if (*whole) return checked_part(parse(source));
  return FactsReader(name_or_file, nlohmann::json::parse(source->text())).run();
}

program::Program make_application(const std::string& name, const apps::Options& options) {
  auto made = apps::make(name, options);
  if (!made) throw Stop{Exit::usage, "", made.problems()};
  return *std::move(made);
}

program::Program read_program(const std::string& path) {
  return parse(source_of(path));
}

program::Program parse_program(const std::string& path, const std::string& text) {
  return parse(std::make_shared<base::Source>(path, text));
}

bool names_file(const std::string& word) {
  if (apps::find(word) != nullptr) return false;
  std::error_code none;
  return word == "-" || word.ends_with(".json") || word.find('/') != std::string::npos ||
         std::filesystem::exists(word, none);
}

}  // namespace mapwright::cli
