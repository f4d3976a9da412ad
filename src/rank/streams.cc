#include "rank/streams.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <thread>

#include "base/text.h"
#include "engine/starpu/job.h"
#include "rank/failure.h"

namespace mapwright::rank {
namespace {

// What is there, where it ends before.
std::string read_framed(int from) {
  std::string text;
  std::optional<std::size_t> wanted;
  std::array<char, 1 << 16> part{};
  for (;;) {
    if (const std::size_t line = text.find('\n'); !wanted && line != std::string::npos) {
      const auto size = base::parse_integer(std::string_view(text).substr(0, line));
      if (!size || *size < 0) return text;
      wanted = static_cast<std::size_t>(*size);
      text.erase(0, line + 1);
    }
    if (wanted && text.size() >= *wanted) return text;
    const std::size_t left = wanted ? std::min(*wanted - text.size(), part.size()) : part.size();
    const auto bytes = read(from, part.data(), left);
    if (bytes <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(bytes));
  }
}

// Ends this process when there is nothing more to be read.
void end_with(int from) {
  std::thread([from] {
    std::array<char, 64> part{};
    for (;;) {
      const auto bytes = read(from, part.data(), part.size());
      if (bytes == 0 || (bytes < 0 && errno != EINTR)) _exit(kFailed);
    }
  }).detach();
}

}  // namespace

std::string received(Peers* peers) {
  std::string text;
  if (peers->rank() == 0) {
    text = read_framed(STDIN_FILENO);
    end_with(STDIN_FILENO);
  }
  return peers->broadcast(std::move(text));
}

void write_answer(int to, std::string_view answer) {
  const std::string text = fmt::format("\n{}{}\n{}\n", engine::starpu::kAnswerMark, answer.size(), answer);
  for (std::string_view left = text; !left.empty();) {
    const auto written = write(to, left.data(), left.size());
    if (written <= 0) return;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace mapwright::rank
