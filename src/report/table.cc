#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/text.h"

namespace mapwright::report {

std::string Table::text() const {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& c : columns_) lines[0].emplace_back(c.title);
  for (const auto& row : rows_) {
    auto& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(base::visible(cell));
  }
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c)
      widths[c] = std::max(widths[c], base::display_width(line[c]));
  }
  std::string text;
  for (const auto& line : lines) {
    std::size_t blanks = 0;  // owed before the next cell
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::size_t room = widths[c] - base::display_width(line[c]);
      const bool right = columns_[c].align == Align::right;
      if (!line[c].empty()) {
        text.append(blanks + (right ? room : 0), ' ');
        text += line[c];
        blanks = 2 + (right ? 0 : room);
      } else {
        blanks += widths[c] + 2;
      }
    }
    text += '\n';
  }
  return text;
}

std::string percent_text(double share) {
  if (share > 0 && share < 0.005) return "<1 %";
  return fmt::format("{:.0f} %", share * 100);
}

std::vector<int> whole_percents(const std::vector<double>& shares) {
  std::vector<int> whole;
  std::vector<double> left;
  for (const double s : shares) {
    whole.push_back(static_cast<int>(std::floor(s * 100)));
    left.push_back(s * 100 - std::floor(s * 100));
  }
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  int missing = static_cast<int>(std::lround(sum * 100)) - std::accumulate(whole.begin(), whole.end(), 0);
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return left[a] > left[b]; });
  for (const std::size_t i : order) {
    if (missing-- <= 0) break;
    ++whole[i];
  }
  return whole;
}

std::string place_text(const plan::Site& site, plan::MemoryId memory) {
  const plan::Memory& m = site.memories()[memory];
  return machine::owner_of(m.kind) == machine::Owner::node ? fmt::format("{}", m.node)
                                                           : fmt::format("{}.{}", m.node, m.index);
}

std::string memory_text(const plan::Site& site, plan::MemoryId memory) {
  return fmt::format("{} {}", name_of(site.memories()[memory].kind), place_text(site, memory));
}

}  // namespace mapwright::report
