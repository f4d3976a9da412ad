// Who can be asked, and how a chat with them begins.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "llm/chat.h"
#include "llm/clock.h"
#include "llm/http.h"
#include "llm/protocol.h"

namespace mapwright::llm {

//! One row of the table of providers. Empty where it has none of that.
struct Provider {
  std::string_view name;
  std::string_view what;           //!< for lists of them
  std::string_view base_url;       //!< where it is usually found
  std::string_view base_variable;  //!< the environment's other base
  std::string_view key_variable;   //!< needed at base_url where key_needed; elsewhere used if set
  bool key_needed = false;
  bool model_needed = false;
  const Protocol& (*protocol)() = nullptr;  //!< null: it is no endpoint
  Dialect dialect;                          //!< to begin with
};

std::span<const Provider> providers();
//! Null where none has that name.
const Provider* provider(std::string_view name);

struct Options {
  std::string provider = "openai";
  std::string model;                //!< as the provider calls it
  std::string base_url;             //!< empty: the variable's, otherwise the provider's own
  std::string command;              //!< the line that `command` runs
  std::string record;               //!< the session file that `replay` answers from
  double timeout_seconds = 120;     //!< of a call, retries and waits included
  int max_retries = 4;              //!< of a call
  Form form = Form::schema;         //!< the strictest that is tried
  std::function<bool()> cancelled;  //!< asked while calls wait, also from inside them; may be empty
  //! For tests; null: the network, the system's.
  std::unique_ptr<Http> http;
  Clock* clock = nullptr;
};

//! A chat with the provider. Its key is taken out of the environment, so that no program started later has
//! it, and kept for further chats of this process; call it before there are other threads.
base::Result<std::unique_ptr<Chat>> open(Options options);

}  // namespace mapwright::llm
