// Ways to write an extent as a product: what the splitting transforms of machine spaces are made of.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mapwright::machine {

using Extents = std::vector<std::int64_t>;

//! All functions: extent >= 0. An extent of 0 (a machine without such processors) has the factors 0, 1, 1,
//! ...

//! k factors, near-equal, descending: the prime factors in ascending order, each multiplied into the
//! currently smallest of k buckets (12, 2 -> 6, 2). k >= 1.
Extents balanced_factors(std::int64_t extent, int k);

//! One factor per weight: the largest prime first, each into the dimension whose weight divided by its factor
//! so far is largest, ties to the first. Weights >= 1.
Extents greedy_factors(std::int64_t extent, std::span<const std::int64_t> weights);

//! One factor o_i per weight L_i, minimising sum o_i / L_i over all ordered factorisations: the surface of
//! the blocks that a launch domain of extents L is cut into, hence its communication. Terms and the sum are
//! rounded to float32 and sums within 1e-6 count as equal, as in the published system, because placements
//! must agree with it to the point. Among equals the greedy factors if they are one of them, else the first
//! enumerated: largest prime outermost, exponents ascending from dimension 0. Weights >= 1. Compares
//! factorisations(extent, k) of them, at most kMaxFactorisations.
Extents cheapest_factors(std::int64_t extent, std::span<const std::int64_t> weights);
inline constexpr std::int64_t kMaxFactorisations = 1 << 18;

//! How many ordered factorisations into k factors there are; counts no further than kMaxFactorisations + 1.
std::int64_t factorisations(std::int64_t extent, int k);

//! ascending, with repetition: 12 -> 2, 2, 3.
std::vector<std::int64_t> prime_factors(std::int64_t n);

}  // namespace mapwright::machine
