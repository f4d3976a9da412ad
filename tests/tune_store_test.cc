// `tune`, `resume` and `runs` where a store or its file system refuses: what they say, how they end, and what
// is there afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tuned.h"

namespace mapwright {
namespace {

using nlohmann::ordered_json;
using process::Outcome;
using tuned::kCannon;
using tuned::kCircuit;
using tuned::parsed;
using tuned::rounds;
using tuned::Undisturbed;
using tuned::Workplace;

TEST(TuneStore, IsMadeWithItsFolder) {
  const Workplace here;
  here.document("tune " + kCircuit + " --budget 1 --store a/b/c.db");
  EXPECT_TRUE(std::filesystem::exists(here / "a/b/c.db"));
  EXPECT_FALSE(std::filesystem::exists(here.store()));
  EXPECT_EQ(here.runs(" --store a/b/c.db").size(), 1U);
  here.document("resume circuit-1 --store a/b/c.db");
  // In the user's home, where nothing else is said.
  EXPECT_EQ(
      here.shell("env -u XDG_STATE_HOME HOME=\"$PWD/home\" mapwright tune " + kCircuit + " --budget 1").exit,
      0);
  EXPECT_TRUE(std::filesystem::exists(here / "home/.local/state/mapwright/runs.db"));
}

TEST(TuneStore, NeedsAHome) {
  const Workplace here;
  for (const std::string& command :
       {"tune " + kCircuit, std::string("runs"), std::string("resume circuit-1")}) {
    const Outcome o = here.shell("env -u HOME -u XDG_STATE_HOME mapwright " + command);
    EXPECT_EQ(o.exit, 78) << command;
    EXPECT_EQ(o.err, "mapwright: there is no home folder to keep runs in: say where with --store FILE\n");
    EXPECT_EQ(o.out, "");
    const Outcome document = here.shell("env -u HOME -u XDG_STATE_HOME mapwright " + command + " --json");
    EXPECT_EQ(document.exit, 78);
    EXPECT_EQ(parsed(document.out)["schema"], "mapwright.error/1");
  }
}

void expect_refused(const Workplace& here, const std::string& code, const std::string& words) {
  for (const std::string& command :
       {"tune " + kCircuit + " --budget 1", std::string("runs"), std::string("resume circuit-1")})
    EXPECT_EQ(here.error(command + " --store runs.db", 74, words), code) << command;
}

TEST(TuneStore, IsNoOtherFile) {
  const Workplace here;
  here.write("runs.db", "Dear diary,\n");
  expect_refused(here, "MW9006", "'runs.db' is no store of mapwright");
  EXPECT_EQ(here.read("runs.db"), "Dear diary,\n");
  const std::string mapper(3000, '#');
  here.write("runs.db", mapper);
  expect_refused(here, "MW9006", "'runs.db' is no store of mapwright");
  EXPECT_EQ(here.read("runs.db"), mapper);
  std::filesystem::remove(here / "runs.db");
  std::filesystem::create_directory(here / "runs.db");
  expect_refused(here, "MW9001", "cannot read the store 'runs.db'");
}

// A store with one run, closed.
std::string sound_store(const Workplace& here) {
  here.document("tune " + kCircuit + " --budget 20 --strategy bandit --store runs.db");
  EXPECT_FALSE(std::filesystem::exists(here / "runs.db-wal"));
  return here.read("runs.db");
}

TEST(TuneStore, OfANewerVersionStaysAsItIs) {
  const Workplace here;
  std::string store = sound_store(here);
  store.replace(60, 4, std::string("\0\0\3\xE7", 4));  // the user version
  here.write("runs.db", store);
  expect_refused(here, "MW9004", "the store 'runs.db' has version 999");
  EXPECT_EQ(here.read("runs.db"), store);
}

TEST(TuneStore, MayBeDamaged) {
  const Workplace here;
  const std::string sound = sound_store(here);
  std::string store = sound;
  std::fill(store.begin() + 100, store.end(), '\xA5');
  here.write("runs.db", store);
  expect_refused(here, "MW9005", "the store 'runs.db' is damaged");
  // Anywhere: each command has an answer, and is no mistake of ours.
  std::mt19937 random(4);
  for (int i = 0; i < rounds(16); ++i) {
    store = sound;
    const std::size_t at = 100 + random() % (store.size() - 400);
    std::fill_n(store.begin() + static_cast<std::ptrdiff_t>(at), 300, i % 2 == 0 ? '\xA5' : 'x');
    here.write("runs.db", store);
    for (const std::string command : {"runs", "resume circuit-1", "resume circuit-1 --budget 22"}) {
      const Outcome o = here.run(command + " --json --store runs.db");
      EXPECT_TRUE(o.exit == 0 || o.exit == 74 || o.exit == 66 || o.exit == 78)
          << at << " " << command << " " << o.exit << " " << o.signal << o.out.substr(0, 2000) << o.err;
      EXPECT_TRUE(parsed(o.out).contains("schema"));
    }
  }
}

// What the text of a trial has lost is not made up.
TEST(TuneStore, MayHaveTrialsThatCannotBeRead) {
  const Workplace here;
  std::string store = sound_store(here);
  for (std::size_t at = 0; (at = store.find("\"findings\"", at)) != std::string::npos;) store[at + 1] = 'F';
  here.write("runs.db", store);
  here.error("resume circuit-1 --store runs.db", 74, "what the store 'runs.db' has of it is damaged");
  here.error("resume circuit-1 --budget 30 --store runs.db", 74, "the run 'circuit-1' cannot go on");
  EXPECT_EQ(here.runs(" --store runs.db")[0]["trials"], 20);
}

TEST(TuneStore, IsToldThatFilesMayNotGrow) {
  const std::string arguments = kCannon + " --strategy bandit --budget 120 --seed 3";
  const Undisturbed whole(arguments);
  const Workplace here;
  // Of 512 bytes each.
  const std::string limit = "trap '' XFSZ; ulimit -f 600; exec mapwright ";
  const Outcome o = here.shell(limit + "tune " + arguments);
  EXPECT_EQ(o.exit, 74) << o.out << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(o.err, "error[MW9003]: no room is left for the store '" + here.store().string() +
                       "': File too large\n"
                       "   = note: all that was recorded before is kept: make room, then continue\n");
  const ordered_json runs = here.runs();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0]["state"], "interrupted");
  EXPECT_GT(runs[0]["trials"], 10);
  EXPECT_LT(runs[0]["trials"], whole.trials);
  EXPECT_EQ(here.run("check cannon-1/best.mapper").exit, 0) << "what worked is there";
  const Outcome again = here.shell(limit + "resume cannon-1 --json");
  EXPECT_EQ(again.exit, 74) << again.out << again.err;
  EXPECT_EQ(parsed(again.out)["diagnostics"][0]["code"], "MW9003");
  EXPECT_GE(here.runs()[0]["trials"], runs[0]["trials"]);
  whole.expect_same(here, here.document("resume cannon-1"));
}

// A line in a world of mounts of its own, gone with it.
Outcome with_mounts(const Workplace& here, const std::string& line) {
  here.write("line", line);
  return here.shell(
      "if unshare -m true 2>/dev/null; then exec unshare -m sh line; fi; exec unshare -rm sh line");
}

bool mounts_permitted(const Workplace& here) {
  return with_mounts(here, "mkdir -p try && mount -t tmpfs none try").exit == 0;
}

TEST(TuneStore, IsToldThatTheDiskIsFull) {
  const std::string arguments = kCannon + " --strategy bandit --budget 120 --seed 3";
  const Undisturbed whole(arguments);
  const Workplace here;
  if (!mounts_permitted(here)) GTEST_SKIP() << "no file system of its own is permitted here";
  const Outcome o = with_mounts(here,
                                "mkdir disk && mount -t tmpfs -o size=600k none disk\n"
                                "mapwright tune " +
                                    arguments +
                                    " --store disk/runs.db 2> first\n"
                                    "echo $?\n"
                                    "mapwright runs --json --store disk/runs.db > runs\n"
                                    "echo $?\n"
                                    "mount -o remount,size=10m disk\n"
                                    "mapwright resume cannon-1 --json --store disk/runs.db > second\n"
                                    "echo $?\n");
  EXPECT_EQ(o.out, "74\n0\n0\n") << o.err << here.read("first") << here.read("second");
  EXPECT_TRUE(here.read("first").starts_with(
      "error[MW9003]: no room is left for the store 'disk/runs.db': No space left on device\n"))
      << here.read("first");
  const ordered_json run = parsed(here.read("runs"))["runs"][0];
  EXPECT_EQ(run["state"], "interrupted");
  EXPECT_GT(run["trials"], 10);
  EXPECT_LT(run["trials"], whole.trials);
  EXPECT_EQ(parsed(here.read("second")), whole.document);
  EXPECT_EQ(here.read("cannon-1/best.mapper"), whole.best);
}

TEST(TuneStore, MayBeReadOnly) {
  const Workplace here;
  if (!mounts_permitted(here)) GTEST_SKIP() << "no file system of its own is permitted here";
  here.document("tune " + kCircuit + " --budget 2 --store disk/runs.db");
  const Outcome o = with_mounts(here,
                                "mount --bind disk disk && mount -o remount,bind,ro disk\n"
                                "mapwright tune " +
                                    kCircuit +
                                    " --store disk/runs.db\n"
                                    "echo $?\n"
                                    "mapwright resume circuit-1 --json --store disk/runs.db > resumed\n"
                                    "echo $?\n"
                                    "mapwright tune " +
                                    kCircuit +
                                    " --store disk/new.db\n"
                                    "echo $?\n"
                                    "mapwright runs --json --store disk/runs.db > runs\n"
                                    "echo $?\n");
  EXPECT_EQ(o.out, "74\n74\n74\n0\n");
  const auto denied = [](const std::string& file) {
    return "error[MW9002]: cannot write to the store '" + file +
           "': Read-only file system\n"
           "   = note: recording a run takes the right to write the file and its folder; or name another "
           "store\n";
  };
  EXPECT_EQ(o.err, denied("disk/runs.db") + denied("disk/new.db"));
  EXPECT_EQ(parsed(here.read("resumed"))["diagnostics"][0]["code"], "MW9002");
  EXPECT_EQ(parsed(here.read("runs"))["runs"][0]["trials"], 2);
}

TEST(TuneStore, KeepsTheRunWhoseMapperCannotBeWritten) {
  const Workplace here;
  std::filesystem::create_directories(here / "taken/best.mapper/in");
  const Outcome o = here.run("tune " + kCircuit + " --budget 3 --out taken");
  EXPECT_EQ(o.exit, 74) << o.out << o.err;
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find("taken/best.mapper"), std::string::npos) << o.err;
  const ordered_json run = here.runs().back();
  EXPECT_EQ(run["run"], "circuit-1");
  EXPECT_EQ(run["trials"], 3);
  here.error("resume circuit-1", 74, "taken/best.mapper");
  std::filesystem::remove_all(here / "taken/best.mapper");
  EXPECT_EQ(here.document("resume circuit-1")["best"]["mapper"], "taken/best.mapper");
  EXPECT_EQ(here.run("check taken/best.mapper").exit, 0);
}

// What cannot be kept in the end is not begun.
TEST(TuneStore, MakesTheFolderFirst) {
  const Workplace here;
  here.write("file", "mine\n");
  for (const char* out : {"file", "file/out"}) {
    const Outcome o = here.run("tune " + kCircuit + " --budget 3 --out " + out);
    EXPECT_EQ(o.exit, 74) << o.out << o.err;
    EXPECT_NE(o.err.find(std::string("cannot make the folder '") + out), std::string::npos) << o.err;
  }
  EXPECT_EQ(here.read("file"), "mine\n");
  EXPECT_EQ(here.run("runs").out, "");
}

}  // namespace
}  // namespace mapwright
