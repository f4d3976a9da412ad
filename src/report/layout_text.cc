#include "report/layout_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "report/table.h"

namespace mapwright::report {
namespace {

// Of 256, readable on dark and on light backgrounds.
constexpr std::array<int, 8> kColors = {33, 166, 35, 168, 98, 136, 37, 244};

struct Cell {
  std::string text;
  std::uint32_t node = 0;
  bool colored = true;
};

std::string plural(std::int64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

class Picture {
 public:
  explicit Picture(bool color) : color_(color) {}

  // Cells with a label before them, right-aligned to the same width.
  void line(std::string_view label, std::size_t label_width, const std::vector<Cell>& cells,
            std::size_t width, std::string_view more) {
    text_ += fmt::format("  {:>{}}", label, label_width);
    for (const Cell& c : cells) {
      text_.append(1 + width - c.text.size(), ' ');
      text_ += color_ && c.colored
                   ? fmt::format("\033[38;5;{}m{}\033[0m", kColors[c.node % kColors.size()], c.text)
                   : c.text;
    }
    if (!more.empty()) text_ += fmt::format(" {}", more);
    while (text_.back() == ' ') text_.pop_back();
    text_ += '\n';
  }
  void say(std::string_view line) { text_ += fmt::format("{}\n", line); }
  std::string take() { return std::move(text_); }

 private:
  bool color_;
  std::string text_;
};

std::size_t widest(const std::vector<Cell>& cells) {
  std::size_t width = 1;
  for (const Cell& c : cells) width = std::max(width, c.text.size());
  return width;
}

// In rows of kMostColumns, each with the number of its first cell before it.
void in_lines(Picture& picture, const std::vector<Cell>& cells, std::int64_t first, std::string_view what) {
  const auto count = static_cast<std::int64_t>(cells.size());
  const std::int64_t lines = std::min((count + kMostColumns - 1) / kMostColumns, kMostLines);
  const std::size_t label = fmt::format("{}", first + (lines - 1) * kMostColumns).size();
  const std::size_t width = widest(cells);
  for (std::int64_t l = 0; l < lines; ++l) {
    const auto begin = cells.begin() + l * kMostColumns;
    const auto end = cells.begin() + std::min(count, (l + 1) * kMostColumns);
    picture.line(fmt::format("{}", first + l * kMostColumns), label, {begin, end}, width, "");
  }
  if (const std::int64_t left = count - lines * kMostColumns; left > 0)
    picture.say(fmt::format("  ... and {} more {}", left, what));
}

// The last two dimensions as rows and columns; those before them one slice after the other.
void in_grids(Picture& picture, const lang::Domain& domain, const std::vector<Cell>& cells) {
  const auto rows_at = static_cast<std::size_t>(domain.rank - 2);
  const auto columns_at = static_cast<std::size_t>(domain.rank - 1);
  const std::int64_t rows = domain.extent(domain.rank - 2);
  const std::int64_t columns = domain.extent(domain.rank - 1);
  const std::int64_t slices = static_cast<std::int64_t>(cells.size()) / (rows * columns);
  const std::int64_t shown_columns = std::min(columns, kMostColumns);
  std::size_t width = widest(cells);
  std::vector<Cell> heads;
  heads.reserve(static_cast<std::size_t>(shown_columns));
  for (std::int64_t c = 0; c < shown_columns; ++c)
    heads.push_back({fmt::format("{}", domain.lo[columns_at] + c), 0, false});
  width = std::max(width, widest(heads));
  const std::size_t label =
      std::max(fmt::format("{}", domain.lo[rows_at]).size(), fmt::format("{}", domain.hi[rows_at]).size());
  lang::Point p = domain.lo;
  std::int64_t lines = 0;
  for (std::int64_t s = 0; s < slices && lines < kMostLines; ++s) {
    const auto first = static_cast<std::size_t>(s * rows * columns);
    if (domain.rank > 2) {
      std::string name;
      for (std::size_t d = 0; d < rows_at; ++d) name += fmt::format("{}, ", p[d]);
      picture.say(fmt::format("  ({}*, *)", name));
    }
    picture.line("", label, heads, width, "");
    std::int64_t row = 0;
    for (; row < rows && lines < kMostLines; ++row, ++lines) {
      const auto begin = cells.begin() + static_cast<std::ptrdiff_t>(first) + row * columns;
      picture.line(fmt::format("{}", domain.lo[rows_at] + row), label, {begin, begin + shown_columns}, width,
                   shown_columns < columns ? "..." : "");
    }
    for (std::int64_t i = 0; i < rows * columns; ++i) domain.next(&p);
  }
  if (lines < rows * slices) {
    picture.say(fmt::format("  ... and {}", plural(rows * slices - lines, "more row", "more rows")));
  } else if (shown_columns < columns) {
    picture.say(fmt::format("  ... and {}", plural(columns - shown_columns, "more column", "more columns")));
  }
}

void show_launch(Picture& picture, const LaunchPicture& launch, const program::Program& program) {
  std::vector<Cell> cells;
  cells.reserve(launch.slots.size());
  for (const lang::Slot& s : launch.slots)
    cells.push_back({fmt::format("{}.{}", s.node, s.processor), s.node});
  picture.say("");
  picture.say(fmt::format("{}: {}", title_of(launch, program), counts_of(launch)));
  if (launch.domain.rank == 1) {
    in_lines(picture, cells, launch.domain.lo[0], launch.single ? "launches" : "points");
  } else {
    in_grids(picture, launch.domain, cells);
  }
}

// A row for each kind of memory that holds pieces: a piece stands in the row of its memory.
void show_homes(Picture& picture, const PartitionPicture& partition, const plan::Plan& plan) {
  const program::Partition& p = plan.program->partitions[partition.partition];
  picture.say("");
  std::string of;
  if (const std::string& region = plan.program->regions[p.region].name; region != p.name)
    of = fmt::format(" of {}", base::visible(region));
  std::set<machine::MemoryKind> kinds;
  std::set<machine::MemoryKind> others;
  std::int64_t sums = 0;
  std::int64_t collected = 0;
  std::vector<Cell> cells;
  for (const Home& h : partition.homes) {
    if (h.memory == plan::kNone) {
      cells.push_back({"-", 0, false});
      continue;
    }
    const plan::Memory& m = plan.site->memories()[h.memory];
    kinds.insert(m.kind);
    for (const plan::MemoryId other : h.others) others.insert(plan.site->memories()[other].kind);
    sums += h.sums ? 1 : 0;
    collected += h.collected ? 1 : 0;
    cells.push_back({place_text(*plan.site, h.memory), m.node});
  }
  std::string line = fmt::format("{}{}: {}, {}", base::visible(p.name), of,
                                 plural(static_cast<std::int64_t>(p.pieces()), "piece", "pieces"),
                                 bytes_of(partition, kinds));
  for (const machine::MemoryKind kind : kinds) others.erase(kind);
  if (!others.empty()) line += "; also " + bytes_of(partition, others);
  if (sums > 0) line += fmt::format("; {} as sums only", sums);
  if (collected > 0) line += fmt::format("; {} collected after use", collected);
  picture.say(line);
  // Where kinds are mixed, each cell says which.
  for (std::size_t i = 0; kinds.size() > 1 && i < cells.size(); ++i) {
    if (partition.homes[i].memory != plan::kNone)
      cells[i].text = memory_text(*plan.site, partition.homes[i].memory);
  }
  in_lines(picture, cells, 0, "pieces");
}

}  // namespace

std::string bytes_of(const PartitionPicture& picture, const std::set<machine::MemoryKind>& kinds) {
  std::string text;
  for (const machine::MemoryKind kind : kinds) {
    text += fmt::format("{}{} in {}", text.empty() ? "" : ", ",
                        base::bytes_text(static_cast<double>(picture.bytes[kind])), name_of(kind));
  }
  return text;
}

std::string title_of(const LaunchPicture& picture, const program::Program& program) {
  const std::string name = base::visible(program.tasks[picture.task].name);
  if (picture.single) {
    return fmt::format("{} on {}, {}{}", name, name_of(picture.kind),
                       plural(picture.launches, "single launch", "single launches"),
                       picture.inner ? ", launches others" : "");
  }
  return fmt::format("{} {} on {}{}{}", name, lang::domain_text(picture.domain), name_of(picture.kind),
                     picture.launches > 1 ? fmt::format(", {} launches", picture.launches) : "",
                     picture.inner ? ", launches others" : "");
}

std::string counts_of(const LaunchPicture& picture) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> points;
  for (const lang::Slot& s : picture.slots) ++points[{s.node, s.processor}];
  std::int64_t least = points.begin()->second;
  std::int64_t most = least;
  for (const auto& [slot, here] : points) {
    least = std::min(least, here);
    most = std::max(most, here);
  }
  const auto count = static_cast<std::int64_t>(points.size());
  std::string each;
  if (count > 1 && most > 1)
    each = least == most ? fmt::format(", {} each", most) : fmt::format(", {} to {} each", least, most);
  return fmt::format("{} on {}{}",
                     picture.single
                         ? plural(static_cast<std::int64_t>(picture.slots.size()), "task", "tasks")
                         : plural(static_cast<std::int64_t>(picture.slots.size()), "point", "points"),
                     plural(count, "processor", "processors"), each);
}

std::string layout_text(const plan::Plan& plan, bool color) {
  Picture picture(color);
  const bool ranks = plan.site->ranks_per_node() > 1;
  picture.say(fmt::format("{} on {} of {}", base::visible(plan.program->name),
                          plural(plan.site->nodes(), "node", "nodes"),
                          base::visible(plan.site->machine().name)));
  picture.say("");
  picture.say(fmt::format("placement: {}.processor of every point", ranks ? "rank" : "node"));
  for (const LaunchPicture& l : launch_pictures(plan)) show_launch(picture, l, *plan.program);
  picture.say("");
  picture.say(fmt::format("homes: {}", kHomes));
  for (const PartitionPicture& p : partition_pictures(plan)) show_homes(picture, p, plan);
  return picture.take();
}

}  // namespace mapwright::report
