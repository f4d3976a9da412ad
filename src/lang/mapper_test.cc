// What a mapper says about tasks and regions: the lookup order of the language.
#include "lang/mapper.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lang/lang.h"

namespace mapwright::lang {
namespace {

using machine::MemoryKind;
using machine::ProcessorKind;

MapperPtr mapper(const std::string& text) {
  const Compilation c = compile(std::make_shared<base::Source>("test.mapper", text));
  EXPECT_TRUE(c.mapper) << (c.problems.empty() ? "" : base::render(c.problems.items()[0], false));
  return c.mapper;
}

std::string kinds(const CompiledMapper& m, std::string_view task) {
  std::string text;
  for (const KindChoice& c : m.kinds(task)) text += std::string(name_of(c.kind)) + (c.by_name ? "! " : " ");
  return text;
}

std::string memories(const CompiledMapper& m, std::string_view task, std::vector<std::string_view> names,
                     std::int64_t index, ProcessorKind kind) {
  const auto choice = m.memories(task, {names, index}, kind);
  if (!choice) return "-";
  std::string text;
  for (const MemoryRef& r : choice->memories) text += std::string(name_of(r.kind)) + " ";
  return text;
}

TEST(Kinds, OfATaskThenOfAll) {
  const auto m = mapper("Task solve GPU;\nTask * OMP, GPU, CPU;\n");
  EXPECT_EQ(kinds(*m, "solve"), "GPU! OMP CPU ");
  EXPECT_EQ(kinds(*m, "other"), "OMP GPU CPU ");
}

TEST(Kinds, TheFirstStatementHolds) {
  EXPECT_EQ(kinds(*mapper("Task a CPU;\nTask a, b GPU;\n"), "a"), "CPU! ");
  EXPECT_EQ(kinds(*mapper("Task a CPU;\nTask a, b GPU;\n"), "b"), "GPU! ");
}

TEST(Memories, MostSpecificFirst) {
  const auto m = mapper(R"(
Region * * GPU FBMEM, ZCMEM;
Region * ghost GPU ZCMEM;
Region solve * GPU FBMEM;
Region solve ghost * ZCMEM, SYSMEM;
Region * * * SYSMEM;
)");
  // (task, region)
  EXPECT_EQ(memories(*m, "solve", {"ghost"}, 0, ProcessorKind::gpu), "ZCMEM SYSMEM ");
  // (task, *)
  EXPECT_EQ(memories(*m, "solve", {"private"}, 0, ProcessorKind::gpu), "FBMEM ");
  // (*, region)
  EXPECT_EQ(memories(*m, "other", {"ghost"}, 0, ProcessorKind::gpu), "ZCMEM ");
  // (*, *), the exact kind before *
  EXPECT_EQ(memories(*m, "other", {"private"}, 0, ProcessorKind::gpu), "FBMEM ZCMEM ");
  EXPECT_EQ(memories(*m, "other", {"private"}, 0, ProcessorKind::cpu), "SYSMEM ");
  // (task, *) says nothing for CPUs, (*, region) neither.
  EXPECT_EQ(memories(*m, "solve", {"private"}, 0, ProcessorKind::cpu), "SYSMEM ");
}

TEST(Memories, NamesAndIndicesBothMatch) {
  const auto m = mapper("Region solve 1 GPU ZCMEM;\nRegion solve shared GPU FBMEM;\n");
  EXPECT_EQ(memories(*m, "solve", {"ghost"}, 1, ProcessorKind::gpu), "ZCMEM ");
  EXPECT_EQ(memories(*m, "solve", {"all", "shared"}, 0, ProcessorKind::gpu), "FBMEM ");
  EXPECT_EQ(memories(*m, "solve", {"ghost"}, 0, ProcessorKind::gpu), "-");
}

TEST(Layouts, ByMemoryOrProcessorOrAny) {
  const auto m = mapper(R"(
Layout * * * SOA C_order;
Layout * * ZCMEM AOS;
Layout solve * GPU F_order Align == 128 Compact;
Layout solve 2 * Exact SOA AOS;
)");
  const std::vector<std::string_view> none;
  const auto layout = [&](std::string_view task, std::int64_t index, ProcessorKind p, MemoryKind mem) {
    return *m->layout(task, {none, index}, p, mem);
  };
  EXPECT_EQ(layout("other", 0, ProcessorKind::gpu, MemoryKind::fbmem).order, Layout::Order::c_order);
  EXPECT_EQ(layout("other", 0, ProcessorKind::gpu, MemoryKind::zcmem).arrangement, Layout::Arrangement::aos);
  EXPECT_EQ(layout("other", 0, ProcessorKind::gpu, MemoryKind::zcmem).order, std::nullopt);
  const Layout f = layout("solve", 0, ProcessorKind::gpu, MemoryKind::fbmem);
  EXPECT_EQ(f.order, Layout::Order::f_order);
  EXPECT_EQ(f.align, (std::pair{AlignOp::equal, std::int64_t{128}}));
  EXPECT_TRUE(f.compact);
  EXPECT_FALSE(f.exact);
  // The later word of one statement holds.
  EXPECT_EQ(layout("solve", 2, ProcessorKind::gpu, MemoryKind::fbmem).arrangement, Layout::Arrangement::aos);
  EXPECT_EQ(m->layout("solve", {none, 0}, ProcessorKind::cpu, MemoryKind::sysmem)->order,
            Layout::Order::c_order);
}

TEST(Maps, ByTaskThenKindThenAny) {
  const auto m = mapper(R"(
g = Machine(GPU);
def a(Task task) { return g[0, 0]; }
def b(Task task) { return g[0, 1]; }
def c(Task task) { return g[0, 2]; }
IndexTaskMap * c;
IndexTaskMap GPU b;
IndexTaskMap solve a;
SingleTaskMap solve b;
)");
  const auto function = [&](const MapChoice* map) {
    return map == nullptr ? "-" : std::string(m->code().functions[map->function].name);
  };
  EXPECT_EQ(function(m->index_map("solve", ProcessorKind::cpu)), "a");
  EXPECT_EQ(function(m->index_map("other", ProcessorKind::gpu)), "b");
  EXPECT_EQ(function(m->index_map("other", ProcessorKind::cpu)), "c");
  EXPECT_EQ(function(m->single_map("solve", ProcessorKind::cpu)), "b");
  EXPECT_EQ(function(m->single_map("other", ProcessorKind::gpu)), "-");
  // Each once, whoever has it.
  std::multiset<std::string> all;
  for (const MapChoice& map : m->index_maps()) all.insert(std::string(function(&map)));
  EXPECT_EQ(all, (std::multiset<std::string>{"a", "b", "c"}));
}

TEST(Rest, LimitsCollectionReplication) {
  const auto m = mapper(R"(
InstanceLimit solve 3;
CollectMemory solve *;
CollectMemory * ghost;
CollectMemory other 1;
ControlReplicate main, "outer loop";
)");
  const std::vector<std::string_view> ghost{"ghost"};
  const std::vector<std::string_view> own{"own"};
  EXPECT_EQ(m->instance_limit("solve"), 3);
  EXPECT_EQ(m->instance_limit("other"), 0);
  EXPECT_TRUE(m->collects("solve", {own, 0}));
  EXPECT_TRUE(m->collects("third", {ghost, 0}));
  EXPECT_TRUE(m->collects("other", {own, 1}));
  EXPECT_FALSE(m->collects("other", {own, 0}));
  EXPECT_TRUE(m->replicates("main"));
  EXPECT_TRUE(m->replicates("outer loop"));
  EXPECT_FALSE(m->replicates("solve"));
}

TEST(Names, MayBeWordsOfTheLanguage) {
  const auto m = mapper("Task size, CPU, \"*\", a.b, ns::task, split GPU;\nRegion * size GPU ZCMEM;\n");
  for (const char* name : {"size", "CPU", "*", "a.b", "ns::task", "split"})
    EXPECT_EQ(kinds(*m, name), "GPU! ") << name;
  EXPECT_EQ(kinds(*m, "unnamed"), "");
}

}  // namespace
}  // namespace mapwright::lang
