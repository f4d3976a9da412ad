// Runs a program as its text reads: launch by launch, point by point, on one copy of every region. What comes
// out is what every execution has to give.
#pragma once

#include <memory>
#include <vector>

#include "program/kernel.h"

namespace mapwright::program {

//! All elements and fields of all regions, each field an array of its own, the first dimension contiguous in
//! F order or the last in C order. Fields are made when they are first asked for, and filled with ones, which
//! are no number (NaN). Not safe for several threads.
class Store {
 public:
  explicit Store(const Program& program, Order order = Order::c_order);

  FieldView field(RegionId region, std::size_t field) const;
  template <class T>
  View<T> view(RegionId region, std::size_t at) const {
    return View<T>(field(region, at));
  }

 private:
  const Program& program_;
  Order order_;
  mutable std::vector<std::vector<std::vector<std::byte>>> bytes_;  // of each field of each region
};

//! Runs set-up, `iterations` of the loop, and what comes after it. Every task that does not only launch
//! others has a kernel.
void run_sequentially(const Program& program, const Kernels& kernels, std::int64_t iterations, Store* store);

//! The first element of a box that is not as expected, in words: "node[17].charge is 3, not 4". `expected` is
//! where sequential values are, for expectations without a closed form.
std::optional<std::string> first_wrong(const Program& program, const Expectation& expectation, const Box& box,
                                       const FieldView& is, const FieldView* expected);

//! The same of everything that a program leaves.
std::optional<std::string> first_wrong(const Program& program, const std::vector<Expectation>& expectations,
                                       const Store& is, const Store* expected);

}  // namespace mapwright::program
