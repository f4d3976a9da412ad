// The tools of `mapwright mcp`: what they answer, and what they refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "mcp_client.h"
#include "texts.h"

namespace mapwright {
namespace {

using mcp::call;
using mcp::kSmallCircuit;
using mcp::request;
using mcp::Server;
using mcp::with;
using nlohmann::ordered_json;
using tuned::Workplace;

//! More than framebuffers hold.
const ordered_json kFull = {{"program", "circuit"},
                            {"set", {{"wpp", 20'000'000}}},
                            {"mapper", "Task * GPU, CPU;\nRegion * * GPU FBMEM;"}};

//! Where a value does not keep to a schema; empty where it does. Of the schemas that are used here.
std::string breach(const ordered_json& value, const ordered_json& schema, const std::string& where = "/") {
  if (schema.contains("anyOf")) {
    for (const ordered_json& s : schema["anyOf"]) {
      if (breach(value, s, where).empty()) return "";
    }
    return where + " fits nothing";
  }
  if (schema.contains("type")) {
    const auto fits = [&](const std::string& type) {
      return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
             (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
             (type == "number" && value.is_number()) || (type == "integer" && value.is_number_integer()) ||
             (type == "null" && value.is_null());
    };
    const ordered_json types =
        schema["type"].is_array() ? schema["type"] : ordered_json::array({schema["type"]});
    if (std::none_of(types.begin(), types.end(),
                     [&](const auto& t) { return fits(t.template get<std::string>()); }))
      return where + " has another type than " + types.dump();
  }
  for (const ordered_json& key : schema.value("required", ordered_json::array())) {
    if (!value.contains(key.get<std::string>())) return where + " lacks " + key.dump();
  }
  if (value.is_object()) {
    const ordered_json properties = schema.value("properties", ordered_json::object());
    for (const auto& [key, s] : properties.items()) {
      if (!value.contains(key)) continue;
      if (std::string why = breach(value[key], s, where + key + "/"); !why.empty()) return why;
    }
  }
  if (value.is_array() && schema.contains("items")) {
    for (const ordered_json& one : value) {
      if (std::string why = breach(one, schema["items"], where + "*/"); !why.empty()) return why;
    }
  }
  return "";
}

TEST(McpTools, AreWhatClientsAccept) {
  const Workplace here;
  Server server(here);
  const ordered_json tools = server.ask(request(1, "tools/list"))["result"]["tools"];
  std::vector<std::string> names;
  for (const ordered_json& t : tools) {
    names.push_back(t["name"]);
    EXPECT_TRUE(std::regex_match(names.back(), std::regex("[A-Za-z0-9_-]{1,64}")));
    EXPECT_FALSE(t["title"].get<std::string>().empty());
    EXPECT_GT(t["description"].get<std::string>().size(), 80U);
    EXPECT_EQ(t["outputSchema"]["type"], "object");
    const ordered_json& in = t["inputSchema"];
    EXPECT_EQ(in["type"], "object");
    EXPECT_EQ(in["additionalProperties"], false);
    for (const auto& [name, argument] : in["properties"].items())
      EXPECT_FALSE(argument.value("description", "").empty()) << names.back() << " " << name;
    for (const ordered_json& required : in["required"]) EXPECT_TRUE(in["properties"].contains(required));
    const bool writes = names.back() == "propose-and-evaluate";
    EXPECT_EQ(t["annotations"]["readOnlyHint"], !writes);
    EXPECT_EQ(t["annotations"]["destructiveHint"], false);
    EXPECT_EQ(t["annotations"]["openWorldHint"], false);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"describe", "check", "place", "run", "propose-and-evaluate",
                                             "status", "best", "explain"}));
  EXPECT_EQ(server.ask(request(2, "tools/list"))["result"]["tools"], tools) << "always in the same order";
}

TEST(McpTools, AnswerAsTheirSchemasSay) {
  const Workplace here;
  Server server(here);
  std::map<std::string, ordered_json> schemas;
  const ordered_json tools = server.ask(request(1, "tools/list"))["result"]["tools"];
  for (const ordered_json& t : tools) schemas[t["name"]] = t["outputSchema"];
  const std::vector<std::pair<std::string, ordered_json>> kCalls{
      {"describe", {{"topic", "programs"}}},
      {"describe", {{"topic", "machines"}}},
      {"describe", {{"topic", "language"}}},
      {"describe", {{"topic", "program"}, {"program", "pennant"}}},
      {"describe", {{"topic", "program"}, {"program", "solomonik"}, {"size", "test"}, {"nodes", 1}}},
      {"check", {{"mapper", ""}}},
      {"check", {{"mapper", "Task * GPU"}, {"program", "circuit"}}},
      {"check",
       {{"mapper", "Task nobody GPU;"}, {"program", "circuit"}, {"machine", "lassen"}, {"nodes", 4}}},
      {"place", {{"mapper", ""}, {"task", "a"}, {"domain", "4x2"}}},
      {"place", {{"mapper", ""}, {"task", "a"}, {"single", true}}},
      {"run", kSmallCircuit},
      {"run", kFull},
      {"propose-and-evaluate", with(kSmallCircuit, {{"mapper", ""}})},
      {"propose-and-evaluate", {{"mapper", "Region * * GPU ZCMEM;"}, {"run", "circuit-1"}}},
      {"propose-and-evaluate", {{"mapper", "Task * "}, {"run", "circuit-1"}, {"why", "no\nmapper"}}},
      {"propose-and-evaluate", {{"mapper", "  "}, {"run", "circuit-1"}}},
      {"propose-and-evaluate", with(kSmallCircuit, {{"mapper", "x"}})},
      {"propose-and-evaluate", kFull},
      {"status", ordered_json::object()},
      {"status", {{"run", "circuit-1"}}},
      {"status", {{"run", "circuit-2"}}},
      {"best", {{"run", "circuit-1"}}},
      {"best", {{"run", "circuit-2"}}},
      {"explain", {{"run", "circuit-1"}}},
      {"explain", {{"run", "circuit-1"}, {"trial", 2}}},
      {"explain", {{"run", "circuit-1"}, {"trial", 3}}},
      {"explain", {{"run", "circuit-2"}, {"trial", 1}}}};
  for (const auto& [tool, arguments] : kCalls) {
    const ordered_json answer = server.ask(call(7, tool, arguments));
    ASSERT_TRUE(answer.contains("result")) << tool << arguments << answer;
    const ordered_json& result = answer["result"];
    EXPECT_EQ(result["isError"], false) << tool << arguments << result;
    ASSERT_TRUE(result.contains("structuredContent"));
    EXPECT_EQ(breach(result["structuredContent"], schemas[tool]), "") << tool << arguments;
    ASSERT_EQ(result["content"].size(), 1U);
    EXPECT_EQ(tuned::parsed(result["content"][0]["text"].get<std::string>()), result["structuredContent"]);
  }
}

TEST(McpTools, DescribeWhatThereIs) {
  const Workplace here;
  Server server(here);
  const ordered_json programs = server.document("describe", {{"topic", "programs"}})["programs"];
  EXPECT_EQ(programs.size(), 9U);
  EXPECT_EQ(programs[0]["name"], "circuit");
  const ordered_json circuit =
      server.document("describe", {{"topic", "program"}, {"program", "circuit"}})["program"];
  std::vector<std::string> tasks;
  for (const ordered_json& t : circuit["tasks"]) tasks.push_back(t["task"]);
  EXPECT_NE(std::ranges::find(tasks, "calculate_new_currents"), tasks.end());
  EXPECT_EQ(circuit["metric"]["better"], "larger");
  const std::string manual = server.document("describe", {{"topic", "language"}})["manual"];
  EXPECT_EQ(manual, file_text((kRoot / "docs/language.md").string()));
  const ordered_json read =
      server.ask(request(1, "resources/read", {{"uri", "mapwright://language"}}))["result"];
  EXPECT_EQ(read["contents"][0]["text"], manual);
  const ordered_json resources = server.ask(request(2, "resources/list"))["result"]["resources"];
  for (const ordered_json& r : resources)
    EXPECT_TRUE(server.ask(request(3, "resources/read", {{"uri", r["uri"]}})).contains("result")) << r;
  const ordered_json templates =
      server.ask(request(4, "resources/templates/list"))["result"]["resourceTemplates"];
  EXPECT_EQ(templates[0]["uriTemplate"], "mapwright://program/{name}");
  const ordered_json program =
      server.ask(request(5, "resources/read", {{"uri", "mapwright://program/%63ircuit"}}));
  EXPECT_EQ(tuned::parsed(program["result"]["contents"][0]["text"].get<std::string>()), circuit);
}

// The example that every agent sees is a mapper.
TEST(McpTools, BeginWithAnExampleThatIsRight) {
  const Workplace here;
  Server server(here);
  const std::string text = server.ask(request(1, "server/discover"))["result"]["instructions"];
  const std::size_t begin = text.find("\n\n") + 2;
  const std::string mapper = text.substr(begin, text.find("\n\n", begin) - begin);
  const ordered_json checked = server.document("check", {{"mapper", mapper}, {"machine", "lassen"}});
  EXPECT_EQ(checked["errors"], 0) << mapper << checked;
  EXPECT_EQ(checked["warnings"], 0) << mapper << checked;
  const ordered_json placed = server.document(
      "place", {{"mapper", mapper}, {"task", "step"}, {"domain", "8"}, {"machine", "lassen"}});
  EXPECT_EQ(placed["map"], "blocks");
  EXPECT_EQ(placed["points"][4]["node"], 1);
}

TEST(McpTools, RepairAndPlaceAndRunAsTheCommandsDo) {
  const Workplace here;
  Server server(here);
  const ordered_json checked = server.document("check", {{"mapper", "Task * GPU\nRegion * * GPU FBMEM;"}});
  EXPECT_EQ(checked["errors"], 1);
  EXPECT_EQ(checked["diagnostics"][0]["code"], "MW2002");
  EXPECT_EQ(checked["diagnostics"][0]["line"], 1);
  EXPECT_EQ(server.document("check", {{"mapper", checked["fixed"]}})["errors"], 0);

  const std::string mapper =
      "def f(Task task) {\n    m = Machine(GPU);\n    return m[0, task.ipoint[0] % 4];\n}\n"
      "IndexTaskMap a f;\n";
  here.write("f.mapper", mapper);
  ordered_json placed = server.document("place", {{"mapper", mapper}, {"task", "a"}, {"domain", "0..5"}});
  placed.erase("printed");
  EXPECT_EQ(placed, here.document("place f.mapper --task a --domain 0..5"));

  const std::string slow = "Region * * GPU ZCMEM;";
  here.write("slow.mapper", slow);
  ordered_json ran = server.document("run", with(kSmallCircuit, {{"mapper", slow}}));
  ordered_json shown = here.document("run " + tuned::kCircuit + " --mapper slow.mapper");
  ran.erase("mapper");
  shown.erase("mapper");
  EXPECT_EQ(ran, shown);
  const ordered_json failed = server.document("run", kFull);
  EXPECT_EQ(failed["outcome"], "failed");
  EXPECT_FALSE(failed["findings"].empty());
}

TEST(McpTools, RefuseInWordsThatHelp) {
  const Workplace here;
  Server server(here);
  const auto said = [&](const std::string& tool, const ordered_json& arguments) {
    return server.error(tool, arguments).text;
  };
  const auto expect = [&](const std::string& tool, const ordered_json& arguments, const std::string& words) {
    const std::string text = said(tool, arguments);
    EXPECT_NE(text.find(words), std::string::npos) << tool << arguments << "\n" << text;
    EXPECT_EQ(text.find("--"), std::string::npos) << "there is no command line: " << text;
  };
  expect("check", ordered_json::object(), "'mapper' is missing: it is a text");
  expect("check", {{"mapper", 7}}, "'mapper' is a text, not 7");
  expect("check", {{"mapper", nullptr}}, "'mapper' is missing");
  expect("check", {{"maper", ""}}, "there is no argument 'maper': did you mean 'mapper'?");
  expect("run", {{"program", "circuit"}, {"nodes", "two"}},
         "'nodes' is an integer from 1 to 1024, not \"two\"");
  expect("run", {{"program", "circuit"}, {"nodes", 0}}, "not 0");
  expect("run", {{"program", "circuit"}, {"nodes", 2.5}}, "not 2.5");
  expect("run", {{"program", "circuit"}, {"nodes", 18446744073709551615U}}, "not 18446744073709551615");
  expect("run", {{"program", "circuit"}, {"size", "big"}}, "'size' is one of paper, test, not \"big\"");
  expect("run", {{"program", "circuit"}, {"set", {{"wpp", "x"}}}}, "'set' is an object of integers");
  expect("run", {{"program", "circuit"}, {"set", {{"wp", 7}}}}, "did you mean 'wpp'");
  expect("run", with(kSmallCircuit, {{"mapper", "Task * GP;"}}), "MW");
  expect("place", {{"mapper", ""}, {"task", "a"}}, "either 'domain' is needed, or 'single'");
  expect("place", {{"mapper", ""}, {"task", "a"}, {"domain", "4y"}}, "'4y' is no launch domain");
  expect("place", {{"mapper", ""}, {"task", "a"}, {"domain", "100000"}}, "more than 4096 points");
  expect("describe", {{"topic", "program"}}, "needs 'program'");
  expect("propose-and-evaluate", {{"mapper", ""}}, "either 'program' is needed");
  expect("propose-and-evaluate", {{"mapper", ""}, {"run", "circuit-1"}}, "nothing has been tuned yet");
  expect("best", {{"run", "circuit-1"}}, "there is no run 'circuit-1'");
  server.document("propose-and-evaluate", with(kSmallCircuit, {{"mapper", ""}}));
  expect("best", {{"run", "circui-1"}}, "did you mean 'circuit-1'?");
  expect("explain", {{"run", "circuit-1"}, {"trial", 2}}, "has 1 trials, and no trial 2");
  expect("propose-and-evaluate", {{"mapper", ""}, {"run", "circuit-1"}, {"budget", 3}},
         "'budget' is stated where");
  // What is wrong with the request itself is an error of the protocol.
  EXPECT_EQ(server.ask(call(1, "nothing"))["error"]["code"], -32602);
  EXPECT_EQ(server.ask(request(2, "tools/call"))["error"]["code"], -32602);
  EXPECT_EQ(server.ask(call(3, "check", ordered_json::array()))["error"]["code"], -32602);
  EXPECT_EQ(server.end(), 0);
  EXPECT_EQ(here.runs().size(), 1U) << "nothing began that was refused";
}

// ------------------------------------------------------------------------------------------------- files

TEST(McpFiles, AreOnlyThoseThatItWasStartedWith) {
  const Workplace here;
  here.write("secret.json", "{\"password\": 17}");
  const std::string circuit = here.run("programs circuit --size test --nodes 1").out;
  here.write("mine.json", circuit);
  here.write("mine.toml", file_text((kRoot / "machines/lassen.toml").string()));
  Server closed(here);
  for (const std::string file :
       {"secret.json", "./secret.json", "mine.json", "-", "/etc/passwd", "../x", ""}) {
    for (const std::string tool : {"run", "propose-and-evaluate", "check"}) {
      const std::string text = closed.error(tool, {{"program", file}, {"mapper", ""}}).text;
      EXPECT_TRUE(text.starts_with("there is no program '")) << text;
    }
    const std::string text = closed.error("run", with(kSmallCircuit, {{"machine", file}})).text;
    EXPECT_TRUE(text.starts_with("there is no machine '")) << text;
    for (const std::string what : {"program", "language", "../docs"}) {
      const std::string uri = "mapwright://" + what + "/" + file;
      EXPECT_TRUE(closed.ask(request(1, "resources/read", {{"uri", uri}})).contains("error")) << uri;
    }
  }
  // A mapper is a text: what looks like a file's name is none.
  EXPECT_NE(closed.document("check", {{"mapper", "secret.json"}})["errors"], 0);
  Server open(here, {"--program", "mine.json", "--machine", "mine.toml"});
  const ordered_json programs = open.document("describe", {{"topic", "programs"}})["programs"];
  EXPECT_EQ(programs.back()["name"], "mine.json");
  const ordered_json ran =
      open.document("run", {{"program", "mine.json"}, {"machine", "mine.toml"}, {"nodes", 1}});
  EXPECT_EQ(ran["outcome"], "ok");
  const ordered_json begun =
      open.document("propose-and-evaluate", {{"program", "mine.json"}, {"nodes", 1}, {"mapper", ""}});
  // The run has what it needs of its files.
  std::filesystem::remove(here / "mine.json");
  const ordered_json again =
      closed.document("propose-and-evaluate", {{"run", begun["run"]}, {"mapper", "Task * GPU;"}});
  EXPECT_EQ(again["executed"], 2);
}

TEST(McpFiles, StoresThatRefuseAreSaidAndSurvived) {
  const Workplace here;
  here.write("diary", "Dear diary,\n");
  for (const auto& [store, code] : std::map<std::string, std::string>{
           {"diary", "MW9006"}, {"/dev/null/runs.db", "MW9001"}, {".", "MW9001"}}) {
    Server server(here, {"--store", store});
    const Server::Error error = server.error("propose-and-evaluate", with(kSmallCircuit, {{"mapper", ""}}));
    ASSERT_FALSE(error.document["diagnostics"].empty()) << error.text;
    EXPECT_EQ(error.document["diagnostics"][0]["code"], code) << store;
    EXPECT_NE(error.text.find(code), std::string::npos) << error.text;
    EXPECT_EQ(server.document("check", {{"mapper", ""}})["errors"], 0) << "what needs no store works";
    EXPECT_EQ(server.end(), 0);
  }
}

}  // namespace
}  // namespace mapwright
