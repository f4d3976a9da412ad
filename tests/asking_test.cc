// Strategies that ask a language model, and mappers from words: with scripted answers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "prompt/blocks.h"
#include "scripted.h"
#include "texts.h"
#include "trial.h"
#include "tune/exercise.h"
#include "tune/opro.h"
#include "tune/trace.h"
#include "tune/tuning.h"
#include "tune/write.h"

namespace mapwright {
namespace {

using llm::Role;
using scripted::mapper;
using scripted::reply;
using scripted::Session;
using scripted::suggestion;
using tune::Status;
using tune::Stopped;

const trial::Subject& circuit() {
  static const trial::Subject s = trial::subject("circuit", trial::machine_named("p100x4"), 2);
  return s;
}

tune::Outcome tuned(Session& session, const char* strategy, std::int64_t budget,
                    const std::string& from = "") {
  const trial::Subject& s = circuit();
  const engine::sim::Simulator engine(s.planner);
  const tune::Problem problem{s.planner, trial::compiled(from), &trial::whole_guide(), 1, &session.model};
  const auto made = tune::find_strategy(strategy)->make(problem);
  const tune::Evaluator evaluator(engine, trial::whole_guide(), *s.program, {});
  tune::Limits limits;
  limits.budget = budget;
  tune::Tuning tuning(problem, made.get(), evaluator, limits, nullptr);
  return tuning.run();
}

const std::string& last_text(const llm::Request& request) {
  return request.messages.back().text;
}

std::string section(const std::string& prompt, const std::string& name) {
  const std::size_t begin = prompt.find("\n#" + name + "\n");
  if (begin == std::string::npos) return "(none)";
  const std::size_t text = begin + name.size() + 3;
  std::size_t end = prompt.find("\n#", text);
  while (end != std::string::npos && !std::isupper(static_cast<unsigned char>(prompt[end + 2])))
    end = prompt.find("\n#", end + 1);
  return prompt.substr(text, end == std::string::npos ? end : end - text);
}

const std::string kBlocksMap =
    "m = Machine(GPU);\ndef f(Task task) {\n    return m[task.ipoint[0] / 4 % m.size[0], task.ipoint[0] % "
    "4];\n"
    "}\nIndexTaskMap calculate_new_currents, distribute_charge, update_voltages f;\n";

// ---- trace

TEST(Trace, ShowsTheNineSections) {
  for (const std::vector<std::string>& styles :
       {std::vector<std::string>{"ours"}, std::vector<std::string>{"ours", "paper"}}) {
    Session session(circuit(), {suggestion({{"layout_decision", "Layout * * GPU AOS;"}})}, styles);
    tuned(session, "trace", 2, "Task * GPU, CPU;\nInstanceLimit distribute_charge 2;\n");
    ASSERT_EQ(session.script.asked.size(), 1U);
    const llm::Request& request = session.script.asked[0];
    ASSERT_EQ(request.messages.size(), 2U);
    EXPECT_EQ(request.messages[0].role, Role::system);
    EXPECT_EQ(request.messages[1].role, Role::user);
    EXPECT_EQ(request.temperature, 0);
    const std::string text = "\n" + request.messages[1].text;
    std::size_t at = 0;
    for (const char* name : {"Instruction", "Code", "Documentation", "Variables", "Constraints", "Inputs",
                             "Others", "Outputs", "Feedback"}) {
      const std::size_t found = text.find(fmt::format("\n#{}\n", name), at);
      ASSERT_NE(found, std::string::npos) << name;
      at = found;
    }
    EXPECT_TRUE(has(section(text, "Variables"), "task_decision:\n  Task * GPU, CPU;\n"));
    EXPECT_TRUE(
        has(section(text, "Variables"), "instance_limit_decision:\n  InstanceLimit distribute_charge 2;"));
    EXPECT_TRUE(has(section(text, "Variables"), "layout_decision:\n  (no statements)"));
    EXPECT_TRUE(has(section(text, "Outputs"), "GFLOPS = ")) << section(text, "Outputs");
    EXPECT_TRUE(has(section(text, "Feedback"), "map calculate_new_currents")) << section(text, "Feedback");
    EXPECT_TRUE(has(section(text, "Documentation"), "Machine(GPU)"));
    EXPECT_TRUE(has(section(text, "Inputs"), "rp_ghost"));
    for (const llm::Message& m : request.messages) {
      // Nothing is left to be filled, and nothing about an application is written by hand.
      for (const prompt::TemplateKind& kind : prompt::template_kinds()) {
        for (const std::string_view hole : kind.holes) EXPECT_FALSE(has(m.text, fmt::format("{{{}}}", hole)));
      }
      EXPECT_FALSE(has(m.text, circuit().program->description));
    }
  }
}

TEST(Trace, PutsTheSuggestedBlocksTogether) {
  Session session(circuit(),
                  {suggestion({{"index_task_map_decision", kBlocksMap}, {"layout_decision", nullptr}}),
                   suggestion({{"region_decision", "Region * rp_ghost GPU ZCMEM;"}}),
                   suggestion({{"index_task_map_decision", ""}}, "back to the default map")});
  const tune::Outcome outcome = tuned(session, "trace", 4, "InstanceLimit distribute_charge 2;");
  ASSERT_EQ(outcome.trials.size(), 4U);
  EXPECT_EQ(outcome.trials[0].mapper, "InstanceLimit distribute_charge 2;");
  const std::string limit = "InstanceLimit distribute_charge 2;\n";
  EXPECT_EQ(outcome.trials[1].mapper, limit + kBlocksMap);
  EXPECT_EQ(outcome.trials[2].mapper, "Region * rp_ghost GPU ZCMEM;\n" + limit + kBlocksMap);
  EXPECT_EQ(outcome.trials[3].mapper, "Region * rp_ghost GPU ZCMEM;\n" + limit);
  EXPECT_EQ(outcome.trials[3].why, "back to the default map");
  EXPECT_EQ(outcome.stopped, Stopped::budget);
  // The last prompt has what came of the last mapper, and what came before it.
  const std::string& text = last_text(session.script.asked[2]);
  EXPECT_TRUE(has(section(text, "Others"), "trial 1: GFLOPS = "));
  EXPECT_TRUE(has(section(text, "Others"), "trial 2: GFLOPS = "));
  EXPECT_TRUE(has(section(text, "Others"), "The best so far, trial 2: GFLOPS = "));
}

TEST(Trace, ForgetsWhatIsLongAgo) {
  std::vector<llm::Answer> answers;
  for (int i = 1; i <= 5; ++i)
    answers.emplace_back(
        suggestion({{"instance_limit_decision", fmt::format("InstanceLimit distribute_charge {};", i)}}));
  Session session(circuit(), answers);
  session.model.memory = 2;
  tuned(session, "trace", 6);
  const std::string others = section(last_text(session.script.asked[4]), "Others");
  EXPECT_FALSE(has(others, "trial 2:")) << others;
  EXPECT_TRUE(has(others, "trial 3:")) << others;
  EXPECT_TRUE(has(others, "trial 4:")) << others;
}

TEST(Trace, SaysWhatIsWrongWithAMapper) {
  Session session(
      circuit(),
      {suggestion({{"task_decision", "Task * GPUU;"}}), suggestion({{"task_decision", "Task * GPU, CPU;"}}),
       suggestion({{"task_decision", "Task * GPU, CPU;"}}),
       suggestion({{"task_decision", ""}, {"layout_decision", "Layout * * GPU AOS;"}})});
  const tune::Outcome outcome = tuned(session, "trace", 4);
  ASSERT_EQ(outcome.trials.size(), 5U);
  EXPECT_EQ(outcome.trials[1].status, Status::refused);
  EXPECT_EQ(section(last_text(session.script.asked[1]), "Outputs"), "no mapper: it has errors\n");
  EXPECT_TRUE(
      has(section(last_text(session.script.asked[1]), "Feedback"), "there is no processor kind `GPUU`"));
  // The same again costs nothing, and is said to be the same.
  EXPECT_EQ(outcome.trials[3].status, Status::duplicate);
  EXPECT_EQ(outcome.evaluations, 4);
  EXPECT_EQ(section(last_text(session.script.asked[3]), "Outputs"),
            "the same mapper as trial 3: it was not executed again\n");
}

TEST(Trace, AsksOnceMoreWhereAReplyIsOfNoUse) {
  Session session(circuit(),
                  {reply("I think that"), suggestion({{"layout_decision", "Layout * * GPU AOS;"}})});
  const tune::Outcome outcome = tuned(session, "trace", 2);
  ASSERT_EQ(outcome.trials.size(), 2U);
  EXPECT_EQ(outcome.trials[1].status, Status::ok);
  ASSERT_EQ(session.script.asked.size(), 2U);
  const auto& messages = session.script.asked[1].messages;
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[2], (llm::Message{Role::assistant, "I think that"}));
  EXPECT_EQ(messages[3].role, Role::user);
  EXPECT_TRUE(has(messages[3].text, "error[MW9404]: there is no JSON object in the reply"))
      << messages[3].text;
}

TEST(Trace, RecordsWhatCannotBeMended) {
  const std::vector<std::pair<llm::Reply, std::string>> cases = {
      {reply(""), "MW9401"},
      {reply("{\"suggestion\": {\"layout_decision\": \"Lay", llm::Ending::length), "MW9403"},
      {reply("", llm::Ending::filtered), "MW9402"},
      {reply("Task * GPU;"), "MW9404"},
      {reply("{\"reasoning\": \"r\"}"), "MW9410"},
      {reply("{\"suggestion\": null}"), "MW9411"},
      {reply("{\"suggestion\": \"Task * GPU;\"}"), "MW9412"},
      {suggestion({{"layout", "Layout * * GPU AOS;"}}), "MW9103"},
  };
  for (const auto& [said, code] : cases) {
    Session session(circuit(), {said, said, suggestion({{"layout_decision", "Layout * * GPU AOS;"}})});
    const tune::Outcome outcome = tuned(session, "trace", 3);
    ASSERT_EQ(outcome.trials.size(), 3U) << said.text;
    EXPECT_EQ(outcome.trials[1].status, Status::refused);
    EXPECT_TRUE(has(outcome.trials[1].failure_text, "error[" + code + "]")) << outcome.trials[1].failure_text;
    EXPECT_EQ(outcome.trials[2].status, Status::ok);
    EXPECT_EQ(outcome.evaluations, 3);
    // The next prompt says why, and the variables are what they were.
    const std::string& text = last_text(session.script.asked[2]);
    EXPECT_TRUE(has(section(text, "Feedback"), code)) << section(text, "Feedback");
    EXPECT_FALSE(has(section(text, "Variables"), "GPU"));
  }
}

// What is proposed again costs money: a model that says nothing else is not asked for ever, and what it knows
// is not pushed out of its sight.
TEST(Trace, EndsWhereTheModelRepeatsItself) {
  std::vector<llm::Answer> answers{suggestion({{"layout_decision", "Layout * * GPU AOS;"}})};
  for (int i = 0; i < 20; ++i) answers.emplace_back(suggestion({{"layout_decision", "Layout * * GPU AOS;"}}));
  Session session(circuit(), answers);
  session.model.memory = 2;
  const tune::Outcome outcome = tuned(session, "trace", 10);
  EXPECT_EQ(outcome.stopped, Stopped::circles);
  EXPECT_EQ(outcome.evaluations, 2);
  EXPECT_EQ(session.script.asked.size(), 6U);
  const std::string others = section(last_text(session.script.asked.back()), "Others");
  EXPECT_TRUE(has(others, "trial 1:")) << others;
  EXPECT_TRUE(has(others, "trial 2:")) << others;
  EXPECT_FALSE(has(others, "trial 3:")) << others;
}

TEST(Trace, TidiesWhatModelsWrite) {
  Session session(circuit(),
                  {suggestion({{"layout_decision", "```mapper\nLayout * * GPU AOS;  # \x1b[31mred\n```"}},
                              "\x1b]0;x\x07"),
                   suggestion({{"layout_decision", "#" + std::string(1 << 20, 'x')}}),
                   suggestion({{"layout_decision", "#" + std::string(1 << 20, 'x')}})});
  const tune::Outcome outcome = tuned(session, "trace", 3);
  ASSERT_EQ(outcome.trials.size(), 3U);
  EXPECT_EQ(outcome.trials[1].mapper, "Layout * * GPU AOS;  # \\x1b[31mred\n");
  EXPECT_EQ(outcome.trials[1].why, "\\x1b]0;x\\x07");
  EXPECT_TRUE(has(outcome.trials[2].failure_text, "MW9103")) << outcome.trials[2].failure_text;
  EXPECT_TRUE(has(outcome.trials[2].failure_text, "at most 65536 are read"))
      << outcome.trials[2].failure_text;
  EXPECT_LT(outcome.trials[2].mapper.size(), 5000U);
}

// An empty reply is no empty mapper.
TEST(Trace, TakesNoReplyForAMapper) {
  Session session(circuit(), {reply(""), reply(""), suggestion({{"task_decision", "Task * CPU;"}})});
  const tune::Outcome outcome = tuned(session, "trace", 3);
  ASSERT_EQ(outcome.trials.size(), 3U);
  EXPECT_EQ(outcome.trials[0].status, Status::ok);  // the empty mapper
  EXPECT_EQ(outcome.trials[1].status, Status::refused);
}

TEST(Trace, EndsWithItsModel) {
  const std::vector<std::pair<llm::Fault, Stopped>> cases = {{llm::Fault::unreachable, Stopped::model},
                                                             {llm::Fault::key_refused, Stopped::model},
                                                             {llm::Fault::other_prompt, Stopped::model},
                                                             {llm::Fault::budget, Stopped::spent},
                                                             {llm::Fault::interrupted, Stopped::interrupted}};
  for (const auto& [fault, why] : cases) {
    Session session(circuit(),
                    {suggestion({{"task_decision", "Task * CPU;"}}), llm::Failure{fault, "it said no"}});
    const tune::Outcome outcome = tuned(session, "trace", 10);
    EXPECT_EQ(outcome.stopped, why);
    EXPECT_EQ(outcome.trials.size(), 2U);
    EXPECT_TRUE(outcome.best);
    EXPECT_EQ(trial::rendered(outcome.problems),
              fault == llm::Fault::interrupted
                  ? ""
                  : fmt::format("error[MW9102]: it said no ({})\n", name_of(fault)));
  }
}

// ---- opro

TEST(Opro, ShowsTheBestPairsTheBestLast) {
  std::vector<llm::Answer> answers;
  for (int i = 1; i <= 7; ++i)
    answers.emplace_back(mapper(fmt::format("InstanceLimit distribute_charge {};\n", i)));
  answers.emplace_back(mapper("Task * CPU;"));
  answers.emplace_back(mapper("Task * GPUU;"));
  answers.emplace_back(mapper(kBlocksMap));
  Session session(circuit(), answers);
  session.model.samples = 3;
  const tune::Outcome outcome = tuned(session, "opro", 10);
  EXPECT_EQ(outcome.evaluations, 10);
  // Three samples of one prompt, then what came of them.
  ASSERT_EQ(session.script.asked.size(), 9U);
  EXPECT_EQ(session.script.asked[0], session.script.asked[2]);
  EXPECT_NE(last_text(session.script.asked[2]), last_text(session.script.asked[3]));
  EXPECT_EQ(session.script.asked[3], session.script.asked[5]);
  EXPECT_EQ(session.script.asked[0].temperature, 1);
  std::vector<double> scores;
  const std::string& text = last_text(session.script.asked[6]);
  for (std::size_t at = text.find("\nscore: "); at != std::string::npos; at = text.find("\nscore: ", at + 1))
    scores.push_back(std::stod(text.substr(at + 8)));
  EXPECT_EQ(scores.size(), 7U);
  EXPECT_TRUE(std::ranges::is_sorted(scores));
}

TEST(Opro, SaysWhatDidNotWork) {
  Session session(circuit(), {mapper("Task * GPUU;"), mapper("Task * CPU;"), mapper(kBlocksMap)});
  session.model.samples = 1;
  tuned(session, "opro", 4);
  const std::string& text = last_text(session.script.asked[1]);
  EXPECT_TRUE(has(text, "These did not work:")) << text;
  EXPECT_TRUE(has(text, "there is no processor kind `GPUU`")) << text;
}

TEST(Opro, TakesBareMappersUnderAGrammar) {
  Session session(circuit(), {reply("```mapper\nTask * CPU;\n```"), reply("Task * GPU, CPU;\n")});
  session.model.grammar = "root ::= \"Task\"";
  session.model.samples = 1;
  const tune::Outcome outcome = tuned(session, "opro", 3);
  ASSERT_EQ(outcome.trials.size(), 3U);
  EXPECT_EQ(outcome.trials[1].mapper, "Task * CPU;\n");
  EXPECT_EQ(session.script.asked[0].grammar, session.model.grammar);
  EXPECT_EQ(session.script.asked[0].schema, "");
  EXPECT_TRUE(has(session.script.asked[0].messages[0].text, "nothing else: no explanation"));
}

// ---- hybrid

TEST(Hybrid, GoesOnWithoutItsModel) {
  Session session(circuit(), {llm::Failure{llm::Fault::unreachable, "nobody"}});
  const tune::Outcome outcome = tuned(session, "hybrid", 12);
  EXPECT_EQ(outcome.stopped, Stopped::budget);
  EXPECT_EQ(outcome.evaluations, 12);
  EXPECT_TRUE(std::ranges::any_of(outcome.trials,
                                  [](const tune::Trial& t) { return t.why.starts_with("guided: "); }));
  EXPECT_TRUE(std::ranges::any_of(outcome.trials,
                                  [](const tune::Trial& t) { return t.why.starts_with("bandit: "); }));
}

TEST(Hybrid, SharesWhatIsFound) {
  // The model finds the map that guided would find; what guided tries next starts from there.
  std::vector<llm::Answer> answers(20, suggestion({{"index_task_map_decision", kBlocksMap}}));
  Session session(circuit(), answers);
  const tune::Outcome outcome = tuned(session, "hybrid", 15);
  ASSERT_TRUE(outcome.best);
  std::size_t found = 0;
  for (std::size_t i = 0; i < outcome.trials.size(); ++i) {
    if (outcome.trials[i].why.starts_with("trace: because")) found = i;
  }
  EXPECT_TRUE(std::any_of(outcome.trials.begin() + static_cast<std::ptrdiff_t>(found), outcome.trials.end(),
                          [](const tune::Trial& t) {
                            return t.why.starts_with("guided: ") &&
                                   has(t.mapper, "task.ipoint[0] / 4 % m.size[0]");
                          }));
}

// ---- estimates

TEST(Strategies, PromptsGrowNoFurtherThanTheySay) {
  for (const char* name : {"trace", "opro"}) {
    std::string longest = "# " + std::string(5000, 'x') + "\n";
    std::vector<llm::Answer> answers;
    for (int i = 1; i < 40; ++i) {
      const std::string text = longest + fmt::format("InstanceLimit distribute_charge {};", i);
      answers.emplace_back(std::string(name) == "opro" ? mapper(text)
                                                       : suggestion({{"instance_limit_decision", text}}));
    }
    Session session(circuit(), answers);
    tuned(session, name, 40);
    const auto bytes = [](const llm::Request& r) {
      std::size_t sum = 0;
      for (const llm::Message& m : r.messages) sum += m.text.size();
      return sum;
    };
    const std::size_t growth = tune::find_strategy(name)->growth(session.model, 40);
    const std::size_t variables = std::string(name) == "trace" ? longest.size() + 100 : 0;
    for (const llm::Request& r : session.script.asked)
      EXPECT_LE(bytes(r), bytes(session.script.asked.front()) + growth + variables) << name;
  }
}

// ---- write

TEST(WriteMapper, StopsAtTheFirstGoodOne) {
  const auto bad = mapper("Task * GPUU;");
  const auto unknown = mapper("Task nobody GPU;");
  const auto good = mapper("Task * GPU, CPU;");
  Session session(circuit(), {bad, unknown, good});
  const tune::Written written = tune::write_mapper(*circuit().planner, session.model, "GPUs, please", 5);
  ASSERT_EQ(written.drafts.size(), 3U);
  EXPECT_FALSE(written.ended);
  EXPECT_FALSE(written.drafts[0].valid);
  EXPECT_TRUE(written.drafts[1].valid);  // it works, and is not what was meant
  EXPECT_TRUE(written.drafts[2].valid);
  EXPECT_EQ(written.drafts[2].mapper, "Task * GPU, CPU;");
  EXPECT_EQ(written.drafts[2].reasoning, "so");
  EXPECT_TRUE(has(last_text(session.script.asked[0]), "GPUs, please"));
  EXPECT_TRUE(has(last_text(session.script.asked[1]), "there is no processor kind `GPUU`"));
  EXPECT_TRUE(has(last_text(session.script.asked[2]), "MW6001")) << last_text(session.script.asked[2]);
}

TEST(WriteMapper, StopsAfterItsRounds) {
  Session session(circuit(), std::vector<llm::Answer>(10, mapper("Task * GPUU;")));
  const tune::Written written = tune::write_mapper(*circuit().planner, session.model, "x", 2);
  EXPECT_EQ(written.drafts.size(), 3U);
  EXPECT_EQ(session.script.asked.size(), 3U);
}

TEST(WriteMapper, SaysWhyTheModelIsGone) {
  Session session(circuit(), {mapper("Task * GPUU;"), llm::Failure{llm::Fault::timeout, "late"}});
  const tune::Written written = tune::write_mapper(*circuit().planner, session.model, "x", 2);
  EXPECT_EQ(written.drafts.size(), 1U);
  ASSERT_TRUE(written.ended);
  EXPECT_EQ(trial::rendered(written.ended->problems), "error[MW9102]: late (timeout)\n");
}

TEST(WriteMapper, PlansWhatItReads) {
  const trial::Subject s = trial::subject("summa", trial::machine_named("p100x4"), 3);
  const tune::Draft draft = tune::read_draft(*s.planner, "");
  EXPECT_FALSE(draft.valid);
  EXPECT_TRUE(has(trial::rendered(draft.problems), "needs")) << trial::rendered(draft.problems);
}

// ---- exercises

base::Result<std::vector<tune::Exercise>> shipped_exercises() {
  const auto file = kRoot / "experiments" / "strategies.toml";
  return tune::read_exercises(std::make_shared<base::Source>(
      "strategies.toml", std::get<std::string>(base::read_file(file, 1 << 20))));
}

TEST(Exercises, AreTenThatCanBeDone) {
  const auto exercises = shipped_exercises();
  ASSERT_TRUE(exercises) << trial::rendered(exercises.problems());
  EXPECT_EQ(exercises->size(), 10U);
  for (const tune::Exercise& e : *exercises) {
    SCOPED_TRACE(e.name);
    const trial::Subject s = trial::subject(e.program, trial::machine_named("p100x4"), 2);
    const std::string reference(e.reference->text());
    const tune::Draft draft = tune::read_draft(*s.planner, reference);
    EXPECT_TRUE(draft.valid);
    EXPECT_EQ(trial::rendered(draft.problems), "");
    EXPECT_EQ(tune::deviations(*s.planner, reference, reference), std::vector<std::string>());
    // It asks for something: the default is not correct, unless it does just that.
    EXPECT_FALSE(tune::deviations(*s.planner, "", reference).empty());
  }
}

TEST(Exercises, CompareWhatMappersDoNotHowTheyAreWritten) {
  const trial::Subject& s = circuit();
  const std::string other =
      "def spread(Task task) {\n    g = Machine(GPU);\n    return g[task.ipoint[0] / g.size[1], "
      "task.ipoint[0] % "
      "g.size[1]];\n}\nIndexTaskMap calculate_new_currents, distribute_charge, update_voltages spread;";
  EXPECT_EQ(tune::deviations(*s.planner, kBlocksMap, other), std::vector<std::string>());
  EXPECT_EQ(tune::deviations(*s.planner, "Region * rp_ghost GPU ZCMEM;", ""),
            (std::vector<std::string>{
                "calculate_new_currents, distribute_charge: rp_ghost in ZCMEM instead of FBMEM"}));
  EXPECT_EQ(tune::deviations(*s.planner, "InstanceLimit distribute_charge 1;", ""),
            (std::vector<std::string>{"distribute_charge: at most 1 mapped ahead instead of any number"}));
}

TEST(Exercises, SayWhatIsWrongWithTheirFile) {
  const auto problems = [](const std::string& text) {
    const auto read = tune::read_exercises(std::make_shared<base::Source>("e.toml", text));
    return read ? "" : trial::rendered(read.problems());
  };
  EXPECT_TRUE(has(problems(""), "MW9105]: the file has no [[strategy]]"));
  EXPECT_TRUE(has(problems("[[strategy]]\nname = \"a\"\n"), "the strategy needs a text 'program'"));
  const std::string good =
      "[[strategy]]\nname = \"a\"\nprogram = \"circuit\"\nwords = \"w\"\nreference = \"Task * GPU;\"\n";
  EXPECT_EQ(problems(good), "");
  EXPECT_TRUE(has(problems(good + good), "there are two strategies 'a'"));
  EXPECT_TRUE(has(problems(good + "wrods = \"x\"\n"), "a strategy has no 'wrods'"));
  EXPECT_TRUE(has(problems(good + "[other]\n"), "nothing is called 'other' here"));
  EXPECT_TRUE(has(
      problems("[[strategy]]\nname = \"a\"\nprogram = \"circuit\"\nwords = \"w\"\nreference = \"Task;\"\n"),
      "reference of a:1:"));
  EXPECT_TRUE(has(problems("[[strategy"), "error[MW"));
}

// ---- prompts

TEST(Prompts, TeachALanguageThatCompiles) {
  const std::string manual = scripted::library().text("manual", {});
  std::size_t examples = 0;
  for (std::size_t at = manual.find("```mapper\n"); at != std::string::npos;
       at = manual.find("```mapper\n", at + 1)) {
    const std::size_t begin = at + 10;
    const std::string text = manual.substr(begin, manual.find("```", begin) - begin);
    const auto compiled = lang::compile(std::make_shared<base::Source>("manual", text));
    EXPECT_EQ(trial::rendered(compiled.problems), "");
    ++examples;
  }
  EXPECT_EQ(examples, 1U);
}

}  // namespace
}  // namespace mapwright
