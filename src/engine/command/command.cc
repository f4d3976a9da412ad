#include "engine/command/command.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>

#include "base/files.h"
#include "base/os/process.h"
#include "base/os/temporary_folder.h"
#include "base/text.h"

namespace mapwright::engine::command {
namespace {

// Of each of its two streams, the end: programs say last how it ended.
constexpr std::size_t kMostOutput = std::size_t{64} << 20;
constexpr std::size_t kMostText = 4000;

plan::Failure failure(std::string_view code, std::string text) {
  return {std::string(code), std::move(text), {}};
}

Execution failed(plan::Failure failure) {
  Execution execution;
  execution.failure = std::move(failure);
  return execution;
}

// What it wrote, as far as people look: the end of each stream.
std::string endings(const os::Outcome& outcome) {
  return base::last_lines(outcome.out, kMostText) + base::last_lines(outcome.err, kMostText);
}

std::vector<std::string> words(const Settings& settings, const std::string& mapper) {
  std::vector<std::string> all = settings.launcher;
  all.insert(all.end(), settings.argv.begin(), settings.argv.end());
  for (std::string& word : all) {
    for (std::size_t at = 0; (at = word.find(kMapperWord, at)) != std::string::npos; at += mapper.size())
      word.replace(at, kMapperWord.size(), mapper);
  }
  return all;
}

// One execution of a command, and what it left.
struct Attempt {
  std::optional<plan::Failure> failure;
  os::Outcome outcome;
  double seconds = 0;
  Greeting greeting;  // of a Legion application
};

// Why there is no metric.
std::optional<plan::Failure> failure_of(const os::Outcome& outcome, double limit) {
  switch (outcome.end) {
    case os::End::timed_out:
      return failure("timeout",
                     fmt::format("the execution was not over after {} s{}", limit, endings(outcome)));
    case os::End::cancelled: return failure(kCancelled, "the execution was cancelled");
    case os::End::not_started: return failure(kNotStarted, outcome.problem);
    case os::End::signaled:
      return failure("failed", fmt::format("the command was ended by signal {} ({}){}", outcome.signal,
                                           ::sigdescr_np(outcome.signal), endings(outcome)));
    case os::End::exited: break;
  }
  if (outcome.exit == 0) return std::nullopt;
  return failure("failed",
                 fmt::format("the command ended with exit status {}{}", outcome.exit, endings(outcome)));
}

// `mapper`: null for an application as it is.
Attempt attempt(const Settings& settings, const lang::CompiledMapper* mapper,
                const std::filesystem::path& folder, const std::filesystem::path& journal) {
  Attempt tried;
  const std::string file = folder / "mapper";
  if (const auto written = base::replace_file(file, mapper == nullptr ? "" : mapper->source()->text());
      const auto* error = std::get_if<base::FileError>(&written)) {
    tried.failure = failure(kNotStarted, error->message);
    return tried;
  }
  os::Command command;
  command.argv = words(settings, file);
  command.environment = os::without_secrets(os::environment());
  // What somebody exported for other runs is not for this one.
  for (const std::string_view variable : kAdapterVariables) os::unset(&*command.environment, variable);
  os::unset(&*command.environment, kMapperVariable);
  if (mapper != nullptr) os::set(&*command.environment, kMapperVariable, file);
  os::set(&*command.environment, "TMPDIR", folder.native());
  const std::filesystem::path handshake = folder / "handshake";
  if (!settings.adapter.empty())
    command.environment = with_adapter(*std::move(command.environment), settings.adapter, handshake, journal);
  command.most_output = kMostOutput;
  command.keeps_end = true;
  command.limit = std::chrono::milliseconds(static_cast<std::int64_t>(settings.limit * 1e3));
  // Where the adapter cannot work, what the application does is for nothing.
  const auto refused = [&] { return !settings.adapter.empty() && is_refusal(handshake); };
  command.cancelled = [&] { return (settings.cancelled && settings.cancelled()) || refused(); };
  const auto begin = std::chrono::steady_clock::now();
  tried.outcome = os::run(command);
  tried.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  tried.failure = failure_of(tried.outcome, settings.limit);
  if (refused() && tried.outcome.end == os::End::cancelled) tried.failure.reset();
  if (settings.adapter.empty() || (tried.failure && tried.failure->code != "failed")) return tried;
  const auto greeting = read_handshake(handshake, settings.argv.front());
  // Without the adapter, what it did says nothing of the mapper.
  if (const auto* absent = std::get_if<std::string>(&greeting)) {
    tried.failure =
        failure(kNotStarted, *absent + (tried.failure ? "\n" + tried.failure->text : endings(tried.outcome)));
    return tried;
  }
  tried.greeting = std::get<Greeting>(greeting);
  if (settings.nodes && *settings.nodes != tried.greeting.nodes) {
    tried.failure =
        failure(kNotStarted, fmt::format("the application runs on {}, and its model on {}: --nodes {}",
                                         base::count_text(tried.greeting.nodes, "node"), *settings.nodes,
                                         tried.greeting.nodes));
  }
  return tried;
}

}  // namespace

Command::Command(Settings settings) : settings_(std::move(settings)) {}

Execution Command::execute(const lang::MapperPtr& mapper) const {
  os::remove_stale_folders();
  const os::TemporaryFolder folder;
  if (folder.path().empty()) return failed(failure(kNotStarted, folder.problem()));
  if (!settings_.journal.empty())
    if (const auto emptied = base::replace_file(settings_.journal, "");
        const auto* error = std::get_if<base::FileError>(&emptied))
      return failed(failure(kNotStarted, error->message));
  Attempt tried = attempt(settings_, mapper.get(), folder.path(), settings_.journal);
  if (tried.failure) return failed(*std::move(tried.failure));

  double metric = tried.seconds;
  if (settings_.metric) {
    // What both streams say, the output last: it is where results are.
    const std::string all = tried.outcome.err + "\n" + tried.outcome.out;
    const auto found = settings_.metric->find_last(all);
    if (!found) {
      const auto text = settings_.metric->found_last(all);
      return failed(failure(
          "no_metric", text ? fmt::format("what the expression '{}' finds is no number: '{}'",
                                          settings_.metric->text(), base::visible(base::shortened(*text, 80)))
                            : fmt::format("the expression '{}' finds nothing in what the command wrote{}",
                                          settings_.metric->text(), endings(tried.outcome))));
    }
    metric = *found;
  }
  Execution execution;
  if (settings_.twin) execution = settings_.twin(mapper);
  // What its model cannot do says nothing of the program.
  if (execution.failure) execution = Execution();
  execution.modelled = execution.profile.plan != nullptr;
  execution.metric = metric;
  execution.seconds_per_iteration = tried.seconds;
  return execution;
}

Watched watch(const Settings& settings) {
  Watched watched;
  os::remove_stale_folders();
  const os::TemporaryFolder folder;
  if (folder.path().empty()) {
    watched.failure = failure(kNotStarted, folder.problem());
    return watched;
  }
  const std::filesystem::path file = folder.path() / "journal";
  Attempt tried = attempt(settings, nullptr, folder.path(), file);
  watched.failure = std::move(tried.failure);
  if (watched.failure) return watched;
  watched.greeting = std::move(tried.greeting);
  auto read = base::read_file(file, kMostJournal);
  if (const auto* error = std::get_if<base::FileError>(&read))
    watched.failure =
        failure(kNotStarted, error->error_number == EFBIG
                                 ? "what the application did is too much to read: watch a run with fewer "
                                   "steps"
                                 : error->message);
  else
    watched.journal = std::move(std::get<std::string>(read));
  return watched;
}

}  // namespace mapwright::engine::command
