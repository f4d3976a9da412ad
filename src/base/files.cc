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

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// A new file with the mode that new files have; negative, and errno, where there can be none.
int create_beside(const std::filesystem::path& path, std::string* name) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    *name = fmt::format("{}.{}-{}", path.string(), ::getpid(), i);
    const int fd = ::open(name->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

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
  struct stat old{};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) {
    // A device or a pipe is written to, never replaced.
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd.get() < 0 || !write_all(fd.get(), text)) return failure("write", path, errno);
    return std::monostate{};
  }
  // A link is followed, so that the file behind it changes and the link stays.
  std::error_code ignored;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, ignored);
  const std::filesystem::path& real = ignored ? path : target;
  std::string temporary;
  const Descriptor fd(create_beside(real, &temporary));
  if (fd.get() < 0) return failure("write", path, errno);
  if ((exists && ::fchmod(fd.get(), old.st_mode & 07777U) != 0) || !write_all(fd.get(), text) ||
      ::fsync(fd.get()) != 0 || ::rename(temporary.c_str(), real.c_str()) != 0) {
    const int why = errno;
    ::unlink(temporary.c_str());
    return failure("write", path, why);
  }
  return std::monostate{};
}

}  // namespace mapwright::base
