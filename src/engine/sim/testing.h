// A machine whose times can be worked out by hand, and executions on it: for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "engine/sim/sim.h"
#include "lang/lang.h"
#include "machine/machine_file.h"
#include "plan/plan.h"

namespace mapwright::engine::sim::testing {

// Round figures, no overheads: times can be worked out by hand. Two nodes, two GPUs each, one CPU.
inline constexpr std::string_view kMachine = R"(
name = "round"
nodes = 2
[node]
sockets = 1
[processors.CPU]
count = 1
sockets = [0]
dp_peak = "10 GF/s"
dp_sustained = "10 GF/s"
sp_peak = "10 GF/s"
sp_sustained = "10 GF/s"
[processors.GPU]
count = 2
sockets = [0, 0]
dp_peak = "1 TF/s"
dp_sustained = "1 TF/s"
sp_peak = "2 TF/s"
sp_sustained = "2 TF/s"
[memories]
SYSMEM = {capacity = "100 GB"}
ZCMEM = {capacity = "1 GB"}
FBMEM = {capacity = "10 GB"}
[affinities.CPU]
SYSMEM = {bandwidth = "10 GB/s", latency = "0 s", scattered = "10 ns", atomic = "20 ns"}
ZCMEM = {bandwidth = "10 GB/s", latency = "0 s", scattered = "10 ns", atomic = "20 ns"}
[affinities.GPU]
FBMEM = {bandwidth = "100 GB/s", latency = "0 s", scattered = "1 ns", atomic = "1 ns"}
ZCMEM = {bandwidth = "10 GB/s", latency = "0 s", scattered = "10 ns", atomic = "100 ns"}
[links.host]
bandwidth = "10 GB/s"
shared_by = "node"
carries = ["SYSMEM-ZCMEM"]
[links.pcie]
bandwidth = "10 GB/s"
shared_by = "GPU"
carries = ["FBMEM-SYSMEM", "FBMEM-ZCMEM", "FBMEM-FBMEM"]
[network]
node = "1 GB/s"
latency = "0 s"
[runtime]
utility_processors = 1
mapping_traced = "0 s"
mapping_untraced = "0 s"
kernel_launch = "0 s"
copy_setup = "0 s"
remote_copy_setup = "0 s"
message = "0 s"
)";

//! With one line of it changed.
inline machine::Machine round_machine(const std::string& change = "", const std::string& to = "") {
  std::string text(kMachine);
  if (!change.empty()) {
    const std::size_t at = text.find(change);
    EXPECT_NE(at, std::string::npos) << change;
    text.replace(at, change.size(), to);
  }
  auto m = machine::parse_machine(std::make_shared<base::Source>("round.toml", text));
  if (m) return *m;
  for (const auto& d : m.problems().items()) ADD_FAILURE() << base::render(d, false);
  return {};
}

inline std::variant<plan::Plan, plan::Failure> planned(const program::Program& program,
                                                       const std::string& mapper,
                                                       const machine::Machine& machine, std::int64_t nodes) {
  const auto problems = program::validate(program);
  for (const auto& d : problems.items()) ADD_FAILURE() << base::render(d, false);
  const auto compiled = lang::compile(std::make_shared<base::Source>("m.mapper", mapper));
  for (const auto& d : compiled.problems.items()) ADD_FAILURE() << base::render(d, false);
  auto planner = plan::Planner::create(std::make_shared<const program::Program>(program), machine, nodes);
  return (*planner)->plan(compiled.mapper);
}

//! Of what can be planned.
inline Execution executed(const program::Program& program, const std::string& mapper,
                          const machine::Machine& machine = round_machine(), std::int64_t nodes = 1) {
  auto plan = planned(program, mapper, machine, nodes);
  if (auto* failure = std::get_if<plan::Failure>(&plan)) {
    ADD_FAILURE() << failure->text;
    return {};
  }
  return run(std::make_shared<const plan::Plan>(std::get<plan::Plan>(std::move(plan))));
}

}  // namespace mapwright::engine::sim::testing
