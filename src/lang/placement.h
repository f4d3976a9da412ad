// Where a mapper puts the points of a launch: computed once per function, launch domain and machine.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lang/domain.h"
#include "lang/evaluator.h"

namespace mapwright::lang {

//! A processor in 8 bytes: its node and its index there.
struct Slot {
  std::uint32_t node = 0;
  std::uint32_t processor = 0;

  friend auto operator<=>(const Slot&, const Slot&) = default;
};

//! The processors of all points of a launch domain, of one kind.
class Placement {
 public:
  Placement() = default;
  //! One processor for each point, in the order of Domain::next.
  Placement(const Domain& domain, machine::ProcessorKind kind, std::vector<Slot> slots)
      : domain_(domain), kind_(kind), slots_(std::move(slots)) {}

  const Domain& domain() const { return domain_; }
  machine::ProcessorKind kind() const { return kind_; }
  //! One processor, or several of one node that a runtime may choose from. `point` is inside the domain.
  std::span<const Slot> at(const Point& point) const { return at(domain_.position(point)); }
  //! By position in the order of Domain::next.
  std::span<const Slot> at(std::int64_t position) const {
    const auto i = static_cast<std::size_t>(position);
    if (begins_.empty()) return {&slots_[i], 1};
    return {slots_.data() + begins_[i], begins_[i + 1] - begins_[i]};
  }

 private:
  friend class Placer;

  Domain domain_;
  machine::ProcessorKind kind_ = machine::ProcessorKind::gpu;
  std::vector<Slot> slots_;
  std::vector<std::size_t> begins_;  // empty where every point has one processor
};

using PlacementPtr = std::shared_ptr<const Placement>;

//! A mapper on a machine. Safe for several threads: each table is computed by one of them.
class Placer {
 public:
  //! Bounds of one table: a launch over 2^24 points, or one that takes more steps, is refused with a
  //! diagnostic.
  static constexpr std::int64_t kMaxPoints = std::int64_t{1} << 24;
  static constexpr std::int64_t kMaxSteps = 400'000'000;
  //! Processors in one table, where points have several to choose from.
  static constexpr std::size_t kMaxSlots = std::size_t{1} << 25;

  static base::Result<std::shared_ptr<Placer>> create(MapperPtr mapper, const machine::Grid& grid);

  //! The table of an index launch of `task`, which is named only in diagnostics. `kind` is the kind of
  //! processor that the task runs on; none accepts any. Fails at the first point, in the order of
  //! Domain::next, that fails.
  base::Result<PlacementPtr> place(const MapChoice& map, std::string_view task, const Domain& domain,
                                   std::optional<machine::ProcessorKind> kind);

  //! A single task, whose parent runs on `parent` if that is known.
  base::Result<PlacementPtr> place_single(const MapChoice& map, std::string_view task,
                                          std::optional<machine::Processor> parent,
                                          std::optional<machine::ProcessorKind> kind);

  const machine::Grid& grid() const { return evaluator_.grid(); }
  const MapperPtr& mapper() const { return evaluator_.mapper(); }
  //! What print statements wrote so far.
  std::vector<std::string> log() const;

 private:
  Placer(MapperPtr mapper, const machine::Grid& grid) : evaluator_(std::move(mapper), grid) {}

  struct Key {
    FunctionId function;
    std::uint32_t machine;
    Domain domain;
    std::optional<machine::Processor> parent;
    bool single;

    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const { return DomainHash{}(k.domain) * 31 + k.function; }
  };

  base::Result<PlacementPtr> find(const Key& key, const MapChoice& map, std::string_view task,
                                  std::optional<machine::ProcessorKind> kind);
  base::Result<PlacementPtr> compute(const Key& key, const MapChoice& map, std::string_view task);
  void explain(base::Diagnostic* d, const Key& key, const Point& point, std::string_view task) const;

  mutable std::mutex mutex_;
  Evaluator evaluator_;
  std::unordered_map<Key, PlacementPtr, KeyHash> tables_;
};

}  // namespace mapwright::lang
