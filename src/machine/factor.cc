#include "machine/factor.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <ranges>

#include "base/bug.h"

namespace mapwright::machine {
namespace {

struct PrimePower {
  std::int64_t prime;
  int exponent;
};

Extents factors_of_nothing(std::size_t k) {
  Extents factors(k, 1);
  if (!factors.empty()) factors[0] = 0;
  return factors;
}

std::vector<PrimePower> prime_powers(std::int64_t n) {
  std::vector<PrimePower> powers;
  for (const std::int64_t p : prime_factors(n)) {
    if (!powers.empty() && powers.back().prime == p) {
      ++powers.back().exponent;
    } else {
      powers.push_back({p, 1});
    }
  }
  return powers;
}

// Compares all factorisations in the order that decides ties.
class Search {
 public:
  Search(std::int64_t extent, std::span<const std::int64_t> weights)
      : weights_(weights), primes_(prime_powers(extent)), current_(weights.size(), 1) {
    std::ranges::reverse(primes_);
  }

  Extents best(const Extents& greedy) {
    greedy_ = &greedy;
    place(0, 0, primes_.empty() ? 0 : primes_[0].exponent);
    return greedy_ties_ ? greedy : first_;
  }

 private:
  // Gives `left` units of the prime's exponent to the dimensions from `dim` on, then goes on with the next
  // prime.
  void place(std::size_t prime, std::size_t dim, int left) {
    if (prime == primes_.size()) return weigh();
    const std::int64_t p = primes_[prime].prime;
    const std::int64_t before = current_[dim];
    if (dim + 1 == current_.size()) {
      for (int i = 0; i < left; ++i) current_[dim] *= p;
      const std::size_t next = prime + 1;
      place(next, 0, next == primes_.size() ? 0 : primes_[next].exponent);
    } else {
      for (int i = 0; i <= left; ++i) {
        place(prime, dim + 1, left - i);
        current_[dim] *= p;
      }
    }
    current_[dim] = before;
  }

  void weigh() {
    double sum = 0;
    for (std::size_t i = 0; i < current_.size(); ++i) {
      sum += static_cast<float>(static_cast<float>(current_[i]) * 1.0 / static_cast<float>(weights_[i]));
    }
    const auto cost = static_cast<float>(sum);
    if (!first_.empty() && std::fabs(cost - cheapest_) < 1e-6) {
      greedy_ties_ = greedy_ties_ || current_ == *greedy_;
    } else if (first_.empty() || cost < cheapest_) {
      cheapest_ = cost;
      first_ = current_;
      greedy_ties_ = current_ == *greedy_;
    }
  }

  std::span<const std::int64_t> weights_;
  std::vector<PrimePower> primes_;  // largest first
  Extents current_;
  Extents first_;
  float cheapest_ = 0;
  bool greedy_ties_ = false;
  const Extents* greedy_ = nullptr;
};

}  // namespace

std::vector<std::int64_t> prime_factors(std::int64_t n) {
  std::vector<std::int64_t> primes;
  for (std::int64_t p = 2; p * p <= n; ++p) {
    for (; n % p == 0; n /= p) primes.push_back(p);
  }
  if (n > 1) primes.push_back(n);
  return primes;
}

Extents balanced_factors(std::int64_t extent, int k) {
  if (extent == 0) return factors_of_nothing(static_cast<std::size_t>(k));
  Extents buckets(static_cast<std::size_t>(k), 1);
  for (const std::int64_t p : prime_factors(extent)) *std::ranges::min_element(buckets) *= p;
  std::ranges::sort(buckets, std::greater<>());
  return buckets;
}

Extents greedy_factors(std::int64_t extent, std::span<const std::int64_t> weights) {
  if (extent == 0) return factors_of_nothing(weights.size());
  Extents factors(weights.size(), 1);
  std::vector<double> sides(weights.begin(), weights.end());
  const std::vector<std::int64_t> primes = prime_factors(extent);
  for (const std::int64_t p : std::views::reverse(primes)) {
    const auto longest = static_cast<std::size_t>(std::ranges::max_element(sides) - sides.begin());
    factors[longest] *= p;
    sides[longest] /= static_cast<double>(p);
  }
  return factors;
}

std::int64_t factorisations(std::int64_t extent, int k) {
  std::int64_t total = 1;
  for (const PrimePower& p : prime_powers(extent)) {
    // Choose where the exponent's units go: C(exponent + k - 1, k - 1).
    std::int64_t ways = 1;
    for (int i = 1; i < k; ++i) {
      ways = ways * (p.exponent + i) / i;
      if (ways > kMaxFactorisations) return kMaxFactorisations + 1;
    }
    total *= ways;
    if (total > kMaxFactorisations) return kMaxFactorisations + 1;
  }
  return total;
}

Extents cheapest_factors(std::int64_t extent, std::span<const std::int64_t> weights) {
  if (extent == 0) return factors_of_nothing(weights.size());
  base::expects(factorisations(extent, static_cast<int>(weights.size())) <= kMaxFactorisations,
                "the factorisations can be compared");
  return Search(extent, weights).best(greedy_factors(extent, weights));
}

}  // namespace mapwright::machine
