// Quantities as people write them, "12 GB/s", and as the model holds them, in SI units.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace mapwright::machine {

enum class Unit : std::uint8_t { none, count, bytes, seconds, bytes_per_second, flop_per_second };

struct UnitName {
  std::string_view name;
  double factor = 1;
  bool decimal = true;  //!< GB against GiB
};

struct UnitFacts {
  std::string_view si;       //!< of the value in the model: "bytes/s"
  std::string_view what;     //!< "a rate in bytes/s"
  std::string_view example;  //!< "12 GB/s"
  double least = 0;          //!< in SI units
  double most = 0;
  std::span<const UnitName> names;
};

const UnitFacts& facts_of(Unit unit);

//! Why a text is no quantity, and which part of it is to blame: bytes [begin, end) of the text.
struct QuantityError {
  enum class What : std::uint8_t { form, unit, range };
  What what = What::form;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view suggestion;  //!< a unit; empty where none is near
};

//! A number, optional spaces, and one of the unit's names; nothing else. In range, or an error.
std::variant<double, QuantityError> parse_quantity(std::string_view text, Unit unit);

//! The shortest exact text of a value ("15000 MiB", "1.3 us"); four digits where there is none.
std::string quantity_text(double value, Unit unit);

}  // namespace mapwright::machine
