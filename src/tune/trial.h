// One proposal and what came of it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "guide/guide.h"
#include "program/program.h"
#include "store/store.h"
#include "tune/search.h"

namespace mapwright::tune {

using store::Status;

struct Trial {
  std::int64_t number = 0;  //!< from 1, in the order of proposals
  std::string mapper;
  std::string why;        //!< in the strategy's words
  std::string canonical;  //!< the mapper's canonical form; empty where there is none
  Status status = Status::ok;
  std::optional<std::int64_t> duplicate_of;
  std::optional<double> metric;  //!< the median of the samples; none where it failed
  std::vector<double> samples;
  std::string failure_code;
  std::string failure_text;
  guide::Feedback feedback;
  TaskShares shares;
  double seconds = 0;  //!< of the wall clock
};

//! How good a metric is: the smaller the better; infinite for none.
inline double cost_of(const std::optional<double>& metric, const program::Metric& kind) {
  if (!metric) return std::numeric_limits<double>::infinity();
  return kind.larger_is_better ? -*metric : *metric;
}

//! How many times faster a metric is than another; nothing without both, and for what is no amount of time or
//! work: a command may say that it took 0, or less.
inline std::optional<double> speedup(const std::optional<double>& metric, const std::optional<double>& than,
                                     const program::Metric& kind) {
  if (!metric || !than || *metric <= 0 || *than <= 0) return std::nullopt;
  return kind.larger_is_better ? *metric / *than : *than / *metric;
}

}  // namespace mapwright::tune
