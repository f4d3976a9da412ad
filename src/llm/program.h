// A program of the user's as a language model: the prompt on its standard input, the reply on its standard
// output.
#pragma once

#include <functional>
#include <string>

#include "llm/chat.h"
#include "llm/clock.h"

namespace mapwright::llm {

//! What a program reads: the text of the only message, or each message below a line "[system]", "[user]" or
//! "[assistant]".
std::string prompt_text(const Request& request);

class Program final : public Chat {
 public:
  //! `line` is one that /bin/sh runs for every call. It gets the environment as it is.
  Program(std::string line, Seconds limit, std::function<bool()> cancelled);

  Answer ask(const Request& request) override;

 private:
  std::string line_;
  Seconds limit_;
  std::function<bool()> cancelled_;
};

}  // namespace mapwright::llm
