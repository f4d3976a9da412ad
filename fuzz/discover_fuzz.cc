// Any bytes as the journal of an execution: read, and made into a program, which is written as it was made.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "discover/discover.h"
#include "machine/local.h"
#include "program/json.h"

namespace {

namespace discover = mapwright::discover;
namespace machine = mapwright::machine;
namespace program = mapwright::program;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

const machine::Machine& small_machine() {
  constexpr std::int64_t kGiB = std::int64_t{1} << 30;
  static const machine::Machine made = machine::machine_from({{{4, 16 * kGiB}}, {{0, 8 * kGiB}}});
  return made;
}

void check_seen(const discover::Observation& seen) {
  for (const discover::SeenLaunch& launch : seen.launches) {
    for (const discover::SeenPoint& point : launch.points) {
      require(point.seconds.value_or(0) >= 0, "a time before its beginning");
      if (!launch.domain) continue;
      for (std::size_t d = 0; d < static_cast<std::size_t>(launch.domain->rank); ++d)
        require(launch.domain->lo[d] <= point.point[d] && point.point[d] <= launch.domain->hi[d],
                "a point outside of its launch");
    }
  }
}

void check_program(const program::Program& p) {
  // More than these take longer than they are worth.
  constexpr std::int64_t kMostPoints = 4096;
  std::int64_t points = 0;
  for (const program::Launch& l : p.launches) points += l.points();
  if (points > kMostPoints) return;
  require(program::validate(p).empty(), "a program was discovered that is not valid");
  const auto again = program::load("again.json", program::save(p));
  require(again.ok(), "what was discovered cannot be read");
  require(*again == p, "what was discovered is read as another program");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto seen = discover::read_journal({reinterpret_cast<const char*>(data), size});
  if (!seen) {
    require(seen.problems().has_errors(), "a journal fails without a problem");
    return 0;
  }
  check_seen(*seen);
  const auto found = discover::discover("fuzz", *seen, small_machine());
  if (found) {
    check_program(*found);
  } else {
    require(found.problems().has_errors(), "there is no program and no problem");
  }
  return 0;
}
