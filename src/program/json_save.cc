#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "program/json.h"
#include "program/json_words.h"

namespace mapwright::program {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWidth = 110;

std::string scalar(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string in_line(const Json& value) {
  std::string text;
  if (value.is_object()) {
    text = "{";
    for (const auto& [key, inner] : value.items())
      text += (text.size() > 1 ? ", " : "") + scalar(key) + ": " + in_line(inner);
    return text + "}";
  }
  if (!value.is_array()) return scalar(value);
  text = "[";
  for (const Json& inner : value) text += (text.size() > 1 ? ", " : "") + in_line(inner);
  return text + "]";
}

// In one line where it fits behind `used` characters; objects are otherwise broken at every member, lists of
// numbers and lists where a line is full.
void print(const Json& value, std::size_t indent, std::size_t used, std::string* out) {
  std::string line = value.is_structured() && indent == 0 ? std::string(kWidth, ' ') : in_line(value);
  if (!value.is_structured() || value.empty() || used + line.size() < kWidth) {
    *out += value.empty() && value.is_structured() ? in_line(value) : line;
    return;
  }
  const std::string margin(indent + 2, ' ');
  const bool fill = value.is_array() && !value.front().is_object();
  *out += value.is_object() ? "{" : "[";
  std::size_t column = kWidth;
  bool first = true;
  for (auto at = value.begin(); at != value.end(); ++at) {
    const std::string key = value.is_object() ? scalar(at.key()) + ": " : "";
    const std::string text = fill ? in_line(*at) : "";
    if (!first) *out += ",";
    if (fill && !first && column + text.size() + 3 < kWidth) {
      *out += " ";
      ++column;
    } else {
      *out += "\n" + margin;
      column = margin.size();
    }
    first = false;
    *out += key;
    if (fill && column + text.size() + 1 < kWidth) {
      *out += text;
      column += text.size() + 1;
    } else {
      print(*at, indent + 2, margin.size() + key.size() + 1, out);
      column = kWidth;
    }
  }
  *out += "\n" + std::string(indent, ' ') + (value.is_object() ? "}" : "]");
}

// Whole amounts are written as such: 96 rather than 96.0.
Json number(double value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (std::floor(value) == value && std::abs(value) < kExact) return static_cast<std::int64_t>(value);
  return value;
}

template <class List, class Make>
Json list_of(const List& list, Make&& make) {
  Json j = Json::array();
  for (const auto& one : list) j.push_back(make(one));
  return j;
}

class Saver {
 public:
  explicit Saver(const Program& program) : program_(program) {
    for (const Partition& p : program.partitions) ++partitions_[p.name];
    for (const Launch& l : program.launches) ++launches_[l.task];
  }

  Json run() const {
    const Program& p = program_;
    Json j;
    j["schema"] = words::kSchema;
    j["name"] = p.name;
    if (!p.description.empty()) j["description"] = p.description;
    if (p.ranks_per_node != 1) j["ranks_per_node"] = p.ranks_per_node;
    if (!p.parameters.empty()) j["parameters"] = p.parameters;
    if (!p.notes.empty()) j["notes"] = p.notes;
    if (const Json m = metric(); !m.empty()) j["metric"] = m;
    if (p.traced) j["traced"] = true;
    if (p.waits) j["waits"] = true;
    j["loop"] = {
        {"begin", p.loop_begin}, {"end", p.loop_end}, {"warmup", p.warmup}, {"iterations", p.iterations}};
    j["regions"] = list_of(p.regions, [](const Region& r) { return region(r); });
    j["partitions"] = list_of(p.partitions, [this](const Partition& part) { return partition(part); });
    j["tasks"] = list_of(p.tasks, [](const Task& t) { return task(t); });
    j["launches"] = list_of(p.launches, [this](const Launch& l) { return launch(l); });
    return j;
  }

 private:
  Json metric() const {
    const Metric& m = program_.metric;
    const Metric usual;
    Json j = Json::object();
    if (m.name != usual.name) j["name"] = m.name;
    if (m.unit != usual.unit) j["unit"] = m.unit;
    if (m.larger_is_better != usual.larger_is_better)
      j["better"] = words::kBetter[m.larger_is_better ? 1 : 0];
    if (m.scale != usual.scale) j["scale"] = number(m.scale);
    return j;
  }

  static Json box(const Box& b) {
    if (b.rank == 1) return {b.lo[0], b.hi[0]};
    Json j = Json::array();
    for (std::size_t d = 0; d < static_cast<std::size_t>(b.rank); ++d) j.push_back({b.lo[d], b.hi[d]});
    return j;
  }

  // As extents where it begins at 0.
  static void add_box(const Box& b, const char* extents, Json* j) {
    bool at_origin = true;
    Json sizes = Json::array();
    for (std::size_t d = 0; d < static_cast<std::size_t>(b.rank); ++d) {
      at_origin = at_origin && b.lo[d] == 0;
      sizes.push_back(b.extent(static_cast<int>(d)));
    }
    if (at_origin) {
      (*j)[extents] = std::move(sizes);
    } else {
      (*j)["bounds"] = box(b);
    }
  }

  static Json region(const Region& r) {
    Json j;
    j["name"] = r.name;
    add_box(r.elements, "extents", &j);
    Json fields = Json::object();
    for (const Field& f : r.fields) fields[f.name] = f.bytes;
    j["fields"] = std::move(fields);
    return j;
  }

  Json partition(const Partition& p) const {
    Json j;
    j["name"] = p.name;
    j["region"] = program_.regions[p.region].name;
    j["disjoint"] = p.disjoint;
    Json pieces = Json::array();
    for (std::size_t i = 0; i < p.pieces(); ++i) {
      const std::span<const Box> boxes(p.boxes.data() + p.begins[i], p.begins[i + 1] - p.begins[i]);
      pieces.push_back(boxes.size() == 1 ? box(boxes[0]) : list_of(boxes, box));
    }
    j["pieces"] = std::move(pieces);
    return j;
  }

  static Json variant(const Variant& v) {
    const Variant usual;
    Json j;
    j["kind"] = machine::name_of(v.kind);
    if (v.precision != usual.precision)
      j["precision"] = words::kPrecisions[static_cast<std::size_t>(v.precision)];
    if (v.peak_share) j["peak_share"] = number(*v.peak_share);
    if (v.streaming_share != usual.streaming_share) j["streaming_share"] = number(v.streaming_share);
    if (v.order) j["order"] = words::kOrders[static_cast<std::size_t>(*v.order)];
    if (!v.layout_failure.empty()) j["layout_failure"] = v.layout_failure;
    return j.size() == 1 ? j["kind"] : j;
  }

  static Json task(const Task& t) {
    Json j;
    j["name"] = t.name;
    if (t.inner) j["inner"] = true;
    j["variants"] = list_of(t.variants, variant);
    return j;
  }

  Json reference(LaunchId id) const {
    const TaskId of = program_.launches[id].task;
    if (launches_.at(of) == 1) return program_.tasks[of].name;
    return id;
  }

  static void add_amounts(const PerPoint& amounts, const char* key, Json* j) {
    if (amounts.values.size() == 1) {
      (*j)[key] = number(amounts.values[0]);
    } else if (!amounts.values.empty()) {
      (*j)[key] = list_of(amounts.values, number);
    }
  }

  Json launch(const Launch& l) const {
    Json j;
    j["task"] = program_.tasks[l.task].name;
    if (l.single) j["single"] = true;
    if (!l.single || l.domain != Box{}) add_box(l.domain, "domain", &j);
    if (l.parent) {
      j["parent"] = {{"launch", reference(l.parent->launch)}};
      if (l.parent->position != 0) j["parent"]["point"] = l.parent->position;
    }
    if (!l.requirements.empty())
      j["requirements"] = list_of(l.requirements, [this](const Requirement& r) { return requirement(r); });
    add_amounts(l.flops, "flops", &j);
    if (!l.futures.empty()) j["futures"] = list_of(l.futures, [this](LaunchId id) { return reference(id); });
    return j;
  }

  Json requirement(const Requirement& r) const {
    const Partition& p = program_.partitions[r.partition];
    const Region& region = program_.regions[p.region];
    Json j;
    j["partition"] = partitions_.at(p.name) == 1 ? Json(p.name) : Json(r.partition);
    if (r.pieces.size() == 1) {
      j["pieces"] = r.pieces[0];
    } else if (!r.pieces.empty()) {
      j["pieces"] = r.pieces;
    }
    j["privilege"] = words::kPrivileges[static_cast<std::size_t>(r.privilege)];
    if (r.fields != (r.privilege == Privilege::none ? 0 : region.all_fields())) {
      Json fields = Json::array();
      for (std::size_t f = 0; f < region.fields.size(); ++f) {
        if ((r.fields >> f & 1) != 0) fields.push_back(region.fields[f].name);
      }
      j["fields"] = std::move(fields);
    }
    if (r.streamed) j["streamed"] = number(*r.streamed);
    add_amounts(r.gathers, "gathers", &j);
    add_amounts(r.atomics, "atomics", &j);
    return j;
  }

  const Program& program_;
  std::map<std::string_view, std::size_t> partitions_;  // how many have a name
  std::map<TaskId, std::size_t> launches_;              // how many a task has
};

}  // namespace

std::string save(const Program& program) {
  std::string text;
  print(Saver(program).run(), 0, 0, &text);
  return text + "\n";
}

}  // namespace mapwright::program
