#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace mapwright::base {
namespace {

FileError failure(std::string_view what, const std::filesystem::path& path, int error_number) {
  return {error_number, fmt::format("cannot {} '{}': {}", what, path.string(), std::strerror(error_number))};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::variant<std::string, FileError> read_file(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return failure("read", path, errno);
  std::string text;
  constexpr std::size_t kChunk = std::size_t{1} << 16;
  for (;;) {
    const std::size_t have = text.size();
    text.resize(have + kChunk);
    const ssize_t got = ::read(fd.get(), text.data() + have, kChunk);
    if (got < 0 && errno == EINTR) {
      text.resize(have);
      continue;
    }
    if (got < 0) return failure("read", path, errno);
    text.resize(have + static_cast<std::size_t>(got));
    if (text.size() > limit) return failure("read", path, EFBIG);
    if (got == 0) return text;
  }
}

std::variant<std::monostate, FileError> replace_file(const std::filesystem::path& path,
                                                     std::string_view text) {
  // A link is followed, so that the file behind it changes and the link stays.
  std::error_code ignored;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, ignored);
  const std::filesystem::path& real = ignored ? path : target;
  std::string temporary = real.string() + ".XXXXXX";
  const Descriptor fd(::mkstemp(temporary.data()));
  if (fd.get() < 0) return failure("write", path, errno);
  const auto give_up = [&] {
    const int why = errno;
    ::unlink(temporary.c_str());
    return failure("write", path, why);
  };
  struct stat old{};
  const mode_t mode = ::stat(real.c_str(), &old) == 0 ? old.st_mode & 07777U : 0644U;
  if (::fchmod(fd.get(), mode) != 0) return give_up();
  while (!text.empty()) {
    const ssize_t put = ::write(fd.get(), text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return give_up();
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fsync(fd.get()) != 0 || ::rename(temporary.c_str(), real.c_str()) != 0) return give_up();
  return std::monostate{};
}

}  // namespace mapwright::base
