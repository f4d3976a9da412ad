// Measuring: the same several times, and the one in the middle.
#pragma once

#include <time.h>

#include <algorithm>
#include <vector>

#include "rank/peers.h"

namespace mapwright::rank {

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

//! Seconds that `body` takes.
template <class Body>
double seconds(Body&& body) {
  const std::int64_t start = clock_now();
  body();
  return static_cast<double>(clock_now() - start) * 1e-9;
}

//! Seconds of its processor that `body` takes of this thread: what others do on a shared computer is no part
//! of it, as far as they do not use the same memory.
template <class Body>
double processor_seconds(Body&& body) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double start = now();
  body();
  return now() - start;
}

}  // namespace mapwright::rank
