// `tune`, `resume` and `runs` as people and programs meet them: documents, exit codes, files, and runs that
// go on after they were interrupted or killed.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "texts.h"
#include "tuned.h"

namespace mapwright {
namespace {

using nlohmann::ordered_json;
using process::Outcome;
using process::Process;
using std::chrono::milliseconds;
using tuned::Clock;
using tuned::kCannon;
using tuned::kCircuit;
using tuned::keys;
using tuned::kLimit;
using tuned::kLong;
using tuned::parsed;
using tuned::rounds;
using tuned::Undisturbed;
using tuned::Workplace;

// -------------------------------------------------------------------------------------------- what it gives

const std::vector<std::string> kTuneKeys{"schema",
                                         "program",
                                         "machine",
                                         "nodes",
                                         "engine",
                                         "strategy",
                                         "seed",
                                         "metric",
                                         "best",
                                         "baselines",
                                         "accuracy",
                                         "speedup_over_expert",
                                         "speedup_over_default",
                                         "evaluations",
                                         "trials",
                                         "changes",
                                         "stopped",
                                         "run"};

TEST(TuneCommand, WritesItsDocument) {
  const Workplace here;
  const ordered_json d = here.document("tune circuit");
  EXPECT_EQ(keys(d), kTuneKeys);
  EXPECT_EQ(d["schema"], "mapwright.tune/1");
  EXPECT_EQ(d["program"], "circuit");
  EXPECT_EQ(d["machine"], "p100x4");
  EXPECT_EQ(d["nodes"], 2);
  EXPECT_EQ(d["engine"], "sim");
  EXPECT_EQ(d["strategy"], "guided");
  EXPECT_EQ(d["seed"], 1);
  EXPECT_EQ(d["metric"].dump(), R"({"name":"GFLOPS","unit":"GFLOP/s","better":"larger"})");
  EXPECT_EQ(keys(d["best"]), (std::vector<std::string>{"mapper", "metric", "trial"}));
  EXPECT_EQ(keys(d["baselines"]), (std::vector<std::string>{"expert", "default"}));
  EXPECT_EQ(d["run"], "circuit-1");
  EXPECT_EQ(d["evaluations"], 10);
  EXPECT_EQ(d["stopped"], "the budget is used up");
  ASSERT_EQ(d["trials"].size(), 10U);
  double most = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const ordered_json& t = d["trials"][i];
    EXPECT_EQ(keys(t), (std::vector<std::string>{"trial", "status", "metric", "why", "mapper"}));
    EXPECT_EQ(t["trial"], i + 1);
    EXPECT_EQ(t["status"], "ok");
    EXPECT_NE(t["why"], "");
    most = std::max(most, t["metric"].get<double>());
  }
  const double best = d["best"]["metric"].get<double>();
  EXPECT_EQ(best, most);
  const double expert = d["baselines"]["expert"].get<double>();
  EXPECT_EQ(d["speedup_over_expert"].get<double>(), best / expert);
  EXPECT_GT(best, expert);
  EXPECT_EQ(d["trials"][0]["metric"], d["baselines"]["default"]) << "it starts with the default";

  // The file is the trial's mapper, which gives what was reported.
  const std::string file = d["best"]["mapper"].get<std::string>();
  EXPECT_EQ(file, "circuit-1/best.mapper");
  EXPECT_EQ(here.run("check " + file).exit, 0);
  EXPECT_EQ(here.document("run circuit --mapper " + file)["metric"]["value"].get<double>(), best);
  EXPECT_EQ(here.document("run circuit --mapper expert")["metric"]["value"].get<double>(), expert);
  const std::string text = here.read(file);
  EXPECT_TRUE(text.starts_with("# Tuned for circuit on 2 nodes of p100x4.\n# GFLOPS ")) << text;
  EXPECT_NE(text.find(" times as fast as the expert's mapper ("), std::string::npos) << text;
  EXPECT_NE(text.find("# trial " + d["best"]["trial"].dump() + " of run circuit-1, by guided; simulated"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("#\n# Against the expert's mapper:\n"), std::string::npos) << text;
  for (const auto& change : d["changes"])
    EXPECT_NE(text.find("\n#   " + change.get<std::string>() + "\n"), std::string::npos) << change;
  const std::size_t best_trial = d["best"]["trial"].get<std::size_t>();
  const auto mapper = d["trials"][best_trial - 1]["mapper"].get<std::string>();
  ASSERT_TRUE(text.ends_with("\n\n" + mapper)) << text;
  const std::string header = text.substr(0, text.size() - mapper.size() - 1);
  for (std::size_t at = 0; at < header.size(); at = header.find('\n', at) + 1) EXPECT_EQ(header[at], '#');
}

TEST(TuneCommand, WritesForPeople) {
  const Workplace here;
  const Outcome o = here.run("tune " + kCircuit + " --budget 3 --out there/best");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_EQ(o.err, "");
  EXPECT_NE(o.out.find("\nbest mapper: there/best/best.mapper\n"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("\n3 executions by guided; the budget is used up\n"), std::string::npos) << o.out;
  EXPECT_EQ(here.run("check there/best/best.mapper").exit, 0);
  EXPECT_FALSE(std::filesystem::exists(here / "circuit-1"));
}

TEST(TuneCommand, EndsWithWhatIsWrong) {
  const Workplace here;
  here.write("bad.mapper", "Task * GPU\n");
  for (const auto& [arguments, code] :
       std::vector<std::pair<std::string, int>>{{"tune", 64},
                                                {"tune circuits", 64},
                                                {"tune circuit --strategy luck", 64},
                                                {"tune circuit --budget 0", 64},
                                                {"tune circuit --time 0", 64},
                                                {"tune circuit --patience 0", 64},
                                                {"tune circuit --jobs -1", 64},
                                                {"tune circuit --engine nothing", 64},
                                                {"tune circuit --store ''", 64},
                                                {"tune - --from -", 64},
                                                {"tune circuit --from nothing.mapper", 66},
                                                {"tune circuit --from bad.mapper", 65},
                                                {"tune nothing.json", 66},
                                                {"resume", 64},
                                                {"resume circuit-1", 66},
                                                {"resume circuit-1 --budget 0", 64}})
    here.error(arguments, code, "");
  EXPECT_FALSE(std::filesystem::exists(here.store())) << "what is wrong is no run";
  EXPECT_EQ(here.runs(), ordered_json::array());
}

TEST(TuneCommand, ListsRuns) {
  const Workplace here;
  const Outcome none = here.run("runs");
  EXPECT_EQ(none.exit, 0);
  EXPECT_NE(none.err.find("nothing has been tuned yet"), std::string::npos) << none.err;
  EXPECT_EQ(here.document("runs").dump(), R"({"schema":"mapwright.runs/1","runs":[]})");
  here.document("tune " + kCircuit + " --budget 2");
  here.document("tune " + kCircuit + " --strategy bandit --seed 7 --budget 3");
  const ordered_json d = here.document("runs");
  EXPECT_EQ(keys(d), (std::vector<std::string>{"schema", "runs"}));
  ASSERT_EQ(d["runs"].size(), 2U);
  ordered_json second = d["runs"][1];
  EXPECT_EQ(second["begun"].get<std::string>().size(), 20U);
  second.erase("begun");
  EXPECT_EQ(second.dump(),
            R"({"run":"circuit-2","program":"circuit","machine":"p100x4","nodes":1,"strategy":"bandit",)"
            R"("seed":7,"budget":3,"trials":3,"state":"finished","stopped":"the budget is used up"})");
  const Outcome table = here.run("runs");
  EXPECT_TRUE(table.out.starts_with("run        program  machine")) << table.out;
  EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), 3) << table.out;
}

TEST(TuneCommand, StopsForItsReasons) {
  const Workplace here;
  const ordered_json target =
      here.document("tune " + kCircuit + " --strategy bandit --budget 90 --target 180");
  EXPECT_EQ(target["stopped"], "the target is reached");
  EXPECT_GE(target["best"]["metric"].get<double>(), 180);
  EXPECT_EQ(target["best"]["trial"], target["trials"].size());
  const ordered_json patience =
      here.document("tune " + kCircuit + " --strategy bandit --budget 900 --patience 7");
  EXPECT_EQ(patience["stopped"], "nothing better was found for long enough");
  EXPECT_EQ(patience["trials"].size(), patience["best"]["trial"].get<std::size_t>() + 7);
  const auto begin = Clock::now();
  const ordered_json time = here.document("tune " + kLong + " --time 0.3");
  EXPECT_EQ(time["stopped"], "the time is up");
  EXPECT_GE(Clock::now() - begin, milliseconds(300));
  EXPECT_NE(time["best"], nullptr);
  const ordered_json all = here.document("tune " + kCircuit + " --budget 100000");
  EXPECT_EQ(all["stopped"], "the strategy has nothing left to try");
  std::vector<std::string> reasons;
  for (const auto& run : here.runs()) {
    EXPECT_EQ(run["state"], "finished");
    reasons.push_back(run["stopped"].get<std::string>());
  }
  EXPECT_EQ(reasons, (std::vector<std::string>{target["stopped"], patience["stopped"], time["stopped"],
                                               all["stopped"]}));
}

TEST(TuneCommand, FixedStrategiesExecuteOnce) {
  const Workplace here;
  for (const std::string strategy : {"expert", "default"}) {
    const ordered_json d = here.document("tune " + kCircuit + " --strategy " + strategy);
    EXPECT_EQ(d["evaluations"], 1);
    EXPECT_EQ(d["trials"].size(), 1U);
    EXPECT_EQ(d["best"]["metric"], d["baselines"][strategy]) << strategy;
    EXPECT_EQ(d["stopped"], "the strategy has nothing left to try");
    const std::string file = d["best"]["mapper"].get<std::string>();
    EXPECT_EQ(here.document("run " + kCircuit + " --mapper " + file)["metric"]["value"], d["best"]["metric"]);
  }
}

TEST(TuneCommand, ProgramsNeedNoExpert) {
  const Workplace here;
  EXPECT_EQ(
      here.shell("mapwright programs " + kCircuit + " | sed 's/\"circuit\"/\"mine\"/' > mine.json").exit, 0);
  const ordered_json d = here.document("tune mine.json --nodes 1 --budget 3");
  EXPECT_EQ(keys(d), kTuneKeys);
  EXPECT_EQ(d["program"], "mine");
  EXPECT_EQ(d["run"], "mine-1");
  EXPECT_EQ(d["baselines"]["expert"], nullptr);
  EXPECT_EQ(d["speedup_over_expert"], nullptr);
  EXPECT_TRUE(d["baselines"]["default"].is_number());
  const std::string text = here.read("mine-1/best.mapper");
  EXPECT_EQ(text.find("expert"), std::string::npos) << text;
  EXPECT_EQ(here.error("tune mine.json --nodes 1 --strategy expert", 66, "no expert mapper for 'mine'"),
            "there is no expert mapper for 'mine'");
}

TEST(TuneCommand, FindsWhatWorksWhereTheDefaultDoesNot) {
  const Workplace here;
  const std::string program = kCircuit + " --set wpp=20000000";
  EXPECT_EQ(here.run("run " + program + " --mapper default").exit, 75);
  const ordered_json d = here.document("tune " + program + " --budget 4");
  EXPECT_EQ(d["baselines"]["default"], nullptr);
  EXPECT_EQ(d["trials"][0]["status"], "failed");
  EXPECT_EQ(d["trials"][0]["metric"], nullptr);
  EXPECT_EQ(d["trials"][0]["failure"]["code"], "out_of_memory");
  EXPECT_NE(d["trials"][0]["failure"]["text"], "");
  const double best = d["best"]["metric"].get<double>();
  EXPECT_EQ(
      here.document("run " + program + " --mapper circuit-1/best.mapper")["metric"]["value"].get<double>(),
      best);
  const Outcome o = here.run("resume circuit-1");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_NE(o.out.find("4 executions by guided, 1 failed; the budget is used up\n"), std::string::npos)
      << o.out;
  // Where nothing works, there is no mapper to write.
  const Outcome nothing = here.run("tune " + program + " --strategy default --out none");
  EXPECT_EQ(nothing.exit, 75) << nothing.err;
  EXPECT_NE(nothing.out.find("no mapper was found that works"), std::string::npos) << nothing.out;
  EXPECT_FALSE(std::filesystem::exists(here / "none"));
  EXPECT_EQ(here.document("resume circuit-2", 75)["best"], nullptr);
}

TEST(TuneCommand, BeginsWithAnyMapper) {
  const Workplace here;
  here.write("mine.mapper", "# mine\nTask * CPU;\n");
  const ordered_json d = here.document("tune " + kCircuit + " --from mine.mapper --budget 3");
  EXPECT_EQ(d["trials"][0]["mapper"], "# mine\nTask * CPU;\n");
  EXPECT_LT(d["trials"][0]["metric"], d["baselines"]["default"]);
  here.error("tune " + kCircuit + " --from mine.mapper --strategy default", 64, "--from has no effect");
  EXPECT_EQ(here.read("mine.mapper"), "# mine\nTask * CPU;\n");
}

TEST(TuneCommand, TriesTheSameWithMoreJobs) {
  for (const std::string strategy : {"bandit", "guided", "cd", "random"}) {
    const std::string arguments =
        "tune " + kCannon + " --strategy " + strategy + " --budget 40 --seed 3 --jobs ";
    const Workplace one;
    const Workplace four;
    EXPECT_EQ(one.document(arguments + "1"), four.document(arguments + "4")) << strategy;
    EXPECT_EQ(one.read("cannon-1/best.mapper"), four.read("cannon-1/best.mapper")) << strategy;
  }
}

// Where nothing around a user's mapper works, what the runtime does by itself does.
TEST(TuneCommand, LeavesAMapperThatCannotBeMended) {
  const Workplace here;
  here.write(
      "outside.mapper",
      "Task * GPU;\ng = Machine(GPU);\ndef f(Task t) { return g[t.ipoint[0] + 9, 0]; }\nIndexTaskMap * f;\n");
  const ordered_json d = here.document("tune " + kCircuit + " --from outside.mapper");
  EXPECT_EQ(d["trials"][0]["failure"]["code"], "index");
  EXPECT_TRUE(d["best"].is_object());
}

// A program need not have data.
TEST(TuneCommand, TunesWhatHasNoData) {
  const Workplace here;
  here.write("bare.json", R"({"name":"bare","regions":[],"tasks":[{"name":"t","variants":["CPU","GPU"]}],)"
                          R"("launches":[{"task":"t","domain":[8],"flops":1e9}]})");
  for (const std::string strategy : {"guided", "bandit", "cd", "random"}) {
    const ordered_json d = here.document("tune bare.json --budget 5 --strategy " + strategy);
    EXPECT_TRUE(d["best"].is_object()) << strategy;
    EXPECT_EQ(d["speedup_over_expert"], nullptr);
  }
}

// Another store has runs of the same names; each keeps its best mapper.
TEST(TuneCommand, LeavesTheMappersOfOtherRuns) {
  const Workplace here;
  here.document("tune " + kCircuit + " --budget 2 --store one.db");
  const std::string first = here.read("circuit-1/best.mapper");
  const ordered_json d = here.document("tune " + kCircuit + " --budget 2 --strategy cd --store two.db");
  EXPECT_EQ(d["best"]["mapper"], "circuit-1-2/best.mapper");
  here.document("tune " + kCircuit + " --budget 2 --store one.db");
  EXPECT_EQ(here.document("resume circuit-1 --store one.db")["best"]["mapper"], "circuit-1/best.mapper");
  EXPECT_EQ(here.read("circuit-1/best.mapper"), first);
}

// ------------------------------------------------------------------------------------------ runs that go on

// Killed at any moment of the run and of some of the attempts to go on with it.
void kill_often(const std::string& arguments, int times, unsigned seed) {
  const Undisturbed whole(arguments);
  std::mt19937 random(seed);
  const auto moment = [&] {
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(1, whole.time.count())(random));
  };
  int killed = 0;
  int without_a_run = 0;
  for (int round = 0; round < times && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    const Workplace here;
    std::string line = "tune " + arguments;
    std::int64_t least = 0;
    ordered_json d;
    for (int attempt = 0; d.is_null(); ++attempt) {
      const bool to_the_end = attempt > 0 && (attempt > 5 || random() % 2 == 0);
      const Outcome o = here.run(line + " --json", to_the_end ? kLimit : moment());
      if (o.signal == 0) {
        ASSERT_EQ(o.exit, 0) << o.out << o.err;
        d = parsed(o.out);
        break;
      }
      ASSERT_EQ(o.signal, SIGKILL);
      ASSERT_FALSE(to_the_end) << "it hangs";
      ++killed;
      const ordered_json runs = here.runs();
      ASSERT_LE(runs.size(), 1U);
      if (runs.empty()) {
        ++without_a_run;
        EXPECT_EQ(least, 0);
        EXPECT_EQ(here.run("resume " + whole.id).exit, 66);
        continue;
      }
      const std::int64_t trials = runs[0]["trials"].get<std::int64_t>();
      EXPECT_GE(trials, least) << "a trial is lost";
      EXPECT_LE(trials, whole.trials);
      least = trials;
      EXPECT_NE(runs[0]["state"], "running");
      line = "resume " + whole.id;
    }
    whole.expect_same(here, d);
  }
  testing::Test::RecordProperty("killed", killed);
  testing::Test::RecordProperty("without_a_run", without_a_run);
  EXPECT_GT(killed, times / 4) << "the moments were no moments of the run";
}

TEST(TunedRun, SurvivesBeingKilled) {
  kill_often(kCannon + " --strategy bandit --budget 60 --seed 3", rounds(26), 1);
}

TEST(TunedRun, SurvivesBeingKilledWhenGuided) {
  kill_often(kCircuit + " --budget 30", rounds(12), 2);
}

TEST(TunedRun, SurvivesBeingKilledWithManyJobs) {
  kill_often(kCannon + " --strategy bandit --budget 60 --seed 3 --jobs 4", rounds(12), 3);
}

TEST(TunedRun, GoesOnAfterAnInterrupt) {
  const std::string arguments = kCannon + " --strategy bandit --budget 400 --seed 3";
  const Undisturbed whole(arguments);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    SCOPED_TRACE(signal);
    const Workplace here;
    const auto process = here.start("tune " + arguments + " --json");
    ASSERT_TRUE(here.reaches(12));
    process->signal(signal);
    const Outcome o = process->wait(kLimit);
    if (o.exit == 0) continue;  // a machine so slow that it was over by then
    EXPECT_EQ(o.exit, 130) << o.out << o.err;
    EXPECT_EQ(o.err, "mapwright: interrupted; 'mapwright resume cannon-1' goes on\n");
    const ordered_json d = parsed(o.out);
    EXPECT_EQ(keys(d), kTuneKeys);
    EXPECT_EQ(d["stopped"], "it was interrupted");
    ASSERT_GE(d["trials"].size(), 10U);
    ASSERT_LT(d["trials"].size(), whole.document["trials"].size());
    for (std::size_t i = 0; i < d["trials"].size(); ++i)
      ASSERT_EQ(d["trials"][i], whole.document["trials"][i]);
    EXPECT_EQ(here.run("check cannon-1/best.mapper").exit, 0);
    ordered_json runs = here.runs();
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0]["state"], "interrupted");
    EXPECT_EQ(runs[0]["stopped"], "it was interrupted");
    EXPECT_EQ(runs[0]["trials"], d["trials"].size());
    whole.expect_same(here, here.document("resume cannon-1"));
  }
}

// What ignores the signal, such as nohup, still does.
TEST(TunedRun, IsNotInterruptedWhereThatIsIgnored) {
  const Workplace here;
  Process process("trap '' INT HUP; exec mapwright tune " + kLong + " --time 1", here / "",
                  MAPWRIGHT_EXECUTABLE);
  ASSERT_TRUE(here.reaches(5));
  process.signal(SIGINT);
  process.signal(SIGHUP);
  const Outcome o = process.wait(kLimit);
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_NE(o.out.find("; the time is up\n"), std::string::npos) << o.out;
}

// Nothing of the record is left out, however soon the next interrupt comes.
TEST(TunedRun, KeepsItsBestWhenInterruptedAgain) {
  const Workplace here;
  const ordered_json first = here.document("tune " + kCannon + " --strategy bandit --budget 300 --seed 3");
  Outcome o;
  // Before it listens to signals, one ends it at once.
  for (milliseconds pause(10); o.exit != 130 && pause < kLimit; pause *= 2) {
    const auto process = here.start("resume cannon-1 --budget 100000 --json");
    ASSERT_TRUE(here.reaches(0));
    std::this_thread::sleep_for(pause);
    process->signal(SIGINT);
    o = process->wait(kLimit);
    ASSERT_TRUE(o.exit == 130 || o.signal == SIGINT) << o.exit << o.err;
  }
  const ordered_json second = parsed(o.out);
  ASSERT_GE(second["trials"].size(), first["trials"].size());
  EXPECT_GE(second["best"]["metric"], first["best"]["metric"]);
  // The budget of the run is smaller than what it has by now.
  const ordered_json third = here.document("resume cannon-1");
  EXPECT_EQ(third["trials"], second["trials"]);
  EXPECT_EQ(third["best"], second["best"]);
  EXPECT_EQ(third["stopped"], "the budget is used up");
}

TEST(TunedRun, EndsAtOnceWhenAskedTwice) {
  const Workplace here;
  // Seconds for one execution.
  const auto process = here.start("tune circuit --size test --nodes 8 --set loops=4000");
  ASSERT_TRUE(here.reaches(0));
  std::this_thread::sleep_for(milliseconds(100));
  process->signal(SIGINT);
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(here.runs()[0]["state"], "running") << "it ends what it has begun";
  process->signal(SIGINT);
  const auto asked = Clock::now();
  const Outcome o = process->wait(kLimit);
  EXPECT_EQ(o.signal, SIGINT) << o.exit << o.err;
  EXPECT_LT(Clock::now() - asked, std::chrono::seconds(5));
  EXPECT_EQ(here.runs()[0]["state"], "interrupted");
}

TEST(TunedRun, GoesOnWithALargerBudget) {
  for (const std::string strategy : {"guided", "bandit"}) {
    SCOPED_TRACE(strategy);
    const std::string arguments = kCircuit + " --strategy " + strategy;
    const Undisturbed whole(arguments + " --budget 20");
    const Workplace here;
    const ordered_json first = here.document("tune " + arguments + " --budget 8");
    EXPECT_EQ(first["evaluations"], 8);
    // Without another budget it is over: the same again, and nothing is executed.
    const std::string best = here.read("circuit-1/best.mapper");
    EXPECT_EQ(here.document("resume circuit-1"), first);
    EXPECT_EQ(here.document("resume circuit-1 --budget 8"), first);
    EXPECT_EQ(here.runs()[0]["trials"], 8);
    EXPECT_EQ(here.runs()[0]["state"], "finished");
    EXPECT_EQ(here.read("circuit-1/best.mapper"), best);
    whole.expect_same(here, here.document("resume circuit-1 --budget 20"));
    whole.expect_same(here, here.document("resume circuit-1"));
  }
}

TEST(TunedRun, NeedsNoneOfItsFilesAgain) {
  const std::string machines = (kRoot / "machines").string();
  const auto prepare = [&](const Workplace& here) {
    EXPECT_EQ(here.shell("mapwright programs " + kCircuit + " > program.json && cp " + machines +
                         "/p100x4.toml machine.toml")
                  .exit,
              0);
    here.write("start.mapper", "Task * CPU;\n");
    here.write("rules.toml", "[[rule]]\ncode = \"mine\"\npattern = 'GFLOPS'\nexplain = \"b\"\n");
  };
  const std::string arguments =
      "tune program.json --machine machine.toml --nodes 1 --from start.mapper --rules rules.toml --budget ";
  const Workplace there;
  prepare(there);
  const ordered_json whole = there.document(arguments + "9");
  for (const bool changed : {false, true}) {
    const Workplace here;
    prepare(here);
    here.document(arguments + "4");
    for (const std::string name : {"program.json", "machine.toml", "start.mapper", "rules.toml"}) {
      std::filesystem::remove(here / name);
      if (changed) here.write(name, "nonsense");
    }
    EXPECT_EQ(here.document("resume circuit-1 --budget 9"), whole);
    EXPECT_EQ(here.read("circuit-1/best.mapper"), there.read("circuit-1/best.mapper"));
  }
}

TEST(TunedRun, IsKnownByItsId) {
  const Workplace here;
  here.document("tune " + kCircuit + " --budget 1");
  EXPECT_EQ(here.error("resume crcuit-1", 66, "has no run 'crcuit-1': did you mean 'circuit-1'?"), "MW9008");
  EXPECT_EQ(here.error("resume zzzzzzzzz", 66, "its runs: circuit-1"), "MW9008");
  EXPECT_EQ(here.error("resume ''", 66, "has no run ''"), "MW9008");
  EXPECT_EQ(here.error("resume circuit-1 --store none.db", 66, "with the store 'none.db'"),
            "there is no run 'circuit-1': nothing has been tuned yet with the store 'none.db'");
  EXPECT_FALSE(std::filesystem::exists(here / "none.db"));
}

TEST(TunedRun, SharesItsStore) {
  const std::string one = kCannon + " --strategy bandit --budget 100 --seed 3 --json";
  const std::string other = kCircuit + " --budget 60 --json";
  const ordered_json alone[] = {Undisturbed(one.substr(0, one.size() - 7)).document,
                                Undisturbed(other.substr(0, other.size() - 7)).document};
  for (const bool same : {false, true}) {
    SCOPED_TRACE(same);
    const Workplace here;
    const auto first = here.start("tune " + one);
    const auto second = here.start("tune " + (same ? one : other));
    const Outcome outcomes[] = {first->wait(kLimit), second->wait(kLimit)};
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 2; ++i) {
      ASSERT_EQ(outcomes[i].exit, 0) << outcomes[i].err;
      const ordered_json d = parsed(outcomes[i].out);
      EXPECT_EQ(d["trials"], alone[same ? 0 : i]["trials"]);
      EXPECT_EQ(d["baselines"], alone[same ? 0 : i]["baselines"]);
      EXPECT_TRUE(std::filesystem::exists(here / d["best"]["mapper"].get<std::string>()));
      ids.push_back(d["run"].get<std::string>());
    }
    const ordered_json runs = here.runs();
    ASSERT_EQ(runs.size(), 2U);
    for (const auto& run : runs) {
      EXPECT_EQ(run["state"], "finished");
      EXPECT_NE(std::ranges::find(ids, run["run"].get<std::string>()), ids.end()) << run;
    }
    EXPECT_NE(ids[0], ids[1]);
  }
}

TEST(TunedRun, IsOneProcessAtATime) {
  const Workplace here;
  const auto process = here.start("tune " + kLong + " --store runs.db");
  ASSERT_TRUE(here.reaches(5, " --store runs.db"));
  EXPECT_EQ(
      here.error("resume circuit-1 --store runs.db", 69, "another process works on the run 'circuit-1'"),
      "MW9009");
  process->signal(SIGTERM);
  const Outcome o = process->wait(kLimit);
  EXPECT_EQ(o.exit, 130);
  EXPECT_EQ(o.err, "mapwright: interrupted; 'mapwright resume circuit-1 --store runs.db' goes on\n");
  EXPECT_EQ(here.runs(" --store runs.db")[0]["state"], "interrupted");
}

// One line, which each progress replaces, and which is gone in the end; none where nobody looks.
TEST(TunedRun, ShowsHowItIsGettingOn) {
  const Workplace here;
  process::Terminal terminal;
  if (terminal.name().empty()) GTEST_SKIP() << "no terminals here";
  const std::string line = "tune " + kCircuit + " --strategy bandit --budget 400 --out b";
  const Outcome o = here.run(line + " 2>" + terminal.name());
  EXPECT_EQ(o.exit, 0) << o.out;
  const std::string shown = terminal.take();
  EXPECT_TRUE(shown.starts_with("\r\x1b[Kbandit: 1 of 400 executions")) << shown;
  EXPECT_NE(shown.find("x the expert"), std::string::npos) << shown;
  EXPECT_TRUE(shown.ends_with("\r\x1b[K")) << shown;
  EXPECT_EQ(shown.find('\n'), std::string::npos) << shown;
  EXPECT_EQ(here.run(line).err, "");
}

}  // namespace
}  // namespace mapwright
