// Commands of the user's behind --, as people and programs meet them.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <string>
#include <thread>

#include "tuned.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using process::Outcome;
using tuned::kLimit;
using tuned::Workplace;

class CommandRun : public testing::Test {
 protected:
  // Ten seconds, less one for each line of the mapper that names a GPU; how often it ran is in `count`.
  void SetUp() override {
    here.write("program.sh",
               "#!/bin/sh\necho run >> count\nn=$(grep -c GPU \"$1\")\necho \"ELAPSED TIME = 99 s\"\n"
               "echo \"ELAPSED TIME = $((10 - n)).5 s\"\n");
    fs::permissions(here / "program.sh", fs::perms::owner_all);
    here.write("two.mapper", "Task * GPU, CPU;\nTask distribute_charge GPU;\n");
  }

  // --json stands before --.
  ordered_json document(const std::string& words, int exit = 0) const {
    const Outcome o = here.run(words);
    EXPECT_EQ(o.exit, exit) << words << "\n" << o.out << o.err;
    return tuned::parsed(o.out);
  }

  std::size_t runs() const {
    const std::string text = here.read("count");
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  }

  const std::string kMetric = "--metric 'ELAPSED TIME = (\\S+) s' ";
  const std::string kProgram = " -- ./program.sh {mapper}";
  const std::string kModel = "circuit --size test --machine p100x4 --nodes 1 ";
  Workplace here;
};

TEST_F(CommandRun, HasAMetricAndNothingElseWithoutAModel) {
  const ordered_json d = document("run --mapper two.mapper " + kMetric + "--json" + kProgram);
  EXPECT_EQ(d["schema"], "mapwright.run/1");
  EXPECT_EQ(d["engine"], "command");
  EXPECT_EQ(d["command"], (ordered_json{"./program.sh", "{mapper}"}));
  EXPECT_EQ(d["outcome"], "ok");
  EXPECT_EQ(d["metric"],
            (ordered_json{{"name", "metric"}, {"unit", ""}, {"value", 8.5}, {"better", "smaller"}}));
  EXPECT_EQ(d["bytes"], nullptr);
  EXPECT_EQ(d["tasks"], ordered_json::array());
  EXPECT_FALSE(d.contains("modelled"));
  EXPECT_TRUE(here.run("run " + kMetric + "--better larger" + kProgram).out.starts_with("metric 10.5, "));
  EXPECT_TRUE(here.run("run -- true").out.starts_with("time 0."));
}

TEST_F(CommandRun, HasThePredictionsOfItsModel) {
  const ordered_json d = document("run " + kModel + "--mapper two.mapper " + kMetric + "--json" + kProgram);
  EXPECT_EQ(d["metric"]["value"], 8.5);
  EXPECT_EQ(d["modelled"], true);
  EXPECT_EQ(d["gflops_per_node"], nullptr) << "nobody counted them";
  EXPECT_FALSE(d["tasks"].empty());
  EXPECT_FALSE(d["findings"].empty());
  const Outcome o = here.run("run " + kModel + "--mapper two.mapper " + kMetric + kProgram);
  EXPECT_TRUE(o.out.starts_with("circuit: metric 8.5, ")) << o.out;
  EXPECT_NE(o.out.find("\nwhat follows is what its model predicts for this mapper\n"), std::string::npos);
}

TEST_F(CommandRun, FailsWithWhatItWrote) {
  here.write("crash.sh",
             "#!/bin/sh\necho 'LEGION ERROR: Mapper specified an invalid task variant of ID 7'\nexit 134\n");
  fs::permissions(here / "crash.sh", fs::perms::owner_all);
  const Outcome o = here.run("run -- ./crash.sh");
  EXPECT_EQ(o.exit, 75);
  EXPECT_EQ(o.err,
            "mapwright: the command ended with exit status 134\n"
            "mapwright: LEGION ERROR: Mapper specified an invalid task variant of ID 7\n");
  EXPECT_NE(o.out.find("a task is sent to a kind of processor for which it is not written"),
            std::string::npos)
      << o.out;
  EXPECT_EQ(document("run --json -- ./crash.sh", 75)["failure"]["code"], "failed");
  EXPECT_EQ(document("run --json --metric x -- true", 75)["failure"]["code"], "no_metric");
  EXPECT_EQ(document("run --json --timeout 0.2 -- sleep 60", 75)["failure"]["code"], "timeout");
}

TEST_F(CommandRun, SaysWhatMakesNoSense) {
  const auto error = [&](const std::string& words, int exit) {
    const Outcome o = here.run(words);
    EXPECT_EQ(o.exit, exit) << words << o.out << o.err;
    return o.err;
  };
  EXPECT_EQ(error("run -- nosuchprogram", 69), "mapwright: there is no program 'nosuchprogram'\n");
  EXPECT_EQ(error("run --ranks 2 -- true", 64),
            "mapwright: --ranks is for --engine starpu: a command starts its own processes\n");
  EXPECT_EQ(error("run --engine sim -- true", 64),
            "mapwright: a command behind -- is executed as it is, not by --engine sim\n");
  EXPECT_EQ(error("run circuit --metric x", 64), "mapwright: --metric is for a command behind --\n");
  EXPECT_EQ(error("run circuit --engine command", 64),
            "mapwright: --engine command executes what stands behind --, and nothing does\n");
  EXPECT_EQ(error("run --metric '(' -- true", 64),
            "mapwright: --metric '(' is no regular expression for a number: missing ): (\n");
  EXPECT_EQ(
      error("run --better larger -- true", 64),
      "mapwright: --better goes with --metric: of the seconds that a command takes, fewer are better\n");
  EXPECT_EQ(error("run --mapper expert -- true", 66), "mapwright: there is no expert mapper for a command\n");
  EXPECT_EQ(error("run --trace t.json -- true", 64),
            "mapwright: --trace takes a program: of a command alone there is no timeline\n");
  EXPECT_NE(
      error("tune -- true", 78)
          .find("mapwright: to tune a command takes a model of its program: a program file, as "
                "docs/programs.md describes them, before --. Of a Legion application it is discovered, but "),
      std::string::npos);
  EXPECT_TRUE(error("run", 64).starts_with("mapwright: PROGRAM is required, or a command behind --\n"));
  here.write("wrong.mapper", "Task;\n");
  error("run --mapper wrong.mapper -- true", 65);
  // Elsewhere, what stands behind -- is what it always was.
  EXPECT_EQ(here.run("check -- two.mapper").exit, 0);
}

TEST_F(CommandRun, IsTuned) {
  const std::string words =
      "tune " + kModel + kMetric + "--budget 4 --repeats 2 --warmup 1 --json" + kProgram;
  const ordered_json d = document(words);
  EXPECT_EQ(d["engine"], "command");
  EXPECT_EQ(d["accuracy"], "measured in real executions");
  EXPECT_EQ(d["metric"]["name"], "metric");
  EXPECT_EQ(d["baselines"]["default"], 10.5);
  EXPECT_EQ(d["evaluations"], 4);
  EXPECT_EQ(d["trials"][0]["metric"], 10.5);
  // Expert and default, and three that are new, three times each.
  EXPECT_EQ(runs(), 5U * 3U);
  EXPECT_EQ(document("resume circuit-1 --json"), d);
  EXPECT_EQ(runs(), 5U * 3U);
  document(words);
  EXPECT_EQ(runs(), 5U * 3U) << "all of it is known";
  here.write("program.sh", here.read("program.sh") + "# changed\n");
  document(words);
  EXPECT_EQ(runs(), 10U * 3U) << "the program is another one";
  document(words.substr(0, words.find(" --json")) + " --fresh --json" + kProgram);
  EXPECT_EQ(runs(), 15U * 3U) << "whatever is known";
  const std::string plain = words.substr(0, words.find(" --json")) + kProgram;
  EXPECT_NE(here.run(plain).out.find("\n4 of them by earlier runs; --fresh executes them again\n"),
            std::string::npos);
  EXPECT_EQ(runs(), 15U * 3U);
  here.shell("FOO=1 exec mapwright " + plain);
  EXPECT_EQ(runs(), 20U * 3U) << "the environment is another one";
}

// What failed may have had reasons that are gone.
TEST_F(CommandRun, TriesAgainWhatFailed) {
  here.write("fails.sh", "#!/bin/sh\ntest -e ok && echo 'ELAPSED TIME = 3 s'\n");
  fs::permissions(here / "fails.sh", fs::perms::owner_all);
  const std::string words =
      "tune " + kModel + kMetric + "--budget 1 --repeats 1 --warmup 0 --json -- ./fails.sh";
  EXPECT_EQ(document(words, 75)["best"], nullptr);
  here.write("ok", "");
  EXPECT_EQ(document(words)["best"]["metric"], 3.0);
}

// A mapper that is none, or a folder that cannot be made, is known before an application is watched for an
// hour.
TEST_F(CommandRun, LooksBeforeItExecutes) {
  here.write("wrong.mapper", "Task;\n");
  here.write("file", "");
  EXPECT_EQ(here.run("tune --from wrong.mapper -- sh -c 'echo >executed'").exit, 65);
  EXPECT_EQ(here.run("tune --out file/x -- sh -c 'echo >executed'").exit, 74);
  EXPECT_FALSE(fs::exists(here / "executed"));
}

TEST_F(CommandRun, KnowsWhatMayNotBeExecuted) {
  here.write("script.sh", "#!/bin/sh\n");
  EXPECT_EQ(here.run("run -- ./script.sh").err,
            "mapwright: './script.sh' is no program that may be executed\n");
}

TEST_F(CommandRun, EndsWhenInterruptedAndLeavesNothing) {
  const auto process = here.start("run -- sh -c 'echo $$ > pid; sleep 300 & wait'");
  const auto deadline = tuned::Clock::now() + std::chrono::seconds(10);
  while (here.read("pid").empty() && tuned::Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const int pid = std::stoi("0" + here.read("pid"));
  ASSERT_GT(pid, 0);
  process->signal(SIGINT);
  const Outcome o = process->wait(kLimit);
  EXPECT_EQ(o.exit, 130) << o.out << o.err;
  EXPECT_EQ(o.err, "mapwright: interrupted\n");
  EXPECT_NE(kill(pid, 0), 0) << "it is still there";
}

}  // namespace
}  // namespace mapwright
