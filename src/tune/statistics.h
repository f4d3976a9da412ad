// What repeated measurements of one thing say.
#pragma once

#include <span>
#include <vector>

namespace mapwright::tune {

//! Of at least one sample; of an even number the mean of the two in the middle.
double median(std::vector<double> samples);

struct Interval {
  double low = 0;
  double high = 0;
};

//! Where the median lies with at least 95 % confidence, whatever the distribution: between the order
//! statistics that the binomial distribution names (Conover, Practical Nonparametric Statistics, 3.2). Fewer
//! than six samples cannot say so: all of them.
Interval median_interval(std::vector<double> samples);

}  // namespace mapwright::tune
