// What the mappers of a program can decide on a machine: the space that classical strategies search. It is
// derived from the program and the machine alone; names are copied and never read for meaning.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guide/families.h"
#include "lang/edit.h"
#include "lang/mapper.h"
#include "plan/site.h"
#include "program/program.h"
#include "tune/search.h"

namespace mapwright::tune {

struct Decision {
  enum class Kind : std::uint8_t {
    processor,   //!< of a task
    memory,      //!< of a partition that a task uses on one kind of processor
    layout,      //!< of a partition
    index_map,   //!< of a task's index launches
    single_map,  //!< of a task's single launches
    limit,       //!< of a task
    collect,     //!< of a task
  };
  Kind kind = Kind::processor;
  program::TaskId task = 0;            //!< of all but layouts
  program::PartitionId partition = 0;  //!< of memories and layouts: the first of its name
  machine::ProcessorKind on = machine::ProcessorKind::cpu;  //!< of memories
  //! The first is what happens under the mapper that the space is around.
  std::vector<std::string> options;
};

class Space {
 public:
  //! Where partitions stand among the requirements of a task.
  using Positions = std::map<program::PartitionId, std::int64_t>;

  //! Around a mapper: the empty one for what the engine does by default. The program outlives the space.
  Space(const program::Program& program, const plan::Site& site, lang::MapperPtr around);

  const std::vector<Decision>& decisions() const { return decisions_; }
  //! The mapper that the space is around: the first option of each decision.
  Choice initial() const { return Choice(decisions_.size()); }
  Sizes sizes() const;
  //! The decimal logarithm of the number of choices.
  double magnitude() const;

  //! The mapper, in canonical form. Decisions that have no effect, because the task runs elsewhere, say
  //! nothing: choices that differ only in them have one mapper.
  std::string mapper(const Choice& choice) const;
  //! The same as changes of the mapper that the space is around.
  std::vector<lang::Edit> edits(const Choice& choice) const;
  //! "stencil: index map grid_blocks_1d"
  std::string words(std::size_t decision, std::uint16_t option) const;
  //! Whether a decision has an effect beside the others.
  bool matters(const Choice& choice, std::size_t decision) const;
  //! The processor kind of a task.
  machine::ProcessorKind kind_of(const Choice& choice, program::TaskId task) const;
  //! The decision on the processor kind of a task that has a choice.
  std::optional<std::size_t> processor_of(program::TaskId task) const;

 private:
  void add(Decision decision);
  void add_processor(program::TaskId task, std::span<const machine::ProcessorKind> kinds);
  void add_maps(program::TaskId task, int rank);
  void add_memories(program::TaskId task, machine::ProcessorKind kind, const Positions& partitions,
                    const machine::Machine& machine);
  void add_holding(program::TaskId task, const Positions& partitions);
  std::span<const std::string_view> names_of(program::PartitionId partition) const;
  guide::Family family(const Choice& choice, std::size_t decision) const;
  std::string statement(const Choice& choice, std::size_t decision) const;

  const program::Program& program_;
  lang::MapperPtr around_;
  std::vector<std::array<std::string_view, 2>> names_;  // of partitions, and of their regions
  std::vector<Decision> decisions_;
  std::vector<std::optional<std::size_t>> processor_of_;   // the decision of each task
  std::vector<std::optional<program::TaskId>> parent_of_;  // of tasks that are launched one by one
  std::vector<machine::ProcessorKind> only_;               // the kind of tasks that have no choice
  std::vector<std::vector<guide::Family>> families_;       // of each task
};

}  // namespace mapwright::tune
