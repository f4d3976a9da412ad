#include "report/json.h"

#include <nlohmann/json.hpp>

#include "engine/critical_path.h"
#include "engine/summary.h"
#include "report/layout.h"

namespace mapwright::report {
namespace {

Json path_json(const std::vector<engine::PathPart>& parts, const program::Program& program) {
  Json list = Json::array();
  for (const engine::PathPart& p : parts) {
    Json one = {{"kind", name_of(p.kind)},
                {"share", p.share},
                {"seconds", p.seconds},
                {"steps", p.steps},
                {"words", words(p, program)}};
    const bool names_task = p.kind == engine::StepKind::task || p.kind == engine::StepKind::launching ||
                            p.kind == engine::StepKind::future;
    if (names_task && p.task != plan::kNone) one["task"] = program.tasks[p.task].name;
    if (p.kind == engine::StepKind::task) one["processor"] = name_of(p.on);
    if (p.kind == engine::StepKind::copy || p.kind == engine::StepKind::fold) {
      one["partition"] = program.partitions[p.partition].name;
      one["from"] = name_of(p.from);
      one["to"] = name_of(p.to);
      one["way"] = name_of(p.way);
    }
    list.push_back(std::move(one));
  }
  return list;
}

Json tasks_json(const engine::Summary& summary, const program::Program& program) {
  Json list = Json::array();
  for (const engine::TaskTime& t : summary.tasks) {
    list.push_back({{"task", program.tasks[t.task].name},
                    {"processor", name_of(t.kind)},
                    {"calls", t.calls},
                    {"busy_seconds", t.busy},
                    {"share", t.share}});
  }
  return list;
}

Json processors_json(const engine::Summary& summary) {
  Json list = Json::array();
  for (const engine::KindTime& k : summary.kinds) {
    list.push_back({{"kind", name_of(k.kind)},
                    {"count", k.count},
                    {"used", k.used},
                    {"busy", k.busy},
                    {"idle", 1 - k.busy},
                    {"least_busy", k.least},
                    {"most_busy", k.most}});
  }
  return list;
}

Json regions_json(const engine::Summary& summary, const program::Program& program) {
  Json list = Json::array();
  for (const engine::Flow& f : summary.flows) {
    const program::Partition& partition = program.partitions[f.partition];
    list.push_back({{"region", program.regions[partition.region].name},
                    {"partition", partition.name},
                    {"moved_by", f.fold ? "folds" : "copies"},
                    {"from", name_of(f.from)},
                    {"to", name_of(f.to)},
                    {"way", name_of(f.way)},
                    {"count", f.count},
                    {"bytes", f.bytes}});
  }
  return list;
}

Json memory_json(const engine::Execution& e) {
  const auto& memories = e.profile.plan->site->memories();
  Json list = Json::array();
  for (const plan::MemoryUse& use : e.memory) {
    const plan::Memory& m = memories[use.memory];
    list.push_back({{"memory", name_of(m.kind)},
                    {"node", m.node},
                    {"index", m.index},
                    {"high_water", use.high_water},
                    {"capacity", m.capacity}});
  }
  return list;
}

}  // namespace

Json metric_json(const program::Metric& metric) {
  return {{"name", metric.name},
          {"unit", metric.unit},
          {"better", metric.larger_is_better ? "larger" : "smaller"}};
}

void add_execution(Json* document, const program::Metric& metric, const engine::Execution& e) {
  Json& d = *document;
  d["outcome"] = e.failure ? "failed" : "ok";
  d["failure"] = nullptr;
  if (e.failure) d["failure"] = {{"code", e.failure->code}, {"text", e.failure->text}};
  for (const char* figure : {"metric", "seconds_per_iteration", "gflops_per_node", "bytes"})
    d[figure] = nullptr;
  for (const char* list : {"memory", "critical_path", "tasks", "processors", "regions"})
    d[list] = Json::array();
  if (e.failure) return;
  d["metric"] = {{"name", metric.name},
                 {"unit", metric.unit},
                 {"value", e.metric},
                 {"better", metric.larger_is_better ? "larger" : "smaller"}};
  d["seconds_per_iteration"] = e.seconds_per_iteration;
  if (!e.profile.plan) return;
  const program::Program& program = *e.profile.plan->program;
  const engine::Summary summary = summarize(e);
  if (e.modelled) d["modelled"] = true;
  if (!e.modelled) d["gflops_per_node"] = summary.gflops_per_node;
  d["bytes"] = {{"local", e.traffic.local},
                {"intra_node", e.traffic.intra_node},
                {"inter_node", e.traffic.inter_node},
                {"inter_rank", e.traffic.inter_rank},
                {"host_device", e.traffic.host_device}};
  d["memory"] = memory_json(e);
  d["critical_path"] = path_json(critical_path(e.profile), program);
  d["tasks"] = tasks_json(summary, program);
  d["processors"] = processors_json(summary);
  d["regions"] = regions_json(summary, program);
  if (!e.measured) return;
  const engine::Counted& counted = e.measured->counted;
  const engine::Counted& planned = e.measured->planned;
  d["measured"] = {
      {"bytes_between_ranks", counted.between_ranks}, {"planned_bytes_between_ranks", planned.between_ranks},
      {"bytes_to_devices", counted.to_devices},       {"planned_bytes_to_devices", planned.to_devices},
      {"bytes_from_devices", counted.from_devices},   {"planned_bytes_from_devices", planned.from_devices},
      {"elements_verified", e.measured->checked},     {"workers", e.measured->workers}};
}

void add_findings(Json* document, const std::vector<guide::Finding>& findings) {
  Json list = Json::array();
  for (const guide::Finding& f : findings) {
    Json edits = Json::array();
    for (const lang::Edit& e : f.edits) edits.push_back({{"remove", e.remove}, {"text", e.text}});
    list.push_back({{"code", f.code},
                    {"share", f.share},
                    {"gain", f.gain},
                    {"explain", f.explain},
                    {"suggest", f.suggest},
                    {"edits", std::move(edits)}});
  }
  (*document)["findings"] = std::move(list);
}

namespace {

Json bytes_json(const PartitionPicture& picture) {
  Json bytes = Json::object();
  for (const machine::MemoryKind kind : machine::kMachineMemories) {
    if (picture.bytes[kind] > 0) bytes[std::string(name_of(kind))] = picture.bytes[kind];
  }
  return bytes;
}

}  // namespace

void add_layout(Json* document, const plan::Plan& plan) {
  const program::Program& program = *plan.program;
  Json launches = Json::array();
  for (const LaunchPicture& l : launch_pictures(plan)) {
    Json points = Json::array();
    lang::Point p = l.domain.lo;
    for (const lang::Slot& s : l.slots) {
      const auto at = l.domain.at(p);
      Json one;
      one["point"] = l.single ? Json::array() : Json(std::vector<std::int64_t>(at.begin(), at.end()));
      one["node"] = s.node;
      one["processor"] = s.processor;
      points.push_back(std::move(one));
      l.domain.next(&p);
    }
    const lang::Point extents = l.domain.extents();
    const auto domain = l.domain.at(extents);
    launches.push_back(
        {{"task", program.tasks[l.task].name},
         {"kind", name_of(l.kind)},
         {"single", l.single},
         {"launches", l.launches},
         {"domain", l.single ? Json::array() : Json(std::vector<std::int64_t>(domain.begin(), domain.end()))},
         {"points", std::move(points)}});
  }
  (*document)["launches"] = std::move(launches);
  Json homes = Json::array();
  for (const PartitionPicture& picture : partition_pictures(plan)) {
    const program::Partition& partition = program.partitions[picture.partition];
    Json pieces = Json::array();
    for (const Home& h : picture.homes) {
      if (h.memory == plan::kNone) {
        pieces.push_back(nullptr);
        continue;
      }
      const plan::Memory& m = plan.site->memories()[h.memory];
      pieces.push_back({{"memory", name_of(m.kind)},
                        {"node", m.node},
                        {"index", m.index},
                        {"sums", h.sums},
                        {"collected", h.collected}});
    }
    homes.push_back({{"region", program.regions[partition.region].name},
                     {"partition", partition.name},
                     {"bytes", bytes_json(picture)},
                     {"pieces", std::move(pieces)}});
  }
  (*document)["homes"] = std::move(homes);
}

}  // namespace mapwright::report
