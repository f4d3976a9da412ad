#include "engine/command/command.h"

#include <fmt/format.h>

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

Execution failed(std::string code, std::string text) {
  Execution execution;
  execution.failure = plan::Failure{std::move(code), std::move(text), {}};
  return execution;
}

// What it wrote, as far as people look: the end of each stream.
std::string endings(const os::Outcome& outcome) {
  std::string text;
  for (const std::string& stream : {outcome.out, outcome.err}) {
    const std::string shown = base::visible_lines(base::cut_left(stream, kMostText));
    if (!shown.empty()) text += "\n" + shown;
  }
  return text;
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

os::Environment environment(const std::filesystem::path& folder, const std::string& mapper) {
  os::Environment all = os::without_secrets(os::environment());
  const auto set = [&](std::string_view name, const std::string& value) {
    std::erase_if(all, [&](const std::string& variable) {
      return variable.starts_with(name) && variable.substr(name.size(), 1) == "=";
    });
    all.push_back(fmt::format("{}={}", name, value));
  };
  set(kMapperVariable, mapper);
  set("TMPDIR", folder.string());
  return all;
}

// Why there is no metric.
std::optional<Execution> failure_of(const os::Outcome& outcome, double limit) {
  switch (outcome.end) {
    case os::End::timed_out:
      return failed("timeout",
                    fmt::format("the execution was not over after {} s{}", limit, endings(outcome)));
    case os::End::cancelled: return failed(std::string(kCancelled), "the execution was cancelled");
    case os::End::not_started: return failed(std::string(kNotStarted), outcome.problem);
    case os::End::signaled:
      return failed("failed", fmt::format("the command was ended by signal {} ({}){}", outcome.signal,
                                          ::sigdescr_np(outcome.signal), endings(outcome)));
    case os::End::exited: break;
  }
  if (outcome.exit == 0) return std::nullopt;
  return failed("failed",
                fmt::format("the command ended with exit status {}{}", outcome.exit, endings(outcome)));
}

}  // namespace

Command::Command(Settings settings) : settings_(std::move(settings)) {}

Execution Command::execute(const lang::MapperPtr& mapper) const {
  const os::TemporaryFolder folder;
  if (folder.path().empty()) return failed(std::string(kNotStarted), folder.problem());
  const std::string file = folder.path() / "mapper";
  if (const auto written = base::replace_file(file, mapper->source()->text());
      const auto* error = std::get_if<base::FileError>(&written))
    return failed(std::string(kNotStarted), error->message);

  os::Command command;
  command.argv = words(settings_, file);
  command.environment = environment(folder.path(), file);
  command.most_output = kMostOutput;
  command.keeps_end = true;
  command.limit = std::chrono::milliseconds(static_cast<std::int64_t>(settings_.limit * 1e3));
  command.cancelled = settings_.cancelled;
  const auto begin = std::chrono::steady_clock::now();
  const os::Outcome outcome = os::run(command);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (auto failure = failure_of(outcome, settings_.limit)) return *std::move(failure);

  double metric = seconds;
  if (settings_.metric) {
    // What both streams say, the output last: it is where results are.
    const std::string all = outcome.err + "\n" + outcome.out;
    const auto found = settings_.metric->find_last(all);
    if (!found) {
      const auto text = settings_.metric->found_last(all);
      return failed("no_metric",
                    text ? fmt::format("what the expression '{}' finds is no number: '{}'",
                                       settings_.metric->text(), base::visible(base::shortened(*text, 80)))
                         : fmt::format("the expression '{}' finds nothing in what the command wrote{}",
                                       settings_.metric->text(), endings(outcome)));
    }
    metric = *found;
  }
  Execution execution;
  if (settings_.twin) execution = settings_.twin(mapper);
  // What its model cannot do says nothing of the program.
  if (execution.failure) execution = Execution();
  execution.modelled = execution.profile.plan != nullptr;
  execution.metric = metric;
  execution.seconds_per_iteration = seconds;
  return execution;
}

}  // namespace mapwright::engine::command
