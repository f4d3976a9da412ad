// What one execution of a program under a mapper does on a machine, made explicit before anything runs: which
// task runs where on which instances, every copy with its source, every fold, and what has to wait for what.
// The simulator prices a plan; real engines execute it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "lang/placement.h"
#include "plan/site.h"
#include "policy/policy.h"
#include "program/atoms.h"
#include "program/program.h"

namespace mapwright::plan {

using OpId = std::uint32_t;  //!< index into Plan::ops; the order of the ops is program order
using InstanceId = std::uint32_t;
using MappingId = std::uint32_t;
inline constexpr std::uint32_t kNone = 0xFFFFFFFF;

//! Some fields of a piece of a region, in a memory.
struct Instance {
  MemoryId memory = 0;
  program::RegionId region = 0;
  program::PartitionId partition = 0;  //!< the piece that it was made for
  std::uint32_t piece = 0;
  program::FieldSet fields = 0;
  policy::Layout layout;
  std::int64_t bytes = 0;
  bool reduction = false;  //!< holds contributions, not values
  bool collected = false;  //!< freed after its task; not tracked as valid, so no source of copies
};

//! The part of a requirement that one instance holds.
struct Use {
  InstanceId instance = 0;
  program::FieldSet fields = 0;
};

//! How a point of a launch is mapped. Decided once, and kept for all iterations.
struct Mapping {
  program::LaunchId launch = 0;
  std::uint32_t position = 0;  //!< of the point, in the order of Domain::next
  ProcessorId processor = 0;
  std::uint32_t first_use = 0;  //!< Plan::uses, requirement by requirement
  std::uint32_t first_end = 0;  //!< Plan::use_ends: where the uses of each requirement end
};

enum class OpKind : std::uint8_t {
  task,    //!< runs a kernel on its processor
  begin,   //!< an inner task starts, which takes no time; its launches follow
  end,     //!< all that an inner task launched is over
  copy,    //!< bytes from one instance to another
  fold,    //!< adds a reduction instance to another instance
  future,  //!< the results of all points of a launch are combined and known everywhere
  fence,   //!< all ops before it are over; none behind it is launched before
};

struct Op {
  OpKind kind = OpKind::task;
  std::uint32_t launch_index =
      0;                      //!< of a task below an inner one: how many launches of its parent came before
  MappingId mapping = kNone;  //!< of a task or inner task; of a copy or fold, of its task
  OpId parent = kNone;  //!< of a task: the begin of its parent; of an end: its begin; of a copy or fold: the
                        //!< task that needs it or, of a fold, contributed, and whose mapping it waits for
  InstanceId source = kNone;  //!< of a copy or fold
  InstanceId destination = kNone;
  std::int64_t bytes = 0;  //!< that a copy or fold moves
  //! Plan::cells: of a copy or fold, what it moves; of a task, what its reduction instances begin with zeroes
  //! in.
  std::uint32_t first_cell = 0;
  std::uint32_t cells = 0;
};

//! Whether it moves bytes from an instance to another one.
inline bool is_transfer(const Op& op) {
  return op.kind == OpKind::copy || op.kind == OpKind::fold;
}

//! An atom of a region and a group of its fields (program::RegionAtoms), in an instance.
struct CellIn {
  InstanceId instance = 0;  //!< of a copy or fold, its destination
  std::uint32_t atom = 0;
  std::uint32_t group = 0;

  friend bool operator==(const CellIn&, const CellIn&) = default;
};

//! What an op waits for.
struct Wait {
  OpId op = 0;
  //! A task is not even mapped before: nothing of what it needs is fetched either. Otherwise only its start
  //! waits.
  bool mapping = false;

  friend bool operator==(const Wait&, const Wait&) = default;
};

//! The most that is held in one memory at a time.
struct MemoryUse {
  MemoryId memory = 0;
  std::int64_t high_water = 0;  //!< bytes
};

struct Plan {
  std::shared_ptr<const program::Program> program;
  std::shared_ptr<const program::Atoms> atoms;
  std::shared_ptr<const Site> site;
  std::vector<Instance> instances;
  std::vector<Mapping> mappings;
  std::vector<Use> uses;
  std::vector<std::uint32_t> use_ends;
  std::vector<Op> ops;
  std::vector<Wait> waits;  //!< of op i: wait_begins[i] .. wait_begins[i + 1] - 1
  std::vector<std::uint32_t> wait_begins;
  std::vector<CellIn> cells;
  //! Where the values are that are left when all is over, for every cell that has any: one instance each.
  std::vector<CellIn> homes;
  //! The first op of each iteration that is executed, warm-up included, and where the last one ends. Set-up
  //! stands before, what comes after the loop behind.
  std::vector<OpId> iteration_begins;
  std::int64_t warmup =
      0;  //!< executed warm-up iterations: those after which nothing changes any more are left out
  std::vector<MemoryUse> memory;  //!< of every memory that is used, by id
  std::int64_t collections = 0;   //!< instances that were freed because their memory was full
  std::vector<std::string> log;   //!< what the mapper printed

  std::span<const Wait> waits_of(OpId op) const {
    return {waits.data() + wait_begins[op], wait_begins[op + 1] - wait_begins[op]};
  }
  std::span<const CellIn> cells_of(const Op& op) const { return {cells.data() + op.first_cell, op.cells}; }
  //! What holds requirement r of a mapping.
  std::span<const Use> uses_of(const Mapping& m, std::size_t r) const {
    const std::uint32_t begin = r == 0 ? m.first_use : use_ends[m.first_end + r - 1];
    return {uses.data() + begin, use_ends[m.first_end + r] - begin};
  }
};

//! Why an execution is impossible, before it begins.
struct Failure {
  std::string code;  //!< "out_of_memory", "layout", "index", "no_variant", "no_instance", "no_memory"
  std::string text;  //!< as the real runtime says it
  base::Diagnostics problems;  //!< the mapper's line, and what to do
};

//! Tasks of all iterations together: a plan has about 1 kB for each.
inline constexpr std::int64_t kMaxTasks = std::int64_t{1} << 22;

//! Plans executions of one program on one site. Safe for several threads.
class Planner {
 public:
  //! The program is valid (program::validate).
  static base::Result<std::shared_ptr<const Planner>> create(std::shared_ptr<const program::Program> program,
                                                             const machine::Machine& machine,
                                                             std::int64_t nodes);

  //! Of a program with the regions and partitions of the one that was planned, such as with fewer iterations.
  static std::shared_ptr<const Planner> create(const Plan& like,
                                               std::shared_ptr<const program::Program> program);

  std::variant<Plan, Failure> plan(lang::Placer& placer) const;
  //! The same, for those who need nothing else of the mapper on this site.
  std::variant<Plan, Failure> plan(const lang::MapperPtr& mapper) const;

  const program::Program& program() const { return *program_; }
  const std::shared_ptr<const Site>& site() const { return site_; }
  const std::shared_ptr<const program::Atoms>& atoms() const { return atoms_; }

 private:
  Planner(std::shared_ptr<const program::Program> program, std::shared_ptr<const program::Atoms> atoms,
          std::shared_ptr<const Site> site)
      : program_(std::move(program)), atoms_(std::move(atoms)), site_(std::move(site)) {}

  std::shared_ptr<const program::Program> program_;
  std::shared_ptr<const program::Atoms> atoms_;
  std::shared_ptr<const Site> site_;
};

}  // namespace mapwright::plan
