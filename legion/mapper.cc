#include "mapper.h"

#include <algorithm>
#include <array>
#include <string>

#include "observer.h"
#include "sharding.h"

namespace mapwright::legion {
namespace {

using Legion::Mapping::PhysicalInstance;
using Legion::Mapping::ProfilingMeasurements::OperationMemoryUsage;
using Legion::Mapping::ProfilingMeasurements::OperationProcessorUsage;
using Legion::Mapping::ProfilingMeasurements::OperationTimeline;

std::optional<machine::Processor> parent_place(const Session& session, const Legion::Task& task) {
  const Legion::Task* parent = parent_of(task);
  if (parent == nullptr) return std::nullopt;
  const auto place = session.hardware().place(parent->current_proc);
  if (!place) return std::nullopt;
  return place->at;
}

// The kind of processor that a task is to run on: the file's, else that of the processor it was sent to.
std::optional<machine::ProcessorKind> kind_for(const TaskAnswers& answers, Legion::Processor processor) {
  if (answers.kind) return answers.kind;
  return kind_of(processor.kind());
}

// Where the file puts one task; nothing where it leaves that to the application's mapper.
std::vector<Legion::Processor> targets(Session& session, const TaskAnswers& answers, const Legion::Task& task,
                                       machine::ProcessorKind kind) {
  if (task.is_index_space) {
    if (const auto target = session.index_target(answers, task.index_domain, kind))
      return target->at(session.hardware(), point_of(task.index_point));
    return {};
  }
  const auto parent = parent_place(session, task);
  if (const auto target = session.single_target(answers, parent, kind))
    return target->at(session.hardware(), lang::Point{});
  // Where a parent on another node runs is not known here: it was there that the processor was chosen.
  if (!parent && parent_of(task) != nullptr && session.maps_single(answers, kind)) return {task.target_proc};
  return {};
}

// Tasks of a must epoch launch are placed together, and local functions run where they are called.
bool stays_with_application(const Legion::Task& task) {
  return task.must_epoch_task || task.local_function;
}

// Points that begin together, or agree about an instance, wait for one another: to map them one after the
// other would be to wait for ever.
bool waits_for_others(const Legion::Task& task) {
  return task.concurrent_task || task.must_epoch_task ||
         std::ranges::any_of(task.regions, [](const auto& requirement) {
           return (requirement.prop & LEGION_COLLECTIVE_MASK) != 0;
         });
}

// A task below one of its own kind may be what that one waits for.
bool is_nested(const Legion::Task& task) {
  for (const Legion::Task* above = parent_of(task); above != nullptr;
       above = above->has_parent_task() ? above->get_parent_task() : nullptr)
    if (above->task_id == task.task_id) return true;
  return false;
}

bool is_limited(const TaskAnswers& answers, const Legion::Task& task) {
  return answers.limit > 0 && !waits_for_others(task) && !is_nested(task);
}

}  // namespace

void Mapper::select_task_options(Context context, const Legion::Task& task, TaskOptions& output) {
  mapper->select_task_options(context, task, output);
  session_.observer().launched(session_, runtime, context, task);
  const TaskAnswers& answers = session_.task(runtime, context, task);
  if (answers.replicated && task.get_depth() == 0) output.replicate = true;
  if (answers.limit > 0) output.check_collective_regions.clear();
  if (task.local_function) return;
  const auto kind = kind_for(answers, output.initial_proc);
  if (!kind) return;
  if (!task.is_index_space) {
    const std::vector<Legion::Processor> processors = targets(session_, answers, task, *kind);
    if (!processors.empty()) {
      output.initial_proc = processors.front();
      output.inline_task = false;
      output.stealable = false;
      return;
    }
  }
  if (answers.kind && output.initial_proc.kind() != realm_kind(*kind)) {
    // Of the kind that the file names, the first on the node where the task would have gone.
    const auto place = session_.hardware().place(output.initial_proc);
    output.initial_proc = session_.hardware().processor(*kind, {place ? place->at.node : 0, 0});
    output.inline_task = false;
  }
}

void Mapper::slice_task(Context context, const Legion::Task& task, const SliceTaskInput& input,
                        SliceTaskOutput& output) {
  session_.observer().mapped_alone(session_, runtime, context, task);
  const TaskAnswers& answers = session_.task(runtime, context, task);
  const auto kind = kind_for(answers, task.target_proc);
  if (stays_with_application(task)) {
    mapper->slice_task(context, task, input, output);
    return;
  }
  auto target = kind ? session_.index_target(answers, task.index_domain, *kind) : std::nullopt;
  if (!target) {
    mapper->slice_task(context, task, input, output);
    const bool obeyed = !answers.kind || std::ranges::all_of(output.slices, [&](const TaskSlice& s) {
      return s.proc.kind() == realm_kind(*answers.kind);
    });
    if (obeyed) return;
    target = session_.default_target(task.index_domain, *kind);
    output.slices.clear();
  }
  // Neighbours on one processor are one slice: fewer of them, and each is sent once. Points run first
  // coordinate fastest.
  std::size_t turn = 0;
  Legion::Processor last = Legion::Processor::NO_PROC;
  Legion::DomainPoint begin;
  Legion::DomainPoint end;
  lang::Point next{};  // behind the end
  const auto close = [&] {
    if (last.exists()) output.slices.emplace_back(Legion::Domain(begin, end), last, false, false);
  };
  for (Legion::Domain::DomainPointIterator it(input.domain); it; ++it) {
    const lang::Point point = point_of(*it);
    const std::vector<Legion::Processor> processors = target->at(session_.hardware(), point);
    const Legion::Processor processor = processors[turn++ % processors.size()];
    if (processor != last || point != next) {
      close();
      begin = *it;
      last = processor;
    }
    end = *it;
    next = point;
    ++next[0];
  }
  close();
}

void Mapper::decide_variant(Context context, const Legion::Task& task, const TaskAnswers& answers,
                            machine::ProcessorKind kind, MapTaskOutput& output) {
  const auto among = [&](const std::vector<Legion::VariantID>& variants) {
    return std::ranges::find(variants, output.chosen_variant) != variants.end();
  };
  const std::vector<Legion::VariantID>& known = answers.variants_for[kind];
  if (among(known)) return;
  if (output.chosen_variant == 0 && known.size() == 1) {
    output.chosen_variant = known.front();
    return;
  }
  // Programs may register others later.
  std::vector<Legion::VariantID> variants;
  runtime->find_valid_variants(context, task.task_id, variants, realm_kind(kind));
  if (variants.empty() || among(variants)) return;
  output.chosen_variant = variants.front();
  if (variants.size() == 1) return;
  // Several would do: the application knows them.
  SelectVariantInput input;
  input.processor = output.target_procs.front();
  input.chosen_instances = output.chosen_instances;
  SelectVariantOutput selected{};
  selected.chosen_variant = output.chosen_variant;
  mapper->select_task_variant(context, task, input, selected);
  if (std::ranges::find(variants, selected.chosen_variant) != variants.end())
    output.chosen_variant = selected.chosen_variant;
}

void Mapper::map_data(const Mapping& m, bool all, MapTaskOutput& output) {
  for (unsigned i = 0; i < m.task.regions.size(); ++i) {
    if (!needs_instance(m.task.regions[i])) continue;
    std::vector<PhysicalInstance>& instances = output.chosen_instances[i];
    const Spoken said = spoken(m, i);
    const bool read_only = m.task.regions[i].privilege == LEGION_READ_ONLY;
    if (said.collected && read_only) output.untracked_valid_regions.insert(i);
    const bool out_of_reach = std::ranges::any_of(instances, [&](const PhysicalInstance& instance) {
      return !instance.is_virtual_instance() &&
             !m.session.hardware().reaches(m.processor, instance.get_location());
    });
    if (!all) {
      if (!said.memory && !said.layout && !out_of_reach) continue;
      // What a task only hands on, the application leaves without an instance, and may count on that: a
      // statement for all tasks is not meant for it.
      const bool handed_on = !instances.empty() && instances.front().is_virtual_instance();
      if (handed_on && !said.memory_of_task) continue;
      runtime->release_instances(m.context, instances);
    }
    instances = make_instances(m, i, output.chosen_instances);
  }
}

void Mapper::map_task(Context context, const Legion::Task& task, const MapTaskInput& input,
                      MapTaskOutput& output) {
  session_.observer().mapped_alone(session_, runtime, context, task);
  const TaskAnswers& answers = session_.task(runtime, context, task);
  const auto kind = kind_for(answers, task.target_proc);
  const bool ours = kind && session_.mapper() != nullptr && !input.shard_processor.exists() &&
                    !stays_with_application(task);
  std::vector<Legion::Processor> processors;
  if (ours) {
    processors = targets(session_, answers, task, *kind);
    // Slices are dealt out in turns; any processor of the set may run the task.
    if (processors.empty() && answers.kind && task.target_proc.kind() == realm_kind(*kind))
      processors.assign(1, task.target_proc);
  }

  // Where the file says where all data of a leaf are, the application's mapper is not asked: what it makes
  // could be what does not fit.
  bool all = ours && !processors.empty() && task.output_regions.empty() && input.premapped_regions.empty();
  if (all) {
    output.target_procs = processors;
    decide_variant(context, task, answers, *kind, output);
    const Mapping m{
        session_, runtime, context, task, answers, processors.front(), *kind, output.chosen_variant};
    all = runtime->is_leaf_variant(context, task.task_id, m.variant);
    for (unsigned i = 0; i < task.regions.size() && all; ++i)
      all = !needs_instance(task.regions[i]) || spoken(m, i).memory;
    if (all) map_data(m, true, output);
  }
  if (!all) {
    output.target_procs.clear();
    output.chosen_variant = 0;
    mapper->map_task(context, task, input, output);
    if (ours) {
      if (!processors.empty()) {
        output.target_procs = processors;
        decide_variant(context, task, answers, *kind, output);
      }
      const Legion::Processor processor =
          output.target_procs.empty() ? task.target_proc : output.target_procs.front();
      const auto actual = kind_of(processor.kind());
      if (actual)
        map_data({session_, runtime, context, task, answers, processor, *actual, output.chosen_variant},
                 false, output);
    }
  }
  // Of a shard nothing is asked: Legion 25.06 ends it as if its report had come, and once more when it comes
  // (ShardTask::trigger_complete), which Realm takes for an error.
  if (!input.shard_processor.exists()) follow(task, output);
  if (session_.journal().open() && kind)
    write_mapping({session_, runtime, context, task, answers,
                   output.target_procs.empty() ? task.target_proc : output.target_procs.front(), *kind,
                   output.chosen_variant},
                  output);
}

std::optional<Mapper::Limited> Mapper::taken(const Legion::Task& task) {
  const std::scoped_lock lock(mutex_);
  const auto counted = counted_.extract(task.get_unique_id());
  return counted.empty() ? std::nullopt : std::optional(counted.mapped());
}

void Mapper::follow(const Legion::Task& task, MapTaskOutput& output) {
  const std::optional<Limited> limited = taken(task);
  const bool observed = session_.journal().open();
  if (!limited && !observed) return;
  Reports reports;
  reports.task_for_wrapped = !output.task_prof_requests.empty();
  reports.copies_for_wrapped = !output.copy_prof_requests.empty();
  reports.limited = limited;
  output.task_prof_requests.add_measurement<OperationTimeline>().add_measurement<OperationProcessorUsage>();
  // Between nodes Legion 25.06 reads a task of another node through that one's pointer
  // (RemoteOp::add_copy_profiling_request), and crashes.
  if (observed && session_.hardware().grid().nodes == 1)
    output.copy_prof_requests.add_measurement<OperationTimeline>().add_measurement<OperationMemoryUsage>();
  const std::scoped_lock lock(mutex_);
  reports_[task.get_unique_id()] = reports;
}

void Mapper::select_tasks_to_map(Context context, const SelectMappingInput& input,
                                 SelectMappingOutput& output) {
  mapper->select_tasks_to_map(context, input, output);
  // In the order in which they became ready: a set has that of addresses.
  std::vector<std::pair<const Legion::Task*, std::int64_t>> limited;
  for (const Legion::Task* task : input.ready_tasks) {
    if (!output.map_tasks.contains(task)) continue;
    const TaskAnswers& answers = session_.task(runtime, context, *task);
    if (is_limited(answers, *task)) limited.emplace_back(task, answers.limit);
  }
  if (limited.empty()) return;
  const Legion::Mapping::MapperEvent event = runtime->create_mapper_event(context);
  bool waits = false;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [task, limit] : limited) {
      const Legion::Task* parent = parent_of(*task);
      const Limited key{task->task_id, task->current_proc, parent != nullptr ? parent->get_unique_id() : 0};
      std::int64_t& count = under_way_[key];
      if (count < limit) {
        ++count;
        counted_[task->get_unique_id()] = key;
      } else {
        output.map_tasks.erase(task);
      }
    }
    waits = output.map_tasks.empty() && output.relocate_tasks.empty() && !output.deferral_event.exists();
    if (waits) waiting_.push_back(event);
  }
  if (waits)
    output.deferral_event = event;
  else
    runtime->trigger_mapper_event(context, event);
}

void Mapper::finished(Context context, const Limited& limited) {
  std::vector<Legion::Mapping::MapperEvent> awake;
  {
    const std::scoped_lock lock(mutex_);
    const auto count = under_way_.find(limited);
    if (--count->second == 0) under_way_.erase(count);
    awake.swap(waiting_);
  }
  for (const Legion::Mapping::MapperEvent& event : awake) runtime->trigger_mapper_event(context, event);
}

void Mapper::memoize_operation(Context context, const Legion::Mappable& mappable, const MemoizeInput& input,
                               MemoizeOutput& output) {
  mapper->memoize_operation(context, mappable, input, output);
  // A replayed trace asks no mapper: nothing could be limited or observed.
  const Legion::Task* task = mappable.as_task();
  if (session_.journal().open() || (task != nullptr && session_.task(runtime, context, *task).limit > 0))
    output.memoize = false;
}

void Mapper::replicate_task(Context context, const Legion::Task& task, const ReplicateTaskInput& input,
                            ReplicateTaskOutput& output) {
  const TaskAnswers& answers = session_.task(runtime, context, task);
  const auto kind = kind_for(answers, task.target_proc);
  if (!answers.replicated || !kind) {
    mapper->replicate_task(context, task, input, output);
    // Nobody reports that its shards are over: it gives its place among those that a limit lets run back.
    if (output.target_processors.size() < 2) return;
    if (const auto limited = taken(task)) finished(context, *limited);
    return;
  }
  // On one node there is nothing to replicate over; the task then runs once.
  if (session_.hardware().grid().nodes == 1) return;
  std::vector<Legion::VariantID> variants;
  runtime->find_valid_variants(context, task.task_id, variants, realm_kind(*kind));
  const auto replicable = std::ranges::find_if(variants, [&](Legion::VariantID v) {
    return runtime->is_replicable_variant(context, task.task_id, v);
  });
  if (replicable == variants.end()) return;
  output.chosen_variant = *replicable;
  for (std::int64_t node = 0; node < session_.hardware().grid().nodes; ++node)
    output.target_processors.push_back(session_.hardware().processor(*kind, {node, 0}));
}

void Mapper::select_sharding_functor(Context context, const Legion::Task& task,
                                     const SelectShardingFunctorInput& input,
                                     SelectShardingFunctorOutput& output) {
  const TaskAnswers& answers = session_.task(runtime, context, task);
  // The runtime asks this before select_task_options: the task has no processor yet.
  const auto kind = answers.kind ? answers.kind : answers.likely_kind;
  const auto functor =
      task.is_index_space && kind ? functor_for(session_, answers.name, *kind) : std::nullopt;
  if (!functor) {
    mapper->select_sharding_functor(context, task, input, output);
    return;
  }
  output.chosen_functor = *functor;
  output.slice_recurse = true;
}

void Mapper::report_profiling(Context context, const Legion::Task& task, const TaskProfilingInfo& input) {
  bool pass_on = false;
  std::optional<Limited> limited;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = reports_.find(task.get_unique_id());
    if (found == reports_.end()) {
      pass_on = true;
    } else {
      Reports& reports = found->second;
      pass_on = input.task_response ? reports.task_for_wrapped : reports.copies_for_wrapped;
      if (input.task_response) limited = reports.limited;
      if (++reports.seen >= input.total_reports) reports_.erase(found);
    }
  }
  if (session_.journal().open()) write_report(context, task, input);
  // Behind its line: what waits for it is mapped after it, in the journal too.
  if (limited) finished(context, *limited);
  if (pass_on) mapper->report_profiling(context, task, input);
}

void Mapper::write_report(Context context, const Legion::Task& task, const TaskProfilingInfo& report) {
  const Legion::Mapping::ProfilingResponse& response = report.profiling_responses;
  const auto measured = [&response]<class Measurement>(Measurement* into) {
    return response.has_measurement<Measurement>() && response.get_measurement(*into);
  };
  Line line;
  line.text("event", report.task_response ? "ran" : report.fill_response ? "fill" : "copy");
  line.text("task", session_.task(runtime, context, task).name);
  line.number("call", static_cast<long long>(task.get_unique_id()));
  if (report.task_response) {
    if (task.is_index_space) line.raw("point", point_text(task.index_point));
    OperationProcessorUsage usage;
    if (!measured(&usage)) return;  // its predicate was false: it did not run
    line.text("processor", session_.hardware().name(usage.proc));
  } else {
    OperationMemoryUsage usage;
    if (!measured(&usage)) return;  // the report that nothing had to be copied
    line.number("requirement", report.region_requirement_index);
    if (usage.source.exists()) line.text("from", session_.hardware().name(usage.source));
    if (usage.target.exists()) line.text("to", session_.hardware().name(usage.target));
    line.number("bytes", static_cast<long long>(usage.size));
  }
  OperationTimeline times;
  if (measured(&times)) line.number("begin_ns", times.start_time).number("end_ns", times.end_time);
  session_.journal().write(line);
}

void Mapper::write_mapping(const Mapping& m, const MapTaskOutput& output) {
  Line line;
  line.text("event", "mapped").text("task", m.answers.name);
  line.number("call", static_cast<long long>(m.task.get_unique_id()));
  if (m.task.is_index_space) line.raw("point", point_text(m.task.index_point));
  add_launch(m.task, &line);
  std::vector<std::string> processors;
  processors.reserve(output.target_procs.size());
  for (const Legion::Processor processor : output.target_procs)
    processors.push_back(quoted(session_.hardware().name(processor)));
  line.raw("processors", json_list(processors));
  std::vector<std::string> requirements;
  for (unsigned i = 0; i < m.task.regions.size(); ++i) {
    const Legion::RegionRequirement& requirement = m.task.regions[i];
    Line one;
    one.number("index", i);
    if (requirement.region.exists()) {
      one.raw("names", text_list(session_.names().of(runtime, m.context, requirement.region)));
      session_.observer().add_piece(session_, runtime, m.context, requirement, &one);
    }
    std::vector<std::string> instances;
    for (const PhysicalInstance& instance : output.chosen_instances[i]) {
      Line made;
      if (instance.is_virtual_instance()) {
        made.text("memory", "VIRTUAL");
      } else {
        made.text("memory", session_.hardware().name(instance.get_location()))
            .text("layout", layout_of(m, instance));
        made.number("bytes", static_cast<long long>(instance.get_instance_size()));
      }
      instances.push_back(made.object());
    }
    one.raw("instances", json_list(instances));
    if (output.untracked_valid_regions.contains(i)) one.boolean("collected", true);
    requirements.push_back(one.object());
  }
  line.raw("requirements", json_list(requirements));
  session_.journal().write(line);
}

}  // namespace mapwright::legion
