// Programs that this process starts and answers for: each with a limit on its time and its output, and
// nothing of it left behind.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/environment.h"

namespace mapwright::os {

struct Command {
  //! The program, looked for in PATH where its name has no slash, and its arguments: no shell reads them.
  std::vector<std::string> argv;
  std::string folder;                      //!< it works in; empty: that of this process
  std::optional<Environment> environment;  //!< nothing: that of this process, as it is
  std::string input;                       //!< its standard input; what it does not read is dropped
  //! Its standard input stays open behind that: a program that reads on learns from its end that this process
  //! is no more.
  bool holds_input = false;
  std::size_t most_output = std::size_t{1} << 20;  //!< bytes kept of each of standard output and error
  bool keeps_end = false;                          //!< the last of them, not the first
  std::chrono::milliseconds limit{60'000};         //!< for all of it, from its start
  //! Between SIGTERM and SIGKILL, once the limit is over. Launchers such as mpirun take about a second to end
  //! what they started elsewhere, and to take its shared memory away.
  std::chrono::milliseconds grace{3000};
  std::function<bool()> cancelled;  //!< asked often; true ends it as the limit does
};

//! The file of a program that may be executed, looked for as Command does; empty where there is none.
std::string find_program(const std::string& word);

//! What /bin/sh makes of a line.
std::vector<std::string> shell(std::string line);

enum class End : std::uint8_t {
  exited,       //!< by itself
  signaled,     //!< by a signal that was not ours
  timed_out,    //!< its limit was over
  cancelled,    //!< the caller asked for it
  not_started,  //!< no such program or folder, no right to run it
};

struct Outcome {
  End end = End::not_started;
  int exit = -1;    //!< its exit status, where it exited
  int signal = 0;   //!< that ended it, where one did
  std::string out;  //!< of what it wrote, most_output bytes: the first, or the last
  std::string err;
  bool out_cut = false;  //!< there was more, which is lost
  bool err_cut = false;
  std::string problem;  //!< why it was not started: a sentence without its end
};

//! Runs a program to its end. It is the first of a process group of its own, it has no other descriptor than
//! the three, and all signals are as they are by default. When it ends, for whatever reason, the group is
//! killed: what it leaves in the background ends with it, and so it is when this process is killed. Only a
//! descendant that begins a session of its own is out of reach.
Outcome run(const Command& command);

//! "the exit status was 3", "ended by signal 9 (Killed)": a clause without its end.
std::string text_of(const Outcome& outcome);

}  // namespace mapwright::os
