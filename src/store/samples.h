// What the tests of the store share: a folder and processes that leave nothing behind, and the text of
// problems.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "store/store.h"

namespace mapwright::store::samples {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mapwright-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code none;
    if (!path_.empty()) std::filesystem::remove_all(path_, none);
  }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

//! What a person would read, with DIR for the folder; "" where there is no problem.
template <class T>
std::string text_of(const base::Result<T>& result, const std::filesystem::path& folder) {
  if (result) return {};
  std::string text;
  for (const base::Diagnostic& d : result.problems().items()) text += base::render(d, false);
  for (std::size_t at = 0; (at = text.find(folder.string(), at)) != std::string::npos;)
    text.replace(at, folder.string().size(), "DIR");
  return text;
}

//! The value, or a failed test and the end of the process that runs it.
template <class T>
T value_of(base::Result<T> result) {
  if (result) return *std::move(result);
  const std::string text = text_of(result, "no folder");
  ADD_FAILURE() << text;
  throw std::runtime_error(text);
}

inline std::unique_ptr<Store> open(const std::filesystem::path& file, const Options& options = {}) {
  return value_of(Store::open(file, options));
}

inline Trial trial(std::int64_t number, const std::string& canonical = "c") {
  Trial t;
  t.number = number;
  t.mapper = "Task * GPU;\n";
  t.canonical = canonical;
  t.metric = 1.5;
  t.samples = {1.5};
  t.seconds = 0.25;
  return t;
}

inline const NewRun kCircuit{"circuit", "subject", "{\"trials\":200}"};

//! A process that runs `body` and then ends, without the clean-up of the test. What it writes to the
//! descriptor that `body` gets can be read here, one byte after the other.
class Child {
 public:
  explicit Child(const std::function<void(int)>& body) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return;
    static_cast<void>(std::fflush(stdout));
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      int exit = 0;
      try {
        body(ends[1]);
      } catch (...) {
        exit = 1;
      }
      static_cast<void>(std::fflush(stdout));  // what its expectations said
      ::_exit(exit);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill();
    ::close(from_);
  }

  //! Waits for the next byte; false where the process ended.
  bool next(char* byte) const {
    ssize_t got = 0;
    while ((got = ::read(from_, byte, 1)) < 0 && errno == EINTR) {
    }
    return got == 1;
  }
  std::string rest() const {
    std::string text;
    for (char c = 0; next(&c);) text += c;
    return text;
  }
  void kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    wait();
  }
  //! Its exit status, or -1 where a signal ended it.
  int wait() {
    if (pid_ <= 0) return status_;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return status_;
  }

 private:
  pid_t pid_ = 0;
  int from_ = -1;
  int status_ = -1;
};

inline void say(int to, const std::string& text) {
  if (::write(to, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(2);
}

//! What `body` returns, found out in a process of its own, which may do to itself what cannot be undone.
inline std::string in_child(const std::function<std::string()>& body) {
  Child child([&](int to) { say(to, body()); });
  std::string text = child.rest();
  EXPECT_EQ(child.wait(), 0);
  return text;
}

}  // namespace mapwright::store::samples
