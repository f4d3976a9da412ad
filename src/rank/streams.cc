#include "rank/streams.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "engine/starpu/job.h"

namespace mapwright::rank {

std::string read_all(int from) {
  std::string text;
  std::array<char, 1 << 16> part{};
  for (;;) {
    const auto bytes = read(from, part.data(), part.size());
    if (bytes <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(bytes));
  }
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
