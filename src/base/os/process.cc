#include "base/os/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::os {
namespace {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

// Between two looks at whether it has ended, or is to end.
constexpr milliseconds kLook{20};

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  void reset(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

// Both ends above the three of the standard, so that the child's copies overwrite none of them; errno where
// there are none left.
int open_pipe(Pipe* pipe) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  const Descriptor low_read(ends[0]);
  const Descriptor low_write(ends[1]);
  pipe->read.reset(::fcntl(ends[0], F_DUPFD_CLOEXEC, 3));
  pipe->write.reset(::fcntl(ends[1], F_DUPFD_CLOEXEC, 3));
  return pipe->read.get() < 0 || pipe->write.get() < 0 ? errno : 0;
}

void make_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// While it lives, a write to a pipe that nobody reads is an error of this thread, and no signal.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() {
    const timespec none{};
    while (!was_pending_ && ::sigtimedwait(&pipe_, nullptr, &none) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

// A child that has not been waited for, so that its number, and its group's, is nobody else's.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ != 0) end();
  }

  // errno, or 0.
  int start(const Command& command, const std::array<int, 3>& ends) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    if (!command.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, command.folder.c_str());
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_adddup2(&actions, ends.at(static_cast<std::size_t>(standard)), standard);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    sigset_t none;
    sigset_t usual;
    ::sigemptyset(&none);
    ::sigfillset(&usual);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> words = command.argv;
    Environment variables = command.environment.value_or(environment());
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> list;
      list.reserve(texts.size() + 1);
      for (std::string& text : texts) list.push_back(text.data());
      list.push_back(nullptr);
      return list;
    };
    const int failed = ::posix_spawnp(&pid_, words.front().c_str(), &actions, &attributes,
                                      pointers(words).data(), pointers(variables).data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) pid_ = 0;
    return failed;
  }

  // To the group, and to the child also where it has left that.
  void signal(int number) const {
    ::kill(-pid_, number);
    ::kill(pid_, number);
  }

  pid_t group() const { return pid_; }

  // Whether it has ended; it can still be waited for.
  bool ended() const {
    siginfo_t info{};
    const int got = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return got != 0 ? errno != EINTR : info.si_pid != 0;
  }

  // Kills what is left of the group, then waits for it; nothing where somebody else did.
  std::optional<int> end() {
    signal(SIGKILL);
    int status = 0;
    pid_t got = 0;
    do {
      got = ::waitpid(pid_, &status, 0);
    } while (got < 0 && errno == EINTR);
    pid_ = 0;
    return got < 0 ? std::nullopt : std::optional(status);
  }

 private:
  pid_t pid_ = 0;
};

// A process that does nothing but wait for this one: where it ends without a word, by SIGKILL say, the
// child's group is killed. Only calls that are safe behind the fork of one of several threads are made there.
class Guard {
 public:
  explicit Guard(pid_t group) {
    if (open_pipe(&pipe_) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      // What the terminal sends to this process's group is not for it.
      sigset_t all;
      ::sigfillset(&all);
      ::sigprocmask(SIG_BLOCK, &all, nullptr);
      ::setpgid(0, 0);
      ::prctl(PR_SET_NAME, "guard");  // whoever kills all of our name leaves it alone
      ::dup2(pipe_.read.get(), STDIN_FILENO);
      ::close_range(STDIN_FILENO + 1, ~0U, 0);
      char word = 0;
      ssize_t got = 0;
      do {
        got = ::read(STDIN_FILENO, &word, 1);
      } while (got < 0 && errno == EINTR);
      if (got == 0) ::kill(-group, SIGKILL);
      ::_exit(0);
    }
    pipe_.read.close();
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    if (pid_ <= 0) return;
    const char word = '.';
    while (::write(pipe_.write.get(), &word, 1) < 0 && errno == EINTR) {
    }
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

 private:
  pid_t pid_ = -1;  // none: it could not be made, and nothing else depends on it
  Pipe pipe_;
};

// What a stream gave, as much of it as is kept.
class Kept {
 public:
  Kept(const Command& command, std::string* text, bool* cut)
      : most_(command.most_output), end_(command.keeps_end), text_(*text), cut_(cut) {}

  // Reads what there is; false at the end.
  bool read_from(int fd) {
    std::array<char, std::size_t{1} << 16> chunk{};
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    const auto size = static_cast<std::size_t>(got);
    const std::size_t kept = end_ ? size : std::min(size, most_ - text_.size());
    text_.append(chunk.data(), kept);
    if (kept < size) *cut_ = true;
    // Seldom, because all that stays moves.
    if (text_.size() / 2 > most_) drop();
    return got > 0;
  }

  void finish() {
    if (text_.size() > most_) drop();
  }

 private:
  void drop() {
    text_.erase(0, text_.size() - most_);
    *cut_ = true;
  }

  std::size_t most_;
  bool end_;
  std::string& text_;
  bool* cut_;
};

// Its three streams, as far as they are open.
class Streams {
 public:
  Streams(const Command& command, Outcome* outcome)
      : command_(command),
        left_(command.input),
        kept_out_(command, &outcome->out, &outcome->out_cut),
        kept_err_(command, &outcome->err, &outcome->err_cut) {}

  int open() {
    for (Pipe* pipe : {&in_, &out_, &err_}) {
      if (const int failed = open_pipe(pipe); failed != 0) return failed;
    }
    return 0;
  }

  // For the child: standard input, output and error.
  std::array<int, 3> ends() const { return {in_.read.get(), out_.write.get(), err_.write.get()}; }

  // The child has its ends.
  void begin() {
    in_.read.close();
    out_.write.close();
    err_.write.close();
    for (const int fd : {in_.write.get(), out_.read.get(), err_.read.get()}) make_nonblocking(fd);
    if (left_.empty() && !command_.holds_input) in_.write.close();
  }

  bool reading() const { return out_.read.get() >= 0 || err_.read.get() >= 0; }

  // Moves what can be moved, waiting at most so long for something.
  bool move(milliseconds wait) {
    std::array<pollfd, 3> ends{pollfd{left_.empty() ? -1 : in_.write.get(), POLLOUT, 0},
                               pollfd{out_.read.get(), POLLIN, 0}, pollfd{err_.read.get(), POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), static_cast<int>(wait.count())) <= 0) return false;
    if (ends[0].revents != 0 && !write_some()) in_.write.close();
    if (ends[1].revents != 0 && !kept_out_.read_from(out_.read.get())) out_.read.close();
    if (ends[2].revents != 0 && !kept_err_.read_from(err_.read.get())) err_.read.close();
    return true;
  }

  // Nothing more comes.
  void finish() {
    kept_out_.finish();
    kept_err_.finish();
  }

 private:
  bool write_some() {
    const ssize_t put = ::write(in_.write.get(), left_.data(), left_.size());
    if (put < 0) return errno == EINTR || errno == EAGAIN;
    left_.remove_prefix(static_cast<std::size_t>(put));
    return !left_.empty() || command_.holds_input;
  }

  const Command& command_;
  std::string_view left_;
  Kept kept_out_;
  Kept kept_err_;
  Pipe in_;
  Pipe out_;
  Pipe err_;
};

// Until it has ended: by itself, or because it had to.
void watch(const Command& command, const Child& child, Streams& streams, Outcome* outcome) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const Time limit = now() + command.limit;
  std::optional<Time> killed;
  milliseconds wait{1};
  while (!child.ended()) {
    if (!killed && now() >= limit) outcome->end = End::timed_out;
    if (!killed && outcome->end != End::timed_out && command.cancelled && command.cancelled())
      outcome->end = End::cancelled;
    if (!killed && (outcome->end == End::timed_out || outcome->end == End::cancelled)) {
      child.signal(SIGTERM);
      killed = now() + command.grace;
    }
    if (killed && now() >= *killed) return;
    // The first looks follow quickly: most programs are short, or have just closed what they wrote to.
    wait = streams.move(wait) ? milliseconds(1) : std::min(wait * 2, kLook);
  }
}

}  // namespace

std::string find_program(const std::string& word) {
  const auto runs = [](const std::filesystem::path& file) { return ::access(file.c_str(), X_OK) == 0; };
  if (word.find('/') != std::string::npos) return runs(word) ? word : "";
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : base::split(path == nullptr ? "" : path, ':')) {
    if (const std::filesystem::path file = std::filesystem::path(folder) / word; runs(file)) return file;
  }
  return "";
}

std::vector<std::string> shell(std::string line) {
  return {"/bin/sh", "-c", std::move(line)};
}

Outcome run(const Command& command) {
  base::expects(!command.argv.empty(), "a command without a program");
  Outcome outcome;
  const auto not_started = [&](int error_number) {
    outcome.problem = fmt::format("cannot start '{}'{}: {}", command.argv.front(),
                                  command.folder.empty() ? "" : fmt::format(" in '{}'", command.folder),
                                  ::strerrordesc_np(error_number));
    return outcome;
  };
  const WithoutSigpipe guard;
  Streams streams(command, &outcome);
  if (const int failed = streams.open(); failed != 0) return not_started(failed);
  Child child;
  if (const int failed = child.start(command, streams.ends()); failed != 0) return not_started(failed);
  const Guard kills_it_after_us(child.group());
  streams.begin();
  outcome.end = End::exited;
  watch(command, child, streams, &outcome);
  const std::optional<int> status = child.end();
  // What it wrote before its end is in the pipes; a descendant that got away may hold them open.
  constexpr int kMostLeft = 64;
  for (int i = 0; i < kMostLeft && streams.reading() && streams.move(milliseconds(0)); ++i) {
  }
  streams.finish();
  if (status && WIFEXITED(*status)) outcome.exit = WEXITSTATUS(*status);
  if (status && WIFSIGNALED(*status)) {
    outcome.signal = WTERMSIG(*status);
    if (outcome.end == End::exited) outcome.end = End::signaled;
  }
  return outcome;
}

std::string text_of(const Outcome& outcome) {
  switch (outcome.end) {
    case End::exited: return fmt::format("the exit status was {}", outcome.exit);
    case End::signaled:
      return fmt::format("it was ended by signal {} ({})", outcome.signal, ::sigdescr_np(outcome.signal));
    case End::timed_out: return "its time was over";
    case End::cancelled: return "it was interrupted";
    case End::not_started: break;
  }
  return outcome.problem;
}

}  // namespace mapwright::os
