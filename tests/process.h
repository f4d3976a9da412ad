// Programs that tests run: with a limit on their time, and nothing left behind.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MAPWRIGHT_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAPWRIGHT_SANITIZED 1
#endif

namespace mapwright::process {

//! Sanitizers map more memory than there is, so that limits on it mean nothing.
#ifdef MAPWRIGHT_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

struct Outcome {
  int exit = -1;    //!< -1: it did not end by itself
  int signal = 0;   //!< that ended it; SIGKILL where its time was over
  std::string out;  //!< standard output and standard error
  std::string err;
};

//! A line that /bin/sh runs in a folder, with an empty standard input, the folder of `executable` first in
//! PATH and the user's state in the folder as well. A process group of its own, so that nothing outlives its
//! time.
class Process {
 public:
  Process(const std::string& line, const std::filesystem::path& folder,
          const std::filesystem::path& executable) {
    std::vector<std::string> environment;
    for (char** e = environ; *e != nullptr; ++e) {
      const std::string_view variable = *e;
      if (!variable.starts_with("PATH=") && !variable.starts_with("XDG_STATE_HOME="))
        environment.emplace_back(variable);
    }
    environment.push_back("PATH=" + executable.parent_path().string() + ":/usr/bin:/bin");
    environment.push_back("XDG_STATE_HOME=" + (folder / "state").string());
    std::vector<char*> envp;
    for (std::string& e : environment) envp.push_back(e.data());
    envp.push_back(nullptr);
    std::string shell = "/bin/sh";
    std::string option = "-c";
    std::string command = line;
    std::vector<char*> argv{shell.data(), option.data(), command.data(), nullptr};

    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0) return;
    if (::pipe2(err.data(), O_CLOEXEC) != 0) {
      ::close(out[0]);
      ::close(out[1]);
      return;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (::posix_spawn(&child_, shell.c_str(), &actions, &attributes, argv.data(), envp.data()) != 0)
      child_ = 0;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(out[1]);
    ::close(err[1]);
    if (child_ == 0) {
      ::close(out[0]);
      ::close(err[0]);
    }
    ends_ = {pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (child_ != 0) wait(std::chrono::milliseconds(0));
  }

  //! To it and all that it started.
  void signal(int number) const {
    if (child_ != 0) ::kill(-child_, number);
  }

  //! What came of it; once. It is killed when the time is over.
  Outcome wait(std::chrono::milliseconds limit) {
    constexpr std::size_t kMostOutput = std::size_t{64} << 20;
    Outcome outcome;
    if (child_ == 0) return outcome;
    std::array<pollfd, 2> ends = ends_;
    const std::array<std::string*, 2> texts{&outcome.out, &outcome.err};
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const auto open = [&] { return ends[0].fd >= 0 || ends[1].fd >= 0; };
    while (open() && outcome.out.size() + outcome.err.size() <= kMostOutput) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0 || ::poll(ends.data(), ends.size(), static_cast<int>(left.count())) == 0) break;
      for (std::size_t i = 0; i < ends.size(); ++i) {
        if (ends[i].fd < 0 || ends[i].revents == 0) continue;
        std::array<char, 1 << 16> chunk;
        const ssize_t got = ::read(ends[i].fd, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got > 0) {
          texts[i]->append(chunk.data(), static_cast<std::size_t>(got));
        } else {
          ends[i].fd = -1;  // which poll ignores
        }
      }
    }
    const bool ended = !open();
    for (const pollfd& end : ends_) ::close(end.fd);
    if (!ended) ::kill(-child_, SIGKILL);
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = 0;
    if (ended && WIFEXITED(status)) outcome.exit = WEXITSTATUS(status);
    if (!ended) outcome.signal = SIGKILL;
    if (ended && WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
    return outcome;
  }

 private:
  pid_t child_ = 0;  // 0: none, or waited for
  std::array<pollfd, 2> ends_{};
};

//! Runs a line as Process does, to its end.
inline Outcome run_command(const std::string& line, const std::filesystem::path& folder,
                           const std::filesystem::path& executable,
                           std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  return Process(line, folder, executable).wait(limit);
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mapwright-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code none;
    if (!path_.empty()) std::filesystem::remove_all(path_, none);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

//! A terminal that keeps what was written to it until it is read.
class Terminal {
 public:
  Terminal() : terminal_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (terminal_ < 0 || ::grantpt(terminal_) != 0 || ::unlockpt(terminal_) != 0) return;
    name_ = ::ptsname(terminal_);
    ::fcntl(terminal_, F_SETFL, O_NONBLOCK);
    held_ = ::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  ~Terminal() {
    if (held_ >= 0) ::close(held_);
    if (terminal_ >= 0) ::close(terminal_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  //! Empty where the system has none.
  const std::string& name() const { return name_; }
  std::string take() {
    std::string text;
    std::array<char, 4096> chunk{};
    for (ssize_t got; (got = ::read(terminal_, chunk.data(), chunk.size())) > 0;)
      text.append(chunk.data(), static_cast<std::size_t>(got));
    return text;
  }

 private:
  int terminal_;
  int held_ = -1;  // keeps the text readable after the command
  std::string name_;
};

}  // namespace mapwright::process
