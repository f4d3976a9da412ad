#include "machine/machine_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "machine/catalog.h"
#include "machine/check.h"
#include "machine/describe.h"
#include "machine/schema.h"

namespace mapwright::machine {
namespace {

const std::filesystem::path kRoot(MAPWRIGHT_ROOT);
const std::filesystem::path kCorpus = kRoot / "tests/corpus/machine_files";

std::string text_of(const std::filesystem::path& path) {
  auto text = base::read_file(path, kMachineFileBytes);
  if (const auto* error = std::get_if<base::FileError>(&text)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  return std::get<std::string>(std::move(text));
}

base::Result<Machine> parse(std::string text, std::string name = "test.toml") {
  return parse_machine(std::make_shared<base::Source>(std::move(name), std::move(text)));
}

// The codes of the problems of a text, and all of them as a person reads them.
struct Findings {
  std::set<std::string_view> codes;
  std::string rendered;
};
Findings findings_of(const std::string& text, const std::string& name) {
  Findings f;
  const base::Result<Machine> machine = parse(text, name);
  if (machine) return f;
  for (const base::Diagnostic& d : machine.problems().items()) {
    f.codes.insert(d.kind->code);
    f.rendered += base::render(d, false);
  }
  return f;
}

// A case is a machine file; what it must give stands at its end, each line behind "#| ".
struct Case {
  std::string input;
  std::string expected;
};
Case read_case(const std::filesystem::path& path) {
  Case c;
  std::string text = text_of(path);
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

std::string without_trailing_spaces(const std::string& text) {
  std::string out;
  for (std::string_view line : base::split(text, '\n')) {
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    out += fmt::format("{}\n", line);
  }
  out.pop_back();
  return out;
}

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

TEST(MachineFile, EveryBadFileGivesExactlyItsDiagnostics) {
  const bool update = std::getenv("MAPWRIGHT_UPDATE_CORPUS") != nullptr;
  ASSERT_FALSE(corpus().empty());
  for (const std::filesystem::path& path : corpus()) {
    SCOPED_TRACE(path.filename());
    const Case c = read_case(path);
    const Findings found = findings_of(c.input, path.filename().string());
    EXPECT_FALSE(found.codes.empty()) << "the file has no problem";
    const std::string rendered = without_trailing_spaces(found.rendered);
    if (!update) {
      EXPECT_EQ(rendered, c.expected);
      continue;
    }
    std::string text = c.input;
    const std::string_view lines = rendered;
    for (const std::string_view line : base::split(lines.substr(0, lines.size() - 1), '\n')) {
      text += line.empty() ? "#|\n" : fmt::format("#| {}\n", line);
    }
    base::replace_file(path, text);
  }
}

TEST(MachineFile, EveryKindOfProblemHasACase) {
  std::set<std::string_view> seen;
  for (const std::filesystem::path& path : corpus()) {
    seen.merge(findings_of(read_case(path).input, "case").codes);
  }
  // No text can cause these: catalog_test does.
  seen.insert({problem::unknown_machine.code, problem::unreadable_file.code});
  std::string_view last;
  for (const base::DiagnosticKind* kind : problem::kAll) {
    EXPECT_TRUE(seen.contains(kind->code)) << kind->code << " " << kind->name;
    EXPECT_TRUE(kind->code.starts_with("MW70") && kind->code.size() == 6) << kind->code;
    EXPECT_LT(last, kind->code) << "codes are unique and in order";
    last = kind->code;
  }
}

TEST(MachineFile, FixesRemoveTheirProblems) {
  std::size_t fixed = 0;
  for (const std::filesystem::path& path : corpus()) {
    SCOPED_TRACE(path.filename());
    const std::string text = read_case(path).input;
    const base::Result<Machine> before = parse(text);
    std::size_t applied = 0;
    const std::string better = base::apply_fixes(text, before.problems().items(), &applied);
    if (applied == 0) continue;
    fixed += applied;
    const base::Result<Machine> after = parse(better);
    EXPECT_LT(after ? 0 : after.problems().errors(), before.problems().errors()) << better;
  }
  EXPECT_GE(fixed, 8U);
}

// The smallest machine that there is; what it does not say has the value that the manual promises.
TEST(MachineFile, WhatIsNotStatedHasItsDefault) {
  const base::Result<Machine> machine = parse(R"(name = "tiny"
node = { sockets = 2 }
processors.CPU = { count = 5, dp_peak = "1GF/s", dp_sustained = "1 GF/s", sp_peak = "1 GF/s", sp_sustained = "1 GF/s" }
memories.SYSMEM = { capacity = "1.5 KiB" }
affinities.CPU.SYSMEM = { bandwidth = "1e1 GB/s", source = "guess" }
network = { node = "1 GB/s", latency = "0 s" }
[runtime]
mapping_traced = "0 s"
mapping_untraced = "0 s"
kernel_launch = "0 s"
copy_setup = "0 s"
remote_copy_setup = "0 s"
message = "0 s"
)");
  ASSERT_TRUE(machine.ok()) << base::render(machine.problems().items().front(), false);
  EXPECT_EQ(machine->nodes, 1);
  EXPECT_EQ(machine->processors[ProcessorKind::cpu]->sockets, (std::vector<std::int64_t>{0, 0, 0, 1, 1}));
  const std::vector<std::string> expected{
      "node.sockets = 2",
      "node.rank_order = packed (default)",
      "processors.CPU.count = 5",
      "processors.CPU.cores = - (default)",
      "processors.CPU.sockets = 3 on socket 0, 2 on socket 1 (default)",
      "processors.CPU.dp_peak = 1 GF/s",
      "processors.CPU.dp_sustained = 1 GF/s",
      "processors.CPU.sp_peak = 1 GF/s",
      "processors.CPU.sp_sustained = 1 GF/s",
      "memories.SYSMEM.capacity = 1.5 KiB",
      "affinities.CPU.SYSMEM.bandwidth = 10 GB/s, guess",
      "affinities.CPU.SYSMEM.latency = 0 s (default)",
      "affinities.CPU.SYSMEM.scattered = 0 s (default)",
      "affinities.CPU.SYSMEM.atomic = 0 s (default)",
      "network.node = 1 GB/s",
      "network.pair = off (default)",
      "network.pair_both_ways = off (default)",
      "network.copy = off (default)",
      "network.latency = 0 s",
      "network.gpu_staging = off (default)",
      "network.fold_between_ranks = off (default)",
      "network.fold_between_nodes = off (default)",
      "network.ordered_requests = false (default)",
      "runtime.utility_processors = 1 (default)",
      "runtime.mapping_traced = 0 s",
      "runtime.mapping_untraced = 0 s",
      "runtime.inner_launch = 0 s (default)",
      "runtime.kernel_launch = 0 s",
      "runtime.copy_setup = 0 s",
      "runtime.remote_copy_setup = 0 s",
      "runtime.message = 0 s",
  };
  std::vector<std::string> figures;
  for (const Figure& f : figures_of(*machine)) {
    figures.push_back(fmt::format("{} = {}{}{}{}", f.path(), f.text, f.stated ? "" : " (default)",
                                  f.source.empty() ? "" : ", ", f.source));
  }
  EXPECT_EQ(figures, expected);
  EXPECT_EQ(unsourced(*machine).size(), 15U);
}

// docs/machines.md shows a complete machine, and its tables of keys are those of the schema.
template <class T>
void expect_documented(const std::string& manual) {
  for (const Field<T>& f : fields_of<T>()) {
    const std::string row =
        fmt::format("| `{}` | {} | {} |\n", f.key, f.required ? "required" : "optional", f.what);
    EXPECT_NE(manual.find(row), std::string::npos) << row;
  }
}

TEST(Manual, DescribesEveryKey) {
  const std::string manual = text_of(kRoot / "docs/machines.md");
  expect_documented<Machine>(manual);
  expect_documented<Node>(manual);
  expect_documented<Processors>(manual);
  expect_documented<Memory>(manual);
  expect_documented<Affinity>(manual);
  expect_documented<Link>(manual);
  expect_documented<Network>(manual);
  expect_documented<Runtime>(manual);
}

// The text of the next block that is opened by "```what", from a place on; empty where there is none.
std::string block_of(std::string_view manual, std::string_view what, std::size_t from = 0) {
  const std::string open = fmt::format("```{}\n", what);
  const std::size_t begin = manual.find(open, from);
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = manual.substr(begin + open.size());
  return std::string(rest.substr(0, rest.find("```")));
}

// A "before => after" line of the manual, done to its example.
std::string changed(std::string example, std::string_view change) {
  const std::size_t arrow = change.find(" => ");
  const std::size_t at = example.find(change.substr(0, arrow));
  if (arrow == std::string_view::npos || at == std::string::npos) return {};
  const std::string_view after = change.substr(arrow + 4);
  return example.replace(at, arrow, after.substr(0, after.find('\n')));
}

TEST(Manual, ShowsACompleteMachineAndRealErrors) {
  const std::string manual = text_of(kRoot / "docs/machines.md");
  const std::string example = block_of(manual, "toml");
  ASSERT_FALSE(example.empty());
  EXPECT_EQ(findings_of(example, "mine.toml").rendered, "");
  int errors = 0;
  for (std::size_t at = manual.find("```toml bad"); at != std::string::npos;
       at = manual.find("```toml bad", at + 1)) {
    const std::string bad = changed(example, block_of(manual, "toml bad", at));
    EXPECT_EQ(findings_of(bad, "mine.toml").rendered, block_of(manual, "text", at));
    ++errors;
  }
  EXPECT_EQ(errors, 3);
}

// The key tables nest only so deep, whatever a text tries, and a text without end is one problem.
TEST(MachineFile, HostileTextsEnd) {
  std::string deep = "a";
  for (int i = 0; i < 100'000; ++i) deep += ".a";
  EXPECT_EQ(findings_of(deep + " = 1\n", "deep").codes, std::set<std::string_view>{"MW7001"});
  EXPECT_EQ(findings_of("a = " + std::string(100'000, '['), "deep").codes,
            std::set<std::string_view>{"MW7001"});
  EXPECT_EQ(findings_of(std::string("name = \"\0\"", 10), "nul").codes, std::set<std::string_view>{"MW7001"});
  EXPECT_EQ(findings_of("\xEF\xBB\xBFname = 3", "bom").rendered.substr(0, 28),
            "bom:1:1: error[MW7005]: the ");
  std::string many = "[links]\n";
  for (int i = 0; i < 20'000; ++i) many += fmt::format("x{} = {}\n", i, i);
  EXPECT_GT(parse(many).problems().errors(), 20'000U);
}

}  // namespace
}  // namespace mapwright::machine
