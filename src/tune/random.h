// Random numbers that are the same on every machine: the standard fixes the engine, not its distributions.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace mapwright::tune {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  //! 0 .. n - 1; n is at least 1. The bias of 64 bits taken modulo n is below n / 2^64.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  //! 0 <= x < 1
  double unit() { return static_cast<double>(engine_() >> 11U) * 0x1.0p-53; }

  template <class T>
  void shuffle(std::vector<T>* list) {
    for (std::size_t i = list->size(); i > 1; --i) std::swap((*list)[i - 1], (*list)[below(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace mapwright::tune
