// Legion applications under mappers: a real one, really run, that was never compiled for mapwright.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "texts.h"
#include "tuned.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using process::Outcome;
using tuned::Workplace;

#ifdef MAPWRIGHT_LABORATORY
const std::string kLaboratory = MAPWRIGHT_LABORATORY;
#else
const std::string kLaboratory;
#endif

class Legion : public testing::Test {
 protected:
  void SetUp() override {
    if (kLaboratory.empty())
      GTEST_SKIP() << "CMake found no Legion: -D CMAKE_PREFIX_PATH=PREFIX tells it where one is";
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP()
        << "the thread sanitizer has to be in a process from its start, and the adapter is preloaded";
#endif
    // Of the adapter: the application that it is preloaded into has none.
    if (process::kSanitized) ::setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
  }

  // Under mapwright: the words before and behind --.
  Outcome lab(const std::string& words, const std::string& options = "") const {
    return here.run(fmt::format("{} -- {} -ll:cpu 2 {}", words, kLaboratory, options));
  }

  double answer(const std::string& words, const std::string& options = "") const {
    const Outcome o = lab("run --json --metric 'ANSWER (\\S+)' " + words, options);
    EXPECT_EQ(o.exit, 0) << o.out << o.err;
    const ordered_json d = tuned::parsed(o.out);
    return d.contains("metric") && d["metric"]["value"].is_number() ? d["metric"]["value"].get<double>() : -1;
  }

  std::vector<ordered_json> decisions(const std::string& mapper, const std::string& options = "",
                                      const std::string& launcher = "") const {
    here.write("m.mapper", mapper);
    const Outcome o = lab("run --legion --mapper m.mapper --decisions log " + launcher, options);
    EXPECT_EQ(o.exit, 0) << o.out << o.err;
    return tuned::parsed_lines(here.read("log"));
  }

  Workplace here;
};

TEST_F(Legion, AnswersAreTheSameUnderAnyMapper) {
  const std::string kOptions = "-ll:rsize 64 -ll:ocpu 1 -ll:othr 1 -ll:onuma 0 -tiles 3";
  const double plain = answer("", kOptions);
  ASSERT_GT(plain, 0);
  const std::string mappers[] = {
      "",
      "Task * CPU;",
      "Task * OMP, CPU;\nRegion * * OMP SYSMEM;",
      "Task * CPU;\nRegion * * CPU RDMEM, SYSMEM;\nLayout * * * C_order AOS;",
      "Task * CPU;\nRegion * * CPU SYSMEM;\nLayout * * * AOS F_order Exact Align == 128;",
      "Layout cool * * C_order;\nCollectMemory * *;\nInstanceLimit * 1;",
      "m = Machine(CPU);\nTask * CPU;\ndef one(Task task) { return m[0, 1]; }\nIndexTaskMap * "
      "one;\nSingleTaskMap * one;",
      "m = Machine(CPU);\nTask * CPU;\ndef any(Task task) { return m[0, *]; }\nIndexTaskMap * "
      "any;\nInstanceLimit cool 2;",
      "Region tree * CPU VIRTUAL;\nControlReplicate main;",
  };
  for (const std::string& mapper : mappers) {
    std::string text = mapper;
    if (const auto all = text.find("InstanceLimit * 1;"); all != std::string::npos)
      text.replace(all, 18, "InstanceLimit cool 1;\nInstanceLimit sum 1;");
    here.write("m.mapper", text);
    EXPECT_NEAR(answer("--legion --mapper m.mapper", kOptions), plain, 1e-5 * plain) << mapper;
  }
}

TEST_F(Legion, ObeysEveryDecision) {
  const auto lines = decisions(
      "m = Machine(CPU);\n"
      "Task * CPU;\n"
      "Region * * CPU SYSMEM;\n"
      "Region cool 0 CPU RDMEM;\n"
      "Layout cool tiles * C_order AOS;\n"
      "def odd(Task task) { return m[0, (task.ipoint[0] + task.ipoint[1] + 1) % m.size[1]]; }\n"
      "def last(Task task) { return m[0, 1]; }\n"
      "IndexTaskMap * odd;\n"
      "SingleTaskMap leaf, show last;\n"
      "CollectMemory cool *;\n",
      "-ll:rsize 64");
  std::map<long, std::string> places;
  std::map<std::string, int> calls;
  for (const ordered_json& line : lines) {
    if (line["event"] != "mapped") continue;
    const std::string task = line["task"];
    ++calls[task];
    if (line.contains("point")) {
      const int at = (line["point"][0].get<int>() + line["point"][1].get<int>() + 1) % 2;
      EXPECT_EQ(line["processors"], ordered_json{fmt::format("CPU {}", at)}) << line;
    } else if (task == "leaf" || task == "show") {
      EXPECT_EQ(line["processors"], ordered_json{"CPU 1"}) << line;
    }
    places[line["call"]] = line["processors"][0];
    for (const ordered_json& r : line["requirements"]) {
      ASSERT_EQ(r["instances"].size(), 1u) << line;
      const ordered_json& instance = r["instances"][0];
      const bool halo = task == "cool" && r["index"] == 0;
      const bool tile = task == "cool" && r["index"] == 1;
      EXPECT_EQ(instance["memory"], halo ? "RDMEM" : "SYSMEM") << line;
      EXPECT_EQ(instance["layout"], r["names"].back() == "sums" ? "SOA"
                                    : tile                      ? "AOS C_order"
                                                                : "SOA F_order")
          << line;
      EXPECT_EQ(r.contains("collected"), halo) << "only what is read only can go: " << line;
    }
  }
  EXPECT_EQ(calls,
            (std::map<std::string, int>{
                {"main", 1}, {"heat", 4}, {"tree", 1}, {"leaf", 1}, {"cool", 12}, {"sum", 12}, {"show", 3}}));
  // What the runtime says about where each task ran.
  std::size_t ran = 0;
  for (const ordered_json& line : lines) {
    if (line["event"] != "ran" || line["task"] == "main") continue;
    ++ran;
    EXPECT_EQ(line["processor"], places[line["call"]]) << line;
    EXPECT_LE(line["begin_ns"].get<long>(), line["end_ns"].get<long>());
  }
  EXPECT_EQ(ran, 33u);
}

TEST_F(Legion, NamesWhatNobodyNamed) {
  for (const ordered_json& line : decisions("")) {
    if (line["event"] != "mapped" || line["task"] != "cool") continue;
    EXPECT_EQ(line["requirements"][0]["names"].back(), "plate");
    EXPECT_TRUE(line["requirements"][0]["names"][0].get<std::string>().starts_with("partition_")) << line;
    EXPECT_EQ(line["requirements"][1]["names"], (ordered_json{"tiles", "plate"}));
  }
  // And obeys those names.
  std::string unnamed;
  for (const ordered_json& line : decisions(""))
    if (line["event"] == "mapped" && line["task"] == "cool") unnamed = line["requirements"][0]["names"][0];
  bool seen = false;
  for (const ordered_json& line : decisions("Region * " + unnamed + " CPU RDMEM;", "-ll:rsize 64")) {
    if (line["event"] != "mapped" || line["task"] != "cool") continue;
    seen = true;
    EXPECT_EQ(line["requirements"][0]["instances"][0]["memory"], "RDMEM");
    EXPECT_EQ(line["requirements"][1]["instances"][0]["memory"], "SYSMEM");
  }
  EXPECT_TRUE(seen);
}

// Tasks of a name that are mapped and have not ended, on one processor, at most.
std::map<std::string, long> most_at_once(const std::vector<ordered_json>& lines) {
  std::map<std::pair<std::string, std::string>, long> now;
  std::map<std::string, long> most;
  std::map<long, std::string> places;
  for (const ordered_json& line : lines) {
    const std::string task = line.value("task", "");
    if (line["event"] == "mapped") {
      const std::string place = line["processors"][0];
      places[line["call"]] = place;
      most[task] = std::max(most[task], ++now[{task, place}]);
    }
    if (line["event"] == "ran") --now[{task, places[line["call"]]}];
  }
  return most;
}

TEST_F(Legion, KeepsLimits) {
  const std::string kPlaces =
      "m = Machine(CPU);\ndef one(Task task) { return m[0, 0]; }\nIndexTaskMap * one;\n";
  const std::string kOptions = "-tiles 4 -work 200";
  EXPECT_GT(most_at_once(decisions(kPlaces, kOptions))["cool"], 2) << "otherwise there is nothing to limit";
  auto most = most_at_once(decisions(kPlaces + "InstanceLimit cool 2;\nInstanceLimit sum 1;\n", kOptions));
  EXPECT_LE(most["cool"], 2);
  EXPECT_LE(most["sum"], 1);
}

TEST_F(Legion, TellsWhyItFails) {
  struct Case {
    std::string mapper;
    std::string options;
    std::string finding;
    std::string words;  // of the failure
  };
  const Case cases[] = {
      {"Region * * CPU RDMEM;", "-ll:rsize 1 -n 600", "out_of_memory",
       "bytes for region requirement 0 of task heat"},
      {"Region * * CPU ZCMEM;", "", "no_memory",
       "Failed to find a memory of kind ZCMEM connected to processor CPU "},
      {"Region leaf * CPU VIRTUAL;", "", "no_instance", "region requirement 0 on task leaf"},
      {"Layout cool tiles * F_order;", "-strict", "constraint",
       "the corresponding Ordering layout constraint"},
      {"m = Machine(CPU);\ndef far(Task task) { return m[0, 7]; }\nIndexTaskMap * far;", "", "index",
       "is 7, outside 0..1"},
  };
  for (const Case& c : cases) {
    here.write("m.mapper", c.mapper + "\n");
    const Outcome o = lab("run --legion --json --mapper m.mapper", c.options);
    EXPECT_EQ(o.exit, 75) << c.mapper << o.out << o.err;
    const ordered_json d = tuned::parsed(o.out);
    ASSERT_TRUE(d.contains("failure")) << c.mapper << "\n" << d;
    EXPECT_NE(d["failure"]["text"].get<std::string>().find(c.words), std::string::npos) << c.mapper << "\n"
                                                                                        << d;
    std::set<std::string> codes;
    for (const ordered_json& f : d["findings"]) codes.insert(f["code"]);
    EXPECT_TRUE(codes.contains(c.finding)) << c.mapper << "\n" << d;
  }
}

TEST_F(Legion, IsEnteredThroughScripts) {
  here.write("start.sh", "#!/bin/sh\necho starting\nexec \"$@\"\n");
  fs::permissions(here / "start.sh", fs::perms::owner_all);
  const Outcome o =
      here.run("run --legion --json --metric 'ANSWER (\\S+)' -- ./start.sh " + kLaboratory + " -ll:cpu 2");
  EXPECT_EQ(o.exit, 0) << o.out << o.err;
}

TEST_F(Legion, SaysWhyItIsNotThere) {
  const auto error = [&](const std::string& words, int exit) {
    const Outcome o = here.run(words);
    EXPECT_EQ(o.exit, exit) << words << "\n" << o.out << o.err;
    return o.err;
  };
  EXPECT_NE(error("run --legion -- /bin/true", 69).find("'/bin/true' is no Legion application"),
            std::string::npos);
  EXPECT_NE(error("discover -- /bin/true", 69).find("'/bin/true' is no Legion application"),
            std::string::npos);
  EXPECT_NE(error("tune -- /bin/true", 78).find("'/bin/true' is no Legion application"), std::string::npos);
  EXPECT_NE(error("discover", 64).find("behind --"), std::string::npos);
  EXPECT_NE(error("run --decisions log -- /bin/true", 64).find("--legion"), std::string::npos);
  EXPECT_NE(error("run circuit --legion", 64).find("--legion is for a command behind --"), std::string::npos);
}

// An adapter that was built for another version: this one, with that version written into it. Its folder is
// that of the executable, beside which it is looked for first.
TEST_F(Legion, RefusesAnotherVersion) {
  const fs::path build = fs::path(MAPWRIGHT_EXECUTABLE).parent_path();
  fs::create_directories(here / "legion");
  fs::copy_file(MAPWRIGHT_EXECUTABLE, here / "mapwright");
  fs::copy_file(build / "legion/libmapwright_legion_mapper.so",
                here / "legion/libmapwright_legion_mapper.so");
  std::string library = file_text(build / "legion/libmapwright_legion.so");
  const std::string another = "legion-99.06.0";
  std::string version;
  for (std::size_t at = 0; (at = library.find("legion-25.", at)) != std::string::npos;) {
    version = library.substr(at, another.size());
    library.replace(at, another.size(), another);
  }
  here.write("legion/libmapwright_legion.so", library);
  const Outcome o = here.shell(fmt::format("exec ./mapwright run --legion -- {} -ll:cpu 2", kLaboratory));
  EXPECT_EQ(o.exit, 69) << o.out << o.err;
  EXPECT_NE(o.err.find("the application runs on " + version + ", the adapter was built for legion-99.06.0"),
            std::string::npos)
      << o.err;
}

TEST_F(Legion, IsDiscovered) {
  const Outcome o = lab("discover --json", "-steps 5 -tiles 3");
  ASSERT_EQ(o.exit, 0) << o.out << o.err;
  const ordered_json d = tuned::parsed(o.out);
  EXPECT_EQ(d["schema"], "mapwright.discover/1");
  const ordered_json& program = d["program"];
  EXPECT_EQ(program["name"], "discovered-laboratory");
  // heat; tree and what it launches; the loop.
  EXPECT_EQ(program["loop"], (ordered_json{{"begin", 3}, {"end", 6}, {"warmup", 1}, {"iterations", 4}}));
  std::vector<std::string> tasks;
  for (const ordered_json& l : program["launches"]) tasks.push_back(l["task"]);
  EXPECT_EQ(tasks, (std::vector<std::string>{"heat", "tree", "leaf", "cool", "sum", "show"}));
  EXPECT_EQ(program["launches"][2]["parent"], ordered_json({{"launch", "tree"}}));
  const ordered_json& cool = program["launches"][3];
  EXPECT_EQ(cool["domain"], (ordered_json{3, 3}));
  EXPECT_EQ(cool["requirements"][0]["privilege"], "read");
  EXPECT_EQ(cool["requirements"][0]["fields"], ordered_json{"old"});
  EXPECT_EQ(cool["requirements"][1]["partition"], "tiles");
  EXPECT_EQ(cool["requirements"][1]["privilege"], "write");
  EXPECT_EQ(program["launches"][4]["requirements"][2]["privilege"], "reduce");
  EXPECT_EQ(cool["flops"].size(), 9u);
  // What is discovered is a program like any other.
  here.write("lab.json", program.dump());
  here.write("m.mapper", "Task * CPU;\nRegion cool tiles CPU SYSMEM;\nRegion cool nowhere CPU SYSMEM;\n");
  const Outcome checked = here.run("check m.mapper --program lab.json");
  EXPECT_EQ(checked.exit, 0);
  EXPECT_NE((checked.out + checked.err).find("nowhere"), std::string::npos) << "names are checked";
  EXPECT_EQ((checked.out + checked.err).find("`tiles`"), std::string::npos);
  EXPECT_EQ(here.run("run lab.json --nodes 1 --machine local").exit, 0);
}

TEST_F(Legion, IsTuned) {
  for (const std::string how : {"", "--twin "}) {
    const Outcome o =
        lab("tune --json --budget 3 --repeats 1 --warmup 0 --metric 'ELAPSED (\\S+)' --out best " + how);
    ASSERT_EQ(o.exit, 0) << o.out << o.err;
    const ordered_json d = tuned::parsed(o.out);
    EXPECT_EQ(d["program"], "discovered-laboratory");
    EXPECT_EQ(d["baselines"]["expert"], nullptr);
    EXPECT_GE(d["evaluations"], 1);
    EXPECT_LE(d["evaluations"], 3);
    for (const ordered_json& t : d["trials"]) EXPECT_EQ(t["status"], "ok") << t;
    EXPECT_LE(d["best"]["metric"], d["baselines"]["default"]);
    EXPECT_TRUE(fs::exists(here / "best" / "best.mapper"));
    // Another run goes on where it was, without watching again.
    EXPECT_EQ(tuned::parsed(here.run("resume --json " + d["run"].get<std::string>()).out)["best"], d["best"]);
  }
}

// Where the environment says how to start a process on each of several nodes: see examples_test.cc.
TEST_F(Legion, HasSeveralNodes) {
  const char* launcher = std::getenv("MAPWRIGHT_LEGION_LAUNCHER");
  const char* nodes = std::getenv("MAPWRIGHT_LEGION_NODES");
  if (launcher == nullptr || nodes == nullptr)
    GTEST_SKIP()
        << "MAPWRIGHT_LEGION_LAUNCHER and MAPWRIGHT_LEGION_NODES do not say how to start several nodes";
  const std::string how = fmt::format("--launcher '{}'", launcher);
  const Outcome seen = lab("discover --json " + how, "-steps 5 -tiles 3");
  ASSERT_EQ(seen.exit, 0) << seen.out << seen.err;
  const ordered_json d = tuned::parsed(seen.out);
  EXPECT_EQ(d["nodes"], std::stol(nodes));
  EXPECT_EQ(d["program"]["launches"].size(), 6u);
  EXPECT_EQ(seen.err.find("were not mapped"), std::string::npos) << seen.err;
  const Outcome o =
      lab("tune --json --budget 2 --repeats 1 --warmup 0 --metric 'ELAPSED (\\S+)' --out best " + how);
  ASSERT_EQ(o.exit, 0) << o.out << o.err;
  EXPECT_EQ(tuned::parsed(o.out)["nodes"], std::stol(nodes));
  here.write("lab.json", d["program"].dump());
  const Outcome other = lab("tune lab.json --machine local --nodes 1 --legion --budget 1 --json " + how);
  EXPECT_NE(other.out.find("the application runs on " + std::string(nodes) + " nodes, and its model on 1"),
            std::string::npos)
      << other.out;

  // Tasks that are sent to another node are mapped there, below a parent that runs elsewhere.
  const auto lines = decisions(
      "m = Machine(CPU);\n"
      "def dealt(Task task) { return m[task.ipoint[0] % m.size[0], task.ipoint[1] % m.size[1]]; }\n"
      "def far(Task task) { return m[1, *]; }\n"
      "IndexTaskMap * dealt;\n"
      "SingleTaskMap leaf, show far;\n"
      "InstanceLimit cool 1;\n",
      "-steps 5 -tiles 4", how);
  std::set<std::pair<long, long>> launched;
  std::map<std::string, std::set<long>> parents;
  for (const ordered_json& line : lines) {
    const std::string task = line.value("task", "");
    if (line["event"] == "launched") launched.emplace(line.value("parent", 0L), line["order"]);
    if (line["event"] != "mapped" || !line.contains("parent")) continue;
    parents[task].insert(line["parent"].get<long>());
    EXPECT_TRUE(launched.contains({line["parent"], line["order"]})) << line;
    ASSERT_FALSE(line["processors"].empty());
    if (line.contains("point")) {
      EXPECT_EQ(line["processors"],
                ordered_json{fmt::format("CPU {} of node {}", line["point"][1].get<long>() % 2,
                                         line["point"][0].get<long>() % std::stol(nodes))})
          << line;
    }
    if (task == "leaf" || task == "show") {
      for (const ordered_json& processor : line["processors"])
        EXPECT_TRUE(processor.get<std::string>().ends_with("of node 1")) << line;
    }
  }
  EXPECT_EQ(parents["cool"].size(), 1u);
  EXPECT_EQ(parents["cool"], parents["show"]);
  EXPECT_LE(most_at_once(lines)["cool"], 1);
}

}  // namespace
}  // namespace mapwright
