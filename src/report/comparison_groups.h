// The runs of a comparison by strategy, and their figures relative to the expert: what its tables and its
// picture show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/comparison.h"

namespace mapwright::report {

//! What all metrics are relative to: the expert's, else the default's.
std::optional<double> reference(const Comparison& c);
//! How many times the reference is the best after so many executions; 0 where nothing worked yet.
double relative(const Comparison& c, const Series& s, std::int64_t executions);

//! The runs of one strategy.
struct Group {
  std::string strategy;
  std::vector<const Series*> runs;

  std::int64_t executions() const;  //!< of the longest
};
std::vector<Group> groups(const Comparison& c);

//! In the median of the runs.
double median_relative(const Comparison& c, const Group& g, std::int64_t executions);

}  // namespace mapwright::report
