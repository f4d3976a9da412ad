#include "machine/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::machine {
namespace {

constexpr double kKi = 1024;

// Smallest first: quantity_text prefers what stands later.
constexpr std::array<UnitName, 9> kBytes{{{"B", 1},
                                          {"kB", 1e3},
                                          {"KiB", kKi, false},
                                          {"MB", 1e6},
                                          {"MiB", kKi* kKi, false},
                                          {"GB", 1e9},
                                          {"GiB", kKi* kKi* kKi, false},
                                          {"TB", 1e12},
                                          {"TiB", kKi* kKi* kKi* kKi, false}}};
constexpr std::array<UnitName, 4> kSeconds{{{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}}};
constexpr std::array<UnitName, 9> kRates{{{"B/s", 1},
                                          {"kB/s", 1e3},
                                          {"KiB/s", kKi, false},
                                          {"MB/s", 1e6},
                                          {"MiB/s", kKi* kKi, false},
                                          {"GB/s", 1e9},
                                          {"GiB/s", kKi* kKi* kKi, false},
                                          {"TB/s", 1e12},
                                          {"TiB/s", kKi* kKi* kKi* kKi, false}}};
constexpr std::array<UnitName, 5> kFlops{
    {{"F/s", 1}, {"MF/s", 1e6}, {"GF/s", 1e9}, {"TF/s", 1e12}, {"PF/s", 1e15}}};

// In the order of Unit. A time may be zero, since an ideal link has no latency; nothing else may.
constexpr std::array<UnitFacts, 6> kFacts{{
    {"", "", "", 0, 0, {}},
    {"", "a whole number", "4", 1, 0, {}},
    {"bytes", "a number of bytes", "16 GB", 1, 1e15, kBytes},
    {"seconds", "a time", "1.3 us", 0, 1e5, kSeconds},
    {"bytes/s", "a rate in bytes per second", "12 GB/s", 1, 1e15, kRates},
    {"flop/s", "a rate in floating-point operations per second", "4.7 TF/s", 1, 1e18, kFlops},
}};

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

const UnitFacts& facts_of(Unit unit) {
  return kFacts[static_cast<std::size_t>(unit)];
}

std::variant<double, QuantityError> parse_quantity(std::string_view text, Unit unit) {
  using What = QuantityError::What;
  const UnitFacts& facts = facts_of(unit);
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return QuantityError{What::form, 0, text.size(), {}};
  const auto digits = static_cast<std::size_t>(stop - text.data());
  std::size_t at = digits;
  while (at < text.size() && is_space(text[at])) ++at;
  const std::string_view word = text.substr(at);
  const auto name = std::ranges::find_if(facts.names, [&](const UnitName& n) { return n.name == word; });
  if (name == facts.names.end()) {
    std::vector<std::string_view> names;
    for (const UnitName& n : facts.names) names.push_back(n.name);
    // Without any unit there is nothing to point at but the number.
    const std::size_t begin = word.empty() ? 0 : at;
    return QuantityError{What::unit, begin, text.size(), base::closest(word, names).value_or("")};
  }
  const double value = number * name->factor;
  const bool fits =
      error == std::errc{} && std::isfinite(value) && value >= facts.least && value <= facts.most;
  // "-0 s" is no time either.
  if (!fits || std::signbit(value)) return QuantityError{What::range, 0, text.size(), {}};
  return value;
}

std::string quantity_text(double value, Unit unit) {
  const UnitFacts& facts = facts_of(unit);
  base::expects(!facts.names.empty(), "a quantity has a unit");
  if (value == 0) return fmt::format("0 {}", unit == Unit::seconds ? "s" : facts.names.front().name);
  std::string best;
  const UnitName* largest = &facts.names.front();
  for (const UnitName& n : facts.names) {
    const double scaled = value / n.factor;
    if (scaled < 1 && &n != &facts.names.front()) continue;
    if (n.decimal) largest = &n;
    std::string shown = fmt::format("{:.6g}", scaled);
    const bool exact = std::abs(std::strtod(shown.c_str(), nullptr) - scaled) <= 1e-12 * scaled;
    // A power of ten belongs to the digits, so that "1.5e+06 B" never wins.
    if (!exact || shown.find('e') != std::string::npos) continue;
    shown += fmt::format(" {}", n.name);
    if (best.empty() || shown.find(' ') <= best.find(' ')) best = std::move(shown);
  }
  return best.empty() ? fmt::format("{:.4g} {}", value / largest->factor, largest->name) : best;
}

}  // namespace mapwright::machine
