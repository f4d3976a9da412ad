#include "program/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "program/diagnostics.h"
#include "program/samples.h"

namespace mapwright::program {
namespace {

using samples::box;
using samples::line;

base::SourcePtr source_of(const std::string& name, const std::string& text) {
  return std::make_shared<base::Source>(name, text);
}

// The problems of a program file, or of one of tasks alone.
using Problems = base::Diagnostics (*)(const base::SourcePtr&);
base::Diagnostics program_problems(const base::SourcePtr& source) {
  base::Result<Program> program = load(source);
  return program ? base::Diagnostics() : program.problems();
}
base::Diagnostics facts_problems(const base::SourcePtr& source) {
  base::Result<lang::ProgramFacts> facts = load_facts(source);
  return facts ? base::Diagnostics() : facts.problems();
}

// The codes of the problems of a text, and all of them as a person reads them.
struct Findings {
  std::set<std::string_view> codes;
  std::string rendered;
};
Findings findings_of(const std::string& text, const std::string& name,
                     Problems problems_of = program_problems) {
  Findings f;
  std::size_t shown = 0;
  const base::Diagnostics problems = problems_of(source_of(name, text));
  for (const base::Diagnostic& d : problems.items()) {
    f.codes.insert(d.kind->code);
    // As many as are ever shown.
    if (++shown <= 100) f.rendered += base::render(d, false);
  }
  return f;
}

// A case is a program file; what it must give stands at its end, each line behind "#| ".
struct Case {
  std::string input;
  std::string expected;
};
Case read_case(const std::filesystem::path& path) {
  Case c;
  auto read = base::read_file(path, base::Source::kMaxBytes);
  if (const auto* error = std::get_if<base::FileError>(&read)) {
    ADD_FAILURE() << error->message;
    return c;
  }
  std::string text = std::get<std::string>(std::move(read));
  if (text.ends_with('\n')) text.pop_back();
  for (const std::string_view one : base::split(text, '\n')) {
    if (one.starts_with("#|")) {
      c.expected += fmt::format("{}\n", one.substr(std::min<std::size_t>(3, one.size())));
    } else {
      c.input += fmt::format("{}\n", one);
    }
  }
  return c;
}

std::string without_trailing_spaces(const std::string& text) {
  std::string out;
  for (std::string_view one : base::split(text, '\n')) {
    one = one.substr(0, one.find_last_not_of(' ') + 1);
    out += fmt::format("{}\n", one);
  }
  out.pop_back();
  return out;
}

struct File {
  std::filesystem::path path;
  Problems problems_of;
};
std::vector<File> corpus() {
  std::vector<File> files;
  const std::filesystem::path root = std::filesystem::path(MAPWRIGHT_ROOT) / "tests/corpus";
  for (const auto& [folder, problems_of] :
       {std::pair{"program_files", &program_problems}, std::pair{"facts_files", &facts_problems}}) {
    for (const auto& entry : std::filesystem::directory_iterator(root / folder))
      files.push_back({entry.path(), problems_of});
  }
  std::ranges::sort(files, {}, &File::path);
  return files;
}

TEST(ProgramFile, EveryBadFileGivesExactlyItsDiagnostics) {
  const bool update = std::getenv("MAPWRIGHT_UPDATE_CORPUS") != nullptr;
  ASSERT_FALSE(corpus().empty());
  for (const auto& [path, problems_of] : corpus()) {
    SCOPED_TRACE(path.filename());
    const Case c = read_case(path);
    const Findings found = findings_of(c.input, path.filename().string(), problems_of);
    EXPECT_FALSE(found.codes.empty()) << "the file has no problem";
    const std::string rendered = without_trailing_spaces(found.rendered);
    if (!update) {
      EXPECT_EQ(rendered, c.expected);
      continue;
    }
    std::string text = c.input;
    const std::string_view lines = rendered;
    for (const std::string_view one : base::split(lines.substr(0, lines.size() - 1), '\n')) {
      text += one.empty() ? "#|\n" : fmt::format("#| {}\n", one);
    }
    base::replace_file(path, text);
  }
}

TEST(ProgramFile, EveryKindOfProblemHasACase) {
  std::set<std::string_view> seen;
  for (const auto& [path, problems_of] : corpus())
    seen.merge(findings_of(read_case(path).input, "case", problems_of).codes);
  std::string_view last;
  for (const base::DiagnosticKind* kind : problem::kAll) {
    EXPECT_TRUE(seen.contains(kind->code)) << kind->code << " " << kind->name;
    EXPECT_TRUE(kind->code.starts_with("MW80") && kind->code.size() == 6) << kind->code;
    EXPECT_LT(last, kind->code) << "codes are unique and in order";
    last = kind->code;
  }
}

TEST(ProgramFile, FixesRemoveTheirProblems) {
  std::size_t fixed = 0;
  for (const auto& [path, problems_of] : corpus()) {
    SCOPED_TRACE(path.filename());
    const std::string text = read_case(path).input;
    const base::Diagnostics before = problems_of(source_of("before", text));
    std::size_t applied = 0;
    const std::string better = base::apply_fixes(text, before.items(), &applied);
    if (applied == 0) continue;
    fixed += applied;
    EXPECT_LT(problems_of(source_of("after", better)).errors(), before.errors()) << better;
  }
  EXPECT_GE(fixed, 5U);
}

Program loaded(const std::string& text) {
  base::Result<Program> p = load("test.json", text);
  if (p) return *std::move(p);
  ADD_FAILURE() << findings_of(text, "test.json").rendered;
  return {};
}

void expect_round_trip(const Program& p) {
  const std::string text = save(p);
  const Program again = loaded(text);
  EXPECT_TRUE(again == p) << text;
  EXPECT_EQ(save(again), text);
}

// Everything that a program may say, said.
Program everything() {
  Program p = samples::circuit();
  p.description = "two lines\nwith \"quotes\", \xC3\xA4 and \x01";
  p.ranks_per_node = 4;
  p.regions.push_back(samples::region("space", box({{-5, 5}, {0, 7}, {1, 1}}), {"a"}));
  p.regions[1].fields[0].bytes = 3;
  Partition parts{"parts", 1, false, {}, {0}};
  parts.add(std::vector<Box>{box({{-5, -4}, {0, 7}, {1, 1}}), box({{4, 5}, {0, 7}, {1, 1}})});
  parts.add(box({{-5, 5}, {0, 0}, {1, 1}}));
  parts.add(std::vector<Box>{});
  p.partitions.push_back(parts);
  Partition line_parts{"shared", 0, false, {}, {0}};  // a name that another has
  line_parts.add(std::vector<Box>{line(0, 1), line(3, 3)});
  p.partitions.push_back(line_parts);
  p.tasks.push_back(samples::task("tree", true));
  p.tasks[0].variants = {
      {machine::ProcessorKind::gpu, Precision::single_precision, 0.1 + 0.2, 1.0 / 3, Order::f_order,
       "illegal value\n"},
      {machine::ProcessorKind::omp, Precision::double_precision, 1.0, 1, Order::c_order, ""}};
  p.launches[0].flops.values = {1e300, 0.1, 96};
  p.launches[0].requirements[0].streamed = 12.5;
  p.launches[0].requirements[0].gathers.values = {0};
  p.launches[0].requirements[0].atomics.values = {1, 2, 3};
  p.launches.push_back(samples::launch(3, {2, 1}, {}));
  p.launches[3].domain = box({{3, 4}, {-1, -1}});
  p.launches[3].futures = {1, 3, 4};
  p.launches.push_back(samples::below(samples::single(0, {samples::requirement(2, Privilege::none, 0, {2}),
                                                          samples::requirement(3, Privilege::reduce, 2),
                                                          samples::requirement(2, Privilege::read, 1, {1})}),
                                      3, 1));
  p.launches.back().domain = line(7, 7);
  p.launches.push_back(samples::single(1, {samples::requirement(2, Privilege::none, 1)}));
  p.loop_begin = 1;
  p.loop_end = 5;
  p.warmup = 30;
  p.iterations = 10;
  p.traced = true;
  p.waits = true;
  p.metric = {"rate", "GFLOPS", true, 1.5e10};
  p.parameters = {{"n", 5}, {"least", std::numeric_limits<std::int64_t>::min()}};
  p.notes = {"one", ""};
  return p;
}

TEST(ProgramFile, TasksAloneAreFacts) {
  const auto facts = load_facts(source_of("heat.json", R"({
    "name": "heat", "ranks_per_node": 2,
    "tasks": [
      {"name": "step", "variants": ["GPU", "CPU"], "regions": ["plate", ["rims", "halo"], []],
       "launches": [[2, 4], [8], [2, 4], "single"]},
      {"name": "report"}
    ]
  })"));
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->name, "heat");
  EXPECT_EQ(facts->ranks_per_node, 2);
  ASSERT_EQ(facts->tasks.size(), 2U);
  const lang::TaskFacts& step = facts->tasks[0];
  EXPECT_EQ(step.name, "step");
  EXPECT_EQ(step.variants, (std::vector{machine::ProcessorKind::gpu, machine::ProcessorKind::cpu}));
  EXPECT_EQ(step.regions, (std::vector<std::vector<std::string>>{{"plate"}, {"rims", "halo"}, {}}));
  EXPECT_EQ(step.launches, (std::vector{box({{0, 1}, {0, 3}}), line(0, 7)}));
  EXPECT_TRUE(step.single);
  EXPECT_EQ(facts->tasks[1].name, "report");
  EXPECT_FALSE(facts->tasks[1].single);
}

// The same keys may stand in both: what only programs have tells them apart.
TEST(ProgramFile, AWholeProgramHasFactsToo) {
  Program p = samples::circuit();
  p.ranks_per_node = 4;
  const auto facts = load_facts(source_of("circuit.json", save(p)));
  ASSERT_TRUE(facts.ok());
  const lang::ProgramFacts wanted = facts_of(p);
  EXPECT_EQ(facts->name, wanted.name);
  EXPECT_EQ(facts->ranks_per_node, 4);
  ASSERT_EQ(facts->tasks.size(), wanted.tasks.size());
  for (std::size_t i = 0; i < wanted.tasks.size(); ++i) {
    EXPECT_EQ(facts->tasks[i].name, wanted.tasks[i].name);
    EXPECT_EQ(facts->tasks[i].regions, wanted.tasks[i].regions);
    EXPECT_EQ(facts->tasks[i].launches, wanted.tasks[i].launches);
  }
  EXPECT_EQ(findings_of(R"({"name": "p", "tasks": [], "loop": {}})", "loop", facts_problems).codes,
            (std::set<std::string_view>{"MW8004"}));
}

TEST(ProgramFile, SaysEverything) {
  ASSERT_TRUE(validate(everything()).empty());
  expect_round_trip(samples::circuit());
  expect_round_trip(everything());
  EXPECT_FALSE(samples::circuit() == everything());
}

TEST(ProgramFile, IsReadable) {
  EXPECT_EQ(save(samples::circuit()), R"({
  "schema": "mapwright.program/1",
  "name": "circuit",
  "loop": {"begin": 0, "end": 3, "warmup": 0, "iterations": 1},
  "regions": [{"name": "nodes", "extents": [30], "fields": {"v": 8, "q": 8}}],
  "partitions": [
    {"name": "shared", "region": "nodes", "disjoint": true, "pieces": [[0, 9], [10, 19], [20, 29]]},
    {"name": "ghost", "region": "nodes", "disjoint": false, "pieces": [[0, 11], [8, 21], [18, 29]]}
  ],
  "tasks": [
    {"name": "currents", "variants": ["CPU"]},
    {"name": "charge", "variants": ["CPU"]},
    {"name": "voltages", "variants": ["CPU"]}
  ],
  "launches": [
    {
      "task": "currents",
      "domain": [3],
      "requirements": [{"partition": "ghost", "privilege": "read", "fields": ["v"]}]
    },
    {
      "task": "charge",
      "domain": [3],
      "requirements": [
        {"partition": "shared", "privilege": "reduce", "fields": ["q"]},
        {"partition": "ghost", "privilege": "reduce", "fields": ["q"]}
      ]
    },
    {
      "task": "voltages",
      "domain": [3],
      "requirements": [{"partition": "shared", "privilege": "read_write"}]
    }
  ]
}
)");
}

TEST(ProgramFile, BreaksLongLists) {
  Program p = samples::circuit();
  for (int i = 0; i < 30; ++i) p.partitions[1].add(line(i, i));
  p.launches[0].requirements[0].atomics.values = {1, 2, 3};
  const std::string text = save(p);
  expect_round_trip(p);
  for (const std::string_view one : base::split(text, '\n')) EXPECT_LE(one.size(), 110U) << one;
  EXPECT_NE(text.find(R"(
      "pieces": [
        [0, 11], [8, 21], [18, 29], [0, 0], [1, 1], )"),
            std::string::npos)
      << text;
}

TEST(ProgramFile, HasShortForms) {
  const Program p = loaded(R"({
    "name": "short",
    "regions": [
      {"name": "grid", "extents": [7, 4], "fields": {"a": 8, "b": 4}},
      {"name": "row", "bounds": [-2, 2], "fields": {"a": 8}}
    ],
    "partitions": [
      {"name": "tiles", "region": "grid", "tiles": [2, 2]},
      {"name": "halos", "region": "grid", "tiles": [2, 2], "halo": [1, 0]},
      {"name": "rows", "region": 1, "tiles": 2, "halo": 1},
      {"name": "many", "region": "row", "tiles": 7, "disjoint": false}
    ],
    "tasks": [{"name": "t", "variants": ["GPU"]}, {"name": "u", "variants": [{"kind": "CPU"}]}],
    "launches": [
      {"task": "t", "domain": [2, 2], "requirements": [
        {"partition": "halos", "privilege": "read", "fields": ["b", "b"]},
        {"partition": "grid", "privilege": "read", "fields": ["b"], "pieces": 0},
        {"partition": 0, "privilege": "none"}
      ]},
      {"task": "u", "single": true, "futures": ["t"], "requirements": [
        {"partition": "grid", "privilege": "write"},
        {"partition": "row", "privilege": "reduce"}
      ]}
    ]
  })");
  ASSERT_EQ(p.partitions.size(), 6U);
  EXPECT_EQ(p.partitions[0].boxes, (std::vector{box({{0, 2}, {0, 1}}), box({{0, 2}, {2, 3}}),
                                                box({{3, 6}, {0, 1}}), box({{3, 6}, {2, 3}})}));
  EXPECT_TRUE(p.partitions[0].disjoint);
  EXPECT_EQ(p.partitions[1].boxes, (std::vector{box({{0, 3}, {0, 1}}), box({{0, 3}, {2, 3}}),
                                                box({{2, 6}, {0, 1}}), box({{2, 6}, {2, 3}})}));
  EXPECT_FALSE(p.partitions[1].disjoint);
  EXPECT_EQ(p.partitions[2].boxes, (std::vector{line(-2, 0), line(-1, 2)}));
  // Five elements in seven tiles: two are empty.
  EXPECT_EQ(p.partitions[3].begins, (std::vector<std::uint32_t>{0, 0, 1, 2, 2, 3, 4, 5}));
  EXPECT_FALSE(p.partitions[3].disjoint);
  EXPECT_EQ(p.partitions[4], (Partition{"grid", 0, true, {box({{0, 6}, {0, 3}})}, {0, 1}}));
  EXPECT_EQ(p.partitions[5], (Partition{"row", 1, true, {line(-2, 2)}, {0, 1}}));
  const std::vector<Requirement>& first = p.launches[0].requirements;
  EXPECT_EQ(first[0].fields, 2U);
  EXPECT_EQ(first[1].partition, 4U);
  EXPECT_EQ(first[1].pieces, (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(first[2].fields, 0U);
  EXPECT_EQ(p.launches[1].requirements[0].fields, 3U);
  EXPECT_EQ(p.launches[1].requirements[0].partition, 4U)
      << "a region is one partition, however often it is named";
  EXPECT_EQ(p.launches[1].futures, (std::vector<LaunchId>{0}));
  EXPECT_EQ(p.loop_end, 2U);
  EXPECT_EQ(p.iterations, 1);
  expect_round_trip(p);
}

TEST(ProgramFile, MayBeginWithAByteOrderMark) {
  EXPECT_EQ(loaded("\xEF\xBB\xBF" + save(samples::circuit())).name, "circuit");
  EXPECT_EQ(findings_of("\xEF\xBB\xBF[]", "bom").rendered,
            "bom:1:1: error[MW8005]: a program is a list, not an object\n 1 | []\n   | ^^\n");
}

// ---------------------------------------------------------------------------------------------------------------------
// made to break something

TEST(ProgramFile, HostileTextsEnd) {
  const auto codes = [](const std::string& text) { return findings_of(text, "hostile").codes; };
  using Codes = std::set<std::string_view>;
  EXPECT_EQ(codes(""), Codes{"MW8001"});
  EXPECT_EQ(codes(std::string(1, '\0')), Codes{"MW8001"});
  EXPECT_EQ(codes(std::string(1 << 20, '[')), Codes{"MW8023"});
  EXPECT_EQ(codes(std::string(1 << 20, '{')), Codes{"MW8001"});
  std::string many = "[0";
  for (int i = 0; i < 5'000'000; ++i) many += ",0";
  EXPECT_EQ(codes(many + "]"), Codes{"MW8023"});
  // Ten thousand problems, each looking for the nearest of many names.
  std::string names = R"({"name": "n", "regions": [)";
  for (int i = 0; i < 60'000; ++i)
    names += fmt::format(R"({}{{"name": "region{}", "extents": [1], "fields": {{"x": 1}}}})",
                         i == 0 ? "" : ",\n", i);
  names += R"(], "partitions": [)";
  for (int i = 0; i < 60'000; ++i)
    names += fmt::format(R"({}{{"name": "p", "region": "regiom{}", "tiles": 1}})", i == 0 ? "" : ",\n", i);
  names += R"(], "tasks": [], "launches": []})";
  EXPECT_EQ(codes(names), Codes{"MW8007"});
  // Ten thousand places in a long list.
  std::string launches =
      R"({"name": "n", "regions": [], "tasks": [{"name": "a", "variants": ["CPU"]}], "launches": [)";
  for (int i = 0; i < 300'000; ++i)
    launches += fmt::format(R"({}{{"task": "a", "domain": [1], "flops": -1}})", i == 0 ? "" : ",\n");
  EXPECT_EQ(codes(launches + "]}"), Codes{"MW8022"});
}

// ---------------------------------------------------------------------------------------------------------------------
// any program

double any_amount() {
  const auto choice = *rc::gen::inRange(0, 3);
  if (choice == 0) return *rc::gen::inRange(0, 1000);
  if (choice == 1) return std::ldexp(*rc::gen::inRange(1, 1 << 30), *rc::gen::inRange(-300, 300));
  return *rc::gen::inRange(0, 1000) / 7.0;
}

PerPoint any_amounts(std::int64_t points) {
  PerPoint amounts;
  const auto count = *rc::gen::element<std::int64_t>(0, 1, points);
  for (std::int64_t i = 0; i < count; ++i) amounts.values.push_back(any_amount());
  return amounts;
}

Program any_program() {
  Program p;
  p.name = *rc::gen::element<std::string>("p", "a b", "\xC3\xA4");
  p.traced = *rc::gen::arbitrary<bool>();
  const auto rank = *rc::gen::inRange(1, 4);
  Region r{"r", {}, {{"x", 8}, {"y", 4}}};
  r.elements.rank = rank;
  for (std::size_t d = 0; d < static_cast<std::size_t>(rank); ++d) {
    r.elements.lo[d] = *rc::gen::inRange(-3, 3);
    r.elements.hi[d] = r.elements.lo[d] + *rc::gen::inRange(1, 6);
  }
  p.regions.push_back(r);
  const auto partitions = *rc::gen::inRange<PartitionId>(1, 4);
  for (PartitionId i = 0; i < partitions; ++i) {
    Partition part{*rc::gen::element<std::string>("p", "q", "r"), 0, false, {}, {0}};
    for (int piece = 0; piece < 4; ++piece) {
      Box b = r.elements;
      for (std::size_t d = 0; d < static_cast<std::size_t>(rank); ++d) {
        b.lo[d] = *rc::gen::inRange(r.elements.lo[d], r.elements.hi[d] + 1);
        b.hi[d] = *rc::gen::inRange(b.lo[d] - 1, r.elements.hi[d] + 1);
      }
      part.add(b);
    }
    p.partitions.push_back(part);
  }
  const auto tasks = *rc::gen::inRange<TaskId>(1, 4);
  for (TaskId t = 0; t < tasks; ++t) p.tasks.push_back(samples::task(fmt::format("t{}", t)));
  const auto launches = *rc::gen::inRange<LaunchId>(1, 5);
  for (LaunchId l = 0; l < launches; ++l) {
    Launch launch =
        samples::launch(*rc::gen::inRange<TaskId>(0, tasks), {*rc::gen::inRange<std::int64_t>(1, 5)}, {});
    const std::int64_t points = launch.points();
    launch.single = points == 1 && *rc::gen::arbitrary<bool>();
    launch.flops = any_amounts(points);
    const auto requirements = *rc::gen::inRange(0, 3);
    for (int q = 0; q < requirements; ++q) {
      Requirement one = samples::requirement(*rc::gen::inRange<PartitionId>(0, partitions),
                                             *rc::gen::element(Privilege::none, Privilege::read),
                                             *rc::gen::inRange<FieldSet>(1, 4));
      if (*rc::gen::arbitrary<bool>()) one.streamed = any_amount();
      one.gathers = any_amounts(points);
      const auto pieces = *rc::gen::element<std::int64_t>(0, 1, points);
      for (std::int64_t i = 0; i < pieces; ++i) one.pieces.push_back(*rc::gen::inRange<std::uint32_t>(0, 4));
      launch.requirements.push_back(one);
    }
    if (*rc::gen::arbitrary<bool>()) launch.futures.push_back(*rc::gen::inRange<LaunchId>(0, launches));
    p.launches.push_back(launch);
  }
  p.loop_end = launches;
  return p;
}

RC_GTEST_PROP(ProgramFileProperty, IsReadAsItWasWritten, ()) {
  const Program p = any_program();
  RC_ASSERT(validate(p).empty());
  const std::string text = save(p);
  const base::Result<Program> again = load("any.json", text);
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == p);
  RC_ASSERT(save(*again) == text);
}

}  // namespace
}  // namespace mapwright::program
