// Tools that look at mappers and at what they are for: nothing that they do is kept.
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "cli/mapper_work.h"
#include "cli/mcp_catalog.h"
#include "cli/mcp_schema.h"

namespace mapwright::cli::mcp {
namespace {

using schema::anything;
using schema::diagnostics;
using schema::failure;
using schema::findings;
using schema::integer;
using schema::list_of;
using schema::number;
using schema::number_or_null;
using schema::object;
using schema::or_null;
using schema::text;
using schema::text_or_null;
using schema::texts;

const Argument kMapper{"mapper", Type::text, "The mapper: its whole text, not the name of a file", true};

base::SourcePtr source_of(const Arguments& arguments) {
  return std::make_shared<base::Source>("mapper", arguments.text("mapper"));
}

// ---- describe

constexpr std::array<std::string_view, 4> kTopics{"programs", "machines", "program", "language"};

Json describe(const Workshop& shop, const Arguments& arguments) {
  const std::string topic = arguments.text("topic");
  Json d;
  d["topic"] = topic;
  if (topic == "programs") d["programs"] = programs_json(shop);
  if (topic == "machines") d["machines"] = machines_json(shop);
  if (topic == "language") d["manual"] = language_manual();
  if (topic == "program") {
    if (!arguments.sent("program"))
      throw Stop{Exit::usage, "the topic program needs 'program', the name of one", {}};
    d["program"] = program_json(subject_of(shop, arguments));
  }
  return d;
}

Json describe_schema() {
  return object({{"topic", text},
                 {"programs", programs_schema, "of the topic programs", false},
                 {"machines", machines_schema, "of the topic machines", false},
                 {"program", program_schema, "of the topic program", false},
                 {"manual", text, "of the topic language, in Markdown", false}});
}

// ---- check

Json check(const Workshop& shop, const Arguments& arguments) {
  const base::SourcePtr source = source_of(arguments);
  std::optional<lang::ProgramFacts> program;
  std::optional<machine::Grid> grid;
  const bool has_program = arguments.sent("program");
  if (has_program || arguments.sent("machine") || arguments.sent("nodes")) {
    MachineOptions machine;
    if (has_program) {
      const SubjectOptions subject = subject_of(shop, arguments);
      machine.machine = subject.machine;
      machine.nodes = subject.nodes;
      program = load_facts(subject.program, machine);
    } else {
      machine.machine = known_machine(shop, arguments.text("machine"));
      machine.nodes = arguments.integer("nodes");
    }
    grid = machine.grid(program ? program->ranks_per_node : 1);
  }
  const base::Diagnostics problems = check_mapper(source, program, grid);
  std::size_t fixed = 0;
  const std::string better = base::apply_fixes(source->text(), problems.items(), &fixed);
  Json d;
  add_problems(&d, problems);
  d["fixed"] = fixed == 0 ? Json() : Json(better);
  return d;
}

Json check_schema() {
  return object({{"errors", integer, "how many; a mapper without errors can be executed"},
                 {"warnings", integer},
                 {"diagnostics", diagnostics},
                 {"fixed", text_or_null, "the mapper with every repair applied, where there is one"}});
}

// ---- place

// More than anyone reads; a mapper's pattern shows in few.
constexpr std::int64_t kMostPoints = 4096;

Json place_points(const Workshop& shop, const Arguments& arguments) {
  PlaceOptions options;
  options.task = arguments.text("task");
  options.domain = arguments.text("domain");
  options.single = arguments.flag("single");
  options.parent = arguments.text("parent");
  options.kind = arguments.text("kind");
  if (options.single != options.domain.empty())
    throw Stop{Exit::usage, "either 'domain' is needed, or 'single', and not both", {}};
  if (!options.parent.empty() && !options.single)
    throw Stop{Exit::usage, "only a 'single' task has a 'parent'", {}};
  MachineOptions machine;
  machine.machine = known_machine(shop, arguments.text("machine"));
  machine.nodes = arguments.integer("nodes");
  const machine::Grid grid = machine.grid();
  const PlacedLaunch launch = read_launch(options, grid);
  if (!launch.single && !launch.domain.size(kMostPoints))
    throw Stop{Exit::usage, fmt::format("'domain' has more than {} points", kMostPoints), {}};
  std::vector<std::string> log;
  Json d = Json::parse(place_json(place(launch, source_of(arguments), grid, &log)));
  d["printed"] = log;
  return d;
}

Json point_schema() {
  return object({{"point", [] { return list_of(integer()); }, "empty for a single task"},
                 {"node", integer},
                 {"processor", anything, "its number on the node; several where any of them may be chosen"}});
}
Json points_schema() {
  return list_of(point_schema());
}

Json place_schema() {
  return object({{"task", text},
                 {"kind", text, "of processor"},
                 {"map", text_or_null, "the function that placed it; null: the default"},
                 {"points", points_schema},
                 {"printed", texts, "what print statements wrote"}});
}

// ---- run

Json run(const Workshop& shop, const Arguments& arguments) {
  SubjectOptions options = subject_of(shop, arguments);
  const GuideOptions guide = guide_of(arguments);
  const Subject subject = make_subject(options);
  const bool own = arguments.sent("mapper");
  options.mapper = own ? "mapper" : "default";
  const auto placer = bound_mapper(own ? source_of(arguments) : default_mapper(), subject);
  const engine::Execution execution = execute(subject, placer.get());
  const guide::Feedback feedback = make_guide(guide).executed(execution, *placer->mapper());
  return run_document(run_head(options, subject, "sim"), subject.program->metric, execution,
                      feedback.findings);
}

Json lists() {
  return list_of(anything());
}
Json metric_value() {
  return or_null(object({{"name", text}, {"unit", text}, {"value", number}, {"better", text}}));
}

Json run_schema() {
  return object({{"program", text},
                 {"machine", text},
                 {"nodes", integer},
                 {"outcome", text, "ok or failed"},
                 {"failure", failure},
                 {"metric", metric_value},
                 {"seconds_per_iteration", number_or_null},
                 {"critical_path", lists, "what the end of the execution waited for, step by step"},
                 {"tasks", lists, "how long each ran, and where"},
                 {"processors", lists, "how busy those of each kind were"},
                 {"regions", lists, "the bytes that copies and folds moved"},
                 {"memory", lists, "how full memories got"},
                 {"findings", findings, "what to change, the largest gain first"},
                 {"diagnostics", diagnostics, "of a mapper that cannot be carried out"}});
}

}  // namespace

std::span<const Tool> mapper_tools() {
  static const std::vector<Tool> kTools{
      {"describe", "Describe programs, machines and the mapper language",
       "Read-only. Topics: `programs` lists the programs that can be tuned, with the parameters of each; "
       "`machines` "
       "lists the machine models; `program` gives the tasks, launches and data of one program, by the names "
       "that "
       "mappers use; `language` gives the manual of the mapper language. Begin with `programs`, then "
       "`program` and "
       "`language`.",
       joined({{{"topic", Type::text, "What to describe", true, "", kTopics}}, subject_arguments(false)}),
       &describe_schema, &describe},
      {"check", "Check a mapper",
       "Says what is wrong with a mapper, without executing it and at no cost: errors and warnings with "
       "line, column, "
       "explanation and, where there is one, the repair. With `program`, names of tasks and data are checked "
       "as well, "
       "and every launch is mapped onto the machine.",
       joined({{kMapper}, target_arguments(false)}), &check_schema, &check},
      {"place",
       "Show where a mapper puts a launch",
       "Computes which processor of which node runs each point of one launch under a mapper, without "
       "executing "
       "anything. Any task name and domain may be tried.",
       {kMapper,
        {"task", Type::text, "The name of the task", true},
        {"domain", Type::text, "The launch domain: extents such as 8 or 4x2, or bounds such as 0..3x2..5"},
        {"single", Type::flag, "A task that is launched alone, instead of a domain"},
        {"parent", Type::text, "Where the parent of a single task runs, as NODE,PROCESSOR"},
        {"kind", Type::text, "The processor kind; otherwise what the mapper says", false, "",
         machine::processor_kind_names()},
        {"machine", Type::text, "The machine model, by its name", false, R"("p100x4")"},
        {"nodes", Type::integer, "How many nodes", false, "2", {}, 1, kMostNodes}},
       &place_schema,
       &place_points},
      {"run", "Execute a program under a mapper once",
       "Executes the program in the simulator and says how fast it was, where the time went, and what to "
       "change. "
       "Nothing is recorded: for tuning use propose-and-evaluate, which keeps every trial and compares it.",
       joined(
           {{{"mapper", Type::text,
              "The mapper: its whole text, not the name of a file. Left out: the runtime's own decisions"}},
            subject_arguments(true),
            guide_arguments()}),
       &run_schema, &run}};
  return kTools;
}

}  // namespace mapwright::cli::mcp
