// The grammar of the mappers for one program names what the program has, and nothing else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>

#include "apps/apps.h"
#include "corpus.h"
#include "gbnf.h"
#include "grammar_texts.h"
#include "lang/diagnostics.h"
#include "lang/grammar.h"
#include "lang/lang.h"
#include "machine/catalog.h"
#include "program/program.h"
#include "texts.h"

namespace mapwright {
namespace {

// What a mapper says about tasks and regions, without what else may be wrong with it.
std::string names_only(const lang::Ast& ast) {
  std::string out;
  for (const lang::Statement& statement : ast.statements) {
    const auto [tasks, region] = names_in(statement);
    for (const lang::Name& task : tasks) {
      out += fmt::format("Task {} CPU;\n", ast.source->slice(task.span));
      if (region)
        out += fmt::format("CollectMemory {} {};\n", ast.source->slice(task.span),
                           ast.source->slice(region->span));
    }
  }
  return out;
}

// Derivations of the mapping statements name what the program has.
void expect_names_of(const lang::ProgramFacts& facts, std::uint64_t seed) {
  const std::string text = lang::grammar(&facts);
  const gbnf::Grammar grammar(text);
  EXPECT_EQ(grammar.problems(), std::vector<std::string>{}) << text;
  expect_derivations_parse(grammar, seed, 500);
  std::mt19937_64 random(seed);
  std::string names;
  for (const char* rule : {"task", "region", "layout", "limit", "collect", "replicate", "map"}) {
    for (int i = 0; i < 60; ++i) {
      base::Diagnostics problems;
      names += names_only(lang::parse(source_of(grammar.random_text(random, 30, rule)), &problems));
      EXPECT_TRUE(problems.empty()) << render_all(problems);
    }
  }
  const lang::Compilation compiled = lang::compile(source_of(names));
  ASSERT_TRUE(compiled.mapper) << names << render_all(compiled.problems);
  const base::Diagnostics said = lang::check_names(*compiled.mapper, facts, nullptr);
  for (const base::Diagnostic& d : said.items()) {
    const bool name = d.kind == &lang::problem::unknown_task || d.kind == &lang::problem::unknown_region;
    EXPECT_FALSE(name) << base::render(d, false);
  }
  for (const lang::TaskFacts& t : facts.tasks) EXPECT_NE(names.find(t.name), std::string::npos) << t.name;
}

TEST(GrammarOfProgram, NamesWhatTheApplicationsHave) {
  const auto machine = machine::load_machine(kRoot / "machines", "p100x4");
  ASSERT_TRUE(machine);
  for (const apps::App& app : apps::all()) {
    SCOPED_TRACE(app.name);
    apps::Options options;
    options.machine = &*machine;
    options.nodes = 2;
    const auto program = apps::make(app.name, options);
    ASSERT_TRUE(program) << render_all(program.problems());
    const lang::ProgramFacts facts = program::facts_of(*program);
    expect_names_of(facts, 3);
    for (const char* kind : {"expert", "default_like"}) {
      const std::string text = lang::grammar(&facts);
      const std::string mapper = file_text(kRoot / "mappers" / kind / fmt::format("{}.mapper", app.name));
      EXPECT_TRUE(gbnf::Grammar(text).derives(mapper)) << mapper;
    }
  }
}

lang::ProgramFacts odd_program() {
  const auto task = [](std::string name, std::vector<std::vector<std::string>> regions) {
    lang::TaskFacts t;
    t.name = std::move(name);
    t.regions = std::move(regions);
    return t;
  };
  return {"odd \"one\"\nx",
          {task("step", {{"halo", "points"}, {"two words"}}), task("a.b::c", {{}, {"halo"}}), task("*", {}),
           task("GPU", {{"return"}}), task("Region", {{"0"}, {"*"}}), task("top level", {{"halo"}}),
           task("caf\xC3\xA9 \\ x", {}), task("a-b", {{"print"}}), task("a_b", {{"x.y"}}), task("step", {})}};
}

TEST(GrammarOfProgram, QuotesWhatNeedsQuotes) {
  const lang::ProgramFacts facts = odd_program();
  expect_names_of(facts, 5);
  const std::string text = lang::grammar(&facts);
  const gbnf::Grammar g(text);
  for (const char* good :
       {"Task step, a.b::c, \"*\", \"GPU\", \"Region\", \"a-b\" GPU;", "Task * GPU;",
        "Region step halo GPU FBMEM;", "Region step \"two words\" * FBMEM;", "Region step 1 * FBMEM;",
        "Region \"Region\" \"0\" * FBMEM;", "Region * halo GPU FBMEM;", "CollectMemory \"*\" *;",
        "InstanceLimit step 4;", "IndexTaskMap step f;"}) {
    EXPECT_TRUE(g.derives(good)) << good;
  }
  for (const char* bad :
       {"Task stepp GPU;", "Task GPU CPU;", "Region step other GPU FBMEM;", "Region step 2 GPU FBMEM;",
        "Region step x.y GPU FBMEM;", "CollectMemory \"*\" 0;", "CollectMemory * 7;"}) {
    EXPECT_FALSE(g.derives(bad)) << bad;
  }
}

TEST(GrammarOfProgram, LeavesOpenWhatIsNotKnown) {
  lang::ProgramFacts facts{"bare", {}};
  const std::string nothing = lang::grammar(&facts);
  EXPECT_TRUE(gbnf::Grammar(nothing).problems().empty());
  EXPECT_TRUE(gbnf::Grammar(nothing).derives("Task any GPU;"));
  facts.tasks.resize(2);
  facts.tasks[0].name = "step";
  facts.tasks[1].name = "no \" name";
  expect_derivations_parse(gbnf::Grammar(lang::grammar(&facts)), 9, 500);
  const std::string text = lang::grammar(&facts);
  EXPECT_TRUE(gbnf::Grammar(text).problems().empty()) << text;
  EXPECT_TRUE(gbnf::Grammar(text).derives("Region step any GPU FBMEM;"));
  EXPECT_FALSE(gbnf::Grammar(text).derives("Region step 0 GPU FBMEM;"));
  EXPECT_FALSE(gbnf::Grammar(text).derives("Task any GPU;"));
}

}  // namespace
}  // namespace mapwright
