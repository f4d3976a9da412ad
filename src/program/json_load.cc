#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/text.h"
#include "program/diagnostics.h"
#include "program/json.h"
#include "program/json_boxes.h"
#include "program/json_reader.h"
#include "program/json_words.h"

namespace mapwright::program {
namespace {

using Id = JsonText::Id;
using Kind = JsonNode::Kind;

// Names of one sort of things, and which thing has which. The names are those of the text, which does not
// move.
class Names {
 public:
  static constexpr std::uint32_t kSeveral = ~std::uint32_t{0};

  void add(std::string_view name, std::size_t index) {
    const auto [at, fresh] = index_.emplace(name, static_cast<std::uint32_t>(index));
    if (fresh) {
      list_.push_back(name);
    } else {
      at->second = kSeveral;
    }
  }
  std::optional<std::uint32_t> find(std::string_view name) const {
    const auto at = index_.find(name);
    return at == index_.end() ? std::nullopt : std::optional(at->second);
  }
  std::span<const std::string_view> list() const { return list_; }

 private:
  std::unordered_map<std::string_view, std::uint32_t> index_;
  std::vector<std::string_view> list_;
};

class Loader {
 public:
  explicit Loader(const JsonText& json) : json_(json), reader_(json), boxes_(&reader_) {}

  base::Result<Program> run() {
    read();
    if (reader_.failed()) return reader_.take();
    JsonPlaces places(json_);
    const Text text{json_.source(), [&](std::string_view path) { return place(&places, path); }};
    base::Diagnostics problems = validate(program_, &text);
    if (!problems.empty()) return problems;
    return std::move(program_);
  }

 private:
  void read() {
    const auto top = reader_.object(JsonText::kRoot, "a program", words::kProgram);
    if (!top) return;
    if (const auto schema = (*top)["schema"])
      static_cast<void>(reader_.choice(*schema, "\"schema\"", {&words::kSchema, 1}));
    if (const auto name = reader_.need(*top, "name"))
      program_.name = reader_.text(*name, "\"name\"").value_or("");
    program_.description = reader_.text(*top, "description", "");
    program_.ranks_per_node = reader_.integer(*top, "ranks_per_node", 1, kMaxRanks, 1);
    program_.traced = reader_.flag(*top, "traced", false);
    program_.waits = reader_.flag(*top, "waits", false);
    if (const auto id = (*top)["parameters"]) parameters(*id);
    if (const auto id = (*top)["notes"]) {
      reader_.each(*id, "\"notes\"", "a list of texts", kMaxThings,
                   [this](Id note) { program_.notes.push_back(reader_.text(note, "a note").value_or("")); });
    }
    if (const auto id = (*top)["metric"]) metric(*id);
    if (const auto id = reader_.need(*top, "regions"))
      reader_.each(*id, "\"regions\"", "a list of regions", kMaxThings,
                   [this](Id region_id) { region(region_id); });
    if (const auto id = (*top)["partitions"])
      reader_.each(*id, "\"partitions\"", "a list of partitions", kMaxThings, [this](Id p) { partition(p); });
    if (const auto id = reader_.need(*top, "tasks"))
      reader_.each(*id, "\"tasks\"", "a list of tasks", kMaxThings, [this](Id t) { task(t); });
    if (const auto id = reader_.need(*top, "launches")) {
      if (reader_.is(*id, Kind::list)) name_launches(*id);
      reader_.each(*id, "\"launches\"", "a list of launches", kMaxLaunches, [this](Id l) { launch(l); });
    }
    loop((*top)["loop"]);
  }

  void parameters(Id id) {
    if (!reader_.is(id, Kind::object)) return reader_.wrong_type(id, "\"parameters\"", "an object");
    json_.members(id, [&](Id key, Id value) {
      const std::string name(json_.text(key));
      const auto number =
          reader_.integer(value, fmt::format("\"{}\"", base::shortened(name, kShown)),
                          std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
      if (number && !program_.parameters.emplace(name, *number).second)
        reader_.report(problem::duplicate_key, key,
                       fmt::format("\"{}\" stands here twice", base::shortened(name, kShown)));
    });
  }

  void metric(Id id) {
    const auto o = reader_.object(id, "a metric", words::kMetric);
    if (!o) return;
    Metric& m = program_.metric;
    m.name = reader_.text(*o, "name", m.name);
    m.unit = reader_.text(*o, "unit", m.unit);
    if (const auto better = (*o)["better"])
      m.larger_is_better = reader_.choice(*better, "\"better\"", words::kBetter).value_or(0) == 1;
    m.scale = reader_.number(*o, "scale").value_or(m.scale);
  }

  // The name of a thing, which others may refer to.
  std::string own_name(const JsonObject& o, Names* names, std::size_t index) {
    const auto id = reader_.need(o, "name");
    auto name = id ? reader_.text(*id, "\"name\"") : std::nullopt;
    if (name) names->add(json_.text(*id), index);
    return std::move(name).value_or("");
  }

  // What a name or a number refers to.
  std::optional<std::uint32_t> refer(Id id, std::string_view what, std::string_view several,
                                     const Names& names, std::size_t count) {
    if (reader_.is(id, Kind::integer)) {
      const std::int64_t index = json_.node(id).integer;
      if (index >= 0 && index < static_cast<std::int64_t>(count)) return static_cast<std::uint32_t>(index);
      reader_.report(problem::bad_reference, id, fmt::format("there is no {} {}", what, index),
                     fmt::format("there are {}, counted from 0", count));
      return std::nullopt;
    }
    if (!reader_.is(id, Kind::text)) {
      reader_.wrong_type(id, fmt::format("a {}", what), "its name or number");
      return std::nullopt;
    }
    const std::string_view name = json_.text(id);
    const auto found = names.find(name);
    if (!found) {
      reader_.unknown(problem::unknown_name, id,
                      fmt::format("there is no {} `{}`", what, base::shortened(name, kShown)), "",
                      names.list());
    } else if (*found == Names::kSeveral) {
      reader_.report(problem::ambiguous_name, id, fmt::format("{} `{}`", several, name),
                     fmt::format("write the number of the {}, counted from 0", what));
      return std::nullopt;
    }
    return found;
  }

  void region(Id id) {
    Region r;
    if (const auto o = reader_.object(id, "a region", words::kRegion)) {
      r.name = own_name(*o, &region_names_, program_.regions.size());
      const auto elements = boxes_.box(*o, "extents");
      if (elements) r.elements = *elements;
      region_read_.push_back(elements.has_value());
      if (const auto fields = reader_.need(*o, "fields")) read_fields(*fields, &r);
    } else {
      region_read_.push_back(false);
    }
    program_.regions.push_back(std::move(r));
  }

  void read_fields(Id id, Region* r) {
    if (!reader_.is(id, Kind::object))
      return reader_.wrong_type(id, "\"fields\"", "an object", "it says the bytes of each field: {\"x\": 8}");
    json_.members(id, [&](Id key, Id value) {
      if (r->fields.size() > kMaxFields) return;  // one too many is enough to say so
      const auto bytes =
          reader_.integer(value, fmt::format("the bytes of `{}`", base::shortened(json_.text(key), kShown)),
                          1, kMaxFieldBytes);
      r->fields.push_back({std::string(json_.text(key)), bytes.value_or(1)});
    });
  }

  void partition(Id id) {
    Partition p;
    if (const auto o = reader_.object(id, "a partition", words::kPartition)) {
      p.name = own_name(*o, &partition_names_, program_.partitions.size());
      const auto of = reader_.need(*o, "region");
      const auto region = of ? refer(*of, "region", "there are several regions called", region_names_,
                                     program_.regions.size())
                             : std::nullopt;
      p.region = region.value_or(0);
      if (region && region_read_[*region]) read_pieces(*o, program_.regions[*region].elements, &p);
      p.disjoint = reader_.flag(*o, "disjoint", p.disjoint);
    }
    program_.partitions.push_back(std::move(p));
  }

  void read_pieces(const JsonObject& o, const Box& elements, Partition* p) {
    const auto pieces = o["pieces"];
    const auto tiles = o["tiles"];
    const auto halo = o["halo"];
    if (pieces && (tiles || halo)) {
      reader_.report(problem::contradiction, tiles ? *tiles : *halo,
                     fmt::format("a partition has \"pieces\" or \"{}\", not both", tiles ? "tiles" : "halo"));
    } else if (pieces) {
      boxes_.pieces(*pieces, elements, p);
      static_cast<void>(reader_.need(o, "disjoint"));
    } else if (tiles) {
      boxes_.tiles(*tiles, halo, elements, p);
    } else {
      static_cast<void>(reader_.need(o, "pieces", " or \"tiles\""));
    }
  }

  void task(Id id) {
    Task t;
    if (const auto o = reader_.object(id, "a task", words::kTask)) {
      t.name = own_name(*o, &task_names_, program_.tasks.size());
      t.inner = reader_.flag(*o, "inner", false);
      if (const auto variants = reader_.need(*o, "variants"))
        reader_.each(*variants, "\"variants\"", "a list of variants", kMaxVariants,
                     [&](Id v) { variant(v, &t); });
    }
    program_.tasks.push_back(std::move(t));
  }

  void variant(Id id, Task* t) {
    Variant v;
    if (reader_.is(id, Kind::text)) {
      v.kind = reader_.processor_kind(id).value_or(v.kind);
    } else if (const auto o = reader_.object(id, "a variant", words::kVariant)) {
      if (const auto kind = reader_.need(*o, "kind")) v.kind = reader_.processor_kind(*kind).value_or(v.kind);
      if (const auto p = (*o)["precision"]) {
        const auto at = reader_.choice(*p, "\"precision\"", words::kPrecisions);
        if (at) v.precision = static_cast<Precision>(*at);
      }
      v.peak_share = reader_.number(*o, "peak_share");
      v.streaming_share = reader_.number(*o, "streaming_share").value_or(v.streaming_share);
      if (const auto order = (*o)["order"]) {
        const auto at = reader_.choice(*order, "\"order\"", words::kOrders);
        if (at) v.order = static_cast<Order>(*at);
      }
      v.layout_failure = reader_.text(*o, "layout_failure", "");
    }
    t->variants.push_back(std::move(v));
  }

  // A launch may be referred to by the name of its task, if that is launched once.
  void name_launches(Id list) {
    std::size_t index = 0;
    json_.values(list, [&](Id id) {
      const auto of = json_.member(id, "task");
      if (of && reader_.is(*of, Kind::text)) launch_names_.add(json_.text(*of), index);
      ++index;
      return true;
    });
    launches_ = index;
  }
  std::optional<LaunchId> refer_to_launch(Id id) {
    return refer(id, "launch", "there are several launches of", launch_names_, launches_);
  }

  void launch(Id id) {
    Launch l;
    if (const auto o = reader_.object(id, "a launch", words::kLaunch)) {
      if (const auto of = reader_.need(*o, "task")) {
        l.task = refer(*of, "task", "there are several tasks called", task_names_, program_.tasks.size())
                     .value_or(0);
      }
      l.single = reader_.flag(*o, "single", false);
      if (!l.single || (*o)["domain"] || (*o)["bounds"])
        l.domain = boxes_.box(*o, "domain").value_or(l.domain);
      if (const auto list = (*o)["requirements"])
        reader_.each(*list, "\"requirements\"", "a list of requirements", kMaxRequirements,
                     [&](Id r) { requirement(r, &l); });
      l.flops = per_point(*o, "flops");
      if (const auto list = (*o)["futures"]) {
        reader_.each(*list, "\"futures\"", "a list of launches", kMaxRequirements, [&](Id f) {
          if (const auto from = refer_to_launch(f)) l.futures.push_back(*from);
        });
      }
      if (const auto parent = (*o)["parent"]) read_parent(*parent, &l);
    }
    program_.launches.push_back(std::move(l));
  }

  void read_parent(Id id, Launch* l) {
    const auto o = reader_.object(id, "a parent", words::kParent);
    if (!o) return;
    const auto of = reader_.need(*o, "launch");
    const auto launch = of ? refer_to_launch(*of) : std::nullopt;
    if (launch) l->parent = Parent{*launch, reader_.integer(*o, "point", 0, kMaxPoints, 0)};
  }

  PerPoint per_point(const JsonObject& o, std::string_view key) {
    PerPoint amounts;
    const auto id = o[key];
    if (!id) return amounts;
    const std::string what = fmt::format("\"{}\"", key);
    if (!reader_.is(*id, Kind::list)) {
      if (const auto one = reader_.number(*id, what)) amounts.values.push_back(*one);
      return amounts;
    }
    json_.values(*id, [&](Id value) {
      if (const auto one = reader_.number(value, fmt::format("a number in {}", what)))
        amounts.values.push_back(*one);
      return !reader_.full();
    });
    return amounts;
  }

  void requirement(Id id, Launch* l) {
    const auto o = reader_.object(id, "a requirement", words::kRequirement);
    if (!o) return;
    Requirement r;
    const auto of = reader_.need(*o, "partition");
    const auto partition = of ? refer_to_partition(*of) : std::nullopt;
    r.partition = partition.value_or(0);
    if (const auto pieces = (*o)["pieces"]) read_indices(*pieces, &r.pieces);
    if (const auto privilege = reader_.need(*o, "privilege")) {
      const auto at = reader_.choice(*privilege, "\"privilege\"", words::kPrivileges);
      if (at) r.privilege = static_cast<Privilege>(*at);
    }
    // A partition of what is no region has region 0, which need not be there.
    if (partition && !program_.regions.empty()) {
      const Region& region = program_.regions[program_.partitions[*partition].region];
      const auto fields = (*o)["fields"];
      if (fields) {
        r.fields = field_set(*fields, region);
      } else if (r.privilege != Privilege::none) {
        r.fields = region.all_fields();
      }
    }
    r.streamed = reader_.number(*o, "streamed");
    r.gathers = per_point(*o, "gathers");
    r.atomics = per_point(*o, "atomics");
    l->requirements.push_back(std::move(r));
  }

  // A region is a partition of itself, in one piece, unless one of that name says otherwise.
  std::optional<PartitionId> refer_to_partition(Id id) {
    if (reader_.is(id, Kind::text) && !partition_names_.find(json_.text(id))) {
      const auto region = region_names_.find(json_.text(id));
      if (region && *region != Names::kSeveral) {
        const auto [at, fresh] =
            whole_.emplace(*region, static_cast<PartitionId>(program_.partitions.size()));
        if (fresh) {
          Partition p;
          p.name = program_.regions[*region].name;
          p.region = *region;
          p.add(program_.regions[*region].elements);
          program_.partitions.push_back(std::move(p));
        }
        return at->second;
      }
    }
    return refer(id, "partition", "there are several partitions called", partition_names_,
                 program_.partitions.size());
  }

  void read_indices(Id id, std::vector<std::uint32_t>* to) {
    const auto add = [&](Id value, std::string_view what) {
      const auto index = reader_.integer(value, what, 0, kMaxPoints);
      if (index) to->push_back(static_cast<std::uint32_t>(*index));
      return !reader_.full();
    };
    if (reader_.is(id, Kind::integer)) {
      add(id, "a piece");
    } else if (reader_.is_list(id, "\"pieces\"", "a number or a list of numbers")) {
      json_.values(id, [&](Id value) { return add(value, "a piece"); });
    }
  }

  FieldSet field_set(Id id, const Region& region) {
    FieldSet set = 0;
    if (!reader_.is_list(id, "\"fields\"", "a list of names")) return set;
    std::vector<std::string_view> names;
    names.reserve(region.fields.size());
    for (const Field& f : region.fields) names.push_back(f.name);
    names.resize(std::min(names.size(), kMaxFields));
    json_.values(id, [&](Id value) {
      if (!reader_.is(value, Kind::text)) {
        reader_.wrong_type(value, "a field", "its name");
      } else if (const auto at = std::ranges::find(names, json_.text(value)); at != names.end()) {
        set |= FieldSet{1} << (at - names.begin());
      } else {
        reader_.unknown(problem::unknown_name, value,
                        fmt::format("`{}` has no field `{}`", base::shortened(region.name, kShown),
                                    base::shortened(json_.text(value), kShown)),
                        "", names);
      }
      return !reader_.full();
    });
    return set;
  }

  // All launches, where nothing is said.
  void loop(std::optional<Id> id) {
    const auto end = static_cast<std::int64_t>(program_.launches.size());
    program_.loop_end = static_cast<LaunchId>(end);
    if (!id) return;
    const auto o = reader_.object(*id, "a loop", words::kLoop);
    if (!o) return;
    program_.loop_begin = static_cast<LaunchId>(reader_.integer(*o, "begin", 0, end, 0));
    program_.loop_end = static_cast<LaunchId>(reader_.integer(*o, "end", 0, end, end));
    program_.warmup = reader_.integer(*o, "warmup", 0, kMaxIterations, 0);
    program_.iterations = reader_.integer(*o, "iterations", 1, kMaxIterations, 1);
  }

  // validate() knows boxes by what they are, the text by how they are written.
  base::Span place(JsonPlaces* places, std::string_view path) {
    if (path.ends_with(".elements") || path.ends_with(".domain")) {
      const std::string_view outer = path.substr(0, path.rfind('.'));
      const base::Span around = places->place(outer);
      for (const std::string_view key : {"extents", "domain", "bounds"}) {
        const base::Span at = places->place(fmt::format("{}.{}", outer, key));
        if (at != around) return at;
      }
      return around;
    }
    return places->place(path);
  }

  static constexpr std::size_t kMaxThings = std::size_t{1} << 16;
  static constexpr std::size_t kMaxVariants = 64;

  const JsonText& json_;
  JsonReader reader_;
  BoxReader boxes_;
  Program program_;
  Names region_names_;
  Names partition_names_;
  Names task_names_;
  Names launch_names_;
  std::size_t launches_ = 0;
  std::vector<bool> region_read_;  // whether its elements are known
  std::unordered_map<RegionId, PartitionId> whole_;
};

}  // namespace

base::Result<Program> load(std::string file, std::string text) {
  return load(std::make_shared<base::Source>(std::move(file), std::move(text)));
}

base::Result<Program> load(const base::SourcePtr& source) {
  const auto json = JsonText::parse(source);
  if (!json) return json.problems();
  return load(*json);
}

base::Result<Program> load(const JsonText& json) {
  return Loader(json).run();
}

}  // namespace mapwright::program
