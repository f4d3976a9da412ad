#include "engine/command/command.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/os/process.h"
#include "lang/lang.h"

namespace mapwright::engine::command {
namespace {

lang::MapperPtr mapper(const std::string& text) {
  return lang::compile(std::make_shared<base::Source>("mapper", text)).mapper;
}

Execution executed(Settings settings, const std::string& text = "Task * CPU;\n") {
  return Command(std::move(settings)).execute(mapper(text));
}

Settings line(const std::string& text, const char* metric = nullptr) {
  Settings s;
  s.argv = os::shell(text);
  if (metric != nullptr) s.metric.emplace(metric);
  s.limit = 30;
  return s;
}

std::string failure(const Execution& execution) {
  return execution.failure ? execution.failure->code + ": " + execution.failure->text : "";
}

TEST(Expressions, FindTheLastNumber) {
  const auto found = [](const char* expression, std::string_view text) {
    return Expression(expression).find_last(text);
  };
  EXPECT_EQ(found("ELAPSED TIME = +([0-9.]+) s", "ELAPSED TIME =   7.5 s\nELAPSED TIME = 1.25 s\n"), 1.25);
  EXPECT_EQ(found("[0-9.e+-]+", "1 2 -3.5e-2"), -3.5e-2);
  EXPECT_EQ(found("^time (.*)$", "a\ntime +4\nb"), 4);
  EXPECT_EQ(found("rate=(\\S+)", "rate=inf"), std::nullopt);
  EXPECT_EQ(found("rate=(\\S+)", "rate=12GF"), std::nullopt);
  EXPECT_EQ(found("rate=(\\S+)", "nothing"), std::nullopt);
  EXPECT_EQ(found("x*", ""), std::nullopt) << "an empty text is no number";
  EXPECT_EQ(found("(\\d*)", "12 "), std::nullopt) << "the last match is the empty one at the end";
  EXPECT_EQ(Expression("rate=(\\S+)").found_last("rate=12GF"), "12GF");
}

TEST(Expressions, SayWhatIsWrong) {
  EXPECT_EQ(Expression("time ([0-9").error(), "missing ]: [0-9");
  EXPECT_EQ(Expression("(a)(b)").error(),
            "it has several groups; write (?:...) for those that are not the number");
  EXPECT_EQ(Expression("(?:a|b) (\\d+)").error(), "");
}

TEST(Commands, HaveTheMapperInAFile) {
  Settings s;
  s.argv = {"/bin/sh", "-c", "cat \"$1\" && test \"$1\" = \"$MAPWRIGHT_MAPPER\" && echo \"m=$(wc -c < $1)\"",
            "sh", "{mapper}"};
  s.metric.emplace("m= *(\\d+)");
  const Execution e = executed(s, "Task * GPU;\n");
  EXPECT_EQ(failure(e), "");
  EXPECT_EQ(e.metric, 12);
  EXPECT_FALSE(e.profile.plan);
}

TEST(Commands, ComeAfterTheirLauncher) {
  Settings s;
  s.launcher = {"env", "A=4"};
  s.argv = {"sh", "-c", "echo $A"};
  s.metric.emplace("\\d+");
  EXPECT_EQ(executed(s).metric, 4);
}

TEST(Commands, AreTimedWhereNothingElseIsStated) {
  const Execution e = executed(line("sleep 0.2"));
  EXPECT_EQ(failure(e), "");
  EXPECT_GE(e.metric, 0.2);
  EXPECT_LT(e.metric, 10);
  EXPECT_EQ(e.metric, e.seconds_per_iteration);
}

TEST(Commands, SayTheirMetricInEitherStream) {
  EXPECT_EQ(executed(line("echo t=3 >&2", "t=(.+)")).metric, 3);
  EXPECT_EQ(executed(line("echo t=3 >&2; echo t=4", "t=(.+)")).metric, 4);
}

TEST(Commands, LeaveNothingBehind) {
  const Execution e = executed(line("echo x > $TMPDIR/file; (sleep 60 &) ; echo $TMPDIR >&2; exit 3"));
  const std::string text = failure(e);
  const std::string folder = text.substr(text.find('/'));
  EXPECT_TRUE(folder.find("mapwright-run-") != std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(Commands, DoNotSeeKeys) {
  setenv("OPENAI_API_KEY", "secret", 1);
  EXPECT_EQ(executed(line("echo t=${OPENAI_API_KEY:-0}", "t=(.+)")).metric, 0);
  unsetenv("OPENAI_API_KEY");
}

TEST(Commands, FailWithWhatTheyWrote) {
  EXPECT_EQ(failure(executed(line("printf 'a\\n\\tb  \\n'; echo c >&2; exit 9"))),
            "failed: the command ended with exit status 9\na\n  b\nc");
  EXPECT_EQ(failure(executed(line("kill -SEGV $$"))),
            "failed: the command was ended by signal 11 (Segmentation fault)");
  EXPECT_EQ(failure(executed(line("echo busy", "t=(.+)"))),
            "no_metric: the expression 't=(.+)' finds nothing in what the command wrote\nbusy");
  EXPECT_EQ(failure(executed(line("echo t=fast", "t=(.+)"))),
            "no_metric: what the expression 't=(.+)' finds is no number: 'fast'");
  Settings missing;
  missing.argv = {"/no/such/program"};
  EXPECT_EQ(failure(executed(missing)),
            "not_started: cannot start '/no/such/program': No such file or directory");
}

TEST(Commands, EndAtTheirLimitWithAllTheirGroup) {
  Settings s = line("echo begun; sleep 60 & sleep 60");
  s.limit = 0.3;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(failure(executed(s)), "timeout: the execution was not over after 0.3 s\nbegun");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Commands, CanBeCancelled) {
  Settings s = line("sleep 60");
  s.cancelled = [] { return true; };
  EXPECT_EQ(executed(s).failure->code, kCancelled);
}

TEST(Commands, AreNotWaitedForWhereTheAdapterCannotWork) {
  Settings s =
      line("printf 'refused\\nit is for another version\\n' >\"$MAPWRIGHT_LEGION_HANDSHAKE\"; sleep 300");
  s.adapter = "libc.so.6";  // anything that can be preloaded
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(failure(executed(s)),
            std::string(kNotStarted) +
                ": the adapter for Legion cannot work in the application: it is for another version");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Commands, HaveTheProfileOfTheirTwin) {
  Settings s = line("echo t=5", "t=(.+)");
  s.twin = [](const lang::MapperPtr&) {
    Execution e;
    e.metric = 1;
    e.traffic.inter_node = 17;
    return e;
  };
  Execution e = executed(s);
  EXPECT_EQ(e.metric, 5);
  EXPECT_EQ(e.traffic.inter_node, 17);
  // What a model cannot do, the program may.
  s.twin = [](const lang::MapperPtr&) {
    Execution cannot;
    cannot.failure = plan::Failure{"out_of_memory", "no", {}};
    return cannot;
  };
  EXPECT_EQ(failure(executed(s)), "");
  EXPECT_EQ(executed(s).metric, 5);
}

}  // namespace
}  // namespace mapwright::engine::command
