// Mappers that must fail (or warn), each with its diagnostics, carets included. Set-up lines:
//   #! machine nodes=2 CPU=1,GPU=4          evaluates what needs a machine
//   #! task NAME variants=GPU,CPU regions=a|b,c launches=4x2,8,single
//                                           a task of the program; names of one requirement are joined by |
//   #! program NAME                         its name; "program" otherwise
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "base/text.h"
#include "corpus.h"
#include "lang/diagnostics.h"
#include "lang/facts.h"
#include "lang/lang.h"
#include "texts.h"

namespace mapwright {
namespace {

const std::filesystem::path kMappers = kRoot / "tests/corpus/mappers";

struct Scene {
  std::optional<lang::ProgramFacts> program;
  std::optional<machine::Grid> grid;
};

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> list;
  for (const std::string_view w : base::split(line, ' ')) {
    if (!w.empty()) list.push_back(w);
  }
  return list;
}

machine::Grid parse_machine(const std::vector<std::string_view>& list) {
  std::int64_t nodes = 1;
  std::array<std::int64_t, machine::kProcessorKinds> counts{};
  for (std::size_t i = 1; i < list.size(); ++i) {
    for (const std::string_view piece : base::split(list[i], ',')) {
      const auto pair = base::split(piece, '=');
      const std::int64_t n = base::parse_integer(pair.at(1)).value();
      if (pair[0] == "nodes") {
        nodes = n;
      } else {
        counts.at(static_cast<std::size_t>(machine::processor_kind(pair[0]).value())) = n;
      }
    }
  }
  return machine::make_grid(nodes, counts);
}

lang::TaskFacts parse_task(const std::vector<std::string_view>& list) {
  lang::TaskFacts task;
  task.name = std::string(list.at(1));
  for (std::size_t i = 2; i < list.size(); ++i) {
    const auto pair = base::split(list[i], '=');
    for (const std::string_view piece : base::split(pair.at(1), ',')) {
      if (pair[0] == "variants") task.variants.push_back(machine::processor_kind(piece).value());
      if (pair[0] == "regions") {
        std::vector<std::string> names;
        for (const std::string_view name : base::split(piece, '|')) names.emplace_back(name);
        task.regions.push_back(names);
      }
      if (pair[0] == "launches" && piece == "single") task.single = true;
      if (pair[0] == "launches" && piece != "single")
        task.launches.push_back(lang::parse_domain(piece).value());
    }
  }
  return task;
}

Scene parse_scene(const std::vector<std::string>& lines) {
  Scene setup;
  const auto program = [&]() -> lang::ProgramFacts& {
    if (!setup.program) setup.program = lang::ProgramFacts{"program", {}};
    return *setup.program;
  };
  for (const std::string& line : lines) {
    const auto list = words(line);
    if (list.at(0) == "machine") {
      setup.grid = parse_machine(list);
    } else if (list[0] == "program") {
      program().name = std::string(list.at(1));
    } else if (list[0] == "task") {
      program().tasks.push_back(parse_task(list));
    } else {
      ADD_FAILURE() << "unknown set-up line: " << line;
    }
  }
  return setup;
}

// What `mapwright check` does.
base::Diagnostics check(const std::string& name, const std::string& text, const Scene& setup) {
  const lang::Compilation compiled = lang::compile(std::make_shared<base::Source>(name, text));
  base::Diagnostics problems = compiled.problems;
  if (!compiled.mapper) return problems;
  if (setup.program)
    problems.add(lang::check_names(*compiled.mapper, *setup.program, setup.grid ? &*setup.grid : nullptr));
  if (setup.grid) {
    auto placer = lang::Placer::create(compiled.mapper, *setup.grid);
    if (!placer) {
      problems.add(placer.problems());
    } else if (setup.program) {
      problems.add(lang::check_launches(**placer, *setup.program));
    }
  }
  problems.sort();
  return problems;
}

std::set<std::string_view> codes(const base::Diagnostics& problems) {
  std::set<std::string_view> all;
  for (const base::Diagnostic& d : problems.items()) {
    if (d.is_error()) all.insert(d.kind->code);
  }
  return all;
}

// Behind an error of syntax, other errors may hide that a repair brings to light.
bool parsed(const base::Diagnostics& problems) {
  const auto syntax = [](std::string_view code) {
    return code.starts_with("MW1") || code.starts_with("MW2");
  };
  const std::set<std::string_view> all = codes(problems);
  return std::ranges::none_of(all, syntax);
}

class Corpus : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Corpus, SaysExactlyThis) {
  const corpus::Case c = corpus::load(GetParam());
  const Scene setup = parse_scene(c.setup);
  const std::string name = c.path.filename().string();
  const base::Diagnostics problems = check(name, c.text, setup);
  EXPECT_FALSE(problems.empty()) << "a case has a problem";

  std::string repaired = c.text;
  base::Diagnostics left = problems;
  for (int round = 0; round < 10; ++round) {
    std::size_t applied = 0;
    repaired = base::apply_fixes(repaired, left.items(), &applied);
    if (applied == 0) break;
    left = check(name, repaired, setup);
  }
  EXPECT_LE(left.errors(), problems.errors()) << "repairs make nothing worse";
  const std::set<std::string_view> before = codes(problems);
  if (parsed(problems)) {
    for (const std::string_view code : codes(left))
      EXPECT_TRUE(before.contains(code)) << "repairs lead to " << code;
  }
  if (corpus::updating()) {
    corpus::update(c, render_all(problems), repaired);
    return;
  }
  EXPECT_EQ(render_all(problems), c.expected);
  if (c.has_repaired) {
    EXPECT_EQ(repaired, c.repaired);
  }
}

std::string file_name(const testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char ch) { return std::isalnum(static_cast<unsigned char>(ch)) == 0; },
      '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Mappers, Corpus, testing::ValuesIn(corpus::files(kMappers, ".mapper")), file_name);

TEST(CorpusCoverage, EveryCodeHasACase) {
  std::string all;
  for (const auto& path : corpus::files(kMappers, ".mapper")) all += corpus::load(path).expected;
  for (const base::DiagnosticKind* kind : lang::problem::kAll) {
    EXPECT_NE(all.find("[" + std::string(kind->code) + "]"), std::string::npos)
        << kind->code << " " << kind->name << " has no case";
  }
}

TEST(CorpusCoverage, CodesAreUnique) {
  std::set<std::string_view> codes;
  std::set<std::string_view> names;
  for (const base::DiagnosticKind* kind : lang::problem::kAll) {
    EXPECT_TRUE(codes.insert(kind->code).second) << kind->code;
    EXPECT_TRUE(names.insert(kind->name).second) << kind->name;
  }
}

}  // namespace
}  // namespace mapwright
