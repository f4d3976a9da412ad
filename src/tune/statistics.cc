#include "tune/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/bug.h"

namespace mapwright::tune {

double median(std::vector<double> samples) {
  base::expects(!samples.empty(), "a median is of something");
  std::ranges::sort(samples);
  const std::size_t half = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
}

Interval median_interval(std::vector<double> samples) {
  base::expects(!samples.empty(), "an interval is of something");
  std::ranges::sort(samples);
  // The median is below the k-th smallest with the probability of fewer than k heads in n throws.
  const std::size_t n = samples.size();
  const double tail = 0.025;
  double probability = std::pow(0.5, static_cast<double>(n));
  double sum = 0;
  std::size_t k = 0;
  while (k < n / 2 && sum + probability <= tail) {
    sum += probability;
    probability *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    ++k;
  }
  const std::size_t low = k == 0 ? 0 : k - 1;
  return {samples[low], samples[n - 1 - low]};
}

}  // namespace mapwright::tune
