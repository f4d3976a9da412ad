#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <thread>
#include <utility>

#include "base/text.h"
#include "machine/catalog.h"
#include "machine/diagnostics.h"
#include "machine/machine_file.h"

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

}  // namespace

const CLI::Validator& positive_number() {
  static const CLI::Validator kPositive(
      [](std::string& word) {
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        const bool whole = error == std::errc() && end == word.data() + word.size();
        return whole && std::isfinite(value) && value > 0 ? ""
                                                          : fmt::format("'{}' is no number above 0", word);
      },
      "");
  return kPositive;
}

int jobs_of(int wanted) {
  return wanted > 0 ? wanted : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::filesystem::path data_folder() {
  namespace fs = std::filesystem;
  std::error_code none;
  const fs::path self = fs::read_symlink("/proc/self/exe", none);
  for (const fs::path& folder : {self.parent_path().parent_path() / "share/mapwright",
                                 fs::path(MAPWRIGHT_SOURCE_DATA), fs::path(MAPWRIGHT_INSTALLED_DATA)}) {
    if (fs::is_directory(folder / "machines", none)) return folder;
  }
  throw Stop{Exit::io,
             "the folders machines/, mappers/ and rules/ are neither beside the executable nor where they "
             "were installed",
             {}};
}

std::optional<std::filesystem::path> state_folder() {
  namespace fs = std::filesystem;
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && fs::path(state).is_absolute()) return fs::path(state) / "mapwright";
  const char* home = std::getenv("HOME");
  if (home != nullptr && fs::path(home).is_absolute())
    return fs::path(home) / ".local" / "state" / "mapwright";
  return std::nullopt;
}

std::filesystem::path calibration_path() {
  const auto folder = state_folder();
  if (folder) return *folder / "machines" / "local.toml";
  throw Stop{
      Exit::configuration, "there is no home folder to keep the machine in: say where with --out FILE", {}};
}

std::optional<std::filesystem::path> calibration_file() {
  std::error_code none;
  if (!state_folder() || !std::filesystem::exists(calibration_path(), none)) return std::nullopt;
  return calibration_path();
}

namespace {

[[noreturn]] void no_machine(const std::string& name_or_file, const base::Diagnostics& problems) {
  const base::DiagnosticKind* kind = problems.items().front().kind;
  Exit code = Exit::configuration;
  if (kind == &machine::problem::unknown_machine) code = Exit::usage;
  // A file that is there and cannot be read is another thing than one that is not there.
  std::error_code none;
  if (kind == &machine::problem::unreadable_file)
    code = std::filesystem::exists(name_or_file, none) ? Exit::io : Exit::no_input;
  const bool measured = state_folder() && name_or_file == calibration_path().string();
  throw Stop{code,
             measured ? fmt::format("'{}' is what this computer was measured to be: measure it again with "
                                    "'mapwright machine local --calibrate', or delete the file",
                                    name_or_file)
                      : "",
             problems};
}

}  // namespace

machine::Machine load_machine(const std::string& name_or_file) {
  const auto measured = name_or_file == machine::kLocal ? calibration_file() : std::nullopt;
  const std::string meant = measured ? measured->string() : name_or_file;
  auto machine = machine::load_machine(data_folder() / "machines", meant);
  if (!machine) no_machine(meant, machine.problems());
  return *machine;
}

machine::Machine parse_machine(const std::string& name_or_file, const std::string& text) {
  auto machine = machine::parse_machine(std::make_shared<base::Source>(name_or_file, text));
  if (!machine) no_machine(name_or_file, machine.problems());
  return *machine;
}

std::optional<std::string> machine_text(const std::string& name_or_file) {
  const auto measured = name_or_file == machine::kLocal ? calibration_file() : std::nullopt;
  if (name_or_file == machine::kLocal && !measured) return std::nullopt;
  const std::string meant = measured ? measured->string() : name_or_file;
  const auto source = machine::machine_source(data_folder() / "machines", meant);
  if (!source) no_machine(meant, source.problems());
  return std::string((*source)->text());
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

MachineOptions::Chosen MachineOptions::choose(std::int64_t ranks_per_node) const {
  const std::int64_t most = Grid::kMaxNodes / ranks_per_node;
  if (nodes && (*nodes < 1 || *nodes > most)) {
    throw Stop{Exit::usage, fmt::format("--nodes takes 1 to {}, not {}", most, *nodes), {}};
  }
  Chosen chosen;
  if (processors) {
    chosen.machine = machine_on_the_spot(parse_processors(*processors));
  } else {
    chosen.machine = load_machine(machine.value_or(kDefaultMachine));
  }
  chosen.nodes = nodes.value_or(machine ? chosen.machine.nodes : kDefaultNodes);
  if (chosen.nodes > most) {
    throw Stop{Exit::usage,
               fmt::format("{} nodes with {} ranks each are too many: say --nodes, up to {}", chosen.nodes,
                           ranks_per_node, most),
               {}};
  }
  return chosen;
}

Grid MachineOptions::grid(std::int64_t ranks_per_node) const {
  const Chosen chosen = choose(ranks_per_node);
  return machine::grid_of(chosen.machine, chosen.nodes, ranks_per_node);
}

}  // namespace mapwright::cli
