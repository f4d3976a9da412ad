// Small tables for terminals, and the quantities in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/site.h"

namespace mapwright::report {

//! Columns as wide as their widest cell, two blanks apart. Cells are made visible (base::visible).
class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string_view title;
    Align align = Align::right;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  //! One cell for each column; trailing empty ones may be left out.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  //! Lines with their ends, none with blanks at its end.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

//! "12 %"; "<1 %" for what is not nothing.
std::string percent_text(double share);

//! Whole percents that add up to 100 where the shares add up to 1: the largest remainders are rounded up.
std::vector<int> whole_percents(const std::vector<double>& shares);

//! "FBMEM 1.2": kind, node, index on the node where a node has several.
std::string memory_text(const plan::Site& site, plan::MemoryId memory);
//! "1.2", and "1" for what a node has only one of.
std::string place_text(const plan::Site& site, plan::MemoryId memory);

}  // namespace mapwright::report
