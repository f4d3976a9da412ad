// Exchanges as lines of JSON.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "llm/json.h"
#include "llm/session.h"

namespace mapwright::llm {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

constexpr std::size_t kLongestLine = std::size_t{64} << 20;

Ordered request_json(const Request& request) {
  Ordered o;
  o["messages"] = Ordered::array();
  for (const Message& m : request.messages) {
    Ordered& message = o["messages"].emplace_back();
    message["role"] = name_of(m.role);
    message["text"] = m.text;
  }
  o["temperature"] = nullptr;
  if (request.temperature) o["temperature"] = *request.temperature;
  o["max_tokens"] = request.max_tokens;
  o["schema"] = request.schema;
  o["grammar"] = request.grammar;
  return o;
}

Ordered reply_json(const Reply& reply) {
  Ordered o;
  o["text"] = reply.text;
  o["ending"] = name_of(reply.ending);
  o["usage"]["prompt"] = reply.usage.prompt;
  o["usage"]["reply"] = reply.usage.reply;
  o["usage"]["estimated"] = reply.usage.estimated;
  o["model"] = reply.model;
  return o;
}

Ordered failure_json(const Failure& failure) {
  Ordered o;
  o["fault"] = name_of(failure.fault);
  o["text"] = failure.text;
  return o;
}

// Takes the fields of an object one by one; what it finds wrong makes the whole line wrong.
class Reader {
 public:
  Reader(const Json& object, bool* good) : object_(object), good_(good) {
    if (!object_.is_object()) *good_ = false;
  }

  const Json& at(const char* key) {
    static const Json kNone;
    ++taken_;
    const auto found = object_.is_object() ? object_.find(key) : object_.end();
    if (!object_.is_object() || found == object_.end()) {
      *good_ = false;
      return kNone;
    }
    return *found;
  }
  std::string text(const char* key) {
    const Json& value = at(key);
    return check(value.is_string()) ? value.get<std::string>() : std::string();
  }
  bool truth(const char* key) {
    const Json& value = at(key);
    return check(value.is_boolean()) && value.get<bool>();
  }
  double number(const char* key) {
    const Json& value = at(key);
    return check(value.is_number() && std::isfinite(value.get<double>())) ? value.get<double>() : 0;
  }
  std::int64_t count(const char* key, std::int64_t least) {
    const Json& value = at(key);
    const bool fits = value.is_number_integer() && (!value.is_number_unsigned() || value <= INT64_MAX);
    if (!check(fits && value.get<std::int64_t>() >= least)) return least;
    return value.get<std::int64_t>();
  }
  template <class T>
  T word(const char* key, std::span<const std::string_view> names) {
    const std::string name = text(key);
    const auto found = std::ranges::find(names, name);
    return static_cast<T>(check(found != names.end()) ? found - names.begin() : 0);
  }
  // That there are no others.
  void end() const {
    if (object_.size() != taken_) *good_ = false;
  }

 private:
  bool check(bool holds) {
    *good_ = *good_ && holds;
    return holds;
  }

  const Json& object_;
  bool* good_;
  std::size_t taken_ = 0;
};

Request read_request(const Json& json, bool* good) {
  Reader o(json, good);
  Request request;
  const Json& messages = o.at("messages");
  *good = *good && messages.is_array();
  for (std::size_t i = 0; *good && i < messages.size(); ++i) {
    Reader message(messages[i], good);
    const Role role = message.word<Role>("role", kRoles);
    request.messages.push_back({role, message.text("text")});
    message.end();
  }
  if (!o.at("temperature").is_null()) {
    request.temperature = Reader(json, good).number("temperature");
  }
  request.max_tokens = o.count("max_tokens", INT64_MIN);
  request.schema = o.text("schema");
  request.grammar = o.text("grammar");
  o.end();
  return request;
}

Reply read_reply(const Json& json, bool* good) {
  Reader o(json, good);
  Reply reply;
  reply.text = o.text("text");
  reply.ending = o.word<Ending>("ending", kEndings);
  Reader usage(o.at("usage"), good);
  reply.usage.prompt = usage.count("prompt", 0);
  reply.usage.reply = usage.count("reply", 0);
  reply.usage.estimated = usage.truth("estimated");
  usage.end();
  reply.model = o.text("model");
  o.end();
  return reply;
}

Failure read_failure(const Json& json, bool* good) {
  Reader o(json, good);
  Failure failure;
  failure.fault = o.word<Fault>("fault", kFaults);
  failure.text = o.text("text");
  o.end();
  return failure;
}

}  // namespace

std::string to_json(const Exchange& exchange) {
  Ordered o;
  o["schema"] = kSessionSchema;
  o["number"] = exchange.number;
  o["request"] = request_json(exchange.request);
  if (const auto* reply = std::get_if<Reply>(&exchange.answer)) {
    o["reply"] = reply_json(*reply);
  } else {
    o["failure"] = failure_json(std::get<Failure>(exchange.answer));
  }
  o["attempts"] = exchange.attempts;
  o["seconds"] = std::isfinite(exchange.seconds) ? exchange.seconds : 0.0;
  return o.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

std::optional<Exchange> exchange_from_json(std::string_view line) {
  Json value;
  if (line.size() > kLongestLine || !parse_json(line, &value)) return std::nullopt;
  bool good = true;
  Reader o(value, &good);
  Exchange exchange;
  good = good && o.text("schema") == kSessionSchema;
  if (!good) return std::nullopt;
  exchange.number = o.count("number", 1);
  exchange.request = read_request(o.at("request"), &good);
  if (value.contains("reply")) {
    exchange.answer = read_reply(o.at("reply"), &good);
  } else {
    exchange.answer = read_failure(o.at("failure"), &good);
  }
  exchange.attempts = o.count("attempts", 1);
  exchange.seconds = o.number("seconds");
  o.end();
  return good ? std::optional(std::move(exchange)) : std::nullopt;
}

}  // namespace mapwright::llm
