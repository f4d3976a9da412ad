// Walks a program in its sequential order and emits the ops of a plan.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "plan/choices.h"
#include "plan/coherence.h"
#include "plan/room.h"

namespace mapwright::plan {

class Builder {
 public:
  Builder(const Planner& planner, std::shared_ptr<const program::Program> program, lang::Placer& placer);

  //! The plan, or why there is none. Once.
  std::variant<Plan, Failure> run();

 private:
  // What one requirement of the task at hand needs of one instance.
  struct Access {
    const program::Requirement* requirement = nullptr;
    const RequirementChoice* choice = nullptr;
    program::RegionId region = 0;
    std::uint32_t piece = 0;
    Use use;
  };
  // Bytes on their way from one instance to another, gathered from several cells.
  struct Transfer {
    OpKind kind;
    InstanceId source;
    InstanceId destination;
    std::int64_t bytes = 0;
    std::vector<CellId> cells;
    std::vector<CellIn> places;     // the same
    std::vector<OpId> contributed;  // by a fold: who filled the source
  };

  bool launches(program::LaunchId begin, program::LaunchId end);
  bool body();
  bool launch(program::LaunchId id, std::optional<OpId> parent, std::uint32_t launch_index);
  bool point(program::LaunchId id, std::uint32_t position, std::optional<OpId> parent,
             std::uint32_t launch_index);
  bool below(program::LaunchId id, std::uint32_t position, OpId begin);
  void leaf(program::LaunchId id, std::uint32_t position, Op op);
  std::vector<OpId>* limited(program::LaunchId id, std::uint32_t position, std::optional<OpId> parent);
  bool choose_launch(program::LaunchId id, std::optional<OpId> parent);
  void fence();
  bool repeats() const;
  void repeat(std::int64_t times);

  // mapping (builder_mapping.cc)
  bool map_point(program::LaunchId id, std::uint32_t position);
  bool map_requirement(program::LaunchId id, std::uint32_t position, std::size_t r, ProcessorId processor);
  bool takes_layout(program::LaunchId id, std::size_t r, std::size_t k);
  std::int64_t use_memory(const Access& a, MemoryId memory, const policy::Layout& layout);
  bool fail_for_room(program::LaunchId id, std::size_t r, MemoryId memory, std::int64_t wanted);
  bool fail_for_memory(program::LaunchId id, std::size_t r);
  std::span<const Use> all_uses(const Mapping& m) const;
  bool hold(const Mapping& m);
  void free_collected(const Mapping& m);
  std::optional<InstanceId> existing(const Access& a, MemoryId memory, const policy::Layout& layout,
                                     std::uint32_t group);
  InstanceId make_instance(Instance instance);
  bool take_room(InstanceId id, std::span<const Use> in_use);
  bool fail(Failure failure);
  bool fail_at(const base::DiagnosticKind& kind, std::string code, std::string text,
               std::optional<base::Span> where, std::string message, std::string note);

  // data (builder_data.cc)
  template <class Visit>
  void for_each_cell(const Access& a, Visit&& visit);
  void add(Transfer* t, CellId cell, const CellIn& place, std::int64_t bytes);
  void make_current(const Access& a);
  void fold_into_owner(const Access& a, OpId task);
  const Holder* owner_of(const Cell& cell) const;
  void emit(const Transfer& t);
  void settle(InstanceId reduction, OpId fold);
  void wait_for_data(const Access& a);
  void record(const Access& a, OpId task);
  void find_homes();
  Transfer& transfer(OpKind kind, InstanceId source, InstanceId destination);

  OpId push(Op op);
  void wait(OpId op, bool mapping = false) {
    if (op != kNone) waits_.push_back({op, mapping});
  }

  const program::Program& program_;
  const program::Atoms& atoms_;
  const Site& site_;
  lang::Placer& placer_;
  Plan plan_;
  Coherence coherence_;
  Room room_;
  std::optional<Failure> failure_;

  std::vector<std::vector<program::LaunchId>> children_;  // of each launch; by parent position below
  std::vector<std::optional<LaunchChoice>> choices_;      // of each launch
  std::vector<std::uint32_t> first_point_;                // of each launch among all points
  std::vector<MappingId> mapping_of_;                     // of each point
  std::vector<OpId> end_of_;  // of each launch: its future op, where one is needed
  std::vector<bool> gives_future_;
  std::map<std::tuple<program::TaskId, ProcessorId, ProcessorId>, std::vector<OpId>>
      in_flight_;  // where limited
  // By instance:
  std::vector<bool> known_;                 // to coherence
  std::vector<std::vector<OpId>> users_;    // of a reduction instance: what filled it, then what folded it
  std::vector<std::uint32_t> outstanding_;  // of a reduction instance: cells that are not folded yet

  // The task at hand.
  std::vector<Wait> waits_;
  std::vector<Wait> mapping_waits_;  // for room
  std::ptrdiff_t first_use_ = 0;     // of the point that is being mapped
  std::vector<Access> accesses_;
  std::vector<Transfer> transfers_;
};

}  // namespace mapwright::plan
