#include "cli/subject.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "apps/apps.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/program_file.h"
#include "lang/lang.h"

namespace mapwright::cli {
namespace {

constexpr const char* kProgram = "A built-in application or a program file (JSON)";
constexpr const char* kProgramOrCommand =
    "A built-in application or a program file (JSON); where a command stands behind --, its model, or "
    "nothing";
constexpr const char* kMapper = "A file, - for standard input, or expert, default, default-like";

std::map<std::string, std::int64_t, std::less<>> parameters(const std::vector<std::string>& set) {
  std::map<std::string, std::int64_t, std::less<>> values;
  for (const std::string& word : set) {
    const std::size_t equals = word.find('=');
    const auto value = equals == std::string::npos
                           ? std::nullopt
                           : base::parse_integer(std::string_view(word).substr(equals + 1));
    if (!value) throw Stop{Exit::usage, fmt::format("--set takes NAME=INTEGER; '{}' is none", word), {}};
    if (!values.emplace(word.substr(0, equals), *value).second)
      throw Stop{Exit::usage, fmt::format("--set says twice what {} is", word.substr(0, equals)), {}};
  }
  return values;
}

}  // namespace

void SubjectOptions::add_program(CLI::App* command) {
  command->add_option("PROGRAM", program, kProgramOrCommand)->required()->type_name("");
  add_size(command);
}

void SubjectOptions::add_to(CLI::App* command) {
  command->add_option("PROGRAM", program, kProgramOrCommand)->required()->type_name("");
  command->add_option("--mapper", mapper, kMapper)->type_name("MAPPER")->capture_default_str();
  add_size(command);
}

void SubjectOptions::add_mapper_first(CLI::App* command) {
  command->add_option("MAPPER", mapper, kMapper)->required()->type_name("");
  command->add_option("--program", program, kProgram)->required()->type_name("PROGRAM");
  add_size(command);
}

void SubjectOptions::add_named_program(CLI::App* command) {
  command->add_option("--program", program, kProgram)->type_name("PROGRAM");
  add_size(command);
}

void SubjectOptions::add_size(CLI::App* command) {
  command->add_option("--machine", machine, "A machine's name or file")
      ->type_name("MACHINE")
      ->capture_default_str();
  command->add_option("--nodes", nodes, "How many nodes")
      ->check(CLI::Range(std::int64_t{1}, machine::Grid::kMaxNodes))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--size", size, "paper, or test for runs of seconds")
      ->check(CLI::IsMember({"paper", "test"}))
      ->type_name("SIZE")
      ->capture_default_str();
  command->add_option("--set", set, "A parameter of the application, NAME=INTEGER; may be repeated")
      ->type_name("NAME=N")
      ->allow_extra_args(false);
}

program::Program make_program(const SubjectOptions& options, const machine::Machine& machine) {
  if (options.program_text || names_file(options.program)) {
    if (!options.set.empty() || options.size != "paper") {
      throw Stop{Exit::usage,
                 fmt::format("{} is for built-in applications: a program file has its sizes in it",
                             options.set.empty() ? "--size" : "--set"),
                 {}};
    }
    return options.program_text ? parse_program(options.program, *options.program_text)
                                : read_program(options.program);
  }
  apps::Options wanted;
  wanted.machine = &machine;
  wanted.nodes = options.nodes;
  wanted.size = options.size == "test" ? apps::Size::test : apps::Size::paper;
  wanted.set = parameters(options.set);
  return make_application(options.program, wanted);
}

Subject make_subject(const SubjectOptions& options) {
  if (options.program == "-" && options.mapper == "-")
    throw Stop{Exit::usage, "only one of the program and the mapper can be standard input", {}};
  Subject subject;
  subject.machine = options.machine_text ? parse_machine(options.machine, *options.machine_text)
                                         : load_machine(options.machine);
  if (options.adapted) subject.machine = options.adapted(std::move(subject.machine), &subject.notes);
  program::Program program = make_program(options, subject.machine);
  if (options.metric) program.metric = *options.metric;
  subject.program = std::make_shared<const program::Program>(std::move(program));
  const std::vector<std::string>& notes = subject.program->notes;
  subject.notes.insert(subject.notes.end(), notes.begin(), notes.end());
  if (options.nodes > machine::Grid::kMaxNodes / subject.program->ranks_per_node) {
    throw Stop{Exit::usage,
               fmt::format("{} nodes with {} ranks each are more than {} ranks", options.nodes,
                           subject.program->ranks_per_node, machine::Grid::kMaxNodes),
               {}};
  }
  auto planner = plan::Planner::create(subject.program, subject.machine, options.nodes);
  if (!planner) throw Stop{Exit::configuration, "", planner.problems()};
  subject.planner = *planner;
  return subject;
}

std::string title(const Subject& subject, std::int64_t nodes) {
  return fmt::format("{} on {} of {}", subject.program->name, base::count_text(nodes, "node"),
                     subject.machine.name);
}

base::SourcePtr default_mapper() {
  return std::make_shared<base::Source>("<default>", "");
}

base::SourcePtr start_of(std::string_view strategy, const base::SourcePtr& start,
                         const std::string& program) {
  if (strategy == "expert") return shipped_mapper("expert", program);
  return strategy == "default" ? default_mapper() : start;
}

base::SourcePtr shipped_mapper(const std::string& kind, const std::string& program) {
  const std::string folder = kind == "expert" ? "expert" : "default_like";
  const std::filesystem::path file = data_folder() / "mappers" / folder / (program + ".mapper");
  // A program file may bear any name.
  if (apps::find(program) == nullptr || !std::filesystem::exists(file)) return nullptr;
  return std::make_shared<base::Source>(file.filename().string(), read_text(file.string()));
}

base::SourcePtr mapper_source(const std::string& name) {
  if (name == "default") return default_mapper();
  return std::make_shared<base::Source>(name == "-" ? "<stdin>" : name, read_text(name));
}

lang::MapperPtr compile(const base::SourcePtr& source) {
  const lang::Compilation compiled = lang::compile(source);
  if (!compiled.mapper) throw Stop{Exit::bad_mapper, "", compiled.problems};
  return compiled.mapper;
}

std::shared_ptr<lang::Placer> bound_mapper(const base::SourcePtr& source, const Subject& subject) {
  auto placer = lang::Placer::create(compile(source), subject.planner->site()->grid());
  if (!placer) throw Stop{Exit::bad_mapper, "", placer.problems()};
  return *placer;
}

std::shared_ptr<lang::Placer> make_mapper(const SubjectOptions& options, const Subject& subject) {
  base::SourcePtr source;
  if (options.mapper == "expert" || options.mapper == "default-like") {
    source = shipped_mapper(options.mapper, subject.program->name);
    if (!source) {
      throw Stop{Exit::no_input,
                 fmt::format("there is no {} mapper for '{}'", options.mapper, subject.program->name),
                 {}};
    }
  } else {
    source = mapper_source(options.mapper);
  }
  return bound_mapper(source, subject);
}

}  // namespace mapwright::cli
