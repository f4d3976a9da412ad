// The simulator against every figure that was measured on Lassen: docs/accuracy.md shows the table that this
// computes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "texts.h"
#include "trial.h"

namespace mapwright {
namespace {

// Seconds for 50 loops, 50 steps, 30 cycles; GFLOP/s per node for the products. 0 = not measured.
struct Measured {
  const char* program;
  double expert[2];  // on one node and on two
  double default_like[2];
};
constexpr Measured kMeasured[] = {
    {"circuit", {1.196, 1.210}, {1.042, 1.095}},   {"stencil", {0.558, 0}, {0, 0}},
    {"pennant", {1.275, 1.359}, {1.272, 1.363}},   {"cannon", {27118, 9292}, {7637, 4326}},
    {"pumma", {27210, 16337}, {7622, 5187}},       {"summa", {26845, 15757}, {7608, 4797}},
    {"solomonik", {28268, 14010}, {28119, 14311}}, {"johnson", {27681, 15155}, {29520, 12812}},
    {"cosma", {21857, 15175}, {20025, 12849}},
};

double predicted(const std::string& app, std::int64_t nodes, const std::string& folder) {
  const trial::Subject subject = trial::subject(app, trial::machine_named("lassen"), nodes);
  const auto e = trial::executed(subject, trial::compiled(trial::mapper_text(folder, app)));
  // Circuit's metric is a rate, its measured figure a time.
  return app == "circuit" ? e.seconds_per_iteration * static_cast<double>(subject.program->iterations)
                          : e.metric;
}

std::string number(double x) {
  return x >= 100 ? fmt::format("{:.0f}", x) : fmt::format("{:.3f}", x);
}

struct Table {
  std::string text;
  std::vector<double> errors;  // relative, absolute value
  int right = 0;               // of the cases where expert and default-like differ by more than 10 %
  int cases = 0;
};

Table table() {
  Table t;
  t.text = "| program | mapper | nodes | measured | predicted | deviation |\n|---|---|---|---|---|---|\n";
  for (const Measured& m : kMeasured) {
    for (const std::int64_t nodes : {1, 2}) {
      double values[2][2];  // mapper; measured, predicted
      const auto i = static_cast<std::size_t>(nodes - 1);
      for (const bool expert : {true, false}) {
        const double measured = expert ? m.expert[i] : m.default_like[i];
        const double p = predicted(m.program, nodes, expert ? "expert" : "default_like");
        values[expert ? 0 : 1][0] = measured;
        values[expert ? 0 : 1][1] = p;
        const std::string row =
            fmt::format("| {} | {} | {} | ", m.program, expert ? "expert" : "default-like", nodes);
        if (measured == 0) {
          t.text += row + fmt::format("- | {} | - |\n", number(p));
          continue;
        }
        t.errors.push_back(std::abs(p / measured - 1));
        t.text += row + fmt::format("{} | {} | {:+.1f} % |\n", number(measured), number(p),
                                    100 * (p / measured - 1));
      }
      const double ratio = values[0][0] / values[1][0];
      if (m.default_like[i] == 0 || std::abs(std::log(ratio)) <= std::log(1.1)) continue;
      ++t.cases;
      if ((ratio > 1) == (values[0][1] > values[1][1])) ++t.right;
    }
  }
  std::vector<double> sorted = t.errors;
  std::ranges::sort(sorted);
  const double median = (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
  t.text += fmt::format(
      "\nMedian deviation {:.1f} %, largest {:.0f} %; the faster mapper is right in {} of {} cases that "
      "differ by more than 10 %.\n",
      100 * median, 100 * sorted.back(), t.right, t.cases);
  return t;
}

// MAPWRIGHT_UPDATE_DOCS=1 writes what is computed into the page.
TEST(Accuracy, ThePageShowsWhatIsPredicted) {
  const std::filesystem::path page = kRoot / "docs" / "accuracy.md";
  std::string text = std::get<std::string>(base::read_file(page, 1 << 20));
  const Table t = table();
  const std::string begin = "<!-- table -->\n";
  const std::string end = "<!-- end of table -->\n";
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  if (std::getenv("MAPWRIGHT_UPDATE_DOCS") != nullptr) {
    std::ofstream(page) << text.substr(0, from + begin.size()) << t.text << text.substr(to);
    return;
  }
  EXPECT_EQ(text.substr(from + begin.size(), to - from - begin.size()), t.text);
  std::vector<double> sorted = t.errors;
  std::ranges::sort(sorted);
  EXPECT_LE(sorted[sorted.size() / 2], 0.10);
  EXPECT_EQ(t.cases, 10);
}

}  // namespace
}  // namespace mapwright
