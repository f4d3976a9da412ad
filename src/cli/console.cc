#include "cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace mapwright::cli {
namespace {

// NO_COLOR (no-color.org): present and not empty means no colour.
bool wants_color(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return ::isatty(descriptor) == 1;
}

std::string render_all(const base::Diagnostics& list, bool color) {
  std::string text;
  std::size_t shown = 0;
  for (const base::Diagnostic& d : list.items()) {
    if (shown == kMostShown) break;
    text += base::render(d, color);
    ++shown;
  }
  const std::size_t total = list.errors() + list.warnings();
  if (total > shown) text += fmt::format("... and {} more\n", total - shown);
  return text;
}

}  // namespace

Console::Console() : color_out_(wants_color(STDOUT_FILENO)), color_error_(wants_color(STDERR_FILENO)) {}

void Console::result(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) lost(errno);
}

// What cannot be said is lost: there is nowhere to complain.
void Console::say(std::string_view text) const {
  const std::string line = fmt::format("mapwright: {}\n", base::visible(text));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Console::say_lines(std::string_view text) const {
  for (const std::string_view line : base::split(text, '\n')) say(line);
}

void Console::progress(std::string_view text) const {
  if (::isatty(STDERR_FILENO) != 1) return;
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  const std::size_t columns = known ? size.ws_col - 1U : 79U;
  const std::string shown = base::visible(text);
  const std::string line = fmt::format("\r\x1b[K{}", base::cut_right(shown, columns));
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

// A reader that went away has seen what it wanted.
void Console::lost(int why) {
  lost_ = lost_ || why != EPIPE;
}

void Console::problems(const base::Diagnostics& list) const {
  const std::string text = render_all(list, color_error_);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string Console::problems_text(const base::Diagnostics& list) const {
  return render_all(list, color_out_);
}

Exit Console::finish(Exit code) {
  if (std::fflush(stdout) != 0) lost(errno);
  if (!lost_) return code;
  say("cannot write to standard output");
  return Exit::io;
}

std::string read_text(const std::string& path, Exit too_large) {
  // /dev/stdin would fail where standard input is a socket.
  if (path == "-") {
    std::string text;
    char chunk[1 << 16];
    for (;;) {
      const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof chunk);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        throw Stop{Exit::io, fmt::format("cannot read standard input: {}", std::strerror(errno)), {}};
      if (got == 0) return text;
      text.append(chunk, static_cast<std::size_t>(got));
      if (text.size() > base::Source::kMaxBytes)
        throw Stop{too_large, "standard input is larger than 64 MiB", {}};
    }
  }
  auto text = base::read_file(path, base::Source::kMaxBytes);
  if (const auto* error = std::get_if<base::FileError>(&text)) {
    if (error->error_number == EFBIG)
      throw Stop{too_large, fmt::format("'{}' is larger than 64 MiB", path), {}};
    const bool missing = error->error_number == ENOENT || error->error_number == ENOTDIR;
    throw Stop{missing ? Exit::no_input : Exit::io, error->message, {}};
  }
  return std::get<std::string>(std::move(text));
}

void write_text(const std::string& path, std::string_view text) {
  const auto written = base::replace_file(path, text);
  if (const auto* error = std::get_if<base::FileError>(&written)) throw Stop{Exit::io, error->message, {}};
}

bool make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder)) {
    const std::string why = error ? error.message() : "it is no folder";
    throw Stop{Exit::io, fmt::format("cannot make the folder '{}': {}", folder.string(), why), {}};
  }
  return made;
}

void expect_output(std::string_view option, const std::string& path,
                   std::initializer_list<std::string> inputs) {
  if (path.empty() || path == "-")
    throw Stop{Exit::usage, fmt::format("{} takes the name of a file, not '{}'", option, path), {}};
  for (const std::string& input : inputs) {
    std::error_code none;
    if (std::filesystem::equivalent(path, input, none))
      throw Stop{Exit::usage, fmt::format("{} would overwrite '{}', which is read", option, input), {}};
  }
}

std::string count_text(const base::Diagnostics& list) {
  if (list.errors() == 0 && list.warnings() == 0) return "no problems";
  if (list.warnings() == 0) return base::count_text(list.errors(), "error");
  if (list.errors() == 0) return base::count_text(list.warnings(), "warning");
  return fmt::format("{}, {}", base::count_text(list.errors(), "error"),
                     base::count_text(list.warnings(), "warning"));
}

}  // namespace mapwright::cli
