// What the commands write: results to standard output, everything else to standard error.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/files.h"
#include "cli/exit.h"

namespace mapwright::cli {

//! At most this many diagnostics are shown, then their number.
inline constexpr std::size_t kMostShown = 100;

class Console {
 public:
  Console();

  //! To standard output. A reader that went away is no error.
  void result(std::string_view text);
  //! One line to standard error, with the name of the program before it.
  void say(std::string_view text) const;
  //! The same of each line of a text that is meant to have several.
  void say_lines(std::string_view text) const;
  //! One line on standard error that the next one replaces, where that is a terminal; elsewhere nothing.
  //! Empty: the line is gone.
  void progress(std::string_view text) const;
  //! The problems and how many there are more, to standard error.
  void problems(const base::Diagnostics& list) const;
  //! The same as text, coloured for standard output if that is a terminal.
  std::string problems_text(const base::Diagnostics& list) const;

  //! Whether results may be coloured: standard output is a terminal, and NO_COLOR does not say otherwise.
  bool color() const { return color_out_; }

  //! Everything written arrives, or Exit::io.
  Exit finish(Exit code);

 private:
  void lost(int why);

  bool color_out_ = false;
  bool color_error_ = false;
  bool lost_ = false;
};

//! An error that ends a command, on its way to main.
struct Stop {
  Exit code = Exit::usage;
  std::string message;         // said if not empty
  base::Diagnostics problems;  // shown
};

//! The text of a file, "-" for standard input. Throws Stop: Exit::no_input, Exit::io, or Exit::bad_mapper
//! where it is too large.
std::string read_text(const std::string& path, Exit too_large = Exit::bad_mapper);

//! Replaces the file in one step (base::replace_file). Throws Stop: Exit::io.
void write_text(const std::string& path, std::string_view text);

//! Whether it was not there before. Throws Stop: Exit::io.
bool make_folder(const std::filesystem::path& folder);

//! An option that names a file to write: it has a name, and is none of the files that are read. Throws Stop:
//! Exit::usage.
void expect_output(std::string_view option, const std::string& path,
                   std::initializer_list<std::string> inputs);

//! "2 errors, 1 warning", "no problems".
std::string count_text(const base::Diagnostics& list);

}  // namespace mapwright::cli
