// A mapper that asks another one everything. Legion brings one, which applications that have Legion linked
// statically do not contain: nothing in them uses it.
#pragma once

#include <legion.h>

#include <memory>

namespace mapwright::legion {

class Forwarding : public Legion::Mapping::Mapper {
 public:
  using Context = Legion::Mapping::MapperContext;

  explicit Forwarding(std::unique_ptr<Legion::Mapping::Mapper> wrapped)
      : Mapper(wrapped->runtime), mapper(std::move(wrapped)) {}

  const char* get_mapper_name() const override { return mapper->get_mapper_name(); }
  MapperSyncModel get_mapper_sync_model() const override { return mapper->get_mapper_sync_model(); }
  bool request_valid_instances() const override { return mapper->request_valid_instances(); }
  void select_task_options(Context context, const Legion::Task& task, TaskOptions& output) override {
    mapper->select_task_options(context, task, output);
  }
  void configure_context(Context context, const Legion::Task& task, ContextConfigOutput& output) override {
    mapper->configure_context(context, task, output);
  }
  void handle_message(Context context, const MapperMessage& message) override {
    mapper->handle_message(context, message);
  }
  void handle_task_result(Context context, const MapperTaskResult& result) override {
    mapper->handle_task_result(context, result);
  }
  void handle_instance_collection(Context context,
                                  const Legion::Mapping::PhysicalInstance& instance) override {
    mapper->handle_instance_collection(context, instance);
  }

#define MW_CALL(name, What, Input, Output)                                                            \
  void name(Context context, const Legion::What& what, const Input& input, Output& output) override { \
    mapper->name(context, what, input, output);                                                       \
  }
#define MW_CALL_ALL(name, Input, Output)                                    \
  void name(Context context, const Input& input, Output& output) override { \
    mapper->name(context, input, output);                                   \
  }
#define MW_REPORT(What, Info)                                                                   \
  void report_profiling(Context context, const Legion::What& what, const Info& info) override { \
    mapper->report_profiling(context, what, info);                                              \
  }
#include "forwarding.def"
#undef MW_CALL
#undef MW_CALL_ALL
#undef MW_REPORT

 protected:
  const std::unique_ptr<Legion::Mapping::Mapper> mapper;
};

}  // namespace mapwright::legion
