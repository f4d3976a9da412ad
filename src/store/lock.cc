#include "store/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace mapwright::store {
namespace {

struct flock byte_of(std::int64_t number) {
  struct flock byte{};
  byte.l_type = F_WRLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = number;
  byte.l_len = 1;
  return byte;
}

}  // namespace

std::variant<std::unique_ptr<RunLock>, RunLock::Failure> RunLock::take(const std::string& file,
                                                                       std::int64_t number) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return Failure{errno};
  std::unique_ptr<RunLock> lock(new RunLock(fd));
  // Of the open file, not of the process: two parts of one process exclude one another as well, and closing
  // some other descriptor of the file does not give the lock away.
  struct flock byte = byte_of(number);
  if (::fcntl(fd, F_OFD_SETLK, &byte) == 0) return lock;
  return Failure{errno == EACCES ? EAGAIN : errno};
}

bool RunLock::held(const std::string& file, std::int64_t number) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno != ENOENT;
  struct flock byte = byte_of(number);
  const bool asked = ::fcntl(fd, F_OFD_GETLK, &byte) == 0;
  ::close(fd);
  return !asked || byte.l_type != F_UNLCK;
}

RunLock::~RunLock() {
  ::close(fd_);
}

}  // namespace mapwright::store
