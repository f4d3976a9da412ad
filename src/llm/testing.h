// What tests of language models share: somebody who answers, and a clock that nobody has to wait for.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "llm/chat.h"
#include "llm/clock.h"
#include "llm/http.h"

namespace mapwright::llm::testing {

//! Never to be seen again in what is written.
inline constexpr const char* kKey = "sk-very-secret-0123456789";

inline Request request(std::string text) {
  Request r;
  r.messages = {{Role::system, "You write mappers."}, {Role::user, std::move(text)}};
  r.max_tokens = 100;
  return r;
}

inline Reply reply(std::string text, std::int64_t prompt = 10, std::int64_t written = 5) {
  return {std::move(text), Ending::complete, {prompt, written, false}, "m-1"};
}

//! Answers with what it is given, in turn.
class Scripted final : public Chat {
 public:
  explicit Scripted(std::deque<Answer> answers) : answers_(std::move(answers)) {}
  Answer ask(const Request&) override {
    ++asked;
    if (answers_.empty()) return Failure{Fault::unreachable, "nothing left to say"};
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  std::int64_t attempts() const override { return attempts_of_each; }

  int asked = 0;
  std::int64_t attempts_of_each = 1;

 private:
  std::deque<Answer> answers_;
};

//! Time passes where somebody sleeps, or where a test lets it.
class FakeClock final : public Clock {
 public:
  Seconds now() override { return time; }
  Seconds calendar() override { return Seconds(1'700'000'000) + time; }
  void sleep(Seconds t, const std::function<bool()>& cancelled) override {
    sleeps.push_back(t.count());
    time += t;
    if (cancelled) cancelled();
  }
  double chance() override { return luck; }

  Seconds time{1000};
  std::vector<double> sleeps;
  double luck = 0.5;
};

//! Answers requests with what it is given, in turn; the last one again and again.
class FakeHttp final : public Http {
 public:
  using Outcome = std::variant<HttpReply, HttpFailure>;
  explicit FakeHttp(std::deque<Outcome> outcomes) : outcomes_(std::move(outcomes)) {}
  Outcome post(const HttpRequest& request) override {
    requests.push_back(request);
    if (on_post) on_post();
    Outcome outcome = outcomes_.front();
    if (outcomes_.size() > 1) outcomes_.pop_front();
    return outcome;
  }

  std::vector<HttpRequest> requests;
  std::function<void()> on_post;

 private:
  std::deque<Outcome> outcomes_;
};

}  // namespace mapwright::llm::testing
