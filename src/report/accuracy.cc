#include "report/accuracy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mapwright::report {
namespace {

// Predicted against measured, in percent of the measured figure; checked against docs/accuracy.md.
struct Deviation {
  std::string_view program;
  double least;
  double most;
};
constexpr std::array kDeviations{
    Deviation{"circuit", 0.7, 3.8},     Deviation{"stencil", 0.5, 0.5},   Deviation{"pennant", -4.5, 0.7},
    Deviation{"cannon", -2.5, 77.6},    Deviation{"pumma", -6.4, 21.5},   Deviation{"summa", -2.9, 31.4},
    Deviation{"solomonik", -7.1, -1.9}, Deviation{"johnson", -8.4, 45.9}, Deviation{"cosma", -1.1, 45.5},
};
constexpr double kMedian = 2.5;

}  // namespace

std::string accuracy_text(std::string_view program, Basis basis) {
  if (basis == Basis::measured) return "measured in real executions";
  if (basis == Basis::verified) return "measured in real executions, whose answers were verified";
  const auto* const found = std::ranges::find(kDeviations, program, &Deviation::program);
  if (found == kDeviations.end())
    return fmt::format("simulated; in the median {} % off on Lassen, unmeasured for this program", kMedian);
  if (found->least == found->most)
    return fmt::format("simulated; on Lassen {:+.1f} % off what was measured of this program", found->least);
  return fmt::format("simulated; on Lassen {:+.1f} to {:+.1f} % off what was measured of this program",
                     found->least, found->most);
}

}  // namespace mapwright::report
