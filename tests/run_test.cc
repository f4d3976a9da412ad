// `run` and `show` as people and programs meet them: documents, exit codes, files. What the text looks like
// is in docs/run.md, whose examples are tests as well.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tuned.h"

namespace mapwright {
namespace {

using nlohmann::ordered_json;
using process::Outcome;
using tuned::keys;

constexpr std::string_view kSmall = "circuit --size test --nodes 1";

class RunCommand : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(folder_.path() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Outcome shell(const std::string& line) const {
    return process::run_command(line, folder_.path(), MAPWRIGHT_EXECUTABLE);
  }
  ordered_json document(const std::string& arguments, int code) const {
    const Outcome o = shell("mapwright " + arguments + " --json");
    EXPECT_EQ(o.exit, code) << arguments << "\n" << o.out << o.err;
    ordered_json parsed = ordered_json::parse(o.out, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << o.out;
    return parsed;
  }

  process::TemporaryFolder folder_;
};

const std::vector<std::string> kRunKeys{
    "schema",          "program", "machine",  "nodes",         "mapper",
    "engine",          "outcome", "failure",  "metric",        "seconds_per_iteration",
    "gflops_per_node", "bytes",   "memory",   "critical_path", "tasks",
    "processors",      "regions", "findings", "errors",        "warnings",
    "diagnostics"};

TEST_F(RunCommand, WritesItsDocument) {
  const ordered_json d = document("run " + std::string(kSmall) + " --mapper expert", 0);
  EXPECT_EQ(keys(d), kRunKeys);
  EXPECT_EQ(d["schema"], "mapwright.run/1");
  EXPECT_EQ(d["program"], "circuit");
  EXPECT_EQ(d["machine"], "p100x4");
  EXPECT_EQ(d["nodes"], 1);
  EXPECT_EQ(d["mapper"], "expert");
  EXPECT_EQ(d["outcome"], "ok");
  EXPECT_EQ(d["failure"], nullptr);
  EXPECT_EQ(keys(d["metric"]), (std::vector<std::string>{"name", "unit", "value", "better"}));
  EXPECT_EQ(d["metric"]["better"], "larger");
  EXPECT_EQ(keys(d["bytes"]),
            (std::vector<std::string>{"local", "intra_node", "inter_node", "inter_rank", "host_device"}));
  for (const auto& [key, bytes] : d["bytes"].items()) EXPECT_TRUE(bytes.is_number_integer()) << key;
  EXPECT_EQ(d["bytes"]["inter_node"], 0);
  ASSERT_FALSE(d["findings"].empty());
  EXPECT_EQ(keys(d["findings"][0]),
            (std::vector<std::string>{"code", "share", "gain", "explain", "suggest", "edits"}));
  EXPECT_EQ(d["findings"][0]["code"], "slow_memory");
  EXPECT_EQ(d["findings"][0]["edits"].dump(),
            R"([{"remove":false,"text":"Region distribute_charge rp_shared GPU FBMEM, ZCMEM;"}])");
  EXPECT_EQ(d["diagnostics"], ordered_json::array());
  // The same figures twice.
  std::int64_t moved = 0;
  for (const auto& r : d["regions"]) moved += r["bytes"].get<std::int64_t>();
  EXPECT_EQ(moved, d["bytes"]["local"].get<std::int64_t>() + d["bytes"]["intra_node"].get<std::int64_t>());
  double shares = 0;
  for (const auto& p : d["critical_path"]) shares += p["share"].get<double>();
  EXPECT_NEAR(shares, 1, 1e-9);
}

TEST_F(RunCommand, AFailureIsADocumentToo) {
  write("full.mapper", "Task * GPU, CPU;\nRegion * * GPU FBMEM;\n");
  const ordered_json d = document("run circuit --set wpp=20000000 --mapper full.mapper", 75);
  EXPECT_EQ(keys(d), kRunKeys);
  EXPECT_EQ(d["outcome"], "failed");
  EXPECT_EQ(d["failure"]["code"], "out_of_memory");
  EXPECT_TRUE(
      d["failure"]["text"].get<std::string>().starts_with("Default mapper failed allocation of size "));
  EXPECT_EQ(d["metric"], nullptr);
  EXPECT_EQ(d["errors"], 1);
  EXPECT_EQ(d["diagnostics"][0]["code"], "MW8201");
  EXPECT_EQ(d["diagnostics"][0]["file"], "full.mapper");
  EXPECT_EQ(d["diagnostics"][0]["line"], 2);
  ASSERT_EQ(d["findings"].size(), 4U);
  EXPECT_EQ(d["findings"][0]["code"], "out_of_memory");
  EXPECT_EQ(d["findings"][0]["gain"], 1);
  EXPECT_EQ(d["findings"][0]["edits"][1].dump(),
            R"({"remove":false,"text":"InstanceLimit calculate_new_currents 1;"})");
  const ordered_json s = document("show full.mapper --program circuit --set wpp=20000000", 75);
  EXPECT_EQ(s["failure"], d["failure"]);
  EXPECT_EQ(s["launches"], ordered_json::array());
  EXPECT_EQ(s["diagnostics"], d["diagnostics"]);
  // No timeline, no picture.
  EXPECT_EQ(shell("mapwright run circuit --set wpp=20000000 --mapper full.mapper --trace t.json").exit, 75);
  EXPECT_EQ(shell("mapwright show full.mapper --program circuit --set wpp=20000000 --svg t.svg").exit, 75);
  EXPECT_EQ(read("t.json") + read("t.svg"), "");
}

TEST_F(RunCommand, SaysAsMuchAsItIsAskedFor) {
  const auto findings = [&](const std::string& options) {
    return document("run " + std::string(kSmall) + " --mapper expert " + options, 0)["findings"];
  };
  EXPECT_EQ(findings("--guide-level system"), ordered_json::array());
  const ordered_json explained = findings("--guide-level explain");
  ASSERT_FALSE(explained.empty());
  for (const auto& f : explained) {
    EXPECT_NE(f["explain"], "");
    EXPECT_EQ(f["suggest"], "");
    EXPECT_EQ(f["edits"], ordered_json::array());
  }
  const ordered_json published = findings("--guide paper");
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0]["code"], "throughput");
  EXPECT_EQ(published[0]["gain"], 0);
  write("a.toml", "[[rule]]\ncode = \"a\"\npattern = 'GFLOPS: (?P<n>\\S+)'\nexplain = \"{n}\"\n");
  write("b.toml", "[[rule]]\ncode = \"b\"\npattern = 'GFLOPS'\nexplain = \"b\"\n");
  const ordered_json mine = findings("--guide paper --rules b.toml --rules a.toml");
  ASSERT_EQ(mine.size(), 3U);
  EXPECT_EQ(mine[0]["code"], "b");
  EXPECT_EQ(mine[1]["code"], "a");
  EXPECT_EQ(mine[2], published[0]);
  const Outcome o = shell("mapwright run " + std::string(kSmall) + " --guide paper");
  EXPECT_NE(o.out.find("\nwhat to change\n    -  This is the throughput"), std::string::npos) << o.out;
}

TEST_F(RunCommand, EndsWithWhatIsWrong) {
  write("bad.mapper", "Task * GPU\n");
  write("good.mapper", "Task * GPU, CPU;\n");
  write("broken.toml", "name = \n");
  EXPECT_EQ(shell("mapwright programs " + std::string(kSmall) + " > saved.json").exit, 0);
  // A disk without room, which is written to and never replaced.
  const bool device = ::mknod((folder_.path() / "full").c_str(), S_IFCHR | 0666, makedev(1, 7)) == 0;
  const std::string program = read("saved.json");
  const std::vector<std::pair<std::string, int>> cases{
      {"run", 64},
      {"run circuits", 64},
      {"run circuit --set nothing=1", 64},
      {"run circuit --set loops=-1", 64},
      {"run circuit --nodes 0", 64},
      {"run circuit --size large", 64},
      {"run circuit --engine nothing", 64},
      {"run circuit --mapper bad.mapper", 65},
      {"run circuit --mapper nothing.mapper", 66},
      {"run circuit --set loops=1000000", 78},
      {"run - --mapper -", 64},
      {"show - --program -", 64},
      {"run saved.json --size test", 64},
      {"run " + std::string(kSmall) + " --trace ''", 64},
      {"run " + std::string(kSmall) + " --trace -", 64},
      {"run " + std::string(kSmall) + " --mapper good.mapper --trace ./good.mapper", 64},
      {"show good.mapper --program " + std::string(kSmall) + " --svg good.mapper", 64},
      {"run saved.json --trace saved.json", 64},
      {"machine ''", 64},
      {"programs ''", 64},
      {"programs circuits", 64},
      {"check good.mapper --program circuits", 64},
      {"check - --program -", 64},
      {"run " + std::string(kSmall) + " --trace nowhere/t.json", 74},
      {"run " + std::string(kSmall) + " --trace full", 74},
      {"show expert --program " + std::string(kSmall) + " --svg full", 74},
      {"run circuit --machine broken.toml", 78},
      {"run circuit --guide theirs", 64},
      {"run circuit --guide-level all", 64},
      {"run circuit --rules -", 64},
      {"run circuit --rules nothing.toml", 66},
      {"run circuit --rules .", 74},
      {"run circuit --rules broken.toml", 78},
      {"show", 64},
      {"show expert", 64},
      {"show expert --program circuits", 64},
      {"show bad.mapper --program circuit", 65},
      {"show nothing.mapper --program circuit", 66},
      {"show expert --program " + std::string(kSmall) + " --svg nowhere/t.svg", 74},
      {"show expert --program circuit --machine broken.toml", 78}};
  for (const auto& [arguments, code] : cases) {
    SCOPED_TRACE(arguments);
    if (!device && arguments.ends_with(" full")) continue;  // only root makes devices
    const Outcome o = shell("mapwright " + arguments);
    EXPECT_EQ(o.exit, code) << o.out << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_NE(o.err, "");
    EXPECT_EQ(document(arguments, code).value("schema", ""), "mapwright.error/1");
  }
  EXPECT_EQ(read("saved.json"), program);
  EXPECT_EQ(read("good.mapper"), "Task * GPU, CPU;\n");
  struct stat full{};
  EXPECT_TRUE(!device || (::stat((folder_.path() / "full").c_str(), &full) == 0 && S_ISCHR(full.st_mode)));
}

// New files have the mode that the user's new files have.
TEST_F(RunCommand, FilesAreTheUsers) {
  EXPECT_EQ(shell("umask 077; mapwright run " + std::string(kSmall) + " --trace t.json").exit, 0);
  struct stat made{};
  ASSERT_EQ(::stat((folder_.path() / "t.json").c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777U, 0600U);
}

// What `programs` writes is the program: it runs as the built-in one does.
TEST_F(RunCommand, ASavedProgramRunsIdentically) {
  for (const std::string program :
       {"circuit", "stencil", "pennant", "cannon", "summa", "pumma", "johnson", "solomonik", "cosma"}) {
    const Outcome saved = shell("mapwright programs " + program + " > saved.json");
    EXPECT_EQ(saved.exit, 0) << saved.err;
    for (const std::string mapper : {"expert", "default"}) {
      const int code = shell("mapwright run " + program + " --mapper " + mapper).exit;
      EXPECT_EQ(document("run saved.json --mapper " + mapper, code),
                document("run " + program + " --mapper " + mapper, code))
          << program << " " << mapper;
    }
  }
}

TEST_F(RunCommand, IsOneScreenful) {
  for (const char* program : {"circuit", "cannon", "summa", "pumma", "johnson", "solomonik", "cosma"}) {
    const Outcome o = shell("mapwright run " + std::string(program) + " --mapper expert");
    EXPECT_EQ(o.exit, 0) << program << o.err;
    EXPECT_LE(std::count(o.out.begin(), o.out.end(), '\n'), 40) << o.out;
    EXPECT_EQ(o.out.find(" \n"), std::string::npos) << o.out;
    int percent = 0;
    std::size_t at = o.out.find("critical path\n");
    ASSERT_NE(at, std::string::npos) << o.out;
    for (at += 14; o.out[at] == ' '; at = o.out.find('\n', at) + 1) percent += std::stoi(o.out.substr(at, 6));
    EXPECT_EQ(percent, 100) << o.out;
  }
}

TEST_F(RunCommand, WritesATimeline) {
  const Outcome o = shell("mapwright run " + std::string(kSmall) + " --trace t.json");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_TRUE(o.out.starts_with("circuit: ")) << o.out;
  const ordered_json trace = ordered_json::parse(read("t.json"), nullptr, false);
  ASSERT_FALSE(trace.is_discarded());
  std::int64_t timed = 0;
  for (const auto& e : trace["traceEvents"]) timed += e.value("name", "") == "timed iterations" ? 1 : 0;
  EXPECT_EQ(timed, 1);
}

TEST_F(RunCommand, ShowWritesItsDocument) {
  const ordered_json d = document("show expert --program " + std::string(kSmall), 0);
  EXPECT_EQ(keys(d), (std::vector<std::string>{"schema", "program", "machine", "nodes", "mapper", "failure",
                                               "launches", "homes", "errors", "warnings", "diagnostics"}));
  EXPECT_EQ(d["schema"], "mapwright.show/1");
  EXPECT_EQ(
      d["launches"][3].dump(),
      R"({"task":"calculate_new_currents","kind":"GPU","single":false,"launches":1,"domain":[4],"points":)"
      R"([{"point":[0],"node":0,"processor":0},{"point":[1],"node":0,"processor":1},)"
      R"({"point":[2],"node":0,"processor":2},{"point":[3],"node":0,"processor":3}]})");
  EXPECT_EQ(d["homes"][0]["partition"], "rp_private");
  EXPECT_EQ(d["homes"][0]["pieces"][3].dump(),
            R"({"memory":"FBMEM","node":0,"index":3,"sums":false,"collected":false})");
}

TEST_F(RunCommand, ShowDraws) {
  const Outcome o = shell("mapwright show expert --program " + std::string(kSmall) + " --svg p.svg");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_EQ(o.out.find('\033'), std::string::npos);
  const std::string svg = read("p.svg");
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg;
  EXPECT_NE(svg.find("calculate_new_currents (4,) on GPU: 4 points on 4 processors"), std::string::npos);
}

TEST_F(RunCommand, ShowHasColourOnATerminalOnly) {
  process::Terminal terminal;
  if (terminal.name().empty()) GTEST_SKIP() << "no terminals here";
  const auto colored = [&](const std::string& before) {
    const Outcome o = shell("env -u NO_COLOR TERM=xterm " + before + " mapwright show expert --program " +
                            std::string(kSmall) + " >" + terminal.name());
    EXPECT_EQ(o.exit, 0) << o.err;
    const std::string text = terminal.take();
    EXPECT_NE(text.find("0.3"), std::string::npos) << text;
    return text.find("\033[38;5;33m0.3\033[0m") != std::string::npos;
  };
  EXPECT_TRUE(colored(""));
  EXPECT_FALSE(colored("NO_COLOR=1"));
}

}  // namespace
}  // namespace mapwright
