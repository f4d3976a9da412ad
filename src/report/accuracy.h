// Where figures come from, for every table of speed-ups: what is known of the simulator's error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mapwright::report {

enum class Basis : std::uint8_t {
  simulated,
  measured,  //!< in real executions
  verified,  //!< in real executions, whose answers were checked
};

//! Of what was really executed: that. Of predictions for a built-in program: "simulated; on Lassen its
//! predictions were -4.5 % to +0.7 % off" (docs/accuracy.md); of others, what is known of all of them. The
//! figures are those of docs/accuracy.md.
std::string accuracy_text(std::string_view program, Basis basis = Basis::simulated);

}  // namespace mapwright::report
