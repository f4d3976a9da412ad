#include "base/os/temporary_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>

namespace mapwright::os {
namespace {

namespace fs = std::filesystem;

std::ptrdiff_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(TemporaryFolder, IsThereWhileItLives) {
  const TemporaryFolder parent;
  ASSERT_FALSE(parent.path().empty()) << parent.problem();
  EXPECT_TRUE(parent.path().filename().string().starts_with("mapwright-run-"));
  {
    const TemporaryFolder one(parent.path());
    const TemporaryFolder other(parent.path());
    std::ofstream(one.path() / "file") << "text";
    EXPECT_EQ(entries(parent.path()), 2);
    remove_stale_folders(parent.path());
    EXPECT_TRUE(fs::exists(one.path() / "file"));
    EXPECT_TRUE(fs::exists(other.path()));
  }
  EXPECT_EQ(entries(parent.path()), 0);
}

TEST(TemporaryFolder, SaysWhyItCannotBeMade) {
  const TemporaryFolder parent;
  const fs::path missing = parent.path() / "missing";
  const TemporaryFolder folder(missing);
  EXPECT_TRUE(folder.path().empty());
  EXPECT_EQ(folder.problem(),
            "cannot make a folder in '" + missing.string() + "': No such file or directory");
  remove_stale_folders(missing);
}

TEST(TemporaryFolder, OfAProcessThatWasKilledIsRemovedLater) {
  const TemporaryFolder parent;
  fs::create_directory(parent.path() / "somebody-elses");
  const pid_t child = fork();
  if (child == 0) {
    const TemporaryFolder folder(parent.path());
    std::ofstream(folder.path() / "file") << "text";
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(entries(parent.path()), 2);
  remove_stale_folders(parent.path());
  EXPECT_EQ(entries(parent.path()), 1);
  EXPECT_TRUE(fs::exists(parent.path() / "somebody-elses"));
}

}  // namespace
}  // namespace mapwright::os
