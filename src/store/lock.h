// Which process works on a run: a lock on one byte of a file, which the kernel takes back when the process
// ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace mapwright::store {

class RunLock {
 public:
  struct Failure {
    int error_number = 0;  //!< errno; EAGAIN where another process, or another part of this one, has the lock
  };

  //! The lock of run `number`; creates the file where there is none.
  static std::variant<std::unique_ptr<RunLock>, Failure> take(const std::string& file, std::int64_t number);
  //! Whether somebody works on the run, as far as that can be found out.
  static bool held(const std::string& file, std::int64_t number);

  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock();

 private:
  explicit RunLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace mapwright::store
