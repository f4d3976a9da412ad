// What is asked of a language model, and what comes back: a reply, or a typed reason why there is none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mapwright::llm {

enum class Role : std::uint8_t { system, user, assistant };
inline constexpr std::array<std::string_view, 3> kRoles{"system", "user", "assistant"};
constexpr std::string_view name_of(Role role) {
  return kRoles[static_cast<std::size_t>(role)];
}

struct Message {
  Role role = Role::user;
  std::string text;

  bool operator==(const Message&) const = default;
};

struct Request {
  std::vector<Message> messages;
  std::optional<double> temperature;  //!< the model's own where not stated
  std::int64_t max_tokens = 8192;     //!< of the reply, its thinking included
  std::string schema;                 //!< JSON schema of the reply, itself JSON; empty: the reply is any text
  std::string grammar;                //!< GBNF of the reply, for endpoints that take one; empty: none

  bool operator==(const Request&) const = default;
};

//! Tokens, as the endpoint counts them; estimated where it does not say.
struct Usage {
  std::int64_t prompt = 0;
  std::int64_t reply = 0;
  bool estimated = false;

  bool operator==(const Usage&) const = default;
};

enum class Ending : std::uint8_t {
  complete,
  length,    //!< cut where max_tokens were used up
  filtered,  //!< the endpoint, or the model, declined to answer
};
inline constexpr std::array<std::string_view, 3> kEndings{"complete", "length", "filtered"};
constexpr std::string_view name_of(Ending ending) {
  return kEndings[static_cast<std::size_t>(ending)];
}

struct Reply {
  std::string text;
  Ending ending = Ending::complete;
  Usage usage;
  std::string model;  //!< as the endpoint calls the one that answered; may be empty

  bool operator==(const Reply&) const = default;
};

//! Why there is no reply.
enum class Fault : std::uint8_t {
  unreachable,   //!< no such host, or nothing listens there
  tls,           //!< the certificate is not to be trusted, or there is no common protocol
  timeout,       //!< the time for the whole call, retries included, is up
  dropped,       //!< the connection ended before the reply did
  too_large,     //!< the reply is over kMostReplyBytes
  key_refused,   //!< 401, 403
  not_found,     //!< 404: no such model, or no such address
  bad_request,   //!< another 4xx: what was asked cannot be answered
  rate_limited,  //!< 429, again and again
  overloaded,    //!< 503, 529, again and again
  server_error,  //!< another 5xx, again and again
  malformed,     //!< the endpoint answered with something else than its protocol says
  program,       //!< the command failed
  budget,        //!< the call might cost more than is left
  interrupted,   //!< the user asked for an end
  other_prompt,  //!< what is asked is not what the record has
  record_ended,  //!< the record has no further reply
  record,        //!< the exchange could not be kept
};
inline constexpr std::array<std::string_view, 18> kFaults{
    "unreachable", "tls",         "timeout",      "dropped",      "too_large",    "key_refused",
    "not_found",   "bad_request", "rate_limited", "overloaded",   "server_error", "malformed",
    "program",     "budget",      "interrupted",  "other_prompt", "record_ended", "record"};
constexpr std::string_view name_of(Fault fault) {
  return kFaults[static_cast<std::size_t>(fault)];
}

struct Failure {
  Fault fault = Fault::unreachable;
  std::string text;  //!< a sentence with the endpoint's own words, shortened; never a key

  bool operator==(const Failure&) const = default;
};

using Answer = std::variant<Reply, Failure>;

//! A reply, with its envelope, is not read beyond this.
inline constexpr std::size_t kMostReplyBytes = std::size_t{8} << 20;

//! Who is asked. One call at a time.
class Chat {
 public:
  Chat() = default;
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;
  virtual ~Chat() = default;
  //! Comes to an end in a time of its own, retries included.
  virtual Answer ask(const Request& request) = 0;
  //! How often somebody was asked in the last call: 1, and the retries.
  virtual std::int64_t attempts() const { return 1; }
};

}  // namespace mapwright::llm
