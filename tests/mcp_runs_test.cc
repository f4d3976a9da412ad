// Runs that an agent makes with `mapwright mcp`: proposals, budgets, what is shown, and servers that die.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "mcp_client.h"
#include "texts.h"

namespace mapwright {
namespace {

using mcp::call;
using mcp::kSmallCircuit;
using mcp::Server;
using mcp::with;
using nlohmann::ordered_json;
using std::chrono::milliseconds;
using tuned::Workplace;

//! Mappers that all differ.
std::string mapper_of(int i) {
  return "InstanceLimit distribute_charge " + std::to_string(i) + ";";
}

TEST(McpRuns, TuneCircuitWithItsFindings) {
  const Workplace here;
  Server server(here);
  ordered_json step =
      server.document("propose-and-evaluate",
                      {{"program", "circuit"}, {"mapper", ""}, {"budget", 5}, {"why", "the default"}});
  const std::string run = step["run"];
  EXPECT_EQ(run, "circuit-1");
  EXPECT_EQ(step["trial"]["speedup_over_default"], 1.0);
  EXPECT_EQ(step["left"], 4);
  ASSERT_FALSE(step["findings"].empty());
  std::string mapper;
  for (const ordered_json& edit : step["findings"][0]["edits"])
    mapper += edit["text"].get<std::string>() + "\n";
  step = server.document("propose-and-evaluate",
                         {{"run", run}, {"mapper", mapper}, {"why", "as it was suggested"}});
  EXPECT_TRUE(step["is_best"]);
  EXPECT_GT(step["trial"]["speedup_over_default"], 1.0);
  EXPECT_GT(step["trial"]["speedup_over_expert"], 1.2);
  const ordered_json best = server.document("best", {{"run", run}});
  EXPECT_EQ(best["mapper"], mapper);
  EXPECT_EQ(best["best"]["trial"], 2);
  EXPECT_FALSE(best["differences"].empty());
  const ordered_json why = server.document("explain", {{"run", run}});
  EXPECT_EQ(why["trial"]["trial"], 2);
  EXPECT_EQ(why["findings"], step["findings"]);
  const ordered_json status = server.document("status", {{"run", run}});
  EXPECT_EQ(status["trials"].size(), 2U);
  EXPECT_EQ(status["trials"][1], step["trial"]);
  EXPECT_EQ(status["executed"], 2);
  EXPECT_EQ(status["left"], 3);
  EXPECT_EQ(status["best"], step["best"]);
}

TEST(McpRuns, KeepToTheBudgetAndDuplicatesCostNothing) {
  const Workplace here;
  Server server(here);
  const std::string run = server.document(
      "propose-and-evaluate", with(kSmallCircuit, {{"mapper", mapper_of(1)}, {"budget", 3}}))["run"];
  const auto propose = [&](const std::string& mapper) {
    return server.document("propose-and-evaluate", {{"run", run}, {"mapper", mapper}});
  };
  const ordered_json twice = propose("# Said again.\n" + mapper_of(1));
  EXPECT_EQ(twice["trial"]["status"], "duplicate");
  EXPECT_EQ(twice["trial"]["duplicate_of"], 1);
  EXPECT_EQ(twice["left"], 2);
  EXPECT_FALSE(twice["is_best"]);
  EXPECT_EQ(twice["findings"], server.document("explain", {{"run", run}, {"trial", 1}})["findings"]);
  const ordered_json refused = propose("InstanceLimit");
  EXPECT_EQ(refused["trial"]["status"], "refused");
  EXPECT_EQ(refused["trial"]["metric"], nullptr);
  EXPECT_GT(refused["errors"], 0);
  EXPECT_FALSE(refused["findings"].empty());
  EXPECT_EQ(refused["left"], 1);
  EXPECT_EQ(propose(mapper_of(2))["left"], 0);
  for (const int more : {3, 1}) {
    const Server::Error error =
        server.error("propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(more)}});
    EXPECT_NE(error.text.find("the budget is used up (3 of 3 executions)"), std::string::npos) << error.text;
    EXPECT_EQ(error.document["error"]["exit_code"], 75);
  }
  const ordered_json runs = here.runs();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0]["trials"], 4);
  EXPECT_EQ(runs[0]["state"], "finished");
  EXPECT_EQ(runs[0]["stopped"], "the budget is used up");
  EXPECT_EQ(runs[0]["strategy"], "agent");
}

TEST(McpRuns, AreShownByTheOtherCommands) {
  const Workplace here;
  Server server(here);
  const std::string run =
      server.document("propose-and-evaluate", with(kSmallCircuit, {{"mapper", mapper_of(1)}}))["run"];
  server.document("propose-and-evaluate",
                  {{"run", run}, {"mapper", mapper_of(2)}, {"why", "a larger limit"}});
  EXPECT_EQ(here.runs()[0]["state"], "interrupted") << "it can go on";
  const ordered_json first = here.document("resume circuit-1");
  EXPECT_EQ(first["trials"].size(), 2U);
  EXPECT_EQ(first["trials"][1]["why"], "a larger limit");
  EXPECT_EQ(first["evaluations"], 2);
  EXPECT_EQ(first["strategy"], "agent");
  EXPECT_EQ(here.document("resume circuit-1"), first);
  const std::string best = here.read("circuit-1/best.mapper");
  EXPECT_TRUE(best.ends_with(server.document("best", {{"run", run}})["mapper"].get<std::string>())) << best;
  EXPECT_EQ(here.run("check circuit-1/best.mapper").exit, 0);
  // And it goes on all the same.
  EXPECT_EQ(server.document("propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(3)}})["executed"], 3);
  EXPECT_EQ(here.document("resume circuit-1")["trials"].size(), 3U);
  const ordered_json nothing = here.document("tune " + tuned::kCircuit + " --strategy agent", 64);
  EXPECT_EQ(nothing["schema"], "mapwright.error/1") << "nobody would propose anything";
}

TEST(McpRuns, GoOnWithAnyServer) {
  const Workplace here;
  std::string run;
  for (int i = 1; i <= 6; ++i) {
    Server server(here);
    ordered_json arguments = {{"mapper", mapper_of(i)}};
    arguments.update(run.empty() ? kSmallCircuit : ordered_json{{"run", run}});
    const ordered_json step = server.document("propose-and-evaluate", arguments);
    run = step["run"];
    EXPECT_EQ(step["executed"], i);
    EXPECT_EQ(step["trial"]["trial"], i);
    server.signal(SIGKILL);
    EXPECT_EQ(server.exit_code(), -SIGKILL);
  }
  const Workplace there;
  Server one(there);
  one.document("propose-and-evaluate", with(kSmallCircuit, {{"mapper", mapper_of(1)}}));
  for (int i = 2; i <= 6; ++i) one.document("propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(i)}});
  EXPECT_EQ(here.document("resume circuit-1"), there.document("resume circuit-1"));
  EXPECT_EQ(here.read("circuit-1/best.mapper"), there.read("circuit-1/best.mapper"));
}

TEST(McpRuns, LoseAtMostTheTrialInFlight) {
  const Workplace here;
  std::mt19937 random(7);
  std::string run;
  {
    Server server(here);
    run = server.document("propose-and-evaluate",
                          with(kSmallCircuit, {{"mapper", mapper_of(1)}, {"budget", 100}}))["run"];
  }
  std::int64_t known = 1;
  int in_flight = 0;
  for (int i = 2; i < 2 + tuned::rounds(20); ++i) {
    Server server(here);
    server.send(call(1, "propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(i)}}));
    std::this_thread::sleep_for(milliseconds(random() % (process::kSanitized ? 300 : 40)));
    server.signal(SIGKILL);
    EXPECT_EQ(server.exit_code(), -SIGKILL);
    const bool answered = !server.line().empty();
    Server other(here);
    const ordered_json status = other.document("status", {{"run", run}});
    const std::int64_t trials = status["executed"];
    EXPECT_GE(trials, known + (answered ? 1 : 0)) << "what was answered is kept";
    EXPECT_LE(trials, known + 1);
    EXPECT_NE(status["runs"][0]["state"], "running");
    in_flight += trials == known ? 1 : 0;
    known = trials;
  }
  testing::Test::RecordProperty("in_flight", in_flight);
  Server last(here);
  EXPECT_EQ(last.document("propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(1000)}})["executed"],
            known + 1);
  EXPECT_EQ(here.document("resume " + run)["evaluations"], known + 1);
}

TEST(McpRuns, BelongToOneServerAtATime) {
  const Workplace here;
  const ordered_json slow = with(kSmallCircuit, {{"set", {{"loops", process::kSanitized ? 3000 : 20000}}}});
  Server one(here);
  const std::string run = one.document("propose-and-evaluate", with(slow, {{"mapper", mapper_of(1)}}))["run"];
  one.send(call(1, "propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(2)}}));
  ASSERT_TRUE(here.reaches(1));
  Server other(here);
  const Server::Error error = other.error("propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(3)}});
  EXPECT_EQ(error.document["diagnostics"][0]["code"], "MW9009") << error.text;
  EXPECT_EQ(other.document("status", {{"run", run}})["runs"][0]["state"], "running") << "reading is free";
  EXPECT_EQ(one.message()["result"]["structuredContent"]["executed"], 2);
  EXPECT_EQ(other.document("propose-and-evaluate", {{"run", run}, {"mapper", mapper_of(3)}})["executed"], 3);
}

TEST(McpRuns, OfOtherStrategiesAreReadOnly) {
  const Workplace here;
  here.document("tune " + tuned::kCircuit + " --budget 2");
  here.document("tune " + tuned::kCircuit + " --strategy expert --budget 1");
  Server server(here);
  EXPECT_EQ(server.document("status")["runs"].size(), 2U);
  EXPECT_EQ(server.document("status", {{"run", "circuit-1"}})["trials"].size(), 2U);
  EXPECT_TRUE(server.document("best", {{"run", "circuit-1"}})["mapper"].is_string());
  EXPECT_NE(server.error("propose-and-evaluate", {{"run", "circuit-1"}, {"mapper", ""}}).text.find("guided"),
            std::string::npos);
  for (const std::string tool : {"status", "best", "explain"})
    EXPECT_NE(server.error(tool, {{"run", "circuit-2"}}).text.find("not shown"), std::string::npos) << tool;
}

TEST(McpRuns, NeverShowTheExpertsMapper) {
  const Workplace here;
  const std::string expert = file_text((kRoot / "mappers/expert/circuit.mapper").string());
  std::vector<std::string> lines;
  for (const std::string_view line : base::split(expert, '\n'))
    if (line.find("block_over") != std::string_view::npos || line.find("rp_") != std::string_view::npos)
      lines.emplace_back(line);
  ASSERT_GE(lines.size(), 4U);
  Server server(here);
  server.document("propose-and-evaluate", {{"program", "circuit"}, {"mapper", ""}});
  for (const auto& [tool, arguments] : std::vector<std::pair<std::string, ordered_json>>{
           {"propose-and-evaluate", {{"run", "circuit-1"}, {"mapper", "Task * CPU;"}}},
           {"status", {{"run", "circuit-1"}}},
           {"best", {{"run", "circuit-1"}}},
           {"explain", {{"run", "circuit-1"}, {"trial", 1}}},
           {"describe", {{"topic", "program"}, {"program", "circuit"}}}}) {
    const std::string text = server.document(tool, arguments).dump();
    for (const std::string& line : lines)
      EXPECT_EQ(text.find(line), std::string::npos) << tool << ": " << line;
  }
}

}  // namespace
}  // namespace mapwright
