#include "llm/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::llm {
namespace {

// Waits between attempts grow from the first to the longest, each a random part of the whole ("full jitter").
constexpr Seconds kFirstWait{1};
constexpr Seconds kLongestWait{60};

Seconds back_off(int retry, double chance) {
  return chance * std::min(kLongestWait, kFirstWait * std::exp2(std::min(retry, 30)));
}

// What a status means, from `first` to `last`; the first row counts.
struct Status {
  int first;
  int last;
  Fault fault;
  bool repeatable;
  std::string_view text;
};
constexpr std::array<Status, 14> kStatuses{{
    {200, 299, Fault::malformed, false, "which is no reply"},
    {300, 399, Fault::malformed, false,
     "which sends elsewhere; the key goes only to the address that was given"},
    {401, 401, Fault::key_refused, false, "the key is not accepted"},
    {403, 403, Fault::key_refused, false, "the key has no right to this"},
    {404, 404, Fault::not_found, false, "there is no such model, or no such address"},
    {408, 408, Fault::bad_request, true, "the request took too long"},
    {409, 409, Fault::bad_request, true, "another request is in the way"},
    {413, 413, Fault::bad_request, false, "the prompt is too long"},
    {429, 429, Fault::rate_limited, true, "too many requests"},
    {400, 499, Fault::bad_request, false, "what was asked cannot be answered"},
    {503, 503, Fault::overloaded, true, "the endpoint is overloaded"},
    {529, 529, Fault::overloaded, true, "the endpoint is overloaded"},
    {500, 599, Fault::server_error, true, "the endpoint failed"},
    {0, 999, Fault::malformed, false, "which HTTP does not have"},
}};

// 429 as well, and no waiting helps.
constexpr std::string_view kNoMoneyLeft = "insufficient_quota";

}  // namespace

struct Endpoint::Attempt {
  Answer answer;
  bool repeatable = false;
  bool adapted = false;  // repeated at once, and differently
  std::optional<Seconds> wait;
};

namespace {

// How many bytes of the text spell the key, where it begins with it: 0 where it does not. JSON, and JSON in
// JSON, may spell any character as \u0073, with any number of backslashes.
std::size_t spelled(std::string_view text, std::string_view key) {
  std::size_t at = 0;
  for (const char c : key) {
    if (at < text.size() && text[at] == c) {
      ++at;
      continue;
    }
    const std::size_t escape = text.find_first_not_of('\\', at);
    if (escape == at || escape == std::string_view::npos || text.size() - escape < 5 || text[escape] != 'u')
      return 0;
    unsigned code = 0;
    const char* end = text.data() + escape + 5;
    if (std::from_chars(text.data() + escape + 1, end, code, 16).ptr != end ||
        code != static_cast<unsigned char>(c))
      return 0;
    at = escape + 5;
  }
  return at;
}

}  // namespace

std::string masked(std::string text, const std::string& key) {
  constexpr std::size_t kShortest = 8;
  constexpr std::string_view kMask = "[key]";
  if (key.size() < kShortest) return text;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (const std::size_t size = spelled(std::string_view(text).substr(at), key)) {
      text.replace(at, size, kMask);
      at += kMask.size() - 1;
    }
  }
  return text;
}

namespace {

// The key again where its end was cut off with the text that it stands in.
std::string without_cut_key(std::string text, std::string_view key) {
  constexpr std::string_view kCut = "...";
  constexpr std::size_t kShortest = 4;
  for (std::size_t at = 0; (at = text.find(kCut, at)) != std::string::npos; ++at) {
    for (std::size_t size = std::min(key.size(), at); size >= kShortest; --size) {
      if (std::string_view(text).substr(at - size, size) != key.substr(0, size)) continue;
      at -= size;
      text.erase(at, size);
      break;
    }
  }
  return text;
}

}  // namespace

Endpoint::Endpoint(EndpointOptions options, std::unique_ptr<Http> http, Clock* clock)
    : options_(std::move(options)), http_(std::move(http)), clock_(clock) {
  base::expects(options_.protocol != nullptr && http_ != nullptr && clock_ != nullptr,
                "an endpoint without a protocol, a network or a clock");
}

Endpoint::Attempt Endpoint::refused(const Request& request, const HttpReply& reply) {
  const Status& status = *std::ranges::find_if(
      kStatuses, [&](const Status& s) { return s.first <= reply.status && reply.status <= s.last; });
  // The key is taken out before anything is cut off: half a key is one too much.
  const std::string body = masked(reply.body, options_.key);
  const bool about_request = reply.status == 400 || reply.status == 422;
  Attempt a;
  a.adapted = about_request && adapt(*options_.protocol, request, body, &options_.dialect);
  a.repeatable = status.repeatable && body.find(kNoMoneyLeft) == std::string::npos;
  a.wait = retry_after(reply.retry_after, clock_->calendar());
  std::string said = error_text(body);
  if (reply.status >= 300 && reply.status < 400) said = masked(reply.location, options_.key);
  a.answer =
      Failure{status.fault, fmt::format("the endpoint answered {}, {}{}{}", reply.status, status.text,
                                        said.empty() ? "" : ": ", base::shortened(base::visible(said), 500))};
  return a;
}

Endpoint::Attempt Endpoint::attempt(const Request& request, Seconds left) {
  ++attempts_;
  HttpRequest http{options_.url, options_.protocol->headers(options_.key),
                   options_.protocol->body(request, options_.model, options_.dialect), left,
                   options_.cancelled};
  http.headers.emplace_back("Content-Type: application/json");
  http.headers.emplace_back("Accept: application/json");
  const auto outcome = http_->post(http);
  if (const auto* failure = std::get_if<HttpFailure>(&outcome))
    return {failure->failure, failure->repeatable, false, std::nullopt};
  const auto& reply = std::get<HttpReply>(outcome);
  if (reply.status != 200) return refused(request, reply);
  return {options_.protocol->read(masked(reply.body, options_.key), request), false, false, std::nullopt};
}

Answer Endpoint::ask_until(const Request& request, Seconds deadline) {
  const auto after = [&] { return attempts_ > 1 ? fmt::format(" (attempt {})", attempts_) : std::string(); };
  for (int retry = 0;;) {
    if (options_.cancelled && options_.cancelled())
      return Failure{Fault::interrupted, "the call was interrupted"};
    const Seconds left = deadline - clock_->now();
    if (left <= Seconds(0))
      return Failure{Fault::timeout, fmt::format("no answer in {:g} s{}", options_.limit.count(), after())};
    Attempt a = attempt(request, left);
    if (a.adapted) continue;
    auto* failure = std::get_if<Failure>(&a.answer);
    if (failure == nullptr || !a.repeatable || retry == options_.max_retries) {
      if (failure != nullptr) failure->text += after();
      return std::move(a.answer);
    }
    const Seconds wait = a.wait.value_or(back_off(retry++, clock_->chance()));
    const Seconds rest = deadline - clock_->now();
    if (wait >= rest) {
      failure->text += fmt::format("{}; it would have to be asked again in {:.0f} s, and {:.0f} s are left",
                                   after(), std::ceil(wait.count()), std::max(0.0, rest.count()));
      return std::move(a.answer);
    }
    clock_->sleep(wait, options_.cancelled);
  }
}

Answer Endpoint::ask(const Request& request) {
  attempts_ = 0;
  Answer answer = ask_until(request, clock_->now() + options_.limit);
  attempts_ = std::max<std::int64_t>(attempts_, 1);
  if (auto* failure = std::get_if<Failure>(&answer)) {
    failure->text = without_cut_key(masked(std::move(failure->text), options_.key), options_.key);
  } else {
    auto& reply = std::get<Reply>(answer);
    reply.text = masked(std::move(reply.text), options_.key);
    reply.model = masked(std::move(reply.model), options_.key);
  }
  return answer;
}

}  // namespace mapwright::llm
