// Any bytes as a program file: read, and held against a mapper; a whole program is cut into atoms, analysed,
// and written as it was read.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "lang/facts.h"
#include "lang/lang.h"
#include "program/atoms.h"
#include "program/dependence.h"
#include "program/json.h"

namespace {

namespace base = mapwright::base;
namespace lang = mapwright::lang;
namespace machine = mapwright::machine;
namespace program = mapwright::program;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

constexpr std::string_view kMapper = R"(
Task * GPU, CPU;
Task stencil, increment GPU;
Region stencil * GPU FBMEM;
Region increment private * ZCMEM;
Layout stencil 1 * SOA;
InstanceLimit stencil 4;
gpus = Machine(GPU);

def blocks(Task task) {
    grid = gpus.merge(0, 1).auto_split(0, task.ispace);
    return grid[*(task.ipoint * grid.size / task.ispace)];
}

def home(Task task) {
    return gpus[*task.parent.processor(gpus)];
}

IndexTaskMap * blocks;
SingleTaskMap stencil, top home;
)";

const lang::MapperPtr& mapper() {
  static const lang::MapperPtr made =
      lang::compile(std::make_shared<base::Source>("fuzz.mapper", std::string(kMapper))).mapper;
  require(made != nullptr, "the mapper is wrong");
  return made;
}

// As `check --program FILE --nodes 2 --procs CPU=1,GPU=4` does it.
void check(const lang::ProgramFacts& program) {
  require(program.ranks_per_node >= 1, "ranks out of range");
  machine::Grid grid = machine::make_grid(2, {1, 4, 0, 0, 0, 0});
  base::Diagnostics problems = lang::check_names(*mapper(), program, &grid);
  constexpr std::int64_t kMostPoints = 4096;
  std::int64_t points = 0;
  for (const lang::TaskFacts& task : program.tasks) {
    for (const lang::Domain& domain : task.launches)
      points += domain.size(kMostPoints).value_or(0);  // over the limit of a launch is found at once
    for (const lang::Domain& domain : task.launches) {
      if (!domain.size(kMostPoints) && domain.size(lang::Placer::kMaxPoints)) return;
    }
  }
  if (points <= kMostPoints) {
    const auto placer = lang::Placer::create(mapper(), grid);
    require(placer.ok(), "the mapper does not start");
    problems.add(lang::check_launches(**placer, program));
  }
  std::size_t rendered = 0;
  for (const base::Diagnostic& d : problems.items()) {
    if (rendered++ == 10) break;
    require(!base::render(d, true).empty(), "a problem shows nothing");
  }
}

void take_in(const program::Program& p) {
  require(program::validate(p).empty(), "a program was read that is not valid");
  const std::string text = program::save(p);
  const auto again = program::load("again.json", text);
  require(again.ok(), "what was written cannot be read");
  require(*again == p, "what was written is another program");
  require(program::save(*again) == text, "what was written is written in another way");
  const auto atoms = program::Atoms::of(p);
  require(atoms.ok(), "a valid program has no atoms");
  for (program::PartitionId i = 0; i < p.partitions.size(); ++i) {
    const program::Partition& part = p.partitions[i];
    for (std::uint32_t piece = 0; piece < part.pieces(); ++piece) {
      if (atoms->piece(i, piece).empty()) continue;
      std::int64_t volume = 0;
      for (const std::uint32_t a : atoms->piece(i, piece)) volume += atoms->region(part.region).volume[a];
      require(volume == atoms->volume(i, piece), "a piece is not its atoms");
    }
  }
  std::int64_t points = 0;
  for (const program::Launch& l : p.launches) points += l.points();
  if (points > 1000) return;
  const auto d = program::Dependences::of(p, *atoms, 2);
  if (!d.ok()) return;  // too many
  for (program::Dependences::TaskIndex t = 0; t < d->tasks(); ++t) {
    for (const auto e : d->earlier(t)) require(e < t, "a task depends on a later one");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto source =
      std::make_shared<base::Source>("fuzz.json", std::string(reinterpret_cast<const char*>(data), size));
  const auto whole = program::load(source);
  if (whole) {
    take_in(*whole);
  } else {
    require(!whole.problems().empty(), "a program fails without a problem");
  }
  const auto facts = program::load_facts(source);
  if (facts) {
    check(*facts);
  } else {
    require(!whole.ok(), "a program has no facts");
    require(!facts.problems().empty(), "facts fail without a problem");
  }
  return 0;
}
