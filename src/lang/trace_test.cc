// A traced launch is an evaluation of each of its points, only faster: same processors, same diagnostics.
#include "lang/trace.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "lang/lang.h"
#include "lang/placement.h"

namespace mapwright::lang {
namespace {

machine::Grid gpu_grid() {
  std::array<std::int64_t, machine::kProcessorKinds> counts{};
  counts[static_cast<std::size_t>(machine::ProcessorKind::gpu)] = 4;
  return machine::make_grid(6, counts);
}

// Where each point goes, or why it goes nowhere.
std::vector<std::string> answers(const std::string& text, const Domain& domain) {
  const Compilation c = compile(std::make_shared<base::Source>("test.mapper", text));
  if (!c.mapper) return {};
  Evaluator evaluator(c.mapper, gpu_grid());
  EXPECT_FALSE(evaluator.start().has_errors());
  const MapChoice map = *c.mapper->index_map("t", machine::ProcessorKind::gpu);
  std::vector<std::string> all;
  Point point = domain.lo;
  TaskContext task;
  task.point = &point;
  task.domain = &domain;
  do {
    const auto target = evaluator.target(map, task);
    if (const auto* problem = std::get_if<base::Diagnostic>(&target)) {
      all.push_back(base::render(*problem, false));
    } else {
      const Target& t = std::get<Target>(target);
      std::string where = fmt::format("{} {} {}", static_cast<int>(t.kind), t.one.node, t.one.index);
      for (const Value& v : t.several) where += fmt::format(" {}", v.integer);
      all.push_back(where);
    }
  } while (domain.next(&point));
  return all;
}

// The same function with and without a print, which keeps it from being traced. Both lines have the same
// length.
void expect_same(const std::string& function, const Domain& domain) {
  const std::string rest = function + "IndexTaskMap t f;\n";
  const std::string head = "g = Machine(GPU);\ng3 = g.split(0, 3);\n";
  const std::string id =
      "def one(int a, int b) { return a * 2 - b; }\ndef pair(IPoint t) { return t + 1; }\n";
  const auto traced = answers(head + id + fmt::format(fmt::runtime(rest), "abcd = 123;"), domain);
  const auto walked = answers(head + id + fmt::format(fmt::runtime(rest), "print(\"a\");"), domain);
  RC_PRE(!traced.empty());
  RC_ASSERT(traced.size() == walked.size());
  for (std::size_t i = 0; i < traced.size(); ++i) {
    if (traced[i] != walked[i]) RC_FAIL(fmt::format("{}\n{}\n{}", rest, traced[i], walked[i]));
  }
}

std::string number(int depth);

std::string tuple(int depth) {
  static const std::vector<std::string> kLeaves{"task.ipoint", "task.ispace", "(1, 2)", "p", "g3.size[:2]"};
  if (depth == 0) return *rc::gen::elementOf(kLeaves);
  switch (*rc::gen::inRange(0, 5)) {
    case 0: return fmt::format("({}, {})", number(depth - 1), number(depth - 1));
    case 1:
      return fmt::format("({} {} {})", tuple(depth - 1), *rc::gen::element("+", "-", "*", "/", "%"),
                         tuple(depth - 1));
    case 2: return fmt::format("tuple({} + i for i in (0, 1))", number(depth - 1));
    case 3: return fmt::format("pair({})", tuple(depth - 1));
    default: return fmt::format("({} * {})", tuple(depth - 1), number(depth - 1));
  }
}

std::string number(int depth) {
  static const std::vector<std::string> kLeaves{
      "task.ipoint[0]", "task.ipoint[-1]", "task.ispace[1]", "3", "0", "-2", "p[1]", "n", "g.size[1]"};
  if (depth == 0) return *rc::gen::elementOf(kLeaves);
  switch (*rc::gen::inRange(0, 8)) {
    case 0: return fmt::format("(-{})", number(depth - 1));
    case 1: return fmt::format("one({}, {})", number(depth - 1), number(depth - 1));
    case 2: return fmt::format("{}[{}]", tuple(depth - 1), *rc::gen::inRange(-2, 2));
    case 3:
      return fmt::format("({} < {} ? {} : {})", number(depth - 1), number(depth - 1), number(depth - 1),
                         number(depth - 1));
    case 4: return fmt::format("({} == {} ? 1 : {})", tuple(depth - 1), tuple(depth - 1), number(depth - 1));
    default:
      return fmt::format("({} {} {})", number(depth - 1), *rc::gen::element("+", "-", "*", "/", "%"),
                         number(depth - 1));
  }
}

TEST(Trace, MapsAsEvaluationDoes) {
  EXPECT_TRUE(rc::check("random functions", [] {
    const int depth = *rc::gen::inRange(0, 4);
    const std::string inside = *rc::gen::arbitrary<bool>() ? " % 2" : "";
    const std::string returned =
        *rc::gen::inRange(0, 4) == 0
            ? fmt::format("g3[*{}, {}{}]", tuple(depth), number(depth), inside)
            : fmt::format("g[{}{}, {}{}]", number(depth), inside, number(depth), inside);
    expect_same(
        fmt::format("def f(Task task) {{{{\n  {{}}\n  n = {};\n  p = task.ipoint * 2 + 1;\n  q = {};\n  "
                    "return {};\n}}}}\n",
                    *rc::gen::element("task.ipoint[0]", "task.ispace[0]", "7"), tuple(depth), returned),
        *parse_domain("3x4"));
  }));
}

TEST(Trace, MapsTheOlderFormAsEvaluationDoes) {
  const std::string function =
      "def f(IPoint p, ISpace s, MSpace m) {{ return (p[0] * m.size[0] / s[0], p[1] {}% m.size[1]); }}\n"
      "def unused(Task task) {{ {} return g[0, 0]; }}\n";
  const auto with = [&](const char* more) {
    return fmt::format("g = Machine(GPU);\n") + fmt::format(fmt::runtime(function), more, "x = 1;") +
           "IndexTaskMap t g f;\n";
  };
  const Domain domain = *parse_domain("6x8");
  std::vector<std::string> expected;
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 8; ++j)
      expected.push_back(fmt::format("{} {} {}", static_cast<int>(machine::ProcessorKind::gpu), i, j % 4));
  }
  EXPECT_EQ(answers(with(""), domain), expected);
  // Outside at some of the points.
  const auto some = answers(with("+ 1 "), domain);
  EXPECT_EQ(some[0], expected[1]);
}

// A function is walked for the points at which arithmetic fails, and only for those.
TEST(Trace, FailsWhereEvaluationDoes) {
  const auto all = answers(
      "g = Machine(GPU);\ndef f(Task task) { return g[task.ipoint[0], 6 / (task.ipoint[1] - 2) % 4]; }\n"
      "IndexTaskMap t f;\n",
      *parse_domain("2x4"));
  ASSERT_EQ(all.size(), 8U);
  const int gpu = static_cast<int>(machine::ProcessorKind::gpu);
  EXPECT_NE(all[0].find("is -3, outside 0..3"), std::string::npos) << all[0];
  EXPECT_NE(all[2].find("divides 6 by zero"), std::string::npos) << all[2];
  EXPECT_EQ(all[3], fmt::format("{} 0 2", gpu));
  EXPECT_EQ(all[7], fmt::format("{} 1 2", gpu));
}

TEST(Trace, HasABound) {
  std::string sums = "s0 = task.ipoint[0];\n";
  for (int i = 1; i <= 400; ++i)
    sums += fmt::format("s{} = s{} + {};\n", i, i - 1, i % 2 == 0 ? "task.ipoint[1]" : "0");
  const auto all = answers(
      "g = Machine(GPU);\ndef f(Task task) {\n" + sums + "return g[s400 % 6, 1];\n}\nIndexTaskMap t f;\n",
      *parse_domain("2x2"));
  const int gpu = static_cast<int>(machine::ProcessorKind::gpu);
  EXPECT_EQ(all,
            (std::vector<std::string>{fmt::format("{} 0 1", gpu), fmt::format("{} {} 1", gpu, 200 % 6),
                                      fmt::format("{} 1 1", gpu), fmt::format("{} {} 1", gpu, 201 % 6)}));
}

}  // namespace
}  // namespace mapwright::lang
