// The placements of the published expert mappers and the splits of the published rule, to the point.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "corpus.h"
#include "lang/lang.h"
#include "lang/placement.h"
#include "machine/factor.h"
#include "texts.h"

namespace mapwright {
namespace {

nlohmann::json vectors(const std::string& name) {
  return nlohmann::json::parse(file_text(kRoot / "tests/vectors" / name));
}

TEST(Vectors, SplitsOfTheExtents) {
  const nlohmann::json cases = vectors("auto_split.json").at("cases");
  ASSERT_GE(cases.size(), 200U);
  for (const auto& c : cases) {
    const auto extent = c.at("extent").get<std::int64_t>();
    const auto weights = c.at("weights").get<machine::Extents>();
    EXPECT_EQ(machine::cheapest_factors(extent, weights), c.at("auto_split").get<machine::Extents>()) << c;
    EXPECT_EQ(machine::greedy_factors(extent, weights), c.at("greedy_split").get<machine::Extents>()) << c;
  }
}

TEST(Vectors, PlacementsOfTheExperts) {
  const nlohmann::json cases = vectors("expert_placements.json").at("cases");
  ASSERT_GE(cases.size(), 96U);
  for (const auto& c : cases) {
    const auto app = c.at("app").get<std::string>();
    const auto task = c.at("task").get<std::string>();
    const std::string what = fmt::format("{} {} on {} nodes", app, task, c.at("nodes").get<int>());
    const auto path = kRoot / "mappers/expert" / (app + ".mapper");
    const auto compiled = lang::compile(std::make_shared<base::Source>(path.string(), file_text(path)));
    ASSERT_TRUE(compiled.mapper) << what;

    std::array<std::int64_t, machine::kProcessorKinds> counts{};
    for (const auto& [kind, count] : c.at("procs_per_node").items()) {
      counts.at(static_cast<std::size_t>(machine::processor_kind(kind).value())) = count;
    }
    auto placer = lang::Placer::create(compiled.mapper, machine::make_grid(c.at("nodes"), counts));
    ASSERT_TRUE(placer) << what;
    const auto kind = machine::processor_kind(c.at("kind").get<std::string>()).value();
    const lang::MapChoice* map = compiled.mapper->index_map(task, kind);
    ASSERT_NE(map, nullptr) << what;
    const auto domain = lang::make_domain(c.at("domain").get<std::vector<std::int64_t>>());
    const auto placed = (*placer)->place(*map, task, domain, kind);
    ASSERT_TRUE(placed) << what << "\n" << base::render(placed.problems().items().front(), false);
    ASSERT_EQ(c.at("points").size(), domain.size(lang::Placer::kMaxPoints).value()) << what;
    for (const auto& p : c.at("points")) {
      lang::Point point{};
      for (std::size_t i = 0; i < p.at(0).size(); ++i) point.at(i) = p.at(0).at(i);
      const auto slots = (*placed)->at(point);
      ASSERT_EQ(slots.size(), 1U) << what;
      const lang::Slot expected{p.at(1), p.at(2)};
      EXPECT_EQ(slots[0], expected) << what << " at " << p.at(0);
    }
  }
}

}  // namespace
}  // namespace mapwright
