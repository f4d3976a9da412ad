#include "report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "report/layout.h"
#include "report/layout_text.h"
#include "report/svg_parts.h"
#include "report/table.h"

namespace mapwright::report {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : base::visible(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

namespace {

// A cell is as wide as "12.3" is in its font, and as high as two may stand above one another.
constexpr int kCellWidth = 38;
constexpr int kCellHeight = 22;
constexpr int kMargin = 24;
constexpr int kLabel = 44;  // room for the number of a row
constexpr std::int64_t kMostCellColumns = 24;
constexpr std::int64_t kMostCellRows = 24;
constexpr int kWidth = kMargin * 2 + kLabel + kCellWidth * static_cast<int>(kMostCellColumns);

// The hue of the node, lighter from processor to processor; light enough for black letters.
std::string fill_of(std::uint32_t node, std::uint32_t index, std::uint32_t count) {
  const Rgb hue = kHues[node % kHues.size()];
  const double depth = count > 1 ? 0.62 - 0.44 * index / (count - 1) : 0.5;
  const auto mix = [&](int part) { return static_cast<int>(255 - (255 - part) * depth); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(hue.red), mix(hue.green), mix(hue.blue));
}

struct Cell {
  std::string text;
  std::string fill;  // empty: nothing is there
  std::string tip;
};

class Drawing {
 public:
  void text(int x, std::string_view style, std::string_view words) {
    fmt::format_to(std::back_inserter(body_), "<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y_,
                   style, escaped(words));
  }
  void move(int down) { y_ += down; }

  // A cell at a column of the row that hangs below the current height.
  void cell(int x, const Cell& c) {
    fmt::format_to(std::back_inserter(body_),
                   "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>"
                   "<text x=\"{}\" y=\"{}\" class=\"cell\">{}</text></g>\n",
                   escaped(c.tip), x, y_, kCellWidth - 2, kCellHeight - 2, c.fill.empty() ? "none" : c.fill,
                   x + (kCellWidth - 2) / 2, y_ + 14, escaped(c.text));
  }
  void row(std::string_view label, const std::vector<Cell>& cells) {
    fmt::format_to(std::back_inserter(body_), "<text x=\"{}\" y=\"{}\" class=\"label\">{}</text>\n",
                   kMargin + kLabel - 6, y_ + 14, escaped(label));
    int x = kMargin + kLabel;
    for (const Cell& c : cells) {
      cell(x, c);
      x += kCellWidth;
    }
    y_ += kCellHeight;
  }

  std::string document(std::string_view title) const {
    const int height = y_ + kMargin;
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
               "{1}\" "
               "role=\"img\">\n<title>{2}</title>\n<style>\n"
               "text {{ font-family: system-ui, sans-serif; fill: #1a1a1a; }}\n"
               ".title {{ font-size: 20px; font-weight: 600; }}\n"
               ".section {{ font-size: 16px; font-weight: 600; }}\n"
               ".head {{ font-size: 13px; font-weight: 600; }}\n"
               ".note {{ font-size: 12px; fill: #555555; }}\n"
               ".label {{ font-size: 11px; fill: #555555; text-anchor: end; }}\n"
               ".column {{ font-size: 11px; fill: #555555; text-anchor: middle; }}\n"
               ".cell {{ font-size: 11px; text-anchor: middle; }}\n"
               "rect {{ stroke: #8c8c8c; stroke-width: 0.5; }}\n</style>\n"
               "<rect width=\"{0}\" height=\"{1}\" style=\"fill: #ffffff; stroke: none\"/>\n",
               kWidth, height, escaped(title)) +
           body_ + "</svg>\n";
  }

 private:
  std::string body_;
  int y_ = kMargin;
};

// Cells in rows as long as the page, with the number of the first before each.
void in_rows(Drawing& d, const std::vector<Cell>& cells, std::int64_t first) {
  const auto count = static_cast<std::int64_t>(cells.size());
  const std::int64_t shown = std::min(count, kMostCellColumns * kMostCellRows);
  for (std::int64_t begin = 0; begin < shown; begin += kMostCellColumns) {
    d.row(fmt::format("{}", first + begin),
          {cells.begin() + begin, cells.begin() + std::min(shown, begin + kMostCellColumns)});
  }
  if (shown < count) {
    d.move(14);
    d.text(kMargin + kLabel, "note", fmt::format("... and {} more", count - shown));
  }
}

void in_grids(Drawing& d, const lang::Domain& domain, const std::vector<Cell>& cells) {
  const auto rows_at = static_cast<std::size_t>(domain.rank - 2);
  const auto columns_at = static_cast<std::size_t>(domain.rank - 1);
  const std::int64_t rows = domain.extent(domain.rank - 2);
  const std::int64_t columns = domain.extent(domain.rank - 1);
  const std::int64_t slices = static_cast<std::int64_t>(cells.size()) / (rows * columns);
  const std::int64_t wide = std::min(columns, kMostCellColumns);
  std::int64_t lines = 0;
  lang::Point p = domain.lo;
  for (std::int64_t s = 0; s < slices && lines < kMostCellRows; ++s) {
    d.move(12);
    if (domain.rank > 2) {
      std::string name;
      for (std::size_t k = 0; k < rows_at; ++k) name += fmt::format("{}, ", p[k]);
      d.text(kMargin, "note", fmt::format("({}*, *)", name));
    }
    for (std::int64_t c = 0; c < wide; ++c) {
      d.text(kMargin + kLabel + static_cast<int>(c) * kCellWidth + kCellWidth / 2, "column",
             fmt::format("{}", domain.lo[columns_at] + c));
    }
    d.move(5);
    for (std::int64_t r = 0; r < rows && lines < kMostCellRows; ++r, ++lines) {
      const auto begin = cells.begin() + (s * rows + r) * columns;
      d.row(fmt::format("{}", domain.lo[rows_at] + r), {begin, begin + wide});
    }
    for (std::int64_t i = 0; i < rows * columns; ++i) domain.next(&p);
  }
  if (lines < rows * slices || wide < columns) {
    d.move(14);
    d.text(kMargin + kLabel, "note", fmt::format("the first {} of {} points", lines * wide, cells.size()));
  }
}

void draw_launch(Drawing& d, const LaunchPicture& launch, const plan::Plan& plan) {
  const auto per_node =
      static_cast<std::uint32_t>(plan.site->grid().count(launch.kind) * plan.site->ranks_per_node());
  std::vector<Cell> cells;
  lang::Point p = launch.domain.lo;
  for (const lang::Slot& s : launch.slots) {
    const plan::Processor& processor = plan.site->processors()[plan.site->processor(launch.kind, s)];
    cells.push_back(
        {fmt::format("{}.{}", s.node, s.processor), fill_of(processor.node, processor.index, per_node),
         fmt::format("{}: {} {} of {} {}", base::tuple_text(launch.domain.at(p)), name_of(launch.kind),
                     s.processor, plan.site->ranks_per_node() > 1 ? "rank" : "node", s.node)});
    launch.domain.next(&p);
  }
  d.move(30);
  d.text(kMargin, "head", fmt::format("{}: {}", title_of(launch, *plan.program), counts_of(launch)));
  d.move(8);
  if (launch.domain.rank == 1) {
    in_rows(d, cells, launch.domain.lo[0]);
  } else {
    in_grids(d, launch.domain, cells);
  }
}

void draw_homes(Drawing& d, const PartitionPicture& picture, const plan::Plan& plan) {
  const program::Partition& partition = plan.program->partitions[picture.partition];
  const plan::Site& site = *plan.site;
  std::set<machine::MemoryKind> kinds;
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < picture.homes.size(); ++i) {
    const Home& h = picture.homes[i];
    if (h.memory == plan::kNone) {
      cells.push_back({"-", "", fmt::format("piece {}: no task uses it", i)});
      continue;
    }
    const plan::Memory& m = site.memories()[h.memory];
    kinds.insert(m.kind);
    std::uint32_t same = 0;
    for (const plan::Memory& other : site.memories())
      same += other.node == m.node && other.kind == m.kind ? 1 : 0;
    cells.push_back({place_text(site, h.memory), fill_of(m.node, m.index, same),
                     fmt::format("piece {}: {}{}{}", i, memory_text(site, h.memory),
                                 h.sums ? ", sums only" : "", h.collected ? ", collected after use" : "")});
  }
  const std::string& region = plan.program->regions[partition.region].name;
  const std::string of = region == partition.name ? "" : fmt::format(" of {}", region);
  d.move(30);
  d.text(kMargin, "head", fmt::format("{}{}: {}", partition.name, of, bytes_of(picture, kinds)));
  d.move(8);
  in_rows(d, cells, 0);
}

void draw_legend(Drawing& d, const plan::Plan& plan) {
  const auto nodes = static_cast<std::uint32_t>(plan.site->nodes());
  const auto shown = std::min<std::uint32_t>(nodes, static_cast<std::uint32_t>(kHues.size()));
  d.move(12);
  int x = kMargin;
  for (std::uint32_t node = 0; node < shown; ++node) {
    d.cell(x, {fmt::format("{}", node), fill_of(node, 0, 1), fmt::format("node {}", node)});
    x += kCellWidth;
  }
  d.move(14);
  d.text(x + 8, "note",
         fmt::format("node; lighter from its first processor or memory to its last; - is used by no task{}",
                     nodes > shown ? fmt::format("; the colours repeat every {}", kHues.size()) : ""));
  d.move(12);
}

}  // namespace

std::string layout_svg(const plan::Plan& plan) {
  Drawing d;
  const std::string title =
      fmt::format("{} on {} of {}", plan.program->name, base::count_text(plan.site->nodes(), "node"),
                  plan.site->machine().name);
  d.move(8);
  d.text(kMargin, "title", title);
  draw_legend(d, plan);
  d.move(24);
  d.text(kMargin, "section",
         fmt::format("Placement: {}.processor of every point",
                     plan.site->ranks_per_node() > 1 ? "rank" : "node"));
  for (const LaunchPicture& l : launch_pictures(plan)) draw_launch(d, l, plan);
  d.move(44);
  d.text(kMargin, "section", fmt::format("Homes: {}", kHomes));
  for (const PartitionPicture& p : partition_pictures(plan)) draw_homes(d, p, plan);
  return d.document(title);
}

}  // namespace mapwright::report
