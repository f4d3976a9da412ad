// `tune` and `write` with language models, as processes: scripted commands and servers on this machine.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>

#include "scripted.h"
#include "texts.h"
#include "tune/exercise.h"
#include "tuned.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using tuned::kLimit;
using tuned::milliseconds;
using tuned::ordered_json;
using tuned::Workplace;

// Answers depend on the prompt and on nothing else.
const std::string kBot =
    "n=$(cksum | cut -d' ' -f1)\n"
    "printf '{\"reasoning\":\"r\",\"answer\":\"limit\",\"suggestion\":{\"instance_limit_decision\":"
    "\"InstanceLimit distribute_charge %d;\"}}' $((n % 1000 + 1))\n";

const std::string kAsk = tuned::kCircuit + " --strategy trace --model scripted";
const std::string kCommand = " --provider command --model-command 'sh bot.sh'";

ordered_json without_seconds(const std::string& session) {
  ordered_json list = ordered_json::array();
  std::size_t at = 0;
  for (std::size_t end; (end = session.find('\n', at)) != std::string::npos; at = end + 1) {
    list.push_back(tuned::parsed(session.substr(at, end - at)));
    list.back().erase("seconds");
  }
  return list;
}

TEST(ModelRun, AsksACommandAndKeepsWhatItSaid) {
  const Workplace here;
  here.write("bot.sh", kBot);
  const ordered_json d = here.document("tune " + kAsk + kCommand + " --budget 5 --price 1,2");
  EXPECT_EQ(d["stopped"], "the budget is used up");
  EXPECT_EQ(d["evaluations"], 5);
  EXPECT_EQ(d["model"]["name"], "scripted");
  EXPECT_EQ(d["model"]["calls"], 4);
  EXPECT_EQ(d["model"]["estimated"], true);
  EXPECT_GT(d["model"]["dollars"].get<double>(), 0);
  EXPECT_EQ(d["model"]["session"], "circuit-1/session.jsonl");
  EXPECT_EQ(without_seconds(here.read("circuit-1/session.jsonl")).size(), 4U);
  EXPECT_EQ(d["trials"][1]["why"], "limit");
  // What is over is shown again without anybody to ask.
  const std::string session = here.read("circuit-1/session.jsonl");
  here.write("bot.sh", "exit 1");
  const auto text = here.run("resume circuit-1");
  EXPECT_EQ(text.exit, 0);
  EXPECT_TRUE(has(text.out, "scripted was asked 4 times: ")) << text.out;
  EXPECT_TRUE(has(text.out, "session: circuit-1/session.jsonl")) << text.out;
  EXPECT_EQ(here.read("circuit-1/session.jsonl"), session);
}

// On another machine, offline: nothing but the file of the session is there.
TEST(ModelRun, ReplaysByteForByte) {
  for (const char* strategy : {"trace", "opro", "hybrid"}) {
    SCOPED_TRACE(strategy);
    const std::string tune =
        fmt::format("tune {} --strategy {} --model scripted --budget 6 --out out", tuned::kCircuit, strategy);
    const Workplace here;
    here.write("bot.sh", std::string(strategy) == "opro"
                             ? "n=$(cksum | cut -d' ' -f1)\nprintf '{\"reasoning\":\"r\",\"mapper\":"
                               "\"InstanceLimit distribute_charge %d;\"}' $((n % 1000 + 1))\n"
                             : kBot);
    const ordered_json first = here.document(tune + kCommand);
    const Workplace there;
    there.write("session.jsonl", here.read("out/session.jsonl"));
    EXPECT_EQ(there.document(tune + " --replay session.jsonl"), first);
    EXPECT_EQ(there.read("out/session.jsonl"), here.read("out/session.jsonl"));
    EXPECT_EQ(there.read("out/best.mapper"), here.read("out/best.mapper"));
  }
}

TEST(ModelRun, NoticesAChangedPrompt) {
  const Workplace here;
  here.write("bot.sh", kBot);
  here.document("tune " + kAsk + kCommand + " --budget 4 --out out");
  const auto o =
      here.run("tune " + kAsk + " --budget 4 --replay out/session.jsonl --out other --guide-level system");
  EXPECT_EQ(o.exit, 69);
  EXPECT_TRUE(has(o.err, "error[MW9102]")) << o.err;
  EXPECT_TRUE(has(o.err, "(other_prompt)")) << o.err;
  EXPECT_TRUE(has(o.err, "call 1")) << o.err;
  // What was found up to there is not lost.
  EXPECT_TRUE(has(o.out, "best, of trial 1")) << o.out;
  EXPECT_FALSE(here.read("other/best.mapper").empty());
}

TEST(ModelRun, SaysWhereARecordEnds) {
  const Workplace here;
  here.write("bot.sh", kBot);
  here.document("tune " + kAsk + kCommand + " --budget 3 --out out");
  const auto o = here.run("tune " + kAsk + " --budget 9 --replay out/session.jsonl --out other");
  EXPECT_EQ(o.exit, 69);
  EXPECT_TRUE(has(o.err, "(record_ended)")) << o.err;
  here.write("broken.jsonl", here.read("out/session.jsonl").substr(0, 500));
  const auto broken = here.run("tune " + kAsk + " --replay broken.jsonl");
  EXPECT_EQ(broken.exit, 66);
  EXPECT_TRUE(has(broken.err, "MW93")) << broken.err;
  EXPECT_EQ(here.run("tune " + kAsk + " --replay nowhere.jsonl").exit, 66);
}

TEST(ModelRun, GoesOnAfterItWasKilled) {
  const std::string line = kAsk + kCommand + " --budget 12 --out out";
  const Workplace undisturbed;
  undisturbed.write("bot.sh", kBot);
  const auto begin = tuned::Clock::now();
  const ordered_json expected = undisturbed.document("tune " + line);
  const auto whole = std::chrono::duration_cast<milliseconds>(tuned::Clock::now() - begin);
  const int rounds = tuned::rounds(12);
  for (int round = 0; round < rounds; ++round) {
    const Workplace here;
    here.write("bot.sh", kBot);
    {
      const auto process = here.start("tune " + line + " --json");
      std::this_thread::sleep_for(whole * (round + 1) / (rounds + 1));
      process->signal(SIGKILL);
      process->wait(kLimit);
    }
    ordered_json d;
    if (here.runs().empty()) {
      d = here.document("tune " + line);
    } else {
      // Killed once more, then to the end.
      const auto process = here.start("resume circuit-1");
      std::this_thread::sleep_for(whole / 4);
      process->signal(SIGKILL);
      process->wait(kLimit);
      d = here.document("resume circuit-1");
    }
    EXPECT_EQ(d, expected) << round;
    EXPECT_EQ(without_seconds(here.read("out/session.jsonl")),
              without_seconds(undisturbed.read("out/session.jsonl")));
  }
}

TEST(ModelRun, StaysWithinItsBudget) {
  const Workplace here;
  here.write("bot.sh", "echo asked >> asked.txt\n" + kBot);
  const std::string line = "tune " + kAsk + kCommand + " --budget 8";
  const ordered_json d = here.document(line + " --max-calls 3");
  EXPECT_EQ(d["stopped"], "the budget for the language model is used up");
  EXPECT_EQ(d["model"]["calls"], 3);
  EXPECT_EQ(here.read("asked.txt"), "asked\nasked\nasked\n");
  // More of it, and it goes on.
  const ordered_json more = here.document("resume circuit-1 --max-calls 20");
  EXPECT_EQ(more["stopped"], "the budget is used up");
  EXPECT_EQ(more["evaluations"], 8);
  EXPECT_EQ(here.read("asked.txt").size(), 7 * std::string("asked\n").size());
  // A prompt has more tokens than these.
  EXPECT_EQ(here.document(line + " --max-tokens 1000")["model"]["calls"], 0);
  EXPECT_EQ(here.document(line + " --max-cost 0.0001 --price 1,1")["model"]["calls"], 0);
  EXPECT_EQ(here.read("asked.txt").size(), 7 * std::string("asked\n").size());
  here.error(line + " --max-cost 1", 64, "--max-cost needs --price");
}

TEST(ModelRun, DryRunsAskNobody) {
  const Workplace here;
  here.write("bot.sh", "echo asked >> asked.txt\n" + kBot);
  const auto o = here.run("tune " + kAsk + kCommand + " --dry-run --price 1,2 --budget 10");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_TRUE(has(o.out, "[system]\n")) << o.out;
  EXPECT_TRUE(has(o.out, "\n#Variables\n")) << o.out;
  EXPECT_TRUE(has(o.out, "nothing was sent\n")) << o.out;
  const ordered_json d = here.document("tune " + kAsk + kCommand + " --dry-run --budget 10");
  EXPECT_EQ(d["schema"], "mapwright.prompt/1");
  EXPECT_EQ(d["messages"].size(), 2U);
  EXPECT_TRUE(d["estimate"]["most_dollars"].is_null());
  EXPECT_FALSE(fs::exists(here / "asked.txt"));
  EXPECT_FALSE(fs::exists(here.store()));
  // What it shows is what is asked.
  here.document("tune " + kAsk + kCommand + " --budget 2 --out out");
  const ordered_json asked = without_seconds(here.read("out/session.jsonl"));
  EXPECT_EQ(asked[0]["request"]["messages"][1]["text"], d["messages"][1]["text"]);
  here.error("tune " + tuned::kCircuit + " --dry-run", 64, "the strategy guided asks none");
}

TEST(ModelRun, PromptsAreTheUsers) {
  const Workplace here;
  here.write("bot.sh", "cat > prompt.txt\n" + kBot);
  fs::create_directories(here / "mine");
  here.write("mine/trace.txt", "[system]\nBe quick.\n[user]\nValues:\n{variables}\n");
  const std::string line = "tune " + kAsk + kCommand + " --budget 2 --prompts mine";
  here.document(line);
  EXPECT_TRUE(has(here.read("prompt.txt"), "Be quick.")) << here.read("prompt.txt");
  EXPECT_FALSE(has(here.read("prompt.txt"), "#Instruction"));
  here.write("mine/trace.txt", "[system]\nBe quick.\n[user]\n{varables}\n");
  EXPECT_EQ(here.error(line, 78, "nothing fills `{varables}` here"), "MW8103");
  here.error("tune " + kAsk + kCommand + " --prompts nowhere", 66, "cannot read the folder 'nowhere'");
}

TEST(ModelRun, ComparesReplayedSessions) {
  const Workplace here;
  here.write("bot.sh", kBot);
  const std::string line =
      "compare circuit --size test --nodes 1 --strategy guided:3,trace:3,hybrid:3 --seeds 2";
  const auto rows = [&](const std::string& options) {
    ordered_json list = here.document(line + options)["rows"];
    for (ordered_json& row : list) row.erase("seconds");
    return list;
  };
  const ordered_json first = rows(kCommand + " --sessions said");
  EXPECT_EQ(without_seconds(here.read("said/circuit-trace-1.jsonl")).size(), 2U);
  EXPECT_TRUE(fs::exists(here / "said/circuit-hybrid-2.jsonl"));
  EXPECT_EQ(rows(" --replay said"), first);
  // The ablation of feedback, which the published prompts are for as well.
  const auto levels = here.run(
      "compare circuit --size test --nodes 1 --strategy trace:2 --guide-level system,suggest "
      "--prompt-style paper" +
      kCommand);
  EXPECT_TRUE(has(levels.out, "trace@system")) << levels.out << levels.err;
  // Limits are for all runs together.
  const auto few =
      here.run("compare circuit stencil --size test --nodes 1 --strategy trace:9 --max-calls 6" + kCommand);
  EXPECT_EQ(few.exit, 0);
  EXPECT_TRUE(has(few.err, "trace with seed 1 on stencil: ")) << few.err;
  const auto missing = here.run(line + " --replay nowhere");
  EXPECT_EQ(missing.exit, 66);
}

// ---- servers

// An endpoint of this test, in a thread of its own.
class ModelServer {
 public:
  using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;

  explicit ModelServer(Handler handler) {
    server_.Post("/v1/chat/completions", std::move(handler));
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(milliseconds(1));
  }
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;
  ~ModelServer() {
    server_.stop();
    thread_.join();
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

std::string completion(const std::string& text) {
  return ordered_json{
      {"model", "scripted"},
      {"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}}},
      {"usage", {{"prompt_tokens", 1000}, {"completion_tokens", 50}}}}
      .dump();
}

std::string suggestion(int limit) {
  return fmt::format(
      R"({{"reasoning":"r","answer":"limit","suggestion":{{"instance_limit_decision":"InstanceLimit distribute_charge {};"}}}})",
      limit);
}

const std::string kKey = "sk-test-0123456789abcdefghijklmnopqrstuvwxyz";

// Whatever the run left behind, and what it said.
void expect_nowhere(const Workplace& here, const std::string& secret, const process::Outcome& outcome) {
  EXPECT_FALSE(has(outcome.out, secret));
  EXPECT_FALSE(has(outcome.err, secret));
  for (const auto& entry : fs::recursive_directory_iterator(here / ".")) {
    if (!entry.is_regular_file()) continue;
    EXPECT_FALSE(has(file_text(entry.path()), secret)) << entry.path();
  }
}

TEST(ModelRun, KeysAreNowhere) {
  std::atomic<int> calls = 0;
  std::set<std::string> keys;
  const ModelServer server([&](const httplib::Request& request, httplib::Response& response) {
    keys.insert(request.get_header_value("Authorization"));
    // An endpoint that repeats the key, in replies and in errors.
    const int n = ++calls;
    if (n == 4) {
      response.status = 400;
      response.set_content(ordered_json{{"error", {{"message", "the key " + kKey + " is bad"}}}}.dump(),
                           "application/json");
      return;
    }
    // As it is, and as JSON may spell it inside of what the model says.
    std::string spelled;
    for (const char c : kKey) spelled += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    const std::string said =
        R"({"reasoning":")" + spelled + R"(","answer":")" + spelled + R"(","suggestion":{}})";
    response.set_content(completion(n == 1 ? said : n == 2 ? kKey : suggestion(n)), "application/json");
  });
  const Workplace here;
  const auto o =
      here.shell(fmt::format("OPENAI_API_KEY={} exec mapwright tune {} --base-url {} --budget 6 --out out",
                             kKey, kAsk, server.url()));
  EXPECT_EQ(o.exit, 69) << o.out << o.err;  // what the endpoint said of the fourth call
  EXPECT_EQ(keys, (std::set<std::string>{"Bearer " + kKey}));
  EXPECT_TRUE(has(o.err, "is bad")) << o.err;
  expect_nowhere(here, kKey, o);
  EXPECT_TRUE(has(here.read("out/session.jsonl"), "[key]"));
}

TEST(ModelRun, NoProcessShowsTheKey) {
  std::atomic<int> calls = 0;
  const Workplace here;
  std::string shown;
  const ModelServer server([&](const httplib::Request&, httplib::Response& response) {
    // While the call is under way: all that others may read of all processes here.
    const auto listed = here.shell("ps axeww; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; true");
    if (++calls == 1) shown = listed.out;
    response.set_content(completion(suggestion(calls)), "application/json");
  });
  here.write("key", kKey);
  const auto o = here.shell(fmt::format(
      "OPENAI_API_KEY=$(cat key) exec mapwright tune {} --base-url {} --budget 2", kAsk, server.url()));
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_TRUE(has(shown, "mapwright tune"));
  EXPECT_FALSE(has(shown, kKey));
}

TEST(ModelRun, WaitsForAServerThatIsAway) {
  std::atomic<bool> away = true;
  const ModelServer server([&](const httplib::Request&, httplib::Response& response) {
    if (away) {
      response.status = 503;
      return;
    }
    response.set_content(completion(suggestion(7)), "application/json");
  });
  const Workplace here;
  const std::string options =
      fmt::format(" --base-url {} --model-retries 0 --budget 2 --out out", server.url());
  const auto o = here.run("tune " + kAsk + options);
  EXPECT_EQ(o.exit, 69) << o.err;
  EXPECT_TRUE(has(o.err, "(overloaded)")) << o.err;
  EXPECT_TRUE(has(o.err, "'mapwright resume circuit-1' goes on")) << o.err;
  EXPECT_EQ(here.runs()[0]["state"], "interrupted");
  away = false;
  const ordered_json d = here.document("resume circuit-1");
  EXPECT_EQ(d["evaluations"], 2);
  EXPECT_EQ(here.runs()[0]["state"], "finished");
}

TEST(ModelRun, NeedsToKnowWhomToAsk) {
  const Workplace here;
  const auto without = [&](const std::string& arguments) {
    return here.shell("unset OPENAI_API_KEY ANTHROPIC_API_KEY OPENAI_BASE_URL; exec mapwright tune " +
                      tuned::kCircuit + " --strategy trace " + arguments);
  };
  for (const auto& [arguments, words] : std::vector<std::pair<std::string, std::string>>{
           {"--model m", "OPENAI_API_KEY"},
           {"--model m --provider anthropic", "ANTHROPIC_API_KEY"},
           {"--base-url http://127.0.0.1:1/v1", "MW9302"},
           {"--provider command", "MW9307"},
           {"--model m --base-url ftp://x", "MW9305"}}) {
    const auto o = without(arguments);
    EXPECT_EQ(o.exit, 78) << arguments << o.err;
    EXPECT_TRUE(has(o.err, words)) << arguments << "\n" << o.err;
  }
  // Nothing was begun.
  EXPECT_TRUE(here.runs().empty());
  EXPECT_EQ(without("--model m --base-url http://127.0.0.1:1/v1 --model-retries 0").exit, 69);
}

// What a model writes is data: it reaches no terminal as it is.
TEST(ModelRun, HostileRepliesSteerNothing) {
  const std::string evil = "\x1b]0;owned\x07\x1b[2J";
  const ordered_json hostile = {
      {"reasoning", evil},
      {"answer", evil + "<script>alert(1)</script>"},
      {"suggestion",
       {{"task_decision", "Task \"" + evil + "\" GPU;\nprint(\"" + evil + "{}\", 1);"},
        {"index_task_map_decision", "def f(Task task) { return f(task); } IndexTaskMap * f;"}}}};
  std::atomic<int> calls = 0;
  const ModelServer server([&](const httplib::Request&, httplib::Response& response) {
    response.set_content(completion(++calls % 2 == 1 ? hostile.dump() : evil + "{" + evil),
                         "application/json");
  });
  const Workplace here;
  const auto o = here.run(fmt::format("tune {} --base-url {} --budget 4 --out out", kAsk, server.url()));
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_FALSE(has(o.out + o.err, "\x1b"));
  EXPECT_FALSE(has(here.run("resume circuit-1").out, "\x1b"));
  EXPECT_FALSE(
      has(here.run("tune " + kAsk + " --replay out/session.jsonl --budget 4 --out again").out, "\x1b"));
}

TEST(ModelRun, EndsInTimeWhenInterrupted) {
  std::atomic<bool> asked = false;
  const ModelServer server([&](const httplib::Request&, httplib::Response& response) {
    asked = true;
    std::this_thread::sleep_for(std::chrono::seconds(3));
    response.set_content(completion(suggestion(1)), "application/json");
  });
  const Workplace here;
  const auto process =
      here.start(fmt::format("tune {} --base-url {} --budget 2 --out out", kAsk, server.url()));
  while (!asked) std::this_thread::sleep_for(milliseconds(2));
  const auto begin = tuned::Clock::now();
  process->signal(SIGINT);
  const auto o = process->wait(kLimit);
  EXPECT_EQ(o.exit, 130) << o.err;
  EXPECT_LT(tuned::Clock::now() - begin, std::chrono::milliseconds(2500));
  EXPECT_EQ(here.runs()[0]["state"], "interrupted");
}

// ---- write

TEST(WriteCommand, WritesWhatIsAskedFor) {
  const Workplace here;
  here.write("bot.sh", "cat > prompt.txt; printf '{\"reasoning\":\"GPUs\",\"mapper\":\"Task * GPU, CPU;\"}'");
  const std::string line = "write 'everything on GPUs' --program circuit --size test" + kCommand;
  const auto o = here.run(line + " --record session.jsonl");
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_EQ(o.out, "Task * GPU, CPU;\n");
  EXPECT_EQ(o.err, "mapwright: GPUs\n");
  EXPECT_TRUE(has(here.read("prompt.txt"), "everything on GPUs"));
  const auto again = here.run(
      "write 'everything on GPUs' --program circuit --size test --replay session.jsonl --out m.mapper");
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_EQ(here.read("m.mapper"), "Task * GPU, CPU;");
  const ordered_json d = here.document(line);
  EXPECT_EQ(d["schema"], "mapwright.write/1");
  EXPECT_EQ(d["mapper"], "Task * GPU, CPU;");
  EXPECT_EQ(d["drafts"].size(), 1U);
  EXPECT_EQ(here.run("write 'something else' --program circuit --size test --replay session.jsonl").exit, 69);
}

TEST(WriteCommand, WritesNothingThatSteersATerminal) {
  const Workplace here;
  here.write("bot.sh",
             "printf '{\"reasoning\":\"\\u001b[2J\",\"mapper\":\"Task * GPU, CPU; # \\u001b]0;x\\u0007\"}'");
  const auto o = here.run("write x --program circuit --size test" + kCommand);
  EXPECT_EQ(o.exit, 0) << o.err;
  EXPECT_EQ(o.out, "Task * GPU, CPU; # \\x1b]0;x\\x07\n");
  EXPECT_FALSE(has(o.err, "\x1b"));
}

TEST(WriteCommand, EndsWhenInterrupted) {
  const Workplace here;
  const auto process = here.start(
      "write x --program circuit --size test --provider command --model-command 'touch asked; sleep 60'");
  while (!fs::exists(here / "asked")) std::this_thread::sleep_for(milliseconds(2));
  process->signal(SIGINT);
  const auto o = process->wait(kLimit);
  EXPECT_EQ(o.exit, 130);
  EXPECT_EQ(o.err, "mapwright: interrupted\n");
}

TEST(WriteCommand, SaysWhatStaysWrong) {
  const Workplace here;
  here.write("bot.sh", "echo asked >> asked.txt; printf '{\"reasoning\":\"r\",\"mapper\":\"Task * GPUU;\"}'");
  const auto o = here.run("write x --program circuit --size test --rounds 2" + kCommand);
  EXPECT_EQ(o.exit, 65);
  EXPECT_EQ(o.out, "");
  EXPECT_TRUE(has(o.err, "there is no processor kind `GPUU`")) << o.err;
  EXPECT_EQ(here.read("asked.txt"), "asked\nasked\nasked\n");
  here.error("write x" + kCommand, 64, "--program says for which program");
  here.error("write --program circuit" + kCommand, 64, "what the mapper shall do");
}

TEST(WriteCommand, MeasuresAModel) {
  const Workplace here;
  const fs::path file = kRoot / "experiments" / "strategies.toml";
  const auto exercises = tune::read_exercises(
      std::make_shared<base::Source>("s", std::get<std::string>(base::read_file(file, 1 << 20))));
  ASSERT_TRUE(exercises);
  // The script knows the references; one comes right at the second attempt, one stays wrong, one stays
  // invalid.
  std::string bot = "cat > prompt.txt\n";
  for (const tune::Exercise& e : *exercises) {
    const auto answer = [](const std::string& mapper) {
      return ordered_json{{"reasoning", "scripted"}, {"mapper", mapper}}.dump();
    };
    const bool never = e.name == "backwards";
    here.write(e.name + ".json", answer(never                       ? "Task * GPUU;"
                                        : e.name == "little_memory" ? ""
                                                                    : std::string(e.reference->text())));
    here.write(e.name + ".first",
               e.name == "beside_parent" || never ? answer("Task * GPUU;") : here.read(e.name + ".json"));
    const std::string words = e.words.substr(1, e.words.find('\n', 1) - 1);
    here.write(e.name + ".words", words);
    bot += fmt::format(
        "if grep -qFf {0}.words prompt.txt; then if grep -q 'The mapper has problems' prompt.txt; then cat "
        "{0}.json; else cat {0}.first; fi; exit; fi\n",
        e.name);
  }
  here.write("bot.sh", bot);
  const std::string line = "write --experiment " + file.string() + kCommand + " --record session.jsonl";
  const ordered_json d = here.document(line);
  EXPECT_EQ(d["strategies"], 10);
  EXPECT_EQ(d["first_attempt"], (ordered_json{{"valid", 8}, {"correct", 7}}));
  EXPECT_EQ(d["after_feedback"], (ordered_json{{"valid", 9}, {"correct", 8}}));
  const auto replayed = here.run("write --experiment " + file.string() + " --replay session.jsonl");
  EXPECT_EQ(replayed.exit, 0) << replayed.err;
  EXPECT_TRUE(has(
      replayed.out,
      "of 10 strategies: valid 8 and correct 7 at the first attempt; valid 9 and correct 8 after at most 3 "
      "rounds of feedback"))
      << replayed.out;
}

}  // namespace
}  // namespace mapwright
