// Whole files in and out. Failures are values: an errno and a sentence.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace mapwright::base {

struct FileError {
  int error_number = 0;  //!< errno; EFBIG where the file is over the limit
  std::string message;   //!< "cannot read 'x': No such file or directory"
};

//! The bytes of a regular file, a pipe or a device, at most `limit`.
std::variant<std::string, FileError> read_file(const std::filesystem::path& path, std::size_t limit);

//! Replaces the file in one step, so that a reader or a crash sees the old text or the new one. What is no
//! regular file, a device or a pipe, is written to.
std::variant<std::monostate, FileError> replace_file(const std::filesystem::path& path,
                                                     std::string_view text);

}  // namespace mapwright::base
