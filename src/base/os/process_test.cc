// Real programs, most of them lines of /bin/sh. What a test waits for comes at once or after a limit of its
// own, far below the one that ctest has for every test.
#include "base/os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mapwright::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Command line(std::string text) {
  Command c;
  c.argv = shell(std::move(text));
  c.limit = seconds(30);
  return c;
}

double elapsed(const Command& command, Outcome* outcome) {
  const auto begin = std::chrono::steady_clock::now();
  *outcome = run(command);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Gone, or a zombie that the system has yet to collect.
bool is_gone(const std::string& pid) {
  for (int i = 0; i < 200; ++i) {
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string text;
    if (!std::getline(stat, text) || text.substr(text.rfind(')') + 2, 1) == "Z") return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

void expect_no_children() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

class Process : public testing::Test {
 protected:
  void TearDown() override {
    expect_no_children();
    EXPECT_EQ(open_descriptors(), descriptors_);
  }
  std::size_t descriptors_ = open_descriptors();
};

TEST_F(Process, GivesItsOutputAndItsStatus) {
  const Outcome o = run(line("printf out; printf err >&2; exit 3"));
  EXPECT_EQ(o.end, End::exited);
  EXPECT_EQ(o.exit, 3);
  EXPECT_EQ(o.out, "out");
  EXPECT_EQ(o.err, "err");
  EXPECT_FALSE(o.out_cut || o.err_cut);
  EXPECT_EQ(text_of(o), "the exit status was 3");
}

TEST_F(Process, NoShellReadsItsArguments) {
  Command c;
  c.argv = {"printf", "%s", "$HOME `id` $(id); a'b"};
  EXPECT_EQ(run(c).out, "$HOME `id` $(id); a'b");
}

TEST_F(Process, ReadsItsInputAndTheEndOfIt) {
  Command c = line("cat");
  c.input.assign(std::size_t{3} << 20, 'x');
  c.most_output = std::size_t{4} << 20;
  const Outcome o = run(c);
  EXPECT_EQ(o.exit, 0);
  EXPECT_EQ(o.out, c.input);
  EXPECT_EQ(run(line("wc -c")).out.find('0'), run(line("wc -c")).out.size() - 2)
      << "no input is an empty one";
}

TEST_F(Process, ItsInputMayStayOpen) {
  Command c = line("head -c 5; cat; echo over");
  c.input = "12345";
  c.holds_input = true;
  c.limit = milliseconds(500);
  const Outcome waiting = run(c);
  EXPECT_EQ(waiting.end, End::timed_out) << "there may be more to come";
  EXPECT_EQ(waiting.out, "12345");
  c = line("head -c 5");
  c.input = "12345";
  c.holds_input = true;
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::exited);
  EXPECT_EQ(o.out, "12345");
}

TEST_F(Process, MayLeaveItsInputUnread) {
  Command c = line("exec 0<&-; printf done");
  c.input.assign(std::size_t{1} << 20, 'x');
  const Outcome o = run(c);
  EXPECT_EQ(o.end, End::exited);
  EXPECT_EQ(o.out, "done");
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
}

TEST_F(Process, FloodsAreCutAndSaid) {
  Command c = line("head -c 5000000 /dev/zero; head -c 300 /dev/zero >&2");
  c.most_output = 1000;
  const Outcome o = run(c);
  EXPECT_EQ(o.exit, 0);
  EXPECT_EQ(o.out.size(), 1000U);
  EXPECT_TRUE(o.out_cut);
  EXPECT_EQ(o.err.size(), 300U);
  EXPECT_FALSE(o.err_cut);
}

TEST_F(Process, OfFloodsTheEndMayBeKept) {
  Command c = line("head -c 5000000 /dev/zero; printf 'the end'; printf 0123456789 >&2");
  c.most_output = 7;
  c.keeps_end = true;
  const Outcome o = run(c);
  EXPECT_EQ(o.out, "the end");
  EXPECT_TRUE(o.out_cut);
  EXPECT_EQ(o.err, "3456789");
  EXPECT_TRUE(o.err_cut);
  c.most_output = 10;
  EXPECT_EQ(run(c).err, "0123456789");
  EXPECT_FALSE(run(c).err_cut);
}

TEST_F(Process, AnEndlessFloodEndsAtItsLimit) {
  Command c = line("exec yes");
  c.limit = milliseconds(300);
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::timed_out);
  EXPECT_TRUE(o.out_cut);
  EXPECT_TRUE(o.out.starts_with("y\ny\n"));
}

TEST_F(Process, EndsAtItsLimitWithWhatItHadWritten) {
  Command c = line("printf before; sleep 60");
  c.limit = milliseconds(300);
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::timed_out);
  EXPECT_EQ(o.signal, SIGTERM);
  EXPECT_EQ(o.out, "before");
  EXPECT_EQ(text_of(o), "its time was over");
}

TEST_F(Process, CannotIgnoreTheEnd) {
  Command c = line("trap '' TERM INT HUP; printf $$; while :; do sleep 1; done");
  c.limit = milliseconds(300);
  c.grace = milliseconds(200);
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::timed_out);
  EXPECT_EQ(o.signal, SIGKILL);
  EXPECT_TRUE(is_gone(o.out));
}

TEST_F(Process, MayTidyUpInItsGrace) {
  Command c = line("trap 'printf tidy; exit 4' TERM; while :; do sleep 0.05; done");
  c.limit = milliseconds(300);
  c.grace = seconds(20);
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::timed_out);
  EXPECT_EQ(o.exit, 4);
  EXPECT_EQ(o.out, "tidy");
}

TEST_F(Process, TakesItsDescendantsAlong) {
  // A grandchild that ignores SIGTERM, and one of its own; both hold the output open.
  Command c = line("(trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 60'; sleep 60) & echo $!; wait");
  c.limit = milliseconds(500);
  c.grace = milliseconds(100);
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::timed_out);
  const std::size_t newline = o.out.find('\n');
  ASSERT_NE(newline, std::string::npos) << o.out;
  EXPECT_TRUE(is_gone(o.out.substr(0, newline)));
  const std::string second = o.out.substr(newline + 1, o.out.find('\n', newline + 1) - newline - 1);
  ASSERT_FALSE(second.empty());
  EXPECT_TRUE(is_gone(second));
}

TEST_F(Process, EndsAlsoWhereItLeftItsGroup) {
  Command c;
  c.argv = {"perl", "-e", "$| = 1; setpgrp(0, getpgrp(getppid())) and print $$; sleep 60"};
  c.limit = milliseconds(500);
  c.grace = milliseconds(100);
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::timed_out);
  EXPECT_TRUE(is_gone(o.out)) << o.err;
}

TEST_F(Process, LeavesNothingInTheBackground) {
  Outcome o;
  EXPECT_LT(elapsed(line("sleep 60 & printf $!"), &o), 10) << "it holds the output open";
  EXPECT_EQ(o.end, End::exited);
  EXPECT_EQ(o.exit, 0);
  EXPECT_TRUE(is_gone(o.out));
}

TEST_F(Process, OneThatClosedItsOutputIsStillWaitedFor) {
  Outcome o;
  EXPECT_GT(elapsed(line("exec 1>&- 2>&-; sleep 0.3; exit 7"), &o), 0.25);
  EXPECT_EQ(o.exit, 7);
}

TEST_F(Process, CanBeCancelled) {
  Command c = line("sleep 60");
  const auto begin = std::chrono::steady_clock::now();
  c.cancelled = [&] { return std::chrono::steady_clock::now() - begin > milliseconds(200); };
  Outcome o;
  EXPECT_LT(elapsed(c, &o), 10);
  EXPECT_EQ(o.end, End::cancelled);
  EXPECT_EQ(text_of(o), "it was interrupted");
}

TEST_F(Process, IsEndedWhereTheCallerFails) {
  Command c = line("printf $$ >pid; sleep 60");
  c.folder = testing::TempDir();
  const std::filesystem::path pid = std::filesystem::path(c.folder) / "pid";
  std::filesystem::remove(pid);
  c.cancelled = [&]() -> bool {
    if (std::filesystem::exists(pid) && std::filesystem::file_size(pid) > 0) throw std::runtime_error("oops");
    return false;
  };
  EXPECT_THROW(run(c), std::runtime_error);
  std::string number;
  std::ifstream(pid) >> number;
  EXPECT_TRUE(is_gone(number));
}

TEST_F(Process, DeathBySignalIsTold) {
  const Outcome o = run(line("kill -9 $$"));
  EXPECT_EQ(o.end, End::signaled);
  EXPECT_EQ(o.signal, SIGKILL);
  EXPECT_EQ(text_of(o), "it was ended by signal 9 (Killed)");
}

TEST_F(Process, WhatCannotBeStartedSaysWhy) {
  Command c;
  c.argv = {"no-such-program-of-mapwright"};
  Outcome o = run(c);
  EXPECT_EQ(o.end, End::not_started);
  EXPECT_EQ(o.problem, "cannot start 'no-such-program-of-mapwright': No such file or directory");
  c.argv = {"true"};
  c.folder = "/no/such/folder";
  o = run(c);
  EXPECT_EQ(o.end, End::not_started);
  EXPECT_EQ(text_of(o), "cannot start 'true' in '/no/such/folder': No such file or directory");
  c.folder.clear();
  c.argv = {"/"};
  EXPECT_EQ(run(c).end, End::not_started);
}

TEST_F(Process, WorksInItsFolderWithItsEnvironment) {
  Command c = line("pwd; env");
  c.folder = "/";
  c.environment = Environment{"ONLY=this", "PATH=/usr/bin:/bin"};
  const Outcome o = run(c);
  EXPECT_TRUE(o.out.starts_with("/\n")) << o.out;
  EXPECT_NE(o.out.find("\nONLY=this\n"), std::string::npos);
  EXPECT_EQ(o.out.find("HOME="), std::string::npos);
  ::setenv("MAPWRIGHT_TEST_SEEN", "yes", 1);
  EXPECT_EQ(run(line("printf %s \"$MAPWRIGHT_TEST_SEEN\"")).out, "yes") << "otherwise as it is";
  ::unsetenv("MAPWRIGHT_TEST_SEEN");
}

TEST_F(Process, HasNoOtherDescriptor) {
  const int leaky = ::open("/dev/null", O_RDONLY);  // without CLOEXEC
  ASSERT_GE(leaky, 3);
  const Outcome o = run(line("ls /proc/self/fd"));
  ::close(leaky);
  // ls opens the folder itself.
  EXPECT_EQ(o.out, "0\n1\n2\n3\n");
}

TEST_F(Process, HasAGroupOfItsOwnAndUsualSignals) {
  struct sigaction ignored{};
  struct sigaction before{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignored, &before);
  const Outcome o =
      run(line("ps -o pgid= -p $$ | tr -d ' '; echo $$; grep -E 'Sig(Ign|Blk)' /proc/self/status"));
  ::sigaction(SIGINT, &before, nullptr);
  const std::size_t newline = o.out.find('\n');
  const std::string group = o.out.substr(0, newline);
  EXPECT_EQ(o.out.substr(newline + 1, group.size() + 1), group + "\n") << o.out;
  // The two signals above 31 that the C library keeps for itself may be ignored.
  const auto mask = [&](const std::string& name) {
    return std::stoull(o.out.substr(o.out.find(name) + name.size()), nullptr, 16) & 0x7fffffff;
  };
  EXPECT_EQ(mask("SigBlk:"), 0U);
  EXPECT_EQ(mask("SigIgn:"), 0U) << o.out;
}

TEST_F(Process, SignalsOfThisProcessDoNotDisturbIt) {
  // An interval timer interrupts the calls that wait.
  struct sigaction handled{};
  struct sigaction before{};
  handled.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &handled, &before);
  ::ualarm(1000, 1000);
  Command c = line("cat; sleep 0.3; printf end");
  c.input.assign(std::size_t{1} << 18, 'x');
  const Outcome o = run(c);
  ::ualarm(0, 0);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(o.end, End::exited);
  EXPECT_EQ(o.out.size(), c.input.size() + 3);
}

TEST_F(Process, LeavesNothingWhenThisProcessIsKilled) {
  const std::string file =
      std::filesystem::temp_directory_path() / ("mapwright-pids-" + std::to_string(::getpid()));
  const pid_t us = ::fork();
  ASSERT_GE(us, 0);
  if (us == 0) {
    // A group, part of it in the background; the last line tells that all are there.
    run(line("sleep 100 & echo $! > " + file + "; echo $$ >> " + file + "; sleep 100"));
    ::_exit(0);
  }
  std::string background;
  std::string shell;
  for (int i = 0; i < 500 && shell.empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    std::ifstream in(file);
    in >> background >> shell;
  }
  ASSERT_FALSE(shell.empty());
  ::kill(us, SIGKILL);
  ::waitpid(us, nullptr, 0);
  EXPECT_TRUE(is_gone(shell));
  EXPECT_TRUE(is_gone(background));
  std::filesystem::remove(file);
}

TEST_F(Process, ManyAtOnce) {
  std::vector<std::thread> threads;
  std::array<std::string, 8> outs;
  for (std::size_t i = 0; i < outs.size(); ++i)
    threads.emplace_back([i, &outs] { outs[i] = run(line("cat; printf " + std::to_string(i))).out; });
  for (std::thread& t : threads) t.join();
  for (std::size_t i = 0; i < outs.size(); ++i) EXPECT_EQ(outs[i], std::to_string(i));
}

TEST_F(Process, WithoutTheThreeDescriptorsOfThisOne) {
  // As where a daemon has closed them: pipes then get the lowest numbers.
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(0);
    ::close(1);
    ::close(2);
    Command c = line("cat; printf err >&2");
    c.input = "in";
    const Outcome o = run(c);
    ::_exit(o.out == "in" && o.err == "err" ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace mapwright::os
