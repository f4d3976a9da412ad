// Messages on standard streams: one line each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace mapwright::cli::mcp {

//! Reads lines from a descriptor, of which none is larger than a limit.
class LineReader {
 public:
  LineReader(int descriptor, std::size_t longest) : descriptor_(descriptor), longest_(longest) {}

  enum class Got : std::uint8_t { line, too_long, end };
  //! The next line without its end. One that is too long is read to its end, and dropped; a last line without
  //! an end is a line.
  Got next(std::string* line);

 private:
  int descriptor_;
  std::size_t longest_;
  std::string buffer_;
  std::size_t at_ = 0;  // what stands before it was given out
  bool ended_ = false;
};

//! Writes whole lines to a descriptor, from any thread.
class LineWriter {
 public:
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}

  //! The line has no end yet. Nothing once writing has failed.
  void write(std::string_view line);
  //! Why nothing can be written any more, as errno; 0 while it can.
  int failed() const;

 private:
  int descriptor_;
  mutable std::mutex mutex_;
  int failed_ = 0;
};

}  // namespace mapwright::cli::mcp
