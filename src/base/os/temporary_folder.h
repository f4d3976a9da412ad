// Folders for what programs leave behind: gone in the end, or soon after where the end was a sudden one.
#pragma once

#include <filesystem>
#include <string>

namespace mapwright::os {

//! "PARENT/mapwright-run-XXXXXX", locked while it lives.
class TemporaryFolder {
 public:
  //! Where it cannot be made, path() is empty and problem() says why.
  explicit TemporaryFolder(const std::filesystem::path& parent);
  //! In TMPDIR, or what stands for it.
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }
  //! A sentence without its end.
  const std::string& problem() const { return problem_; }

 private:
  std::filesystem::path path_;
  std::string problem_;
  int lock_ = -1;
};

//! Removes those of this user whose process ended without doing so. What cannot be looked at stays.
void remove_stale_folders(const std::filesystem::path& parent);
void remove_stale_folders();

}  // namespace mapwright::os
