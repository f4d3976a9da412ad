#include "program/json_boxes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "program/diagnostics.h"

namespace mapwright::program {
namespace {

using Kind = JsonNode::Kind;

constexpr std::string_view kBoxNote =
    "a box of one dimension is [first, last], one of several a list of these, such as [[0, 9], [0, 4]]";

}  // namespace

std::optional<Box> BoxReader::box(const JsonObject& o, std::string_view extents_key) {
  const auto by_extents = o[extents_key];
  const auto by_bounds = o["bounds"];
  if (by_extents && by_bounds) {
    reader_.report(problem::contradiction, *by_bounds,
                   fmt::format("{} has \"{}\" or \"bounds\", not both", o.what(), extents_key));
    return std::nullopt;
  }
  if (by_bounds) return bounds(*by_bounds, "\"bounds\"");
  if (by_extents) return extents(*by_extents, fmt::format("\"{}\"", extents_key));
  static_cast<void>(reader_.need(o, extents_key, " or \"bounds\""));
  return std::nullopt;
}

std::optional<Box> BoxReader::extents(Id list, std::string_view what) {
  Box box;
  box.rank = 0;
  if (!reader_.is_list(list, what, "a list of extents")) return std::nullopt;
  const std::size_t count = reader_.json().count(list);
  if (count == 0 || count > lang::kMaxLaunchRank) {
    reader_.report(problem::bad_box, list, fmt::format("{} has {} dimensions", what, count),
                   fmt::format("there are 1 to {}", lang::kMaxLaunchRank));
    return std::nullopt;
  }
  bool good = true;
  reader_.json().values(list, [&](Id id) {
    const auto extent = reader_.integer(id, fmt::format("an extent in {}", what), 1, kMaxElements);
    if (extent) box.hi[static_cast<std::size_t>(box.rank)] = *extent - 1;
    ++box.rank;
    good = good && extent;
    return true;
  });
  return good ? std::optional(box) : std::nullopt;
}

bool BoxReader::is_pair(Id id) const {
  const JsonText& json = reader_.json();
  if (!reader_.is(id, Kind::list)) return false;
  const Id first = id + 1;
  return first < json.node(id).end && (reader_.is(first, Kind::integer) || reader_.is(first, Kind::number));
}

// [first, last] as one dimension of a box.
bool BoxReader::span(Id pair, std::string_view what, std::size_t dimension, Box* to) {
  const JsonText& json = reader_.json();
  if (!reader_.is(pair, Kind::list) || json.count(pair) != 2) {
    reader_.report(problem::bad_box, pair, fmt::format("{} has something that is not [first, last]", what),
                   std::string(kBoxNote));
    return false;
  }
  const Id first = pair + 1;
  const Id last = json.node(first).end;
  const auto lo = reader_.integer(first, "a coordinate", -kMaxCoordinate, kMaxCoordinate);
  const auto hi = reader_.integer(last, "a coordinate", -kMaxCoordinate, kMaxCoordinate);
  if (!lo || !hi) return false;
  if (*lo > *hi) {
    reader_.report(problem::bad_box, pair, fmt::format("{} runs from {} to {}", what, *lo, *hi),
                   "the last element stands behind the first, and belongs to the box; an empty piece is []");
    return false;
  }
  to->lo[dimension] = *lo;
  to->hi[dimension] = *hi;
  return true;
}

std::optional<Box> BoxReader::bounds(Id list, std::string_view what) {
  Box box;
  if (!reader_.is_list(list, what, "a box")) return std::nullopt;
  if (is_pair(list)) return span(list, what, 0, &box) ? std::optional(box) : std::nullopt;
  const std::size_t count = reader_.json().count(list);
  if (count == 0 || count > lang::kMaxLaunchRank) {
    reader_.report(problem::bad_box, list, fmt::format("{} has {} dimensions", what, count),
                   fmt::format("there are 1 to {}", lang::kMaxLaunchRank));
    return std::nullopt;
  }
  box.rank = 0;
  bool good = true;
  reader_.json().values(list, [&](Id pair) {
    good = span(pair, what, static_cast<std::size_t>(box.rank), &box) && good;
    ++box.rank;
    return true;
  });
  return good ? std::optional(box) : std::nullopt;
}

bool BoxReader::room(Id id, std::size_t more) {
  if (more <= kMaxBoxes - boxes_) {
    boxes_ += more;
    return true;
  }
  reader_.report(problem::too_large, id, "the partitions have too many boxes",
                 fmt::format("all pieces of all partitions have at most {}", kMaxBoxes));
  return false;
}

bool BoxReader::piece(Id id, int rank, std::vector<Box>* to) {
  const JsonText& json = reader_.json();
  to->clear();
  if (!reader_.is_list(id, "a piece", "a box or a list of boxes")) return false;
  if (json.count(id) == 0) return true;
  const bool one = is_pair(id) || (rank > 1 && is_pair(id + 1));
  bool good = true;
  const auto add = [&](Id box_id) {
    if (!room(box_id, 1)) {
      good = false;
      return false;
    }
    const auto box = bounds(box_id, "a piece");
    if (box && box->rank == rank) {
      to->push_back(*box);
      return true;
    }
    if (box)
      reader_.report(problem::bad_box, box_id,
                     fmt::format("a box here has {}, not {}", base::count_text(rank, "dimension"), box->rank),
                     std::string(kBoxNote));
    good = false;
    return true;
  };
  if (one) {
    add(id);
  } else {
    json.values(id, add);
  }
  return good;
}

void BoxReader::pieces(Id list, const Box& region, Partition* to) {
  if (!reader_.is_list(list, "\"pieces\"", "a list of pieces")) return;
  std::vector<Box> boxes;
  reader_.json().values(list, [&](Id id) {
    if (piece(id, region.rank, &boxes)) to->add(boxes);
    return boxes_ < kMaxBoxes && !reader_.full();
  });
}

std::optional<std::vector<std::int64_t>> BoxReader::numbers(Id id, std::string_view what, int rank,
                                                            std::int64_t least, std::int64_t most) {
  const auto dimensions = static_cast<std::size_t>(rank);
  if (reader_.is(id, Kind::integer)) {
    const auto number = reader_.integer(id, what, least, most);
    if (!number) return std::nullopt;
    return std::vector(dimensions, *number);
  }
  if (!reader_.is_list(id, what, "a list of whole numbers")) return std::nullopt;
  if (const std::size_t count = reader_.json().count(id); count != dimensions) {
    reader_.report(problem::bad_box, id,
                   fmt::format("{} has {}, and the region has {}", what, base::count_text(count, "number"),
                               base::count_text(rank, "dimension")));
    return std::nullopt;
  }
  std::vector<std::int64_t> list;
  reader_.json().values(id, [&](Id value) {
    if (const auto number = reader_.integer(value, fmt::format("a number in {}", what), least, most))
      list.push_back(*number);
    return true;
  });
  return list.size() == dimensions ? std::optional(list) : std::nullopt;
}

void BoxReader::tiles(Id list, std::optional<Id> halo_id, const Box& region, Partition* to) {
  const auto most = static_cast<std::int64_t>(kMaxBoxes);
  const auto counts = numbers(list, "\"tiles\"", region.rank, 1, most);
  const auto halo = halo_id ? numbers(*halo_id, "\"halo\"", region.rank, 0, kMaxElements)
                            : std::vector<std::int64_t>(static_cast<std::size_t>(region.rank), 0);
  if (!counts || !halo) return;
  const Box grid = lang::make_domain(*counts);
  const auto total = grid.size(most);
  if (!room(list, static_cast<std::size_t>(total.value_or(most + 1)))) return;
  to->disjoint = true;
  for (std::size_t d = 0; d < counts->size(); ++d)
    to->disjoint = to->disjoint && ((*counts)[d] == 1 || (*halo)[d] == 0);
  lang::Point at{};
  do {
    Box tile = region;
    bool empty = false;
    for (std::size_t d = 0; d < counts->size(); ++d) {
      const std::int64_t n = region.extent(static_cast<int>(d));
      const std::int64_t g = (*counts)[d];
      // n * i / g, rounded down, where n * i may not fit.
      const auto cut = [&](std::int64_t i) { return region.lo[d] + n / g * i + n % g * i / g; };
      empty = empty || cut(at[d]) == cut(at[d] + 1);
      tile.lo[d] = std::max(cut(at[d]) - (*halo)[d], region.lo[d]);
      tile.hi[d] = std::min(cut(at[d] + 1) - 1 + (*halo)[d], region.hi[d]);
    }
    if (empty) {
      to->add(std::vector<Box>{});
    } else {
      to->add(tile);
    }
  } while (grid.next(&at));
}

}  // namespace mapwright::program
