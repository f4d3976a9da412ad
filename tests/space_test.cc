// The search space of every application: whatever is chosen, it is a mapper that can be followed.
#include "tune/space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "trial.h"

namespace mapwright {
namespace {

using trial::Subject;

Subject made(std::string_view app, const char* machine, std::int64_t nodes) {
  return trial::subject(std::string(app), trial::machine_named(machine), nodes);
}

// What is wrong with a mapper; memories and layouts may refuse what no check can know.
std::string refusal(const Subject& c, const std::string& text) {
  const auto compilation = lang::compile(std::make_shared<base::Source>("proposal", text));
  std::string why = trial::rendered(compilation.problems);
  if (!compilation.mapper) return why;
  const auto plan = trial::planned(c, compilation.mapper);
  if (const auto* failure = std::get_if<plan::Failure>(&plan)) {
    if (failure->code != "out_of_memory" && failure->code != "layout") why += failure->text;
  }
  return why;
}

TEST(Space, EveryOptionIsAMapper) {
  for (const auto& app : apps::all()) {
    SCOPED_TRACE(app.name);
    const Subject c = made(app.name, "p100x4", 2);
    const tune::Space space(*c.program, *c.planner->site(), trial::compiled(""));
    EXPECT_EQ(space.mapper(space.initial()), "");
    for (std::size_t d = 0; d < space.decisions().size(); ++d) {
      for (std::uint16_t o = 1; o < space.decisions()[d].options.size(); ++o) {
        tune::Choice choice = space.initial();
        choice[d] = o;
        const std::string text = space.mapper(choice);
        EXPECT_EQ(refusal(c, text), "") << text;
        EXPECT_EQ(text.empty(), !space.matters(choice, d));
      }
    }
  }
}

TEST(Space, SoAreTheirCombinations) {
  std::mt19937 random(1);
  for (const auto& app : apps::all()) {
    SCOPED_TRACE(app.name);
    const Subject c = made(app.name, "lassen", 2);
    const tune::Space space(*c.program, *c.planner->site(), trial::compiled(""));
    for (int i = 0; i < 20; ++i) {
      tune::Choice choice = space.initial();
      for (std::size_t d = 0; d < choice.size(); ++d)
        choice[d] = static_cast<std::uint16_t>(random() % space.decisions()[d].options.size());
      const std::string text = space.mapper(choice);
      EXPECT_EQ(refusal(c, text), "") << text;
    }
  }
}

// What has no effect says nothing, so that choices which differ only there are one mapper.
TEST(Space, SaysNothingThatHasNoEffect) {
  const Subject c = made("circuit", "p100x4", 2);
  const tune::Space space(*c.program, *c.planner->site(), trial::compiled(""));
  EXPECT_GT(space.magnitude(), 20);
  std::mt19937 random(2);
  for (int i = 0; i < 50; ++i) {
    tune::Choice choice = space.initial();
    for (std::size_t d = 0; d < choice.size(); ++d)
      choice[d] = static_cast<std::uint16_t>(random() % space.decisions()[d].options.size());
    tune::Choice other = choice;
    for (std::size_t d = 0; d < choice.size(); ++d) {
      if (!space.matters(choice, d)) other[d] = 0;
    }
    EXPECT_EQ(space.mapper(choice), space.mapper(other));
  }
}

TEST(Space, FamiliesPutEveryPointSomewhere) {
  std::array<std::int64_t, machine::kProcessorKinds> counts{};
  counts[static_cast<std::size_t>(machine::ProcessorKind::gpu)] = 4;
  const machine::Grid grid = machine::make_grid(3, counts);
  for (const char* shape : {"24", "1", "7x5", "4x1x6", "2x2x3x2"}) {
    const lang::Domain domain = *lang::parse_domain(shape);
    for (const guide::Family& f : guide::families(domain.rank)) {
      SCOPED_TRACE(f.name + " of " + shape);
      const std::string name = guide::function_name(f, machine::ProcessorKind::gpu);
      const auto compiled = lang::compile(std::make_shared<base::Source>(
          "family", guide::function_of(f, machine::ProcessorKind::gpu) + "\nIndexTaskMap t " + name + ";\n"));
      ASSERT_TRUE(compiled.mapper);
      const auto placer = *lang::Placer::create(compiled.mapper, grid);
      const auto placed = placer->place(*compiled.mapper->index_map("t", machine::ProcessorKind::gpu), "t",
                                        domain, machine::ProcessorKind::gpu);
      ASSERT_TRUE(placed);
      // Linear ones are balanced: no processor has two points more than another.
      if (f.name.starts_with("grid")) continue;
      std::map<std::pair<std::uint32_t, std::uint32_t>, int> points;
      for (std::int64_t i = 0; i < *domain.size(1000); ++i) {
        const lang::Slot slot = (*placed)->at(i).front();
        ++points[{slot.node, slot.processor}];
      }
      int most = 0;
      for (const auto& [slot, n] : points) most = std::max(most, n);
      EXPECT_EQ(most, (*domain.size(1000) + 11) / 12);
    }
  }
}

}  // namespace
}  // namespace mapwright
