// The store among processes that share it, die at any moment, or meet a file system that refuses.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "store/samples.h"
#include "store/store.h"

namespace mapwright::store {
namespace {

using samples::Child;
using samples::Folder;
using samples::in_child;
using samples::kCircuit;
using samples::open;
using samples::say;
using samples::text_of;
using samples::trial;
using samples::value_of;

constexpr const char* kReadOnlyNote =
    "   = note: recording a run takes the right to write the file and its folder; or name another store\n";
constexpr const char* kFullNote =
    "   = note: all that was recorded before is kept: make room, then continue\n";
constexpr const char* kNotPermitted = "not permitted";

std::string integrity(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  std::string text;
  const auto each = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) += values[0];
    return 0;
  };
  if (sqlite3_open(file.c_str(), &database) != SQLITE_OK ||
      sqlite3_exec(database, "PRAGMA integrity_check; PRAGMA foreign_key_check", each, &text, nullptr) !=
          SQLITE_OK)
    text += sqlite3_errmsg(database);
  sqlite3_close(database);
  return text;
}

void expect_prefix(const std::vector<Trial>& trials) {
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i) + 1;
    ASSERT_EQ(trials[i], trial(number, std::to_string(number)));
  }
}

void add_numbered(const std::unique_ptr<Writer>& writer, std::int64_t number) {
  value_of(writer->add(trial(number, std::to_string(number))));
}

// All of them begin at the same moment, on a file that is not there yet.
TEST(Processes, ShareAStore) {
  constexpr int kProcesses = 6;
  constexpr std::int64_t kTrials = 150;
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  std::array<int, 2> gate{};
  ASSERT_EQ(::pipe(gate.data()), 0);
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(std::make_unique<Child>([&](int to) {
      char byte = 0;
      ::close(gate[1]);
      if (::read(gate[0], &byte, 1) != 0) ::_exit(1);
      const auto store = open(file);
      const auto writer = value_of(store->create(kCircuit));
      for (std::int64_t n = 1; n <= kTrials; ++n) add_numbered(writer, n);
      value_of(writer->finish(State::finished, "done"));
      say(to, writer->id());
    }));
  }
  ::close(gate[1]);
  std::vector<std::string> ids;
  for (const auto& child : children) {
    ids.push_back(child->rest());
    EXPECT_EQ(child->wait(), 0);
  }
  ::close(gate[0]);
  std::ranges::sort(ids);
  const auto store = open(file);
  std::vector<std::string> expected;
  for (const auto& run : value_of(store->runs())) {
    expected.push_back(run.id);
    EXPECT_EQ(run.state, State::finished);
    EXPECT_EQ(run.trials, kTrials);
    expect_prefix(value_of(store->trials(run.id)));
  }
  EXPECT_EQ(ids, expected);
  EXPECT_EQ(ids.size(), kProcesses);
  EXPECT_EQ(integrity(file), "ok");
}

TEST(Processes, WorkOnARunOneAtATime) {
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  Child child([&](int to) {
    const auto store = open(file);
    const auto writer = value_of(store->create(kCircuit));
    add_numbered(writer, 1);
    say(to, "1");
    for (;;) ::pause();
  });
  char byte = 0;
  ASSERT_TRUE(child.next(&byte));
  const auto store = open(file);
  EXPECT_EQ(value_of(store->run("circuit-1")).value().state, State::running);
  EXPECT_EQ(text_of(store->reopen("circuit-1"), folder.path()),
            "error[MW9009]: another process works on the run 'circuit-1'\n"
            "   = note: one process at a time can continue a run: wait until that one ends, or begin another "
            "run\n");
  const auto other = value_of(store->create(kCircuit));
  EXPECT_EQ(other->id(), "circuit-2");
  child.kill();
  EXPECT_EQ(value_of(store->run("circuit-1")).value().state, State::interrupted);
  const auto writer = value_of(store->reopen("circuit-1"));
  add_numbered(writer, 2);
  EXPECT_EQ(value_of(store->run("circuit-1")).value().state, State::running);
  expect_prefix(value_of(store->trials("circuit-1")));
}

// What add() has returned for is there, and at most the one trial more that it was about to return for.
TEST(Processes, MayBeKilledAtAnyMoment) {
  constexpr int kTimes = 50;
  constexpr int kLongest = 4000;  // microseconds
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  std::mt19937 random(1);
  std::size_t least = 0;
  for (int round = 0; round < kTimes; ++round) {
    Child child([&](int to) {
      const auto store = open(file);
      const auto writer = value_of(round == 0 ? store->create(kCircuit) : store->reopen("circuit-1"));
      say(to, "!");
      for (auto n = static_cast<std::int64_t>(least) + 1;; ++n) {
        add_numbered(writer, n);
        say(to, ".");
      }
    });
    char byte = 0;
    ASSERT_TRUE(child.next(&byte));
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution<int>(0, kLongest)(random)));
    child.kill();
    least += child.rest().size();
    const auto store = open(file);
    const std::vector<Trial> trials = value_of(store->trials("circuit-1"));
    expect_prefix(trials);
    EXPECT_GE(trials.size(), least);
    EXPECT_LE(trials.size(), least + 1);
    least = trials.size();
    ASSERT_EQ(integrity(file), "ok");
  }
  EXPECT_GT(least, 0U);
}

TEST(Processes, MayBeKilledWhileTheyMakeAStore) {
  constexpr int kTimes = 40;
  constexpr int kLongest = 6000;  // microseconds
  std::mt19937 random(2);
  for (int round = 0; round < kTimes; ++round) {
    const Folder folder;
    const std::filesystem::path file = folder / "runs.db";
    Child child([&](int to) {
      say(to, "!");
      const auto store = open(file);
      static_cast<void>(value_of(store->create(kCircuit)));
    });
    char byte = 0;
    ASSERT_TRUE(child.next(&byte));
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution<int>(0, kLongest)(random)));
    child.kill();
    const auto store = open(file);
    EXPECT_LE(value_of(store->runs()).size(), 1U);
    add_numbered(value_of(store->create(kCircuit)), 1);
    ASSERT_EQ(integrity(file), "ok");
  }
}

// Adds trials until one fails; the text of that, and how many there are.
std::string fill(const std::filesystem::path& file, const std::filesystem::path& folder,
                 const std::function<void()>& make_room) {
  const auto store = open(file);
  const auto writer = value_of(store->create(kCircuit));
  constexpr std::int64_t kMost = 100'000;
  std::int64_t n = 1;
  std::string text;
  for (; n < kMost; ++n) {
    text = text_of(writer->add(trial(n, std::to_string(n))), folder);
    if (!text.empty()) break;
  }
  expect_prefix(value_of(store->trials("circuit-1")));
  if (value_of(store->run("circuit-1")).value().trials != n - 1) return "a trial is lost";
  if (text_of(writer->add(trial(n, std::to_string(n))), folder) != text) return "it fails in another way";
  make_room();
  add_numbered(writer, n);
  expect_prefix(value_of(store->trials("circuit-1")));
  if (value_of(store->run("circuit-1")).value().trials != n) return "the next trial is lost";
  return testing::Test::HasFailure() ? "an expectation failed" : text;
}

TEST(Processes, AreToldThatFilesMayNotGrow) {
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  const std::string text = in_child([&] {
    constexpr rlim_t kBytes = 256 << 10;
    const auto limit = [](rlim_t bytes) {
      const rlimit soft{bytes, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &soft);
    };
    ::signal(SIGXFSZ, SIG_IGN);
    limit(kBytes);
    return fill(file, folder.path(), [&] { limit(RLIM_INFINITY); });
  });
  EXPECT_EQ(text, "error[MW9003]: no room is left for the store 'DIR/runs.db': File too large\n" +
                      std::string(kFullNote));
  EXPECT_EQ(integrity(file), "ok");
  expect_prefix(value_of(open(file)->trials("circuit-1")));
}

// Mounts that only this process and its children see, gone with them.
bool own_mounts() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) return false;
  if (user != 0) {
    // Without a name in the new world nobody can make a file there.
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << user << " " << user << " 1";
    std::ofstream("/proc/self/gid_map") << group << " " << group << " 1";
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

TEST(Processes, AreToldThatTheDiskIsFull) {
  const Folder folder;
  const std::string text = in_child([&]() -> std::string {
    const auto size = [&](const char* bytes, unsigned long flags) {
      return ::mount("none", folder.path().c_str(), "tmpfs", flags, bytes) == 0;
    };
    if (!own_mounts() || !size("size=512k", 0)) return kNotPermitted;
    return fill(folder / "runs.db", folder.path(), [&] { size("size=4m", MS_REMOUNT); });
  });
  if (text == kNotPermitted) GTEST_SKIP() << "no file system of its own is permitted here";
  EXPECT_EQ(text, "error[MW9003]: no room is left for the store 'DIR/runs.db': No space left on device\n" +
                      std::string(kFullNote));
}

// A disk on which not one byte is left still lets its runs be read.
TEST(Processes, ReadFromAFullDisk) {
  const Folder folder;
  const std::string text = in_child([&]() -> std::string {
    if (!own_mounts() || ::mount("none", folder.path().c_str(), "tmpfs", 0, "size=512k") != 0)
      return kNotPermitted;
    const std::filesystem::path file = folder / "runs.db";
    add_numbered(value_of(open(file)->create(kCircuit)), 1);
    std::ofstream filler(folder / "filler", std::ios::binary);
    while (filler << std::string(512, 'x') << std::flush) {
    }
    const std::string none = text_of(Store::open(folder / "another.db"), folder.path());
    const auto store = open(file);
    expect_prefix(value_of(store->trials("circuit-1")));
    return none + text_of(store->create(kCircuit), folder.path()) +
           std::to_string(value_of(store->runs()).at(0).trials);
  });
  if (text == kNotPermitted) GTEST_SKIP() << "no file system of its own is permitted here";
  const auto expected = [](const std::string& name) {
    return "error[MW9003]: no room is left for the store 'DIR/" + name + "': No space left on device\n" +
           kFullNote;
  };
  EXPECT_EQ(text, expected("another.db") + expected("runs.db") + "1");
}

// What somebody without rights over the files finds; false where this process cannot become one.
bool drop_rights() {
  constexpr uid_t kNobody = 65534;
  if (::geteuid() != 0) return true;
  return ::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0;
}

// Everything that reading gives, then why nothing can be written.
std::string read_all(const std::filesystem::path& file, const std::filesystem::path& folder) {
  const auto opened = Store::open(file);
  if (!opened) return text_of(opened, folder);
  const Store& store = **opened;
  std::string text;
  for (const auto& run : value_of(store.runs())) {
    const std::vector<Trial> trials = value_of(store.trials(run.id));
    expect_prefix(trials);
    text += run.id + (run.state == State::running ? " running " : " ") + std::to_string(trials.size()) + "\n";
  }
  if (value_of(store.find(kCircuit.subject, "1")) != trial(1, "1")) return "not found";
  const std::string why = text_of((*opened)->create(kCircuit), folder);
  if (text_of((*opened)->reopen("circuit-1"), folder) != why) return "two reasons";
  return testing::Test::HasFailure() ? "an expectation failed" : text + why;
}

class Rights {
 public:
  explicit Rights(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Rights(const Rights&) = delete;
  Rights& operator=(const Rights&) = delete;
  ~Rights() { set(0700, 0600); }

  void set(mode_t folder, mode_t files) const {
    constexpr mode_t kAll = 0700;
    ::chmod(folder_.c_str(), kAll);
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, none))
      ::chmod(entry.path().c_str(), files);
    ::chmod(folder_.c_str(), folder);
  }

 private:
  std::filesystem::path folder_;
};

std::size_t files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(Processes, ReadWhatTheyMayNotWrite) {
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  const Rights rights(folder.path());
  const auto text = [&](mode_t folder_mode, mode_t file_mode) {
    const std::size_t before = files_in(folder.path());
    rights.set(folder_mode, file_mode);
    std::string found =
        in_child([&] { return drop_rights() ? read_all(file, folder.path()) : std::string(kNotPermitted); });
    rights.set(0700, 0600);
    EXPECT_EQ(files_in(folder.path()), before) << "reading leaves nothing";
    return found;
  };
  add_numbered(value_of(open(file)->create(kCircuit)), 1);
  const std::string denied = "error[MW9002]: cannot write to the store 'DIR/runs.db': Permission denied\n" +
                             std::string(kReadOnlyNote);
  const std::string first = text(0555, 0444);
  if (first == kNotPermitted) GTEST_SKIP() << "this process cannot give up its rights";
  EXPECT_EQ(first, "circuit-1 1\n" + denied);
  EXPECT_EQ(text(0777, 0444), "circuit-1 1\n" + denied);
  EXPECT_EQ(text(0555, 0666), "circuit-1 1\n" + denied);
  EXPECT_EQ(
      text(0555, 0000),
      "error[MW9001]: cannot read the store 'DIR/runs.db': Permission denied\n"
      "   = note: a store is one file, in a folder that you may use; one that does not exist is created\n");
  EXPECT_EQ(text(0000, 0666), text(0555, 0000));

  // While somebody else works on it, and after that one was killed: part of it is in the log.
  Child writer([&](int to) {
    const auto store = open(file);
    const auto run = value_of(store->create(kCircuit));
    add_numbered(run, 1);
    add_numbered(run, 2);
    say(to, "2");
    for (;;) ::pause();
  });
  char byte = 0;
  ASSERT_TRUE(writer.next(&byte));
  EXPECT_EQ(text(0555, 0444), "circuit-1 1\ncircuit-2 running 2\n" + denied);
  writer.kill();
  EXPECT_EQ(text(0555, 0444), "circuit-1 1\ncircuit-2 2\n" + denied);

  // What cannot be made.
  const auto make = [&](const std::string& name) {
    rights.set(0555, 0444);
    std::string found = in_child([&] {
      return drop_rights() ? text_of(Store::open(folder / name), folder.path()) : std::string(kNotPermitted);
    });
    rights.set(0700, 0600);
    return found;
  };
  const auto cannot = [](const std::string& name) {
    return "error[MW9002]: cannot write to the store 'DIR/" + name + "': Permission denied\n" + kReadOnlyNote;
  };
  EXPECT_EQ(make("other.db"), cannot("other.db"));
  EXPECT_EQ(make("other/runs.db"), cannot("other/runs.db"));
  std::ofstream(folder / "empty.db").close();
  EXPECT_EQ(make("empty.db"), cannot("empty.db"));
}

TEST(Processes, ReadFromAReadOnlyFileSystem) {
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  const auto text = [&] {
    return in_child([&]() -> std::string {
      const char* path = folder.path().c_str();
      if (!own_mounts() || ::mount(path, path, nullptr, MS_BIND, nullptr) != 0 ||
          ::mount(nullptr, path, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0)
        return kNotPermitted;
      return read_all(file, folder.path()) + text_of(Store::open(folder / "new.db"), folder.path());
    });
  };
  const auto expected = [](const std::string& name) {
    return "error[MW9002]: cannot write to the store 'DIR/" + name + "': Read-only file system\n" +
           kReadOnlyNote;
  };
  add_numbered(value_of(open(file)->create(kCircuit)), 1);
  const std::string first = text();
  if (first == kNotPermitted) GTEST_SKIP() << "no file system of its own is permitted here";
  EXPECT_EQ(first, "circuit-1 1\n" + expected("runs.db") + expected("new.db"));
  Child writer([&](int to) {
    const auto run = value_of(open(file)->reopen("circuit-1"));
    add_numbered(run, 2);
    say(to, "2");
    for (;;) ::pause();
  });
  char byte = 0;
  ASSERT_TRUE(writer.next(&byte));
  writer.kill();
  EXPECT_EQ(text(), "circuit-1 2\n" + expected("runs.db") + expected("new.db"));
}

}  // namespace
}  // namespace mapwright::store
