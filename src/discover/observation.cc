#include "discover/observation.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "discover/diagnostics.h"

namespace mapwright::discover {
namespace {

using Json = nlohmann::json;

// A line that says something else than lines of its kind do.
struct Unexpected {
  std::string what;
};

program::Box box_of(const Json& sides) {
  program::Box box;
  box.rank = static_cast<int>(sides.size());
  if (box.rank < 1 || box.rank > lang::kMaxLaunchRank) throw Unexpected{"a box of no usual number of dimensions"};
  for (std::size_t d = 0; d < sides.size(); ++d) {
    box.lo[d] = sides[d].at(0).get<std::int64_t>();
    box.hi[d] = sides[d].at(1).get<std::int64_t>();
  }
  return box;
}

machine::ProcessorKind kind_named(std::string_view name) {
  const auto kind = machine::processor_kind(name);
  if (!kind) throw Unexpected{fmt::format("'{}' is no kind of processor", base::visible(name))};
  return *kind;
}

program::Privilege privilege_named(const std::string& name) {
  constexpr std::pair<std::string_view, program::Privilege> kAll[] = {
      {"none", program::Privilege::none},
      {"read", program::Privilege::read},
      {"write", program::Privilege::write},
      {"read_write", program::Privilege::read_write},
      {"reduce", program::Privilege::reduce}};
  for (const auto& [word, privilege] : kAll)
    if (word == name) return privilege;
  throw Unexpected{fmt::format("'{}' is no privilege", base::visible(name))};
}

std::vector<std::string> names_of(const Json& line) {
  auto names = line.at("names").get<std::vector<std::string>>();
  if (names.empty()) throw Unexpected{"something without any name"};
  return names;
}

class Reader {
 public:
  void read(const Json& line) {
    const auto& event = line.at("event").get_ref<const std::string&>();
    if (event == "region") region(line);
    else if (event == "space") space(line);
    else if (event == "partition") partition(line);
    else if (event == "launched") launched(line);
    else if (event == "mapped") mapped(line);
    else if (event == "ran") ran(line);
    else if (event == "copy") copied(line);
  }

  Observation take() { return std::move(seen_); }

 private:
  void region(const Json& line) {
    SeenRegion region;
    region.names = names_of(line);
    region.elements = box_of(line.at("bounds"));
    region.space = line.at("space").get<Number>();
    for (const Json& f : line.at("fields"))
      region.fields.push_back(
          {f.at("field").get<Number>(), f.at("name").get<std::string>(), f.at("bytes").get<std::int64_t>()});
    seen_.regions.try_emplace(line.at("region").get<Number>(), std::move(region));
  }

  void space(const Json& line) {
    std::vector<program::Box> boxes;
    for (const Json& box : line.at("boxes")) boxes.push_back(box_of(box));
    seen_.spaces.try_emplace(line.at("space").get<Number>(), std::move(boxes));
  }

  void partition(const Json& line) {
    seen_.partitions.try_emplace({line.at("region").get<Number>(), line.at("partition").get<Number>()},
                                 SeenPartition{names_of(line), line.at("disjoint").get<bool>()});
  }

  static std::optional<Number> parent(const Json& line) {
    if (!line.contains("parent")) return std::nullopt;
    return line.at("parent").get<Number>();
  }

  void launched(const Json& line) {
    SeenLaunch launch;
    launch.task = line.at("task").get<std::string>();
    launch.parent = parent(line);
    launch.order = line.at("order").get<Number>();
    if (line.contains("bounds")) launch.domain = box_of(line.at("bounds"));
    for (const Json& kind : line.at("variants")) launch.variants.push_back(kind_named(kind.get_ref<const std::string&>()));
    for (const Json& r : line.at("requirements")) {
      SeenRequirement requirement;
      if (r.contains("region")) requirement.region = r.at("region").get<Number>();
      requirement.privilege = privilege_named(r.at("privilege").get_ref<const std::string&>());
      requirement.shared = r.contains("shared");
      requirement.fields = r.at("fields").get<std::vector<Number>>();
      launch.requirements.push_back(std::move(requirement));
    }
    by_order_[{launch.parent.value_or(-1), launch.order}] = seen_.launches.size();
    seen_.launches.push_back(std::move(launch));
  }

  void mapped(const Json& line) {
    const auto found = by_order_.find({parent(line).value_or(-1), line.at("order").get<Number>()});
    if (found == by_order_.end()) return;  // its launch was made before anybody watched
    SeenLaunch& launch = seen_.launches[found->second];
    SeenPoint point;
    point.call = line.at("call").get<Number>();
    if (line.contains("point")) {
      const Json& p = line.at("point");
      if (p.size() > lang::kMaxLaunchRank) throw Unexpected{"a point of too many dimensions"};
      for (std::size_t d = 0; d < p.size(); ++d) point.point[d] = p[d].get<std::int64_t>();
    }
    for (const Json& r : line.at("requirements")) {
      if (!r.contains("space")) {
        point.pieces.emplace_back();
        continue;
      }
      SeenPiece piece{r.at("region").get<Number>(), r.at("space").get<Number>(), std::nullopt};
      if (r.contains("partition")) piece.partition = r.at("partition").get<Number>();
      point.pieces.emplace_back(piece);
    }
    point.pieces.resize(launch.requirements.size());
    calls_[point.call] = {found->second, launch.points.size()};
    launch.points.push_back(std::move(point));
  }

  void ran(const Json& line) {
    const auto found = calls_.find(line.at("call").get<Number>());
    if (found == calls_.end()) return;
    SeenPoint& point = seen_.launches[found->second.first].points[found->second.second];
    if (line.contains("processor")) {
      const auto& name = line.at("processor").get_ref<const std::string&>();
      point.kind = machine::processor_kind(std::string_view(name).substr(0, name.find(' ')));
    }
    if (line.contains("begin_ns"))
      point.seconds = (line.at("end_ns").get<double>() - line.at("begin_ns").get<double>()) * 1e-9;
  }

  void copied(const Json& line) {
    ++seen_.copies;
    seen_.copied_bytes += line.at("bytes").get<std::int64_t>();
  }

  Observation seen_;
  std::map<std::pair<Number, Number>, std::size_t> by_order_;        // launches, by parent and order
  std::map<Number, std::pair<std::size_t, std::size_t>> calls_;  // launch and point
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
    try {
      reader.read(Json::parse(text));
    } catch (const Json::exception& e) {
      return unreadable(number, base::visible(e.what()));
    } catch (const Unexpected& e) {
      return unreadable(number, e.what);
    }
  }
  return reader.take();
}

}  // namespace mapwright::discover
