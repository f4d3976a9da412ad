#include "tune/bandit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tune/techniques.h"

namespace mapwright::tune {
namespace {

TEST(AucBandit, ScoresByHand) {
  AucBandit bandit(2);
  EXPECT_TRUE(std::isinf(bandit.score(0)));
  bandit.add(0, false);
  bandit.add(0, true);
  bandit.add(1, true);
  bandit.add(0, true);
  // Arm 0 won at positions 2 and 3 of 3: 2 (2 + 3) / (3 x 4), and 0.05 sqrt(2 log2(4) / 3).
  EXPECT_DOUBLE_EQ(bandit.score(0), 10.0 / 12 + 0.05 * std::sqrt(4.0 / 3));
  EXPECT_DOUBLE_EQ(bandit.score(1), 1 + 0.05 * std::sqrt(4.0));
}

TEST(AucBandit, ForgetsWhatLeavesTheWindow) {
  // The same window, reached with and without results that have left it.
  AucBandit after(2);
  for (int i = 0; i < 37; ++i) after.add(i % 3 == 0 ? 1 : 0, i % 2 == 0);
  AucBandit alone(2);
  for (std::size_t i = 0; i < AucBandit::kWindow; ++i) {
    after.add(i % 5 == 0 ? 1 : 0, i % 7 == 0);
    alone.add(i % 5 == 0 ? 1 : 0, i % 7 == 0);
  }
  EXPECT_DOUBLE_EQ(after.score(0), alone.score(0));
  EXPECT_DOUBLE_EQ(after.score(1), alone.score(1));
}

// 3 processors and 6 memories of 3 options, 1 layout of 2: the optimum is a choice that nothing hints at.
struct Separable {
  Sizes sizes{3, 3, 3, 3, 3, 3, 3, 3, 3, 2};
  Choice optimum{1, 2, 0, 1, 1, 2, 0, 2, 1, 1};

  double cost(const Choice& c) const {
    double cost = 1;
    for (std::size_t i = 0; i < c.size(); ++i)
      cost += c[i] == optimum[i] ? 0 : i < 3 ? 1 : i < 9 ? 0.5 : 0.25;
    return cost;
  }
};

// Distinct choices until the optimum was found, within so many tests; nothing where it was not.
std::optional<std::size_t> until_optimum(Search* search, int tests) {
  const Separable problem;
  std::set<Choice> distinct;
  for (int i = 0; i < tests;) {
    for (const Candidate& c : search->propose()) {
      if (i++ == tests) break;
      distinct.insert(c.choice);
      const double cost = problem.cost(c.choice);
      search->observe(c, {cost, {}});
      if (cost == 1) return distinct.size();
    }
  }
  return std::nullopt;
}

// What OpenTuner itself did on this space with 300 tests, duplicates included: the optimum in 20 of 20 runs,
// after 24 to 205 distinct choices, in the median 103. Pure random: in none of 6.
TEST(Bandit, FindsWhatOpenTunerFinds) {
  std::vector<std::size_t> needed;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto search = bandit_search(Separable().sizes, seed);
    const auto distinct = until_optimum(search.get(), 300);
    ASSERT_TRUE(distinct) << "seed " << seed;
    needed.push_back(*distinct);
  }
  std::ranges::sort(needed);
  const double median = static_cast<double>(needed[9] + needed[10]) / 2;
  RecordProperty("median", std::to_string(median));
  std::printf("distinct choices: median %.1f, %zu to %zu\n", median, needed.front(), needed.back());
  EXPECT_GT(median, 60);
  EXPECT_LT(median, 140);
}

TEST(Bandit, IsBetterThanChance) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const auto search = random_search(Separable().sizes, seed);
    EXPECT_FALSE(until_optimum(search.get(), 300)) << "seed " << seed;
  }
}

// The same technique alone, as it was measured alone: 20 of 20, 26 to 92 distinct choices, in the median 54.
TEST(Techniques, UniformGreedyMutationAlone) {
  const Separable problem;
  std::vector<std::size_t> needed;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Record record{problem.sizes, Random(seed), {}, {}};
    const auto techniques = default_techniques();
    Technique& uniform = *techniques[1];
    ASSERT_EQ(uniform.name(), "UniformGreedyMutation");
    for (int i = 0; i < 300; ++i) {
      const Choice c = *uniform.propose(&record);
      record.enter(c, problem.cost(c));
      if (problem.cost(c) > 1) continue;
      needed.push_back(record.results.size());
      break;
    }
  }
  ASSERT_EQ(needed.size(), 20U);
  std::ranges::sort(needed);
  const double median = static_cast<double>(needed[9] + needed[10]) / 2;
  std::printf("distinct choices: median %.1f, %zu to %zu\n", median, needed.front(), needed.back());
  EXPECT_GT(median, 40);
  EXPECT_LT(median, 75);
}

TEST(Bandit, DependsOnItsSeedAlone) {
  const auto run = [](std::uint64_t seed) {
    const Separable problem;
    const auto search = bandit_search(problem.sizes, seed);
    std::vector<Choice> all;
    for (int i = 0; i < 200; ++i) {
      for (const Candidate& c : search->propose()) {
        all.push_back(c.choice);
        search->observe(c, {problem.cost(c.choice), {}});
      }
    }
    return all;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

// Where everything fails there is no best to change, and the search goes on with other choices.
TEST(Bandit, GoesOnWhereEverythingFails) {
  const auto search = bandit_search({3, 3, 3, 2}, 1);
  std::set<Choice> seen;
  for (int i = 0; i < 200; ++i) {
    for (const Candidate& c : search->propose()) {
      seen.insert(c.choice);
      search->observe(c, {std::numeric_limits<double>::infinity(), {}});
    }
  }
  EXPECT_GT(seen.size(), 40U);
}

}  // namespace
}  // namespace mapwright::tune
