// Chooses among techniques by the record of their successes.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "tune/random.h"

namespace mapwright::tune {

//! Comparison-based credit assignment by area under the curve (Fialho et al., PPSN 2010), with the constants
//! of OpenTuner: the score of an arm is AUC + C sqrt(2 log2(|H|) / n), where H is the window of the last
//! results and n the arm's part of it; AUC = 2 (sum of the positions of its wins among its results) / (n (n +
//! 1)). Arms that are not in the window come first.
class AucBandit {
 public:
  static constexpr double kExploration = 0.05;  //!< C
  static constexpr std::size_t kWindow = 500;

  explicit AucBandit(std::size_t arms) : arms_(arms) {}

  //! Best first; ties in random order.
  std::vector<std::size_t> order(Random* random) const;
  void add(std::size_t arm, bool win);
  double score(std::size_t arm) const;

 private:
  struct Arm {
    std::size_t uses = 0;  // in the window
    double positions = 0;  // the sum of those of its wins
    double wins = 0;       // in the window
  };
  struct Result {
    std::size_t arm;
    bool win;
  };

  std::vector<Arm> arms_;
  std::deque<Result> window_;
};

}  // namespace mapwright::tune
