#include "machine/describe.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "machine/catalog.h"
#include "machine/testing.h"
#include "machine/units.h"

namespace mapwright::machine {
namespace {

using testing::kMachines;

// Every figure has one path, and the sources are those of figures.
TEST(Describe, FiguresAndSourcesBelongTogether) {
  for (const std::string& name : catalog_names(kMachines)) {
    const base::Result<Machine> machine = load_machine(kMachines, name);
    ASSERT_TRUE(machine.ok());
    std::set<std::string> stated;
    std::set<std::string> all;
    for (const Figure& f : figures_of(*machine)) {
      EXPECT_TRUE(all.insert(f.path()).second) << f.path();
      if (f.stated) stated.insert(f.path());
    }
    std::set<std::string> sourced;
    for (const auto& [path, source] : machine->sources) sourced.insert(path);
    EXPECT_EQ(stated, sourced);
  }
}

// A figure's text, read back, is its value.
TEST(Describe, TextsAreExact) {
  const base::Result<Machine> machine = load_machine(kMachines, "lassen");
  ASSERT_TRUE(machine.ok());
  const std::vector<Unit> units{Unit::bytes, Unit::seconds, Unit::bytes_per_second, Unit::flop_per_second};
  int quantities = 0;
  for (const Figure& f : figures_of(*machine)) {
    const double* value = std::get_if<double>(&f.value);
    if (value == nullptr) continue;
    const auto unit = std::ranges::find_if(units, [&](Unit u) { return facts_of(u).si == f.unit; });
    EXPECT_NEAR(std::get<double>(parse_quantity(f.text, *unit)), *value, 1e-12 * *value) << f.path();
    ++quantities;
  }
  EXPECT_GT(quantities, 50);
}

TEST(Describe, ForPeople) {
  const base::Result<Machine> machine = load_machine(kMachines, "p100x4");
  ASSERT_TRUE(machine.ok());
  const std::vector<std::string> lines = describe(*machine);
  EXPECT_EQ(lines[0], "p100x4: 4x P100 16 GB on PCIe, 2x Xeon E5-2640 v4, EDR InfiniBand");
  EXPECT_EQ(lines[1], "2 nodes unless told otherwise; per node:");
  for (const std::string_view line : {
           "affinities.CPU.ZCMEM (assumption: as SYSMEM)",
           "  dp_peak             4.7 TF/s                      NVIDIA Tesla P100 data sheet (PCIe)",
           "  pair                off                           (default)",
       }) {
    EXPECT_NE(std::ranges::find(lines, line), lines.end()) << line;
  }
  EXPECT_TRUE(std::ranges::none_of(lines, [](const std::string& line) { return line.ends_with(' '); }));
}

TEST(Describe, ALongListGivesItsSourceALineOfItsOwn) {
  const base::Result<Machine> machine = load_machine(kMachines, "lassen");
  ASSERT_TRUE(machine.ok());
  const std::vector<std::string> lines = describe(*machine);
  const auto at = std::ranges::find(lines,
                                    "  carries             FBMEM-SYSMEM, FBMEM-SOCKMEM, FBMEM-RDMEM, "
                                    "FBMEM-ZCMEM, FBMEM-FBMEM other socket");
  ASSERT_NE(at, lines.end());
  EXPECT_EQ(at[1], fmt::format("{:52}{}", "",
                               "Lassen system description: GPUs of two sockets meet through their hosts"));
}

// A description comes from a file that anybody may have written.
TEST(Describe, ShowsControlCharacters) {
  Machine machine;
  machine.name = "odd";
  machine.description = "\033[31mred";
  machine.sources["node.sockets"] = "\033]0;title\a";
  const std::vector<std::string> lines = describe(machine);
  EXPECT_EQ(lines[0], "odd: \\x1b[31mred");
  EXPECT_TRUE(lines[4].ends_with("\\x1b]0;title\\x07")) << lines[4];
}

}  // namespace
}  // namespace mapwright::machine
