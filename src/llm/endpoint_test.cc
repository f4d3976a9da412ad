// Calls of endpoints without a network and without waiting: what is sent, what is made of what comes back,
// when it is asked again.
#include "llm/endpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "llm/session.h"
#include "llm/testing.h"

namespace mapwright::llm {
namespace {

using Json = nlohmann::json;
using testing::FakeClock;
using testing::FakeHttp;
using testing::kKey;
using testing::request;

const std::string kOpenai =
    R"({"id":"1","object":"chat.completion","model":"gpt-x","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"hello","refusal":null},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";
const std::string kAnthropic =
    R"({"type":"message","role":"assistant","model":"claude-x","content":[)"
    R"({"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"hel"},)"
    R"({"type":"text","text":"lo"}],"stop_reason":"end_turn","usage":{"input_tokens":10,)"
    R"("cache_creation_input_tokens":1,"cache_read_input_tokens":1,"output_tokens":3}})";

HttpReply status(int number, std::string body = "", std::string retry_after = "") {
  return {number, std::move(body), std::move(retry_after), ""};
}
HttpFailure failure(Fault fault, bool repeatable) {
  return {{fault, "no network"}, repeatable};
}

struct Scene {
  explicit Scene(std::deque<FakeHttp::Outcome> outcomes, const Protocol& protocol = openai()) {
    auto owned = std::make_unique<FakeHttp>(std::move(outcomes));
    http = owned.get();
    EndpointOptions o;
    o.protocol = &protocol;
    o.url = "https://example.test/v1/chat/completions";
    o.key = kKey;
    o.model = "m";
    o.limit = Seconds(100);
    o.cancelled = [this] { return cancelled; };
    endpoint = std::make_unique<Endpoint>(std::move(o), std::move(owned), &clock);
  }

  Answer ask(const Request& r) {
    last = endpoint->ask(r);
    return last;
  }
  Answer ask() { return ask(request("hi")); }
  Fault fault() const { return std::get<Failure>(last).fault; }
  std::string text() const { return std::get<Failure>(last).text; }
  Json sent(std::size_t i) const { return Json::parse(http->requests.at(i).body); }

  FakeClock clock;
  bool cancelled = false;
  FakeHttp* http = nullptr;
  std::unique_ptr<Endpoint> endpoint;
  Answer last;
};

TEST(Openai, IsAskedAsItsProtocolSays) {
  Scene s({status(200, kOpenai)});
  Request r = request("hi");
  r.temperature = 0.25;
  r.schema = R"({"type":"object","additionalProperties":false})";
  const Answer a = s.ask(r);
  EXPECT_EQ(std::get<Reply>(a), (Reply{"hello", Ending::complete, {12, 3, false}, "gpt-x"}));
  EXPECT_EQ(s.sent(0), Json::parse(R"({"model":"m","stream":false,"max_tokens":100,"temperature":0.25,
    "messages":[{"role":"system","content":"You write mappers."},{"role":"user","content":"hi"}],
    "response_format":{"type":"json_schema","json_schema":{"name":"reply","strict":true,
      "schema":{"type":"object","additionalProperties":false}}}})"));
  EXPECT_EQ(s.http->requests[0].headers,
            (std::vector<std::string>{std::string("Authorization: Bearer ") + kKey,
                                      "Content-Type: application/json", "Accept: application/json"}));
  EXPECT_EQ(s.endpoint->attempts(), 1);
}

TEST(Anthropic, IsAskedAsItsProtocolSays) {
  Scene s({status(200, kAnthropic)}, anthropic());
  Request r = request("hi");
  r.messages.push_back({Role::assistant, "yes?"});
  r.messages.push_back({Role::user, "go"});
  r.messages.push_back({Role::system, "Be brief."});
  r.schema = "{}";
  const Answer a = s.ask(r);
  EXPECT_EQ(std::get<Reply>(a), (Reply{"hello", Ending::complete, {12, 3, false}, "claude-x"}));
  EXPECT_EQ(s.sent(0),
            Json::parse(R"({"model":"m","max_tokens":100,"system":"You write mappers.\n\nBe brief.",
    "messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes?"},{"role":"user","content":"go"}],
    "output_config":{"format":{"type":"json_schema","schema":{}}}})"));
  EXPECT_EQ(s.http->requests[0].headers[0], "anthropic-version: 2023-06-01");
  EXPECT_EQ(s.http->requests[0].headers[1], std::string("x-api-key: ") + kKey);
}

TEST(Openai, WithoutAKeySendsNone) {
  EXPECT_TRUE(openai().headers("").empty());
}

TEST(Openai, AGrammarGoesWhereItIsTaken) {
  Request r = request("hi");
  r.grammar = "root ::= \"a\"";
  r.schema = "{}";
  Dialect d;
  EXPECT_FALSE(Json::parse(openai().body(r, "m", d)).contains("grammar"));
  d.grammar = GrammarField::grammar;
  Json sent = Json::parse(openai().body(r, "m", d));
  EXPECT_EQ(sent["grammar"], r.grammar);
  EXPECT_FALSE(sent.contains("response_format")) << "no endpoint takes both";
  d.grammar = GrammarField::structured_outputs;
  sent = Json::parse(openai().body(r, "m", d));
  EXPECT_EQ(sent["structured_outputs"], (Json{{"grammar", r.grammar}}));
}

TEST(Openai, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(Json::parse(openai().body(request("a\xff"), "m", {}))["messages"][1]["content"], "a\xEF\xBF\xBD");
}

struct Body {
  std::string body;
  Reply reply;
};

TEST(Openai, RepliesOfAllServersAreRead) {
  const auto message = [](std::string_view m, std::string_view reason = "\"stop\"") {
    return fmt::format(R"({{"choices":[{{"message":{},"finish_reason":{}}}]}})", m, reason);
  };
  const Usage none{worst_case(request("hi")).prompt, 0, true};
  const auto some = [&](std::int64_t n) { return Usage{none.prompt, n, true}; };
  const std::vector<Body> bodies{
      {message(R"({"content":"abcdef"})"), {"abcdef", Ending::complete, some(2), ""}},
      {message(R"({"content":"abc"})", "\"length\""), {"abc", Ending::length, some(1), ""}},
      {message(R"({"content":"abc"})", "null"), {"abc", Ending::complete, some(1), ""}},
      {message(R"({"content":"abc"})", "7"), {"abc", Ending::complete, some(1), ""}},
      {message(R"({"content":""})", "\"content_filter\""), {"", Ending::filtered, none, ""}},
      {message(R"({"content":null})", "\"length\""), {"", Ending::length, none, ""}},
      {message(R"({"reasoning_content":"hm"})"), {"", Ending::complete, none, ""}},
      {message(R"({"content":null,"refusal":"I will not"})"), {"I will not", Ending::filtered, some(4), ""}},
      {message(R"({"content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}]})"),
       {"ab", Ending::complete, some(1), ""}},
      {R"({"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":-1,"completion_tokens":1}})",
       {"a", Ending::complete, some(1), ""}},
      {R"({"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":1e99,"completion_tokens":"x"}})",
       {"a", Ending::complete, some(1), ""}},
      {R"({"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":9000000000000000000,"completion_tokens":1}})",
       {"a", Ending::complete, some(1), ""}},
      {R"({"choices":[{"message":{"content":"a"}}],"usage":[1],"model":7})",
       {"a", Ending::complete, some(1), ""}},
      {message("{\"content\":\"a\xff\"}"), {"a\xEF\xBF\xBD", Ending::complete, some(2), ""}},
      {message(R"({"content":"a\ud83d"})"), {"a\xEF\xBF\xBD", Ending::complete, some(2), ""}},
      {"\xEF\xBB\xBF" + message(R"({"content":"a"})"), {"a", Ending::complete, some(1), ""}},
  };
  for (const Body& b : bodies) {
    const Answer a = openai().read(b.body, request("hi"));
    ASSERT_TRUE(std::holds_alternative<Reply>(a)) << b.body << std::get<Failure>(a).text;
    EXPECT_EQ(std::get<Reply>(a).text, b.reply.text) << b.body;
    EXPECT_EQ(std::get<Reply>(a), b.reply) << b.body;
  }
}

TEST(Anthropic, RepliesAreRead) {
  const auto body = [](std::string_view content, std::string_view reason) {
    return fmt::format(R"({{"content":{},"stop_reason":{}}})", content, reason);
  };
  const std::int64_t prompt = worst_case(request("hi")).prompt;
  const std::vector<Body> bodies{
      {body(R"([{"type":"text","text":"abc"}])", "\"max_tokens\""),
       {"abc", Ending::length, {prompt, 1, true}, ""}},
      {body(R"([{"type":"text","text":"abc"}])", "\"model_context_window_exceeded\""),
       {"abc", Ending::length, {prompt, 1, true}, ""}},
      {body("[]", "\"refusal\""), {"", Ending::filtered, {prompt, 0, true}, ""}},
      {body("[]", "\"end_turn\""), {"", Ending::complete, {prompt, 0, true}, ""}},
      {body(R"([{"type":"redacted_thinking","data":"x"},{"type":"tool_use","input":{}}])", "\"tool_use\""),
       {"", Ending::complete, {prompt, 0, true}, ""}},
  };
  for (const Body& b : bodies) {
    const Answer a = anthropic().read(b.body, request("hi"));
    ASSERT_TRUE(std::holds_alternative<Reply>(a)) << b.body;
    EXPECT_EQ(std::get<Reply>(a), b.reply) << b.body;
  }
}

TEST(Protocols, WhatIsNoReplyIsMalformed) {
  const std::vector<std::string> bodies{"",
                                        " ",
                                        "null",
                                        "7",
                                        "[]",
                                        "{}",
                                        "\"x\"",
                                        "<html><body>502 Bad Gateway</body></html>",
                                        "{\"choices\":[",
                                        R"({"choices":null})",
                                        R"({"choices":{}})",
                                        R"({"choices":[]})",
                                        R"({"choices":[null]})",
                                        R"({"choices":[[]]})",
                                        R"({"choices":[{}]})",
                                        R"({"choices":[{"message":null}]})",
                                        R"({"choices":[{"message":"x"}]})",
                                        R"({"choices":[{"message":{"content":7}}]})",
                                        R"({"choices":[{"message":{"content":{"text":"x"}}}]})",
                                        R"({"choices":[{"message":{"content":["x"]}}]})",
                                        R"({"choices":[{"message":{"content":[{"type":"text"}]}}]})",
                                        R"({"content":null})",
                                        R"({"content":"x"})",
                                        R"({"content":{}})",
                                        R"({"content":[null]})",
                                        R"({"content":[{"type":"text","text":null}]})",
                                        R"({"content":[{"type":7}]})",
                                        R"({"error":{"message":"no"}})",
                                        std::string(100'000, '['),
                                        std::string("\x1f\x8b\x08\0\0\0", 6)};
  for (const Protocol* p : {&openai(), &anthropic()}) {
    for (const std::string& body : bodies) {
      const Answer a = p->read(body, request("hi"));
      ASSERT_TRUE(std::holds_alternative<Failure>(a)) << p->name << body;
      EXPECT_EQ(std::get<Failure>(a).fault, Fault::malformed);
      EXPECT_LT(std::get<Failure>(a).text.size(), 600U);
    }
  }
  EXPECT_EQ(std::get<Failure>(openai().read(R"({"error":{"message":"no\u001b[2J"}})", request("hi"))).text,
            "the reply of the endpoint has no choices: no\\x1b[2J");
}

struct StatusRow {
  int status;
  Fault fault;
  int attempts;  // of five
  std::string_view says;
};

TEST(Endpoint, EveryStatusHasItsFault) {
  const std::vector<StatusRow> rows{
      {204, Fault::malformed, 1, "the endpoint answered 204, which is no reply: why"},
      {301, Fault::malformed, 1,
       "the endpoint answered 301, which sends elsewhere; the key goes only to the address "
       "that was given: https://other.test/"},
      {308, Fault::malformed, 1, "308"},
      {400, Fault::bad_request, 1, "the endpoint answered 400, what was asked cannot be answered: why"},
      {401, Fault::key_refused, 1, "the endpoint answered 401, the key is not accepted: why"},
      {402, Fault::bad_request, 1, "402"},
      {403, Fault::key_refused, 1, "403"},
      {404, Fault::not_found, 1,
       "the endpoint answered 404, there is no such model, or no such address: why"},
      {408, Fault::bad_request, 5, "408"},
      {409, Fault::bad_request, 5, "409"},
      {413, Fault::bad_request, 1, "413"},
      {422, Fault::bad_request, 1, "422"},
      {429, Fault::rate_limited, 5, "the endpoint answered 429, too many requests: why (attempt 5)"},
      {500, Fault::server_error, 5, "500"},
      {502, Fault::server_error, 5, "502"},
      {503, Fault::overloaded, 5, "503"},
      {529, Fault::overloaded, 5, "529"},
      {599, Fault::server_error, 5, "599"},
      {100, Fault::malformed, 1, "100"},
      {999, Fault::malformed, 1, "999"},
  };
  for (const StatusRow& row : rows) {
    HttpReply reply = status(row.status, R"({"error":{"message":"why"}})");
    reply.location = "https://other.test/";
    Scene s({reply});
    s.ask();
    EXPECT_EQ(s.fault(), row.fault) << row.status;
    EXPECT_EQ(s.endpoint->attempts(), row.attempts) << row.status;
    EXPECT_EQ(s.http->requests.size(), static_cast<std::size_t>(row.attempts));
    EXPECT_NE(s.text().find(row.says), std::string::npos) << s.text();
  }
}

TEST(Endpoint, IsAskedAgainUntilItAnswers) {
  Scene s({status(503), failure(Fault::unreachable, true), status(429), status(200, kOpenai)});
  EXPECT_EQ(std::get<Reply>(s.ask()).text, "hello");
  EXPECT_EQ(s.endpoint->attempts(), 4);
  EXPECT_EQ(s.clock.sleeps, (std::vector<double>{0.5, 1, 2})) << "half of 1, 2 and 4";
  EXPECT_DOUBLE_EQ(s.http->requests[3].limit.count(), 96.5) << "all under one deadline";
}

TEST(Endpoint, WhatMayHaveBeenAnsweredIsNotRepeated) {
  for (const Fault f : {Fault::dropped, Fault::timeout, Fault::tls, Fault::too_large, Fault::interrupted}) {
    Scene s({failure(f, false), status(200, kOpenai)});
    s.ask();
    EXPECT_EQ(s.fault(), f);
    EXPECT_EQ(s.endpoint->attempts(), 1);
  }
  Scene empty({status(200, ""), status(200, kOpenai)});
  empty.ask();
  EXPECT_EQ(empty.fault(), Fault::malformed);
}

TEST(Endpoint, WaitsAsItIsTold) {
  Scene s({status(429, "", "7"), status(503, "", "Tue, 14 Nov 2023 22:30:30 GMT"), status(429, "", "0.5"),
           status(429, "", "soon"), status(200, kOpenai)});
  s.ask();
  // The clock began at 1700000000, 22:13:20, and 1000 s.
  EXPECT_EQ(s.clock.sleeps, (std::vector<double>{7, 23, 0.5, 4})) << "what cannot be read is not heeded";
}

TEST(Endpoint, DoesNotWaitBeyondItsDeadline) {
  for (const char* header : {"101", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
    Scene s({status(429, "slow down", header)});
    s.ask();
    EXPECT_EQ(s.fault(), Fault::rate_limited);
    EXPECT_TRUE(s.clock.sleeps.empty());
    EXPECT_NE(s.text().find("slow down; it would have to be asked again in "), std::string::npos) << s.text();
    EXPECT_NE(s.text().find(" s, and 100 s are left"), std::string::npos) << s.text();
  }
}

TEST(Endpoint, TheDeadlineIsAboveAllRetries) {
  Scene s({status(500)});
  s.http->on_post = [&] { s.clock.time += Seconds(40); };
  s.ask();
  EXPECT_EQ(s.fault(), Fault::server_error);
  EXPECT_EQ(s.endpoint->attempts(), 3) << "40 s each";
  Scene late({failure(Fault::unreachable, true)});
  late.clock.luck = 0;
  late.http->on_post = [&] { late.clock.time += Seconds(100.5); };
  late.ask();
  EXPECT_EQ(late.endpoint->attempts(), 1);
}

TEST(Endpoint, WaitsGrowAndStayBelowAMinute) {
  Scene s({status(500)});
  s.clock.luck = 0.999;
  EndpointOptions o;
  o.protocol = &openai();
  o.limit = Seconds(86'400);
  o.max_retries = 12;
  Endpoint patient(o, std::make_unique<FakeHttp>(std::deque<FakeHttp::Outcome>{status(500)}), &s.clock);
  patient.ask(request("hi"));
  ASSERT_EQ(s.clock.sleeps.size(), 12U);
  EXPECT_LT(s.clock.sleeps.front(), 1);
  EXPECT_LT(s.clock.sleeps.back(), 60);
  EXPECT_GT(s.clock.sleeps.back(), 59);
}

TEST(Endpoint, NoWaitHelpsAgainstAnEmptyAccount) {
  Scene s({status(429, R"({"error":{"message":"You exceeded your quota","code":"insufficient_quota"}})")});
  s.ask();
  EXPECT_EQ(s.fault(), Fault::rate_limited);
  EXPECT_EQ(s.endpoint->attempts(), 1);
}

TEST(Endpoint, CanBeInterrupted) {
  Scene s({status(500)});
  s.http->on_post = [&] { s.cancelled = s.http->requests.size() == 2; };
  s.ask();
  EXPECT_EQ(s.fault(), Fault::interrupted);
  EXPECT_EQ(s.endpoint->attempts(), 2);
  Scene before({status(200, kOpenai)});
  before.cancelled = true;
  before.ask();
  EXPECT_EQ(before.fault(), Fault::interrupted);
  EXPECT_TRUE(before.http->requests.empty());
}

Request structured() {
  Request r = request("hi");
  r.schema = R"({"type":"object"})";
  r.temperature = 1;
  return r;
}

TEST(Structure, FallsBackAndIsRemembered) {
  Scene s(
      {status(
           400,
           R"({"error":{"message":"'response_format.type' : value is not one of ['json_object','text']"}})"),
       status(422, R"({"detail":[{"loc":["body","response_format"],"msg":"extra"}]})"),
       status(200, kOpenai)});
  EXPECT_TRUE(std::holds_alternative<Reply>(s.ask(structured())));
  EXPECT_EQ(s.sent(0)["response_format"]["type"], "json_schema");
  EXPECT_EQ(s.sent(1)["response_format"]["type"], "json_object");
  EXPECT_FALSE(s.sent(2).contains("response_format"));
  EXPECT_EQ(s.endpoint->attempts(), 3);
  EXPECT_TRUE(s.clock.sleeps.empty()) << "it is asked differently at once";
  s.ask(structured());
  ASSERT_EQ(s.http->requests.size(), 4U);
  EXPECT_FALSE(s.sent(3).contains("response_format"));
}

TEST(Structure, OfAnthropicIsASchemaOrNone) {
  Scene s({status(400, R"({"type":"error","error":{"type":"invalid_request_error","message":)"
                       R"("output_config: Extra inputs are not permitted"}})"),
           status(200, kAnthropic)},
          anthropic());
  EXPECT_TRUE(std::holds_alternative<Reply>(s.ask(structured())));
  EXPECT_FALSE(s.sent(1).contains("output_config"));
}

TEST(Structure, OtherRefusalsAreNotAboutIt) {
  Scene s({status(400, R"({"error":{"message":"the prompt is too long"}})")});
  s.ask(structured());
  EXPECT_EQ(s.fault(), Fault::bad_request);
  EXPECT_EQ(s.http->requests.size(), 1U);
  Scene unasked({status(400, R"({"error":{"message":"response_format is unknown"}})")});
  unasked.ask();
  EXPECT_EQ(unasked.http->requests.size(), 1U) << "a part that was not sent cannot be the reason";
}

TEST(Structure, RefusalsComeToAnEnd) {
  Scene s({status(400, "max_completion_tokens temperature grammar response_format json_schema")});
  Request r = structured();
  r.grammar = "root ::= \"a\"";
  s.ask(r);
  EXPECT_EQ(s.fault(), Fault::bad_request);
  EXPECT_EQ(s.http->requests.size(), 5U) << "the limit's name, the temperature, two forms";
}

TEST(Dialects, TheLimitHasTwoNames) {
  Scene newer(
      {status(400, R"({"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this )"
                   R"(model. Use 'max_completion_tokens' instead."}})"),
       status(200, kOpenai)});
  newer.ask();
  EXPECT_TRUE(newer.sent(0).contains("max_tokens"));
  EXPECT_FALSE(newer.sent(1).contains("max_tokens"));
  EXPECT_EQ(newer.sent(1)["max_completion_tokens"], 100);
}

TEST(Dialects, ATemperatureMayNotBeWanted) {
  Scene s(
      {status(
           400,
           R"({"error":{"message":"Unsupported value: 'temperature' does not support 1 with this model."}})"),
       status(200, kOpenai)});
  s.ask(structured());
  EXPECT_FALSE(s.sent(1).contains("temperature"));
  EXPECT_TRUE(s.sent(1).contains("response_format"));
}

TEST(Keys, AreMaskedWhereverTheyComeBack) {
  const std::string key = kKey;
  const std::string body =
      fmt::format(R"({{"model":"{0}","choices":[{{"message":{{"content":"your key is {0}, {0}"}}}}]}})", key);
  Scene echo({status(200, body)});
  const Reply reply = std::get<Reply>(echo.ask());
  EXPECT_EQ(reply.text, "your key is [key], [key]");
  EXPECT_EQ(reply.model, "[key]");
  const std::string escaped = "sk-very\\u002dsecret-0123456789";
  for (HttpReply r :
       {status(401, fmt::format(R"({{"error":{{"message":"bad key {}"}}}})", key)),
        status(500, "<" + key + ">"), status(401, fmt::format(R"({{"error":{{"message":"{}"}}}})", escaped)),
        status(401, fmt::format(R"({{"error":{{"message":"{}{}"}}}})", std::string(390, 'x'), escaped)),
        status(200, "no JSON " + key), status(200, std::string(395, 'x') + key),
        status(400, std::string(1590, 'x') + key), status(401, std::string(390, 'x') + key), status(302)}) {
    r.location = "https://other.test/?key=" + key;
    Scene s({r});
    s.ask();
    EXPECT_EQ(s.text().find("very-secret"), std::string::npos) << s.text();
    EXPECT_EQ(s.text().find(key.substr(0, 6)), std::string::npos) << s.text();
  }
}

TEST(Keys, StandInsAreNotMasked) {
  EXPECT_EQ(masked("none of these", "none"), "none of these");
  EXPECT_EQ(masked("", kKey), "");
  EXPECT_EQ(masked(kKey, kKey), "[key]");
}

TEST(Errors, AreOneVisibleLine) {
  EXPECT_EQ(error_text(R"({"error":"plain"})"), "plain");
  EXPECT_EQ(error_text(R"({"error":{"message":"a\nb"}})"), "a b");
  EXPECT_EQ(error_text(R"({"message":"m","error":null})"), "m");
  EXPECT_EQ(error_text(R"({"detail":[{"msg":"field required"}]})"), R"([{"msg":"field required"}])");
  EXPECT_EQ(error_text("<html>\n  <b>\x1b[31mBad"), "<html> <b>\\x1b[31mBad");
  EXPECT_EQ(error_text(std::string(1 << 20, 'x')).size(), 403U);
  EXPECT_EQ(error_text(""), "");
}

}  // namespace
}  // namespace mapwright::llm
