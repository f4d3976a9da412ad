#include "cli/discovery.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/options.h"
#include "discover/discover.h"

namespace mapwright::cli {
namespace {

// "discovered-circuit": never the name of a built-in application, whose expert's mapper is another program's.
std::string name_of(const std::vector<std::string>& words) {
  std::string name = "discovered-" + std::filesystem::path(words.front()).filename().string();
  name.resize(std::min(name.size(), program::kLongestName));
  return name;
}

}  // namespace

Discovery discover_program(const EngineOptions& options, const std::string& machine,
                           std::function<bool()> cancelled) {
  engine::command::Settings settings = options.command_settings(std::move(cancelled));
  settings.adapter = legion_adapter();
  const engine::command::Watched watched = engine::command::watch(settings);
  if (watched.failure) {
    if (watched.failure->code == engine::kCancelled) throw Stop{Exit::interrupted, "interrupted", {}};
    const bool there = watched.failure->code != engine::kNotStarted;
    throw Stop{there ? Exit::failed : Exit::unavailable, watched.failure->text, {}};
  }
  Discovery found;
  found.nodes = watched.greeting.nodes;
  found.machine = discover::machine_for(
      load_machine(machine), {watched.greeting.processors, watched.greeting.memories}, &found.notes);
  const auto seen = discover::read_journal(watched.journal);
  if (!seen) throw Stop{Exit::configuration, "", seen.problems()};
  auto program = discover::discover(name_of(options.words), *seen, found.machine);
  if (!program) throw Stop{Exit::configuration, "", program.problems()};
  found.program = *std::move(program);
  return found;
}

}  // namespace mapwright::cli
