// Inputs made to break something: each gets an answer, a diagnostic with a place where it is wrong, within
// bounded time and memory. Each runs in a process of its own, so that one that crashes or hangs is one
// failure.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/bug.h"
#include "base/text.h"
#include "cli/console.h"
#include "lang/facts.h"
#include "lang/format.h"
#include "lang/lang.h"
#include "lang/placement.h"
#include "machine/describe.h"
#include "machine/machine_file.h"
#include "process.h"
#include "program/json.h"
#include "texts.h"

namespace mapwright {
namespace {

using machine::Grid;
using machine::ProcessorKind;

// --------------------------------------------------------------------------------------------------- bounds

struct Bounds {
  double seconds = 10;  // of the processor
  long mebibytes = 1024;
};

// What a case may take more under a sanitizer.
constexpr double kSlower = process::kSanitized ? 20 : 1;
constexpr long kLarger = process::kSanitized ? 6 : 1;

struct Verdict {
  std::string text;   // what the case says
  std::string fault;  // how it went beyond its bounds; empty where it did not
  double seconds = 0;
  long mebibytes = 0;
};

std::string read_until(int end, std::chrono::steady_clock::time_point deadline, bool* late) {
  std::string text;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wait{end, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) {
      *late = true;
      return text;
    }
    std::array<char, 4096> chunk;
    const ssize_t got = ::read(end, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

// The work in a child, whose processor time and memory are measured.
Verdict isolated(const std::function<std::string()>& work, Bounds bounds = {}) {
  Verdict verdict;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    verdict.fault = "no pipe";
    return verdict;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    std::string text;
    try {
      text = work();
    } catch (const std::exception& e) {
      text = fmt::format("thrown: {}", e.what());
    }
    for (std::string_view left = text; !left.empty();) {
      const ssize_t put = ::write(ends[1], left.data(), left.size());
      if (put <= 0) break;
      left.remove_prefix(static_cast<std::size_t>(put));
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  // The machine may be busy with other things.
  const auto limit = std::chrono::duration<double>(bounds.seconds * kSlower * 4 + 5);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::milliseconds>(limit);
  bool late = false;
  verdict.text = read_until(ends[0], deadline, &late);
  ::close(ends[0]);
  if (late) ::kill(child, SIGKILL);
  int status = 0;
  rusage used{};
  while (::wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
  }
  verdict.seconds = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                    static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  verdict.mebibytes = used.ru_maxrss / 1024;
  if (late) {
    verdict.fault = "it does not end";
  } else if (WIFSIGNALED(status)) {
    verdict.fault = fmt::format("signal {}", WTERMSIG(status));
  } else if (WEXITSTATUS(status) != 0) {
    verdict.fault = fmt::format("exit {}", WEXITSTATUS(status));
  } else if (verdict.text.starts_with("thrown: ")) {
    verdict.fault = verdict.text;
  } else if (verdict.seconds > bounds.seconds * kSlower) {
    verdict.fault = fmt::format("{:.1f} seconds", verdict.seconds);
  } else if (verdict.mebibytes > bounds.mebibytes * kLarger) {
    verdict.fault = fmt::format("{} MiB", verdict.mebibytes);
  }
  if (std::getenv("MAPWRIGHT_SHOW_COST") != nullptr)
    fmt::print("{:8.2f} s {:6} MiB  {}\n", verdict.seconds, verdict.mebibytes, verdict.text.substr(0, 150));
  return verdict;
}

// ------------------------------------------------------------------------------------------------- questions

base::SourcePtr source_of(std::string text) {
  return std::make_shared<base::Source>("hostile.mapper", std::move(text));
}

// "MW2002 at 1:5, 3 errors", or "" where there is no error.
std::string said(const base::Diagnostics& problems) {
  if (!problems.has_errors()) return "";
  const auto first = std::find_if(problems.items().begin(), problems.items().end(),
                                  [](const base::Diagnostic& d) { return d.is_error(); });
  if (first == problems.items().end()) return "";
  std::size_t shown = 0;
  for (const base::Diagnostic& d : problems.items()) {
    const std::string text = base::render(d, false);
    for (const char c : text) {
      const auto u = static_cast<unsigned char>(c);
      if ((u < 0x20 && c != '\n') || u == 0x7F) return "a control character is shown";
    }
    if (text.size() > 10'000) return "a diagnostic is long";
    if (++shown == cli::kMostShown) break;
  }
  if (!first->source) return fmt::format("{} without a place", first->kind->code);
  const base::Position p = first->source->position(first->where.begin);
  return fmt::format("{} at {}:{}, {} error{}", first->kind->code, p.line, p.column, problems.errors(),
                     problems.errors() == 1 ? "" : "s");
}

// As `check --fix` and `fmt`: everything that reads a text.
std::string answer(const std::string& text) {
  const lang::Compilation compiled = lang::compile(source_of(text));
  std::string answer = said(compiled.problems);
  if (answer.empty() != (compiled.mapper != nullptr)) return "errors and a mapper, or neither";
  std::size_t applied = 0;
  const std::string better = base::apply_fixes(text, compiled.problems.items(), &applied);
  if (applied != 0 && compiled.mapper == nullptr) lang::compile(source_of(better));
  const auto formatted = lang::format(source_of(text));
  if (compiled.mapper && !formatted) return "what compiles has no canonical form";
  if (formatted) {
    const auto twice = lang::format(source_of(*formatted));
    if (!twice || *twice != *formatted) return "formatting twice is not formatting once";
  }
  return answer;
}

Grid small_grid() {
  return machine::make_grid(2, {1, 4, 0, 0, 0, 2});
}

lang::Domain domain_of(std::vector<std::int64_t> extents) {
  return lang::make_domain(extents);
}

// What a launch of `t` gives: the first problem, or "" and the points.
std::string placed(const std::string& text, const Grid& grid = small_grid(),
                   const lang::Domain& domain = domain_of({4})) {
  const lang::Compilation compiled = lang::compile(source_of(text));
  if (!compiled.mapper) return said(compiled.problems);
  const auto placer = lang::Placer::create(compiled.mapper, grid);
  if (!placer) return said(placer.problems());
  const lang::MapChoice* map = compiled.mapper->index_map("t", ProcessorKind::gpu);
  if (map == nullptr) return "";
  const auto table = (*placer)->place(*map, "t", domain, std::nullopt);
  if (!table) return said(table.problems());
  std::int64_t position = 0;
  lang::Point p = domain.lo;
  do {
    for (const lang::Slot s : (*table)->at(position)) {
      if (s.node >= grid.nodes || s.processor >= grid.count((*table)->kind()))
        return fmt::format("processor {}, {} is not in the machine", s.node, s.processor);
    }
    ++position;
  } while (domain.next(&p));
  return "";
}

std::string repeat(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string numbered(std::size_t count, const std::function<std::string(std::size_t)>& piece) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece(i);
  return text;
}

constexpr std::size_t kLarge = 500'000;
constexpr std::size_t kLargest = 10'000'000;
constexpr std::size_t kMany = 100'000;

// ------------------------------------------------------------------------------------------------ large
// texts

struct Text {
  std::string name;
  std::function<std::string()> make;
  bool wrong = true;
};

void PrintTo(const Text& t, std::ostream* out) {
  *out << t.name;
}

class HostileText : public testing::TestWithParam<Text> {};

TEST_P(HostileText, HasAnAnswer) {
  const Verdict v = isolated([] { return answer(GetParam().make()); });
  EXPECT_EQ(v.fault, "");
  if (GetParam().wrong) {
    EXPECT_TRUE(v.text.starts_with("MW")) << v.text;
  } else {
    EXPECT_EQ(v.text, "");
  }
}

std::string large(std::string_view piece) {
  return repeat(piece, kLarge / piece.size());
}

std::vector<Text> large_texts() {
  std::vector<Text> all;
  const auto of = [&](const std::string& name, const std::string& piece, bool wrong = true) {
    all.push_back({name, [piece] { return large(piece); }, wrong});
  };
  of("Zeros", std::string(1, '\0'));
  of("OpenParentheses", "(");
  of("OpenBrackets", "[");
  of("OpenBraces", "{");
  of("CloseBraces", "}");
  of("Quotes", "\"");
  of("Newlines", "\n", false);
  of("Semicolons", ";");
  of("Assignments", "a=1;");
  of("AssignmentLines", "a=1;\n");
  of("RepeatedTasks", "Task a GPU;\n", false);
  of("RepeatedRegions", "Region a b GPU FBMEM;\n", false);
  of("Stars", "*");
  of("Minuses", "-");
  of("Nots", "!");
  of("Properties", "x.");
  of("Calls", "f(");
  of("Conditionals", "a?b:");
  of("Invalid", "\xff");
  of("Escapes", "\x1b[2J");
  of("Dollars", "$ ");
  of("Digits", "9");
  of("Words", "a ");
  of("Defs", "def f(Task t) { return 1; }\n");
  of("OpenDefs", "def f(");
  of("OpenComments", "/*");
  of("Prints", "print(\"{}\", 1);\n", false);
  of("Maps", "IndexTaskMap t f;\n");
  of("UndefinedNames", "x = y; ");
  all.push_back({"OneIdentifier", [] { return std::string(kLarge, 'a'); }});
  all.push_back({"OneName", [] { return "Task " + std::string(kLarge, 'a') + " GPU;"; }, false});
  all.push_back({"OneComment", [] { return "#" + std::string(kLarge, 'x'); }, false});
  all.push_back({"OneString", [] { return "Task \"" + std::string(kLarge, 'x') + "\" GPU;"; }, false});
  all.push_back({"OneLine", [] { return "Task * GPU;" + std::string(kLarge, ' ') + "x"; }});
  all.push_back({"Comments", [] { return large("# x\n"); }, false});
  all.push_back({"OneSum", [] { return "x = 1" + large(" + 1") + ";"; }});
  all.push_back({"OneTuple", [] { return "x = (1" + large(", 1") + ");"; }});
  all.push_back({"OneTaskList", [] { return "Task a" + large(", b") + " GPU;"; }, false});
  all.push_back({"OneKindList", [] { return "Task a CPU" + large(", GPU") + ";"; }, false});
  return all;
}

std::vector<Text> deep_texts() {
  std::vector<Text> all;
  const auto nested = [&](const std::string& name, const std::string& open, const std::string& middle,
                          const std::string& close) {
    all.push_back({"Deep" + name,
                   [=] { return "x = " + repeat(open, kMany) + middle + repeat(close, kMany) + ";\n"; }});
    // In a function, where there are names to resolve.
    all.push_back({"DeepInFunction" + name, [=] {
                     return "def f(IPoint p) { return " + repeat(open, kMany) + middle +
                            repeat(close, kMany) + "; }\nx = f((1, 2));\n";
                   }});
  };
  nested("Parentheses", "(", "1", ")");
  nested("Tuples", "(", "1", ",)");
  nested("Indices", "p[", "0", "]");
  nested("Slices", "p[", "0", ":]");
  nested("Calls", "f(", "1", ")");
  nested("Minuses", "-", "1", "");
  nested("Nots", "!", "True", "");
  nested("Unpacks", "*", "p", "");
  nested("Chains", "", "p", "[:]");
  nested("Sizes", "", "p", ".size");
  nested("Merges", "", "Machine(GPU)", ".swap(0, 1)");
  nested("Conditions", "True ? ", "1", " : 0");
  nested("Alternatives", "", "1", " == 1 ? 1 : 1");
  nested("Ranges", "range(", "1", ")");
  nested("Comprehensions", "tuple(i for i in ", "p", ")");
  nested("PythonConditionals", "1 if True else ", "1", "");
  all.push_back({"DeepBlocks", [] { return "def f() " + repeat("{", kMany) + repeat("}", kMany); }});
  all.push_back(
      {"DeepIfs", [] { return "def f(Task t) { " + repeat("if (a) { ", kMany) + repeat("}", kMany) + "}"; }});
  all.push_back({"DeepMixed", [] { return "x = " + repeat("([{", kMany); }});
  all.push_back({"WrongBrackets", [] { return "x = " + repeat("(]", kMany) + ";"; }});
  return all;
}

std::vector<Text> many_of_something() {
  const auto n = [](std::size_t i) { return std::to_string(i); };
  return {
      {"ManyFunctions",
       [=] {
         return numbered(kMany, [&](std::size_t i) { return "def f" + n(i) + "() {\n    return 1;\n}\n\n"; });
       },
       false},
      {"ManyFunctionsThatCallTheNext",
       [=] {
         return numbered(
             kMany, [&](std::size_t i) { return "def f" + n(i) + "() { return f" + n(i + 1) + "(); }\n"; });
       }},
      {"ManyParameters",
       [=] {
         return "def f(int a" + numbered(kMany, [&](std::size_t i) { return ", int a" + n(i); }) +
                ") { return 1; }";
       },
       false},
      {"ManyParametersOfOneName",
       [=] { return "def f(int a" + repeat(", int a", kMany) + ") { return 1; }"; }},
      {"ManyArguments", [] { return "def f(int a) { return 1; }\nx = f(1" + repeat(", 1", kMany) + ");"; }},
      {"ManyLocals",
       [=] {
         return "def f() {" + numbered(kMany, [&](std::size_t i) { return "a" + n(i) + " = 1;\n"; }) +
                "return 1; }";
       },
       false},
      {"ManyGlobals", [=] { return numbered(kMany, [&](std::size_t i) { return "a" + n(i) + " = 1;\n"; }); },
       false},
      {"ManyDuplicateFunctions", [] { return repeat("def f() { return 1; }\n", kMany); }},
      {"ManyDuplicateLocals", [] { return "def f() {" + repeat("a = 1;\n", kMany) + "return 1; }"; }},
      {"ManyUndefinedNames",
       [=] { return numbered(kMany, [&](std::size_t i) { return "b" + n(i) + " = a" + n(i) + ";\n"; }); }},
      {"ManyUndefinedNamesInOne",
       [=] { return "x = (1" + numbered(kMany, [&](std::size_t i) { return ", a" + n(i); }) + ");"; }},
      {"ManyUndefinedFunctions",
       [=] { return numbered(kMany, [&](std::size_t i) { return "b" + n(i) + " = f" + n(i) + "();\n"; }); }},
      {"ManyNamesAndOneMisspelled",
       [=] {
         return numbered(20'000, [&](std::size_t i) { return "name" + n(i) + " = 1;\n"; }) +
                numbered(20'000, [&](std::size_t i) { return "x" + n(i) + " = nam" + n(i) + ";\n"; });
       }},
      {"ManyUndefinedMapFunctions",
       [=] {
         return numbered(kMany, [&](std::size_t i) { return "IndexTaskMap t" + n(i) + " f" + n(i) + ";\n"; });
       }},
      {"ManyTasks",
       [=] { return numbered(kMany, [&](std::size_t i) { return "Task t" + n(i) + " GPU, CPU;\n"; }); },
       false},
      {"ManyBadLayouts",
       [] { return repeat("Layout a b GPU SOA AOS C_order F_order Align == 3;\n", kMany); }},
      {"OneFunctionUsedOften",
       [=] {
         return "def f(int i) { return i; }\nx = f(1)" + repeat(" + f(2)", 50) + ";\n" +
                numbered(kMany, [&](std::size_t i) { return "a" + n(i) + " = f(" + n(i) + ");\n"; });
       },
       false},
  };
}

// With more repairs than one round makes.
std::vector<Text> repaired_texts() {
  return {
      {"ManyMisspelledStatements", [] { return repeat("Tsk a GPU;\n", 20'000); }},
      {"ManyMissingSemicolons", [] { return repeat("Task a GPU\n", 20'000); }},
      {"ManyPythonFunctions", [] { return repeat("def f(t):\n    if a:\n        return 1\n", 20'000); }},
      {"ManyUnreadableMemories", [] { return repeat("Region a b CPU FBMEM;\n", 20'000); }},
  };
}

std::string test_name(const testing::TestParamInfo<Text>& info) {
  return info.param.name;
}

// The largest that anybody waits for, read once.
class HostileLargest : public testing::TestWithParam<Text> {};

TEST_P(HostileLargest, IsRead) {
  const Verdict v = isolated([] { return said(lang::compile(source_of(GetParam().make())).problems); });
  EXPECT_EQ(v.fault, "");
  EXPECT_EQ(v.text.starts_with("MW"), GetParam().wrong) << v.text;
}

std::vector<Text> largest_texts() {
  const auto largest = [](std::string_view piece) { return repeat(piece, kLargest / piece.size()); };
  return {
      {"Zeros", [=] { return largest(std::string_view("\0", 1)); }},
      {"Newlines", [=] { return largest("\n"); }, false},
      {"Assignments", [=] { return largest("a=1;"); }},
      {"RepeatedTasks", [=] { return largest("Task a GPU;\n"); }, false},
      {"OneIdentifier", [] { return std::string(kLargest, 'a'); }},
      {"OneComment", [] { return "#" + std::string(kLargest, 'x'); }, false},
  };
}

INSTANTIATE_TEST_SUITE_P(Texts, HostileLargest, testing::ValuesIn(largest_texts()), test_name);
INSTANTIATE_TEST_SUITE_P(Large, HostileText, testing::ValuesIn(large_texts()), test_name);
INSTANTIATE_TEST_SUITE_P(Deep, HostileText, testing::ValuesIn(deep_texts()), test_name);
INSTANTIATE_TEST_SUITE_P(Repaired, HostileText, testing::ValuesIn(repaired_texts()), test_name);
INSTANTIATE_TEST_SUITE_P(Many, HostileLargest, testing::ValuesIn(many_of_something()), test_name);

// ------------------------------------------------------------------------------------------------------
// bytes

TEST(HostileBytes, EverySingleByte) {
  const Verdict v = isolated([] {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string one(1, static_cast<char>(byte));
      for (const std::string& text :
           {one, "Task * GPU;" + one, "x = 1" + one + "1;", "Task \"" + one + "\" GPU;", "#" + one + "\nTask",
            one + one + one, "def f(Task t) { return " + one + "; }"}) {
        const std::string said = answer(text);
        if (!said.empty() && !said.starts_with("MW")) return fmt::format("byte {}: {}", byte, said);
      }
    }
    return std::string();
  });
  EXPECT_EQ(v.fault + v.text, "");
}

TEST(HostileBytes, RandomBytes) {
  const Verdict v = isolated([] {
    std::mt19937_64 random(20241021);
    for (int round = 0; round < 500; ++round) {
      std::string text(random() % 300, '\0');
      for (char& c : text) c = static_cast<char>(random());
      const std::string said = answer(text);
      if (!said.empty() && !said.starts_with("MW")) return fmt::format("round {}: {}", round, said);
    }
    return std::string();
  });
  EXPECT_EQ(v.fault + v.text, "");
}

// Words of the language in any order get further than bytes.
TEST(HostileBytes, RandomWords) {
  const Verdict v = isolated([] {
    constexpr std::array<std::string_view, 64> kWords{"Task",
                                                      "Region",
                                                      "Layout",
                                                      "InstanceLimit",
                                                      "CollectMemory",
                                                      "IndexTaskMap",
                                                      "SingleTaskMap",
                                                      "def",
                                                      "return",
                                                      "print",
                                                      "tuple",
                                                      "range",
                                                      "for",
                                                      "in",
                                                      "Machine",
                                                      "GPU",
                                                      "CPU",
                                                      "FBMEM",
                                                      "SYSMEM",
                                                      "SOA",
                                                      "Align",
                                                      "==",
                                                      "int",
                                                      "IPoint",
                                                      "MSpace",
                                                      "f",
                                                      "g",
                                                      "x",
                                                      "y",
                                                      "(",
                                                      ")",
                                                      "[",
                                                      "]",
                                                      "{",
                                                      "}",
                                                      "{",
                                                      "}",
                                                      ",",
                                                      ",",
                                                      ";",
                                                      ";",
                                                      ";",
                                                      ";",
                                                      "*",
                                                      "-",
                                                      "!",
                                                      "+",
                                                      "/",
                                                      "%",
                                                      "?",
                                                      ":",
                                                      ".",
                                                      ".size",
                                                      ".split",
                                                      ".merge",
                                                      "task.ipoint",
                                                      "\"{}\"",
                                                      "\"",
                                                      "0",
                                                      "1",
                                                      "2",
                                                      "#",
                                                      "\n",
                                                      "="};
    std::mt19937_64 random(20241022);
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (std::size_t n = random() % 60; n > 0; --n) {
        text += kWords[random() % kWords.size()];
        if (random() % 3 != 0) text += ' ';
      }
      const std::string said = answer(text);
      if (!said.empty() && !said.starts_with("MW")) return fmt::format("round {}: {}\n{}", round, said, text);
    }
    return std::string();
  });
  EXPECT_EQ(v.fault + v.text, "");
}

// Good mappers with a piece cut out, doubled or exchanged.
TEST(HostileBytes, BrokenMappers) {
  const Verdict v = isolated([] {
    std::mt19937_64 random(20241023);
    for (const auto& entry : std::filesystem::directory_iterator(kRoot / "mappers/expert")) {
      const auto good = base::read_file(entry.path(), kLarge);
      if (!std::holds_alternative<std::string>(good)) return std::string("cannot read the mappers");
      for (int round = 0; round < 40; ++round) {
        std::string text = std::get<std::string>(good);
        const std::size_t at = random() % text.size();
        const std::size_t length = random() % 20;
        switch (random() % 4) {
          case 0: text.erase(at, length); break;
          case 1: text.insert(at, text.substr(random() % text.size(), length)); break;
          case 2: text[at] = static_cast<char>(random()); break;
          default: text.resize(at); break;
        }
        const std::string said = placed(text, small_grid(), domain_of({2, 2}));
        if (!said.empty() && !said.starts_with("MW")) return fmt::format("{}\n{}", said, text);
        const std::string read = answer(text);
        if (!read.empty() && !read.starts_with("MW")) return fmt::format("{}\n{}", read, text);
      }
    }
    return std::string();
  });
  EXPECT_EQ(v.fault + v.text, "");
}

// -------------------------------------------------------------------------------------------------
// evaluation

struct Evaluation {
  std::string name;
  std::string text;
  bool wrong = true;
  Grid grid = small_grid();
  std::vector<std::int64_t> domain{4};
};

void PrintTo(const Evaluation& e, std::ostream* out) {
  *out << e.name;
}

class HostileEvaluation : public testing::TestWithParam<Evaluation> {};

TEST_P(HostileEvaluation, EndsWithAnAnswer) {
  const Evaluation& e = GetParam();
  const Verdict v = isolated([&] { return placed(e.text, e.grid, domain_of(e.domain)); });
  EXPECT_EQ(v.fault, "");
  if (e.wrong) {
    EXPECT_TRUE(v.text.starts_with("MW")) << v.text;
    EXPECT_EQ(v.text.find("without a place"), std::string::npos) << v.text;
  } else {
    EXPECT_EQ(v.text, "");
  }
}

// A mapping function with this body, and what stands before it.
std::string mapping(const std::string& body, const std::string& before = "") {
  return "gpus = Machine(GPU);\nrow = gpus.merge(0, 1);\n" + before + "def m(Task task) {\n" + body +
         "\n}\nIndexTaskMap t m;\n";
}

std::vector<Evaluation> evaluations() {
  std::vector<Evaluation> all;
  const auto global = [&](const std::string& name, const std::string& text, bool wrong = true) {
    all.push_back({name, text, wrong});
  };
  const auto point = [&](const std::string& name, const std::string& body, const std::string& before = "",
                         bool wrong = true) { all.push_back({name, mapping(body, before), wrong}); };
  // Recursion.
  global("EndlessRecursion", "def f(int n) { return f(n + 1); }\nx = f(0);\n");
  global("EndlessRecursionOfNothing", "def f() { return f(); }\nx = f();\n");
  global("EndlessRecursionBehindOperators",
         "def f(int n) { return -(1 + (2 * (3 - f(n + 1)))); }\nx = f(0);\n");
  global("EndlessRecursionInArguments", "def f(int n) { return f(f(f(n))); }\nx = f(0);\n");
  global("MutualRecursion",
         "def f(int n) { return g(n); }\ndef g(int n) { return h(n); }\ndef h(int n) { return f(n); }\nx = "
         "f(0);\n");
  global("ExponentialRecursion", "def f(int n) { return n == 0 ? 0 : f(n - 1) + f(n - 1); }\nx = f(200);\n");
  global("RecursionByComprehension",
         "def f(int n) { return tuple(f(n + 1) for i in range(10)); }\nx = f(0);\n");
  global("RecursionWithManyVariables", "def f(int n) { " + numbered(500, [](std::size_t i) {
                                         return fmt::format("a{} = n;\n", i);
                                       }) + " return f(n + 1); }\nx = f(0);\n");
  point("RecursionAtAPoint", "return gpus[f(task.ipoint[0]), 0];", "def f(int n) { return f(n + 1); }\n");
  point("ExponentialRecursionAtAPoint", "return gpus[f(60, task.ipoint[0]), 0];",
        "def f(int n, int m) { return n == 0 ? m : f(n - 1, m) + f(n - 1, m); }\n");
  // Sizes.
  global("GrowingTuples", "def f(IPoint t) { return f((*t, *t)); }\nx = f((1, 2));\n");
  global("GrowingTuplesByOne",
         "def f(int n, IPoint t) { return n == 0 ? t.len : f(n - 1, (*t, n)); }\nx = f(3000, (1,));\n");
  global("NestedTuples",
         "def f(int n, IPoint t) { return n == 0 ? t : f(n - 1, (t, t)); }\nx = f(1000, (1, "
         "1));\nprint(\"{}\", x);\n");
  global("NestedTuplesAreCompared",
         "def f(int n, IPoint t) { return n == 0 ? t : f(n - 1, (t, t)); }\nx = f(60, (1, 1)) == f(60, (1, "
         "1));\n");
  global("NestedTuplesAreAdded",
         "def f(int n, IPoint t) { return n == 0 ? t : f(n - 1, (t, t)); }\nx = f(60, (1, 1)) + f(60, (1, "
         "1));\n");
  global("NestedTuplesAreNegated",
         "def f(int n, IPoint t) { return n == 0 ? t : f(n - 1, (t, t)); }\nx = -f(60, (1, 1));\n");
  global("NestedTuplesArePrinted",
         "def f(int n, IPoint t) { return n == 0 ? t : f(n - 1, (t, t)); }\nprint(\"{}\", f(40, (1, 1)));\n",
         false);
  global("HugeRange", "x = range(9223372036854775807);\n");
  global("NegativeRange", "x = range(-9223372036854775807 - 1);\n", false);
  global("HugeRangeOfRanges", "x = tuple(range(1000000) for i in range(1000000));\n");
  global("ManyLoops",
         "x = tuple(tuple(tuple(i for i in range(1000)) for i in range(1000)) for i in range(1000));\n");
  all.push_back({"ManyLongGlobals",
                 "def f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\n" +
                     numbered(5000, [](std::size_t i) { return fmt::format("a{} = f(24);\n", i); })});
  all.push_back({"ManyLongPrints", "def f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\n" +
                                       repeat("print(\"{}\", f(24));\n", 5000)});
  point("LongPoints", "return gpus[f(23) * 0, 0];",
        "def f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\n", false);
  all.push_back({"LongPointsOfALargeLaunch",
                 mapping("return gpus[f(22 + task.ipoint[0] % 2) * 0, 0];",
                         "def f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\n"),
                 true,
                 small_grid(),
                 {1 << 20}});
  point("PrintsInALoop", "x = tuple(p(i) for i in range(1000));\nreturn gpus[0, 0];",
        "def p(int i) {\n    print(\"{} {}\", i, range(100));\n    return i;\n}\n", false);
  all.push_back({"PrintsOfALargeLaunch",
                 mapping("print(\"{}\", range(5000));\nreturn gpus[0, task.ipoint[0] % 4];"),
                 false,
                 small_grid(),
                 {5000}});
  global("PrintsALargeTuple", "print(\"{} {} {}\", range(300000), range(300000), range(300000));\n", false);
  global("PrintsManyLargeTuples", repeat("print(\"{}\", range(200000));\n", 100));
  // Numbers.
  for (const std::string low : {"(-9223372036854775807 - 1)"}) {
    global("SmallestOverMinusOne", "x = " + low + " / -1;\n");
    global("SmallestModuloMinusOne", "x = " + low + " % -1;\nprint(\"{}\", x);\n", false);
    global("NegatedSmallest", "x = -" + low + ";\n");
    global("NegatedTupleOfSmallest", "x = -(" + low + ", 1);\n");
    global("SmallestMinusOne", "x = " + low + " - 1;\n");
    global("SmallestTimesMinusOne", "x = " + low + " * -1;\n");
    global("SmallestAsIndex", "t = (1, 2);\nx = t[" + low + "];\n");
    global("SmallestInSlice", "t = (1, 2);\nx = t[" + low + ":9223372036854775807];\n", false);
    global("SmallestAsDimension", "x = Machine(GPU).reverse(" + low + ");\n");
    global("SmallestAsExtent", "x = Machine(GPU).auto_split(0, (" + low + ", 1));\n");
    global("SmallestInMachineSlice", "x = Machine(GPU).slice(0, " + low + ", 9223372036854775807);\n");
    global("SmallestAsIndexOfMachine", "x = Machine(GPU)[" + low + ", 9223372036854775807];\n");
  }
  global("LargestPlusOne", "x = 9223372036854775807 + 1;\n");
  global("LargestTimesLargest", "x = 9223372036854775807 * 9223372036854775807;\n");
  global("VolumeOverflows", "x = (4294967296, 4294967296, 4).volume;\n");
  global("VolumeOverflowsThroughZero", "x = (4294967296, 4294967296, 0).volume;\nprint(\"{}\", x);\n");
  global("DividedByZero", "x = 1 / 0;\n");
  global("ModuloZero", "x = (1, 2) % (1, 0);\n");
  global("NumberTooLarge", "x = 9223372036854775808;\n");
  global("NumberOfManyDigits", "x = " + std::string(100'000, '9') + ";\n");
  global("ManyLeadingZeros", "x = " + std::string(100'000, '0') + "1;\n", false);
  // Machine spaces.
  global("ChainOfMerges", "x = Machine(GPU)" + repeat(".split(0, 1)", 15) + ";\n");
  global("ChainOfSwaps", "x = Machine(GPU)" + repeat(".swap(0, 1)", 64) + ";\n");
  global("ChainByRecursion",
         "def f(int n, MSpace m) { return n == 0 ? m : f(n - 1, m.swap(0, 1).merge(0, 1).split(0, 2)); }\nx "
         "= f(60, Machine(GPU));\n");
  global("ManySpaces",
         "def f(int n, MSpace m) { return n == 0 ? m.volume : f(n - 1, m.reverse(0)) + f(n - 1, "
         "m.reverse(1)); }\nx = f(16, Machine(GPU));\n");
  global("EmptySlice", "x = Machine(GPU).slice(1, 2, 1);\n");
  global("SliceOutside", "x = Machine(GPU).slice(1, 0, 4);\n");
  global("SplitByZero", "x = Machine(GPU).split(1, 0);\n");
  global("SplitByMinusOne", "x = Machine(GPU).split(1, -1);\n");
  global("SplitOfZeroParts", "x = Machine(GPU).balance_split(0, 0);\n");
  global("SplitIntoManyParts", "x = Machine(GPU).balance_split(0, 9223372036854775807);\n");
  global("SplitForNothing", "x = Machine(GPU).auto_split(0, range(0));\n");
  global("SplitForManyDimensions", "x = Machine(GPU).auto_split(0, range(1000000));\n");
  global("GreedySplitForManyDimensions", "x = Machine(GPU).greedy_split(0, range(1000000));\n");
  global("SplitForZeroExtents", "x = Machine(GPU).auto_split(1, (0, 0));\nprint(\"{}\", x.size);\n", false);
  global("SplitForHugeExtents",
         "x = Machine(GPU).auto_split(1, (9223372036854775807, 9223372036854775807));\n", false);
  global("MergeWithItself", "x = Machine(GPU).merge(0, 0);\n");
  global("NoProcessors", "x = Machine(IO);\nprint(\"{}\", x.size);\n", false);
  global("IndexWithoutProcessors", "x = Machine(IO)[0, 0];\n");
  global("SetWithoutProcessors", "x = Machine(IO)[0, *];\n");
  global("TransformsWithoutProcessors",
         "x = Machine(IO).merge(0, 1).auto_split(0, (4, 4)).swap(0, 1).reverse(0).balance_split(1, "
         "3);\nprint(\"{}\", x.size);\n",
         false);
  global("SliceWithoutProcessors", "x = Machine(IO).slice(1, 0, 0);\n");
  all.push_back({"PointsWithoutProcessors",
                 "io = Machine(IO);\ndef m(Task task) { return io[0, task.ipoint[0] % io.size[1]]; "
                 "}\nIndexTaskMap t m;\n"});
  point("SetOverNodes", "return gpus[*, 0];");
  point("NotAProcessor", "return 9223372036854775807;");
  point("OutsideAtTheLastPoint", "return gpus[0, task.ipoint[0] / 3 * 4];");
  // Launches.
  all.push_back({"OnePointTooMany", mapping("return gpus[0, 0];"), true, small_grid(), {4096, 4097}});
  all.push_back({"FarTooManyPoints", mapping("return gpus[0, 0];"), true, small_grid(),
                 std::vector<std::int64_t>(9, std::int64_t{1} << 40)});
  // Machines.
  const std::string wide = mapping(
      "g = row.auto_split(0, (100, 64, 32, 16, 8, 7, 6, 5, 4, 3));\n"
      "return row[g.volume * 0 + task.ipoint[0] % row.volume];");
  for (const std::int64_t nodes : {1, 7, 1009, 1048573, 1 << 20}) {
    all.push_back(
        {fmt::format("Nodes{}", nodes),
         mapping("g = gpus.auto_split(0, (30, 7, 5));\nh = row.greedy_split(0, (3, 4, 5, 6));\n"
                 "return row[(task.ipoint[0] * row.volume / task.ispace[0] + h.len * 0) % row.volume];"),
         false,
         machine::make_grid(nodes, {1, 4, 0, 0, 0, 2}),
         {64}});
    all.push_back(
        {fmt::format("BalancedNodes{}", nodes),
         mapping("b = row.balance_split(0, 15);\nreturn b[*tuple(task.ipoint[0] * 0 for i in range(15))];"),
         false, machine::make_grid(nodes, {1, 4, 0, 0, 0, 2})});
  }
  all.push_back(
      {"TenDimensionsOfAPowerOfTwo", wide, true, machine::make_grid(1 << 20, {0, 1 << 16, 0, 0, 0, 0})});
  all.push_back({"TenDimensionsOfAHighlyCompositeNumber", wide, true,
                 machine::make_grid(720720, {0, 55440, 0, 0, 0, 0})});
  all.push_back({"AutoSplitForEachPoint",
                 mapping("g = row.auto_split(0, (task.ipoint[0] + 1, 64, 32, 16));\nreturn g[0, 0, 0, 0];"),
                 false,
                 machine::make_grid(1 << 10, {0, 1 << 10, 0, 0, 0, 0}),
                 {64}});
  all.push_back({"ExpensiveAutoSplitForEachPoint",
                 mapping("g = row.auto_split(0, (task.ipoint[0] + 1, 64, 32, 16));\nreturn g[0, 0, 0, 0];"),
                 true,
                 machine::make_grid(720720, {0, 55440, 0, 0, 0, 0}),
                 {1 << 20}});
  all.push_back({"SetsOfAllProcessors",
                 mapping("return gpus[0, *];"),
                 true,
                 machine::make_grid(1, {0, 1 << 16, 0, 0, 0, 0}),
                 {1 << 20}});
  all.push_back(
      {"SpaceForEachPoint",
       mapping("i = task.ipoint[0];\ng = row.slice(0, i % 1000, i % 1000 + 3).reverse(0);\nreturn g[i % 4];"),
       false,
       machine::make_grid(1 << 10, {0, 4, 0, 0, 0, 0}),
       {200000}});
  all.push_back({"OldFormOfALargeLaunch",
                 "gpus = Machine(GPU);\ndef o(IPoint p, ISpace s, MSpace m) { return p % m.size; "
                 "}\nIndexTaskMap t gpus o;\n",
                 false,
                 small_grid(),
                 {300, 300}});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Functions, HostileEvaluation, testing::ValuesIn(evaluations()),
                         [](const auto& tested) { return tested.param.name; });

TEST(HostileNames, AreShownHarmlessly) {
  const Verdict v = isolated([] {
    for (const std::string name : {"\x1b]0;x\x07", "\r\n",
                                   "\xc2\x9b"
                                   "2J",
                                   "\xe2\x80\xae", "\xff", "a\tb"}) {
      const std::string text = "Task \"" + name + "\" GPU;\nTask \"" + name + "\" CPU;\nRegion \"" + name +
                               "\" * CPU FBMEM;\n" + "print(\"" + name + " {}\", 1 / 0);\nIndexTaskMap \"" +
                               name + "\" \"" + name + "\";\n";
      const std::string said = answer(text);
      if (!said.starts_with("MW")) return said;
      lang::ProgramFacts facts;
      facts.name = name;
      facts.tasks.push_back({name + "x", {}, {{name}}, {}, false});
      const auto mapper = lang::compile(source_of("Task t GPU;\nRegion t r GPU FBMEM;\n")).mapper;
      const base::Diagnostics problems = lang::check_names(*mapper, facts, nullptr);
      for (const base::Diagnostic& d : problems.items()) {
        const std::string shown = base::render(d, false);
        if (shown.find_first_of("\x1b\r\x07\t") != std::string::npos) return "shown: " + shown;
      }
    }
    return std::string();
  });
  EXPECT_EQ(v.fault + v.text, "");
}

// ------------------------------------------------------------------------------------------------------
// files

class HostileMachine : public testing::TestWithParam<Text> {};

TEST_P(HostileMachine, HasAnAnswer) {
  const Verdict v = isolated([] {
    const auto parsed = machine::parse_machine(source_of(GetParam().make()));
    return parsed ? std::string() : said(parsed.problems());
  });
  EXPECT_EQ(v.fault, "");
  EXPECT_TRUE(v.text.starts_with("MW")) << v.text;
}

std::vector<Text> machine_texts() {
  constexpr std::size_t kBytes = machine::kMachineFileBytes;
  const auto filled = [](std::string_view piece) { return repeat(piece, kBytes / piece.size()); };
  const auto with = [](const std::string& line) {
    const auto good = base::read_file(kRoot / "machines/p100x4.toml", kLarge);
    return std::get<std::string>(good) + "\n" + line + "\n";
  };
  return {
      {"Nothing", [] { return std::string(); }},
      {"Zeros", [=] { return filled(std::string_view("\0", 1)); }},
      {"Brackets", [=] { return filled("["); }},
      {"Braces", [=] { return filled("{"); }},
      {"Quotes", [=] { return filled("\""); }},
      {"Newlines", [=] { return filled("\n"); }},
      {"DeepArrays", [=] { return "a = " + filled("["); }},
      {"DeepTables", [=] { return "a = " + filled("{a="); }},
      {"DottedKey", [=] { return filled("a.") + "a = 1"; }},
      {"DottedHeader", [=] { return "[" + filled("a.") + "a]"; }},
      {"DottedInlineKeys", [=] { return "a = {" + repeat("a.", 50'000) + "a = 1}"; }},
      {"DottedKeysInLines",
       [=] {
         return numbered(3'000,
                         [](std::size_t i) { return repeat("a.", 31) + "k" + std::to_string(i) + " = 1\n"; });
       }},
      {"ManyHeaders",
       [=] { return numbered(30'000, [](std::size_t i) { return "[a" + std::to_string(i) + "]\n"; }); }},
      {"ManyTablesOfOneName", [=] { return filled("[a]\n"); }},
      {"ManyArraysOfTables", [=] { return filled("[[a]]\n"); }},
      {"ManyKeys",
       [=] { return numbered(50'000, [](std::size_t i) { return "k" + std::to_string(i) + " = 1\n"; }); }},
      {"ManyKeysInATable",
       [=] {
         return "[node]\n" +
                numbered(50'000, [](std::size_t i) { return "k" + std::to_string(i) + " = 1\n"; });
       }},
      {"ManyLinks",
       [=] {
         return numbered(20'000, [](std::size_t i) {
           return "[links.l" + std::to_string(i) + "]\ncarries = [\"FBMEM ZCMEM\"]\n";
         });
       }},
      {"LongKey", [=] { return filled("a") + " = 1"; }},
      {"LongText", [=] { return "name = \"" + filled("a") + "\""; }},
      {"LongNumber", [=] { return "nodes = " + filled("9"); }},
      {"LongFloat", [=] { return "nodes = 0." + filled("9"); }},
      {"LongExponent", [=] { return "nodes = 1e" + filled("9"); }},
      {"LongEscapes", [=] { return "name = \"" + filled("\\u001b") + "\""; }},
      {"LongList", [=] { return "[processors.GPU]\nsockets = [" + filled("0,") + "]"; }},
      {"ControlCharacters", [] { return std::string("name = \"\x1b[2J\""); }},
      {"ControlCharactersInAKey", [] { return std::string("\"\\u001b[2J\\u0000\" = 1"); }},
      {"InvalidBytes", [] { return std::string("name = \"\xff\xfe\""); }},
      {"WrongTypes",
       [] {
         return std::string(
             "name = 1\nnodes = \"x\"\nnode = []\nprocessors = 1\nmemories = {}\naffinities = true\nlinks = "
             "1979-05-27\nnetwork = inf\nruntime = nan\n");
       }},
      {"HugeNumbers",
       [] {
         return std::string(
             "name = \"x\"\nnodes = 9223372036854775807\n[node]\nsockets = "
             "-9223372036854775808\n[processors.GPU]\ncount = 9223372036854775807\n");
       }},
      {"NumberOverflow", [] { return std::string("nodes = 9223372036854775808"); }},
      {"Infinity",
       [=] { return with("[links.x]\nbandwidth = \"inf GB/s\"\nlatency = \"1e999 s\"\ncarries = []"); }},
      {"NotANumber",
       [=] { return with("[links.x]\nbandwidth = \"nan GB/s\"\nlatency = \"-0 s\"\ncarries = []"); }},
      {"HugeQuantity",
       [=] {
         return with("[links.x]\nbandwidth = \"" + std::string(100'000, '9') + " GB/s\"\nlatency = \"1 s\"");
       }},
      {"DateAndTime", [=] { return with("[links.x]\nbandwidth = 1979-05-27T07:32:00Z"); }},
      {"RedefinedBehindAByteOrderMark", [] { return std::string("\xEF\xBB\xBF[a]\nx = 1\n[a]\n"); }},
      {"RedefinedTable", [=] { return with("[node]\nsockets = 3"); }},
  };
}

INSTANTIATE_TEST_SUITE_P(Files, HostileMachine, testing::ValuesIn(machine_texts()), test_name);

class HostileProgram : public testing::TestWithParam<Text> {};

// The problems of a program file, or of a mapper that is held against it.
std::string program_answer(const std::string& text) {
  const auto facts = program::load_facts(source_of(text));
  if (!facts) return said(facts.problems());
  const auto mapper =
      lang::compile(
          source_of(
              "Task a, b GPU;\nRegion a r0 GPU FBMEM;\ngpus = Machine(GPU);\n\ndef f(Task task) { return "
              "gpus[task.ipoint[0] % 2, 0]; }\nIndexTaskMap * f;\n"))
          .mapper;
  const Grid grid = small_grid();
  base::Diagnostics problems = lang::check_names(*mapper, *facts, &grid);
  const auto placer = lang::Placer::create(mapper, grid);
  problems.add(lang::check_launches(**placer, *facts));
  const std::string said_of = said(problems);
  return said_of.empty() ? "read" : said_of;
}

TEST_P(HostileProgram, HasAnAnswer) {
  const Verdict v = isolated([] { return program_answer(GetParam().make()); }, {10, 1500});
  EXPECT_EQ(v.fault, "");
  if (GetParam().wrong) {
    EXPECT_TRUE(v.text.starts_with("MW")) << v.text;
  } else {
    EXPECT_EQ(v.text, "read");
  }
}

std::vector<Text> program_texts() {
  const auto tasks = [](const std::string& list) { return "{\"name\":\"p\",\"tasks\":[" + list + "]}"; };
  const auto n = [](std::size_t i) { return std::to_string(i); };
  return {
      {"Zeros", [] { return large(std::string_view("\0", 1)); }},
      {"Spaces", [] { return large(" "); }},
      {"Brackets", [] { return large("["); }},
      {"Braces", [] { return large("{\"a\":"); }},
      {"Quotes", [] { return large("\""); }},
      {"Numbers", [] { return "[" + large("1,") + "1]"; }},
      {"LongNumber", [] { return "{\"name\":\"p\",\"tasks\":[],\"x\":" + large("9") + "}"; }},
      {"DeepValueThatNobodyReads",
       [] { return "{\"name\":\"p\",\"tasks\":[],\"x\":" + repeat("[", kMany) + repeat("]", kMany) + "}"; }},
      {"DeepObjectThatNobodyReads",
       [] {
         return "{\"name\":\"p\",\"tasks\":[],\"x\":" + repeat("{\"a\":", kMany) + "1" + repeat("}", kMany) +
                "}";
       }},
      {"DeepTasks", [=] { return tasks(repeat("[", kMany) + repeat("]", kMany)); }},
      {"LongName", [] { return "{\"name\":\"" + large("a") + "\",\"tasks\":[]}"; }, false},
      {"Overflow", [] { return std::string("{\"name\":\"p\",\"tasks\":[],\"x\":1e999}"); }},
      {"ManyTasks",
       [=] {
         return tasks("{\"name\":\"a\"}" +
                      numbered(kMany, [&](std::size_t i) { return ",{\"name\":\"t" + n(i) + "\"}"; }));
       },
       false},
      {"ManyTasksOfOneName",
       [=] { return tasks("{\"name\":\"a\"}" + repeat(",{\"name\":\"b\",\"launches\":[[3]]}", kMany)); }},
      {"ManyRegions",
       [=] {
         return tasks("{\"name\":\"a\",\"regions\":[\"r0\"" +
                      numbered(kMany, [&](std::size_t i) { return ",\"r" + n(i) + "\""; }) + "]}");
       },
       false},
      {"ManyLaunches",
       [=] {
         return tasks("{\"name\":\"a\",\"launches\":[\"single\"" +
                      numbered(kMany, [&](std::size_t i) { return ",[1," + n(i + 1) + "]"; }) + "]}");
       }},
      {"ManyEqualLaunches",
       [=] { return tasks("{\"name\":\"a\",\"launches\":[[4]" + repeat(",[4]", 10 * kMany) + "]}"); }, false},
      {"ManySmallLaunches",
       [=] {
         return tasks("{\"name\":\"a\",\"launches\":[[1]" +
                      numbered(1000, [&](std::size_t i) { return ",[" + n(i + 1) + "]"; }) + "]}");
       },
       false},
      {"ManyLargeLaunches",
       [=] {
         return tasks("{\"name\":\"a\",\"launches\":[[1]" +
                      numbered(1000, [&](std::size_t i) { return ",[" + n(16'000'000 + i) + "]"; }) + "]}");
       }},
      {"HugeLaunch",
       [=] { return tasks("{\"name\":\"a\",\"launches\":[[1099511627776,1099511627776,1099511627776]]}"); }},
      {"LaunchOutOfRange", [=] { return tasks("{\"name\":\"a\",\"launches\":[[1125899906842625]]}"); }},
      {"OddNames",
       [=] {
         return tasks(
             "{\"name\":\"*\",\"regions\":[\"\",[],[\"\\u0000\"]]},{\"name\":\"\",\"launches\":[[1]]}");
       },
       false},
      {"ManyVariants",
       [=] { return tasks("{\"name\":\"a\",\"variants\":[\"GPU\"" + repeat(",\"CPU\"", kMany) + "]}"); },
       false},
  };
}

INSTANTIATE_TEST_SUITE_P(Files, HostileProgram, testing::ValuesIn(program_texts()), test_name);

}  // namespace
}  // namespace mapwright
