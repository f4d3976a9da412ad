#include "base/os/temporary_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace mapwright::os {
namespace {

constexpr std::string_view kName = "mapwright-run-";

// The folder, locked; -1 where another process has it.
int lock(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  struct stat locked{};
  struct stat named{};
  // Whoever had the lock before may have removed the folder.
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(fd, &locked) == 0 &&
      ::stat(folder.c_str(), &named) == 0 && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev)
    return fd;
  ::close(fd);
  return -1;
}

std::filesystem::path usual_parent() {
  const char* stated = std::getenv("TMPDIR");
  return stated != nullptr && *stated != '\0' ? stated : "/tmp";
}

}  // namespace

TemporaryFolder::TemporaryFolder() : TemporaryFolder(usual_parent()) {}

TemporaryFolder::TemporaryFolder(const std::filesystem::path& parent) {
  // Somebody who tidies up may take it in the moment before it is locked.
  constexpr int kTries = 10;
  for (int i = 0; i < kTries && lock_ < 0; ++i) {
    std::string name = (parent / fmt::format("{}XXXXXX", kName)).string();
    if (::mkdtemp(name.data()) == nullptr) {
      problem_ = fmt::format("cannot make a folder in '{}': {}", parent.string(), ::strerrordesc_np(errno));
      return;
    }
    path_ = name;
    lock_ = lock(path_);
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

void remove_stale_folders(const std::filesystem::path& parent) {
  std::error_code ignored;
  for (std::filesystem::directory_iterator at(parent, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    struct stat info{};
    if (!at->path().filename().native().starts_with(kName) || ::lstat(at->path().c_str(), &info) != 0 ||
        info.st_uid != ::geteuid())
      continue;
    const int fd = lock(at->path());
    if (fd < 0) continue;
    std::error_code stays;
    std::filesystem::remove_all(at->path(), stays);
    ::close(fd);
  }
}

void remove_stale_folders() {
  remove_stale_folders(usual_parent());
}

}  // namespace mapwright::os
