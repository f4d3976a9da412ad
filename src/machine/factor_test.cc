#include "machine/factor.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

namespace mapwright::machine {
namespace {

std::int64_t product(const Extents& factors) {
  return std::accumulate(factors.begin(), factors.end(), std::int64_t{1}, std::multiplies<>());
}

TEST(PrimeFactors, AscendWithRepetition) {
  EXPECT_EQ(prime_factors(1), (std::vector<std::int64_t>{}));
  EXPECT_EQ(prime_factors(12), (std::vector<std::int64_t>{2, 2, 3}));
  EXPECT_EQ(prime_factors(1'048'573),
            (std::vector<std::int64_t>{1'048'573}));  // the largest prime below 2^20
}

TEST(BalancedFactors, PutEachPrimeIntoTheSmallestBucket) {
  EXPECT_EQ(balanced_factors(12, 2), (Extents{6, 2}));
  EXPECT_EQ(balanced_factors(24, 2), (Extents{6, 4}));
  EXPECT_EQ(balanced_factors(8, 3), (Extents{2, 2, 2}));
  EXPECT_EQ(balanced_factors(7, 2), (Extents{7, 1}));
  EXPECT_EQ(balanced_factors(1, 3), (Extents{1, 1, 1}));
  EXPECT_EQ(balanced_factors(6, 1), (Extents{6}));
}

TEST(GreedyFactors, GiveTheLargestPrimeToTheLongestSide) {
  const Extents weights{8, 4};
  EXPECT_EQ(greedy_factors(4, weights), (Extents{4, 1}));  // 8 -> 4, then the first of 4 and 4
  EXPECT_EQ(greedy_factors(6, Extents{1, 3}), (Extents{2, 3}));
}

TEST(CheapestFactors, CutASquareIntoSquares) {
  EXPECT_EQ(cheapest_factors(16, Extents{8, 8}), (Extents{4, 4}));
  EXPECT_EQ(cheapest_factors(4, Extents{4, 2, 4}), (Extents{2, 1, 2}));
  EXPECT_EQ(cheapest_factors(7, Extents{5, 6}), (Extents{1, 7}));
}

TEST(CheapestFactors, AmongEqualsPreferTheGreedyOnes) {
  // (2, 1) and (1, 2) cost the same; greedy takes the first dimension.
  EXPECT_EQ(cheapest_factors(2, Extents{4, 4}), (Extents{2, 1}));
}

TEST(Factors, OfNothingAreNothing) {
  EXPECT_EQ(balanced_factors(0, 3), (Extents{0, 1, 1}));
  EXPECT_EQ(greedy_factors(0, Extents{2, 2}), (Extents{0, 1}));
  EXPECT_EQ(cheapest_factors(0, Extents{2, 2}), (Extents{0, 1}));
}

TEST(Factorisations, AreCounted) {
  EXPECT_EQ(factorisations(1, 3), 1);
  EXPECT_EQ(factorisations(8, 2), 4);       // 2^3 over two places
  EXPECT_EQ(factorisations(12, 3), 6 * 3);  // 2^2 and 3^1 over three
  EXPECT_EQ(factorisations(std::int64_t{1} << 36, 16), kMaxFactorisations + 1);
}

RC_GTEST_PROP(FactorsProperty, MultiplyToTheExtent, ()) {
  const auto extent = *rc::gen::inRange<std::int64_t>(1, 5000);
  const auto weights = *rc::gen::container<std::vector<std::int64_t>>(*rc::gen::inRange<std::size_t>(1, 5),
                                                                      rc::gen::inRange<std::int64_t>(1, 100));
  RC_ASSERT(product(balanced_factors(extent, static_cast<int>(weights.size()))) == extent);
  RC_ASSERT(product(greedy_factors(extent, weights)) == extent);
  const Extents cheapest = cheapest_factors(extent, weights);
  RC_ASSERT(product(cheapest) == extent);
  const auto cost = [&](const Extents& factors) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += static_cast<double>(factors[i]) / static_cast<double>(weights[i]);
    }
    return sum;
  };
  // Equal within what float32 can tell.
  RC_ASSERT(cost(cheapest) <= cost(greedy_factors(extent, weights)) * (1 + 1e-6) + 1e-5);
}

}  // namespace
}  // namespace mapwright::machine
