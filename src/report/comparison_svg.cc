#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/comparison.h"
#include "report/comparison_groups.h"
#include "report/svg_parts.h"

namespace mapwright::report {
namespace {

constexpr double kPlotWidth = 300;
constexpr double kPlotHeight = 170;
constexpr double kLeft = 48;
constexpr double kTop = 34;
constexpr double kGap = 28;  // below a plot, for its axis
constexpr int kColumns = 3;

// What was best after each execution.
std::vector<double> curve(const Comparison& c, const Group& g) {
  std::vector<double> values;
  if (!reference(c)) return values;
  for (std::int64_t n = 1; n <= g.executions(); ++n) values.push_back(median_relative(c, g, n));
  return values;
}

class Plot {
 public:
  Plot(const Comparison& c, std::map<std::string, std::size_t>* colours)
      : comparison_(c), colours_(*colours) {
    for (const Group& g : groups(c)) curves_.emplace_back(g.strategy, curve(c, g));
    for (const auto& [strategy, values] : curves_) {
      colours_.emplace(strategy, colours_.size());
      executions_ = std::max(executions_, static_cast<double>(values.size()));
      for (const double v : values) top_ = std::max(top_, v);
    }
    top_ = std::ceil(top_ * 1.05 * 10) / 10;
  }

  std::string draw(double left, double top) const {
    std::string text = fmt::format(
        "<g transform=\"translate({:.0f} {:.0f})\">\n<text x=\"0\" y=\"-10\" class=\"head\">{}</text>\n",
        left, top, escaped(comparison_.subject));
    const double step = top_ > 1.6 ? 0.5 : 0.25;
    for (double v = 0; v <= top_; v += step) {
      text += fmt::format(
          "<line x1=\"0\" y1=\"{0:.1f}\" x2=\"{1}\" y2=\"{0:.1f}\" class=\"{2}\"/><text x=\"-6\" "
          "y=\"{3:.1f}\" class=\"label\">{4:.2f}</text>\n",
          y(v), kPlotWidth, std::abs(v - 1) < 1e-9 ? "one" : "grid", y(v) + 4, v);
    }
    for (double n = 1; n <= executions_; n *= 10)
      text += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" class=\"column\">{:.0f}</text>\n", x(n),
                          kPlotHeight + 16, n);
    for (const auto& [strategy, values] : curves_) text += line(strategy, values);
    return text + "</g>\n";
  }

 private:
  double x(double execution) const {
    return executions_ <= 1 ? 0 : kPlotWidth * std::log10(execution) / std::log10(executions_);
  }
  double y(double value) const { return kPlotHeight * (1 - value / top_); }

  // A step wherever the best changes.
  std::string line(const std::string& strategy, const std::vector<double>& values) const {
    std::string points;
    double before = -1;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == before && i + 1 < values.size()) continue;
      const double at = x(static_cast<double>(i) + 1);
      if (before >= 0) points += fmt::format("{:.1f},{:.1f} ", at, y(before));
      points += fmt::format("{:.1f},{:.1f} ", at, y(values[i]));
      before = values[i];
    }
    const Rgb c = kHues[colours_.at(strategy) % kHues.size()];
    return fmt::format(
        "<polyline points=\"{}\" stroke=\"#{:02x}{:02x}{:02x}\"><title>{}</title></polyline>\n", points,
        c.red, c.green, c.blue, escaped(strategy));
  }

  const Comparison& comparison_;
  std::map<std::string, std::size_t>& colours_;
  std::vector<std::pair<std::string, std::vector<double>>> curves_;
  double executions_ = 1;
  double top_ = 1;
};

}  // namespace

std::string comparison_svg(const std::vector<Comparison>& programs) {
  std::map<std::string, std::size_t> colours;
  std::string plots;
  const double cell_width = kLeft + kPlotWidth + 24;
  const double cell_height = kTop + kPlotHeight + kGap;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const auto column = static_cast<double>(i % kColumns);
    const std::size_t row = i / kColumns;
    plots += Plot(programs[i], &colours)
                 .draw(kLeft + column * cell_width, 70 + kTop + static_cast<double>(row) * cell_height);
  }
  const std::size_t rows = (programs.size() + kColumns - 1) / kColumns;
  const auto columns = static_cast<double>(std::min<std::size_t>(programs.size(), kColumns));
  const double width = std::max(560.0, columns * cell_width + 24);
  const double height = 70 + static_cast<double>(rows) * cell_height + 16;
  std::string legend;
  double at = kLeft;
  for (const auto& [strategy, colour] : colours) {
    const Rgb c = kHues[colour % kHues.size()];
    legend += fmt::format(
        "<rect x=\"{:.0f}\" y=\"44\" width=\"18\" height=\"4\" fill=\"#{:02x}{:02x}{:02x}\"/><text "
        "x=\"{:.0f}\" y=\"50\" class=\"key\">{}</text>\n",
        at, c.red, c.green, c.blue, at + 24, escaped(strategy));
    at += 44 + 8 * static_cast<double>(strategy.size());
  }
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 "
             "{0:.0f} {1:.0f}\" role=\"img\">\n"
             "<title>The best mapper after so many executions, against the expert's</title>\n<style>\n"
             "text {{ font-family: system-ui, sans-serif; fill: #1a1a1a; }}\n"
             ".title {{ font-size: 16px; font-weight: 600; }}\n.head {{ font-size: 13px; font-weight: 600; "
             "}}\n"
             ".key {{ font-size: 12px; }}\n.label {{ font-size: 11px; fill: #555555; text-anchor: end; }}\n"
             ".column {{ font-size: 11px; fill: #555555; text-anchor: middle; }}\n"
             ".grid {{ stroke: #e2e2e2; }}\n.one {{ stroke: #8c8c8c; stroke-dasharray: 4 3; }}\n"
             "polyline {{ fill: none; stroke-width: 2; stroke-linejoin: round; }}\n</style>\n"
             "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>\n"
             "<text x=\"{2:.0f}\" y=\"26\" class=\"title\">How many times as fast as the expert's mapper, "
             "after so many executions</text>\n",
             width, height, kLeft) +
         legend + plots + "</svg>\n";
}

}  // namespace mapwright::report
