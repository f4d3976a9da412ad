#include "cli/program_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "apps/apps.h"
#include "program/json.h"

namespace mapwright::cli {
namespace {

base::SourcePtr source_of(const std::string& path) {
  return std::make_shared<base::Source>(path == "-" ? "<stdin>" : path, read_text(path, Exit::configuration));
}

program::Program parse(const base::SourcePtr& source) {
  auto program = program::load(source);
  if (!program) throw Stop{Exit::configuration, "", program.problems()};
  return *std::move(program);
}

lang::ProgramFacts built_in(const std::string& name, const MachineOptions& options) {
  if (options.processors) {
    throw Stop{Exit::usage, fmt::format("'{}' is made for a machine: say --machine, not --procs", name), {}};
  }
  const MachineOptions::Chosen chosen = options.choose();
  apps::Options wanted;
  wanted.machine = &chosen.machine;
  wanted.nodes = chosen.nodes;
  return program::facts_of(make_application(name, wanted));
}

}  // namespace

lang::ProgramFacts load_facts(const std::string& name_or_file, const MachineOptions& machine) {
  if (!names_file(name_or_file)) return built_in(name_or_file, machine);
  auto facts = program::load_facts(source_of(name_or_file));
  if (!facts) throw Stop{Exit::configuration, "", facts.problems()};
  return *std::move(facts);
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
