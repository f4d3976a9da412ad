// The figures of tuning in the documents are what the command prints that stands above them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "process.h"
#include "report/accuracy.h"
#include "texts.h"
#include "trial.h"

namespace mapwright {
namespace {

std::string page(const char* name) {
  return std::get<std::string>(base::read_file(kRoot / name, 1 << 20));
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> list;
  for (std::string word; in >> word;) list.push_back(word);
  return list;
}

// Of each program, the row of a strategy: its name, its seeds, and what was best after 1, 2, 3, 5 and 10.
std::map<std::string, std::vector<std::string>> rows_of(const std::string& text,
                                                        const std::string& strategy) {
  std::map<std::string, std::vector<std::string>> rows;
  std::string program;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> list = words(line);
    if (list.size() > 3 && list[1] == "on" && list[3] == "nodes") program = list[0];
    if (list.size() < 7 || list[0] != strategy) continue;
    rows.emplace(program, std::vector<std::string>(list.begin() + 2, list.begin() + 7));
  }
  return rows;
}

TEST(Results, AreWhatCompareFinds) {
  const process::TemporaryFolder folder;
  const process::Outcome now =
      process::run_command("mapwright compare all --strategy guided:10", folder.path(), MAPWRIGHT_EXECUTABLE,
                           std::chrono::seconds(process::kSanitized ? 280 : 120));
  ASSERT_EQ(now.exit, 0) << now.err;
  const auto rows = rows_of(now.out, "guided");
  ASSERT_EQ(rows.size(), 9U) << now.out;
  EXPECT_EQ(rows_of(page("docs/results.md"), "guided"), rows);
  // The front page has the last one, with two decimals.
  std::string expected = "| times as fast as the expert's mapper |";
  for (const auto& app : apps::all())
    expected += fmt::format(" {:.2f} |", std::stod(rows.at(std::string(app.name)).back()));
  EXPECT_NE(page("README.md").find(expected), std::string::npos) << expected;
}

// What stands beside each speed-up is what docs/accuracy.md found.
TEST(Results, NameTheSimulatorsError) {
  std::map<std::string, std::pair<double, double>> deviations;
  std::istringstream in(page("docs/accuracy.md"));
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> list = words(line);
    // | program | mapper | nodes | measured | predicted | +0.7 % |
    if (list.size() < 14 || list.back() != "|" || list[list.size() - 2] != "%") continue;
    const double deviation = std::stod(list[list.size() - 3]);
    const auto [at, fresh] = deviations.emplace(list[1], std::pair(deviation, deviation));
    at->second.first = std::min(at->second.first, deviation);
    at->second.second = std::max(at->second.second, deviation);
  }
  ASSERT_EQ(deviations.size(), 9U);
  std::string row = "| simulator's error, % |";
  for (const auto& app : apps::all()) {
    const auto [least, most] = deviations.at(std::string(app.name));
    const std::string range =
        least == most ? fmt::format("{:+.1f}", least) : fmt::format("{:+.1f} to {:+.1f}", least, most);
    EXPECT_EQ(report::accuracy_text(app.name),
              fmt::format("simulated; on Lassen {} % off what was measured of this program", range));
    row += " " + range + " |";
  }
  EXPECT_NE(page("README.md").find(row), std::string::npos) << row;
  EXPECT_EQ(report::accuracy_text("mine"),
            "simulated; in the median 2.5 % off on Lassen, unmeasured for this program");
}

}  // namespace
}  // namespace mapwright
