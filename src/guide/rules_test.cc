// Files of rules, what is wrong with them, and what guidance makes of failures. What the shipped rules say is
// in tests/failures_test.cc.
#include "guide/rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "guide/diagnostics.h"
#include "guide/guide.h"
#include "guide/template.h"
#include "lang/lang.h"

namespace mapwright::guide {
namespace {

const std::filesystem::path kCorpus = std::filesystem::path(MAPWRIGHT_ROOT) / "tests/corpus/rule_files";

base::Result<ErrorRules> parse(std::string text, std::string name = "test.toml") {
  return ErrorRules::parse(std::make_shared<base::Source>(std::move(name), std::move(text)));
}

std::string rendered(const base::Diagnostics& problems) {
  std::string text;
  for (const base::Diagnostic& d : problems.items()) text += base::render(d, false);
  return text;
}

ErrorRules good(const std::string& text) {
  const auto rules = parse(text);
  if (rules) return *rules;
  ADD_FAILURE() << rendered(rules.problems());
  return {};
}

// A case is a file of rules; what it must give stands at its end, each line behind "#| ".
struct Case {
  std::string input;
  std::string expected;
};
Case read_case(const std::filesystem::path& path) {
  Case c;
  std::string text = std::get<std::string>(base::read_file(path, 1 << 20));
  if (text.ends_with('\n')) text.pop_back();
  for (const std::string_view line : base::split(text, '\n')) {
    if (line.starts_with("#|")) {
      c.expected += fmt::format("{}\n", line.substr(std::min<std::size_t>(3, line.size())));
    } else {
      c.input += fmt::format("{}\n", line);
    }
  }
  return c;
}

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

TEST(RuleFile, EveryBadFileGivesExactlyItsDiagnostics) {
  const bool update = std::getenv("MAPWRIGHT_UPDATE_CORPUS") != nullptr;
  ASSERT_FALSE(corpus().empty());
  for (const std::filesystem::path& path : corpus()) {
    SCOPED_TRACE(path.filename());
    const Case c = read_case(path);
    const auto rules = parse(c.input, path.filename().string());
    ASSERT_FALSE(rules) << "the file has no problem";
    std::string lines;
    const std::string all = rendered(rules.problems());
    for (std::string_view line : base::split(std::string_view(all).substr(0, all.size() - 1), '\n'))
      lines += fmt::format("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
    if (!update) {
      EXPECT_EQ(lines, c.expected);
      continue;
    }
    std::string text = c.input;
    for (const std::string_view line : base::split(std::string_view(lines).substr(0, lines.size() - 1), '\n'))
      text += line.empty() ? "#|\n" : fmt::format("#| {}\n", line);
    base::replace_file(path, text);
  }
}

TEST(RuleFile, EveryKindOfProblemHasACase) {
  std::set<std::string_view> seen;
  for (const std::filesystem::path& path : corpus()) {
    const auto rules = parse(read_case(path).input);
    for (const base::Diagnostic& d : rules.problems().items()) seen.insert(d.kind->code);
  }
  std::string_view last;
  for (const base::DiagnosticKind* kind : problem::kAll) {
    EXPECT_TRUE(seen.contains(kind->code)) << kind->code << " " << kind->name;
    EXPECT_TRUE(kind->code.starts_with("MW92") && kind->code.size() == 6) << kind->code;
    EXPECT_LT(last, kind->code) << "codes are unique and in order";
    last = kind->code;
  }
}

TEST(RuleFile, FixesRemoveTheirProblems) {
  std::size_t fixed = 0;
  for (const std::filesystem::path& path : corpus()) {
    SCOPED_TRACE(path.filename());
    const std::string text = read_case(path).input;
    const auto before = parse(text);
    std::size_t applied = 0;
    const std::string better = base::apply_fixes(text, before.problems().items(), &applied);
    if (applied == 0) continue;
    fixed += applied;
    const auto after = parse(better);
    EXPECT_LT(after ? 0 : after.problems().errors(), before.problems().errors()) << better;
  }
  EXPECT_GE(fixed, 2U);
}

constexpr const char* kTwoFiles = R"(
[[rule]]
code = "memory"
pattern = '''(?P<task>\S+) needs (?P<bytes>\d+) bytes'''
explain = "{task} has no room for {bytes} bytes"
[[rule]]
code = "memory"
pattern = "needs"
explain = "something has no room"
[[rule]]
code = "other"
pattern = "bytes"
explain = "bytes matter"
)";

TEST(Rules, TheFirstOfACodeIsTaken) {
  const ErrorRules rules = good(kTwoFiles);
  const auto all = rules.match("t needs 5 bytes, u needs 6 bytes");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].explain, "t has no room for 5 bytes");
  EXPECT_EQ(all[1].code, "other");
  ASSERT_EQ(rules.match("needs").size(), 1U);
  EXPECT_EQ(rules.match("needs")[0].explain, "something has no room");
  EXPECT_TRUE(rules.match("").empty());
  EXPECT_EQ(rules.matching("needs 5 bytes"), (std::vector<std::size_t>{1, 2}));
}

std::string edit_of(const std::string& text, const Values& values) {
  const auto made = EditTemplate::make(false, text);
  if (const auto* wrong = std::get_if<EditTemplate::Wrong>(&made)) return "wrong: " + wrong->why;
  const auto edit = std::get<EditTemplate>(made).filled(values);
  return edit ? edit->text : "none";
}

// What a hole takes depends on where it stands.
TEST(Rules, EditsTakeWhatTheirPlaceTakes) {
  EXPECT_EQ(edit_of("Task {t} GPU;", {{"t", "calc"}}), "Task calc GPU;");
  EXPECT_EQ(edit_of("Task {t} GPU;", {{"t", "wave eq"}}), "Task \"wave eq\" GPU;");
  EXPECT_EQ(edit_of("Task {t} {p};", {{"t", "GPU"}, {"p", "GPU"}}), "Task \"GPU\" GPU;");
  EXPECT_EQ(edit_of("Task \"{t}\" GPU;", {{"t", "calc"}}), "Task \"calc\" GPU;");
  EXPECT_EQ(edit_of("Region {t} {r} {p} {m}, ZCMEM;", {{"t", "t"}, {"r", "r"}, {"p", "GPU"}, {"m", "FBMEM"}}),
            "Region t r GPU FBMEM, ZCMEM;");
  EXPECT_EQ(edit_of("InstanceLimit {t} {n};", {{"t", "t"}, {"n", "4"}}), "InstanceLimit t 4;");
  EXPECT_EQ(edit_of("Layout {t} * * SOA {c};", {{"t", "t"}, {"c", "F_order"}}), "Layout t * * SOA F_order;");
  EXPECT_EQ(
      edit_of("def f(Task task) { return {m}[0, 0]; } SingleTaskMap {t} f;", {{"m", "gpus"}, {"t", "t"}}),
      "def f(Task task) { return gpus[0, 0]; } SingleTaskMap t f;");
  // What its place does not take is no edit.
  EXPECT_EQ(edit_of("Task {t} {p};", {{"t", "t"}, {"p", "gpu"}}), "none");
  EXPECT_EQ(edit_of("Region t r GPU {m};", {{"m", "HBM"}}), "none");
  EXPECT_EQ(edit_of("InstanceLimit t {n};", {{"n", "-1"}}), "none");
  EXPECT_EQ(edit_of("InstanceLimit t {n};", {{"n", "99999999999999999999"}}), "none");
  EXPECT_EQ(edit_of("Layout t * * {c};", {{"c", "fast"}}), "none");
  for (const std::string name : {"", "a\" GPU; Task \"b", "a\nb", "a\tb"})
    EXPECT_EQ(edit_of("Task {t} GPU;", {{"t", name}}), "none") << name;
  EXPECT_EQ(edit_of("Task {t} GPU;", {{"t", std::string(1000, 'a')}}), "none");
  EXPECT_EQ(edit_of("Task {t} GPU;", {}), "none");
}

TEST(Rules, WordsCannotSteerATerminal) {
  const ErrorRules rules = good(
      "[[rule]]\ncode = \"a\"\npattern = '(?s)says (?P<what>.*)'\nexplain = \"{what}, {{what}} { what }\"\n");
  EXPECT_EQ(rules.match("says a\x1b[31m\nb")[0].explain.find('\x1b'), std::string::npos);
  EXPECT_EQ(rules.match("says a\nb")[0].explain, "a b, {a b} { what }");
  EXPECT_LT(rules.match("says " + std::string(100'000, 'x'))[0].explain.size(), 1'000U);
}

// Backtracking would not end.
TEST(Rules, HostileTextsAreReadQuickly) {
  const ErrorRules rules = good(R"(
[[rule]]
code = "a"
pattern = '''(?P<all>(a*)*(a|aa)*(.*)*) end'''
explain = "{all}"
[[rule]]
code = "b"
pattern = '''(?s)(?P<all>.*)(x+x+)+y'''
explain = "{all}"
)");
  std::string text(1 << 20, 'a');
  for (std::size_t i = 0; i < text.size() / 2; ++i) text[i] = 'x';
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(rules.match(text).empty());
  text += " end";
  EXPECT_EQ(rules.match(text).size(), 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(RuleFile, HostileFilesEnd) {
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "[[rule]]\ncode = 1\n";
  EXPECT_GT(parse(many).problems().errors(), 20'000U);
  std::string holes =
      "[[rule]]\ncode = \"a\"\npattern = '(?P<a>x)'\nexplain = \"b\"\nedits = [{ put = \"Task ";
  for (int i = 0; i < 50'000; ++i) holes += "{a}, ";
  EXPECT_EQ(parse(holes + "{a} CPU;\" }]\n").problems().items().front().kind, &problem::bad_edit);
}

engine::Execution failed(std::string text, base::Diagnostics problems = {}) {
  engine::Execution e;
  e.failure = plan::Failure{"code", std::move(text), std::move(problems)};
  return e;
}

lang::Compilation compiled(const std::string& text) {
  return lang::compile(std::make_shared<base::Source>("a.mapper", text));
}

constexpr const char* kRule = R"(
[[rule]]
code = "a"
pattern = 'task (?P<task>\S+) failed'
explain = "{task} failed"
suggest = "limit it"
edits = [{ put = "InstanceLimit {task} 1;" }]
)";

TEST(Guide, EachLevelSaysMore) {
  const auto mapper = compiled("").mapper;
  const auto e = failed("task t failed");
  const auto said = [&](Level level) {
    return text(Guide(RuleSet::ours, level, {good(kRule)}).executed(e, *mapper));
  };
  EXPECT_EQ(said(Level::system), "task t failed\n");
  EXPECT_EQ(said(Level::explain), "task t failed\n\nt failed\n");
  EXPECT_EQ(said(Level::suggest), "task t failed\n\nt failed\nlimit it\n  put: InstanceLimit t 1;\n");
  const Feedback all = Guide(RuleSet::paper, Level::suggest, {good(kRule)}).executed(e, *mapper);
  ASSERT_EQ(all.findings.size(), 1U);
  EXPECT_EQ(all.findings[0].share, 1);
  EXPECT_EQ(all.findings[0].gain, 1);
  for (const Level l : {Level::system, Level::explain, Level::suggest}) EXPECT_EQ(level(name_of(l)), l);
  for (const RuleSet r : {RuleSet::ours, RuleSet::paper}) EXPECT_EQ(rule_set(name_of(r)), r);
  EXPECT_FALSE(level("all") || rule_set("theirs"));
}

TEST(Guide, EarlierFilesComeFirst) {
  const ErrorRules mine = good("[[rule]]\ncode = \"a\"\npattern = 'failed'\nexplain = \"mine\"\n");
  const ErrorRules other = good("[[rule]]\ncode = \"b\"\npattern = 'failed'\nexplain = \"other\"\n");
  const Guide guide(RuleSet::ours, Level::suggest, {mine, good(kRule), other});
  const Feedback f = guide.executed(failed("task t failed"), *compiled("").mapper);
  ASSERT_EQ(f.findings.size(), 2U);
  EXPECT_EQ(f.findings[0].explain, "mine");
  EXPECT_EQ(f.findings[1].explain, "other");
}

TEST(Guide, TheLastResortIsSilentWhereAnythingElseIsFound) {
  const ErrorRules last =
      good("[[rule]]\ncode = \"abort\"\npattern = 'gave up'\nexplain = \"why?\"\nlast_resort = true\n");
  const Guide guide(RuleSet::ours, Level::suggest, {last, good(kRule)});
  const auto codes = [&](const std::string& text) {
    std::string all;
    for (const Finding& f : guide.executed(failed(text), *compiled("").mapper).findings) all += f.code + " ";
    return all;
  };
  EXPECT_EQ(codes("gave up"), "abort ");
  EXPECT_EQ(codes("task t failed: gave up"), "a ");
}

TEST(Guide, ARefusedMapperHasItsErrors) {
  const base::Diagnostics problems = compiled("Task * GPU, CPU\nRegion * * GPU FBMEN;\n").problems;
  const Feedback ours = Guide(RuleSet::ours, Level::suggest, {}).refused(problems);
  EXPECT_EQ(ours.system, rendered(problems));
  ASSERT_EQ(ours.findings.size(), 2U);
  EXPECT_EQ(ours.findings[0].code, "MW2002");
  EXPECT_EQ(ours.findings[0].explain, "`;` is missing after `CPU`. Every statement ends with a semicolon.");
  EXPECT_EQ(ours.findings[0].suggest, "add `;`");
  EXPECT_EQ(ours.findings[1].suggest, "write `FBMEM`");
  EXPECT_EQ(ours.findings[1].gain, 1);
  EXPECT_TRUE(Guide(RuleSet::paper, Level::suggest, {}).refused(problems).findings.empty());
  std::string many;
  for (int i = 0; i < 50; ++i) many += "Task * XPU;\n";
  const Feedback cut = Guide(RuleSet::ours, Level::suggest, {}).refused(compiled(many).problems);
  EXPECT_EQ(cut.findings.size(), kMostErrors);
  EXPECT_TRUE(cut.system.ends_with("... and 40 more\n"));
}

// Where no rule says more, the planner's own words are shown.
TEST(Guide, AFailureWithoutARuleHasItsDiagnostics) {
  const base::Diagnostics problems = compiled("Task * XPU;\n").problems;
  const Guide guide(RuleSet::ours, Level::suggest, {good(kRule)});
  EXPECT_TRUE(guide.executed(failed("unheard of"), *compiled("").mapper).findings.empty());
  const Feedback f = guide.executed(failed("unheard of", problems), *compiled("").mapper);
  ASSERT_EQ(f.findings.size(), 1U);
  EXPECT_EQ(f.findings[0].code, "MW2009");
  EXPECT_EQ(guide.executed(failed("task t failed", problems), *compiled("").mapper).findings[0].code, "a");
}

}  // namespace
}  // namespace mapwright::guide
