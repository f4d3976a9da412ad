#include "program/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>

#include "base/text.h"
#include "program/diagnostics.h"

namespace mapwright::program {

std::string Path::text() const {
  std::string text;
  for (std::size_t i = 0; i < size_; ++i) {
    const auto& [name, index] = parts_[i];
    text += fmt::format("{}{}", i == 0 ? "" : ".", name);
    if (index != kNoIndex) text += fmt::format("[{}]", index);
  }
  return text;
}

void Findings::add(const base::DiagnosticKind& kind, const Path& path, std::string message,
                   std::string note) {
  base::Diagnostic d{&kind, nullptr, {}, std::move(message), std::move(note), {}, {}};
  if (text_ != nullptr) {
    d.source = text_->source;
    d.where = text_->place(path.text());
  }
  found_.add(std::move(d));
}

base::Diagnostics Findings::take() {
  if (text_ != nullptr) found_.sort();
  return std::move(found_);
}

std::string call(const Program& program, std::size_t launch) {
  return fmt::format("launch {} (`{}`)", launch, program.tasks[program.launches[launch].task].name);
}

namespace {

constexpr std::size_t kMostRegionRank = 3;

bool good_name(std::string_view name) {
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = base::utf8_length(name, i);
    if (length == 0) return false;
    i += length;
  }
  // Mappers write any other name between double quotes.
  return !name.empty() && name.size() <= kLongestName && std::ranges::none_of(name, [](char c) {
    return c == '"' || c == '\x7F' || static_cast<unsigned char>(c) < 0x20;
  });
}

// "0..3 x 2..5".
std::string bounds_text(const Box& box) {
  std::string text;
  for (std::size_t d = 0; d < static_cast<std::size_t>(box.rank); ++d)
    text += fmt::format("{}{}..{}", d == 0 ? "" : " x ", box.lo[d], box.hi[d]);
  return text;
}

// Which part of a run a launch belongs to.
enum class Section : std::uint8_t { before, loop, after };

class Structure {
 public:
  Structure(const Program& program, Findings* found) : program_(program), found_(found) {}

  void run() {
    program();
    sound_.resize(program_.regions.size(), false);
    for (std::size_t i = 0; i < program_.regions.size(); ++i) region(i);
    std::size_t boxes = 0;
    for (const Partition& p : program_.partitions) boxes += p.boxes.size();
    limit(boxes, kMaxBoxes, "partitions", "boxes in all partitions");
    limit(program_.launches.size(), kMaxLaunches, "launches", "launches");
    for (std::size_t i = 0; i < program_.partitions.size(); ++i) partition(i);
    for (std::size_t i = 0; i < program_.tasks.size(); ++i) task(i);
    // Problems of launches are told by the names of their tasks, and by what their partitions have.
    if (!found_->empty()) return;
    for (std::size_t i = 0; i < program_.launches.size(); ++i) launch(i);
    if (!found_->empty()) return;
    for (std::size_t i = 0; i < program_.launches.size(); ++i) parent(i);
    if (!found_->empty()) return;
    find_ends();
    for (std::size_t i = 0; i < program_.launches.size(); ++i) futures(i);
  }

 private:
  void name(std::string_view text, const Path& path, std::string_view what) {
    if (good_name(text)) return;
    found_->add(problem::bad_name, path,
                fmt::format("`{}` cannot be the name of a {}", base::shortened(text, 64), what),
                fmt::format("a name has 1 to {} bytes of UTF-8, without double quotes and control characters",
                            kLongestName));
  }

  template <class Set>
  void unique_name(Set* seen, const std::string& text, const Path& path, std::string_view what) {
    name(text, path, what);
    if (!seen->insert(text).second)
      found_->add(problem::duplicate_name, path, fmt::format("there are two {}s called `{}`", what, text));
  }

  // Whether it is.
  bool in_range(std::int64_t value, std::int64_t least, std::int64_t most, const Path& path,
                std::string_view what) {
    if (value >= least && value <= most) return true;
    found_->add(problem::out_of_range, path, fmt::format("{} cannot be {}", what, value),
                least <= most ? fmt::format("it lies between {} and {}", least, most) : "");
    return false;
  }

  void limit(std::size_t count, std::size_t most, std::string_view path, std::string_view what) {
    if (count <= most) return;
    found_->add(problem::too_large, Path(path), fmt::format("there are {} {}", count, what),
                fmt::format("there are at most {}", most));
  }

  void share(double value, const Path& path, std::string_view what) {
    if (value > 0 && value <= 1) return;
    found_->add(problem::out_of_range, path, fmt::format("{} cannot be {}", what, value),
                "it is over 0 and at most 1");
  }

  void program() {
    name(program_.name, Path("name"), "program");
    in_range(program_.ranks_per_node, 1, kMaxRanks, Path("ranks_per_node"), "the number of ranks of a node");
    in_range(program_.warmup, 0, kMaxIterations, Path("loop.warmup"), "the number of warm-up iterations");
    in_range(program_.iterations, 1, kMaxIterations, Path("loop.iterations"),
             "the number of timed iterations");
    name(program_.metric.name, Path("metric.name"), "metric");
    if (!(program_.metric.scale > 0) || !std::isfinite(program_.metric.scale))
      found_->add(problem::out_of_range, Path("metric.scale"),
                  fmt::format("the scale of the metric cannot be {}", program_.metric.scale),
                  "it is a number over 0");
    for (const auto& [key, value] : program_.parameters) name(key, Path("parameters"), "parameter");
    if (program_.loop_begin >= program_.loop_end || program_.loop_end > program_.launches.size())
      found_->add(
          problem::bad_loop, Path("loop"),
          fmt::format("the loop cannot be launches {} to {}", program_.loop_begin, program_.loop_end),
          fmt::format("the first number is its first launch, the second the one behind its last, of {}; only "
                      "the loop is timed",
                      program_.launches.size()));
  }

  void region(std::size_t i) {
    const Region& r = program_.regions[i];
    const Path path("regions", i);
    unique_name(&regions_, r.name, path.in("name"), "region");
    const Path elements = path.in("elements");
    if (r.elements.rank < 1 || r.elements.rank > static_cast<int>(kMostRegionRank)) {
      found_->add(problem::bad_box, elements, fmt::format("`{}` has {} dimensions", r.name, r.elements.rank),
                  fmt::format("a region has 1 to {}", kMostRegionRank));
    } else if (const auto size = bounded(r.elements) ? r.elements.size(kMaxElements) : std::nullopt; !size) {
      found_->add(
          problem::too_large, elements, fmt::format("`{}` has too many elements", r.name),
          fmt::format("a region has at most {}, at coordinates up to {}", kMaxElements, kMaxCoordinate));
    } else if (*size == 0) {
      found_->add(problem::bad_box, elements, fmt::format("`{}` has no elements", r.name));
    } else {
      sound_[i] = true;
      fields(r, *size, path);
    }
  }

  void fields(const Region& r, std::int64_t elements, const Path& path) {
    if (r.fields.empty() || r.fields.size() > kMaxFields) {
      found_->add(problem::bad_fields, path.in("fields"),
                  fmt::format("`{}` has {} fields", r.name, r.fields.size()),
                  fmt::format("a region has 1 to {}", kMaxFields));
      return;
    }
    std::unordered_set<std::string_view> seen;
    bool sound = true;
    for (std::size_t f = 0; f < r.fields.size(); ++f) {
      const Path at = path.in("fields", f);
      unique_name(&seen, r.fields[f].name, at.in("name"), "field");
      sound = in_range(r.fields[f].bytes, 1, kMaxFieldBytes, at.in("bytes"),
                       fmt::format("the bytes of `{}`", r.fields[f].name)) &&
              sound;
    }
    if (sound && r.bytes(r.all_fields()) > kMaxBytes / elements)
      found_->add(problem::too_large, path.in("fields"), fmt::format("`{}` has too many bytes", r.name),
                  fmt::format("all elements and fields of a region have at most {}", kMaxBytes));
  }

  static bool bounded(const Box& box) {
    for (std::size_t d = 0; d < static_cast<std::size_t>(box.rank); ++d) {
      if (std::min(box.lo[d], box.hi[d]) < -kMaxCoordinate || std::max(box.lo[d], box.hi[d]) > kMaxCoordinate)
        return false;
    }
    return true;
  }

  static bool inside(const Box& box, const Box& outer) {
    for (std::size_t d = 0; d < static_cast<std::size_t>(box.rank); ++d) {
      if (box.lo[d] < outer.lo[d] || box.hi[d] > outer.hi[d] || box.lo[d] > box.hi[d]) return false;
    }
    return true;
  }

  void partition(std::size_t i) {
    const Partition& p = program_.partitions[i];
    const Path path("partitions", i);
    name(p.name, path.in("name"), "partition");
    if (p.region >= program_.regions.size()) {
      found_->add(problem::bad_reference, path.in("region"),
                  fmt::format("`{}` is a partition of region {}, and there are {}", p.name, p.region,
                              program_.regions.size()),
                  "regions are counted from 0");
      return;
    }
    base::expects(!p.begins.empty() && p.begins.front() == 0 && p.begins.back() == p.boxes.size() &&
                      std::ranges::is_sorted(p.begins),
                  "the pieces of a partition are its boxes in order");
    if (p.pieces() == 0)
      found_->add(problem::bad_pieces, path.in("pieces"), fmt::format("`{}` has no pieces", p.name));
    in_range(static_cast<std::int64_t>(p.pieces()), 0, kMaxPoints, path.in("pieces"),
             fmt::format("the number of pieces of `{}`", p.name));
    const Region& r = program_.regions[p.region];
    if (!sound_[p.region]) return;
    for (std::size_t piece = 0; piece < p.pieces(); ++piece) {
      for (std::size_t b = p.begins[piece]; b < p.begins[piece + 1]; ++b) {
        const Box& box = p.boxes[b];
        if (box.rank == r.elements.rank && inside(box, r.elements)) continue;
        // One is enough: where a size is wrong, all are.
        found_->add(problem::bad_box, path.in("pieces", piece),
                    fmt::format("piece {} of `{}` is not inside `{}`: it has {}", piece, p.name, r.name,
                                bounds_text(box)),
                    fmt::format("the elements of `{}` are {}", r.name, bounds_text(r.elements)));
        return;
      }
    }
  }

  void task(std::size_t i) {
    const Task& t = program_.tasks[i];
    const Path path("tasks", i);
    unique_name(&tasks_, t.name, path.in("name"), "task");
    if (t.variants.empty())
      found_->add(problem::bad_variants, path, fmt::format("`{}` has no variant", t.name),
                  "without one there is no kind of processor that it could run on");
    for (std::size_t v = 0; v < t.variants.size(); ++v) {
      const Variant& variant = t.variants[v];
      const Path at = path.in("variants", v);
      if (t.variant(variant.kind) != &variant)
        found_->add(problem::bad_variants, at,
                    fmt::format("`{}` has two variants for {}", t.name, machine::name_of(variant.kind)));
      if (variant.peak_share) share(*variant.peak_share, at.in("peak_share"), "the share of the peak");
      share(variant.streaming_share, at.in("streaming_share"), "the share of the bandwidth");
    }
  }

  void launch(std::size_t i) {
    const Launch& l = program_.launches[i];
    const Path path("launches", i);
    if (l.task >= program_.tasks.size()) {
      found_->add(problem::bad_reference, path.in("task"),
                  fmt::format("launch {} is of task {}, and there are {}", i, l.task, program_.tasks.size()),
                  "tasks are counted from 0");
      return;
    }
    if (l.domain.rank < 1 || l.domain.rank > lang::kMaxLaunchRank) {
      found_->add(problem::bad_domain, path.in("domain"),
                  fmt::format("the domain of {} has {} dimensions", call(program_, i), l.domain.rank),
                  fmt::format("it has 1 to {}", lang::kMaxLaunchRank));
      return;
    }
    const auto points = bounded(l.domain) ? l.domain.size(kMaxPoints) : std::nullopt;
    if (!points || *points > kMaxPoints - points_) {
      found_->add(problem::too_large, path.in("domain"),
                  fmt::format("the launches up to {} have too many points", call(program_, i)),
                  fmt::format("all launches have at most {} together, at coordinates up to {}", kMaxPoints,
                              kMaxCoordinate));
      return;
    }
    points_ += *points;
    if (*points == 0) {
      found_->add(problem::bad_domain, path.in("domain"), fmt::format("{} has no points", call(program_, i)));
      return;
    }
    if (l.single && *points != 1)
      found_->add(problem::bad_domain, path.in("domain"),
                  fmt::format("{} is single, but has {} points", call(program_, i), *points));
    amounts(l.flops, *points, path.in("flops"), i);
    if (l.requirements.size() > kMaxRequirements)
      found_->add(problem::too_large, path.in("requirements"),
                  fmt::format("{} has too many requirements", call(program_, i)),
                  fmt::format("it has at most {}", kMaxRequirements));
    if (l.futures.size() > kMaxRequirements)
      found_->add(problem::too_large, path.in("futures"),
                  fmt::format("{} needs too many futures", call(program_, i)),
                  fmt::format("it needs at most {}", kMaxRequirements));
    for (std::size_t r = 0; r < l.requirements.size(); ++r)
      requirement(l.requirements[r], *points, path.in("requirements", r), i);
  }

  void amounts(const PerPoint& amounts, std::int64_t points, const Path& path, std::size_t launch) {
    const auto& values = amounts.values;
    if (values.size() > 1 && values.size() != static_cast<std::size_t>(points)) {
      found_->add(
          problem::wrong_count, path,
          fmt::format("{} has {} points, and {} numbers here", call(program_, launch), points, values.size()),
          "it takes one number for all points, or one for each");
      return;
    }
    for (std::size_t v = 0; v < values.size(); ++v) {
      if (values[v] >= 0 && std::isfinite(values[v])) continue;
      amount(values[v], values.size() == 1 ? path : path.at(v));
      return;
    }
  }

  void amount(double value, const Path& path) {
    if (value >= 0 && std::isfinite(value)) return;
    found_->add(problem::out_of_range, path, fmt::format("an amount cannot be {}", value),
                "it is a number from 0");
  }

  void requirement(const Requirement& q, std::int64_t points, const Path& path, std::size_t launch) {
    if (q.partition >= program_.partitions.size()) {
      found_->add(problem::bad_reference, path.in("partition"),
                  fmt::format("{} takes partition {}, and there are {}", call(program_, launch), q.partition,
                              program_.partitions.size()),
                  "partitions are counted from 0");
      return;
    }
    const Partition& p = program_.partitions[q.partition];
    const Region& r = program_.regions[p.region];
    const auto who = [&] { return call(program_, launch); };
    if (q.pieces.empty() && p.pieces() < static_cast<std::size_t>(points)) {
      found_->add(problem::bad_pieces, path,
                  fmt::format("{} has {} points, and `{}` has {} pieces", who(), points, p.name, p.pieces()),
                  "point i takes piece i where nothing else is said");
    } else if (q.pieces.size() > 1 && q.pieces.size() != static_cast<std::size_t>(points)) {
      found_->add(problem::wrong_count, path.in("pieces"),
                  fmt::format("{} has {} points, and {} numbers here", who(), points, q.pieces.size()),
                  "it takes one piece for all points, or one for each");
    }
    const auto beyond =
        std::ranges::find_if(q.pieces, [&](std::uint32_t piece) { return piece >= p.pieces(); });
    if (beyond != q.pieces.end())
      found_->add(problem::bad_reference,
                  path.in("pieces", static_cast<std::size_t>(beyond - q.pieces.begin())),
                  fmt::format("{} takes piece {} of `{}`, which has {}", who(), *beyond, p.name, p.pieces()),
                  "pieces are counted from 0");
    if ((q.fields & ~r.all_fields()) != 0 || (q.fields == 0 && q.privilege != Privilege::none))
      found_->add(problem::bad_fields, path.in("fields"),
                  q.fields == 0 ? fmt::format("{} takes no field of `{}`", who(), p.name)
                                : fmt::format("{} takes fields that `{}` does not have", who(), r.name));
    if (q.streamed) amount(*q.streamed, path.in("streamed"));
    amounts(q.gathers, points, path.in("gathers"), launch);
    amounts(q.atomics, points, path.in("atomics"), launch);
  }

  Section section(std::size_t launch) const {
    return launch < program_.loop_begin ? Section::before
           : launch < program_.loop_end ? Section::loop
                                        : Section::after;
  }

  // Keeps the launch, the one that it stands below, and so on: the next launch stands below one of them, or
  // at the top.
  void parent(std::size_t i) {
    const Launch& l = program_.launches[i];
    const Path path = Path("launches", i).in("parent");
    if (!l.parent) {
      open_.assign(1, {i, 0});
      return;
    }
    const Parent& above = *l.parent;
    if (above.launch >= i) {
      found_->add(problem::bad_parent, path,
                  fmt::format("{} stands below launch {}", call(program_, i), above.launch),
                  "a launch comes behind the one that it stands below");
      return;
    }
    const Launch& outer = program_.launches[above.launch];
    if (!program_.tasks[outer.task].inner) {
      found_->add(problem::bad_parent, path,
                  fmt::format("{} stands below {}, which is no inner task", call(program_, i),
                              call(program_, above.launch)),
                  "only inner tasks launch others");
      return;
    }
    if (above.position < 0 || above.position >= outer.points()) {
      found_->add(problem::bad_parent, path,
                  fmt::format("{} stands below point {} of {}, which has {}", call(program_, i),
                              above.position, call(program_, above.launch), outer.points()),
                  "points are counted from 0");
      return;
    }
    if (section(i) != section(above.launch)) {
      found_->add(problem::bad_loop, path,
                  fmt::format("the loop separates {} from {}, below which it stands", call(program_, i),
                              call(program_, above.launch)));
      return;
    }
    while (!open_.empty() && open_.back().launch != above.launch) open_.pop_back();
    if (open_.empty() || open_.back().position > above.position) {
      found_->add(problem::bad_order, path,
                  fmt::format("{} comes too late for point {} of {}", call(program_, i), above.position,
                              call(program_, above.launch)),
                  "launches stand in program order: all that stand below one point before those below the "
                  "next point, "
                  "and these before the next launch outside");
      // One report is enough: what follows stands in the same wrong place.
      open_.assign(1, {above.launch, above.position});
    }
    open_.back().position = above.position;
    open_.push_back({i, 0});
  }

  // Where the launches below each one end: they stand together.
  void find_ends() {
    ends_.resize(program_.launches.size(), 0);
    for (std::size_t i = program_.launches.size(); i-- > 0;) {
      ends_[i] = std::max(ends_[i], i + 1);
      if (const auto& above = program_.launches[i].parent)
        ends_[above->launch] = std::max(ends_[above->launch], ends_[i]);
    }
  }

  void futures(std::size_t i) {
    const Launch& l = program_.launches[i];
    for (std::size_t k = 0; k < l.futures.size(); ++k) {
      const LaunchId f = l.futures[k];
      const Path path = Path("launches", i).in("futures", k);
      if (f >= program_.launches.size()) {
        found_->add(problem::bad_reference, path,
                    fmt::format("{} needs the future of launch {}, and there are {}", call(program_, i), f,
                                program_.launches.size()),
                    "launches are counted from 0");
      } else if (f >= i && (section(i) != Section::loop || section(f) != Section::loop)) {
        found_->add(problem::bad_future, path,
                    fmt::format("{} needs the future of {}, which does not come before it", call(program_, i),
                                call(program_, f)),
                    "only in the loop can a future be that of the iteration before");
      } else if (f < i && i < ends_[f]) {
        found_->add(problem::bad_future, path,
                    fmt::format("{} needs the future of {}, below which it stands", call(program_, i),
                                call(program_, f)),
                    "a task ends after all that stand below it");
      }
    }
  }

  struct Open {
    std::size_t launch = 0;
    std::int64_t position = 0;  // of the point below which the last launch stood
  };

  const Program& program_;
  Findings* found_;
  std::unordered_set<std::string_view> regions_;
  std::unordered_set<std::string_view> tasks_;
  std::vector<bool> sound_;  // regions with elements that pieces can be held against
  std::int64_t points_ = 0;
  std::vector<Open> open_;
  std::vector<std::size_t> ends_;
};

}  // namespace

void check_structure(const Program& program, Findings* found) {
  Structure(program, found).run();
}

base::Diagnostics validate(const Program& program, const Text* text) {
  Findings found(text);
  check_structure(program, &found);
  if (found.empty()) check_accesses(program, &found);
  return found.take();
}

}  // namespace mapwright::program
