// What one point of a launch costs: a mapping function evaluated afresh, read from its placement table, and
// written by hand in C++. All figures are per point; compare them within one run.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "lang/lang.h"
#include "lang/placement.h"
#include "machine/factor.h"

namespace mapwright {
namespace {

constexpr const char* kMapper = R"(
gpus = Machine(GPU);

def block(Task task) {
    return gpus[task.ipoint[0] / gpus.size[1], task.ipoint[0] % gpus.size[1]];
}

def block_of(IPoint p, ISpace s, MSpace m, int d, int e) {
    return p[d] * m.size[e] / s[d];
}

def cyclic_of(IPoint p, ISpace s, MSpace m, int d, int e) {
    return p[d] % m.size[e];
}

def auto2d(Task task) {
    grid = gpus.auto_split(0, task.ispace);
    both = grid.auto_split(2, task.ispace / grid[:-1]);
    upper = tuple(block_of(task.ipoint, task.ispace, both, i, i) for i in (0, 1));
    lower = tuple(cyclic_of(task.ipoint, task.ispace, both, i, i + 2) for i in (0, 1));
    return both[*upper, *lower];
}

def auto3d(Task task) {
    grid = gpus.auto_split(0, task.ispace);
    both = grid.auto_split(3, task.ispace / grid[:-1]);
    upper = tuple(block_of(task.ipoint, task.ispace, both, i, i) for i in (0, 1, 2));
    lower = tuple(cyclic_of(task.ipoint, task.ispace, both, i, i + 3) for i in (0, 1, 2));
    return both[*upper, *lower];
}

# Which branch is taken differs from point to point, so that each point is walked.
def branch(Task task) {
    return task.ipoint[0] < 32 ? gpus[task.ipoint[0] / gpus.size[1], task.ipoint[0] % gpus.size[1]]
                               : gpus[gpus.size[0] - 1, 0];
}

IndexTaskMap block block;
IndexTaskMap branch branch;
IndexTaskMap auto2d auto2d;
IndexTaskMap auto3d auto3d;
)";

constexpr std::int64_t kNodes = 16;
constexpr std::int64_t kGpus = 4;

machine::Grid grid() {
  std::array<std::int64_t, machine::kProcessorKinds> counts{};
  counts[static_cast<std::size_t>(machine::ProcessorKind::gpu)] = kGpus;
  return machine::make_grid(kNodes, counts);
}

lang::MapperPtr mapper() {
  static const lang::MapperPtr m =
      lang::compile(std::make_shared<base::Source>("bench.mapper", kMapper)).mapper;
  if (!m) std::abort();
  return m;
}

lang::Domain domain_of(const std::string& function) {
  if (function == "block" || function == "branch") return *lang::parse_domain("64");
  return *lang::parse_domain(function == "auto2d" ? "8x8" : "4x4x4");
}

void fresh(benchmark::State& state, const std::string& function) {
  lang::Evaluator evaluator(mapper(), grid());
  if (evaluator.start().has_errors()) std::abort();
  const lang::MapChoice map = *mapper()->index_map(function, machine::ProcessorKind::gpu);
  const lang::Domain domain = domain_of(function);
  lang::Point point = domain.lo;
  lang::TaskContext task;
  task.point = &point;
  task.domain = &domain;
  for (auto _ : state) {
    auto target = evaluator.target(map, task);
    benchmark::DoNotOptimize(target);
    domain.next(&point);
  }
}

void table(benchmark::State& state, const std::string& function) {
  auto placer = lang::Placer::create(mapper(), grid());
  const lang::Domain domain = domain_of(function);
  const auto placed = (*placer)->place(*mapper()->index_map(function, machine::ProcessorKind::gpu), function,
                                       domain, machine::ProcessorKind::gpu);
  const lang::Placement& placement = **placed;
  lang::Point point = domain.lo;
  for (auto _ : state) {
    benchmark::DoNotOptimize(placement.at(point)[0]);
    domain.next(&point);
  }
}

// What an expert writes in a C++ mapper: the same functions, with the grids chosen before the loop.
struct Handwritten {
  std::int64_t extent[3] = {1, 1, 1};
  std::int64_t nodes[3] = {1, 1, 1};
  std::int64_t gpus[3] = {1, 1, 1};

  explicit Handwritten(const lang::Domain& d) {
    std::vector<std::int64_t> extents;
    for (int i = 0; i < d.rank; ++i) extents.push_back(d.extent(i));
    const auto node_grid = machine::cheapest_factors(kNodes, extents);
    std::vector<std::int64_t> left;
    for (std::size_t i = 0; i < extents.size(); ++i)
      left.push_back(std::max<std::int64_t>(1, extents[i] / node_grid[i]));
    const auto gpu_grid = machine::cheapest_factors(kGpus, left);
    for (std::size_t i = 0; i < extents.size(); ++i) {
      extent[i] = extents[i];
      nodes[i] = node_grid[i];
      gpus[i] = gpu_grid[i];
    }
  }
};

lang::Slot block(const lang::Point& p, const Handwritten&) {
  return {static_cast<std::uint32_t>(p[0] / kGpus), static_cast<std::uint32_t>(p[0] % kGpus)};
}

template <int Rank>
lang::Slot automatic(const lang::Point& p, const Handwritten& h) {
  std::int64_t node = 0;
  std::int64_t gpu = 0;
  for (int d = Rank - 1; d >= 0; --d) {
    const auto i = static_cast<std::size_t>(d);
    node = node * h.nodes[d] + p[i] * h.nodes[d] / h.extent[d];
    gpu = gpu * h.gpus[d] + p[i] % h.gpus[d];
  }
  return {static_cast<std::uint32_t>(node), static_cast<std::uint32_t>(gpu)};
}

void handwritten(benchmark::State& state, const std::string& function,
                 lang::Slot (*place)(const lang::Point&, const Handwritten&)) {
  const lang::Domain domain = domain_of(function);
  Handwritten grids(domain);
  lang::Point point = domain.lo;
  benchmark::DoNotOptimize(grids);
  for (auto _ : state) {
    benchmark::DoNotOptimize(place(point, grids));
    domain.next(&point);
  }
}

BENCHMARK_CAPTURE(fresh, block, "block")->Name("BM_fresh_block");
BENCHMARK_CAPTURE(fresh, auto2d, "auto2d")->Name("BM_fresh_auto2d");
BENCHMARK_CAPTURE(fresh, auto3d, "auto3d")->Name("BM_fresh_auto3d");
BENCHMARK_CAPTURE(fresh, branch, "branch")->Name("BM_fresh_branch");
BENCHMARK_CAPTURE(table, block, "block")->Name("BM_table_block");
BENCHMARK_CAPTURE(table, auto2d, "auto2d")->Name("BM_table_auto2d");
BENCHMARK_CAPTURE(table, auto3d, "auto3d")->Name("BM_table_auto3d");
BENCHMARK_CAPTURE(handwritten, block, "block", block)->Name("BM_handwritten_block");
BENCHMARK_CAPTURE(handwritten, auto2d, "auto2d", automatic<2>)->Name("BM_handwritten_auto2d");
BENCHMARK_CAPTURE(handwritten, auto3d, "auto3d", automatic<3>)->Name("BM_handwritten_auto3d");

// A mapper of 10,000 lines: functions, maps and rules in the proportions of the expert mappers.
std::string ten_thousand_lines() {
  std::string text = "gpus = Machine(GPU);\n";
  for (int i = 0; i < 1'111; ++i) {
    const std::string n = std::to_string(i);
    text += "def map" + n +
            "(Task task) {\n    p = task.ipoint;\n    node = p[0] * gpus.size[0] / task.ispace[0];\n"
            "    return gpus[node % gpus.size[0], p[0] % gpus.size[1]];\n}\n";
    text += "IndexTaskMap task" + n + " map" + n + ";\nTask task" + n + " GPU, CPU;\nRegion task" + n +
            " region GPU FBMEM, ZCMEM;\nLayout task" + n + " region FBMEM SOA F_order Align == 128;\n";
  }
  return text;
}

void check(benchmark::State& state) {
  const auto source = std::make_shared<base::Source>("large.mapper", ten_thousand_lines());
  for (auto _ : state) {
    const lang::Compilation compiled = lang::compile(source);
    if (!compiled.mapper || !compiled.problems.empty()) std::abort();
  }
}
BENCHMARK(check)->Name("BM_check_10000_lines")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mapwright
