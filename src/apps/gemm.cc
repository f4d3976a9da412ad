#include "apps/gemm.h"

#include <algorithm>
#include <cmath>

namespace mapwright::apps {
namespace {

using machine::ProcessorKind;
using program::Privilege;

constexpr FieldSpec kFields[] = {{"vals", 8}};
constexpr std::array kNames = {"A", "B", "C"};
constexpr std::array kPlacers = {"task_1", "task_2", "task_3"};

// Columns of B * C that a kernel computes in one pass over B, and rows in one over C. General knowledge:
// thread blocks compute 128 x 256 elements, and neighbours share what the second-level cache holds.
constexpr double kPanel = 256;

std::size_t at(Matrix m) {
  return static_cast<std::size_t>(m);
}

double passes(std::int64_t extent) {
  return std::max(1.0, static_cast<double>(extent) / kPanel);
}

Range block(Range of, std::int64_t i, std::int64_t count) {
  const std::int64_t step = block_length(of.size(), count);
  return {std::min(of.end, of.begin + i * step), std::min(of.end, of.begin + (i + 1) * step)};
}

}  // namespace

Ranges blocks(std::int64_t n, std::int64_t count) {
  return blocks(Ranges{{0, n}}, count);
}

Ranges blocks(const Ranges& ranges, std::int64_t count) {
  Ranges parts;
  for (const Range& r : ranges) {
    for (std::int64_t i = 0; i < count; ++i) parts.push_back(block(r, i, count));
  }
  return parts;
}

Ranges joined(const Ranges& ranges, std::int64_t count) {
  const auto step = static_cast<std::size_t>(count);
  Ranges wholes;
  for (std::size_t i = 0; i < ranges.size(); i += step)
    wholes.push_back({ranges[i].begin, ranges[i + step - 1].end});
  return wholes;
}

std::int64_t published_side(std::int64_t nodes) {
  const auto n = static_cast<std::int64_t>(20'000 * std::sqrt(static_cast<double>(nodes)));
  return n / 2 * 2;
}

Gemm::Gemm(Setup& setup, std::int64_t n)
    : setup_(setup), n_(n), builder_(setup.app().name, setup.app().what) {
  for (const Matrix m : kMatrices)
    regions_[at(m)] = builder_.region(kNames[at(m)], rectangle({0, n}, {0, n}), kFields);
}

program::PartitionId Gemm::partition(Matrix matrix, const Ranges& rows, const Ranges& columns) {
  std::vector<std::int64_t> cuts;
  for (const Ranges* ranges : {&rows, &columns}) {
    cuts.push_back(static_cast<std::int64_t>(ranges->size()));
    for (const Range& r : *ranges) cuts.insert(cuts.end(), {r.begin, r.end});
  }
  const auto [known, is_new] = partitions_.try_emplace({matrix, std::move(cuts)});
  if (!is_new) return known->second;
  known->second = builder_.partition(kNames[at(matrix)], regions_[at(matrix)]);
  for (const Range& r : rows) {
    for (const Range& c : columns) builder_.piece(known->second, rectangle(r, c));
  }
  return known->second;
}

Use Gemm::read_b(program::PartitionId blocks, std::int64_t columns_of_result) {
  return use(blocks, Privilege::read).streams(8 * passes(columns_of_result));
}

Use Gemm::read_c(program::PartitionId blocks, std::int64_t rows_of_result) {
  return use(blocks, Privilege::read).streams(8 * passes(rows_of_result));
}

program::TaskId Gemm::known_task(const char* name, std::initializer_list<ProcessorKind> kinds) {
  const auto [known, is_new] = tasks_.try_emplace(name);
  if (is_new) known->second = builder_.task(name, on(kinds));
  return known->second;
}

void Gemm::init_cublas(std::int64_t gpus) {
  builder_.index(known_task("init_cublas", {ProcessorKind::gpu}), domain({gpus}), {});
}

void Gemm::place(Matrix matrix, const lang::Domain& domain, Privilege privilege, program::PartitionId blocks,
                 std::vector<std::uint32_t> pieces) {
  builder_.index(known_task(kPlacers[at(matrix)], {ProcessorKind::gpu}), domain,
                 {use(blocks, privilege).streams(0).at(std::move(pieces))});
}

void Gemm::pass(const char* task, const lang::Domain& domain, Privilege privilege,
                program::PartitionId blocks) {
  builder_.index(known_task(task, {ProcessorKind::gpu, ProcessorKind::omp, ProcessorKind::cpu}), domain,
                 {use(blocks, privilege)});
}

program::TaskId Gemm::product() {
  std::vector<program::Variant> variants = on({ProcessorKind::gpu});
  // It takes the leading dimensions from the strides: where columns are contiguous, they are too small.
  variants.front().order = program::Order::c_order;
  variants.front().layout_failure = "** On entry to DGEMM parameter number 8 had an illegal value";
  return builder_.task("task_4", std::move(variants));
}

program::TaskId Gemm::inner(const char* name, ProcessorKind kind) {
  return builder_.task(name, on({kind}), true);
}

program::Program Gemm::finish(std::int64_t iterations, std::int64_t warmup) {
  program::Program& p = builder_.program();
  p.iterations = iterations;
  p.warmup = warmup;
  p.waits = true;
  const auto n = static_cast<double>(n_);
  p.metric = {"GFLOPS per node", "GFLOP/s", true,
              n * n * (2 * n - 1) / 1e9 / static_cast<double>(setup_.nodes())};
  return std::move(p);
}

}  // namespace mapwright::apps
