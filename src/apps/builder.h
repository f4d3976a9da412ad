// Programs, written down launch by launch.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program/program.h"

namespace mapwright::apps {

//! How a field of the source is stored: an array each for the parts of a structure.
enum class Shape : std::uint8_t {
  plain,    //!< one field
  vector,   //!< name.x and name.y
  pointer,  //!< into one of several regions: name, and name.region of 1 byte
  array,    //!< name._0, name._1, ...
};
struct FieldSpec {
  std::string_view name;
  std::int64_t bytes = 8;  //!< of a part
  Shape shape = Shape::plain;
  int length = 1;  //!< of an array
};

//! The elements begin <= i < end.
program::Box interval(std::int64_t begin, std::int64_t end);
//! The elements x.begin <= x < x.end, y.begin <= y < y.end.
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t size() const { return end > begin ? end - begin : 0; }
};
program::Box rectangle(Range x, Range y);

//! A launch domain 0 .. extent-1 in each dimension.
lang::Domain domain(std::initializer_list<std::int64_t> extents);

//! One requirement, and what is special about it.
class Use {
 public:
  explicit Use(program::Requirement requirement) : requirement_(std::move(requirement)) {}

  //! The piece of all points, or of each.
  Use at(std::vector<std::uint32_t> pieces) const;
  Use at(std::int64_t piece) const { return at(std::vector{static_cast<std::uint32_t>(piece)}); }
  //! Bytes that kernels stream for each element, where the fields do not tell.
  Use streams(double bytes) const;
  Use gathers(program::PerPoint accesses) const;
  Use atomics(program::PerPoint updates) const;

  const program::Requirement& requirement() const { return requirement_; }

 private:
  program::Requirement requirement_;
};

class Builder {
 public:
  Builder(std::string_view name, std::string_view description);

  program::RegionId region(std::string_view name, const program::Box& elements,
                           std::span<const FieldSpec> fields);
  //! The partition of one piece that is the whole region.
  program::PartitionId whole(program::RegionId region);
  program::PartitionId partition(std::string_view name, program::RegionId region, bool disjoint = true);
  void piece(program::PartitionId partition, const program::Box& box) {
    program_.partitions[partition].add(box);
  }
  program::TaskId task(std::string_view name, std::vector<program::Variant> variants, bool inner = false);

  //! `fields`: names of FieldSpecs or of single parts ("current._0"), separated by blanks.
  Use reads(program::PartitionId partition, std::string_view fields) const;
  Use writes(program::PartitionId partition, std::string_view fields) const;
  Use updates(program::PartitionId partition, std::string_view fields) const;
  Use reduces(program::PartitionId partition, std::string_view fields) const;
  Use use(program::PartitionId partition, program::Privilege privilege, std::string_view fields) const;
  //! Its index space only.
  Use names(program::PartitionId partition) const;
  program::FieldSet fields(program::RegionId region, std::string_view names) const;

  program::LaunchId index(program::TaskId task, const lang::Domain& domain, const std::vector<Use>& uses,
                          program::PerPoint flops = {});
  program::LaunchId single(program::TaskId task, const std::vector<Use>& uses, program::PerPoint flops = {});
  //! The last launch needs the future of another.
  void after(program::LaunchId other) { program_.launches.back().futures.push_back(other); }
  //! The last launch stands below a point of another.
  void below(program::LaunchId other, std::int64_t position) {
    program_.launches.back().parent = {{other, position}};
  }

  void begin_loop() { program_.loop_begin = static_cast<program::LaunchId>(program_.launches.size()); }
  void end_loop() { program_.loop_end = static_cast<program::LaunchId>(program_.launches.size()); }

  program::Program& program() { return program_; }

 private:
  program::LaunchId launch(program::TaskId task, const lang::Domain& domain, bool single,
                           const std::vector<Use>& uses, program::PerPoint flops);

  program::Program program_;
};

//! One number for all points.
inline program::PerPoint each(double value) {
  return {{value}};
}

//! Variants that reach the processor's sustained rate, in this precision.
std::vector<program::Variant> on(std::initializer_list<machine::ProcessorKind> kinds,
                                 program::Precision precision = program::Precision::double_precision);

}  // namespace mapwright::apps
