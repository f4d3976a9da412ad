// `mapwright mcp` as a client meets it: the rules of the protocol in both revisions, what is no message, and
// how a server ends. What the tools do is in mcp_tools_test.cc.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "mcp_client.h"

namespace mapwright {
namespace {

using mcp::call;
using mcp::request;
using mcp::Server;
using nlohmann::ordered_json;
using std::chrono::milliseconds;
using tuned::Workplace;

ordered_json plain(const ordered_json& id, const std::string& method,
                   const ordered_json& params = ordered_json::object()) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
}

ordered_json initialize(const std::string& version) {
  return plain("begin", "initialize",
               {{"protocolVersion", version},
                {"capabilities", ordered_json::object()},
                {"clientInfo", {{"name", "test"}, {"version", "1"}}}});
}

//! About a second of work, more where everything takes longer.
const ordered_json kSlow = {{"program", "circuit"},
                            {"size", "test"},
                            {"nodes", 1},
                            {"set", {{"loops", process::kSanitized ? 3000 : 20000}}}};

// ---------------------------------------------------------------------------------------- 2026-07-28

TEST(McpStateless, DescribesItself) {
  const Workplace here;
  Server server(here);
  const ordered_json answer = server.ask(request(1, "server/discover"));
  const ordered_json& result = answer["result"];
  EXPECT_EQ(result["resultType"], "complete");
  EXPECT_EQ(result["supportedVersions"], ordered_json::array({"2026-07-28"}));
  EXPECT_EQ(result["capabilities"].dump(), R"({"tools":{},"resources":{}})");
  EXPECT_EQ(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "mapwright");
  EXPECT_GE(result["ttlMs"], 0);
  EXPECT_EQ(result["cacheScope"], "private");
  EXPECT_NE(result["instructions"].get<std::string>().find("propose-and-evaluate"), std::string::npos);
  EXPECT_EQ(server.end(), 0);
  EXPECT_EQ(here.read("errors"), "");
}

TEST(McpStateless, NeedsNoHandshakeAndKeepsToTheEnvelope) {
  const Workplace here;
  Server server(here);
  for (const std::string method : {"tools/list", "resources/list", "resources/templates/list"}) {
    const ordered_json result = server.ask(request(method, method))["result"];
    EXPECT_EQ(result["resultType"], "complete") << method;
    EXPECT_TRUE(result.contains("ttlMs") && result.contains("cacheScope")) << method;
  }
  const ordered_json called = server.ask(call(2, "status"))["result"];
  EXPECT_EQ(called["resultType"], "complete");
  EXPECT_FALSE(called.contains("ttlMs"));
  EXPECT_TRUE(called["_meta"].contains("io.modelcontextprotocol/serverInfo"));
  const ordered_json read =
      server.ask(request(3, "resources/read", {{"uri", "mapwright://machines"}}))["result"];
  EXPECT_EQ(read["contents"][0]["uri"], "mapwright://machines");
  EXPECT_TRUE(read.contains("ttlMs"));
}

TEST(McpStateless, RefusesOtherVersionsAndMissingMetadata) {
  const Workplace here;
  Server server(here);
  ordered_json message = request(1, "tools/list");
  ordered_json& meta = message["params"]["_meta"];
  for (const std::string version : {"1900-01-01", "2025-11-25", "2027-01-01"}) {
    meta["io.modelcontextprotocol/protocolVersion"] = version;
    const ordered_json error = server.ask(message)["error"];
    EXPECT_EQ(error["code"], -32022);
    EXPECT_EQ(error["data"]["supported"], ordered_json::array({"2026-07-28"}));
    EXPECT_EQ(error["data"]["requested"], version);
  }
  meta["io.modelcontextprotocol/protocolVersion"] = 7;
  EXPECT_EQ(server.ask(message)["error"]["code"], -32602);
  message = request(2, "tools/list");
  message["params"]["_meta"].erase("io.modelcontextprotocol/clientCapabilities");
  EXPECT_EQ(server.ask(message)["error"]["code"], -32602);
  // Nothing says which revision this is.
  const ordered_json error = server.ask(plain(3, "tools/list"))["error"];
  EXPECT_EQ(error["code"], -32602);
  EXPECT_NE(error["message"].get<std::string>().find("2025-11-25"), std::string::npos);
  EXPECT_EQ(server.ask(plain(4, "server/discover"))["error"]["code"], -32602);
}

TEST(McpStateless, HasNoneOfTheMethodsThatWereRemoved) {
  const Workplace here;
  Server server(here);
  for (const std::string method : {"ping", "initialize", "logging/setLevel", "resources/subscribe",
                                   "prompts/list", "completion/complete", "tasks/list", "nothing", ""})
    EXPECT_EQ(server.ask(request(1, method))["error"]["code"], -32601) << method;
}

TEST(McpStateless, KeepsSubscriptionsOpenUntilTheEnd) {
  const Workplace here;
  Server server(here);
  server.send(request("s", "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}));
  const ordered_json told = server.message();
  EXPECT_EQ(told["method"], "notifications/subscriptions/acknowledged");
  EXPECT_FALSE(told.contains("id"));
  EXPECT_EQ(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "s");
  EXPECT_EQ(told["params"]["notifications"], ordered_json::object());
  server.send(request(2, "subscriptions/listen", {{"notifications", ordered_json::object()}}));
  EXPECT_EQ(server.message()["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 2);
  server.send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 2}}}});
  std::vector<ordered_json> rest;
  EXPECT_EQ(server.end(&rest), 0);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0]["id"], "s");
  EXPECT_EQ(rest[0]["result"]["resultType"], "complete");
  EXPECT_EQ(rest[0]["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "s");
}

// ---------------------------------------------------------------------------------------- 2025-11-25

TEST(McpHandshake, NegotiatesTheRevision) {
  const std::map<std::string, std::string> kGiven{{"2025-11-25", "2025-11-25"}, {"2025-06-18", "2025-06-18"},
                                                  {"2024-11-05", "2025-11-25"}, {"2025-03-26", "2025-11-25"},
                                                  {"2026-07-28", "2025-11-25"}, {"", "2025-11-25"}};
  for (const auto& [wanted, given] : kGiven) {
    const Workplace here;
    Server server(here);
    EXPECT_EQ(server.ask(plain(0, "ping"))["result"], ordered_json::object());
    const ordered_json result = server.ask(initialize(wanted))["result"];
    EXPECT_EQ(result["protocolVersion"], given) << wanted;
    EXPECT_EQ(result["serverInfo"]["name"], "mapwright");
    EXPECT_EQ(result["capabilities"].dump(), R"({"tools":{},"resources":{}})");
    EXPECT_TRUE(result.contains("instructions"));
    server.send({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
    const ordered_json list = server.ask(plain("x", "tools/list"))["result"];
    EXPECT_EQ(list["tools"].size(), 8U);
    EXPECT_FALSE(list.contains("resultType") || list.contains("ttlMs") || list.contains("_meta"));
    EXPECT_EQ(server.ask(plain(1, "ping"))["result"], ordered_json::object());
    EXPECT_EQ(server.ask(plain(2, "server/discover"))["error"]["code"], -32601);
    EXPECT_EQ(server.ask(plain(3, "subscriptions/listen"))["error"]["code"], -32601);
    EXPECT_EQ(server.end(), 0);
  }
}

TEST(McpHandshake, ServesBothRevisionsAtOnce) {
  const Workplace here;
  Server server(here);
  const ordered_json unknown = {{"uri", "mapwright://nothing"}};
  EXPECT_EQ(server.ask(request(1, "resources/read", unknown))["error"]["code"], -32602);
  server.ask(initialize("2025-11-25"));
  const ordered_json old = server.ask(plain(2, "resources/read", unknown))["error"];
  EXPECT_EQ(old["code"], -32002);
  EXPECT_EQ(old["data"]["uri"], "mapwright://nothing");
  EXPECT_EQ(server.ask(request(3, "resources/read", unknown))["error"]["code"], -32602);
  EXPECT_EQ(server.ask(request(4, "tools/list"))["result"]["resultType"], "complete");
  EXPECT_FALSE(server.ask(plain(5, "tools/list"))["result"].contains("resultType"));
}

// ---------------------------------------------------------------------------------- what is no message

struct Broken {
  std::string line;
  int code;
  ordered_json id = nullptr;  // null: none can be read
};

TEST(McpHostile, BrokenMessagesAreAnsweredAndForgotten) {
  const std::vector<Broken> kBroken{
      {"{", -32700},
      {"hello", -32700},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x", -32700},
      {"\"\xFF\"", -32700},
      {"{\"jsonrpc\":\"2.0\",\"id\":\"\xC3\x28\",\"method\":\"ping\"}", -32700},
      {R"({"id":"\ud800"})", -32700},
      {R"({"id":1e999})", -32700},
      {std::string("{\"id\":1}\0", 9), -32700},
      {"[]", -32600},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", -32600},
      {"1", -32600},
      {"null", -32600},
      {"\"ping\"", -32600},
      {"{}", -32600},
      {R"({"jsonrpc":"2.0"})", -32600},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", -32600, 1},
      {R"({"id":1,"method":"ping"})", -32600, 1},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":[1],"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":true,"method":"ping"})", -32600},
      {R"({"jsonrpc":"2.0","id":1})", -32600, 1},
      {R"({"jsonrpc":"2.0","id":"a","method":7})", -32600, "a"},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})", -32602, 1},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":"x"})", -32602, 1},
      {std::string(1000, '['), -32600},
      {std::string(5'000'000, '['), -32600},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":)" + std::string(100, '[') +
           std::string(100, ']') + "}}",
       -32600}};
  const Workplace here;
  Server server(here);
  for (const Broken& b : kBroken) {
    const std::string shown = b.line.substr(0, 100);
    server.write(b.line + "\n");
    const ordered_json answer = server.message();
    EXPECT_EQ(answer.value("error", ordered_json::object()).value("code", 0), b.code) << shown << "\n"
                                                                                      << answer;
    EXPECT_EQ(answer.value("id", ordered_json()), b.id) << shown;
    EXPECT_FALSE(answer.contains("result")) << shown;
  }
  EXPECT_EQ(server.ask(plain(1, "ping"))["result"], ordered_json::object());
  EXPECT_EQ(server.end(), 0);
}

TEST(McpHostile, WhatNeedsNoAnswerHasNone) {
  const Workplace here;
  Server server(here);
  for (const std::string line :
       {"", "  \t", "\r", R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled"})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":17}})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]})",
        R"({"jsonrpc":"2.0","method":"notifications/nobody","params":{"a":1}})",
        R"({"jsonrpc":"2.0","method":"tools/call","params":{"name":"status"}})",
        R"({"jsonrpc":"2.0","id":1,"result":{}})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}})"})
    server.write(line + "\n");
  // The next line is the answer to this.
  server.write(plain("last", "ping").dump() + "\r\n");
  EXPECT_EQ(server.message()["id"], "last");
  EXPECT_EQ(server.end(), 0);
}

TEST(McpHostile, IdsComeBackAsTheyWere) {
  const Workplace here;
  Server server(here);
  for (const ordered_json& id :
       {ordered_json(0), ordered_json(-1), ordered_json(INT64_MAX), ordered_json(INT64_MIN),
        ordered_json(UINT64_MAX), ordered_json(""), ordered_json("\"\\\n\t\u2028 \xE2\x82\xAC"),
        ordered_json(std::string(3'000'000, 'i'))})
    EXPECT_EQ(server.ask(plain(id, "ping"))["id"], id);
}

TEST(McpHostile, LinesHaveALimit) {
  const Workplace here;
  Server server(here);
  const std::string head = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":")";
  const std::string tail = "\"}}";
  const std::size_t most = std::size_t{16} << 20;
  server.write(head + std::string(most - head.size() - tail.size(), 'x') + tail + "\n");
  EXPECT_EQ(server.message()["result"], ordered_json::object());
  server.write(head + std::string(most - head.size() - tail.size() + 1, 'x') + tail + "\n");
  const ordered_json answer = server.message();
  EXPECT_EQ(answer["error"]["code"], -32600);
  EXPECT_FALSE(answer.contains("id"));
  server.write(std::string(3 * most, 'x') + "\n");
  EXPECT_EQ(server.message()["error"]["code"], -32600);
  EXPECT_EQ(server.ask(plain(2, "ping"))["id"], 2);
  server.write(std::string(2 * most, 'x'));  // and no end
  std::vector<ordered_json> rest;
  EXPECT_EQ(server.end(&rest), 0);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0]["error"]["code"], -32600);
}

TEST(McpHostile, ManyKeysTakeNoLongTime) {
  const Workplace here;
  Server server(here);
  std::string line = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{)";
  for (int i = 0; i < 300'000; ++i) line += "\"key" + std::to_string(i) + "\":1,";
  const auto begin = tuned::Clock::now();
  server.write(line + "\"z\":1}}\n");
  EXPECT_EQ(server.message()["id"], 1);
  EXPECT_LT(tuned::Clock::now() - begin, std::chrono::seconds(process::kSanitized ? 60 : 10));
}

// ------------------------------------------------------------------------------- liveness, cancelling, ends

TEST(McpOrder, AnswersWhileSomethingIsInWork) {
  const Workplace here;
  Server server(here);
  server.ask(initialize("2025-11-25"));
  server.send(call("slow", "run", kSlow));
  server.send(plain("ping", "ping"));
  server.send(call("cancelled", "run", kSlow));
  server.send(call("second", "status"));
  server.send({{"jsonrpc", "2.0"},
               {"method", "notifications/cancelled"},
               {"params", {{"requestId", "cancelled"}, {"reason", "no more"}}}});
  server.send(call("third", "status"));
  // The ping overtakes, the tools keep their order, and what was cancelled has no answer.
  for (const std::string id : {"ping", "slow", "second", "third"}) EXPECT_EQ(server.message()["id"], id);
  server.send(call("in work", "run", kSlow));
  server.send(plain("ping", "ping"));
  EXPECT_EQ(server.message()["id"], "ping");
  server.send(
      {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "in work"}}}});
  server.send(call("last", "status"));
  EXPECT_EQ(server.message()["id"], "last");
  EXPECT_EQ(server.end(), 0);
}

TEST(McpOrder, ManyWaitOrAreRefused) {
  const Workplace here;
  Server server(here);
  server.send(call("slow", "run", kSlow));
  constexpr int kFlood = 1200;
  for (int i = 0; i < kFlood; ++i) server.send(call(i, "status"));
  int answered = 0;
  int refused = 0;
  for (int i = 0; i <= kFlood; ++i) {
    const ordered_json answer = server.message();
    answered += answer.contains("result") ? 1 : 0;
    refused += answer.contains("error") && answer["error"]["code"] == -32603 ? 1 : 0;
  }
  EXPECT_EQ(answered + refused, kFlood + 1);
  EXPECT_GE(answered, 1000);
  EXPECT_EQ(server.end(), 0);
}

TEST(McpEnd, OfInputIsAfterAllAnswers) {
  const Workplace here;
  {
    Server server(here);
    EXPECT_EQ(server.end(), 0);
  }
  Server server(here);
  server.send(call(1, "run", {{"program", "circuit"}, {"size", "test"}, {"nodes", 1}}));
  server.write(call(2, "status").dump());  // no end of the line
  std::vector<ordered_json> rest;
  EXPECT_EQ(server.end(&rest), 0);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0]["id"], 1);
  EXPECT_EQ(rest[1]["id"], 2);
}

TEST(McpEnd, ComesAtOnceWhenAskedFor) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    const Workplace here;
    Server idle(here);
    idle.ask(request(1, "tools/list"));
    idle.signal(signal);
    EXPECT_EQ(idle.exit_code(), 0) << signal;
    Server busy(here);
    busy.ask(initialize("2025-11-25"));
    busy.send(call(1, "run", kSlow));
    busy.send(call(2, "run", kSlow));
    EXPECT_EQ(busy.ask(plain(3, "ping"))["id"], 3);
    busy.signal(signal);
    EXPECT_EQ(busy.exit_code(), 0) << signal;
  }
}

TEST(McpEnd, ComesWhenTheClientIsGone) {
  const Workplace here;
  Server server(here);
  server.ask(request(1, "tools/list"));
  server.close_output();
  for (int i = 0; i < 3; ++i) server.send(request(i, "tools/list"));
  EXPECT_EQ(server.exit_code(), 0);
}

TEST(McpStart, SaysWhatIsWrongElsewhere) {
  const Workplace here;
  const process::Outcome o = here.run("mcp --program nothing.json");
  EXPECT_EQ(o.exit, 64);
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find("nothing.json"), std::string::npos);
  EXPECT_EQ(here.run("mcp").exit, 0) << "an empty input has an end";
}

}  // namespace
}  // namespace mapwright
