// How chats begin, and those that need no network: programs and records.
#include "llm/providers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "base/os/process.h"
#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/program.h"
#include "llm/session.h"
#include "llm/testing.h"

// Options name what they set; the others have their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace mapwright::llm {
namespace {

using testing::FakeHttp;
using testing::kKey;
using testing::request;

// The keys of a test are gone, and those of other tests forgotten.
class Providers : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const Provider& p : providers()) {
      for (const std::string_view name : {p.key_variable, p.base_variable}) {
        if (!name.empty()) ::setenv(std::string(name).c_str(), "", 1);
      }
    }
  }
};

base::Diagnostic problem_of(Options options) {
  const auto chat = open(std::move(options));
  if (!chat) return chat.problems().items().front();
  ADD_FAILURE() << "it has no problem";
  return {};
}

// The first request of a chat.
HttpRequest sent(Options options) {
  auto http = std::make_unique<FakeHttp>(std::deque<FakeHttp::Outcome>{HttpReply{404, "", "", ""}});
  FakeHttp* asked = http.get();
  options.http = std::move(http);
  options.max_retries = 0;
  auto chat = open(std::move(options));
  EXPECT_TRUE(chat) << base::render(chat.problems().items().front(), false);
  if (!chat) return {};
  const auto owned = *std::move(chat);
  owned->ask(request("hi"));
  return asked->requests.at(0);
}

TEST_F(Providers, AreATable) {
  std::set<std::string_view> names;
  for (const Provider& p : providers()) {
    EXPECT_TRUE(names.insert(p.name).second);
    EXPECT_EQ(provider(p.name), &p);
    EXPECT_FALSE(p.what.empty());
    EXPECT_EQ(p.protocol != nullptr, !p.base_url.empty());
    if (p.protocol != nullptr) {
      EXPECT_TRUE(parse_address(std::string(p.base_url))) << p.base_url;
    }
  }
  EXPECT_EQ(provider("nobody"), nullptr);
}

TEST_F(Providers, EveryProblemOfOpeningIsTold) {
  struct Row {
    Options options;
    const char* key;
    const base::DiagnosticKind* kind;
    std::string says;
  };
  std::vector<Row> rows;
  rows.push_back({{.provider = "opena", .model = "m"},
                  "",
                  &problem::provider_unknown,
                  "there is no provider 'opena': did you mean 'openai'?"});
  rows.push_back({{}, kKey, &problem::model_missing, "it is not said which model 'openai' is to use"});
  rows.push_back({{.model = "m"}, "", &problem::key_missing, "'openai' needs a key"});
  rows.push_back({{.model = "m"},
                  "two words",
                  &problem::key_unusable,
                  "the key in OPENAI_API_KEY has blanks or characters that no key has"});
  rows.push_back({{.model = "m"}, "a\r\nHost: evil", &problem::key_unusable, "the key in"});
  rows.push_back({{.model = "m", .base_url = "http://gpu.example.test:8000/v1"},
                  kKey,
                  &problem::key_in_the_clear,
                  "the key in OPENAI_API_KEY would go to 'gpu.example.test' unencrypted"});
  rows.push_back(
      {{.model = "m", .base_url = "http://127.0.0.1.example.test/v1"}, kKey, &problem::key_in_the_clear, ""});
  for (const char* url : {"nothing", "ftp://example.test", "file:///etc/passwd", "https://",
                          "https://a.test/?x=1", "https://a.test/#x", "https://a b", "https://a.test\nb"})
    rows.push_back(
        {{.model = "m", .base_url = url}, kKey, &problem::address_unusable, "cannot be the address"});
  rows.push_back({{.model = "m", .base_url = "https://me:hidden@a.test/v1"},
                  kKey,
                  &problem::address_unusable,
                  "'https://...@a.test/v1' cannot be the address of an endpoint"});
  rows.push_back(
      {{.provider = "command"}, "", &problem::command_missing, "it is not said which program answers"});
  rows.push_back({{.provider = "command", .command = " \n"}, "", &problem::command_missing, ""});
  rows.push_back({{.provider = "replay", .record = "/no/such/file"},
                  "",
                  &problem::session_unreadable,
                  "cannot read '/no/such/file'"});
  for (const double seconds : {0.0, -1.0, 1e9, std::numeric_limits<double>::quiet_NaN()})
    rows.push_back(
        {{.model = "m", .timeout_seconds = seconds}, kKey, &problem::option_range, "a call cannot take"});
  for (const int retries : {-1, 1000})
    rows.push_back(
        {{.model = "m", .max_retries = retries}, kKey, &problem::option_range, "a call cannot be repeated"});
  std::set<std::string_view> seen;
  for (Row& row : rows) {
    ::setenv("OPENAI_API_KEY", row.key, 1);
    const base::Diagnostic d = problem_of(std::move(row.options));
    EXPECT_EQ(d.kind, row.kind) << d.message;
    EXPECT_NE(d.message.find(row.says), std::string::npos) << d.message;
    const std::string rendered = base::render(d, false);
    EXPECT_EQ(rendered.find("very-secret"), std::string::npos);
    EXPECT_EQ(rendered.find("hidden"), std::string::npos);
    seen.insert(d.kind->code);
  }
  for (const base::DiagnosticKind* kind : problem::kAll) {
    if (kind->code < "MW9321") {
      EXPECT_TRUE(seen.contains(kind->code)) << kind->name;
    }
  }
}

TEST_F(Providers, OpenaiHasItsAddressAndItsNewerNames) {
  ::setenv("OPENAI_API_KEY", (std::string(kKey) + "\n").c_str(), 1);
  const HttpRequest r = sent({.model = "gpt"});
  EXPECT_EQ(r.url, "https://api.openai.com/v1/chat/completions");
  EXPECT_EQ(r.headers.at(0), std::string("Authorization: Bearer ") + kKey);
  EXPECT_NE(r.body.find("\"max_completion_tokens\":100"), std::string::npos);
  EXPECT_DOUBLE_EQ(std::round(r.limit.count()), 120);
}

TEST_F(Providers, OtherAddressesNeedNoKey) {
  ::setenv("OPENAI_BASE_URL", "http://gpu.example.test:8000/v1//", 1);
  HttpRequest r = sent({.model = "m"});
  EXPECT_EQ(r.url, "http://gpu.example.test:8000/v1/chat/completions");
  EXPECT_TRUE(r.headers.at(0).starts_with("Content-Type")) << r.headers[0];
  EXPECT_NE(r.body.find("\"max_tokens\":100"), std::string::npos);
  ::setenv("OPENAI_API_KEY", kKey, 1);
  for (const char* url : {"http://localhost:1/v1", "http://127.0.0.1:1/v1", "http://[::1]:1/v1",
                          "https://a.test/v1", "HTTP://my.localhost/v1", "http://127.9.9.9/v1"}) {
    r = sent({.model = "m", .base_url = url});
    EXPECT_EQ(r.url, std::string(url) + "/chat/completions");
    EXPECT_EQ(r.headers.at(0), std::string("Authorization: Bearer ") + kKey);
  }
}

TEST_F(Providers, AnthropicHasItsAddressWithOrWithoutVersion) {
  ::setenv("ANTHROPIC_API_KEY", kKey, 1);
  EXPECT_EQ(sent({.provider = "anthropic", .model = "m"}).url, "https://api.anthropic.com/v1/messages");
  ::setenv("ANTHROPIC_BASE_URL", "https://a.test/v1/", 1);
  EXPECT_EQ(sent({.provider = "anthropic", .model = "m"}).url, "https://a.test/v1/messages");
}

TEST_F(Providers, LocalServersNeedLittle) {
  EXPECT_EQ(sent({.provider = "llama.cpp"}).url, "http://127.0.0.1:8080/v1/chat/completions");
  EXPECT_EQ(sent({.provider = "ollama", .model = "m"}).url, "http://127.0.0.1:11434/v1/chat/completions");
  EXPECT_EQ(sent({.provider = "vllm", .model = "m"}).url, "http://127.0.0.1:8000/v1/chat/completions");
}

TEST_F(Providers, TheFormOfStructureCanBeChosen) {
  auto http = std::make_unique<FakeHttp>(std::deque<FakeHttp::Outcome>{HttpReply{404, "", "", ""}});
  FakeHttp* asked = http.get();
  auto chat = open({.provider = "llama.cpp", .form = Form::object, .http = std::move(http)});
  ASSERT_TRUE(chat);
  const auto owned = *std::move(chat);
  Request r = request("hi");
  r.schema = "{}";
  owned->ask(r);
  EXPECT_NE(asked->requests.at(0).body.find("\"json_object\""), std::string::npos);
}

TEST_F(Providers, AKeyIsTakenOutOfTheEnvironmentAndKept) {
  ::setenv("OPENAI_API_KEY", kKey, 1);
  EXPECT_TRUE(open({.model = "m"}));
  EXPECT_EQ(std::getenv("OPENAI_API_KEY"), nullptr);
  os::Command c;
  c.argv = os::shell("env; cat /proc/self/environ");
  EXPECT_EQ(os::run(c).out.find("very-secret"), std::string::npos);
  EXPECT_TRUE(open({.model = "m"})) << "a second chat still has it";
  ::setenv("OPENAI_API_KEY", kKey, 1);
  EXPECT_FALSE(open({.model = ""}));
  EXPECT_EQ(std::getenv("OPENAI_API_KEY"), nullptr) << "also where nothing comes of it";
}

Answer run_program(std::string line, double seconds = 20, std::function<bool()> cancelled = {}) {
  auto chat = open({.provider = "command",
                    .command = std::move(line),
                    .timeout_seconds = seconds,
                    .cancelled = std::move(cancelled)});
  EXPECT_TRUE(chat);
  const auto owned = *std::move(chat);
  return owned->ask(request("hi"));
}

TEST_F(Providers, AProgramReadsThePromptAndWritesTheReply) {
  const Reply reply = std::get<Reply>(run_program("cat; printf '%s' \"$MAPWRIGHT_TEST_HERE\""));
  EXPECT_EQ(reply.text, "[system]\nYou write mappers.\n\n[user]\nhi\n");
  EXPECT_TRUE(reply.usage.estimated);
  EXPECT_EQ(reply.usage.reply, estimated_tokens(reply.text));
  ::setenv("MAPWRIGHT_TEST_HERE", "as it is", 1);
  EXPECT_EQ(std::get<Reply>(run_program("printf '%s' \"$MAPWRIGHT_TEST_HERE\"")).text, "as it is");
  ::unsetenv("MAPWRIGHT_TEST_HERE");
  Request one;
  one.messages = {{Role::user, "only"}};
  EXPECT_EQ(prompt_text(one), "only");
}

TEST_F(Providers, AProgramThatFailsSaysWhy) {
  struct Row {
    const char* line;
    Fault fault;
    const char* says;
  };
  for (const Row& row : {
           Row{"echo 'no \033[31mmodel' >&2; exit 3", Fault::program,
               "the command failed, the exit status was 3: no \\x1b[31mmodel"},
           Row{"kill -9 $$", Fault::program, "the command failed, it was ended by signal 9 (Killed)"},
           Row{"/no/such/program", Fault::program, "the command failed, the exit status was 127: "},
           Row{"head -c 9000000 /dev/zero", Fault::too_large, "the command wrote more than 8.39 MB"},
       }) {
    const Failure failure = std::get<Failure>(run_program(row.line));
    EXPECT_EQ(failure.fault, row.fault);
    EXPECT_TRUE(failure.text.starts_with(row.says)) << failure.text;
  }
}

TEST_F(Providers, AProgramEndsInTime) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(std::get<Failure>(run_program("sleep 60", 0.3)),
            (Failure{Fault::timeout, "the command did not end in 0.3 s"}));
  EXPECT_EQ(std::get<Failure>(run_program("sleep 60", 60,
                                          [&] {
                                            return std::chrono::steady_clock::now() - begin >
                                                   std::chrono::milliseconds(600);
                                          }))
                .fault,
            Fault::interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(Providers, ARecordAnswersAsItDid) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "mapwright-replay.jsonl";
  std::ofstream(path) << to_json({1, request("hi"), testing::reply("hello"), 1, 0}) << "\n";
  auto chat = open({.provider = "replay", .record = path});
  ASSERT_TRUE(chat);
  const auto owned = *std::move(chat);
  EXPECT_EQ(std::get<Failure>(owned->ask(request("ho"))).fault, Fault::other_prompt);
  EXPECT_EQ(std::get<Reply>(owned->ask(request("hi"))).text, "hello");
  EXPECT_EQ(std::get<Failure>(owned->ask(request("hi"))).fault, Fault::record_ended);
  std::filesystem::remove(path);
}

TEST(SystemClock, RunsAndSleeps) {
  Clock& clock = system_clock();
  const Seconds begin = clock.now();
  clock.sleep(Seconds(0.12), {});
  EXPECT_GE(clock.now() - begin, Seconds(0.12));
  clock.sleep(Seconds(1000), [] { return true; });
  EXPECT_LT(clock.now() - begin, Seconds(100));
  EXPECT_GT(clock.calendar(), Seconds(1.6e9));
  const double chance = clock.chance();
  EXPECT_TRUE(chance >= 0 && chance < 1);
}

}  // namespace
}  // namespace mapwright::llm
