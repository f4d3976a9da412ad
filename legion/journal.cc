#include "journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "session.h"

namespace mapwright::legion {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t length = base::utf8_length(text, at);
    if (length == 0) {
      out += "\\ufffd";  // names may be in any encoding, JSON is in one
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(at, length);
    }
    at += std::max<std::size_t>(1, length);
  }
  return out + "\"";
}

void Line::key(std::string_view key) {
  if (!fields_.empty()) fields_ += ',';
  fields_ += quoted(key) + ":";
}

Line& Line::text(std::string_view name, std::string_view value) {
  return raw(name, quoted(value));
}
Line& Line::number(std::string_view name, long long value) {
  return raw(name, std::to_string(value));
}
Line& Line::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

Line& Line::raw(std::string_view name, std::string_view json) {
  key(name);
  fields_ += json;
  return *this;
}

namespace {

[[noreturn]] void cannot_write(std::string_view what) {
  give_up(75, fmt::format("cannot write {}: {}\n", what, std::strerror(errno)));
}

}  // namespace

Journal::Journal(const char* path) {
  if (path == nullptr || *path == '\0') return;
  file_ = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) cannot_write(fmt::format("'{}'", path));
}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

void Journal::write(const Line& line) const {
  if (file_ < 0) return;
  const std::string text = line.object() + "\n";
  // In one call: threads and processes append to one file, and no line may stand within another.
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t written = ::write(file_, left.data(), left.size());
    if (written < 0 && errno != EINTR) cannot_write("what the application decided");
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace mapwright::legion
