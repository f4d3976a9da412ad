#include "discover/observation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "discover/diagnostics.h"
#include "program/json_words.h"

namespace mapwright::discover {
namespace {

using Json = nlohmann::json;

constexpr Number kLeast = std::numeric_limits<Number>::min();
constexpr Number kMost = std::numeric_limits<Number>::max();

// A line that says something else than lines of its kind do.
struct Unexpected {
  std::string what;
};

// Something in a line, by the key behind which it stands.
class Value {
 public:
  Value(const Json* json, std::string_view key) : json_(json), key_(key) {}

  std::optional<Value> find(const char* key) const {
    if (!json_->is_object()) refuse("an object");
    const auto at = json_->find(key);
    if (at == json_->end()) return std::nullopt;
    return Value(&*at, key);
  }
  Value operator[](const char* key) const {
    const std::optional<Value> found = find(key);
    if (!found) throw Unexpected{fmt::format("there is no '{}'", key)};
    return *found;
  }

  const std::string& text() const {
    if (!json_->is_string()) refuse("a text");
    return json_->get_ref<const std::string&>();
  }
  bool flag() const {
    if (!json_->is_boolean()) refuse("true or false");
    return json_->get<bool>();
  }
  Number number(Number least = kLeast, Number most = kMost) const {
    const bool fits = json_->is_number_unsigned() ? json_->get<std::uint64_t>() <= std::uint64_t{kMost}
                                                  : json_->is_number_integer();
    if (!fits) refuse("a whole number of 64 bits");
    const auto number = json_->get<Number>();
    if (number < least || number > most) throw Unexpected{fmt::format("'{}' cannot be {}", key_, number)};
    return number;
  }
  // So that no arithmetic on coordinates overflows.
  Number coordinate() const { return number(-program::kMaxCoordinate, program::kMaxCoordinate); }
  std::vector<Value> list() const {
    if (!json_->is_array()) refuse("a list");
    std::vector<Value> items;
    items.reserve(json_->size());
    for (const Json& item : *json_) items.emplace_back(&item, key_);
    return items;
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw Unexpected{fmt::format("'{}' is not {}", key_, what)};
  }

  const Json* json_;
  std::string_view key_;
};

program::Box box_of(const Value& value) {
  const std::vector<Value> sides = value.list();
  if (sides.empty() || sides.size() > lang::kMaxLaunchRank)
    throw Unexpected{fmt::format("a box of {} dimensions", sides.size())};
  program::Box box;
  box.rank = static_cast<int>(sides.size());
  for (std::size_t d = 0; d < sides.size(); ++d) {
    const std::vector<Value> ends = sides[d].list();
    if (ends.size() != 2) throw Unexpected{fmt::format("a box with {} ends in one dimension", ends.size())};
    box.lo[d] = ends[0].coordinate();
    box.hi[d] = ends[1].coordinate();
  }
  return box;
}

lang::Point point_of(const Value& value, const lang::Domain& domain) {
  const std::vector<Value> coordinates = value.list();
  bool inside = coordinates.size() == static_cast<std::size_t>(domain.rank);
  lang::Point point{};
  for (std::size_t d = 0; inside && d < coordinates.size(); ++d) {
    point[d] = coordinates[d].coordinate();
    inside = domain.lo[d] <= point[d] && point[d] <= domain.hi[d];
  }
  if (!inside) throw Unexpected{"a point outside of its launch"};
  return point;
}

machine::ProcessorKind kind_named(std::string_view name) {
  const auto kind = machine::processor_kind(name);
  if (!kind) throw Unexpected{fmt::format("'{}' is no kind of processor", base::visible(name))};
  return *kind;
}

program::Privilege privilege_named(std::string_view name) {
  constexpr const auto& kAll = program::words::kPrivileges;
  if (const auto* const found = std::ranges::find(kAll, name); found != kAll.end())
    return static_cast<program::Privilege>(found - kAll.begin());
  throw Unexpected{fmt::format("'{}' is no privilege", base::visible(name))};
}

std::vector<std::string> names_of(const Value& line) {
  std::vector<std::string> names;
  for (const Value& name : line["names"].list()) names.push_back(name.text());
  if (names.empty()) throw Unexpected{"something without any name"};
  return names;
}

std::optional<Number> number_if_any(const Value& value, const char* key) {
  const std::optional<Value> found = value.find(key);
  return found ? std::optional(found->number()) : std::nullopt;
}

class Reader {
 public:
  void read(const Value& line) {
    const std::string& event = line["event"].text();
    if (event == "region")
      region(line);
    else if (event == "space")
      space(line);
    else if (event == "partition")
      partition(line);
    else if (event == "launched")
      launched(line);
    else if (event == "mapped")
      mapped(line);
    else if (event == "ran")
      ran(line);
    else if (event == "copy")
      copied(line);
  }

  Observation take() { return std::move(seen_); }

 private:
  // Of what is told twice, the first counts.

  void region(const Value& line) {
    SeenRegion region;
    region.names = names_of(line);
    region.elements = box_of(line["bounds"]);
    region.space = line["space"].number();
    for (const Value& f : line["fields"].list())
      region.fields.push_back(
          {f["field"].number(), f["name"].text(), f["bytes"].number(0, program::kMaxFieldBytes)});
    seen_.regions.try_emplace(line["region"].number(), std::move(region));
  }

  void space(const Value& line) {
    std::vector<program::Box> boxes;
    for (const Value& box : line["boxes"].list()) boxes.push_back(box_of(box));
    seen_.spaces.try_emplace(line["space"].number(), std::move(boxes));
  }

  void partition(const Value& line) {
    seen_.partitions.try_emplace({line["region"].number(), line["partition"].number()},
                                 SeenPartition{names_of(line), line["disjoint"].flag()});
  }

  // Where a launch stands: below a call, at a place among its launches and, in a must epoch launch, at a
  // point of that.
  using Place = std::tuple<std::optional<Number>, Number, std::vector<Number>>;
  Place place_of(const Value& line) const {
    Place place{parent_of(line), line["order"].number(), {}};
    if (const auto epoch = line.find("epoch"))
      for (const Value& coordinate : epoch->list()) std::get<2>(place).push_back(coordinate.number());
    return place;
  }

  std::optional<Number> parent_of(const Value& line) const {
    const std::optional<Number> parent = number_if_any(line, "parent");
    const auto shard = parent ? shards_.find(*parent) : shards_.end();
    return shard == shards_.end() ? parent : shard->second;
  }

  void launched(const Value& line) {
    SeenLaunch launch;
    launch.task = line["task"].text();
    launch.parent = parent_of(line);
    launch.order = line["order"].number();
    if (const auto bounds = line.find("bounds")) launch.domain = box_of(*bounds);
    for (const Value& kind : line["variants"].list()) launch.variants.push_back(kind_named(kind.text()));
    for (const Value& r : line["requirements"].list()) {
      SeenRequirement requirement;
      requirement.region = number_if_any(r, "region");
      requirement.privilege = privilege_named(r["privilege"].text());
      if (const auto shared = r.find("shared")) requirement.shared = shared->flag();
      for (const Value& field : r["fields"].list()) requirement.fields.push_back(field.number());
      launch.requirements.push_back(std::move(requirement));
    }
    if (by_order_.try_emplace(place_of(line), seen_.launches.size()).second)
      seen_.launches.push_back(std::move(launch));
  }

  void mapped(const Value& line) {
    const Place place = place_of(line);
    const Number call = line["call"].number();
    // A task that is launched alone and mapped more than once is replicated: its shards make the same
    // launches in the same order, and each maps its points of them.
    if (!line.find("point")) {
      const auto [first, fresh] = alone_.try_emplace(place, call);
      if (!fresh && first->second != call) shards_.try_emplace(call, first->second);
    }
    const auto found = by_order_.find(place);
    if (found == by_order_.end()) return;  // its launch was made before anybody watched
    SeenLaunch& launch = seen_.launches[found->second];
    SeenPoint point;
    point.call = call;
    if (launch.domain) point.point = point_of(line["point"], *launch.domain);
    for (const Value& r : line["requirements"].list()) {
      auto& piece = point.pieces.emplace_back();
      if (const auto space = r.find("space"))
        piece = SeenPiece{r["region"].number(), space->number(), number_if_any(r, "partition")};
    }
    if (shards_.contains(call)) return;
    if (calls_.try_emplace(point.call, found->second, launch.points.size()).second)
      launch.points.push_back(std::move(point));
  }

  void ran(const Value& line) {
    const auto found = calls_.find(line["call"].number());
    if (found == calls_.end()) return;
    SeenPoint& point = seen_.launches[found->second.first].points[found->second.second];
    if (const auto processor = line.find("processor")) {
      const std::string_view name = processor->text();
      point.kind = machine::processor_kind(name.substr(0, name.find(' ')));
    }
    if (const auto begin_ns = line.find("begin_ns")) {
      const Number begin = begin_ns->number();
      const Number end = line["end_ns"].number();
      // A time that the runtime could not take is negative.
      if (begin >= 0 && end >= begin) point.seconds = static_cast<double>(end - begin) * 1e-9;
    }
  }

  void copied(const Value& line) {
    ++seen_.copies;
    seen_.copied_bytes += std::min(line["bytes"].number(0), kMost - seen_.copied_bytes);
  }

  Observation seen_;
  std::map<Place, std::size_t> by_order_;                        // launches
  std::map<Number, std::pair<std::size_t, std::size_t>> calls_;  // launch and point
  std::map<Place, Number> alone_;                                // calls of tasks that are launched alone
  std::map<Number, Number> shards_;                              // the call that stands for all
};

base::Diagnostic unreadable(std::int64_t line, std::string_view why) {
  base::Diagnostic d;
  d.kind = &problem::bad_journal;
  d.message = fmt::format("line {} of the journal cannot be read: {}", line, why);
  return d;
}

}  // namespace

base::Result<Observation> read_journal(std::string_view journal) {
  Reader reader;
  std::int64_t number = 0;
  while (!journal.empty()) {
    const std::size_t end = journal.find('\n');
    if (end == std::string_view::npos) break;  // cut
    const std::string_view text = journal.substr(0, end);
    journal.remove_prefix(end + 1);
    ++number;
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) return unreadable(number, "it is no object of JSON");
    try {
      reader.read(Value(&line, "line"));
    } catch (const Unexpected& e) {
      return unreadable(number, e.what);
    }
  }
  return reader.take();
}

}  // namespace mapwright::discover
