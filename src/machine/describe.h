// A machine for people and for other programs: every figure with its unit and where it comes from.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "machine/machine.h"

namespace mapwright::machine {

struct Figure {
  std::string table;  //!< "memories.FBMEM"
  std::string key;    //!< "capacity"
  //! In the unit below; nothing where the figure is optional and off.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
               std::vector<std::string>>
      value;
  std::string unit;     //!< "bytes", "seconds", "bytes/s", "flop/s", or empty
  std::string text;     //!< for people: "15000 MiB", "off"
  bool stated = false;  //!< false: nobody said so, it is the format's default
  std::string source;   //!< where it comes from; may be empty

  std::string path() const { return table + "." + key; }
};

//! All figures, in the order of reports.
std::vector<Figure> figures_of(const Machine& machine);

//! Lines without their ends: what the machine is, then each table with its figures in aligned columns.
std::vector<std::string> describe(const Machine& machine);

}  // namespace mapwright::machine
