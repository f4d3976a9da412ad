#include "cli/mcp_transport.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mapwright::cli::mcp {

LineReader::Got LineReader::next(std::string* line) {
  line->clear();
  bool too_long = false;
  for (;;) {
    const std::size_t end = buffer_.find('\n', at_);
    const std::size_t stop = std::min(end, buffer_.size());
    too_long = too_long || line->size() + (stop - at_) > longest_;
    if (too_long) {
      line->clear();
    } else {
      line->append(buffer_, at_, stop - at_);
    }
    at_ = stop;
    if (end != std::string::npos) {
      ++at_;
      return too_long ? Got::too_long : Got::line;
    }
    if (ended_) {
      if (too_long) return Got::too_long;
      return line->empty() ? Got::end : Got::line;
    }
    char chunk[1 << 16];
    const ssize_t got = ::read(descriptor_, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    buffer_.assign(chunk, got > 0 ? static_cast<std::size_t>(got) : 0);
    at_ = 0;
    ended_ = got <= 0;  // what cannot be read any more has ended
  }
}

void LineWriter::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::string text(line);
  text += '\n';
  std::string_view left = text;
  while (failed_ == 0 && !left.empty()) {
    const ssize_t wrote = ::write(descriptor_, left.data(), left.size());
    if (wrote >= 0) {
      left.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno != EINTR) {
      failed_ = errno;
    }
  }
}

int LineWriter::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

}  // namespace mapwright::cli::mcp
