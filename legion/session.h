// What one process knows under the adapter: the mapper file, the machine, the answers so far, the journal.
#pragma once

#include <legion.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapter.h"
#include "hardware.h"
#include "journal.h"
#include "lang/facts.h"
#include "lang/mapper.h"
#include "lang/placement.h"
#include "machine/machine.h"
#include "names.h"

namespace mapwright::legion {

class Observer;

//! What the mapper file says of a task, whatever its data: looked up once.
struct TaskAnswers {
  std::string name;
  std::vector<machine::ProcessorKind> variants;  //!< the kinds for which the task has one
  machine::PerProcessor<std::vector<Legion::VariantID>> variants_for;  //!< those that it had then
  //! The kind that it runs on; nothing where the file says nothing and the application's mapper decides.
  std::optional<machine::ProcessorKind> kind;
  //! The kind that it runs on as far as is known before the application's mapper has decided.
  std::optional<machine::ProcessorKind> likely_kind;
  std::int64_t limit = 0;  //!< 0 = none
  bool replicated = false;
};

//! Where the points of a launch, or a single task, run.
struct Target {
  lang::PlacementPtr placement;
  //! The processors of a point: one, or several of one node to choose from.
  std::vector<Legion::Processor> at(const Hardware& hardware, const lang::Point& point) const;
};

//! Safe for all threads. Its own locks are never held while Legion is asked.
class Session {
 public:
  //! The one of this process; made, from the environment, when the machine is first known, and then says in
  //! the handshake that it is there. A mapper that cannot be used ends the process with its diagnostics and
  //! exit code 65: mapwright checks mappers before it runs them, so that this is for those who set the
  //! environment themselves.
  static Session& instance();
  //! Before that.
  static void enter(Route route);

  const Hardware& hardware() const { return hardware_; }
  //! Null where the application is only observed.
  const lang::CompiledMapper* mapper() const { return mapper_.get(); }
  Names& names() { return names_; }
  Journal& journal() { return journal_; }
  Observer& observer() { return *observer_; }

  const TaskAnswers& task(Legion::Mapping::MapperRuntime* runtime, Legion::Mapping::MapperContext context,
                          const Legion::Task& task);
  //! Where the file's map puts the points of an index launch on processors of a kind; nothing where it has
  //! none. A map that fails ends the process with its diagnostic.
  std::optional<Target> index_target(const TaskAnswers& task, const Legion::Domain& domain,
                                     machine::ProcessorKind kind);
  bool maps_single(const TaskAnswers& task, machine::ProcessorKind kind) const;
  //! The same of a task that is launched alone.
  std::optional<Target> single_target(const TaskAnswers& task, std::optional<machine::Processor> parent,
                                      machine::ProcessorKind kind);
  //! Where one map puts them, whatever task it is for.
  Target place(const lang::MapChoice& map, std::string_view task, const Legion::Domain& domain,
               machine::ProcessorKind kind);
  //! Where launches go by default, when the file names their kind and no map.
  Target default_target(const Legion::Domain& domain, machine::ProcessorKind kind) const;

 private:
  Session();

  Hardware hardware_;
  lang::MapperPtr mapper_;
  std::shared_ptr<lang::Placer> placer_;
  Names names_;
  Journal journal_;
  const std::unique_ptr<Observer> observer_;
  std::mutex mutex_;
  std::unordered_map<Legion::TaskID, std::unique_ptr<TaskAnswers>> tasks_;
};

lang::Point point_of(const Legion::DomainPoint& point);
//! What launched a task that a mapper is asked about; null for the top-level task. Its member parent_task is
//! not right on every node.
const Legion::Task* parent_of(const Legion::Task& task);
//! The bounding box, where points are missing.
lang::Domain domain_of(const Legion::Domain& domain);

//! Ends the process with a message on the error output: exit code 65 for a mapper that cannot be used, 75 for
//! a decision that cannot be carried out.
[[noreturn]] void give_up(int code, const std::string& message);

}  // namespace mapwright::legion
