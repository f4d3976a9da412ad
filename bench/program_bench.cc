// What it costs to take a program in: 64 x 64 tiles of a stencil with halos, as 1,024 nodes of 4 GPUs have
// them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "program/atoms.h"
#include "program/dependence.h"
#include "program/program.h"

namespace mapwright::program {
namespace {

constexpr std::int64_t kTiles = 64;
constexpr std::int64_t kSide = 1000;
constexpr std::int64_t kReach = 2;

Program stencil() {
  Program p;
  p.name = "stencil";
  Region grid;
  grid.name = "grid";
  grid.fields = {{"in", 8}, {"out", 8}};
  grid.elements.rank = 2;
  grid.elements.hi = {kTiles * kSide - 1, kTiles * kSide - 1};
  p.regions = {grid};
  Partition tiles{"tiles", 0, true, {}, {0}};
  Partition halos{"halos", 0, false, {}, {0}};
  for (std::int64_t i = 0; i < kTiles; ++i) {
    for (std::int64_t j = 0; j < kTiles; ++j) {
      const auto tile = [&](std::int64_t reach) {
        Box b;
        b.rank = 2;
        b.lo = {std::max<std::int64_t>(i * kSide - reach, 0), std::max<std::int64_t>(j * kSide - reach, 0)};
        b.hi = {std::min((i + 1) * kSide - 1 + reach, grid.elements.hi[0]),
                std::min((j + 1) * kSide - 1 + reach, grid.elements.hi[1])};
        return b;
      };
      tiles.add(tile(0));
      halos.add(tile(kReach));
    }
  }
  p.partitions = {tiles, halos};
  Task step;
  step.name = "step";
  step.variants.resize(1);
  Task increment = step;
  increment.name = "increment";
  p.tasks = {step, increment};
  Requirement in;
  in.partition = 1;
  in.fields = 1;
  Requirement out;
  out.privilege = Privilege::read_write;
  out.fields = 2;
  Requirement both = out;
  both.fields = 1;
  Launch l;
  l.domain.rank = 2;
  l.domain.hi = {kTiles - 1, kTiles - 1};
  l.requirements = {in, out};
  p.launches = {l, l};
  p.launches[1].task = 1;
  p.launches[1].requirements = {both};
  p.loop_end = 2;
  p.iterations = 10;
  if (!validate(p).empty()) {
    std::cerr << "the program is wrong\n";
    std::abort();
  }
  return p;
}

void validate(benchmark::State& state) {
  const Program p = stencil();
  for (auto _ : state) benchmark::DoNotOptimize(program::validate(p));
}
BENCHMARK(validate)->Unit(benchmark::kMillisecond);

void atoms(benchmark::State& state) {
  const Program p = stencil();
  for (auto _ : state) benchmark::DoNotOptimize(Atoms::of(p));
}
BENCHMARK(atoms)->Unit(benchmark::kMillisecond);

void dependences(benchmark::State& state) {
  const Program p = stencil();
  const auto cut = Atoms::of(p);
  for (auto _ : state) benchmark::DoNotOptimize(Dependences::of(p, *cut, p.iterations));
}
BENCHMARK(dependences)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mapwright::program
