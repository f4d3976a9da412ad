#include "cli/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/os/environment.h"
#include "base/os/process.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/program_file.h"
#include "engine/sim/sim.h"
#include "engine/starpu/starpu.h"
#include "machine/local.h"

namespace mapwright::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOption = "--engine starpu";
constexpr double kTimeout = 60;
constexpr double kMostSeconds = 1e6;

bool is_program(const std::string& word) {
  return !os::find_program(word).empty();
}

}  // namespace

std::string rank_program(std::string_view option) {
  constexpr const char* kName = "mapwright-rank";
  std::error_code none;
  const fs::path beside = fs::read_symlink("/proc/self/exe", none).parent_path();
  for (const fs::path& folder :
       {beside, beside.parent_path() / "libexec/mapwright", fs::path(MAPWRIGHT_INSTALLED_PROGRAMS)}) {
    if (const std::string file = (folder / kName).string(); is_program(file)) return file;
  }
  throw Stop{
      Exit::unavailable,
      fmt::format("{} is not there: mapwright was built without real executions, which need the packages "
                  "libstarpu-dev libopenmpi-dev openmpi-bin libopenblas-dev ocl-icd-opencl-dev "
                  "pocl-opencl-icd",
                  option),
      {}};
}

std::string legion_adapter() {
  constexpr const char* kName = "libmapwright_legion.so";
  std::error_code none;
  const fs::path beside = fs::read_symlink("/proc/self/exe", none).parent_path();
  for (const fs::path& folder : {beside / "legion", fs::path(MAPWRIGHT_INSTALLED_LIBRARIES)}) {
    if (const fs::path file = folder / kName; fs::exists(file, none)) return file.string();
  }
  throw Stop{
      Exit::unavailable,
      fmt::format(
          "there is no adapter for Legion, {}: mapwright was built where CMake found no Legion 25.06 or "
          "later. Give it Legion's prefix, -D CMAKE_PREFIX_PATH=PREFIX, and build it again",
          kName),
      {}};
}

void EngineOptions::add_execution_options(CLI::App* to, const std::string& group) {
  to->add_option("--launcher", launcher,
                 "What starts several processes: words as a shell has them, {ranks} among them or -n N after "
                 "them (default: "
                 "Open MPI's mpirun)")
      ->type_name("WORDS")
      ->group(group);
  to->add_option("--timeout", timeout, "Ends an execution after so many seconds (default: 60)")
      ->check(positive_number())
      ->check(CLI::Range(0.0, kMostSeconds))
      ->type_name("SECONDS")
      ->group(group);
}

void EngineOptions::add_command_options(CLI::App* to) {
  command = to;
  add_execution_options(to, "Executions");
}

void EngineOptions::add_to(CLI::App* to, bool with_commands) {
  command = to;
  std::vector<std::string> names{"sim", "starpu"};
  if (with_commands) names.emplace_back("command");
  to->add_option("--engine", name,
                 fmt::format("What executes it: sim predicts, starpu really runs it here{}",
                             with_commands ? ", command runs what stands behind --" : ""))
      ->check(CLI::IsMember(names))
      ->type_name("ENGINE")
      ->capture_default_str();
  for (const auto& [option, stated] :
       {std::pair("--machine", "local"), std::pair("--nodes", "1"), std::pair("--size", "test")}) {
    if (CLI::Option* of = to->get_option_no_throw(option))
      of->description(fmt::format("{} (really executed: {})", of->get_description(), stated));
  }
  const std::string group = "Real executions";
  to->add_option("--ranks", ranks, "How many processes, one for each node (default: --nodes, or 1)")
      ->check(CLI::Range(std::int64_t{1}, machine::Grid::kMaxNodes))
      ->type_name("N")
      ->group(group);
  to->add_option("--devices", devices, "How many OpenCL devices are GPUs of each process")
      ->check(CLI::Range(std::int64_t{1}, machine::Grid::kMaxProcessors))
      ->type_name("N")
      ->group(group);
  add_execution_options(to, group);
  if (!with_commands) return;
  const std::string commands_group = "Commands behind --";
  to->add_option(
        "--metric", metric,
        "A regular expression (RE2) for its metric in what the command writes: the last number that its "
        "group matches (default: the seconds that it takes)")
      ->type_name("REGEX")
      ->group(commands_group);
  to->add_flag(
        "--legion", legion,
        "The command is a Legion application, which then obeys the mapper without being compiled for it")
      ->group(commands_group);
  to->add_option("--better", better, "Which metric is better (default: smaller)")
      ->check(CLI::IsMember({"smaller", "larger"}))
      ->type_name("WHICH")
      ->group(commands_group);
}

bool EngineOptions::given(const std::string& option) const {
  const CLI::Option* found = command != nullptr ? command->get_option_no_throw(option) : nullptr;
  return found != nullptr && found->count() > 0;
}

// Options that only another engine has.
void EngineOptions::expect_no_others() const {
  struct Option {
    std::string_view name;
    bool stated;
    bool starpu;
    bool command;
  };
  const Option options[] = {{"--ranks", ranks.has_value(), true, false},
                            {"--devices", devices.has_value(), true, false},
                            {"--launcher", launcher.has_value(), true, true},
                            {"--timeout", timeout.has_value(), true, true},
                            {"--metric", metric.has_value(), false, true},
                            {"--better", better.has_value(), false, true},
                            {"--legion", legion, false, true}};
  for (const Option& o : options) {
    if (!o.stated || (commands() ? o.command : executes() && o.starpu)) continue;
    if (!o.starpu) throw Stop{Exit::usage, fmt::format("{} is for a command behind --", o.name), {}};
    throw Stop{Exit::usage,
               commands()
                   ? fmt::format("{} is for --engine starpu: a command starts its own processes", o.name)
                   : fmt::format("{} is for --engine starpu: {} executes nothing", o.name, name),
               {}};
  }
}

void EngineOptions::settle_command(SubjectOptions* subject) {
  if (words.empty()) {
    throw Stop{Exit::usage, "--engine command executes what stands behind --, and nothing does", {}};
  }
  if (metric) {
    if (const engine::command::Expression e(*metric); !e.error().empty())
      throw Stop{Exit::usage,
                 fmt::format("--metric '{}' is no regular expression for a number: {}", *metric, e.error()),
                 {}};
  }
  if (better && !metric)
    throw Stop{Exit::usage,
               "--better goes with --metric: of the seconds that a command takes, fewer are better",
               {}};
  if (subject->program_text) return;  // it came with its nodes and its machine
  if (!given("--nodes")) subject->nodes = 1;
  if (!given("--machine")) subject->machine = "local";
}

void EngineOptions::settle(SubjectOptions* subject) {
  if (!words.empty()) {
    if (given("--engine") && !commands()) {
      throw Stop{
          Exit::usage, fmt::format("a command behind -- is executed as it is, not by --engine {}", name), {}};
    }
    name = "command";
  }
  expect_no_others();
  if (!executes()) return;
  if (launcher && launcher_words().empty())
    throw Stop{Exit::usage, "--launcher takes a program and its arguments, with every quote closed", {}};
  if (commands()) {
    settle_command(subject);
    adapt(subject);
    return;
  }
  if (ranks && given("--nodes") && *ranks != subject->nodes) {
    throw Stop{Exit::usage,
               fmt::format("--ranks says {} and --nodes {}: each node is a process", *ranks, subject->nodes),
               {}};
  }
  if (names_file(subject->program)) {
    throw Stop{Exit::configuration,
               fmt::format("--engine {} executes built-in applications only: the program file '{}' has no "
                           "kernels",
                           name, subject->program),
               {}};
  }
  rank_program(kOption);  // or why there is none, before anything else is said
  if (ranks) {
    subject->nodes = *ranks;
  } else if (!given("--nodes")) {
    subject->nodes = 1;
  }
  if (!given("--machine")) subject->machine = "local";
  if (!given("--size")) subject->size = "test";
  adapt(subject);
}

void EngineOptions::adapt(SubjectOptions* subject) const {
  if (!executes()) return;
  if (commands()) {
    subject->metric = program::Metric();
    if (metric) *subject->metric = {"metric", "", better == "larger", 1};
    return;
  }
  subject->adapted = [count = devices](machine::Machine machine, std::vector<std::string>* notes) {
    return executable_machine(std::move(machine), count, notes);
  };
}

report::Basis EngineOptions::basis() const {
  if (!executes()) return report::Basis::simulated;
  return commands() ? report::Basis::measured : report::Basis::verified;
}

std::vector<std::string> EngineOptions::launcher_words() const {
  if (!launcher && commands()) return {};
  if (!launcher) return engine::starpu::Settings::default_launcher();
  return base::words(*launcher).value_or(std::vector<std::string>());
}

std::unique_ptr<engine::Engine> EngineOptions::make(const Subject& subject,
                                                    std::function<bool()> cancelled) const {
  if (!executes()) return std::make_unique<engine::sim::Simulator>(subject.planner);
  if (commands()) {
    engine::command::Settings settings = command_settings(std::move(cancelled));
    const auto model = std::make_shared<const engine::sim::Simulator>(subject.planner);
    settings.nodes = subject.planner->site()->nodes();
    settings.twin = [model](const lang::MapperPtr& mapper) { return model->execute(mapper); };
    return std::make_unique<engine::command::Command>(std::move(settings));
  }
  engine::starpu::Settings settings;
  settings.program = rank_program(kOption);
  settings.launcher = launcher_words();
  settings.devices = devices.has_value();
  settings.limit = timeout.value_or(kTimeout);
  settings.cancelled = std::move(cancelled);
  // Better known now than after every mapper has failed.
  if (subject.planner->site()->nodes() > 1 && !is_program(settings.launcher.front())) {
    throw Stop{Exit::unavailable,
               fmt::format("there is no program '{}' to start several processes: --launcher names another "
                           "one",
                           settings.launcher.front()),
               {}};
  }
  return std::make_unique<engine::starpu::Starpu>(subject.planner, std::move(settings));
}

engine::command::Settings EngineOptions::command_settings(std::function<bool()> cancelled) const {
  engine::command::Settings settings;
  settings.argv = words;
  settings.launcher = launcher_words();
  if (metric) settings.metric.emplace(*metric);
  if (legion) settings.adapter = legion_adapter();
  if (log) settings.journal = fs::absolute(*log).string();
  settings.limit = timeout.value_or(kTimeout);
  settings.cancelled = std::move(cancelled);
  // Better known now than after every mapper has failed.
  const std::string& first = settings.launcher.empty() ? words.front() : settings.launcher.front();
  std::error_code none;
  if (first.find(engine::command::kMapperWord) == std::string::npos && !is_program(first))
    throw Stop{Exit::unavailable,
               fs::exists(first, none) ? fmt::format("'{}' is no program that may be executed", first)
                                       : fmt::format("there is no program '{}'", first),
               {}};
  return settings;
}

std::unique_ptr<engine::Engine> EngineOptions::make_command(std::function<bool()> cancelled) const {
  return std::make_unique<engine::command::Command>(command_settings(std::move(cancelled)));
}

nlohmann::ordered_json EngineOptions::save() const {
  if (!executes()) return {};
  if (commands()) {
    return {{"words", words},
            {"launcher", or_null(launcher)},
            {"timeout", or_null(timeout)},
            {"metric", or_null(metric)},
            {"better", or_null(better)},
            {"legion", legion}};
  }
  return {{"devices", or_null(devices)}, {"launcher", or_null(launcher)}, {"timeout", or_null(timeout)}};
}

nlohmann::ordered_json EngineOptions::surroundings() const {
  // What shells set for themselves differs, and nobody means it.
  constexpr std::array<std::string_view, 4> kOfShells = {"_", "SHLVL", "PWD", "OLDPWD"};
  os::Environment variables = os::without_secrets(os::environment());
  for (const std::string_view own : kOfShells) os::unset(&variables, own);
  std::ranges::sort(variables);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::string& word : words) {
    std::error_code none;
    const std::string program = os::find_program(word);
    const std::string& file = program.empty() ? word : program;
    if (!fs::is_regular_file(file, none)) continue;
    list.push_back({fs::file_size(file, none), fs::last_write_time(file, none).time_since_epoch().count()});
  }
  std::error_code none;
  return {{"files", list},
          {"folder", fs::current_path(none).native()},
          {"environment", base::digest(fmt::format("{}", fmt::join(variables, "\n")))}};
}

void EngineOptions::load(const std::string& engine, const nlohmann::ordered_json& saved) {
  name = engine;
  if (!executes()) return;
  if (!saved.at("launcher").is_null()) launcher = saved.at("launcher").get<std::string>();
  if (!saved.at("timeout").is_null()) timeout = saved.at("timeout").get<double>();
  if (commands()) {
    words = saved.at("words").get<std::vector<std::string>>();
    if (!saved.at("metric").is_null()) metric = saved.at("metric").get<std::string>();
    if (!saved.at("better").is_null()) better = saved.at("better").get<std::string>();
    legion = saved.value("legion", false);
    return;
  }
  if (!saved.at("devices").is_null()) devices = saved.at("devices").get<std::int64_t>();
}

machine::Machine executable_machine(machine::Machine machine, std::optional<std::int64_t> devices,
                                    std::vector<std::string>* notes) {
  using machine::ProcessorKind;
  auto& gpu = machine.processors[ProcessorKind::gpu];
  if (!gpu) {
    const auto& cpu = machine.processors[ProcessorKind::cpu];
    if (!cpu || !machine.memories[machine::MemoryKind::sysmem]) {
      throw Stop{Exit::configuration,
                 fmt::format("the machine {} has no CPU with SYSMEM that could stand in for GPUs",
                             base::visible(machine.name)),
                 {}};
    }
    const std::int64_t count = devices.value_or(std::min(engine::starpu::kMostWorkers, cpu->count));
    notes->push_back(fmt::format("{} has no GPUs: {} {} in for {}", base::visible(machine.name), count,
                                 devices ? (count == 1 ? "OpenCL device stands" : "OpenCL devices stand")
                                         : (count == 1 ? "CPU stands" : "CPUs stand"),
                                 count == 1 ? "one" : "them"));
    return machine::with_stand_ins(std::move(machine), count);
  }
  if (devices && *devices != gpu->count) {
    notes->push_back(fmt::format("{} has {} GPUs on a node: --devices makes them {}",
                                 base::visible(machine.name), gpu->count, *devices));
    gpu->count = *devices;
    gpu->sockets = machine::in_blocks(*devices, machine.node.sockets);
  }
  return machine;
}

}  // namespace mapwright::cli
