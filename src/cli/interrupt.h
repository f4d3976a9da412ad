// Ctrl-C and its like: asked for once, work ends in good order; asked for twice, at once.
#pragma once

namespace mapwright::cli {

//! While one lives, SIGINT, SIGTERM and SIGHUP are noted; a second one ends the process as they usually do.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool asked() const;
};

}  // namespace mapwright::cli
