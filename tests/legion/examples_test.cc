// Applications that others wrote: Legion's examples and tutorials, and task_bench, unmodified and under
// mappers. By the environment: MAPWRIGHT_LEGION_EXAMPLES, the folders in which they were built, separated by
// colons; MAPWRIGHT_LEGION_RUNS, how often each is executed under each mapper (default 1);
// MAPWRIGHT_LEGION_LAUNCHER, what starts them on several nodes, and MAPWRIGHT_LEGION_NODES, on how many.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuned.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using process::Outcome;
using tuned::Workplace;

struct Example {
  std::string_view name;
  std::string_view options;
  std::string_view contradicted_by = "";  // the mappers that the program does not allow
  std::string_view kind = "CPU";          // of processor that its tasks have variants for
  long processors = 2;
};

void PrintTo(const Example& example, std::ostream* out) {
  *out << example.name;
}

constexpr Example kExamples[] = {
    {"allreduce", ""},
    {"attach_array_daxpy", ""},
    // Takes SOA without a check.
    {"circuit", "-l 3 -p 4 -npp 100 -wpp 400", "apart"},
    {"collective_writes", ""},
    // Its points wait for one another: they have to be on processors of their own.
    {"concurrent", "-p 2", "one"},
    {"custom_mapper", ""},
    {"dynamic_registration", "", "apart"},  // demands an order
    {"future_map_transforms", ""},
    {"ghost", "", "", "CPU", 4},
    {"ghost_pull", "", "", "CPU", 4},
    {"implicit_top_task", ""},
    {"index_tasks", ""},
    {"inline_tasks", ""},
    {"layout_constraints", "", "apart"},  // its subject
    {"multiple_partitions", ""},
    {"omp_saxpy", "-ll:ocpu 2 -ll:othr 1 -ll:onuma 0", "", "OMP"},
    {"padded_instances", ""},
    {"partitioning", ""},
    {"point_wise_dependence_analysis", ""},
    {"predication", ""},
    {"privileges", ""},
    {"spmd_cgsolver", "-nx 8 -ny 8 -nz 8"},
    {"streaming", ""},
    // Asserts that bytes of a field are side by side.
    {"task_bench", "-steps 10 -width 4 -type stencil_1d -kernel compute_bound -iter 1024", "apart"},
    {"tiling", "", "apart"},  // demands an order
    {"tree_collectives", ""},
    {"virtual_map", ""},
};

struct Place {
  long node;
  long processor;
};

struct Mapper {
  std::string_view name;
  std::string_view text;  // KIND stands for the kind of processor
  //! Of point i of `extent`, in the first dimension of an index launch, where each node has so many
  //! processors.
  Place (*place)(long i, long extent, long nodes, long processors) = nullptr;
  std::string_view arrangement = "SOA";
};

const Mapper kMappers[] = {
    {"none", ""},
    {"blocks",
     "m = Machine(KIND);\n"
     "Task * KIND;\n"
     "Region * * KIND SYSMEM;\n"
     "def block(Task task) {\n"
     "  i = task.ipoint[0] * m.volume / task.ispace[0] % m.volume;\n"
     "  return m[i / m.size[1], i % m.size[1]];\n"
     "}\n"
     "IndexTaskMap * block;\n",
     [](long i, long extent, long nodes, long processors) {
       const long at = i * nodes * processors / extent % (nodes * processors);
       return Place{at / processors, at % processors};
     }},
    {"one",
     "m = Machine(KIND);\n"
     "Task * KIND;\n"
     "Region * * KIND SYSMEM;\n"
     "def first(Task task) { return m[0, 0]; }\n"
     "IndexTaskMap * first;\n"
     "SingleTaskMap * first;\n",
     [](long, long, long, long) { return Place{0, 0}; }},
    {"apart",
     "m = Machine(KIND);\n"
     "Task * KIND;\n"
     "Region * * KIND SYSMEM;\n"
     "Layout * * KIND AOS C_order Exact;\n"
     "CollectMemory * *;\n"
     "def dealt(Task task) {\n"
     "  return m[task.ipoint[0] % m.size[0], task.ipoint[0] / m.size[0] % m.size[1]];\n"
     "}\n"
     "IndexTaskMap * dealt;\n",
     [](long i, long, long nodes, long processors) { return Place{i % nodes, i / nodes % processors}; },
     "AOS"},
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

long number(const char* name) {
  const std::string value = variable(name);
  return value.empty() ? 1 : std::stol(value);
}

std::optional<fs::path> built(std::string_view name) {
  std::istringstream folders(variable("MAPWRIGHT_LEGION_EXAMPLES"));
  for (std::string folder; std::getline(folders, folder, ':');)
    if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
  return std::nullopt;
}

//! What an application wrote that is its answer: without times, addresses and the like, and without the order
//! of lines, which is that in which tasks happen to run.
std::string answer(const std::string& text) {
  static const std::regex kTimes(
      "elapsed|time|flop/?s|b/s|seconds|\\{threads\\}|completed|\\bpmix\\b|\\bshard \\d", std::regex::icase);
  // Also a number that tasks draw from one generator in whatever order they run, and the processor on which
  // one runs.
  static const std::regex kNumbers(
      "^\\[\\d+ - [0-9a-f]+\\] +[0-9.]+ |0x[0-9a-f]+|[0-9.]+ ?[mu]?s\\b|alpha [-+.e0-9]+|proc=[0-9a-f]+");
  // Not a line by itself: other tasks may write between it and what comes of it.
  static const std::regex kOpen("Checking results\\.\\.\\.");
  std::vector<std::string> lines;
  std::istringstream in(std::regex_replace(text, kOpen, "\n"));
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && !std::regex_search(line, kTimes))
      lines.push_back(std::regex_replace(line, kNumbers, "") + "\n");
  std::ranges::sort(lines);
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}

class LegionExamples : public testing::TestWithParam<Example> {
 protected:
  void SetUp() override {
    if (variable("MAPWRIGHT_LEGION_EXAMPLES").empty())
      GTEST_SKIP() << "MAPWRIGHT_LEGION_EXAMPLES does not say where Legion's examples are built";
    const auto found = built(GetParam().name);
    if (!found) GTEST_SKIP() << "not built: " << GetParam().name;
    command = fmt::format("{} -ll:cpu {} {}", found->string(), GetParam().processors, GetParam().options);
  }

  //! All that it writes in a file, as mapwright keeps the end of it only.
  std::string under(const std::string& mapwright) const {
    return fmt::format("{} sh -c 'exec \"$@\" >out 2>&1' sh {} {}", mapwright,
                       variable("MAPWRIGHT_LEGION_LAUNCHER"), command);
  }
  //! As decisions have it.
  std::string text(const Place& at) const {
    const std::string local = fmt::format("{} {}", GetParam().kind, at.processor);
    return nodes > 1 ? fmt::format("{} of node {}", local, at.node) : local;
  }
  void expect_obeyed(const Mapper& mapper, const std::string& log) const;

  const long nodes = number("MAPWRIGHT_LEGION_NODES");
  std::string command;
  Workplace here;
};

TEST_P(LegionExamples, AnswerTheSameAndObey) {
  const long runs = number("MAPWRIGHT_LEGION_RUNS");
  const Outcome plain = here.shell(under("exec") + " -lg:safe_mapper");
  ASSERT_EQ(plain.exit, 0) << here.read("out");
  const std::string expected = answer(here.read("out"));
  for (const Mapper& mapper : kMappers) {
    if (GetParam().contradicted_by.find(mapper.name) != std::string_view::npos) continue;
    std::string options;
    if (!mapper.text.empty()) {
      here.write("m.mapper", std::regex_replace(std::string(mapper.text), std::regex("KIND"),
                                                std::string(GetParam().kind)));
      options = "--mapper m.mapper";
    }
    for (long run = 0; run <= runs; ++run) {
      // The last of them is watched.
      const std::string watched = run == runs ? "--decisions log" : "";
      const Outcome o =
          here.shell(under(fmt::format("exec mapwright run --legion {} {} --", options, watched)));
      EXPECT_EQ(o.exit, 0) << mapper.name << "\n" << o.out << o.err << here.read("out");
      EXPECT_EQ(answer(here.read("out")), expected) << mapper.name << ", run " << run;
    }
    expect_obeyed(mapper, here.read("log"));
    if (HasFailure()) return;
  }
}

void LegionExamples::expect_obeyed(const Mapper& mapper, const std::string& log) const {
  std::map<std::pair<long, long>, ordered_json> launches;  // by parent and order
  std::map<long, ordered_json> mapped;                     // by call
  std::map<std::string, std::size_t> count;
  for (const ordered_json& line : tuned::parsed_lines(log)) {
    const std::string event = line["event"];
    ++count[event];
    if (event == "launched") launches[{line.value("parent", 0L), line["order"]}] = line;
    if (event == "mapped") mapped[line["call"]] = line;
    if (event != "ran") continue;
    const auto& processors = mapped[line["call"]]["processors"];
    EXPECT_NE(std::ranges::find(processors, line["processor"]), processors.end()) << line << processors;
  }
  EXPECT_GT(count["mapped"], 0U) << mapper.name;
  EXPECT_GT(count["ran"], 0U) << mapper.name;
  EXPECT_LE(count["ran"], count["mapped"]) << "more only where a predicate was false: " << mapper.name;
  if (mapper.place == nullptr) return;
  for (const auto& [call, line] : mapped) {
    if (!line.contains("parent")) continue;  // nobody is asked where the first task runs
    const ordered_json& launch = launches[{line["parent"], line["order"]}];
    ASSERT_TRUE(launch.is_object()) << line;
    if (launch.contains("epoch")) continue;
    if (launch.contains("bounds")) {
      const long first = launch["bounds"][0][0];
      const long last = launch["bounds"][0][1];
      const Place at = mapper.place(line["point"][0], last - first + 1, nodes, GetParam().processors);
      EXPECT_EQ(line["processors"], ordered_json{text(at)}) << line;
    }
    for (const ordered_json& r : line["requirements"])
      for (const ordered_json& instance : r["instances"]) {
        if (instance["memory"] == "VIRTUAL") continue;  // what the application's own mapper hands on
        EXPECT_TRUE(instance["memory"].get<std::string>().starts_with("SYSMEM")) << line;
        EXPECT_TRUE(instance["layout"].get<std::string>().starts_with(mapper.arrangement)) << line;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Unmodified, LegionExamples, testing::ValuesIn(kExamples),
                         [](const auto& example) { return std::string(example.param.name); });

}  // namespace
}  // namespace mapwright
