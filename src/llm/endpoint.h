// A language model behind an address: asked again where that can help, until the time of the call is over.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "llm/chat.h"
#include "llm/clock.h"
#include "llm/http.h"
#include "llm/protocol.h"

namespace mapwright::llm {

struct EndpointOptions {
  const Protocol* protocol = nullptr;
  std::string url;  //!< of the protocol's path
  std::string key;  //!< empty: none
  std::string model;
  Dialect dialect;
  Seconds limit{120};               //!< of a call, retries and waits included
  int max_retries = 4;              //!< of a call
  std::function<bool()> cancelled;  //!< may be empty
};

class Endpoint final : public Chat {
 public:
  //! The clock outlives the endpoint.
  Endpoint(EndpointOptions options, std::unique_ptr<Http> http, Clock* clock);

  Answer ask(const Request& request) override;
  std::int64_t attempts() const override { return attempts_; }
  //! As calls so far have shaped it.
  const Dialect& dialect() const { return options_.dialect; }

 private:
  struct Attempt;
  Attempt attempt(const Request& request, Seconds left);
  Attempt refused(const Request& request, const HttpReply& reply);
  Answer ask_until(const Request& request, Seconds deadline);

  EndpointOptions options_;
  std::unique_ptr<Http> http_;
  Clock* clock_;
  std::int64_t attempts_ = 1;
};

//! The text with "[key]" wherever the key stands. Keys of less than eight bytes are stand-ins such as "none",
//! and stay.
std::string masked(std::string text, const std::string& key);

}  // namespace mapwright::llm
