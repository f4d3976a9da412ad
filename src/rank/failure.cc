#include "rank/failure.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <thread>

#include "rank/executor.h"

namespace mapwright::rank {
namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
int g_rank = 0;

const char* name_of(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV, an invalid address";
    case SIGBUS: return "SIGBUS, an invalid address";
    case SIGFPE: return "SIGFPE, an invalid operation on integers";
    case SIGILL: return "SIGILL, an invalid instruction";
    default: return "SIGABRT, a failed check";
  }
}

// Nothing here allocates or locks: it runs wherever the process stopped.
void crashed(int signal) {
  std::array<char, 512> text{};
  char* end = text.data();
  const auto add = [&](const char* word) {
    while (*word != '\0' && end < text.data() + text.size() - 2) *end++ = *word++;
  };
  add("\nmapwright-failure crashed process ");
  std::array<char, 12> digits{};
  char* first = digits.data() + digits.size() - 1;
  int rank = g_rank;
  do {
    *--first = static_cast<char>('0' + rank % 10);
    rank /= 10;
  } while (rank > 0);
  add(first);
  add(doing() == nullptr ? " between tasks: " : " in ");
  if (doing() != nullptr) {
    add(doing());
    add(": ");
  }
  add(name_of(signal));
  *end++ = '\n';
  [[maybe_unused]] const auto written =
      write(STDERR_FILENO, text.data(), static_cast<std::size_t>(end - text.data()));
  _exit(kFailed);
}

}  // namespace

void say_failure(std::string_view code, std::string_view text) {
  const std::string line = fmt::format("\nmapwright-failure {} {}\n", code, text);
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

void fail(std::string_view code, std::string_view text) {
  say_failure(code, text);
  _exit(kFailed);
}

void report_crashes(int rank) {
  g_rank = rank;
  struct sigaction action{};
  action.sa_handler = crashed;
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

void end_after(std::chrono::milliseconds limit, std::function<std::string()> progress) {
  std::thread([limit, progress = std::move(progress)] {
    std::this_thread::sleep_for(limit);
    fail("timeout", progress());
  }).detach();
}

}  // namespace mapwright::rank
