#include "llm/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "base/bug.h"
#include "base/text.h"
#include "llm/json.h"

namespace mapwright::llm {
namespace {

// Endpoints put a few tokens around each message.
constexpr std::int64_t kAroundMessage = 8;

// The endpoint had the prompt, and may have worked for its money.
constexpr std::array<Fault, 4> kMayBeBilled{Fault::timeout, Fault::dropped, Fault::too_large,
                                            Fault::malformed};

// Nobody was asked to the end, so that there is nothing to keep.
constexpr std::array<Fault, 1> kNotKept{Fault::interrupted};

std::int64_t sum(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return a > kMost - std::max<std::int64_t>(b, 0) ? kMost : a + std::max<std::int64_t>(b, 0);
}

// Their lines, without those that both have at their beginning.
struct Difference {
  std::size_t line = 1;
  std::string_view recorded;
  std::string_view asked;
};

Difference first_difference(std::string_view recorded, std::string_view asked) {
  Difference d;
  const std::size_t same =
      static_cast<std::size_t>(std::ranges::mismatch(recorded, asked).in1 - recorded.begin());
  d.line += static_cast<std::size_t>(std::ranges::count(recorded.substr(0, same), '\n'));
  const std::size_t newline = same == 0 ? std::string_view::npos : recorded.rfind('\n', same - 1);
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  d.recorded = recorded.substr(begin, recorded.find('\n', same) - begin);
  d.asked = asked.substr(begin, asked.find('\n', same) - begin);
  return d;
}

std::string quoted(std::string_view line) {
  constexpr std::size_t kMostShown = 160;
  return fmt::format("`{}`", base::shortened(base::visible(line), kMostShown));
}

std::string text_difference(std::string_view what, std::string_view recorded, std::string_view asked) {
  const Difference d = first_difference(recorded, asked);
  return fmt::format("{} differs in line {}: the record has {}, asked is {}", what, d.line,
                     quoted(d.recorded), quoted(d.asked));
}

std::string temperature_text(const Request& request) {
  return request.temperature ? fmt::format("{}", *request.temperature) : "the model's own";
}

// The first thing that is not the same; empty: nothing. Texts count as JSON has them, so that a record of
// what is not UTF-8 still fits.
std::string difference(const Request& recorded, const Request& asked) {
  const std::size_t common = std::min(recorded.messages.size(), asked.messages.size());
  for (std::size_t i = 0; i < common; ++i) {
    const Message& r = recorded.messages[i];
    const Message& a = asked.messages[i];
    if (r.role != a.role)
      return fmt::format("message {} is of '{}' in the record, and of '{}' now", i + 1, name_of(r.role),
                         name_of(a.role));
    const std::string was = well_formed(r.text);
    const std::string is = well_formed(a.text);
    if (was != is)
      return text_difference(fmt::format("message {} (of '{}')", i + 1, name_of(a.role)), was, is);
  }
  if (recorded.messages.size() != asked.messages.size())
    return fmt::format("the record has {} messages, asked are {}", recorded.messages.size(),
                       asked.messages.size());
  if (recorded.temperature != asked.temperature)
    return fmt::format("the temperature is {} in the record, and {} now", temperature_text(recorded),
                       temperature_text(asked));
  if (recorded.max_tokens != asked.max_tokens)
    return fmt::format("the reply has at most {} tokens in the record, and {} now", recorded.max_tokens,
                       asked.max_tokens);
  if (const std::string is = well_formed(asked.schema); well_formed(recorded.schema) != is)
    return text_difference("the schema", recorded.schema, is);
  if (const std::string is = well_formed(asked.grammar); well_formed(recorded.grammar) != is)
    return text_difference("the grammar", recorded.grammar, is);
  return {};
}

template <std::size_t kSize>
bool is_one_of(const Answer& answer, const std::array<Fault, kSize>& faults) {
  const auto* failure = std::get_if<Failure>(&answer);
  return failure != nullptr && std::ranges::find(faults, failure->fault) != faults.end();
}

}  // namespace

std::int64_t estimated_tokens(std::string_view text) {
  return (static_cast<std::int64_t>(text.size()) + kBytesPerToken - 1) / kBytesPerToken;
}

Usage worst_case(const Request& request) {
  Usage usage{estimated_tokens(request.schema) + estimated_tokens(request.grammar), request.max_tokens, true};
  for (const Message& m : request.messages) usage.prompt += estimated_tokens(m.text) + kAroundMessage;
  return usage;
}

Usage used(const Request& request, const Answer& answer) {
  if (const auto* reply = std::get_if<Reply>(&answer)) return reply->usage;
  return is_one_of(answer, kMayBeBilled) ? worst_case(request) : Usage{};
}

double dollars(const Usage& usage, const Prices& prices) {
  constexpr double kMillion = 1e6;
  return (static_cast<double>(usage.prompt) * prices.prompt +
          static_cast<double>(usage.reply) * prices.reply) /
         kMillion;
}

Session::Session(std::unique_ptr<Chat> chat, SessionOptions options)
    : chat_(std::move(chat)), options_(std::move(options)) {
  base::expects(chat_ != nullptr || options_.only_recorded, "a session with nobody to ask");
  if (options_.clock == nullptr) options_.clock = &system_clock();
}

void Session::count(const Exchange& exchange) {
  const Usage usage = used(exchange.request, exchange.answer);
  attempts_ = exchange.attempts;
  ++spent_.calls;
  spent_.retries += std::max<std::int64_t>(exchange.attempts - 1, 0);
  spent_.usage.prompt = sum(spent_.usage.prompt, usage.prompt);
  spent_.usage.reply = sum(spent_.usage.reply, usage.reply);
  spent_.usage.estimated = spent_.usage.estimated || usage.estimated;
  spent_.dollars += dollars(usage, options_.prices);
}

Answer Session::replay(const Request& request) {
  const Exchange& exchange = options_.recorded[static_cast<std::size_t>(spent_.calls)];
  const std::string differs = difference(exchange.request, request);
  if (!differs.empty())
    return Failure{Fault::other_prompt, fmt::format("call {} asks something else than the record has: {}",
                                                    spent_.calls + 1, differs)};
  count(exchange);
  return exchange.answer;
}

std::optional<Failure> Session::over_budget(const Request& request) const {
  const Budget& budget = options_.budget;
  const Usage most = worst_case(request);
  const auto failure = [](std::string text) { return Failure{Fault::budget, std::move(text)}; };
  if (budget.calls && spent_.calls >= *budget.calls)
    return failure(fmt::format("all {} calls of the budget are used up", *budget.calls));
  if (budget.tokens) {
    const std::int64_t so_far = sum(spent_.usage.prompt, spent_.usage.reply);
    if (sum(so_far, sum(most.prompt, most.reply)) > *budget.tokens)
      return failure(fmt::format("{} of {} tokens are used up, and the call may need {}", so_far,
                                 *budget.tokens, sum(most.prompt, most.reply)));
  }
  if (budget.dollars) {
    // Written so that a number that is none is over the budget as well.
    if (!(options_.prices.prompt > 0 || options_.prices.reply > 0))
      return failure("a budget in dollars needs the prices of tokens");
    const double cost = dollars(most, options_.prices);
    if (!(spent_.dollars + cost <= *budget.dollars))
      return failure(fmt::format("{:.4f} of {:g} dollars are used up, and the call may cost {:.4f}",
                                 spent_.dollars, *budget.dollars, cost));
  }
  return std::nullopt;
}

Answer Session::ask(const Request& request) {
  attempts_ = 1;
  if (static_cast<std::size_t>(spent_.calls) < options_.recorded.size()) return replay(request);
  if (options_.only_recorded)
    return Failure{Fault::record_ended, fmt::format("the record has {} calls, and this is call {}",
                                                    options_.recorded.size(), spent_.calls + 1)};
  if (auto failure = over_budget(request)) return *std::move(failure);

  Exchange exchange;
  exchange.number = spent_.calls + 1;
  exchange.request = request;
  const Seconds begin = options_.clock->now();
  exchange.answer = chat_->ask(request);
  exchange.seconds = (options_.clock->now() - begin).count();
  exchange.attempts = chat_->attempts();
  // As the record has it: a run that is repeated from the record sees the same text.
  if (auto* reply = std::get_if<Reply>(&exchange.answer)) reply->text = well_formed(reply->text);
  count(exchange);
  if (options_.keep && !is_one_of(exchange.answer, kNotKept) && !options_.keep(exchange))
    return Failure{Fault::record, fmt::format("call {} could not be recorded", exchange.number)};
  return std::move(exchange.answer);
}

}  // namespace mapwright::llm
