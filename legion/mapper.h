// The mapper that stands before an application's own: what the mapper file speaks about is decided here, all
// else is passed on.
#pragma once

#include <legion.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "forwarding.h"
#include "instances.h"
#include "session.h"

namespace mapwright::legion {

//! Owns the mapper that it wraps. As many threads call it as call that one: its own state has its own lock,
//! which is never held while Legion or the wrapped mapper is asked.
class Mapper final : public Forwarding {
 public:
  Mapper(std::unique_ptr<Legion::Mapping::Mapper> wrapped, Session& session)
      : Forwarding(std::move(wrapped)), session_(session) {}

  void select_task_options(Context context, const Legion::Task& task, TaskOptions& output) override;
  void slice_task(Context context, const Legion::Task& task, const SliceTaskInput& input,
                  SliceTaskOutput& output) override;
  void map_task(Context context, const Legion::Task& task, const MapTaskInput& input,
                MapTaskOutput& output) override;
  void replicate_task(Context context, const Legion::Task& task, const ReplicateTaskInput& input,
                      ReplicateTaskOutput& output) override;
  void select_sharding_functor(Context context, const Legion::Task& task,
                               const SelectShardingFunctorInput& input,
                               SelectShardingFunctorOutput& output) override;
  void select_tasks_to_map(Context context, const SelectMappingInput& input,
                           SelectMappingOutput& output) override;
  void memoize_operation(Context context, const Legion::Mappable& mappable, const MemoizeInput& input,
                         MemoizeOutput& output) override;
  void report_profiling(Context context, const Legion::Task& task, const TaskProfilingInfo& input) override;
  using Forwarding::report_profiling;
  using Forwarding::select_sharding_functor;

 private:
  // What a limit counts: tasks of one kind, on a processor, that one parent launched. Parents that run at the
  // same time may wait for one another, and each has to get on.
  using Limited = std::tuple<Legion::TaskID, Legion::Processor, Legion::UniqueID>;
  // Who asked for what reports of a task, until the last one came.
  struct Reports {
    bool task_for_wrapped = false;
    bool copies_for_wrapped = false;
    std::optional<Limited> limited;
    unsigned seen = 0;
  };

  void decide_variant(Context context, const Legion::Task& task, const TaskAnswers& answers,
                      machine::ProcessorKind kind, MapTaskOutput& output);
  void map_data(const Mapping& mapping, bool all, MapTaskOutput& output);
  std::optional<Limited> taken(const Legion::Task& task);  // out of counted_
  void follow(const Legion::Task& task, MapTaskOutput& output);
  void write_report(Context context, const Legion::Task& task, const TaskProfilingInfo& report);
  void write_mapping(const Mapping& mapping, const MapTaskOutput& output);
  void finished(Context context, const Limited& limited);

  Session& session_;
  std::mutex mutex_;
  std::unordered_map<Legion::UniqueID, Reports> reports_;
  std::map<Limited, std::int64_t> under_way_;
  std::unordered_map<Legion::UniqueID, Limited> counted_;  // selected and not mapped yet
  std::vector<Legion::Mapping::MapperEvent> waiting_;
};

}  // namespace mapwright::legion
