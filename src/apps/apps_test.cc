// All applications: their names, what is wrong with what users ask for, and how they fit machines and
// mappers.
#include "apps/apps.h"

#include <fstream>
#include <iterator>
#include <set>

#include "apps/diagnostics.h"
#include "apps/testing.h"
#include "lang/facts.h"
#include "lang/format.h"
#include "lang/lang.h"
#include "lang/placement.h"

namespace mapwright::apps::testing {
namespace {

const std::filesystem::path kRoot = MAPWRIGHT_ROOT;

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Apps, AreNine) {
  std::vector<std::string_view> names;
  for (const App& app : all()) {
    names.push_back(app.name);
    EXPECT_FALSE(app.what.empty());
    for (const Parameter& p : app.parameters) {
      EXPECT_FALSE(p.what.empty()) << app.name << " " << p.name;
      EXPECT_LT(p.least, p.most) << app.name << " " << p.name;
    }
    EXPECT_EQ(find(app.name), &app);
  }
  EXPECT_EQ(names, (std::vector<std::string_view>{"circuit", "stencil", "pennant", "cannon", "summa", "pumma",
                                                  "johnson", "solomonik", "cosma"}));
  EXPECT_EQ(find("gemm"), nullptr);
}

TEST(Apps, AreValidOnEveryMachine) {
  for (const std::string& name : machine::catalog_names(kRoot / "machines")) {
    const machine::Machine m = machine_named(name);
    for (const App& app : all()) {
      for (const std::int64_t nodes : {1, 2, 3, 4, 7, 8, 16}) {
        for (const Size size : {Size::paper, Size::test}) {
          const auto program = attempt(app.name, m, nodes, {}, size);
          if (app.name == "solomonik" && !program) continue;  // not every number of GPUs has a grid
          const program::Program p = made(app.name, m, nodes, {}, size);
          EXPECT_EQ(p.name, app.name);
          EXPECT_FALSE(p.description.empty());
          EXPECT_EQ(p.parameters.size(), app.parameters.size()) << app.name;
        }
      }
    }
  }
}

// What a mapper names exists, and it has a processor for every point.
TEST(Apps, MappersFitThem) {
  for (const char* folder : {"expert", "default_like"}) {
    for (const App& app : all()) {
      const std::filesystem::path path = kRoot / "mappers" / folder / (std::string(app.name) + ".mapper");
      const auto compiled = lang::compile(std::make_shared<base::Source>(path.string(), file_text(path)));
      ASSERT_TRUE(compiled.mapper) << path;
      EXPECT_EQ(text_of(compiled.problems), "");
      for (const char* name : {"lassen", "p100x4", "summit", "frontier"}) {
        const machine::Machine m = machine_named(name);
        for (const std::int64_t nodes : {1, 2, 3, 4, 8}) {
          const auto program = attempt(app.name, m, nodes);
          if (app.name == "solomonik" && !program) continue;
          ASSERT_TRUE(program.ok()) << app.name;
          const machine::Grid grid = machine::grid_of(m, nodes, program->ranks_per_node);
          const lang::ProgramFacts facts = program::facts_of(*program);
          EXPECT_EQ(text_of(lang::check_names(*compiled.mapper, facts, &grid)), "");
          const auto placer = lang::Placer::create(compiled.mapper, grid);
          ASSERT_TRUE(placer.ok());
          EXPECT_EQ(text_of(lang::check_launches(**placer, facts)), "") << name << " " << nodes;
        }
      }
    }
  }
}

TEST(Apps, MappersAreCanonicalAndSayWhatTheyAre) {
  for (const char* folder : {"expert", "default_like"}) {
    for (const App& app : all()) {
      const std::filesystem::path path = kRoot / "mappers" / folder / (std::string(app.name) + ".mapper");
      const std::string text = file_text(path);
      EXPECT_TRUE(text.starts_with("# ")) << path;
      const auto formatted = lang::format(std::make_shared<base::Source>(path.string(), text));
      ASSERT_TRUE(formatted.ok()) << path;
      EXPECT_EQ(*formatted, text) << path;
    }
  }
}

struct Mistake {
  const char* app;
  const char* machine;
  std::int64_t nodes;
  Set set;
  const char* shown;
};

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> kMistakes = {
      {"circut",
       "lassen",
       2,
       {},
       "error[MW8101]: there is no program 'circut': did you mean 'circuit'?\n"
       "   = note: programs are circuit, stencil, pennant, cannon, summa, pumma, johnson, solomonik, "
       "cosma\n"},
      {"gemm",
       "lassen",
       2,
       {},
       "error[MW8101]: there is no program 'gemm'\n"
       "   = note: programs are circuit, stencil, pennant, cannon, summa, pumma, johnson, solomonik, "
       "cosma\n"},
      {"circuit",
       "lassen",
       2,
       {{"lops", 3}},
       "error[MW8102]: circuit has no parameter 'lops': did you mean 'loops'?\n"
       "   = note: its parameters are loops, pieces, pps, npp, wpp, pct, steps, prune, seed\n"},
      {"johnson",
       "lassen",
       2,
       {{"rpoc", 3}},
       "error[MW8102]: johnson has no parameter 'rpoc'\n"
       "   = note: its parameters are n, gdim, iterations\n"},
      {"circuit",
       "lassen",
       2,
       {{"npp", 1}},
       "error[MW8103]: 'npp' of circuit cannot be 1\n"
       "   = note: circuit nodes of a piece: at least 2 and at most 1073741824\n"},
      {"circuit",
       "lassen",
       0,
       {},
       "error[MW8103]: circuit cannot run on 0 nodes\n"
       "   = note: the number of nodes is at least 1 and at most 1048576\n"},
      {"circuit",
       "lassen",
       2,
       {{"lops", 3}, {"pct", 101}},
       "error[MW8102]: circuit has no parameter 'lops': did you mean 'loops'?\n"
       "   = note: its parameters are loops, pieces, pps, npp, wpp, pct, steps, prune, seed\n"
       "error[MW8103]: 'pct' of circuit cannot be 101\n"
       "   = note: per cent of the wires that stay inside their piece: at least 0 and at most 100\n"},
      {"stencil",
       "no GPUs",
       2,
       {},
       "error[MW8104]: host has no GPUs\n"
       "   = note: stencil gets one piece of its data for each GPU\n"},
      {"circuit",
       "lassen",
       30'000,
       {},
       "error[MW8107]: 'pieces' of circuit would be 1200000 on 30000 nodes with 4 GPUs each\n"
       "   = note: it is at least 1 and at most 1048576\n"},
  };
  return kMistakes;
}

machine::Machine machine_of(const Mistake& m) {
  const bool without = m.machine == std::string("no GPUs");
  machine::Machine machine = machine_named(without ? "lassen" : m.machine);
  if (without) {
    machine.name = "host";
    machine.processors[machine::ProcessorKind::gpu].reset();
  }
  return machine;
}

TEST(Apps, MistakesAreTold) {
  for (const Mistake& m : mistakes()) EXPECT_EQ(problems(m.app, machine_of(m), m.nodes, m.set), m.shown);
}

// The kinds that the table above has no case of are told by single applications: no_grid and misfit by the
// matrix products, too_little_memory by circuit.
TEST(Apps, EveryKindOfProblemHasACase) {
  std::set<std::string_view> seen = {problem::no_grid.code, problem::misfit.code,
                                     problem::too_little_memory.code};
  for (const Mistake& m : mistakes()) {
    const machine::Machine machine = machine_of(m);
    const auto program = attempt(m.app, machine, m.nodes, m.set);
    ASSERT_FALSE(program.ok());
    for (const base::Diagnostic& d : program.problems().items()) seen.insert(d.kind->code);
  }
  for (const base::DiagnosticKind* kind : problem::kAll) EXPECT_TRUE(seen.contains(kind->code)) << kind->name;
}

TEST(Apps, ATestMachineOfOneGpuHasAllOfThem) {
  machine::Machine m = machine_named("p100x4");
  m.processors[machine::ProcessorKind::gpu]->count = 1;
  m.processors[machine::ProcessorKind::gpu]->sockets = {0};
  for (const App& app : all()) made(app.name, m, 1, {}, Size::test);
}

}  // namespace
}  // namespace mapwright::apps::testing
