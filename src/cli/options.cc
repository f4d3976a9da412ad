#include "cli/options.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_set>

#include <utility>

#include "base/text.h"
#include "machine/catalog.h"
#include "machine/diagnostics.h"

namespace mapwright::cli {
namespace {

using machine::Grid;
using machine::kProcessorKinds;

std::array<std::int64_t, kProcessorKinds> parse_processors(const std::string& text) {
  std::array<std::int64_t, kProcessorKinds> counts{};
  std::array<bool, kProcessorKinds> seen{};
  for (const std::string_view piece : base::split(text, ',')) {
    const std::size_t equals = piece.find('=');
    const auto kind = machine::processor_kind(piece.substr(0, equals));
    const auto count =
        equals == std::string_view::npos ? std::nullopt : base::parse_integer(piece.substr(equals + 1));
    if (!kind || !count || *count < 0 || *count > Grid::kMaxProcessors) {
      throw Stop{
          Exit::usage,
          fmt::format(
              "--procs takes KIND=NUMBER,... with up to {} of CPU, GPU, IO, PY, PROC, OMP; '{}' is none",
              Grid::kMaxProcessors, piece),
          {}};
    }
    if (std::exchange(seen[static_cast<std::size_t>(*kind)], true)) {
      throw Stop{
          Exit::usage, fmt::format("--procs says twice how many {} there are", machine::name_of(*kind)), {}};
    }
    counts[static_cast<std::size_t>(*kind)] = *count;
  }
  return counts;
}

// All that mappers see of a machine is how many processors it has.
machine::Machine machine_on_the_spot(const std::array<std::int64_t, kProcessorKinds>& counts) {
  machine::Machine m;
  for (std::size_t i = 0; i < kProcessorKinds; ++i) {
    if (counts[i] == 0) continue;
    const auto kind = static_cast<machine::ProcessorKind>(i);
    m.processors[kind].emplace().count = counts[i];
    for (std::size_t j = 0; j < machine::kMemoryKinds; ++j) {
      const auto memory = static_cast<machine::MemoryKind>(j);
      if (machine::usually_addressable(kind, memory)) m.affinities[kind][memory].emplace();
    }
  }
  return m;
}

// Where in a JSON document something is: "/tasks/2/launches".
[[noreturn]] void bad_program(const std::string& path, std::string_view where, std::string_view what) {
  throw Stop{Exit::configuration, fmt::format("'{}' {}: {}", path, where.empty() ? "/" : where, what), {}};
}

class ProgramReader {
 public:
  ProgramReader(std::string path, const nlohmann::json& document)
      : path_(std::move(path)), document_(document) {}

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
  const nlohmann::json& document_;
  std::unordered_set<lang::Domain, lang::DomainHash> known_;  // launch domains of the task at hand
};

}  // namespace

std::filesystem::path data_folder() {
  namespace fs = std::filesystem;
  std::error_code none;
  const fs::path self = fs::read_symlink("/proc/self/exe", none);
  for (const fs::path& folder : {self.parent_path().parent_path() / "share/mapwright",
                                 fs::path(MAPWRIGHT_SOURCE_DATA), fs::path(MAPWRIGHT_INSTALLED_DATA)}) {
    if (fs::is_directory(folder / "machines", none)) return folder;
  }
  throw Stop{
      Exit::io,
      "the folders machines/ and mappers/ are neither beside the executable nor where they were installed",
      {}};
}

machine::Machine load_machine(const std::string& name_or_file) {
  auto machine = machine::load_machine(data_folder() / "machines", name_or_file);
  if (machine) return *machine;
  const base::DiagnosticKind* kind = machine.problems().items().front().kind;
  Exit code = Exit::configuration;
  if (kind == &machine::problem::unknown_machine) code = Exit::usage;
  // A file that is there and cannot be read is another thing than one that is not there.
  std::error_code none;
  if (kind == &machine::problem::unreadable_file)
    code = std::filesystem::exists(name_or_file, none) ? Exit::io : Exit::no_input;
  throw Stop{code, "", machine.problems()};
}

void MachineOptions::add_to(CLI::App* command) {
  auto* name = command->add_option("--machine", machine, "Name of a machine, or its file (TOML)")
                   ->type_name("NAME|FILE");
  command->add_option("--nodes", nodes, "Number of nodes")->type_name("N");
  auto* on_the_spot = command
                          ->add_option("--procs", processors,
                                       "A machine on the spot: processors of each node, as CPU=1,GPU=4,OMP=2")
                          ->type_name("LIST");
  name->excludes(on_the_spot);
}

Grid MachineOptions::grid(std::int64_t ranks_per_node) const {
  const std::int64_t most = Grid::kMaxNodes / ranks_per_node;
  if (nodes && (*nodes < 1 || *nodes > most)) {
    throw Stop{Exit::usage, fmt::format("--nodes takes 1 to {}, not {}", most, *nodes), {}};
  }
  machine::Machine m;
  if (processors) {
    m = machine_on_the_spot(parse_processors(*processors));
  } else {
    m = load_machine(machine.value_or(kDefaultMachine));
  }
  const std::int64_t count = nodes.value_or(machine ? m.nodes : kDefaultNodes);
  if (count > most) {
    throw Stop{Exit::usage,
               fmt::format("{} nodes with {} ranks each are too many: say --nodes, up to {}", count,
                           ranks_per_node, most),
               {}};
  }
  return machine::grid_of(m, count, ranks_per_node);
}

Program load_program(const std::string& path) {
  const std::string text = read_text(path, Exit::configuration);
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    throw Stop{Exit::configuration, fmt::format("'{}' is not JSON: {}", path, e.what()), {}};
  }
  return ProgramReader(path, document).run();
}

}  // namespace mapwright::cli
