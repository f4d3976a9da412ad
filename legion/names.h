// What an application calls its data: the names that it attached to regions, partitions and index spaces.
#pragma once

#include <legion.h>

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mapwright::legion {

//! What the application calls a partition: the logical one, then the index partition; one without any name is
//! "partition_" and its number, which is the same in each run of a program that makes the same partitions.
std::vector<std::string> names_of(Legion::Mapping::MapperRuntime* runtime,
                                  Legion::Mapping::MapperContext context, Legion::LogicalPartition partition);

//! The region that this one is a piece of, over all partitions.
Legion::LogicalRegion root_of(Legion::Mapping::MapperRuntime* runtime, Legion::Mapping::MapperContext context,
                              Legion::LogicalRegion region);

//! Names of regions, remembered. Safe for all threads: nothing is locked while Legion is asked.
class Names {
 public:
  //! All names that mean this region: its own, those of the partition that it is a piece of, and so on up to
  //! the root; of each first the logical one, then that of its index space or index partition. A root without
  //! any name is "region_" and its number. The views stay.
  const std::vector<std::string_view>& of(Legion::Mapping::MapperRuntime* runtime,
                                          Legion::Mapping::MapperContext context,
                                          Legion::LogicalRegion region);
  //! The name of a field, or "field 12".
  std::string field(Legion::Mapping::MapperRuntime* runtime, Legion::Mapping::MapperContext context,
                    Legion::FieldSpace space, Legion::FieldID field);

 private:
  std::mutex mutex_;
  std::map<Legion::LogicalRegion, std::vector<std::string_view>> names_;
  std::deque<std::string> texts_;
};

}  // namespace mapwright::legion
