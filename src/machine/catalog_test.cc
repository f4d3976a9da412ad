#include "machine/catalog.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "machine/describe.h"
#include "machine/machine_file.h"
#include "machine/testing.h"

namespace mapwright::machine {
namespace {

using testing::kMachines;

// A folder of a test's own, gone at its end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mapwright_catalog.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

std::string problems_of(const std::filesystem::path& folder, std::string_view name) {
  const base::Result<Machine> machine = load_machine(folder, name);
  std::string all;
  if (machine) return all;
  for (const base::Diagnostic& d : machine.problems().items()) all += base::render(d, false);
  return all;
}

TEST(Catalog, NamesAreTheFilesOfTheFolder) {
  const Folder folder;
  EXPECT_EQ(catalog_names(folder.path()), std::vector<std::string>{});
  EXPECT_EQ(catalog_names(folder.path() / "none"), std::vector<std::string>{});
  folder.write("b.toml", "");
  folder.write("a.toml", "");
  folder.write("notes.txt", "");
  EXPECT_EQ(catalog_names(folder.path()), (std::vector<std::string>{"a", "b"}));
}

TEST(Catalog, LoadsByNameByFileAndLocally) {
  const Folder folder;
  const base::Result<Machine> by_name = load_machine(kMachines, "summit");
  ASSERT_TRUE(by_name.ok());
  EXPECT_EQ(by_name->name, "summit");
  const base::Result<base::SourcePtr> source = machine_source(kMachines, "summit");
  ASSERT_TRUE(source.ok());
  const std::filesystem::path copy = folder.write("mine.toml", std::string((*source)->text()));
  const base::Result<Machine> by_file = load_machine(kMachines, copy.string());
  ASSERT_TRUE(by_file.ok());
  EXPECT_EQ(by_file->processors[ProcessorKind::gpu]->count, 6);
  const base::Result<Machine> local = load_machine(kMachines, "local");
  ASSERT_TRUE(local.ok());
  EXPECT_EQ(local->name, "local");
}

TEST(Catalog, AnUnknownNameNamesTheNearest) {
  const Folder folder;
  EXPECT_EQ(problems_of(kMachines, "lasen"),
            "error[MW7021]: there is no machine 'lasen': did you mean 'lassen'?\n"
            "   = note: machines are frontier, lassen, p100x4, p100x4-nvlink, perlmutter, summit, local, and "
            "every file "
            "in the format of docs/machines.md\n");
  EXPECT_EQ(problems_of(folder.path(), "crusher"),
            "error[MW7021]: there is no machine 'crusher'\n"
            "   = note: machines are local, and every file in the format of docs/machines.md\n");
}

TEST(Catalog, AFileThatCannotBeReadSaysWhy) {
  const Folder folder;
  const std::string none = (folder.path() / "none.toml").string();
  EXPECT_EQ(problems_of(kMachines, none),
            fmt::format("error[MW7022]: cannot read '{}': No such file or directory\n", none));
  const std::string large = folder.write("large.toml", std::string(kMachineFileBytes + 1, '#')).string();
  EXPECT_EQ(problems_of(kMachines, large),
            fmt::format("error[MW7022]: cannot read '{}': File too large\n"
                        "   = note: a machine file has at most 1048576 bytes\n",
                        large));
}

TEST(Catalog, ProblemsOfAFileHaveItsPath) {
  const Folder folder;
  const std::string bad = folder.write("bad.toml", "name = \n").string();
  EXPECT_EQ(problems_of(kMachines, bad).substr(0, bad.size() + 5), bad + ":1:8:");
}

TEST(ShippedMachines, AreCompleteAndSourced) {
  const std::vector<std::string> names = catalog_names(kMachines);
  EXPECT_EQ(names, (std::vector<std::string>{"frontier", "lassen", "p100x4", "p100x4-nvlink", "perlmutter",
                                             "summit"}));
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    EXPECT_EQ(problems_of(kMachines, name), "");
    const base::Result<Machine> machine = load_machine(kMachines, name);
    ASSERT_TRUE(machine.ok());
    EXPECT_EQ(machine->name, name);
    EXPECT_FALSE(machine->description.empty());
    EXPECT_EQ(unsourced(*machine), std::vector<std::string>{});
  }
}

// Nobody knows why both directions at once should cost more, or single copies be slower: the parameters
// exist, and stay off.
TEST(ShippedMachines, HaveNoParameterWithoutACause) {
  for (const std::string& name : catalog_names(kMachines)) {
    const base::Result<Machine> machine = load_machine(kMachines, name);
    ASSERT_TRUE(machine.ok());
    EXPECT_EQ(machine->network.pair_both_ways, std::nullopt) << name;
    EXPECT_EQ(machine->network.copy, std::nullopt) << name;
  }
}

double number_of(const Machine& machine, std::string_view path) {
  for (const Figure& f : figures_of(machine)) {
    if (f.path() != path) continue;
    if (const double* value = std::get_if<double>(&f.value)) return *value;
    if (const auto* value = std::get_if<std::int64_t>(&f.value)) return static_cast<double>(*value);
  }
  return -1;
}

TEST(ShippedMachines, FiguresAreInSiUnits) {
  struct Expected {
    const char* machine;
    const char* path;
    double value;
  };
  for (const auto& [name, path, value] : {
           Expected{"lassen", "processors.GPU.dp_sustained", 7.5e12},
           Expected{"lassen", "processors.OMP.cores", 10},
           Expected{"lassen", "memories.FBMEM.capacity", 15000.0 * (1 << 20)},
           Expected{"lassen", "memories.ZCMEM.capacity", 2048.0 * (1 << 20)},
           Expected{"lassen", "affinities.GPU.FBMEM.bandwidth", 806e9},
           Expected{"lassen", "affinities.GPU.ZCMEM.atomic", 70e-9},
           Expected{"lassen", "affinities.GPU.SYSMEM.bandwidth", -1},
           Expected{"lassen", "links.x_bus.bandwidth", 34e9},
           Expected{"lassen", "network.node", 23.6e9},
           Expected{"lassen", "network.pair", 11.8e9},
           Expected{"lassen", "network.latency", 1.3e-6},
           Expected{"lassen", "network.fold_between_ranks", 9e9},
           Expected{"lassen", "runtime.remote_copy_setup", 530e-6},
           Expected{"p100x4", "processors.GPU.dp_peak", 4.7e12},
           Expected{"p100x4", "memories.FBMEM.capacity", 15.0 * (1 << 30)},
           Expected{"p100x4", "network.gpu_staging", 8e9},
           Expected{"p100x4-nvlink", "links.nvlink.bandwidth", 18.3e9},
           Expected{"summit", "processors.GPU.count", 6},
           Expected{"perlmutter", "affinities.GPU.FBMEM.bandwidth", 1375e9},
           Expected{"frontier", "node.sockets", 4},
       }) {
    const base::Result<Machine> machine = load_machine(kMachines, name);
    ASSERT_TRUE(machine.ok());
    EXPECT_DOUBLE_EQ(number_of(*machine, path), value) << name << " " << path;
  }
}

TEST(ShippedMachines, LassensGpusMeetOverNvlinkOrTheXBus) {
  const base::Result<Machine> lassen = load_machine(kMachines, "lassen");
  ASSERT_TRUE(lassen.ok());
  const auto names = [&](bool same_socket) {
    std::vector<std::string> over;
    for (const std::size_t i : links_between(*lassen, MemoryKind::fbmem, MemoryKind::fbmem, same_socket)) {
      over.push_back(lassen->links[i].name);
    }
    return over;
  };
  EXPECT_EQ(names(true), std::vector<std::string>{"nvlink"});
  EXPECT_EQ(names(false), (std::vector<std::string>{"host_link", "x_bus"}));
  EXPECT_EQ(lassen->processors[ProcessorKind::gpu]->sockets, (std::vector<std::int64_t>{0, 0, 1, 1}));
  EXPECT_EQ(lassen->node.rank_order, RankOrder::round_robin);
}

}  // namespace
}  // namespace mapwright::machine
