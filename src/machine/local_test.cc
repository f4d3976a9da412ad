#include "machine/local.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "machine/check.h"
#include "machine/describe.h"
#include "machine/machine_file.h"

namespace mapwright::machine {
namespace {

void expect_sound(const Machine& machine) {
  for (const Problem& p : check(machine)) ADD_FAILURE() << p.path << ": " << p.message;
  EXPECT_EQ(unsourced(machine), std::vector<std::string>{});
  for (const Figure& f : figures_of(machine)) {
    if (std::holds_alternative<std::monostate>(f.value)) continue;
    EXPECT_TRUE(f.stated) << f.path() << " has no source";
  }
}

TEST(LocalMachine, ThisComputer) {
  const Inventory inventory = take_inventory();
  std::int64_t cores = 0;
  for (const Inventory::Socket& s : inventory.sockets) cores += s.cores;
  EXPECT_GE(cores, 1);
  const Machine machine = local_machine();
  expect_sound(machine);
  EXPECT_EQ(machine.name, "local");
  EXPECT_EQ(machine.nodes, 1);
  EXPECT_EQ(machine.processors[ProcessorKind::cpu]->count, cores);
  EXPECT_EQ(machine.processors[ProcessorKind::omp]->count, machine.node.sockets);
  EXPECT_GT(machine.memories[MemoryKind::sysmem]->capacity, std::int64_t{1} << 20);
}

TEST(LocalMachine, AServerWithTwoSocketsAndThreeGpus) {
  const std::int64_t gib = std::int64_t{1} << 30;
  Inventory inventory;
  inventory.sockets = {{16, 128 * gib}, {12, 64 * gib}};
  inventory.gpus = {{0, 40 * gib}, {1, 24 * gib}, {1, std::nullopt}};
  const Machine m = machine_from(inventory);
  expect_sound(m);
  EXPECT_EQ(m.node.sockets, 2);
  EXPECT_EQ(m.processors[ProcessorKind::cpu]->count, 28);
  EXPECT_EQ(m.processors[ProcessorKind::cpu]->sockets[15], 0);
  EXPECT_EQ(m.processors[ProcessorKind::cpu]->sockets[16], 1);
  EXPECT_EQ(m.processors[ProcessorKind::omp]->count, 2);
  EXPECT_EQ(m.processors[ProcessorKind::omp]->cores, 12);
  EXPECT_EQ(m.processors[ProcessorKind::gpu]->sockets, (std::vector<std::int64_t>{0, 1, 1}));
  EXPECT_EQ(m.memories[MemoryKind::fbmem]->capacity, 24 * gib);
  EXPECT_EQ(m.memories[MemoryKind::sysmem]->capacity, 96 * gib);
  EXPECT_EQ(m.memories[MemoryKind::sockmem]->capacity, 16 * gib);
  EXPECT_EQ(m.sources.at("memories.FBMEM.capacity"), "seen by hwloc");
  EXPECT_EQ(m.sources.at("affinities.GPU.FBMEM.bandwidth"),
            "assumption: a usual value, not measured on this machine");
  // Pools may all be full at once.
  const std::int64_t pools =
      m.memories[MemoryKind::sysmem]->capacity + 2 * m.memories[MemoryKind::sockmem]->capacity +
      m.memories[MemoryKind::zcmem]->capacity + m.memories[MemoryKind::rdmem]->capacity;
  EXPECT_LE(pools, 192 * gib);
}

TEST(LocalMachine, AComputerOfWhichNothingIsKnown) {
  Inventory inventory;
  inventory.sockets.emplace_back();
  inventory.gpus.emplace_back();
  const Machine m = machine_from(inventory);
  expect_sound(m);
  EXPECT_EQ(m.sources.at("memories.FBMEM.capacity"),
            "assumption: a usual value, not measured on this machine");
}

TEST(LocalMachine, CoresStandInForGpus) {
  const std::int64_t gib = std::int64_t{1} << 30;
  Inventory inventory;
  inventory.sockets = {{2, 16 * gib}, {1, 16 * gib}};
  const Machine host = machine_from(inventory);
  for (const std::int64_t gpus : {1, 2, 4, 100}) {
    SCOPED_TRACE(gpus);
    const Machine m = with_stand_ins(host, gpus);
    expect_sound(m);
    const Processors& stand_ins = *m.processors[ProcessorKind::gpu];
    EXPECT_EQ(stand_ins.count, gpus);
    EXPECT_EQ(static_cast<std::int64_t>(stand_ins.sockets.size()), gpus);
    EXPECT_EQ(stand_ins.dp_sustained, host.processors[ProcessorKind::cpu]->dp_sustained);
    EXPECT_LE(m.memories[MemoryKind::fbmem]->capacity * gpus, m.memories[MemoryKind::sysmem]->capacity);
    EXPECT_FALSE(m.affinities[ProcessorKind::cpu][MemoryKind::fbmem]);
    EXPECT_EQ(m.sources.at("processors.GPU.count"), "stated");
  }
  EXPECT_EQ(with_stand_ins(host, 4).processors[ProcessorKind::gpu]->sockets,
            (std::vector<std::int64_t>{0, 0, 1, 0}));
  EXPECT_EQ(check(with_stand_ins(local_machine(), 2)).size(), 0U);
}

}  // namespace
}  // namespace mapwright::machine
