#include "engine/starpu/processes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/os/process.h"
#include "base/text.h"

namespace mapwright::engine::starpu {
namespace {

constexpr std::string_view kFailureMark = "mapwright-failure ";
// Launchers and libraries say a lot; what a process says of its end comes last, answers are long.
constexpr std::size_t kMostOutput = std::size_t{1} << 30;
constexpr std::size_t kMostText = 2000;
// Processes end themselves at their limit, and say how far they were; then whoever is left is ended.
constexpr std::chrono::milliseconds kMargin{3000};

// A folder for what libraries leave behind, gone with all of it in the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mapwright-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

plan::Failure failure(std::string code, std::string text) {
  return {std::move(code), std::move(text), {}};
}

// The first thing that a process said of its end.
std::optional<plan::Failure> said_failure(std::string_view text) {
  for (std::string_view line : base::split(text, '\n')) {
    const std::size_t at = line.find(kFailureMark);
    if (at == std::string_view::npos) continue;
    line.remove_prefix(at + kFailureMark.size());
    const std::size_t blank = std::min(line.find(' '), line.size());
    return failure(std::string(line.substr(0, blank)),
                   std::string(line.substr(std::min(blank + 1, line.size()))));
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

// What is left of a text that may be long: its end, where the reason is.
std::string tail(std::string_view text) {
  return base::visible(base::cut_left(text, kMostText));
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

os::Environment environment_of(const TemporaryFolder& folder) {
  os::Environment all = os::without_secrets(os::environment());
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(all, [&](const std::string& variable) {
      return variable.starts_with(name) && variable.substr(name.size(), 1) == "=";
    });
  };
  // Open MPI refuses to start processes for root, as which containers run, unless it is told twice.
  for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"}) {
    if (!has(name)) all.push_back(fmt::format("{}=1", name));
  }
  if (!folder.path().empty()) {
    all.push_back("MAPWRIGHT_FOLDER=" + folder.path());
    if (!has("OMPI_MCA_orte_tmpdir_base")) all.push_back("OMPI_MCA_orte_tmpdir_base=" + folder.path());
  }
  return all;
}

// Why there is no answer.
plan::Failure failed_run(const os::Outcome& outcome, double limit) {
  if (auto said = said_failure(outcome.err)) return *std::move(said);
  switch (outcome.end) {
    case os::End::timed_out:
      return failure("timeout", fmt::format("the execution was not over after {} s", limit));
    case os::End::cancelled: return failure(std::string(kCancelled), "the execution was cancelled");
    case os::End::not_started: return failure(std::string(kNotStarted), outcome.problem);
    case os::End::exited:
    case os::End::signaled: break;
  }
  return failure("died", fmt::format("a process ended without an answer: {}\n{}", os::text_of(outcome),
                                     tail(outcome.err)));
}

}  // namespace

std::variant<std::string, plan::Failure> run_processes(const Settings& settings,
                                                       const std::vector<std::string>& arguments,
                                                       std::int64_t ranks, std::string input, double limit) {
  const TemporaryFolder folder;
  os::Command command;
  command.argv = command_line(settings, arguments, ranks);
  command.environment = environment_of(folder);
  command.input = std::move(input);
  command.most_output = kMostOutput;
  command.limit = std::chrono::milliseconds(static_cast<std::int64_t>(limit * 1e3)) + kMargin;
  command.cancelled = settings.cancelled;
  const os::Outcome outcome = os::run(command);
  if (auto answer = answer_in(outcome.out)) return *std::move(answer);
  return failed_run(outcome, limit);
}

}  // namespace mapwright::engine::starpu
