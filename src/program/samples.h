// Small programs for the tests of this folder.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "program/program.h"

namespace mapwright::program::samples {

inline Box box(std::initializer_list<std::pair<std::int64_t, std::int64_t>> bounds) {
  Box b;
  b.rank = static_cast<int>(bounds.size());
  std::size_t d = 0;
  for (const auto& [lo, hi] : bounds) {
    b.lo[d] = lo;
    b.hi[d++] = hi;
  }
  return b;
}
inline Box line(std::int64_t lo, std::int64_t hi) {
  return box({{lo, hi}});
}

//! Fields of 8 bytes each.
inline Region region(std::string name, const Box& elements, const std::vector<std::string>& fields) {
  Region r{std::move(name), elements, {}};
  for (const std::string& f : fields) r.fields.push_back({f, 8});
  return r;
}

inline Partition partition(std::string name, RegionId region, bool disjoint, const std::vector<Box>& pieces) {
  Partition p{std::move(name), region, disjoint, {}, {0}};
  for (const Box& b : pieces) p.add(b);
  return p;
}

inline Task task(std::string name, bool inner = false) {
  Task t;
  t.name = std::move(name);
  t.variants.push_back({});
  t.inner = inner;
  return t;
}

inline Requirement requirement(PartitionId partition, Privilege privilege, FieldSet fields = 1,
                               std::vector<std::uint32_t> pieces = {}) {
  Requirement r;
  r.partition = partition;
  r.privilege = privilege;
  r.fields = fields;
  r.pieces = std::move(pieces);
  return r;
}

inline Launch launch(TaskId task, const std::vector<std::int64_t>& extents,
                     std::vector<Requirement> requirements) {
  Launch l;
  l.task = task;
  l.domain = lang::make_domain(extents);
  l.requirements = std::move(requirements);
  return l;
}
inline Launch single(TaskId task, std::vector<Requirement> requirements) {
  Launch l = launch(task, {1}, std::move(requirements));
  l.single = true;
  return l;
}
inline Launch below(Launch l, LaunchId launch, std::int64_t position) {
  l.parent = Parent{launch, position};
  return l;
}

//! Three pieces of a wire: 10 own nodes each, in 30 nodes of `shared`, whose ghosts reach two nodes into
//! their neighbours. Fields v (0) and q (1). Each loop reads v in shared and ghost, sums into q there, and
//! updates both.
inline Program circuit() {
  Program p;
  p.name = "circuit";
  p.regions.push_back(region("nodes", line(0, 29), {"v", "q"}));
  p.partitions.push_back(partition("shared", 0, true, {line(0, 9), line(10, 19), line(20, 29)}));
  p.partitions.push_back(partition("ghost", 0, false, {line(0, 11), line(8, 21), line(18, 29)}));
  p.tasks = {task("currents"), task("charge"), task("voltages")};
  p.launches.push_back(launch(0, {3}, {requirement(1, Privilege::read, 1)}));
  p.launches.push_back(
      launch(1, {3}, {requirement(0, Privilege::reduce, 2), requirement(1, Privilege::reduce, 2)}));
  p.launches.push_back(launch(2, {3}, {requirement(0, Privilege::read_write, 3)}));
  p.loop_end = 3;
  return p;
}

}  // namespace mapwright::program::samples
