#include "machine/units.h"

#include <gtest/gtest.h>

namespace mapwright::machine {
namespace {

double value_of(std::string_view text, Unit unit) {
  const auto parsed = parse_quantity(text, unit);
  const double* value = std::get_if<double>(&parsed);
  return value == nullptr ? -1 : *value;
}

QuantityError error_of(std::string_view text, Unit unit) {
  const auto parsed = parse_quantity(text, unit);
  const auto* error = std::get_if<QuantityError>(&parsed);
  EXPECT_NE(error, nullptr) << text;
  return error == nullptr ? QuantityError{} : *error;
}

TEST(Units, AQuantityIsANumberAndAUnit) {
  EXPECT_EQ(value_of("12 GB/s", Unit::bytes_per_second), 12e9);
  EXPECT_EQ(value_of("12GB/s", Unit::bytes_per_second), 12e9);
  EXPECT_EQ(value_of("1.5e1 \t GiB", Unit::bytes), 15.0 * (1 << 30));
  EXPECT_EQ(value_of("15000 MiB", Unit::bytes), 15728640000.0);
  EXPECT_DOUBLE_EQ(value_of("1.3 us", Unit::seconds), 1.3e-6);
  EXPECT_EQ(value_of("0 s", Unit::seconds), 0);
  EXPECT_EQ(value_of("4.7 TF/s", Unit::flop_per_second), 4.7e12);
}

TEST(Units, AnythingElseIsNot) {
  using What = QuantityError::What;
  for (const char* text : {"", " 12 GB/s", "GB/s", "+12 GB/s", "twelve GB/s"}) {
    EXPECT_EQ(error_of(text, Unit::bytes_per_second).what, What::form) << text;
  }
  for (const char* text :
       {"12", "12 ", "12 GB", "12 gb/s", "12 GB/s ", "12 GB/s/s", "1_000 GB/s", "0x10 GB/s"}) {
    EXPECT_EQ(error_of(text, Unit::bytes_per_second).what, What::unit) << text;
  }
  for (const char* text : {"0 GB/s", "-1 GB/s", "-0 GB/s", "inf GB/s", "nan GB/s", "1e999 GB/s",
                           "1e-999 GB/s", "0.5 B/s", "1001 TB/s"}) {
    EXPECT_EQ(error_of(text, Unit::bytes_per_second).what, What::range) << text;
  }
  const QuantityError unit = error_of("12 gb/s", Unit::bytes_per_second);
  EXPECT_EQ(unit.begin, 3U);
  EXPECT_EQ(unit.end, 7U);
  EXPECT_EQ(unit.suggestion, "GB/s");
}

TEST(Units, TextsAreShortAndExact) {
  EXPECT_EQ(quantity_text(15728640000.0, Unit::bytes), "15000 MiB");
  EXPECT_EQ(quantity_text(16e9, Unit::bytes), "16 GB");
  EXPECT_EQ(quantity_text(2147483648.0, Unit::bytes), "2 GiB");
  EXPECT_EQ(quantity_text(1, Unit::bytes), "1 B");
  EXPECT_EQ(quantity_text(0, Unit::seconds), "0 s");
  EXPECT_EQ(quantity_text(530e-6, Unit::seconds), "530 us");
  EXPECT_EQ(quantity_text(0.04e-9, Unit::seconds), "0.04 ns");
  EXPECT_EQ(quantity_text(1.3e-6, Unit::seconds), "1.3 us");
  EXPECT_EQ(quantity_text(23.6e9, Unit::bytes_per_second), "23.6 GB/s");
  EXPECT_EQ(quantity_text(7.5e12, Unit::flop_per_second), "7.5 TF/s");
  EXPECT_EQ(quantity_text(4926418944.0, Unit::bytes), "4.926 GB");
}

}  // namespace
}  // namespace mapwright::machine
