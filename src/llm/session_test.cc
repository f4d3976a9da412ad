#include "llm/session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <limits>

#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/session_file.h"
#include "llm/testing.h"

// Options name what they set; the others have their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace mapwright::llm {
namespace {

using testing::FakeClock;
using testing::reply;
using testing::request;
using testing::Scripted;

Fault fault(const Answer& answer) {
  const auto* failure = std::get_if<Failure>(&answer);
  EXPECT_NE(failure, nullptr);
  return failure == nullptr ? Fault::record : failure->fault;
}
std::string text(const Answer& answer) {
  if (const auto* r = std::get_if<Reply>(&answer)) return r->text;
  return std::get<Failure>(answer).text;
}

struct Kept {
  std::vector<Exchange> exchanges;
  std::function<bool(const Exchange&)> keep = [this](const Exchange& e) {
    exchanges.push_back(e);
    return true;
  };
};

TEST(Estimates, AreOnTheSafeSide) {
  EXPECT_EQ(estimated_tokens(""), 0);
  EXPECT_EQ(estimated_tokens("abc"), 1);
  EXPECT_EQ(estimated_tokens("abcd"), 2);
  Request r = request("123456");
  const Usage most = worst_case(r);
  EXPECT_EQ(most.prompt, estimated_tokens("You write mappers.") + 2 + 16);
  EXPECT_EQ(most.reply, 100);
  EXPECT_TRUE(most.estimated);
  r.schema = "{}";
  r.grammar = "root ::= \"a\"";
  EXPECT_GT(worst_case(r).prompt, most.prompt);
  EXPECT_DOUBLE_EQ(dollars({1'000'000, 2'000'000, false}, {3, 15}), 33);
}

TEST(Session, CountsWhatItUses) {
  auto chat = std::make_unique<Scripted>(std::deque<Answer>{reply("a"), reply("b", 100, 50)});
  chat->attempts_of_each = 3;
  Session s(std::move(chat), {.prices = {2, 10}});
  EXPECT_EQ(text(s.ask(request("1"))), "a");
  EXPECT_EQ(text(s.ask(request("2"))), "b");
  EXPECT_EQ(s.attempts(), 3);
  EXPECT_EQ(s.spent().calls, 2);
  EXPECT_EQ(s.spent().retries, 4);
  EXPECT_EQ(s.spent().usage, (Usage{110, 55, false}));
  EXPECT_DOUBLE_EQ(s.spent().dollars, 110 * 2e-6 + 55 * 10e-6);
}

TEST(Session, KeepsEveryExchangeBeforeItIsUsed) {
  Kept kept;
  FakeClock clock;
  auto chat = std::make_unique<Scripted>(std::deque<Answer>{reply("a"), Failure{Fault::overloaded, "busy"},
                                                            Failure{Fault::interrupted, "stop"}, reply("c")});
  Session s(std::move(chat), {.keep = kept.keep, .clock = &clock});
  s.ask(request("1"));
  EXPECT_EQ(fault(s.ask(request("2"))), Fault::overloaded);
  EXPECT_EQ(fault(s.ask(request("3"))), Fault::interrupted);
  ASSERT_EQ(kept.exchanges.size(), 2U) << "who was interrupted asks again";
  EXPECT_EQ(kept.exchanges[0], (Exchange{1, request("1"), reply("a"), 1, 0}));
  EXPECT_EQ(kept.exchanges[1].number, 2);
  EXPECT_EQ(fault(kept.exchanges[1].answer), Fault::overloaded);
}

TEST(Session, AnAnswerThatCannotBeKeptIsNone) {
  Session s(std::make_unique<Scripted>(std::deque<Answer>{reply("a")}),
            {.keep = [](const Exchange&) { return false; }});
  const Answer a = s.ask(request("1"));
  EXPECT_EQ(fault(a), Fault::record);
  EXPECT_EQ(text(a), "call 1 could not be recorded");
  EXPECT_EQ(s.spent().calls, 1) << "it was made all the same";
}

std::vector<Exchange> recorded() {
  return {{1, request("1"), reply("a"), 2, 0.5}, {2, request("2"), Failure{Fault::timeout, "slow"}, 1, 9}};
}

TEST(Session, AnswersFromItsRecordFirst) {
  Kept kept;
  auto chat = std::make_unique<Scripted>(std::deque<Answer>{reply("new")});
  const Scripted* asked = chat.get();
  Session s(std::move(chat), {.recorded = recorded(), .keep = kept.keep});
  EXPECT_EQ(text(s.ask(request("1"))), "a");
  EXPECT_EQ(s.attempts(), 2);
  EXPECT_EQ(fault(s.ask(request("2"))), Fault::timeout);
  EXPECT_EQ(asked->asked, 0);
  EXPECT_TRUE(kept.exchanges.empty());
  EXPECT_EQ(s.spent().calls, 2);
  EXPECT_EQ(s.spent().retries, 1);
  EXPECT_EQ(s.spent().usage.reply, 5 + 100) << "a call that ran out of time may be billed for all of it";
  EXPECT_EQ(text(s.ask(request("3"))), "new");
  ASSERT_EQ(kept.exchanges.size(), 1U);
  EXPECT_EQ(kept.exchanges[0].number, 3);
}

TEST(Session, EndsWithItsRecordWhereThatIsAll) {
  Session s(nullptr, {.recorded = recorded(), .only_recorded = true});
  s.ask(request("1"));
  s.ask(request("2"));
  const Answer a = s.ask(request("3"));
  EXPECT_EQ(fault(a), Fault::record_ended);
  EXPECT_EQ(text(a), "the record has 2 calls, and this is call 3");
}

TEST(Session, SaysHowAPromptDiffers) {
  const Request base = request("line one\nline two\nline three");
  struct Row {
    std::function<void(Request*)> change;
    std::string says;
  };
  const std::vector<Row> rows{
      {[](Request* r) { r->messages[1].text = "line one\nline 2\nline three"; },
       "message 2 (of 'user') differs in line 2: the record has `line two`, asked is `line 2`"},
      {[](Request* r) { r->messages[1].text += "\nmore"; },
       "message 2 (of 'user') differs in line 3: the record has `line three`, asked is `line three`"},
      {[](Request* r) { r->messages[0].text = ""; },
       "message 1 (of 'system') differs in line 1: the record has `You write mappers.`, asked is ``"},
      {[](Request* r) { r->messages[1].role = Role::assistant; },
       "message 2 is of 'user' in the record, and of 'assistant' now"},
      {[](Request* r) { r->messages.push_back({Role::user, "x"}); },
       "the record has 2 messages, asked are 3"},
      {[](Request* r) { r->messages.pop_back(); }, "the record has 2 messages, asked are 1"},
      {[](Request* r) { r->temperature = 0.5; },
       "the temperature is the model's own in the record, and 0.5 now"},
      {[](Request* r) { r->max_tokens = 7; }, "the reply has at most 100 tokens in the record, and 7 now"},
      {[](Request* r) { r->schema = "{}"; },
       "the schema differs in line 1: the record has ``, asked is `{}`"},
      {[](Request* r) { r->grammar = "g"; },
       "the grammar differs in line 1: the record has ``, asked is `g`"},
      {[](Request* r) { r->messages[1].text = "line one\nline \x1b[2J\nline three"; },
       "message 2 (of 'user') differs in line 2: the record has `line two`, asked is `line \\x1b[2J`"},
  };
  for (const Row& row : rows) {
    Session s(nullptr, {.recorded = {{1, base, reply("a"), 1, 0}}, .only_recorded = true});
    Request asked = base;
    row.change(&asked);
    const Answer a = s.ask(asked);
    EXPECT_EQ(fault(a), Fault::other_prompt);
    EXPECT_EQ(text(a), "call 1 asks something else than the record has: " + row.says);
    EXPECT_EQ(s.spent().calls, 0);
    EXPECT_EQ(text(s.ask(base)), "a") << "and the record still stands";
  }
}

TEST(Session, WhatIsNoUtf8IsTheSameFromTheRecord) {
  const Request asked = request("caf\xe9");
  Kept kept;
  Session live(std::make_unique<Scripted>(std::deque<Answer>{reply("d\xe9j\xe0")}), {.keep = kept.keep});
  const std::string first = text(live.ask(asked));
  const auto exchange = exchange_from_json(to_json(kept.exchanges.at(0)));
  ASSERT_TRUE(exchange);
  Session again(nullptr, {.recorded = {*exchange}, .only_recorded = true});
  EXPECT_EQ(text(again.ask(asked)), first);
}

TEST(Budget, OfCallsIsKept) {
  auto chat = std::make_unique<Scripted>(std::deque<Answer>{reply("a"), reply("b"), reply("c")});
  const Scripted* asked = chat.get();
  Session s(std::move(chat), {.budget = {.calls = 2}});
  s.ask(request("1"));
  s.ask(request("2"));
  const Answer a = s.ask(request("3"));
  EXPECT_EQ(fault(a), Fault::budget);
  EXPECT_EQ(text(a), "all 2 calls of the budget are used up");
  EXPECT_EQ(asked->asked, 2);
  EXPECT_EQ(s.spent().calls, 2);
}

TEST(Budget, OfTokensIsCheckedAgainstTheWorstCase) {
  const Usage most = worst_case(request("1"));
  const std::int64_t one = most.prompt + most.reply;
  auto chat = std::make_unique<Scripted>(std::deque<Answer>{reply("a", 20, 10), reply("b", 20, 10)});
  const Scripted* asked = chat.get();
  Session s(std::move(chat), {.budget = {.tokens = one + 29}});
  EXPECT_EQ(text(s.ask(request("1"))), "a");
  EXPECT_EQ(fault(s.ask(request("2"))), Fault::budget)
      << "30 are used, and one less is left than it may need";
  EXPECT_EQ(asked->asked, 1);
  Session enough(std::make_unique<Scripted>(std::deque<Answer>{reply("a", 20, 10), reply("b")}),
                 {.budget = {.tokens = one + 30}});
  enough.ask(request("1"));
  EXPECT_EQ(text(enough.ask(request("2"))), "b");
}

TEST(Budget, OfDollarsIsCheckedAgainstTheWorstCase) {
  const Prices prices{1000, 1000};
  const double one = dollars(worst_case(request("1")), prices);
  Session s(std::make_unique<Scripted>(std::deque<Answer>{reply("a", 1, 1), reply("b")}),
            {.budget = {.dollars = one + 0.001}, .prices = prices});
  EXPECT_EQ(text(s.ask(request("1"))), "a");
  const Answer a = s.ask(request("2"));
  EXPECT_EQ(fault(a), Fault::budget);
  EXPECT_TRUE(text(a).starts_with("0.0020 of ")) << text(a);
  Session without(std::make_unique<Scripted>(std::deque<Answer>{reply("a")}), {.budget = {.dollars = 5}});
  EXPECT_EQ(text(without.ask(request("1"))), "a budget in dollars needs the prices of tokens");
}

TEST(Budget, WhatIsRecordedCounts) {
  auto chat = std::make_unique<Scripted>(std::deque<Answer>{reply("a")});
  const Scripted* asked = chat.get();
  Session s(std::move(chat), {.budget = {.calls = 2}, .recorded = recorded()});
  s.ask(request("1"));
  s.ask(request("2"));
  EXPECT_EQ(fault(s.ask(request("3"))), Fault::budget);
  EXPECT_EQ(asked->asked, 0);
}

TEST(Budget, HugeNumbersDoNotWrapAround) {
  Request r = request("1");
  r.max_tokens = std::numeric_limits<std::int64_t>::max();
  Session s(std::make_unique<Scripted>(std::deque<Answer>{}),
            {.budget = {.tokens = std::numeric_limits<std::int64_t>::max() - 1}});
  EXPECT_EQ(fault(s.ask(r)), Fault::budget);
  Session t(std::make_unique<Scripted>(
                std::deque<Answer>{Failure{Fault::timeout, ""}, Failure{Fault::timeout, ""}}),
            {});
  t.ask(r);
  t.ask(r);
  EXPECT_EQ(t.spent().usage.reply, std::numeric_limits<std::int64_t>::max());
}

Exchange sample() {
  Request r = request("prompt \"quoted\"\n\ttab \xf0\x9f\x9a\x80");
  r.messages.push_back({Role::assistant, ""});
  r.temperature = 0.1;
  r.schema = "{\"type\":\"object\"}";
  return {7, r, Reply{"text", Ending::length, {1, 2, true}, "m"}, 3, 1.25};
}

TEST(SessionJson, IsWritteninOneWay) {
  EXPECT_EQ(to_json(sample()),
            "{\"schema\":\"mapwright.session/"
            "1\",\"number\":7,\"request\":{\"messages\":[{\"role\":\"system\",\"text\":"
            "\"You write mappers.\"},{\"role\":\"user\",\"text\":\"prompt \\\"quoted\\\"\\n\\ttab "
            "\xf0\x9f\x9a\x80\"},"
            "{\"role\":\"assistant\",\"text\":\"\"}],\"temperature\":0.1,\"max_tokens\":100,\"schema\":"
            "\"{\\\"type\\\":\\\"object\\\"}\",\"grammar\":\"\"},\"reply\":{\"text\":\"text\",\"ending\":"
            "\"length\","
            "\"usage\":{\"prompt\":1,\"reply\":2,\"estimated\":true},\"model\":\"m\"},\"attempts\":3,"
            "\"seconds\":1.25}");
  EXPECT_EQ(exchange_from_json(to_json(sample())), sample());
}

TEST(SessionJson, FailuresComeBackAsWell) {
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    Exchange e = sample();
    e.answer = Failure{static_cast<Fault>(i), "text"};
    EXPECT_NE(to_json(e).find(fmt::format("\"failure\":{{\"fault\":\"{}\"", kFaults[i])), std::string::npos);
    EXPECT_EQ(exchange_from_json(to_json(e)), e);
  }
}

RC_GTEST_PROP(SessionJson, ComesBackByteForByte,
              (const std::string& prompt, const std::string& answer, std::int64_t tokens, double seconds)) {
  Exchange e;
  e.number = 1 + std::abs(tokens % 1000);
  e.request = request(prompt);
  e.request.max_tokens = tokens;
  e.request.temperature = seconds;
  e.answer = reply(answer);
  e.seconds = seconds;
  const std::string line = to_json(e);
  RC_ASSERT(line.find('\n') == std::string::npos);
  const auto back = exchange_from_json(line);
  RC_ASSERT(back.has_value());
  RC_ASSERT(to_json(*back) == line);
}

TEST(SessionJson, NothingElseIsTaken) {
  const std::string good = to_json(sample());
  const auto with = [&](std::string_view old, std::string_view now) {
    std::string text = good;
    const std::size_t at = text.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    return text.replace(at, old.size(), now);
  };
  const std::vector<std::string> bad{
      "",
      "{}",
      "[]",
      "null",
      "7",
      good + good,
      good.substr(1),
      good.substr(0, good.size() - 1),
      with("session/1", "session/2"),
      with("\"schema\":\"mapwright.session/1\",", ""),
      with("\"number\":7", "\"number\":0"),
      with("\"number\":7", "\"number\":7.0"),
      with("\"number\":7", "\"number\":18446744073709551615"),
      with("\"number\":7", "\"number\":\"7\""),
      with("\"number\":7", "\"number\":7,\"number\":7"),
      with("\"number\":7", "\"number\":7,\"more\":1"),
      with("\"number\":7,", ""),
      with("system", "God"),
      with("\"max_tokens\":100", "\"max_tokens\":null"),
      with("0.1", "1e999"),
      with("0.1", "\"0.1\""),
      with("\"length\"", "\"other\""),
      with("true", "1"),
      with("\"prompt\":1", "\"prompt\":-1"),
      with("\"attempts\":3", "\"attempts\":0"),
      with("\"seconds\":1.25", "\"seconds\":null"),
      with("\"reply\":{\"text\"", "\"answer\":{\"text\""),
      with("\"usage\":{", "\"usage\":[{"),
      with("\"messages\":[", "\"messages\":{"),
      with("\"text\":\"text\"", "\"text\":\"\\ud800\""),
      with("\"text\":\"text\"", "\"text\":\"\xff\""),
      with("\"text\":\"text\"", "\"text\":null"),
      with("\"attempts\":3", "\"attempts\":3,\"failure\":{\"fault\":\"tls\",\"text\":\"\"}"),
      std::string(1 << 20, '['),
      "{\"schema\":" + std::string(1 << 20, '{')};
  for (const std::string& line : bad) EXPECT_FALSE(exchange_from_json(line)) << line.substr(0, 300);
}

std::string rendered(const base::Diagnostics& problems) {
  std::string all;
  for (const base::Diagnostic& d : problems.items()) all += base::render(d, false);
  return all;
}

base::Result<std::vector<Exchange>> read(std::string file) {
  return read_session(std::make_shared<base::Source>("s.jsonl", std::move(file)));
}

TEST(SessionFile, HasALineForEachExchange) {
  Exchange one = sample();
  one.number = 1;
  Exchange two = sample();
  two.number = 2;
  const auto both = read(to_json(one) + "\n" + to_json(two) + "\n");
  ASSERT_TRUE(both);
  EXPECT_EQ(*both, (std::vector{one, two}));
  const auto none = read("");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(SessionFile, EveryKindOfProblemHasACase) {
  Exchange one = sample();
  one.request = request("p");
  one.number = 1;
  Exchange three = one;
  three.number = 3;
  const std::string first = to_json(one);
  struct Row {
    std::string file;
    std::string_view code;
    std::string says;
  };
  const std::vector<Row> rows{
      {"hello\n", "MW9323", "s.jsonl:1:1: error[MW9323]: this line is not JSON\n"},
      {first + "\n\n", "MW9323", "s.jsonl:2:1: error[MW9323]: this line is not JSON\n"},
      {first + "\n" + first.substr(0, 50), "MW9323", "the file ends inside it"},
      {"{\"a\":1}\n", "MW9322",
       "s.jsonl:1:1: error[MW9322]: this line is not of a session: it has no \"schema\": "
       "\"mapwright.session/1\"\n"},
      {"{\"schema\":\"mapwright.session/2\"}\n", "MW9322", "error[MW9322]"},
      {"{\"schema\":\"mapwright.session/1\"}\n", "MW9323",
       "error[MW9323]: this line has fields that no call has, or lacks some\n"},
      {first + "\n" + to_json(three) + "\n", "MW9324",
       "s.jsonl:2:1: error[MW9324]: this is call 3, and call 2 belongs here\n"},
      {first + "\n" + first + "\n", "MW9324", "this is call 1, and call 2 belongs here"},
  };
  for (const Row& row : rows) {
    const auto result = read(row.file);
    ASSERT_FALSE(result) << row.file;
    EXPECT_EQ(result.problems().items().front().kind->code, row.code);
    EXPECT_NE(rendered(result.problems()).find(row.says), std::string::npos) << rendered(result.problems());
  }
}

TEST(SessionFile, ACutLastLineCanBeRemoved) {
  Exchange one = sample();
  one.number = 1;
  const std::string file = to_json(one) + "\n" + to_json(one).substr(0, 99);
  const auto result = read(file);
  ASSERT_FALSE(result);
  std::size_t applied = 0;
  const auto mended = read(base::apply_fixes(file, result.problems().items(), &applied));
  EXPECT_EQ(applied, 1U);
  ASSERT_TRUE(mended);
  EXPECT_EQ(mended->size(), 1U);
}

TEST(SessionFile, IsReadFromWhereItIs) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "mapwright-session.jsonl";
  Exchange one = sample();
  one.number = 1;
  std::ofstream(path) << to_json(one) << "\n";
  const auto result = load_session(path);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->size(), 1U);
  std::filesystem::remove(path);
  const auto gone = load_session(path);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.problems().items().front().kind, &problem::session_unreadable);
}

}  // namespace
}  // namespace mapwright::llm
