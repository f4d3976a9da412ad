// A program as somebody needs it who writes a mapper for it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/mcp_catalog.h"
#include "cli/mcp_schema.h"
#include "program/json_words.h"
#include "report/json.h"

namespace mapwright::cli::mcp {
namespace {

using schema::anything;
using schema::flag;
using schema::integer;
using schema::list_of;
using schema::metric;
using schema::number;
using schema::object;
using schema::text;
using schema::text_or_null;
using schema::texts;

// Of each task, so many sorts of launches are shown.
constexpr std::size_t kMostGroups = 64;

// Launches that differ in nothing that a mapper could tell.
struct Group {
  const program::Launch* first = nullptr;
  std::int64_t count = 0;
  std::int64_t in_loop = 0;
};

bool alike(const program::Program& program, const program::Launch& a, const program::Launch& b) {
  const auto parent = [&](const program::Launch& l) {
    return l.parent ? std::optional(program.launches[l.parent->launch].task) : std::nullopt;
  };
  return a.task == b.task && a.single == b.single && (a.single || a.domain == b.domain) &&
         parent(a) == parent(b) &&
         std::ranges::equal(a.requirements, b.requirements, [](const auto& x, const auto& y) {
           return x.partition == y.partition && x.privilege == y.privilege && x.fields == y.fields;
         });
}

Json data_json(const program::Program& program, const program::Requirement& r) {
  const program::Partition& partition = program.partitions[r.partition];
  const program::Region& region = program.regions[partition.region];
  Json fields = Json::array();
  const bool all = r.fields == region.all_fields();
  if (all) fields.push_back("*");
  for (std::size_t f = 0; f < region.fields.size() && !all; ++f)
    if ((r.fields >> f & 1U) != 0) fields.push_back(region.fields[f].name);
  return {{"name", partition.name},
          {"region", region.name},
          {"privilege", program::words::kPrivileges.at(static_cast<std::size_t>(r.privilege))},
          {"fields", std::move(fields)}};
}

Json launch_json(const program::Program& program, const Group& group) {
  const program::Launch& l = *group.first;
  const lang::Point extents = l.domain.extents();
  const auto domain = l.domain.at(extents);
  double flops = 0;
  const std::int64_t points = l.points();
  for (std::int64_t i = 0; i < (l.flops.values.size() > 1 ? points : 1); ++i) flops += l.flops.at(i);
  if (l.flops.values.size() <= 1) flops *= static_cast<double>(points);
  Json data = Json::array();
  for (const program::Requirement& r : l.requirements) data.push_back(data_json(program, r));
  return {
      {"single", l.single},
      {"domain", l.single ? Json::array() : Json(std::vector<std::int64_t>(domain.begin(), domain.end()))},
      {"launched_by", l.parent ? Json(program.tasks[program.launches[l.parent->launch].task].name) : Json()},
      {"count", group.count},
      {"in_each_iteration", group.in_loop},
      {"flops", flops},
      {"data", std::move(data)}};
}

Json task_json(const program::Program& program, program::TaskId id) {
  const program::Task& task = program.tasks[id];
  Json kinds = Json::array();
  for (const program::Variant& v : task.variants) kinds.push_back(name_of(v.kind));
  std::vector<Group> groups;
  std::int64_t others = 0;
  for (program::LaunchId i = 0; i < program.launches.size(); ++i) {
    const program::Launch& l = program.launches[i];
    if (l.task != id) continue;
    auto found = std::ranges::find_if(groups, [&](const Group& g) { return alike(program, *g.first, l); });
    if (found == groups.end() && groups.size() == kMostGroups) {
      ++others;
      continue;
    }
    if (found == groups.end()) found = groups.insert(groups.end(), {&l, 0, 0});
    ++found->count;
    if (i >= program.loop_begin && i < program.loop_end) ++found->in_loop;
  }
  Json launches = Json::array();
  for (const Group& g : groups) launches.push_back(launch_json(program, g));
  return {{"task", task.name},
          {"processors", std::move(kinds)},
          {"only_launches_others", task.inner},
          {"launches", std::move(launches)},
          {"other_launches", others}};
}

// Of the largest piece.
std::int64_t piece_bytes(const program::Program& program, const program::Partition& p) {
  const program::Region& region = program.regions[p.region];
  std::int64_t most = 0;
  for (std::size_t i = 0; i < p.pieces(); ++i) {
    std::int64_t elements = 0;
    for (std::size_t b = p.begins[i]; b < p.begins[i + 1]; ++b)
      elements += p.boxes[b].size(program::kMaxElements).value_or(0);
    most = std::max(most, elements);
  }
  return most * region.bytes(region.all_fields());
}

Json region_json(const program::Program& program, program::RegionId id) {
  const program::Region& region = program.regions[id];
  Json fields = Json::array();
  for (const program::Field& f : region.fields) fields.push_back({{"name", f.name}, {"bytes", f.bytes}});
  const std::int64_t elements = region.elements.size(program::kMaxElements).value_or(0);
  Json partitions = Json::array();
  for (const program::Partition& p : program.partitions) {
    if (p.region != id) continue;
    partitions.push_back({{"name", p.name},
                          {"pieces", p.pieces()},
                          {"disjoint", p.disjoint},
                          {"largest_piece_bytes", piece_bytes(program, p)}});
  }
  return {{"region", region.name},
          {"elements", elements},
          {"bytes", elements * region.bytes(region.all_fields())},
          {"fields", std::move(fields)},
          {"partitions", std::move(partitions)}};
}

namespace of {

Json integers() {
  return list_of(integer());
}
Json data() {
  return list_of(
      object({{"name", text, "as `Region` statements name it; the region's name means all of them"},
              {"region", text},
              {"privilege", text, "none, read, write, read_write or reduce"},
              {"fields", texts, "* stands for all"}}));
}
Json launches() {
  return list_of(object({{"single", flag, "one task alone, for SingleTaskMap; otherwise for IndexTaskMap"},
                         {"domain", integers, "extents of the points"},
                         {"launched_by", text_or_null, "the task that launches it; null: the program itself"},
                         {"count", integer, "launches that are alike"},
                         {"in_each_iteration", integer, "how many of them the timed loop repeats"},
                         {"flops", number, "of all points of one launch"},
                         {"data", data}}));
}
Json tasks() {
  return list_of(object({{"task", text},
                         {"processors", texts, "kinds for which there is a variant"},
                         {"only_launches_others", flag},
                         {"launches", launches},
                         {"other_launches", integer, "how many more there are, of other sorts"}}));
}
Json fields() {
  return list_of(object({{"name", text}, {"bytes", integer, "of one element"}}));
}
Json partitions() {
  return list_of(object({{"name", text},
                         {"pieces", integer},
                         {"disjoint", flag},
                         {"largest_piece_bytes", integer, "with all fields"}}));
}
Json regions() {
  return list_of(object({{"region", text},
                         {"elements", integer},
                         {"bytes", integer},
                         {"fields", fields},
                         {"partitions", partitions}}));
}

}  // namespace of

}  // namespace

Json program_json(const SubjectOptions& options) {
  const Subject subject = make_subject(options);
  const program::Program& program = *subject.program;
  Json tasks = Json::array();
  for (program::TaskId i = 0; i < program.tasks.size(); ++i) tasks.push_back(task_json(program, i));
  Json regions = Json::array();
  for (program::RegionId i = 0; i < program.regions.size(); ++i) regions.push_back(region_json(program, i));
  Json parameters = Json::object();
  for (const auto& [name, value] : program.parameters) parameters[name] = value;
  return {{"program", program.name},
          {"description", program.description},
          {"machine", subject.machine.name},
          {"nodes", options.nodes},
          {"ranks_per_node", program.ranks_per_node},
          {"metric", report::metric_json(program.metric)},
          {"timed_iterations", program.iterations},
          {"parameters", std::move(parameters)},
          {"notes", program.notes},
          {"tasks", std::move(tasks)},
          {"regions", std::move(regions)}};
}

Json program_schema() {
  return object({{"program", text},
                 {"description", text},
                 {"machine", text},
                 {"nodes", integer},
                 {"ranks_per_node", integer, "processes, among which the node's processors are divided"},
                 {"metric", metric},
                 {"timed_iterations", integer},
                 {"parameters", anything, "what it was made from"},
                 {"notes", texts},
                 {"tasks", of::tasks},
                 {"regions", of::regions}});
}

}  // namespace mapwright::cli::mcp
