#include "rank/fault.h"

#include <array>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::rank {

Fault Fault::parse(std::string_view text) {
  if (text.empty()) return {};
  constexpr std::array<std::string_view, 6> kKinds = {"none", "crash", "hang", "exit", "wrong", "extra"};
  const auto parts = base::split(text, ':');
  base::expects(parts.size() == 3 && base::parse_integer(parts[1]).has_value(), "a fault is KIND:RANK:TASK");
  for (std::size_t k = 0; k < kKinds.size(); ++k) {
    if (kKinds[k] == parts[0])
      return {static_cast<Kind>(k), static_cast<int>(*base::parse_integer(parts[1])), std::string(parts[2])};
  }
  base::bug("a fault that is not known");
}

}  // namespace mapwright::rank
