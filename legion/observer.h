// What an application launches, on which pieces of which data: lines of the journal from which a model of it
// is made. Regions and index spaces are described once, where they are first met, and are called by number.
#pragma once

#include <legion.h>

#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "journal.h"
#include "session.h"

namespace mapwright::legion {

//! Safe for all threads. Does nothing where no journal is kept.
class Observer {
 public:
  using Runtime = Legion::Mapping::MapperRuntime;
  using Context = Legion::Mapping::MapperContext;

  //! A launch, in the order in which its parent made it: "launched", and "region" for data that are new. A
  //! task that may yet run inside its parent (inlining) is no launch until `mapped_alone` says that it is
  //! not.
  void launched(Session& session, Runtime* runtime, Context context, const Legion::Task& task);
  //! A task, or an index launch, that does not run inside its parent.
  void mapped_alone(Session& session, Runtime* runtime, Context context, const Legion::Task& task);
  //! The piece of one point's requirement, as fields of its line: region, space and, where it is not all of
  //! the region, the partition that it is a piece of. Writes "space" and "partition" for those that are new.
  void add_piece(Session& session, Runtime* runtime, Context context,
                 const Legion::RegionRequirement& requirement, Line* line);

 private:
  void write_launch(Session& session, Runtime* runtime, Context context, const Legion::Task& task);
  void describe(Session& session, Runtime* runtime, Context context, Legion::LogicalRegion region);

  std::mutex mutex_;
  std::set<Legion::UniqueID> undecided_;  // tasks that may yet run inside their parent
  std::set<Legion::RegionTreeID> regions_;
  std::set<Legion::IndexSpaceID> spaces_;
  std::set<std::pair<Legion::RegionTreeID, Legion::IndexPartitionID>> partitions_;
};

//! Which launch a task belongs to: the call of its parent, and its order among what that one launches.
void add_launch(const Legion::Task& task, Line* line);

//! The lists "[[lo,hi],..]" of a box, one for each dimension.
std::string bounds_text(const Legion::Domain& domain);
std::string point_text(const Legion::DomainPoint& point);

}  // namespace mapwright::legion
