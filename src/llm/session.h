// A session with a language model: every call is within the budget, comes to an end in time, and is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/chat.h"
#include "llm/clock.h"

namespace mapwright::llm {

//! US dollars for a million tokens.
struct Prices {
  double prompt = 0;
  double reply = 0;
};

//! Checked before each call, against what that call can use at most; its retries are part of it.
struct Budget {
  std::optional<std::int64_t> calls;
  std::optional<std::int64_t> tokens;  //!< of prompts and replies together
  std::optional<double> dollars;       //!< needs prices
};

//! What a session has used so far.
struct Spent {
  std::int64_t calls = 0;
  std::int64_t retries = 0;  //!< attempts beyond the first of each call
  Usage usage;
  double dollars = 0;
};

//! About how many tokens a text has: a third of its bytes, which for English and for program text is more
//! than the byte-pair encoders of today make of it (about four bytes a token), so that estimates are on the
//! safe side.
inline constexpr std::int64_t kBytesPerToken = 3;
std::int64_t estimated_tokens(std::string_view text);
//! The most that a call can use: the estimate of its prompt, its schema and its grammar, with a few tokens
//! around each message, and all of max_tokens.
Usage worst_case(const Request& request);
//! What counts for a call: the usage that a reply states; where a call failed after the endpoint had the
//! prompt (timeout, dropped, too_large, malformed), which may well be billed, its worst case; otherwise
//! nothing.
Usage used(const Request& request, const Answer& answer);
double dollars(const Usage& usage, const Prices& prices);

//! One call, as records have it.
struct Exchange {
  std::int64_t number = 1;  //!< of the call, from 1
  Request request;
  Answer answer;
  std::int64_t attempts = 1;
  double seconds = 0;

  bool operator==(const Exchange&) const = default;
};

//! One line of JSON, without the end of the line; the same exchange gives the same bytes. What is no UTF-8 is
//! replaced.
std::string to_json(const Exchange& exchange);
//! Nothing where the line is not what to_json writes: with another schema, a field too many, too few or out
//! of its range.
std::optional<Exchange> exchange_from_json(std::string_view line);
inline constexpr std::string_view kSessionSchema = "mapwright.session/1";

struct SessionOptions {
  Budget budget;
  Prices prices;
  //! Calls that were made before, in their order: the first ones are answered from here, without asking
  //! anybody, and count as spent.
  std::vector<Exchange> recorded;
  //! Whether the record is all there is: where it ends, calls fail with record_ended.
  bool only_recorded = false;
  //! Called with each new exchange before its answer is used; false: it could not be kept, and the answer is
  //! Fault::record. Not called where nobody was asked (a budget is used up, the record differs or has ended),
  //! nor for a call that was interrupted, so that whoever continues asks again.
  std::function<bool(const Exchange&)> keep;
  Clock* clock = nullptr;  //!< outlives the session; null: the system's
};

class Session final : public Chat {
 public:
  //! `chat` is who is asked where the record has no answer; null only with only_recorded.
  Session(std::unique_ptr<Chat> chat, SessionOptions options);

  Answer ask(const Request& request) override;
  std::int64_t attempts() const override { return attempts_; }
  const Spent& spent() const { return spent_; }

 private:
  Answer replay(const Request& request);
  std::optional<Failure> over_budget(const Request& request) const;
  void count(const Exchange& exchange);

  std::unique_ptr<Chat> chat_;
  SessionOptions options_;
  Spent spent_;
  std::int64_t attempts_ = 1;
};

}  // namespace mapwright::llm
