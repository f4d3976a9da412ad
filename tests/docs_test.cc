// The manual is right: every example in README.md and docs/*.md runs.
//
//   ```mapper [file=NAME] [free]   compiles without a problem, and is in canonical form unless it is `free`;
//   what its
//                                  top-level print statements write is what the comments behind them say
//   ```mapper bad [file=NAME]      has exactly the diagnostics of the ```text block that follows
//   ```json file=NAME              a file for the commands; also ```toml file=NAME
//   ```console                     lines `$ command`, each followed by its output, standard error included,
//   and by
//                                  `(exit N)` where it does not end with 0
//
// file=NAME writes the example into the folder in which the commands of the same document run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "cli/console.h"
#include "guide/diagnostics.h"
#include "lang/diagnostics.h"
#include "lang/format.h"
#include "lang/lang.h"
#include "lang/parser.h"
#include "lang/placement.h"
#include "lang/words.h"
#include "llm/diagnostics.h"
#include "machine/factor.h"
#include "machine/space.h"
#include "process.h"
#include "program/atoms.h"
#include "program/diagnostics.h"
#include "program/json.h"
#include "program/json_text.h"
#include "program/json_words.h"
#include "prompt/diagnostics.h"
#include "texts.h"
#include "tune/diagnostics.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;

const std::string kManual = "docs/language.md";
const std::string kPrograms = "docs/programs.md";
const std::string kGuide = "docs/guide.md";
const std::string kModels = "docs/llm.md";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : base::split(text, '\n')) lines.emplace_back(line);
  if (!lines.empty() && lines.back().empty())
    lines.pop_back();  // a final newline ends a line, and begins none
  return lines;
}

// -------------------------------------------------------------------------------------------------------
// documents

struct Block {
  std::size_t line = 0;  // of its fence
  std::string language;
  std::set<std::string> marks;
  std::string file;
  std::string text;
};

struct Document {
  std::string name;
  std::vector<std::string> prose;  // its lines outside blocks; blocks leave empty lines
  std::vector<Block> blocks;
  std::vector<std::string> complaints;

  void complain(std::size_t line, const std::string& what) {
    complaints.push_back(fmt::format("{}:{}: {}", name, line, what));
  }
};

Document parse_document(const std::string& name, const std::string& text) {
  static const std::map<std::string, std::set<std::string>> kLanguages = {{"mapper", {"bad", "free"}},
                                                                          {"text", {}},
                                                                          {"console", {}},
                                                                          {"json", {}},
                                                                          {"sh", {}},
                                                                          {"output", {}},
                                                                          {"toml", {"bad"}}};
  Document d;
  d.name = name;
  bool inside = false;
  std::size_t number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    const bool fence = line.starts_with("```");
    d.prose.push_back(inside || fence ? "" : line);
    if (!inside && !fence) {
      if (line.find("```") != std::string::npos)
        d.complain(number, "a fence begins at the start of its line");
    } else if (!inside) {
      inside = true;
      Block b;
      b.line = number;
      const auto words = base::split(std::string_view(line).substr(3), ' ');
      b.language = std::string(words[0]);
      const auto known = kLanguages.find(b.language);
      if (known == kLanguages.end()) d.complain(number, fmt::format("no block is '{}'", b.language));
      for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string word(words[i]);
        if (word.starts_with("file=")) {
          b.file = word.substr(5);
        } else if (known != kLanguages.end() && !known->second.contains(word)) {
          d.complain(number, fmt::format("a {} block cannot be '{}'", b.language, word));
        } else {
          b.marks.insert(word);
        }
      }
      d.blocks.push_back(b);
    } else if (line == "```") {
      inside = false;
    } else {
      d.blocks.back().text += line + "\n";
    }
  }
  if (inside) d.complain(d.blocks.back().line, "the block is never closed");
  return d;
}

// --------------------------------------------------------------------------------------------------------
// commands

// Runs a line; both streams as they come.
process::Outcome run_command(const std::string& line, const fs::path& folder,
                             std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  return process::run_command("exec 2>&1\n" + line, folder, MAPWRIGHT_EXECUTABLE, limit);
}

// What the lines of a console block must be: as they are shown, with the exit code where it is not 0.
void check_console(Document& d, const Block& b, const fs::path& folder) {
  const std::vector<std::string> lines = lines_of(b.text);
  if (lines.empty() || !lines[0].starts_with("$ "))
    return d.complain(b.line, "a console begins with `$ command`");
  std::string actual;
  for (const std::string& line : lines) {
    if (!line.starts_with("$ ")) continue;
    const std::string command = line.substr(2);
    // Examples run the program, and show what it wrote.
    if (!command.starts_with("mapwright ") && !command.starts_with("cat ")) {
      d.complain(b.line, fmt::format("examples begin with mapwright or cat, not '{}'", command));
      return;
    }
    const process::Outcome o = run_command(command, folder);
    actual += line + "\n" + o.out;
    if (!o.out.empty() && o.out.back() != '\n') actual += "\n(no end of line)\n";
    if (o.exit == -1) actual += "(did not end)\n";
    if (o.exit > 0) actual += fmt::format("(exit {})\n", o.exit);
  }
  if (actual != b.text) {
    d.complain(b.line, fmt::format("the commands say otherwise. Shown:\n{}Actual:\n{}", b.text, actual));
  }
}

// ---------------------------------------------------------------------------------------------------------
// mappers

// The machine of the manual.
machine::Grid example_grid() {
  std::array<std::int64_t, machine::kProcessorKinds> counts{};
  counts[static_cast<std::size_t>(machine::ProcessorKind::cpu)] = 1;
  counts[static_cast<std::size_t>(machine::ProcessorKind::gpu)] = 4;
  counts[static_cast<std::size_t>(machine::ProcessorKind::omp)] = 2;
  return machine::make_grid(2, counts);
}

base::SourcePtr block_source(const Block& b) {
  return std::make_shared<base::Source>(b.file.empty() ? "my.mapper" : b.file, b.text);
}

void check_bad_mapper(Document& d, const Block& b, const Block* next) {
  if (next == nullptr || next->language != "text")
    return d.complain(b.line, "a bad example is followed by its text");
  const std::string said = render_all(lang::compile(block_source(b)).problems);
  if (said.empty()) return d.complain(b.line, "the bad example has no problem");
  if (said != next->text) d.complain(next->line, fmt::format("the problems are:\n{}", said));
}

void check_good_mapper(Document& d, const Block& b) {
  const base::SourcePtr source = block_source(b);
  const lang::Compilation compiled = lang::compile(source);
  if (!compiled.problems.empty())
    return d.complain(b.line, "the example is wrong:\n" + render_all(compiled.problems));
  const auto formatted = lang::format(source);
  const bool canonical = formatted && *formatted == b.text;
  if (canonical == b.marks.contains("free")) {
    d.complain(b.line, canonical ? "the example is canonical, so not `free`"
                                 : "the canonical form is:\n" + *formatted);
  }
  const auto placer = lang::Placer::create(compiled.mapper, example_grid());
  if (!placer) return d.complain(b.line, "the example does not start:\n" + render_all(placer.problems()));
  std::vector<std::string> claimed;
  for (const std::string& line : lines_of(b.text)) {
    if (!line.starts_with("print(")) continue;
    const std::size_t comment = line.rfind(";  # ");
    claimed.push_back(comment == std::string::npos ? "" : line.substr(comment + 5));
  }
  const std::vector<std::string> printed = (*placer)->log();
  for (std::size_t i = 0; i < std::max(printed.size(), claimed.size()); ++i) {
    const std::string is = i < printed.size() ? printed[i] : "nothing";
    const std::string said = i < claimed.size() ? claimed[i] : "nothing";
    if (is != said) d.complain(b.line, fmt::format("print {} writes '{}', not '{}'", i + 1, is, said));
  }
}

// ------------------------------------------------------------------------------------------------------ all
// blocks

void check_blocks(Document& d, const fs::path& folder) {
  for (std::size_t i = 0; i < d.blocks.size(); ++i) {
    const Block& b = d.blocks[i];
    const Block* next = i + 1 < d.blocks.size() ? &d.blocks[i + 1] : nullptr;
    if (!b.file.empty()) std::ofstream(folder / b.file, std::ios::binary) << b.text;
    if (b.language == "text" && (i == 0 || !d.blocks[i - 1].marks.contains("bad"))) {
      d.complain(b.line, "a text block says what a bad example before it gives");
    }
    if (b.language == "mapper" && b.marks.contains("bad")) {
      check_bad_mapper(d, b, next);
    } else if (b.language == "mapper") {
      check_good_mapper(d, b);
    } else if (b.language == "console") {
      check_console(d, b, folder);
    } else if (b.language == "json" && b.file.empty()) {
      d.complain(b.line, "a json block is a file of the commands: json file=NAME");
    } else if (b.language == "sh") {
      for (const std::string& line : lines_of(b.text)) {
        if (!line.starts_with("./script/")) continue;  // what a reader types to get there
        const std::string script = line.substr(2, line.find_first_of(" \t") - 2);
        if (::access((kRoot / script).c_str(), X_OK) != 0)
          d.complain(b.line, fmt::format("there is no '{}'", script));
      }
    }
  }
}

// A heading's name in links, as GitHub makes it.
std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0 || c == '-' || c == '_' || u >= 0x80)
      anchor += static_cast<char>(std::tolower(u));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

std::set<std::string> anchors_of(const Document& d) {
  std::set<std::string> anchors;
  for (const std::string& line : d.prose) {
    const std::size_t level = line.find_first_not_of('#');
    if (level == 0 || level == std::string::npos || line[level] != ' ') continue;
    anchors.insert(anchor_of(std::string_view(line).substr(level + 1)));
  }
  return anchors;
}

void check_links(Document& d) {
  for (std::size_t i = 0; i < d.prose.size(); ++i) {
    const std::string& line = d.prose[i];
    for (std::size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 1)) {
      const std::string target = line.substr(at + 2, line.find(')', at) - at - 2);
      if (target.find("://") != std::string::npos) continue;
      const std::size_t hash = target.find('#');
      const fs::path path = target.substr(0, hash);
      const fs::path file = path.empty() ? kRoot / d.name : kRoot / fs::path(d.name).parent_path() / path;
      if (!path.empty() && !fs::exists(file)) {
        d.complain(i + 1, fmt::format("the link '{}' leads nowhere", target));
      } else if (hash != std::string::npos) {
        const Document other = path.empty() ? d : parse_document(path.string(), file_text(file));
        if (!anchors_of(other).contains(target.substr(hash + 1))) {
          d.complain(i + 1, fmt::format("the link '{}' leads to no heading", target));
        }
      }
    }
  }
}

std::vector<std::string> complaints_of(const std::string& name, const std::string& text) {
  const process::TemporaryFolder folder;
  EXPECT_FALSE(folder.path().empty());
  Document d = parse_document(name, text);
  check_blocks(d, folder.path());
  check_links(d);
  return d.complaints;
}

// ----------------------------------------------------------------------------------------------------- the
// documents

std::vector<std::string> documents() {
  std::vector<std::string> names{"README.md"};
  for (const auto& entry : fs::directory_iterator(kRoot / "docs")) {
    if (entry.path().extension() == ".md") names.push_back("docs/" + entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

class Docs : public testing::TestWithParam<std::string> {};

TEST_P(Docs, EveryExampleIsRight) {
  const std::string text = file_text(kRoot / GetParam());
  ASSERT_FALSE(text.empty());
  for (const std::string& complaint : complaints_of(GetParam(), text)) ADD_FAILURE() << complaint;
}

std::string document_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Docs, testing::ValuesIn(documents()), document_name);

std::string mappers_of_the_manual() {
  std::string all;
  for (const Block& b : parse_document(kManual, file_text(kRoot / kManual)).blocks) {
    if (b.language == "mapper" && !b.marks.contains("bad")) all += b.text;
  }
  return all;
}

TEST(Manual, ShowsEveryWordAndOperator) {
  base::Diagnostics none;
  const auto source = std::make_shared<base::Source>("manual", mappers_of_the_manual());
  const lang::Ast ast = lang::parse(source, &none);
  EXPECT_NE(source->text().find("::"), std::string_view::npos);
  std::set<std::string> shown;
  for (const lang::Token& t : ast.words.tokens) shown.insert(std::string(source->slice(t.span)));
  const auto expect = [&](std::span<const std::string_view> words) {
    for (const std::string_view w : words)
      EXPECT_TRUE(shown.contains(std::string(w))) << "no example has " << w;
  };
  expect(lang::kStatementNames);
  expect(lang::kTypeNames);
  expect(lang::kConstraintNames);
  expect(lang::kPropertyNames);
  expect(lang::kBinaryNames);
  expect(machine::processor_kind_names());
  expect(machine::memory_kind_names());
  expect(std::array<std::string_view, 11>{"Machine", "range", "tuple", "for", "in", "return", "True", "False",
                                          "!", "?", ":"});
}

using Kinds = std::span<const base::DiagnosticKind* const>;

// The rows of a page that say what a code means, and what they should be.
void expect_codes(const std::string& page, Kinds kinds) {
  std::vector<std::string> listed;
  for (const std::string& line : parse_document(page, file_text(kRoot / page)).prose) {
    // "| MW1001 |", not "| MW10xx |".
    const bool code =
        line.starts_with("| MW") && line.size() > 7 && std::isdigit(static_cast<unsigned char>(line[7])) != 0;
    if (code) listed.push_back(line);
  }
  std::vector<std::string> expected;
  for (const base::DiagnosticKind* k : kinds) {
    const char* severity = k->severity == base::Severity::error ? "error" : "warning";
    std::string title(k->title);
    if (const std::size_t star = title.find('*'); star != std::string::npos) title.insert(star, "\\");
    expected.push_back(fmt::format("| {} | {} | {} |", k->code, severity, title));
  }
  EXPECT_EQ(base::join(std::vector<std::string_view>(listed.begin(), listed.end()), "\n"),
            base::join(std::vector<std::string_view>(expected.begin(), expected.end()), "\n"));
}

TEST(Manual, ListsEveryDiagnostic) {
  expect_codes(kManual, lang::problem::kAll);
}

TEST(Programs, ListEveryDiagnostic) {
  expect_codes(kPrograms, program::problem::kAll);
}

TEST(Guidance, ListsEveryDiagnostic) {
  expect_codes(kGuide, guide::problem::kAll);
}

TEST(LanguageModels, ListEveryDiagnostic) {
  std::vector<const base::DiagnosticKind*> kinds;
  for (const Kinds some :
       {Kinds(prompt::problem::kAll), Kinds(tune::problem::kAll), Kinds(llm::problem::kAll)}) {
    for (const base::DiagnosticKind* k : some) {
      // Those are about runs without a model, too: docs/tuning.md.
      if (k != &tune::problem::other_proposal && k != &tune::problem::nothing_predicted) kinds.push_back(k);
    }
  }
  expect_codes(kModels, kinds);
}

// What a program file says is read, and what is written has no key that the page does not name.
TEST(Programs, NameEveryKey) {
  const Document page = parse_document(kPrograms, file_text(kRoot / kPrograms));
  std::string prose;
  for (const std::string& line : page.prose) prose += line + "\n";
  const auto expect = [&](std::span<const std::string_view> keys) {
    for (const std::string_view key : keys)
      EXPECT_NE(prose.find(fmt::format("`{}`", key)), std::string::npos) << key;
  };
  namespace words = program::words;
  expect(words::kProgram);
  expect(words::kMetric);
  expect(words::kLoop);
  expect(words::kRegion);
  expect(words::kPartition);
  expect(words::kTask);
  expect(words::kVariant);
  expect(words::kLaunch);
  expect(words::kRequirement);
  const auto example = std::ranges::find(page.blocks, "heat.json", &Block::file);
  ASSERT_NE(example, page.blocks.end());
  const auto read_in = program::load("heat.json", example->text);
  ASSERT_TRUE(read_in) << render_all(read_in.problems());
  EXPECT_EQ(read_in->launches.size(), 4U);
  EXPECT_EQ(read_in->partitions.size(), 3U) << "the whole of `change` is one, too";
}

std::string with_separators(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

TEST(Manual, StatesTheBounds) {
  const auto all = parse_document(kManual, file_text(kRoot / kManual)).prose;
  const auto expect = [&](std::string_view what, std::int64_t bound) {
    const std::string row = fmt::format("| {} | {} |", what, with_separators(bound));
    EXPECT_NE(std::ranges::find(all, row), all.end()) << "no row " << row;
  };
  expect("bytes of a mapper", static_cast<std::int64_t>(base::Source::kMaxBytes));
  expect("operators, brackets and calls inside one another, in one expression", lang::kMaxExprDepth);
  expect("the same, over all calls that are active", lang::Evaluator::kMaxStack);
  expect("variables of all calls that are active", lang::Evaluator::kMaxSlots);
  expect("steps for one point", lang::Evaluator::kMaxSteps);
  expect("steps for all points of one launch", lang::Placer::kMaxSteps);
  expect("elements of all tuples of one point", lang::Evaluator::kMaxValues);
  expect("points of one launch", lang::Placer::kMaxPoints);
  expect("dimensions of a launch domain", lang::kMaxLaunchRank);
  expect("dimensions of a machine space", machine::kMaxRank);
  expect("transforms between a machine and a space", machine::kMaxChain);
  expect("ways to factorise that `auto_split` compares", machine::kMaxFactorisations);
  expect("nodes of a machine", machine::Grid::kMaxNodes);
  expect("processors of one kind in a node", machine::Grid::kMaxProcessors);
  expect("lines that print writes; the rest is dropped", lang::Evaluator::kMaxLog);
  expect("diagnostics that are shown; the rest is counted", cli::kMostShown);
}

TEST(Programs, StateTheLimits) {
  const auto all = parse_document(kPrograms, file_text(kRoot / kPrograms)).prose;
  const auto expect = [&](std::string_view what, std::size_t limit) {
    const std::string row =
        fmt::format("| {} | {} |", what, with_separators(static_cast<std::int64_t>(limit)));
    EXPECT_NE(std::ranges::find(all, row), all.end()) << "no row " << row;
  };
  expect("bytes of a file", base::Source::kMaxBytes);
  expect("lists and objects inside one another", program::JsonText::kMaxDepth);
  expect("values in a file", program::JsonText::kMaxNodes);
  expect("launches", program::kMaxLaunches);
  expect("points of all launches together", program::kMaxPoints);
  expect("boxes of all partitions together", program::kMaxBoxes);
  expect("elements of a region", program::kMaxElements);
  expect("bytes of a region", program::kMaxBytes);
  expect("fields of a region", program::kMaxFields);
  expect("requirements, and futures, of a launch", program::kMaxRequirements);
  expect("cells of the grid that all bounds of a region's pieces make", program::Atoms::kMaxCells);
  expect("bytes of a name", program::kLongestName);
}

// ------------------------------------------------------------------------------------- the test can fail

bool finds(const std::string& markdown, std::string_view complaint) {
  const auto complaints = complaints_of("docs/test.md", markdown);
  const bool found = complaints.size() == 1 && complaints[0].find(complaint) != std::string::npos;
  if (!found) {
    for (const std::string& c : complaints) ADD_FAILURE() << c;
  }
  return found;
}

TEST(DocsTest, AcceptsWhatIsRight) {
  EXPECT_EQ(
      complaints_of("docs/test.md",
                    "# A b\n\n[x](#a-b) [y](../LICENSE)\n\n```mapper file=a.mapper\nTask * GPU;\n```\n\n"
                    "```console\n$ mapwright check a.mapper\na.mapper: no problems\n$ cat nothing "
                    "2>/dev/null\n(exit 1)\n```\n\n"
                    "```mapper\nprint(\"{}\", 1 + 1);  # 2\n```\n\n```mapper free\nTask  * GPU;\n```\n"),
      std::vector<std::string>{});
}

TEST(DocsTest, FindsWhatIsWrong) {
  EXPECT_TRUE(finds("```mapper\nTask * GPU\n```\n", "MW2002"));
  EXPECT_TRUE(finds("```mapper\nTask * GPU;\nTask * CPU;\n```\n", "MW3016")) << "a warning";
  EXPECT_TRUE(finds("```mapper\nTask  * GPU;\n```\n", "the canonical form is"));
  EXPECT_TRUE(finds("```mapper free\nTask * GPU;\n```\n", "not `free`"));
  EXPECT_TRUE(finds("```mapper\nx = 1 / 0;\n```\n", "does not start"));
  EXPECT_TRUE(finds("```mapper\nprint(\"{}\", 1 + 1);  # 3\n```\n", "writes '2', not '3'"));
  EXPECT_TRUE(finds("```mapper\nprint(\"{}\", 1 + 1);\n```\n", "writes '2', not ''"));
  EXPECT_TRUE(finds("```mapper bad\nTask * GPU;\n```\n```text\nx\n```\n", "has no problem"));
  EXPECT_TRUE(finds("```mapper bad\nTask * GPU\n```\n```text\nx\n```\n", "the problems are:"));
  EXPECT_TRUE(finds("```mapper bad\nTask * GPU\n```\n", "is followed by its text"));
  EXPECT_TRUE(finds("```text\nx\n```\n", "a bad example before it"));
  EXPECT_TRUE(finds("```maper\nTask * GPU;\n```\n", "no block is 'maper'"));
  EXPECT_TRUE(finds("```mapper bed\nTask * GPU;\n```\n", "cannot be 'bed'"));
  EXPECT_TRUE(finds("```mapper\nTask * GPU;\n", "never closed"));
  EXPECT_TRUE(finds(" ```mapper\nTask * GPU;\n", "start of its line"));
  EXPECT_TRUE(finds("```json\n{}\n```\n", "json file=NAME"));
  EXPECT_TRUE(finds("```console\nmapwright --version\n```\n", "begins with `$ command`"));
  EXPECT_TRUE(finds("```console\n$ true\n```\n", "not 'true'"));
  EXPECT_TRUE(finds("```console\n$ mapwright check none\n```\n", "(exit 66)"));
  EXPECT_TRUE(finds("```console\n$ cat /dev/null\nx\n```\n", "say otherwise"));
  EXPECT_TRUE(finds("```console\n$ cat /dev/null\n(exit 1)\n```\n", "say otherwise"));
  EXPECT_TRUE(finds("```sh\n./script/nothing --fast\n```\n", "there is no 'script/nothing'"));
  EXPECT_TRUE(finds("[x](nowhere.md)\n", "leads nowhere"));
  EXPECT_TRUE(finds("# A\n[x](#b)\n", "leads to no heading"));
}

TEST(DocsTest, EndsWhatDoesNotEnd) {
  const auto start = std::chrono::steady_clock::now();
  const process::Outcome o =
      run_command("echo begun; sleep 100 & sleep 100", "/", std::chrono::milliseconds(300));
  EXPECT_EQ(o.exit, -1);
  EXPECT_EQ(o.out, "begun\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace mapwright
