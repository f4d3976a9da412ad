#include "store/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "store/diagnostics.h"

namespace mapwright::store {
namespace {

base::Diagnostic problem_of(const base::DiagnosticKind& kind, std::string message, std::string note) {
  base::Diagnostic d;
  d.kind = &kind;
  d.message = std::move(message);
  d.note = std::move(note);
  return d;
}

}  // namespace

base::Diagnostic unreadable(std::string_view file, std::string_view reason) {
  return problem_of(problem::store_unreadable, fmt::format("cannot read the store '{}': {}", file, reason),
                    "a store is one file, in a folder that you may use; one that does not exist is created");
}

base::Diagnostic readonly(std::string_view file, std::string_view reason) {
  return problem_of(
      problem::store_readonly, fmt::format("cannot write to the store '{}': {}", file, reason),
      "recording a run takes the right to write the file and its folder; or name another store");
}

base::Diagnostic full(std::string_view file, std::string_view reason) {
  return problem_of(problem::store_full, fmt::format("no room is left for the store '{}': {}", file, reason),
                    "all that was recorded before is kept: make room, then continue");
}

base::Diagnostic corrupt(std::string_view file, std::string_view reason) {
  return problem_of(problem::store_corrupt, fmt::format("the store '{}' is damaged: {}", file, reason),
                    "`sqlite3 FILE .recover` prints what can still be read; name another store for new runs");
}

base::Diagnostic foreign(std::string_view file, std::string_view reason) {
  return problem_of(problem::store_foreign, fmt::format("'{}' is no store of mapwright: {}", file, reason),
                    "it is left as it is; name another file, or one that does not exist yet");
}

base::Diagnostic newer(std::string_view file, std::int64_t version, std::int64_t known) {
  return problem_of(
      problem::store_newer,
      fmt::format("the store '{}' has version {}, and this mapwright knows up to version {}", file, version,
                  known),
      "a newer mapwright wrote it, and it is left as it is: use that one, or name another store");
}

base::Diagnostic busy(std::string_view file, std::chrono::milliseconds waited) {
  const double seconds = std::chrono::duration<double>(waited).count();
  return problem_of(
      problem::store_busy,
      fmt::format("another process has kept the store '{}' locked for {:g} s", file, seconds),
      "processes write in turn, each for a moment: end the one that hangs, perhaps a debugger or a backup");
}

base::Diagnostic unknown(std::string_view file, std::string_view run,
                         std::span<const std::string_view> known) {
  constexpr std::size_t kNamed = 10;
  const auto meant = base::closest(run, known);
  std::string note = "there are no runs in it yet";
  if (!known.empty()) {
    const auto last = known.last(std::min(known.size(), kNamed));
    note = fmt::format("{}: {}", last.size() < known.size() ? "its latest runs" : "its runs",
                       base::join(last, ", "));
  }
  return problem_of(problem::run_unknown,
                    fmt::format("the store '{}' has no run '{}'{}", file, run,
                                meant ? fmt::format(": did you mean '{}'?", *meant) : ""),
                    std::move(note));
}

base::Diagnostic in_work(std::string_view run) {
  return problem_of(
      problem::run_in_work, fmt::format("another process works on the run '{}'", run),
      "one process at a time can continue a run: wait until that one ends, or begin another run");
}

base::Diagnostic by_errno(std::string_view file, int error_number,
                          base::Diagnostic (*otherwise)(std::string_view, std::string_view)) {
  const char* reason = std::strerror(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return full(file, reason);
    default: return otherwise(file, reason);
  }
}

}  // namespace mapwright::store
