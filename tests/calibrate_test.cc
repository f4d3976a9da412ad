// This computer, measured: the machine that comes of it, its file, and what the commands do with that.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "engine/starpu/calibrate.h"
#include "machine/catalog.h"
#include "machine/check.h"
#include "machine/describe.h"
#include "machine/machine_file.h"
#include "process.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using engine::starpu::Measurements;
using engine::starpu::Settings;
using machine::Machine;
using machine::MemoryKind;
using machine::ProcessorKind;

const fs::path kExecutable = MAPWRIGHT_EXECUTABLE;

// Figures of no computer in particular, each different.
Measurements figures() {
  Measurements m;
  double next = 1;
  for (const auto& name : engine::starpu::measurement_names()) m.*name.member = next++ * 1e3;
  return m;
}

TEST(Measurements, TravelAsText) {
  const auto read = engine::starpu::load_measurements(engine::starpu::save(figures()));
  ASSERT_TRUE(read);
  for (const auto& name : engine::starpu::measurement_names())
    EXPECT_EQ(*read.*name.member, figures().*name.member) << name.name;
  EXPECT_FALSE(engine::starpu::load_measurements("{}"));
  EXPECT_FALSE(engine::starpu::load_measurements("{\"version\":1,\"launch\":\"soon\"}"));
  EXPECT_FALSE(engine::starpu::load_question("no"));
  EXPECT_EQ(engine::starpu::load_question(engine::starpu::save(engine::starpu::Question{3, 7}))->processors,
            3);
}

TEST(Calibrated, MachineIsSoundWhateverWasMeasured) {
  for (const std::int64_t stand_ins : {1, 2, 4}) {
    const Machine m = engine::starpu::calibrated(figures(), figures(), stand_ins);
    for (const machine::Problem& p : machine::check(m)) ADD_FAILURE() << p.path << ": " << p.message;
    EXPECT_EQ(machine::unsourced(m), std::vector<std::string>{});
    EXPECT_EQ(m.processors[ProcessorKind::gpu]->count, stand_ins);
    const auto read = machine::parse_machine(std::make_shared<base::Source>("m", machine::save(m)));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->sources, m.sources);
    // What is left of what is assumed are sizes of memories.
    for (const auto& [path, source] : m.sources)
      EXPECT_TRUE(!source.starts_with("assumption") || path.starts_with("memories.") ||
                  path.starts_with("node.") || path == "network.ordered_requests")
          << path << ": " << source;
  }
}

Settings settings() {
  Settings s;
  s.program = MAPWRIGHT_RANK_EXECUTABLE;
  return s;
}

TEST(Calibrate, FailsWithAReason) {
  Settings none = settings();
  none.program = "/nowhere/mapwright-rank";
  const auto missing = engine::starpu::calibrate(none, 2);
  EXPECT_EQ(std::get<plan::Failure>(missing).code, "not_started");
  Settings hurried = settings();
  hurried.limit = 0.05;
  const auto late = engine::starpu::calibrate(hurried, 2);
  EXPECT_EQ(std::get<plan::Failure>(late).code, "timeout");
  Settings unwanted = settings();
  unwanted.cancelled = [] { return true; };
  const auto cancelled = engine::starpu::calibrate(unwanted, 2);
  EXPECT_EQ(std::get<plan::Failure>(cancelled).code, "cancelled");
}

void expect_plausible(const Machine& m) {
  for (const machine::Problem& p : machine::check(m)) ADD_FAILURE() << p.path << ": " << p.message;
  const auto between = [](double value, double least, double most, const char* what) {
    EXPECT_GT(value, least) << what;
    EXPECT_LT(value, most) << what;
  };
  const machine::Processors& gpu = *m.processors[ProcessorKind::gpu];
  between(gpu.dp_peak, 1e9, 1e12, "dp_peak");
  between(gpu.sp_peak, 1e9, 2e12, "sp_peak");
  between(gpu.dp_sustained, 1e8, 1e12, "dp_sustained");
  between(gpu.sp_sustained, 1e8, 1e12, "sp_sustained");
  const machine::Affinity& memory = *m.affinities[ProcessorKind::gpu][MemoryKind::fbmem];
  between(memory.bandwidth, 1e8, 1e12, "bandwidth");
  between(memory.scattered, 1e-10, 1e-5, "scattered");
  between(memory.latency, 1e-9, 1e-4, "latency");
  between(memory.atomic, 1e-10, 1e-4, "atomic");
  for (const machine::Link& link : m.links) between(link.bandwidth, 1e6, 1e12, "link");
  between(m.network.node, 1e5, 1e12, "network");
  between(m.runtime.kernel_launch, 1e-8, 0.1, "launch");
  between(m.runtime.mapping_untraced, 1e-8, 0.1, "mapping");
}

// One measurement, and what follows from it.
TEST(CalibrateCommand, WritesWhatOthersUse) {
  const process::TemporaryFolder folder;
  const auto run = [&](const std::string& line) {
    return process::run_command("mapwright " + line, folder.path(), kExecutable, std::chrono::seconds(200));
  };
  const auto before = run("machine local");
  EXPECT_EQ(before.exit, 0);
  EXPECT_EQ(before.out.find("calibrated"), std::string::npos);

  const auto made = run("machine local --calibrate");
  ASSERT_EQ(made.exit, 0) << made.err;
  EXPECT_NE(made.out.find("calibrated"), std::string::npos);
  EXPECT_NE(made.out.find("measured on this computer"), std::string::npos);
  const fs::path file = folder.path() / "state/mapwright/machines/local.toml";
  ASSERT_TRUE(fs::exists(file));
  EXPECT_NE(made.err.find(file.string()), std::string::npos);
  const auto machine = machine::load_machine(folder.path(), file.string());
  ASSERT_TRUE(machine.ok());
  EXPECT_EQ(machine->name, "local");
  expect_plausible(*machine);

  const auto after = run("machine local");
  EXPECT_EQ(after.out, made.out);
  EXPECT_NE(run("machine").out.find("calibrated"), std::string::npos);
  const auto used = run("run stencil --size test --machine local --nodes 1 --json");
  EXPECT_EQ(used.exit, 0) << used.out << used.err;
  fs::remove(file);
  EXPECT_EQ(run("machine local").out, before.out);
}

TEST(CalibrateCommand, SaysWhatIsWrong) {
  const process::TemporaryFolder folder;
  const auto run = [&](const std::string& line) {
    return process::run_command(line, folder.path(), kExecutable, std::chrono::seconds(60));
  };
  EXPECT_EQ(run("mapwright machine lassen --calibrate").exit, 64);
  EXPECT_EQ(run("mapwright machine --calibrate").exit, 64);
  EXPECT_EQ(run("mapwright machine local --out x.toml").exit, 64);
  EXPECT_EQ(run("mapwright machine local --calibrate --out -").exit, 64);
  // Alone, an executable has nothing that it could start.
  EXPECT_EQ(run(fmt::format("cp {} alone && ./alone machine local --calibrate", kExecutable.string())).exit,
            69);
  // A file that is damaged is shown, not passed over.
  fs::create_directories(folder.path() / "state/mapwright/machines");
  base::replace_file(folder.path() / "state/mapwright/machines/local.toml", "nodes = \n");
  const auto damaged = run("mapwright machine local");
  EXPECT_EQ(damaged.exit, 78);
  EXPECT_NE(damaged.err.find("local.toml:1"), std::string::npos) << damaged.err;
}

}  // namespace
}  // namespace mapwright
