// A task-graph program with sequential semantics, in Legion's vocabulary, as plain data: what is launched, on
// which pieces of which data, with which privileges, and what the kernels cost. Nothing here knows a machine
// or a mapper.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lang/domain.h"
#include "lang/facts.h"
#include "machine/machine.h"

namespace mapwright::program {

using RegionId = std::uint32_t;     //!< index into Program::regions
using PartitionId = std::uint32_t;  //!< index into Program::partitions
using TaskId = std::uint32_t;       //!< index into Program::tasks
using LaunchId = std::uint32_t;     //!< index into Program::launches
using FieldSet = std::uint64_t;     //!< bit i: field i of the region

//! A box of elements of a region; the same shape as a launch domain.
using Box = lang::Domain;

struct Field {
  std::string name;
  std::int64_t bytes = 0;  //!< of one element, at least 1

  friend bool operator==(const Field&, const Field&) = default;
};

struct Region {
  std::string name;
  Box elements;               //!< rank 1 to 3
  std::vector<Field> fields;  //!< 1 to 64

  FieldSet all_fields() const;
  //! The bytes of one element of these fields.
  std::int64_t bytes(FieldSet set) const;

  friend bool operator==(const Region&, const Region&) = default;
};

//! Named pieces of a region. The whole region is a partition of one piece that bears the region's name.
struct Partition {
  std::string name;  //!< what mappers call it
  RegionId region = 0;
  bool disjoint = true;  //!< no element is in two pieces; checked
  //! Piece i is boxes[begins[i]] .. boxes[begins[i + 1] - 1], disjoint boxes; it may be empty.
  std::vector<Box> boxes;
  std::vector<std::uint32_t> begins{0};

  std::size_t pieces() const { return begins.size() - 1; }
  void add(const Box& box);  //!< one more piece, of one box (of none, where that is empty)
  void add(const std::vector<Box>& several);

  friend bool operator==(const Partition&, const Partition&) = default;
};

enum class Privilege : std::uint8_t {
  none,  //!< the index space only: no instance
  read,
  write,  //!< all elements are overwritten: what was there is not needed
  read_write,
  reduce,  //!< sums into an instance of its own, which is folded before the next read
};

//! A number for every point of a launch: none = 0, one for all, or one for each in the order of Domain::next.
struct PerPoint {
  std::vector<double> values;

  double at(std::int64_t position) const {
    return values.empty() ? 0 : values.size() == 1 ? values[0] : values[static_cast<std::size_t>(position)];
  }

  friend bool operator==(const PerPoint&, const PerPoint&) = default;
};

//! What one launch does with one partition.
struct Requirement {
  PartitionId partition = 0;
  //! The piece of each point: empty = point i has piece i; one = all points have that piece; else one for
  //! each.
  std::vector<std::uint32_t> pieces;
  Privilege privilege = Privilege::read;
  FieldSet fields = 0;
  //! Bytes that a kernel streams for each element of its piece; where not stated, the bytes of the fields,
  //! twice for read_write and reduce.
  std::optional<double> streamed;
  PerPoint gathers;  //!< scattered accesses of a point, each of which needs a memory transaction of its own
  PerPoint atomics;  //!< atomic updates of a point that contend with others

  std::uint32_t piece(std::int64_t position) const {
    return pieces.empty() ? static_cast<std::uint32_t>(position)
                          : pieces[pieces.size() == 1 ? 0 : static_cast<std::size_t>(position)];
  }

  //! Bytes that a kernel streams for each element of some of its fields.
  double bytes_per_element(const Region& region, FieldSet part) const;

  friend bool operator==(const Requirement&, const Requirement&) = default;
};

enum class Precision : std::uint8_t { single_precision, double_precision };
using Order = lang::Layout::Order;  //!< c_order, f_order: the last / the first dimension is contiguous

//! One implementation of a task. What it costs is a property of the kernel; rates are the machine's.
struct Variant {
  machine::ProcessorKind kind = machine::ProcessorKind::cpu;
  Precision precision = Precision::double_precision;
  //! Share of the processor's peak that its arithmetic reaches; not stated: the processor's sustained rate.
  std::optional<double> peak_share;
  double streaming_share = 1;  //!< share of a memory's bandwidth that it reaches
  std::optional<Order> order;  //!< of the dimensions that it walks along; not stated: any
  //! What it prints and aborts with on an instance in another order, or with fields interleaved (AOS); empty:
  //! it runs, and pays for the memory transactions that are then only partly used.
  std::string layout_failure;

  //! Flop/s that its arithmetic reaches on such processors.
  double rate(const machine::Processors& processors) const;

  friend bool operator==(const Variant&, const Variant&) = default;
};

struct Task {
  std::string name;
  std::vector<Variant> variants;  //!< at most one for each processor kind
  //! Only launches other tasks: its regions are not mapped, and it takes no time of its own.
  bool inner = false;

  const Variant* variant(machine::ProcessorKind kind) const;

  friend bool operator==(const Task&, const Task&) = default;
};

//! Where a launch stands in the tree of tasks: below one point of an earlier inner launch.
struct Parent {
  LaunchId launch = 0;
  std::int64_t position = 0;  //!< of the point, in the order of Domain::next

  friend bool operator==(const Parent&, const Parent&) = default;
};

struct Launch {
  TaskId task = 0;
  lang::Domain domain;  //!< of an index launch; one point where `single`
  bool single = false;
  std::vector<Requirement> requirements;
  PerPoint flops;  //!< of each point
  //! Launches whose futures this one needs; one that stands at or behind this one means that of the iteration
  //! before.
  std::vector<LaunchId> futures;
  std::optional<Parent> parent;  //!< none: the top-level task

  std::int64_t points() const;

  friend bool operator==(const Launch&, const Launch&) = default;
};

//! What the program reports, from the seconds of one timed iteration.
struct Metric {
  std::string name = "time";
  std::string unit = "s";
  bool larger_is_better = false;
  //! larger_is_better: value = scale / seconds, else scale x seconds.
  double scale = 1;

  double value(double seconds_per_iteration) const {
    return larger_is_better ? scale / seconds_per_iteration : scale * seconds_per_iteration;
  }
  //! "42095 GFLOP/s", "8.5" where there is no unit; with so many significant digits.
  std::string text(double figure, int digits = 6) const;

  friend bool operator==(const Metric&, const Metric&) = default;
};

struct Program {
  std::string name;
  std::string description;
  std::int64_t ranks_per_node = 1;
  std::vector<Region> regions;
  std::vector<Partition> partitions;
  std::vector<Task> tasks;
  //! In program order: set-up, then the loop's body, then what comes after the loop.
  std::vector<Launch> launches;
  LaunchId loop_begin = 0;
  LaunchId loop_end = 0;
  std::int64_t warmup = 0;      //!< iterations before the timed ones
  std::int64_t iterations = 1;  //!< timed iterations, at least 1
  bool traced = false;          //!< the runtime replays its analysis from the second iteration on
  bool waits = false;  //!< the top-level task waits for each iteration to end before it launches the next
  Metric metric;
  std::map<std::string, std::int64_t, std::less<>> parameters;  //!< what it was made from, for reports
  std::vector<std::string> notes;  //!< what the user should know, such as a size that had to shrink

  friend bool operator==(const Program&, const Program&) = default;
};

//! Where parts of a program stand in the text that it was read from, by path:
//! "launches[2].requirements[0].pieces".
struct Text {
  base::SourcePtr source;
  std::function<base::Span(std::string_view path)>
      place;  //!< of the nearest thing around what is not in the text
};

//! Every rule above that the types do not enforce: ids and pieces in range, boxes inside their regions and
//! disjoint where they must be, launches in program order (a child behind its parent and before the next
//! launch outside of the parent, children of a parent by its points), parents that are inner, futures that
//! come, requirements of one launch that do not conflict, sizes within the limits. Problems name the
//! program's own names; they stand in `text`, if there is one. Launches and points are counted from 0. What
//! builds on a problem is not looked at.
base::Diagnostics validate(const Program& program, const Text* text = nullptr);

//! What mappers are checked against, of a valid program. A requirement is called by its partition's name and
//! its region's; one of a task that is launched with several partitions by all their names.
lang::ProgramFacts facts_of(const Program& program);

//! Limits: a program is data from outside.
inline constexpr std::int64_t kMaxPoints = std::int64_t{1} << 24;    //!< points of all launches together
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 50;  //!< elements of a region
inline constexpr std::int64_t kMaxCoordinate = std::int64_t{1}
                                               << 51;  //!< of an element or a point, either sign
inline constexpr std::int64_t kMaxFieldBytes = std::int64_t{1} << 30;  //!< of an element of a field
inline constexpr std::int64_t kMaxBytes = std::int64_t{1} << 60;   //!< of all elements and fields of a region
inline constexpr std::int64_t kMaxRanks = std::int64_t{1} << 20;   //!< ranks of a node
inline constexpr std::int64_t kMaxIterations = 1'000'000'000;      //!< warm-up and timed, each
inline constexpr std::size_t kMaxBoxes = std::size_t{1} << 21;     //!< of all partitions together
inline constexpr std::size_t kMaxLaunches = std::size_t{1} << 20;  //!< launches of a program
inline constexpr std::size_t kMaxFields = 64;                      //!< fields of a region
inline constexpr std::size_t kMaxRequirements = 1024;              //!< requirements, and futures, of a launch
inline constexpr std::size_t kLongestName = 256;                   //!< bytes of a name

}  // namespace mapwright::program
