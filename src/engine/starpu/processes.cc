#include "engine/starpu/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/os/process.h"
#include "base/os/temporary_folder.h"
#include "base/text.h"

namespace mapwright::engine::starpu {
namespace {

constexpr std::string_view kFailureMark = "mapwright-failure ";
// Launchers and libraries say a lot; what a process says of its end comes last, answers are long.
constexpr std::size_t kMostOutput = std::size_t{1} << 30;
constexpr std::size_t kMostText = 2000;
// Processes end themselves at their limit, and say how far they were; then whoever is left is ended.
constexpr std::chrono::milliseconds kMargin{3000};

// Open MPI's processes on one computer share memory through files in here, and those that are ended leave
// theirs behind.
constexpr const char* kShared = "/dev/shm";

plan::Failure failure(std::string code, std::string text) {
  return {std::move(code), std::move(text), {}};
}

// The first thing that a process said of its end.
std::optional<plan::Failure> said_failure(std::string_view text) {
  for (std::string_view line : base::split(text, '\n')) {
    const std::size_t at = line.find(kFailureMark);
    if (at == std::string_view::npos) continue;
    const auto mark = static_cast<std::size_t>(line.data() - text.data()) + at;
    line.remove_prefix(at + kFailureMark.size());
    const std::size_t blank = std::min(line.find(' '), line.size());
    std::string code(line.substr(0, blank));
    std::string words(line.substr(std::min(blank + 1, line.size())));
    // A library that gives up says why, and then aborts.
    if (code == "crashed") words += base::last_lines(text.substr(0, mark), kMostText);
    return failure(std::move(code), std::move(words));
  }
  return std::nullopt;
}

std::optional<std::string> answer_in(std::string_view out) {
  const std::size_t mark = out.find(kAnswerMark);
  if (mark == std::string_view::npos) return std::nullopt;
  out.remove_prefix(mark + kAnswerMark.size());
  const std::size_t line = out.find('\n');
  if (line == std::string_view::npos) return std::nullopt;
  const auto size = base::parse_integer(out.substr(0, line));
  out.remove_prefix(line + 1);
  if (!size || *size < 0 || out.size() < static_cast<std::size_t>(*size)) return std::nullopt;
  return std::string(out.substr(0, static_cast<std::size_t>(*size)));
}

std::vector<std::string> command_line(const Settings& settings, const std::vector<std::string>& arguments,
                                      std::int64_t ranks) {
  if (ranks == 1) {
    std::vector<std::string> alone = {settings.program, "--alone"};
    alone.insert(alone.end(), arguments.begin(), arguments.end());
    return alone;
  }
  const std::string number = fmt::format("{}", ranks);
  std::vector<std::string> words;
  bool told = false;
  for (std::string word : settings.launcher) {
    constexpr std::string_view kRanks = "{ranks}";
    if (const std::size_t at = word.find(kRanks); at != std::string::npos) {
      word.replace(at, kRanks.size(), number);
      told = true;
    }
    words.push_back(std::move(word));
  }
  if (!told) words.insert(words.end(), {"-n", number});
  words.push_back(settings.program);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

os::Environment environment_of(const os::TemporaryFolder& folder, const os::TemporaryFolder* shared) {
  os::Environment all = os::without_secrets(os::environment());
  // Open MPI refuses to start processes for root, as which containers run, unless it is told twice.
  os::set_default(&all, "OMPI_ALLOW_RUN_AS_ROOT", "1");
  os::set_default(&all, "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  os::set_default(&all, "MAPWRIGHT_FOLDER", folder.path().native());
  os::set_default(&all, "OMPI_MCA_orte_tmpdir_base", folder.path().native());
  if (shared != nullptr && !shared->path().empty())
    os::set_default(&all, "OMPI_MCA_btl_vader_backing_directory", shared->path().native());
  return all;
}

// Why there is no answer.
plan::Failure failed_run(const os::Outcome& outcome, double limit) {
  // Those who are ended say something about that as well.
  if (outcome.end != os::End::cancelled) {
    if (auto said = said_failure(outcome.err)) return *std::move(said);
  }
  switch (outcome.end) {
    case os::End::timed_out:
      return failure("timeout", fmt::format("the execution was not over after {} s", limit));
    case os::End::cancelled: return failure(std::string(kCancelled), "the execution was cancelled");
    case os::End::not_started: return failure(std::string(kNotStarted), outcome.problem);
    case os::End::exited:
    case os::End::signaled: break;
  }
  return failure("died", fmt::format("a process ended without an answer: {}{}", os::text_of(outcome),
                                     base::last_lines(outcome.err, kMostText)));
}

}  // namespace

void tidy_up() {
  os::remove_stale_folders();
  os::remove_stale_folders(kShared);
}

std::variant<std::string, plan::Failure> run_processes(const Settings& settings,
                                                       const std::vector<std::string>& arguments,
                                                       std::int64_t ranks, std::string_view input,
                                                       double limit) {
  const os::TemporaryFolder folder;
  if (folder.path().empty()) return failure(std::string(kNotStarted), folder.problem());
  // Another launcher may start processes where that is not.
  std::optional<os::TemporaryFolder> shared;
  if (ranks > 1 && settings.launcher == Settings::default_launcher()) shared.emplace(kShared);
  os::Command command;
  command.argv = command_line(settings, arguments, ranks);
  command.environment = environment_of(folder, shared ? &*shared : nullptr);
  command.input = framed(input);
  command.holds_input = true;
  command.most_output = kMostOutput;
  command.limit = std::chrono::milliseconds(static_cast<std::int64_t>(limit * 1e3)) + kMargin;
  command.cancelled = settings.cancelled;
  const os::Outcome outcome = os::run(command);
  if (auto answer = answer_in(outcome.out)) return *std::move(answer);
  return failed_run(outcome, limit);
}

}  // namespace mapwright::engine::starpu
