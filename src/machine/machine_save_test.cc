// Machines as files that are written: reading one gives the machine again, figure by figure.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "machine/catalog.h"
#include "machine/check.h"
#include "machine/describe.h"
#include "machine/local.h"
#include "machine/machine_file.h"
#include "machine/testing.h"

namespace mapwright::machine {
namespace {

using testing::kMachines;

// The machine that is read from what is written.
Machine again(const Machine& machine) {
  const std::string text = save(machine);
  const auto read = parse_machine(std::make_shared<base::Source>("saved.toml", text));
  if (read) return *read;
  for (const base::Diagnostic& d : read.problems().items()) ADD_FAILURE() << base::render(d, false);
  return {};
}

// Links of a file are in the order of their names.
Machine with_sorted_links(Machine m) {
  std::ranges::sort(m.links, {}, &Link::name);
  return m;
}

void expect_same(const Machine& is, const Machine& should) {
  EXPECT_EQ(is.name, should.name);
  EXPECT_EQ(is.description, should.description);
  EXPECT_EQ(is.nodes, should.nodes);
  const std::vector<Figure> a = figures_of(is);
  const std::vector<Figure> b = figures_of(with_sorted_links(should));
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(b[i].path());
    EXPECT_EQ(a[i].path(), b[i].path());
    EXPECT_EQ(a[i].value, b[i].value) << a[i].text;
    EXPECT_EQ(a[i].source, b[i].source);
  }
  // Written twice it is the same text.
  EXPECT_EQ(save(is), save(again(is)));
}

TEST(SavedMachine, OfTheCatalogIsTheSame) {
  const std::vector<std::string> names = catalog_names(kMachines);
  EXPECT_GE(names.size(), 6U);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const auto machine = load_machine(kMachines, name);
    ASSERT_TRUE(machine.ok());
    expect_same(again(*machine), *machine);
  }
}

TEST(SavedMachine, OfComputersIsTheSame) {
  expect_same(again(local_machine()), local_machine());
  const std::int64_t gib = std::int64_t{1} << 30;
  std::vector<Inventory> computers(4);
  computers[0].sockets.emplace_back();
  computers[1].sockets = {{16, 128 * gib + 4096}, {12, 64 * gib - 1}};
  computers[1].gpus = {{0, 40 * gib}, {1, 24 * gib}, {1, std::nullopt}};
  computers[2].sockets = {{3, 1}, {5, 7}, {1, 0}};
  computers[3].sockets = {{1, 1'234'567'891'011}};
  computers[3].gpus = {{0, std::nullopt}};
  for (const Inventory& inventory : computers) {
    const Machine m = machine_from(inventory);
    SCOPED_TRACE(m.memories[MemoryKind::sysmem]->capacity);
    expect_same(again(m), m);
    if (!inventory.gpus.empty()) continue;
    for (const std::int64_t stand_ins : {1, 2, 7}) {
      const Machine with = with_stand_ins(m, stand_ins);
      expect_same(again(with), with);
    }
  }
}

// Figures that were measured have all the digits that a double has.
TEST(SavedMachine, KeepsEveryDigit) {
  Machine m = local_machine();
  m.runtime.kernel_launch = 1.0 / 3e6;
  m.runtime.message = 0;
  m.network.node = 1e9 / 7;
  m.network.pair = 1e9 / 9;
  m.network.ordered_requests = true;
  m.processors[ProcessorKind::cpu]->dp_sustained = 12'345'678'901.234;
  m.memories[MemoryKind::sysmem]->capacity = (std::int64_t{1} << 40) + 1;
  m.affinities[ProcessorKind::cpu][MemoryKind::sysmem]->scattered = 2.2250738585072014e-308;
  expect_same(again(m), m);
}

TEST(SavedMachine, KeepsWhateverTextsSay) {
  const std::string texts[] = {
      "",
      "\"quoted\" and 'quoted'",
      "back\\slash \\u0041 \\n",
      "two\nlines\r\nand a\ttab",
      "\"\"\"",
      "]\n[processors.CPU]\ncount = 9",
      "# no comment = 1",
      std::string("\x01\x08\x1f\x7f", 4),
      "B\xC3\xBCrgel \xE2\x82\xAC \xF0\x9F\x9A\x80",
      "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9",
  };
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    Machine m = local_machine();
    m.description = text;
    m.sources["network.node"] = text;
    m.sources["processors.CPU.count"] = text;
    expect_same(again(m), m);
  }
}

// What is no text in TOML is replaced by what says so.
TEST(SavedMachine, ReplacesWhatIsNoUnicode) {
  Machine m = local_machine();
  m.description = "broken \xC3 \xFF\xFE \xED\xA0\x80 end";
  m.sources["network.node"] = "\x80";
  const Machine read = again(m);
  EXPECT_TRUE(read.description.starts_with("broken \xEF\xBF\xBD"));
  EXPECT_TRUE(read.description.ends_with(" end"));
  EXPECT_EQ(read.sources.at("network.node"), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace mapwright::machine
