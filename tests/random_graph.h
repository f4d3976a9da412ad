// Random task graphs, for comparisons with another simulator: layers of tasks, each of which reads what some
// tasks of the layer before wrote, spread over nodes with one GPU each.
#pragma once

#include <memory>
#include <random>

#include "lang/lang.h"
#include "machine/machine_file.h"
#include "plan/plan.h"
#include "program/sketch.h"

namespace mapwright::random_graph {

inline constexpr double kBandwidth = 1e9;  //!< of a node, bytes/s in each direction

inline machine::Machine cluster() {
  const auto m = machine::parse_machine(std::make_shared<base::Source>("cluster.toml", R"(
name = "cluster"
[node]
sockets = 1
[processors.GPU]
count = 1
sockets = [0]
dp_peak = "1 TF/s"
dp_sustained = "1 TF/s"
sp_peak = "1 TF/s"
sp_sustained = "1 TF/s"
[memories]
FBMEM = {capacity = "1000 TB"}
[affinities.GPU]
FBMEM = {bandwidth = "1000 TB/s", latency = "0 s", scattered = "0 s", atomic = "0 s"}
[links]
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
)"));
  base::expects(m.ok(), "the cluster is well described");
  return *m;
}

//! `layers` x `width` tasks of 0 to 20 ms, each reading `reads` pieces of 0.1 to 10 MB.
inline plan::Plan make(std::uint32_t seed, std::int64_t nodes, std::int64_t layers, std::int64_t width,
                       int reads) {
  std::mt19937 random(seed);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  program::Sketch s;
  std::string mapper = "m = Machine(GPU);\n";
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    std::vector<std::pair<std::int64_t, std::int64_t>> pieces;
    std::int64_t at = 0;
    for (std::int64_t i = 0; i < width; ++i) {
      const std::int64_t size = 12'500 + below(1'237'500);
      pieces.emplace_back(at, at + size - 1);
      at += size;
    }
    const std::string n = std::to_string(layer);
    s.region("r" + n, at, {{"x", 8}})
        .partition("p" + n, true, pieces)
        .task("t" + n, {{machine::ProcessorKind::gpu, program::Precision::double_precision, {}, 1, {}, ""}});
    mapper += "def f" + n + "(Task task) { return m[(task.ipoint[0] * " + std::to_string(1 + 2 * below(50)) +
              " + " + std::to_string(below(1000)) + ") % m.size[0], 0]; }\nIndexTaskMap t" + n + " f" + n +
              ";\n";
  }
  s.loop(1);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    s.launch("t" + std::to_string(layer), width).on("p" + std::to_string(layer), program::Privilege::write);
    for (std::int64_t i = 0; i < width; ++i)
      s.last().flops.values.push_back(static_cast<double>(below(20'000)) * 1e6);
    for (int r = 0; layer > 0 && r < reads; ++r) {
      std::vector<std::uint32_t> pieces;
      for (std::int64_t i = 0; i < width; ++i) pieces.push_back(static_cast<std::uint32_t>(below(width)));
      s.on("p" + std::to_string(layer - 1), program::Privilege::read, {}, pieces);
    }
  }
  const auto program = std::make_shared<const program::Program>(s.done());
  const auto compiled = lang::compile(std::make_shared<base::Source>("random.mapper", mapper));
  const auto planner = plan::Planner::create(program, cluster(), nodes);
  auto placer = lang::Placer::create(compiled.mapper, (*planner)->site()->grid());
  auto result = (*planner)->plan(**placer);
  return std::get<plan::Plan>(std::move(result));
}

}  // namespace mapwright::random_graph
