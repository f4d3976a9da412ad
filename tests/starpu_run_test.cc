// Real executions as people and programs meet them: `run`, `tune`, `resume` and `compare` with --engine
// starpu. What it counts and verifies is in starpu_test.cc.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "texts.h"
#include "tuned.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using process::Outcome;
using tuned::keys;
using tuned::kLimit;
using tuned::parsed;
using tuned::Workplace;

const fs::path kRank = fs::path(MAPWRIGHT_EXECUTABLE).parent_path() / "mapwright-rank";
const std::string kTune = "circuit --engine starpu --repeats 1 --warmup 0";

// Whether a process of a real execution runs that was started there, as its environment says.
bool runs(const Workplace& here) {
  const std::string mark = "XDG_STATE_HOME=" + (here / "state").string();
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code none;
    const fs::path program = fs::read_symlink(entry.path() / "exe", none);
    if (!none && program == kRank && file_text(entry.path() / "environ").find(mark) != std::string::npos)
      return true;
  }
  return false;
}

bool becomes(bool wanted, const Workplace& here) {
  const auto deadline = tuned::Clock::now() + std::chrono::seconds(10);
  while (tuned::Clock::now() < deadline) {
    if (runs(here) == wanted) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class RealRun : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kRank)) GTEST_SKIP() << "mapwright-rank was not built: there is no StarPU, MPI or OpenCL";
  }

  Workplace here;
};

class Ranks : public RealRun, public testing::WithParamInterface<int> {};

TEST_P(Ranks, WriteTheirDocument) {
  const std::string ranks = std::to_string(GetParam());
  const ordered_json d = here.document("run circuit --engine starpu --mapper expert --ranks " + ranks);
  EXPECT_EQ(keys(d),
            (std::vector<std::string>{
                "schema",          "program",    "machine",  "nodes",         "mapper",
                "engine",          "outcome",    "failure",  "metric",        "seconds_per_iteration",
                "gflops_per_node", "bytes",      "memory",   "critical_path", "tasks",
                "processors",      "regions",    "measured", "findings",      "errors",
                "warnings",        "diagnostics"}));
  EXPECT_EQ(d["schema"], "mapwright.run/1");
  EXPECT_EQ(d["machine"], "local");
  EXPECT_EQ(d["nodes"], GetParam());
  EXPECT_EQ(d["engine"], "starpu");
  EXPECT_EQ(d["outcome"], "ok");
  EXPECT_GT(d["metric"]["value"].get<double>(), 0);
  const ordered_json& m = d["measured"];
  EXPECT_EQ(keys(m),
            (std::vector<std::string>{"bytes_between_ranks", "planned_bytes_between_ranks",
                                      "bytes_to_devices", "planned_bytes_to_devices", "bytes_from_devices",
                                      "planned_bytes_from_devices", "elements_verified", "workers"}));
  for (const auto& [key, value] : m.items()) EXPECT_TRUE(value.is_number_integer()) << key;
  EXPECT_EQ(m["bytes_between_ranks"], m["planned_bytes_between_ranks"]);
  EXPECT_EQ(m["bytes_between_ranks"].get<std::int64_t>() > 0, GetParam() > 1);
  EXPECT_EQ(m["bytes_to_devices"], 0);
  EXPECT_EQ(m["planned_bytes_to_devices"], 0);
  EXPECT_GT(m["elements_verified"].get<std::int64_t>(), 0);
  EXPECT_GT(m["workers"].get<std::int64_t>(), 0);
}

INSTANTIATE_TEST_SUITE_P(RealRun, Ranks, testing::Values(1, 2));

TEST_F(RealRun, WritesForPeople) {
  const Outcome o = here.run("run circuit --engine starpu --ranks 2 --devices 1 --timeout 50");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_EQ(o.err, "mapwright: local has no GPUs: 1 OpenCL device stands in for one\n");
  EXPECT_NE(o.out.find("\ncounted: "), std::string::npos) << o.out;
  EXPECT_NE(o.out.find(" between processes, as planned"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("\nverified: "), std::string::npos) << o.out;
  EXPECT_FALSE(runs(here));
}

TEST_F(RealRun, PrintsWhatFunctionsPrint) {
  here.write("loud.mapper", "print(\"loud\");\n");
  const Outcome o = here.run("run stencil --engine starpu --mapper loud.mapper");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_NE(o.err.find("mapwright: print: loud\n"), std::string::npos) << o.err;
}

TEST_F(RealRun, WritesATimeline) {
  const Outcome o = here.run("run stencil --engine starpu --ranks 2 --trace t.json");
  ASSERT_EQ(o.exit, 0) << o.err;
  const ordered_json trace = parsed(here.read("t.json"));
  std::set<std::pair<int, std::string>> tracks;
  std::map<std::pair<int, int>, std::vector<std::pair<double, double>>> tasks;
  for (const auto& e : trace["traceEvents"]) {
    if (e["name"] == "thread_name") tracks.emplace(e["pid"].get<int>(), e["args"]["name"].get<std::string>());
    if (e.value("cat", "") == "task")
      tasks[{e["pid"].get<int>(), e["tid"].get<int>()}].emplace_back(e["ts"].get<double>(),
                                                                     e["dur"].get<double>());
  }
  for (const int node : {0, 1})
    EXPECT_TRUE(tracks.contains({node, "GPU 0"})) << here.read("t.json").substr(0, 2000);
  EXPECT_GE(tasks.size(), 2U);
  for (auto& [track, events] : tasks) {
    std::ranges::sort(events);
    for (std::size_t i = 1; i < events.size(); ++i)
      EXPECT_GE(events[i].first, events[i - 1].first + events[i - 1].second - 2e-3) << "tasks overlap";
  }
}

TEST_F(RealRun, TakesAMachineOfTheUsers) {
  const ordered_json as_it_is = here.document("run stencil --engine starpu --machine p100x4 --mapper expert");
  EXPECT_EQ(as_it_is["machine"], "p100x4");
  const auto gpus = [](const ordered_json& d) {
    for (const auto& p : d["processors"])
      if (p["kind"] == "GPU") return p["count"].get<int>();
    return 0;
  };
  EXPECT_EQ(gpus(as_it_is), 4);
  const Outcome o = here.run("run stencil --engine starpu --machine p100x4 --devices 2 --json");
  EXPECT_EQ(o.exit, 0) << o.out;
  EXPECT_EQ(o.err, "mapwright: p100x4 has 4 GPUs on a node: --devices makes them 2\n");
  EXPECT_EQ(gpus(parsed(o.out)), 2);
}

TEST(RealOptions, AreForRealExecutions) {
  const Workplace here;
  for (const std::string command : {"run", "tune", "compare"}) {
    for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
             {"--ranks", "2"}, {"--devices", "1"}, {"--launcher", "mpirun"}, {"--timeout", "3"}})
      EXPECT_EQ(here.error(command + " circuit " + option + " " + value, 64, ""),
                option + " is for --engine starpu: sim executes nothing");
    EXPECT_EQ(here.error(command + " circuit --engine starpu --ranks 2 --nodes 3", 64, ""),
              "--ranks says 2 and --nodes 3: each node is a process");
    EXPECT_EQ(here.error(command + " circuit --engine starpu --launcher ' '", 64, ""),
              "--launcher takes a program and its arguments, with every quote closed");
    here.error(command + " circuit --engine starpu --launcher \"mpirun '\"", 64, "");
    for (const std::string wrong : {"--ranks 0", "--devices 0", "--timeout 0", "--timeout 1e300"})
      here.error(command + " circuit --engine starpu " + wrong, 64, "");
    EXPECT_EQ(here.error(command + " mine.json --engine starpu", 78, ""),
              "--engine starpu executes built-in applications only: the program file 'mine.json' has no "
              "kernels");
    EXPECT_EQ(here.error(command + " - --engine starpu", 78, ""),
              "--engine starpu executes built-in applications only: the program file '-' has no kernels");
  }
}

// A program that was built without real executions.
TEST(RealOptions, SayWhatIsMissing) {
  const Workplace here;
  fs::create_directory(here / "bin");
  fs::copy_file(MAPWRIGHT_EXECUTABLE, here / "bin/mapwright");
  for (const std::string command : {"run", "tune", "compare"}) {
    const Outcome o = here.shell("exec bin/mapwright " + command + " circuit --engine starpu");
    EXPECT_EQ(o.exit, 69) << o.out << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(
        o.err,
        "mapwright: --engine starpu is not there: mapwright was built without real executions, which need "
        "the packages libstarpu-dev libopenmpi-dev openmpi-bin libopenblas-dev ocl-icd-opencl-dev "
        "pocl-opencl-icd\n");
  }
  EXPECT_EQ(here.shell("exec bin/mapwright run " + tuned::kCircuit).exit, 0) << "the rest works";
}

TEST_F(RealRun, SaysThatThereIsNoLauncher) {
  for (const std::string command : {"run", "tune", "compare"})
    EXPECT_EQ(
        here.error(command + " circuit --engine starpu --ranks 2 --launcher 'no-such-mpirun -v'", 69, ""),
        "there is no program 'no-such-mpirun' to start several processes: --launcher names another one");
  // One process needs none.
  EXPECT_EQ(here.run("run circuit --engine starpu --launcher no-such-mpirun").exit, 0);
  EXPECT_EQ(
      here.run("run circuit --engine starpu --ranks 2 --launcher 'mpirun --oversubscribe -np {ranks}'").exit,
      0);
}

TEST_F(RealRun, FailsAsAnExecution) {
  const Outcome o = here.run("run circuit --engine starpu --timeout 0.001");
  EXPECT_EQ(o.exit, 75) << o.out << o.err;
  EXPECT_NE(o.out.find("\nwhy it failed, and what to change\n"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("--timeout"), std::string::npos) << o.out;
  const ordered_json d = here.document("run circuit --engine starpu --timeout 0.001", 75);
  EXPECT_EQ(d["failure"]["code"], "timeout");
  EXPECT_FALSE(d.contains("measured"));
}

TEST_F(RealRun, SaysWhatDoesNotSuitThisComputer) {
  const auto failure = [&](const std::string& environment, const std::string& arguments) {
    const Outcome o =
        here.shell(environment + " exec '" MAPWRIGHT_EXECUTABLE "' run " + arguments + " --json");
    EXPECT_EQ(o.exit, 75) << o.out << o.err;
    return ordered_json::parse(o.out)["failure"];
  };
  ordered_json f = failure("", "circuit --engine starpu --devices 9");
  EXPECT_EQ(f["code"], "environment");
  EXPECT_EQ(f["text"], "there are 8 OpenCL devices, not 9; PoCL makes them of the processor");
  f = failure("STARPU_RESERVE_NCPU=64", "circuit --engine starpu");
  EXPECT_EQ(f["code"], "environment");
  EXPECT_EQ(f["text"],
            "StarPU does not start: No such device, where the environment has STARPU_RESERVE_NCPU=64");
  f = failure("", "pennant --engine starpu --devices 1");
  EXPECT_EQ(f["code"], "no_device_kernel");
  EXPECT_EQ(f["text"], "init_step_points has no kernel for OpenCL devices");
  // What a library says before it aborts is there to be read.
  f = failure("STARPU_HOME=/proc", "circuit --engine starpu");
  EXPECT_EQ(f["code"], "crashed");
  EXPECT_TRUE(f["text"].get<std::string>().starts_with("process 0 between tasks: SIGABRT, a failed check\n"))
      << f;
  EXPECT_NE(f["text"].get<std::string>().find("/proc/.starpu"), std::string::npos) << f;
}

TEST_F(RealRun, SaysThatThereIsNoFolder) {
  for (const std::string what : {"run circuit --engine starpu", "machine local --calibrate --out m.toml"}) {
    const Outcome o = here.shell("TMPDIR=/missing exec '" MAPWRIGHT_EXECUTABLE "' " + what);
    EXPECT_EQ(o.exit, 69) << o.out << o.err;
    EXPECT_TRUE(o.err.ends_with("cannot make a folder in '/missing': No such file or directory\n")) << o.err;
  }
}

TEST_F(RealRun, SaysWhatALauncherSaid) {
  const Outcome o = here.run(
      "run circuit --engine starpu --ranks 2 --launcher \"sh -c 'echo one >&2; echo two >&2; exit 3'\"");
  EXPECT_EQ(o.exit, 75) << o.out << o.err;
  EXPECT_TRUE(
      o.err.ends_with("mapwright: a process ended without an answer: the exit status was 3\n"
                      "mapwright: one\nmapwright: two\n"))
      << o.err;
}

TEST_F(RealRun, IsTuned) {
  const ordered_json d = here.document("tune " + kTune + " --budget 3 --jobs 4");
  EXPECT_EQ(d["engine"], "starpu");
  EXPECT_EQ(d["machine"], "local");
  EXPECT_EQ(d["nodes"], 1);
  EXPECT_EQ(d["accuracy"], "measured in real executions, whose answers were verified");
  EXPECT_EQ(d["evaluations"], 3);
  // What was executed as a baseline is not executed again, or its ratio to itself would be noise.
  EXPECT_EQ(d["trials"][0]["metric"], d["baselines"]["default"]);
  ASSERT_EQ(d["trials"].size(), 3U);
  for (const auto& t : d["trials"]) EXPECT_EQ(t["status"], "ok") << t;
  EXPECT_EQ(d["best"]["mapper"], "circuit-1/best.mapper");
  EXPECT_EQ(here.run("check circuit-1/best.mapper").exit, 0);
  EXPECT_EQ(here.runs()[0]["trials"], 3);
  // A finished run is shown as it was.
  EXPECT_EQ(here.document("resume circuit-1"), d);
}

// A mapper that fails costs its execution, and no more.
TEST_F(RealRun, IsTunedThoughMappersFail) {
  const ordered_json d = here.document("tune " + kTune + " --budget 2 --timeout 0.001", 75);
  EXPECT_EQ(d["best"], nullptr);
  ASSERT_FALSE(d["trials"].empty());
  for (const auto& t : d["trials"]) EXPECT_EQ(t["failure"]["code"], "timeout") << t;
}

// A second or so for one execution.
const std::string kSlowRun = " --set loops=20 --budget 4";

TEST_F(RealRun, IsInterrupted) {
  for (const int ranks : {1, 2}) {
    SCOPED_TRACE(ranks);
    const Workplace place;
    const auto process =
        place.start("run circuit --engine starpu --set loops=30000 --ranks " + std::to_string(ranks));
    ASSERT_TRUE(becomes(true, place)) << "it does not begin";
    process->signal(SIGINT);
    const auto asked = tuned::Clock::now();
    const Outcome o = process->wait(kLimit);
    EXPECT_LT(tuned::Clock::now() - asked, std::chrono::seconds(5));
    EXPECT_EQ(o.exit, 130) << o.out << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_TRUE(o.err.ends_with("mapwright: interrupted\n")) << o.err;
    EXPECT_TRUE(becomes(false, place)) << "processes are left";
  }
}

TEST_F(RealRun, LeavesNothingWhenItIsKilled) {
  for (const int ranks : {1, 2}) {
    SCOPED_TRACE(ranks);
    const Workplace place;
    const auto process =
        place.start("run circuit --engine starpu --set loops=30000 --ranks " + std::to_string(ranks));
    ASSERT_TRUE(becomes(true, place)) << "it does not begin";
    process->signal(SIGKILL);
    process->wait(kLimit);
    EXPECT_TRUE(becomes(false, place)) << "processes are left";
  }
}

TEST_F(RealRun, GoesOnAfterAnInterrupt) {
  const auto process = here.start("tune " + kTune + kSlowRun + " --ranks 2 --json");
  ASSERT_TRUE(here.reaches(1));
  ASSERT_TRUE(becomes(true, here));
  process->signal(SIGINT);
  const Outcome o = process->wait(kLimit);
  EXPECT_EQ(o.exit, 130) << o.out << o.err;
  EXPECT_TRUE(becomes(false, here)) << "processes are left";
  const ordered_json before = parsed(o.out);
  EXPECT_EQ(before["stopped"], "it was interrupted");
  ASSERT_LT(before["trials"].size(), 4U);
  for (const auto& t : before["trials"]) EXPECT_EQ(t["status"], "ok") << "what was cut off is no trial";
  const ordered_json after = here.document("resume circuit-1");
  EXPECT_EQ(after["nodes"], 2);
  ASSERT_EQ(after["trials"].size(), 4U);
  for (std::size_t i = 0; i < before["trials"].size(); ++i)
    EXPECT_EQ(after["trials"][i], before["trials"][i]);
}

TEST_F(RealRun, GoesOnAfterItWasKilled) {
  const auto process = here.start("tune " + kTune + kSlowRun + " --json");
  ASSERT_TRUE(here.reaches(1));
  process->signal(SIGKILL);
  process->wait(kLimit);
  EXPECT_TRUE(becomes(false, here)) << "processes are left";
  EXPECT_GE(here.runs()[0]["trials"].get<std::int64_t>(), 1);
  const ordered_json after = here.document("resume circuit-1");
  EXPECT_EQ(after["engine"], "starpu");
  EXPECT_EQ(after["trials"].size(), 4U);
  EXPECT_EQ(after["stopped"], "the budget is used up");
}

TEST_F(RealRun, IsCompared) {
  const ordered_json d =
      here.document("compare stencil --engine starpu --budget 2 --strategy guided,random --jobs 8");
  EXPECT_EQ(d["schema"], "mapwright.compare/1");
  EXPECT_EQ(d["machine"], "local");
  EXPECT_EQ(d["nodes"], 1);
  EXPECT_EQ(d["baselines"][0]["accuracy"], "measured in real executions, whose answers were verified");
  std::set<std::string> strategies;
  for (const auto& row : d["rows"]) strategies.insert(row["strategy"].get<std::string>());
  EXPECT_EQ(strategies, (std::set<std::string>{"guided", "random"}));
}

}  // namespace
}  // namespace mapwright
