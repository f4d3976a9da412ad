// What the tests of the applications share.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "apps/apps.h"
#include "machine/catalog.h"

namespace mapwright::apps::testing {

using Set = std::map<std::string, std::int64_t, std::less<>>;

//! A machine that is shipped.
inline machine::Machine machine_named(std::string_view name) {
  auto machine = machine::load_machine(std::filesystem::path(MAPWRIGHT_ROOT) / "machines", name);
  EXPECT_TRUE(machine.ok()) << name;
  return *std::move(machine);
}

inline std::string text_of(const base::Diagnostics& problems) {
  std::string text;
  for (const base::Diagnostic& d : problems.items()) text += base::render(d, false);
  return text;
}

inline base::Result<program::Program> attempt(std::string_view app, const machine::Machine& machine,
                                              std::int64_t nodes, Set set = {}, Size size = Size::paper) {
  return make(app, {&machine, nodes, size, std::move(set)});
}

//! The program, which there is.
inline program::Program made(std::string_view app, const machine::Machine& machine, std::int64_t nodes,
                             Set set = {}, Size size = Size::paper) {
  auto program = attempt(app, machine, nodes, std::move(set), size);
  if (!program) {
    ADD_FAILURE() << app << " on " << nodes << " nodes of " << machine.name << "\n"
                  << text_of(program.problems());
    return {};
  }
  EXPECT_EQ(text_of(program::validate(*program)), "")
      << app << " on " << nodes << " nodes of " << machine.name;
  return *std::move(program);
}

//! What is wrong with it, as a user sees it.
inline std::string problems(std::string_view app, const machine::Machine& machine, std::int64_t nodes,
                            Set set = {}) {
  const auto program = attempt(app, machine, nodes, std::move(set));
  return program ? "" : text_of(program.problems());
}

inline const program::Partition& partition(const program::Program& p, std::string_view name) {
  for (const program::Partition& part : p.partitions) {
    if (part.name == name) return part;
  }
  ADD_FAILURE() << "no partition " << name;
  return p.partitions.front();
}

//! Elements of a piece.
inline std::int64_t volume(const program::Partition& p, std::size_t piece) {
  std::int64_t sum = 0;
  for (std::size_t b = p.begins[piece]; b < p.begins[piece + 1]; ++b)
    sum += p.boxes[b].size(program::kMaxElements).value();
  return sum;
}

using Volumes = std::vector<std::int64_t>;

inline Volumes volumes(const program::Partition& p) {
  std::vector<std::int64_t> list;
  for (std::size_t i = 0; i < p.pieces(); ++i) list.push_back(volume(p, i));
  return list;
}

//! The launches of a task, in order.
inline std::vector<const program::Launch*> launches(const program::Program& p, std::string_view task) {
  std::vector<const program::Launch*> list;
  for (const program::Launch& l : p.launches) {
    if (p.tasks[l.task].name == task) list.push_back(&l);
  }
  return list;
}

//! Points of each task in the timed loop.
inline std::map<std::string, std::int64_t> loop_points(const program::Program& p) {
  std::map<std::string, std::int64_t> points;
  for (program::LaunchId l = p.loop_begin; l < p.loop_end; ++l)
    points[p.tasks[p.launches[l].task].name] += p.launches[l].points();
  return points;
}

inline double streamed_per_element(const program::Program& p, const program::Requirement& r) {
  using program::Privilege;
  if (r.privilege == Privilege::none) return 0;
  if (r.streamed) return *r.streamed;
  const double twice = r.privilege == Privilege::read_write || r.privilege == Privilege::reduce ? 2 : 1;
  return twice * static_cast<double>(p.regions[p.partitions[r.partition].region].bytes(r.fields));
}

//! Bytes that one point of a launch streams.
inline double streamed(const program::Program& p, const program::Launch& l, std::int64_t position) {
  double sum = 0;
  for (const program::Requirement& r : l.requirements)
    sum += streamed_per_element(p, r) *
           static_cast<double>(volume(p.partitions[r.partition], r.piece(position)));
  return sum;
}

//! Flops of one iteration.
inline double loop_flops(const program::Program& p) {
  double sum = 0;
  for (program::LaunchId l = p.loop_begin; l < p.loop_end; ++l) {
    for (std::int64_t i = 0; i < p.launches[l].points(); ++i) sum += p.launches[l].flops.at(i);
  }
  return sum;
}

}  // namespace mapwright::apps::testing
