// The executable as people and programs meet it: exit codes, documents, streams, files.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/exit.h"
#include "process.h"
#include "texts.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using process::Outcome;

// Two errors; the first can be repaired, and uncovers nothing.
constexpr std::string_view kBad = "Task * GPU\nRegion * * CPU FBMEM;\n";
// Everything that place shows.
constexpr std::string_view kGood = R"(gpus = Machine(GPU);
cpus = Machine(CPU);

def deal(Task task) {
    return gpus[task.ipoint[0] % gpus.size[0], 0];
}

def any_gpu(Task task) {
    return gpus[0, *];
}

def beside(Task task) {
    return gpus[*task.parent.processor(gpus)];
}

def leave(Task task) {
    print("point {}", task.ipoint);
    return gpus[task.ipoint[0], 0];
}

IndexTaskMap work deal;
IndexTaskMap sets any_gpu;
IndexTaskMap far leave;
SingleTaskMap alone beside;
)";
constexpr std::string_view kProgram =
    R"({"name": "plate", "tasks": [{"name": "work", "variants": ["GPU", "CPU"], "regions": [["halo", "points"]],
    "launches": [[4], [2, 2]]}, {"name": "far", "launches": [[9]]}, {"name": "alone", "launches": ["single"]}]})";

class Cli : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_FALSE(folder_.path().empty());
    write("bad.mapper", kBad);
    write("good.mapper", kGood);
    write("plate.json", kProgram);
    // Not canonical, and correct.
    write("loose.mapper", "Task  *  GPU ;\n");
    write("broken.toml", "name = \n");
    fs::create_directory(at("folder"));
  }

  fs::path at(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(at(name), std::ios::binary) << text;
  }
  //! `mapwright` and the rest of a line.
  Outcome run(const std::string& arguments) const { return shell("mapwright " + arguments); }
  Outcome shell(const std::string& line) const {
    return process::run_command(line, folder_.path(), MAPWRIGHT_EXECUTABLE);
  }
  //! Also: whatever stops a command, standard output is either a result or empty, and something is said.
  void expect_exit(int code, const std::string& arguments, std::string_view part = {}) const {
    SCOPED_TRACE(arguments);
    const Outcome o = run(arguments);
    EXPECT_EQ(o.exit, code) << o.out << o.err;
    EXPECT_FALSE(o.out.empty() && o.err.empty() && code != 0);
    if (!part.empty()) {
      EXPECT_NE((o.out + o.err).find(part), std::string::npos) << o.out << o.err;
    }
    if (code == 0 || code == static_cast<int>(cli::Exit::bad_mapper)) return;
    EXPECT_EQ(o.out, "");
    // The same as a document.
    const Outcome j = run(arguments + " --json");
    EXPECT_EQ(j.exit, code) << j.out << j.err;
    EXPECT_EQ(j.err, "");
    const json document = json::parse(j.out, nullptr, false);
    ASSERT_FALSE(document.is_discarded()) << j.out;
    EXPECT_EQ(document.value("schema", ""), "mapwright.error/1");
    EXPECT_EQ(document["error"]["exit_code"], code);
    EXPECT_TRUE(document["error"]["text"].is_string());
    EXPECT_TRUE(document["diagnostics"].is_array());
    EXPECT_FALSE(document["error"]["text"] == "" && document["diagnostics"].empty());
  }
  //! The one document that a command writes.
  json document(const std::string& arguments, int code) const {
    const Outcome o = run(arguments);
    EXPECT_EQ(o.exit, code) << arguments << "\n" << o.out << o.err;
    EXPECT_TRUE(o.out.ends_with("}\n")) << o.out;
    json parsed = json::parse(o.out, nullptr, false);  // fails where bytes are no UTF-8, or something follows
    EXPECT_FALSE(parsed.is_discarded()) << o.out;
    return parsed;
  }

  process::TemporaryFolder folder_;
};

// ------------------------------------------------------------------------------------------------- exit
// codes

TEST_F(Cli, EndsWithNothingWrong) {
  expect_exit(0, "check good.mapper");
  expect_exit(0, "check good.mapper --machine lassen --nodes 3");
  expect_exit(0, "check good.mapper --program plate.json");
  expect_exit(0, "fmt good.mapper");
  expect_exit(0, "fmt --check good.mapper");
  expect_exit(0, "place good.mapper --task work --domain 3");
  expect_exit(0, "machine");
  expect_exit(0, "machine lassen");
  expect_exit(0, "machine local");
  expect_exit(0, "machine '" + (kRoot / "machines/summit.toml").string() + "'");
}

TEST_F(Cli, WarningsAreNoErrors) {
  write("twice.mapper", "Task a GPU;\nTask a CPU;\n");
  const Outcome o = run("check twice.mapper");
  EXPECT_EQ(o.exit, 0);
  EXPECT_TRUE(o.out.ends_with("twice.mapper: 1 warning\n")) << o.out;
}

TEST_F(Cli, RefusesWordsThatMakeNoSense) {
  expect_exit(64, "");
  expect_exit(64, "frobnicate");
  for (const std::string command : {"check", "fmt", "place", "machine"}) {
    expect_exit(64, command + " --no-such-option");
    expect_exit(64, command + " good.mapper good.mapper");
  }
  for (const std::string command : {"check", "fmt", "place"}) expect_exit(64, command, "FILE");
  expect_exit(64, "check good.mapper --format yaml");
  expect_exit(64, "fmt --check --write good.mapper");
}

TEST_F(Cli, RefusesLaunchesThatAreNone) {
  const std::string place = "place good.mapper --task work ";
  expect_exit(64, "place good.mapper --domain 4", "--task");
  expect_exit(64, place, "--domain");
  for (const std::string domain : {"0",
                                   "-1",
                                   "x",
                                   "4x",
                                   "x4",
                                   "4x0",
                                   "4,2",
                                   "4x2x",
                                   "3..2",
                                   "..",
                                   "1..",
                                   "..4",
                                   "9223372036854775808",
                                   "0..9223372036854775807",
                                   "-9223372036854775808..9223372036854775807",
                                   "1x1x1x1x1x1x1x1x1x1",
                                   "1e3",
                                   "'4x 2'",
                                   "99999999999999999999999999",
                                   "'\x1b[2J'"}) {
    expect_exit(64, place + "--domain=" + domain, "launch domain");
  }
  expect_exit(64, place + "--domain 4096x4097", "16777216");
  expect_exit(64, place + "--domain 4 --single");
  expect_exit(64, place + "--domain 4 --parent 0,0");
  expect_exit(64, place + "--domain 4 --kind TPU", "GPU");
  for (const std::string parent :
       {"0", "x", "0,x", "0,1,2", "2,0", "-1,0", "0,-1", "0,65536", "99999999999999999999,0", ","})
    expect_exit(64, place + "--single --nodes 2 --parent=" + parent);
  expect_exit(65, "place good.mapper --task alone --single --nodes 2", "`--parent NODE,PROCESSOR`");
}

TEST_F(Cli, RefusesMachinesThatAreNone) {
  for (const std::string command : {"check good.mapper ", "place good.mapper --task work --domain 4 "}) {
    expect_exit(64, command + "--machine lasen", "did you mean 'lassen'");
    expect_exit(64, command + "--machine lassen --procs GPU=1");
    for (const std::string nodes : {"0", "-1", "1048577", "x", "2.5", "99999999999999999999"})
      expect_exit(64, command + "--nodes=" + nodes, "nodes");
    for (const std::string procs : {"GPU", "GPU=", "=1", "GPU=-1", "GPU=65537", "TPU=1", "GPU=1,", "gpu=1",
                                    "GPU=1;CPU=1", "GPU=99999999999999999999"})
      expect_exit(64, command + "--procs='" + procs + "'", "--procs");
  }
  expect_exit(64, "machine lasen", "did you mean 'lassen'");
  expect_exit(64, "machine nothing-like-it", "perlmutter");
}

TEST_F(Cli, EndsWithTheMappersErrors) {
  expect_exit(65, "check bad.mapper", "MW2002");
  expect_exit(65, "fmt bad.mapper", "MW2002");
  expect_exit(65, "place bad.mapper --task work --domain 4", "MW2002");
  expect_exit(65, "fmt --check loose.mapper", "canonical");
  // Only on a machine, and only for a launch.
  write("nodes.mapper", "x = 1 / (Machine(GPU).size[0] - 1);\n");
  expect_exit(0, "check nodes.mapper");
  expect_exit(0, "check nodes.mapper --nodes 2");
  expect_exit(65, "check nodes.mapper --nodes 1", "MW");
  expect_exit(0, "check good.mapper --program plate.json");
  expect_exit(65, "check good.mapper --program plate.json --nodes 2", "far");
  expect_exit(65, "place good.mapper --task far --domain 9 --nodes 2", "The first such point");
}

TEST_F(Cli, EndsWhereAFileIsMissing) {
  for (const std::string command : {"check missing", "fmt missing", "fmt --write missing",
                                    "check --fix missing", "place missing --task t --domain 4",
                                    "check good.mapper/x", "check good.mapper --program missing.json"}) {
    expect_exit(66, command, "cannot read");
  }
  expect_exit(66, "machine ./missing.toml", "cannot read");
  expect_exit(66, "check good.mapper --machine ./missing.toml", "cannot read");
}

TEST_F(Cli, EndsWhereAFileCannotBeRead) {
  for (const std::string file : {"folder", "/proc/self/mem"}) {
    for (const std::string command :
         {"check ", "fmt ", "fmt --write ", "check --fix ", "place --task t --domain 4 ",
          "check good.mapper --program ", "check good.mapper --machine ", "machine "}) {
      expect_exit(74, command + file, "cannot read");
    }
  }
  if (::geteuid() == 0) return;  // who may read everything
  ::chmod(at("bad.mapper").c_str(), 0);
  expect_exit(74, "check bad.mapper", "Permission denied");
}

TEST_F(Cli, EndsWhereTheConfigurationIsWrong) {
  expect_exit(78, "machine broken.toml", "broken.toml:1:");
  expect_exit(78, "check good.mapper --machine broken.toml", "broken.toml:1:");
  expect_exit(78, "place good.mapper --task t --domain 4 --machine broken.toml", "broken.toml:1:");
  const std::vector<std::string> programs = {
      "",
      "x",
      "[]",
      "null",
      "1",
      "\"text\"",
      "{}",
      "{\"name\":\"p\"}",
      "{\"name\":1,\"tasks\":[]}",
      "{\"tasks\":[]}",
      "{\"name\":\"p\",\"tasks\":{}}",
      "{\"name\":\"p\",\"tasks\":[1]}",
      "{\"name\":\"p\",\"tasks\":[{}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"variants\":[\"TPU\"]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"variants\":\"GPU\"}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"variants\":[1]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"regions\":[1]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"regions\":[[1]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[\"index\"]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[0]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[-4]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[1.5]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[\"4\"]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[18446744073709551615]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[1e400]]}]}",
      "{\"name\":\"p\",\"tasks\":[{\"name\":\"t\",\"launches\":[[1,1,1,1,1,1,1,1,1,1]]}]}",
      "{\"name\":\"p\",\"ranks_per_node\":0,\"tasks\":[]}",
      "{\"name\":\"p\",\"ranks_per_node\":\"2\",\"tasks\":[]}",
      "{\"name\":\"p\",\"ranks_per_node\":1048577,\"tasks\":[]}",
      "{\"name\":\"\xff\",\"tasks\":[]}",
      "{\"name\":\"p\",\"tasks\":[]} x",
      "{\"name\":\"p\",\"tasks\":[",
      "{\"name\":\"p\",\"x\":1e400,\"tasks\":[]}",
      "{\"name\":\"p\",\"x\":-1e400,\"tasks\":[]}",
      std::string(100'000, '['),
      std::string(100'000, '{'),
      "{\"name\":\"p\",\"tasks\":[],\"x\":\"\x01\"}",
      std::string("{\"name\":\"p\0\",\"tasks\":[]}", 24)};
  for (const std::string& text : programs) {
    SCOPED_TRACE(text.substr(0, 200));
    write("bad.json", text);
    expect_exit(78, "check good.mapper --program bad.json", "bad.json");
  }
}

TEST_F(Cli, RanksDoNotLeaveTheMachine) {
  write("ranks.json", "{\"name\":\"p\",\"ranks_per_node\":65536,\"tasks\":[]}");
  expect_exit(0, "check good.mapper --program ranks.json --nodes 16");
  expect_exit(64, "check good.mapper --program ranks.json --nodes 17", "1 to 16");
  expect_exit(64, "check good.mapper --program ranks.json --nodes 17 --procs GPU=1", "1 to 16");
  std::string large = file_text(kRoot / "machines/p100x4.toml");
  const std::size_t nodes = large.find("\nnodes");
  ASSERT_NE(nodes, std::string::npos);
  large.replace(nodes, large.find('\n', nodes + 1) - nodes, "\nnodes = 1048576");
  write("large.toml", large);
  expect_exit(0, "check good.mapper --machine large.toml");
  const Outcome o = run("check good.mapper --program ranks.json --machine large.toml");
  EXPECT_TRUE(o.exit == 64 || o.exit == 78) << o.exit << o.err;
}

// Both ways to name the machine give the mapper the same ranks.
TEST_F(Cli, RanksShareANode) {
  write("corner.mapper",
        "gpus = Machine(GPU);\n\ndef f(Task task) {\n    return gpus[3, 1];\n}\n\nIndexTaskMap * f;\n");
  write("ranks.json",
        "{\"name\":\"p\",\"ranks_per_node\":2,\"tasks\":[{\"name\":\"t\",\"launches\":[[2]]}]}");
  expect_exit(0, "check corner.mapper --program ranks.json --nodes 2");
  expect_exit(0, "check corner.mapper --program ranks.json --nodes 2 --procs CPU=2,GPU=4");
  const Outcome o = run("check corner.mapper --program ranks.json --nodes 1 --procs CPU=2,GPU=4");
  EXPECT_EQ(o.exit, 65);
  EXPECT_NE(o.out.find("on 2 ranks of 1 node."), std::string::npos) << o.out;
}

// ------------------------------------------------------------------------------------------------------ help

TEST_F(Cli, SaysItsVersion) {
  const Outcome o = run("--version");
  EXPECT_EQ(o.exit, 0);
  EXPECT_TRUE(o.out.starts_with("mapwright ")) << o.out;
  EXPECT_EQ(o.err, "");
}

TEST_F(Cli, HelpsWithAnExampleThatWorks) {
  write("my.mapper", "Task *   GPU;\n");
  for (const std::string command :
       {"", "check ", "fmt ", "grammar ", "place ", "run ", "show ", "machine "}) {
    SCOPED_TRACE(command);
    const Outcome o = run(command + "--help");
    EXPECT_EQ(o.exit, 0);
    EXPECT_EQ(o.err, "");
    const std::size_t example = o.out.find("Example:\n  mapwright ");
    ASSERT_NE(example, std::string::npos) << o.out;
    const std::string line = o.out.substr(example + 11, o.out.find('\n', example + 11) - example - 11);
    const Outcome shown = shell(line);
    EXPECT_EQ(shown.exit, 0) << line << "\n" << shown.err;
  }
}

// ------------------------------------------------------------------------------------------------- documents

TEST_F(Cli, CheckWritesItsDocument) {
  const json d = document("check bad.mapper --json", 65);
  EXPECT_EQ(d["schema"], "mapwright.check/1");
  EXPECT_EQ(d["file"], "bad.mapper");
  EXPECT_EQ(d["fixed"], 0);
  EXPECT_EQ(d["errors"], 2);
  EXPECT_EQ(d["warnings"], 0);
  ASSERT_EQ(d["diagnostics"].size(), 2U);
  const json& first = d["diagnostics"][0];
  EXPECT_EQ(first["code"], "MW2002");
  EXPECT_EQ(first["name"], "missing_semicolon");
  EXPECT_EQ(first["severity"], "error");
  EXPECT_EQ(first["file"], "bad.mapper");
  EXPECT_EQ(first["line"], 1);
  EXPECT_EQ(first["column"], 8);
  EXPECT_EQ(first["end_line"], 1);
  EXPECT_EQ(first["end_column"], 11);
  EXPECT_EQ(first["begin"], 7);
  EXPECT_EQ(first["end"], 10);
  EXPECT_EQ(first["fix"]["edits"][0]["text"], ";");
  EXPECT_TRUE(first["message"].is_string());
  EXPECT_TRUE(first["note"].is_string());
  EXPECT_TRUE(first["related"].is_array());
  EXPECT_EQ(document("check bad.mapper --format json", 65), d);
  EXPECT_EQ(document("check good.mapper --json", 0)["diagnostics"], json::array());
}

TEST_F(Cli, CheckWritesSarif) {
  const json d = document("check bad.mapper --format sarif", 65);
  EXPECT_EQ(d["version"], "2.1.0");
  EXPECT_TRUE(d["$schema"].is_string());
  ASSERT_EQ(d["runs"].size(), 1U);
  const json& driver = d["runs"][0]["tool"]["driver"];
  EXPECT_EQ(driver["name"], "mapwright");
  const json& results = d["runs"][0]["results"];
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0]["ruleId"], "MW2002");
  EXPECT_EQ(results[0]["level"], "error");
  EXPECT_TRUE(results[0]["message"]["text"].is_string());
  const json& place = results[0]["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "bad.mapper");
  EXPECT_EQ(place["region"]["startLine"], 1);
  EXPECT_EQ(place["region"]["startColumn"], 8);
  EXPECT_EQ(place["region"]["endColumn"], 11);
  const json& change = results[0]["fixes"][0]["artifactChanges"][0];
  EXPECT_EQ(change["replacements"][0]["insertedContent"]["text"], ";");
  for (const json& r : results) {
    EXPECT_TRUE(
        std::ranges::any_of(driver["rules"], [&](const json& rule) { return rule["id"] == r["ruleId"]; }));
  }
  EXPECT_EQ(document("check good.mapper --format sarif", 0)["runs"][0]["results"], json::array());
}

TEST_F(Cli, FmtWritesItsDocument) {
  json d = document("fmt loose.mapper --json", 0);
  EXPECT_EQ(d["schema"], "mapwright.fmt/1");
  EXPECT_EQ(d["file"], "loose.mapper");
  EXPECT_EQ(d["changed"], true);
  EXPECT_EQ(d["text"], "Task * GPU;\n");
  EXPECT_EQ(d["diagnostics"], json::array());
  d = document("fmt bad.mapper --json", 65);
  EXPECT_EQ(d["text"], nullptr);
  EXPECT_EQ(d["changed"], false);
  EXPECT_EQ(d["errors"], 1);
  EXPECT_EQ(document("fmt loose.mapper --check --json", 65)["changed"], true);
}

TEST_F(Cli, PlaceWritesItsDocument) {
  const std::string place = "place good.mapper --nodes 2 --procs CPU=1,GPU=4 --json ";
  EXPECT_EQ(document(place + "--task work --domain 3", 0),
            json::parse(R"({"schema":"mapwright.place/1","task":"work",
      "kind":"GPU","map":"deal","domain":[3],"points":[{"point":[0],"node":0,"processor":0},
      {"point":[1],"node":1,"processor":0},{"point":[2],"node":0,"processor":0}]})"));
  EXPECT_EQ(document(place + "--task sets --domain 5..5", 0),
            json::parse(R"({"schema":"mapwright.place/1","task":"sets",
      "kind":"GPU","map":"any_gpu","domain":[1],"points":[{"point":[5],"node":0,"processor":[0,1,2,3]}]})"));
  EXPECT_EQ(document(place + "--task alone --single --parent 1,2", 0),
            json::parse(R"({"schema":"mapwright.place/1",
      "task":"alone","kind":"GPU","map":"beside","domain":[],"points":[{"point":[],"node":1,"processor":2}]})"));
  // No map: the default of index launches and of single tasks.
  EXPECT_EQ(document(place + "--task other --domain 2", 0),
            json::parse(R"({"schema":"mapwright.place/1","task":"other",
      "kind":"GPU","map":null,"domain":[2],"points":[{"point":[0],"node":0,"processor":0},
      {"point":[1],"node":1,"processor":0}]})"));
  EXPECT_EQ(document(place + "--task other --single --parent 1,3 --kind CPU", 0), json::parse(R"({"schema":
      "mapwright.place/1","task":"other","kind":"CPU","map":null,"domain":[],"points":[{"point":[],"node":1,"processor":0}]})"));
}

TEST_F(Cli, PlaceKeepsToTheKind) {
  const Outcome mixed = run("place good.mapper --task work --domain 2 --kind CPU --json");
  const json d = json::parse(mixed.out, nullptr, false);
  // The map names the task, so its answer holds; one for all tasks has to fit.
  write("all.mapper",
        "gpus = Machine(GPU);\n\ndef f(Task task) {\n    return gpus[0, 0];\n}\n\nIndexTaskMap * f;\n");
  expect_exit(65, "place all.mapper --task work --domain 2 --kind CPU", "runs on CPU");
  const json problem = document("place all.mapper --task work --domain 2 --kind CPU --json", 65);
  EXPECT_EQ(problem["schema"], "mapwright.error/1");
  EXPECT_EQ(problem["error"]["exit_code"], 65);
  EXPECT_EQ(problem["diagnostics"].size(), 1U);
  expect_exit(65, "place good.mapper --task other --domain 2 --kind OMP --procs GPU=1", "OMP");
}

TEST_F(Cli, PrintsBesideTheResult) {
  const Outcome o = run("place good.mapper --task far --domain 2 --nodes 2 --json");
  EXPECT_EQ(o.exit, 0);
  EXPECT_EQ(o.err, "mapwright: print: point (0,)\nmapwright: print: point (1,)\n");
  EXPECT_FALSE(json::parse(o.out, nullptr, false).is_discarded());
}

TEST_F(Cli, MachineWritesItsDocument) {
  json d = document("machine --json", 0);
  EXPECT_EQ(d["schema"], "mapwright.machines/1");
  EXPECT_GE(d["machines"].size(), 7U);
  d = document("machine lassen --json", 0);
  EXPECT_EQ(d["schema"], "mapwright.machine/1");
  EXPECT_EQ(d["name"], "lassen");
  EXPECT_FALSE(d["figures"].empty());
  for (const json& f : d["figures"])
    EXPECT_TRUE(f["path"].is_string() && f.contains("value") && f["unit"].is_string());
}

TEST_F(Cli, ChecksAgainstAProgram) {
  write("names.mapper",
        "Task wrok GPU;\nTask work OMP;\nRegion work hallo GPU FBMEM;\nRegion alone 3 GPU FBMEM;\n");
  const json d = document("check names.mapper --program plate.json --json", 0);
  EXPECT_EQ(d["errors"], 0);
  std::vector<std::string> found;
  for (const json& p : d["diagnostics"])
    found.push_back(fmt::format("{} {}", p["line"].get<int>(), p["name"].get<std::string>()));
  EXPECT_EQ(found, (std::vector<std::string>{"1 unknown_task", "2 no_variant", "3 unknown_region",
                                             "4 unknown_region"}));
  EXPECT_EQ(d["diagnostics"][0]["fix"]["edits"][0]["text"], "work");
}

// Whatever the bytes, the name or the exit code.
TEST_F(Cli, DocumentsAreUtf8) {
  const std::vector<std::string> texts = {std::string("\0", 1),
                                          "\xff\xfe",
                                          "Task \"\x1b[2J\xc2\x9b\xff\" GPU\n",
                                          "# \xf0\x9f\x92\xa9\nTask \xf0\x9f\x92\xa9 GPU;\n",
                                          "x = \"\xe2\x80\xae\";",
                                          "\xc3\x28 = 1;",
                                          "x = y\xff;\nTask \"\xed\xa0\x80\" CPU, GUP;\n"};
  for (const std::string& text : texts) {
    write("bytes.mapper", text);
    for (const std::string command :
         {"check --json", "check --format sarif", "check --json --fix", "fmt --json", "fmt --check --json",
          "place --json --task '\xff\x1b' --domain 2"}) {
      write("bytes.mapper", text);
      const Outcome o = run(command + " bytes.mapper");
      EXPECT_TRUE(o.exit == 0 || o.exit == 65) << o.exit << o.err;
      EXPECT_EQ(o.err, "");
      EXPECT_FALSE(json::parse(o.out, nullptr, false).is_discarded()) << command << "\n" << o.out;
    }
  }
  fs::copy_file(at("bad.mapper"), at("n\xff\x1b[2J\nme"));
  const std::string name = " \"$(printf 'n\\377\\033[2J\\nme')\"";
  EXPECT_EQ(document("check --json" + name, 65)["errors"], 2);
  EXPECT_EQ(document("check --format sarif" + name, 65)["runs"].size(), 1U);
  document("check --json missing\xff", 66);
  // For people, control characters are spelled out.
  const Outcome o = run("check" + name);
  EXPECT_EQ(o.out.find('\x1b'), std::string::npos) << o.out;
  const Outcome missing = run("check \"$(printf 'missing\\033[2J')\"");
  EXPECT_EQ(missing.err.find('\x1b'), std::string::npos);
}

TEST_F(Cli, TheFormatAsksForADocumentToo) {
  for (const std::string arguments :
       {"check --format json", "check --format=json bad.mapper --bogus",
        "check --format sarif bad.mapper bad.mapper", "check --format json missing"}) {
    SCOPED_TRACE(arguments);
    const Outcome o = run(arguments);
    EXPECT_TRUE(o.exit == 64 || o.exit == 66) << o.exit;
    EXPECT_FALSE(json::parse(o.out, nullptr, false).is_discarded()) << o.out << o.err;
  }
}

// -------------------------------------------------------------------------------------------------
// diagnostics

TEST_F(Cli, ShowsAHundredDiagnosticsAndTheirNumber) {
  std::string text;
  for (int i = 0; i < 250; ++i) text += fmt::format("a{} = b{};\n", i, i);
  write("many.mapper", text);
  const Outcome o = run("check many.mapper");
  EXPECT_EQ(o.exit, 65);
  std::size_t shown = 0;
  for (std::size_t at = o.out.find("error[MW"); at != std::string::npos; at = o.out.find("error[MW", at + 1))
    ++shown;
  EXPECT_EQ(shown, cli::kMostShown);
  EXPECT_NE(o.out.find("\n... and 150 more\n"), std::string::npos);
  EXPECT_TRUE(o.out.ends_with("many.mapper: 250 errors\n"));
  const json d = document("check many.mapper --json", 65);
  EXPECT_EQ(d["errors"], 250);
  EXPECT_EQ(d["diagnostics"].size(), cli::kMostShown);
  EXPECT_EQ(document("check many.mapper --format sarif", 65)["runs"][0]["results"].size(), cli::kMostShown);
}

TEST_F(Cli, HasNoColourInAPipe) {
  const Outcome o = shell(
      "env -u NO_COLOR TERM=xterm mapwright check bad.mapper; "
      "env -u NO_COLOR TERM=xterm mapwright fmt bad.mapper");
  EXPECT_NE(o.out.find("error[MW2002]"), std::string::npos);
  EXPECT_EQ((o.out + o.err).find('\x1b'), std::string::npos);
}

TEST_F(Cli, HasColourOnATerminalOnly) {
  process::Terminal terminal;
  if (terminal.name().empty()) GTEST_SKIP() << "no terminals here";
  const auto shown = [&](const std::string& before, const std::string& command) {
    const Outcome o = shell("env -u NO_COLOR " + before + " mapwright " + command + " >" + terminal.name() +
                            " 2>" + terminal.name());
    EXPECT_EQ(o.exit, 65) << o.err;
    const std::string text = terminal.take();
    EXPECT_NE(text.find("MW2002"), std::string::npos) << text;
    return text.find("\033[1;31m") != std::string::npos;
  };
  EXPECT_TRUE(shown("TERM=xterm", "check bad.mapper"));
  EXPECT_TRUE(shown("TERM=xterm", "fmt bad.mapper")) << "on standard error";
  EXPECT_TRUE(shown("TERM=xterm NO_COLOR=", "check bad.mapper")) << "an empty NO_COLOR says nothing";
  EXPECT_FALSE(shown("TERM=xterm NO_COLOR=1", "check bad.mapper"));
  EXPECT_FALSE(shown("TERM=dumb", "check bad.mapper"));
  EXPECT_FALSE(shown("TERM=xterm", "check --json bad.mapper"));
  EXPECT_FALSE(shown("TERM=xterm", "check --format sarif bad.mapper"));
}

// -----------------------------------------------------------------------------------------------------
// streams

TEST_F(Cli, ReadsStandardInput) {
  const Outcome checked = shell("mapwright check - < bad.mapper");
  EXPECT_EQ(checked.exit, 65);
  EXPECT_NE(checked.out.find("<stdin>:1:8: error[MW2002]"), std::string::npos) << checked.out;
  EXPECT_EQ(shell("cat loose.mapper | mapwright fmt -").out, "Task * GPU;\n");
  EXPECT_EQ(shell("cat loose.mapper | mapwright fmt --write -").out, "Task * GPU;\n");
  EXPECT_EQ(shell("mapwright fmt --check - < loose.mapper").exit, 65);
  EXPECT_EQ(shell("cat good.mapper | mapwright place - --task work --domain 2 --json").exit, 0);
  EXPECT_EQ(shell("cat plate.json | mapwright check good.mapper --program -").exit, 0);
  // An empty mapper leaves everything open.
  EXPECT_EQ(shell("mapwright check - < /dev/null").exit, 0);
  EXPECT_EQ(shell("mapwright check - <&-").exit, 74);
  // Slowly, in pieces.
  EXPECT_EQ(shell("(printf 'Task *'; sleep 0.1; printf ' GPU;') | mapwright check -").exit, 0);
}

TEST_F(Cli, RepairsStandardInputToStandardOutput) {
  const Outcome o = shell("mapwright check --fix - < bad.mapper");
  EXPECT_EQ(o.out, "Task * GPU;\nRegion * * CPU SYSMEM;\n") << "the mapper and nothing else";
  EXPECT_NE(o.err.find("2 fixed"), std::string::npos) << o.err;
  EXPECT_EQ(o.exit, 0);
}

// With nothing to repair, what reads the output still needs the mapper.
TEST_F(Cli, PassesAGoodMapperThrough) {
  const Outcome o = shell("printf 'Task * GPU;\\n' | mapwright check --fix -");
  EXPECT_EQ(o.exit, 0);
  EXPECT_EQ(o.out, "Task * GPU;\n");
}

TEST_F(Cli, WritesTheGrammarOfAProgram) {
  const Outcome open = run("grammar");
  EXPECT_EQ(open.exit, 0);
  EXPECT_NE(open.out.find("root ::= "), std::string::npos);
  EXPECT_EQ(open.out.find("known-task ::= "), std::string::npos);
  EXPECT_NE(run("grammar --program plate.json").out.find("known-task ::= \"work\" | \"far\" | \"alone\"\n"),
            std::string::npos);
  EXPECT_NE(run("grammar --program stencil --size test").out.find("those of stencil"), std::string::npos);
  const json d = document("grammar --json", 0);
  EXPECT_EQ(d["schema"], "mapwright.grammar/1");
  EXPECT_TRUE(d["program"].is_null());
  EXPECT_EQ(d["grammar"], open.out);
  expect_exit(64, "grammar --program plate.json --size test", "a program file has its sizes in it");
  expect_exit(64, "grammar --program circui", "circuit");
}

TEST_F(Cli, AReaderThatLeavesIsNoError) {
  for (const std::string command :
       {"place good.mapper --task other --domain 100000", "machine lassen", "fmt good.mapper",
        "place good.mapper --task other --domain 100000 --json", "machine --help"}) {
    SCOPED_TRACE(command);
    const Outcome o = shell("(mapwright " + command + "; echo $? >code) | head -n 1 >/dev/null");
    EXPECT_EQ(o.err, "");
    EXPECT_EQ(file_text(at("code")), "0\n");
  }
}

TEST_F(Cli, AFullDiskIsAnError) {
  for (const std::string command :
       {"place good.mapper --task other --domain 100000", "place good.mapper --task work --domain 2 --json",
        "machine lassen", "fmt good.mapper", "check good.mapper", "--version", "check --help"}) {
    SCOPED_TRACE(command);
    const Outcome full = shell("mapwright " + command + " >/dev/full");
    EXPECT_EQ(full.exit, 74);
    EXPECT_NE(full.err.find("cannot write"), std::string::npos) << full.err;
    EXPECT_EQ(shell("mapwright " + command + " >&-").exit, 74) << "closed";
  }
}

// What cannot be said is lost; how the command ends is not.
TEST_F(Cli, StandardErrorMayBeGone) {
  for (const std::string end : {"2>/dev/full", "2>&-"}) {
    SCOPED_TRACE(end);
    EXPECT_EQ(shell("mapwright check missing " + end).exit, 66);
    EXPECT_EQ(shell("mapwright fmt bad.mapper " + end).exit, 65);
    EXPECT_EQ(shell("mapwright --bogus " + end).exit, 64);
    EXPECT_EQ(shell("mapwright place good.mapper --task far --domain 2 --nodes 2 " + end).exit, 0);
    EXPECT_EQ(shell("mapwright check good.mapper >/dev/full " + end).exit, 74);
  }
}

// -------------------------------------------------------------------------------------------------------
// files

TEST_F(Cli, RepairsAFile) {
  ::chmod(at("bad.mapper").c_str(), 0640);
  const Outcome o = run("check --fix bad.mapper");
  EXPECT_EQ(o.exit, 0) << o.out;
  EXPECT_EQ(o.out, "bad.mapper: no problems (2 fixed)\n");
  EXPECT_EQ(file_text(at("bad.mapper")), "Task * GPU;\nRegion * * CPU SYSMEM;\n");
  struct stat file{};
  ASSERT_EQ(::stat(at("bad.mapper").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0640U);
  for (const auto& entry : fs::directory_iterator(folder_.path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("bad.mapper.")) << "a temporary file is left";
}

// More problems than are kept: the rounds go on while the text is as long as somebody writes.
TEST_F(Cli, RepairsManyProblems) {
  std::string text;
  for (int i = 0; i < 11'000; ++i) text += "Region * * CPU FBMEM\n";
  write("many.mapper", text);
  EXPECT_EQ(run("check --fix many.mapper").exit, 0);
  // A megabyte of nothing but mistakes is given up after one round.
  write("braces.mapper", std::string(1'100'000, '}'));
  const Outcome o = run("check --fix braces.mapper");
  EXPECT_EQ(o.exit, 65);
  EXPECT_TRUE(o.out.ends_with("(5000 fixed)\n"))
      << o.out.substr(o.out.size() - std::min<std::size_t>(o.out.size(), 200));
}

// However many warnings there are, the statements behind them count.
TEST_F(Cli, WarningsHideNothing) {
  std::string text = "gpus = Machine(GPU);\ndef f(Task task) { return gpus[1, 0]; }\n";
  for (int i = 0; i < 10'100; ++i) text += "Task load GPU;\n";
  write("warnings.mapper", text + "IndexTaskMap work f;\n");
  const Outcome placed = run("place warnings.mapper --task work --domain 1 --nodes 2");
  EXPECT_EQ(placed.exit, 0) << placed.err;
  EXPECT_EQ(placed.out, "work (1,) on GPU, by f\npoint  node  processor\n(0,)      1          0\n");
  write("warnings.mapper", text + "IndexTaskMap work g;\n");
  const Outcome checked = run("check warnings.mapper --json");
  EXPECT_EQ(checked.exit, 65);
  const json d = json::parse(checked.out);
  EXPECT_EQ(d["errors"], 1);
  EXPECT_EQ(d["warnings"], 10'099);
}

TEST_F(Cli, ReplacesAFileInOneStep) {
  // Another name of the old file keeps the old text: nothing was written into it.
  fs::create_hard_link(at("bad.mapper"), at("old"));
  EXPECT_EQ(run("check --fix bad.mapper").exit, 0);
  EXPECT_EQ(file_text(at("old")), kBad);
  fs::create_hard_link(at("loose.mapper"), at("older"));
  EXPECT_EQ(run("fmt --write loose.mapper").exit, 0);
  EXPECT_EQ(file_text(at("older")), "Task  *  GPU ;\n");
  EXPECT_EQ(file_text(at("loose.mapper")), "Task * GPU;\n");
}

TEST_F(Cli, FollowsLinks) {
  fs::create_symlink("loose.mapper", at("link"));
  EXPECT_EQ(run("fmt --write link").exit, 0);
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_EQ(file_text(at("loose.mapper")), "Task * GPU;\n");
}

TEST_F(Cli, LeavesAloneWhatNeedsNoChange) {
  const auto before = fs::last_write_time(at("good.mapper"));
  struct stat old{};
  ASSERT_EQ(::stat(at("good.mapper").c_str(), &old), 0);
  EXPECT_EQ(run("fmt --write good.mapper").exit, 0);
  EXPECT_EQ(run("check --fix good.mapper").exit, 0);
  struct stat now{};
  ASSERT_EQ(::stat(at("good.mapper").c_str(), &now), 0);
  EXPECT_EQ(old.st_ino, now.st_ino);
  EXPECT_EQ(fs::last_write_time(at("good.mapper")), before);
  // A broken file is not made worse.
  write("odd.mapper", "Task * GPU\n)))\n");
  EXPECT_EQ(run("fmt --write odd.mapper").exit, 65);
  EXPECT_EQ(file_text(at("odd.mapper")), "Task * GPU\n)))\n");
  EXPECT_EQ(run("check bad.mapper").exit, 65);
  EXPECT_EQ(file_text(at("bad.mapper")), kBad);
}

TEST_F(Cli, FmtWritesInPlace) {
  const Outcome o = run("fmt loose.mapper");
  EXPECT_EQ(o.out, "Task * GPU;\n");
  EXPECT_EQ(file_text(at("loose.mapper")), "Task  *  GPU ;\n");
  EXPECT_EQ(run("fmt -w loose.mapper").out, "");
  EXPECT_EQ(file_text(at("loose.mapper")), "Task * GPU;\n");
  EXPECT_EQ(run("fmt --check loose.mapper").exit, 0);
}

TEST_F(Cli, SaysWhereAFileCannotBeWritten) {
  // Its name leaves no room for the one of a temporary file.
  const std::string longest(255, 'm');
  write(longest, kBad);
  expect_exit(74, "check --fix " + longest, "cannot write");
  EXPECT_EQ(file_text(at(longest)), kBad);
  write(longest, "Task  * GPU;\n");
  expect_exit(74, "fmt --write " + longest, "cannot write");
  EXPECT_EQ(file_text(at(longest)), "Task  * GPU;\n");
}

TEST_F(Cli, SaysWhereAFolderIsReadOnly) {
  // Root writes everywhere, so this takes another user.
  std::string as;
  if (::geteuid() == 0) as = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  ::chmod(folder_.path().c_str(), 0755);
  if (shell(as + "mapwright --version").exit != 0) GTEST_SKIP() << "no other user can run the executable";
  if (as.empty()) ::chmod(folder_.path().c_str(), 0555);
  const Outcome fixed = shell(as + "mapwright check --fix bad.mapper");
  const Outcome written = shell(as + "mapwright fmt --write --json loose.mapper");
  ::chmod(folder_.path().c_str(), 0755);
  EXPECT_EQ(fixed.exit, 74) << fixed.out << fixed.err;
  EXPECT_NE(fixed.err.find("cannot write 'bad.mapper'"), std::string::npos) << fixed.err;
  EXPECT_EQ(written.exit, 74) << written.out;
  EXPECT_EQ(json::parse(written.out, nullptr, false)["error"]["exit_code"], 74) << written.out;
  EXPECT_EQ(file_text(at("bad.mapper")), kBad);
}

TEST_F(Cli, RefusesWhatIsNoMapperBySize) {
  EXPECT_EQ(shell("head -c 67108865 /dev/zero | mapwright check -").exit, 65);
  // Without an end.
  const Outcome endless = run("check /dev/zero");
  EXPECT_EQ(endless.exit, 65) << endless.err;
  EXPECT_NE(endless.err.find("64 MiB"), std::string::npos);
  expect_exit(74, "check good.mapper --machine /dev/zero", "too large");
  const Outcome program = run("check good.mapper --program /dev/zero");
  EXPECT_EQ(program.exit, 78) << program.err;
}

}  // namespace
}  // namespace mapwright
