// What expressions are worth, and where mapping functions put tasks. Failures have their cases in
// tests/corpus.
#include "lang/evaluator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "lang/lang.h"
#include "lang/placement.h"

namespace mapwright::lang {
namespace {

machine::Grid grid() {
  std::array<std::int64_t, machine::kProcessorKinds> counts{};
  counts[static_cast<std::size_t>(machine::ProcessorKind::cpu)] = 2;
  counts[static_cast<std::size_t>(machine::ProcessorKind::gpu)] = 4;
  return machine::make_grid(6, counts);
}

Compilation compiled(const std::string& text) {
  return compile(std::make_shared<base::Source>("test.mapper", text));
}

std::string problems_text(const base::Diagnostics& problems) {
  std::string text;
  for (const base::Diagnostic& d : problems.items()) text += base::render(d, false);
  return text;
}

// What print writes for an expression, on six nodes with 2 CPUs and 4 GPUs.
std::string worth(const std::string& expression) {
  const Compilation c = compiled("m = Machine(GPU);\nt = (3, 5, 7);\nprint(\"{}\", " + expression + ");\n");
  if (!c.mapper) return problems_text(c.problems);
  Evaluator evaluator(c.mapper, grid());
  const base::Diagnostics problems = evaluator.start();
  if (problems.has_errors()) return problems_text(problems);
  return evaluator.log().at(0);
}

struct Example {
  const char* expression;
  const char* value;
};

class Worth : public testing::TestWithParam<Example> {};
TEST_P(Worth, IsThis) {
  EXPECT_EQ(worth(GetParam().expression), GetParam().value) << GetParam().expression;
}

constexpr Example kExamples[] = {
    // Integers: division truncates toward zero, as in C.
    {"7 / 2", "3"},
    {"-7 / 2", "-3"},
    {"7 / -2", "-3"},
    {"-7 % 2", "-1"},
    {"7 % -2", "1"},
    {"4000000000 * 2", "8000000000"},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775807 - 1", "-9223372036854775808"},
    {"8589934592 / 3", "2863311530"},
    {"-8589934592 % 5", "-2"},
    // Precedence, from loose to tight, and associativity.
    {"True || False && False", "True"},
    {"1 + 2 * 3", "7"},
    {"10 - 4 - 3", "3"},
    {"24 / 4 / 2", "3"},
    {"7 % 4 * 2", "6"},
    {"2 * 7 % 4", "2"},
    {"1 + 1 == 2", "True"},
    {"1 < 2 == True", "True"},
    {"-2 * 3", "-6"},
    {"-t[0] + 1", "-2"},
    {"!True || True", "True"},
    {"1 < 2 ? 3 : 4", "3"},
    {"False ? 1 : False ? 2 : 3", "3"},
    {"False ? 1 : 2 + 3", "5"},
    // Only what decides is evaluated.
    {"False && 1 / 0 == 1", "False"},
    {"True || 1 / 0 == 1", "True"},
    {"True ? 1 : 1 / 0", "1"},
    // Tuples.
    {"(1, 2) + (10, 20)", "(11, 22)"},
    {"(1, 2) * 3", "(3, 6)"},
    {"10 - (1, 2)", "(9, 8)"},
    {"(7, 9) / (2, 4)", "(3, 2)"},
    {"-(1, -2)", "(-1, 2)"},
    {"(1, 2) == (1, 2)", "True"},
    {"(1, 2) != (1, 3)", "True"},
    {"(1, 2) == (1, 2, 3)", "False"},
    {"(1, (2, 3)) == (1, (2, 3))", "True"},
    {"(1, (2, 3)) == (1, (2, 4))", "False"},
    {"(5,)", "(5,)"},
    {"(5)", "5"},
    {"(1, 2,)", "(1, 2)"},
    {"(1, *t, 9)", "(1, 3, 5, 7, 9)"},
    {"(*t, *t)", "(3, 5, 7, 3, 5, 7)"},
    {"(*t[0:0],)", "()"},
    {"t[0]", "3"},
    {"t[-1]", "7"},
    {"t[1:]", "(5, 7)"},
    {"t[:-1]", "(3, 5)"},
    {"t[:]", "(3, 5, 7)"},
    {"t[-2:]", "(5, 7)"},
    {"t[5:]", "()"},
    {"t[2:1]", "()"},
    {"t[-9:9]", "(3, 5, 7)"},
    {"t[True ? 0 : 1:2]", "(3, 5)"},
    {"t.len", "3"},
    {"t.volume", "105"},
    {"t.size", "(3, 5, 7)"},
    {"tuple(i * i for i in t)", "(9, 25, 49)"},
    {"tuple(i for i in range(4))", "(0, 1, 2, 3)"},
    {"tuple(tuple(i * j for j in range(3)) for i in range(2))", "((0, 0, 0), (0, 1, 2))"},
    {"range(0)", "()"},
    {"range(-3)", "()"},
    {"((1, 2), 3)[0][1]", "2"},
    // Machines and kinds.
    {"m", "Machine(GPU)(6, 4)"},
    {"m.size", "(6, 4)"},
    {"m.size[1]", "4"},
    {"m.size[-1]", "4"},
    {"m[:-1]", "(6,)"},
    {"m.len", "2"},
    {"m.volume", "24"},
    {"Machine(OMP).volume", "0"},
    {"Machine(OMP).volume > 0 ? Machine(OMP) : m", "Machine(GPU)(6, 4)"},
    {"m.merge(0, 1).size", "(24,)"},
    {"m.split(0, 2).size", "(2, 3, 4)"},
    {"m.swap(0, 1).size", "(4, 6)"},
    {"m.slice(0, 1, 3).size", "(3, 4)"},
    {"m.balance_split(0, 2).size", "(3, 2, 4)"},
    {"m.auto_split(0, (4, 6)).size", "(2, 3, 4)"},
    {"m.greedy_split(1, (8, 4)).size", "(6, 4, 1)"},
    // A block without points counts as one.
    {"m.auto_split(0, (0, 6)).size", "(1, 6, 4)"},
    {"m[5, 3]", "GPU(5, 3)"},
    {"m[5, 3][0]", "5"},
    {"(*m[5, 3], 1)", "(5, 3, 1)"},
    {"m.reverse(0)[0, 0]", "GPU(5, 0)"},
    {"m.merge(0, 1)[9]", "GPU(2, 1)"},
    {"m.split(0, 2)[1, 2, 3]", "GPU(5, 3)"},
    {"m[2, *]", "(GPU(2, 0), GPU(2, 1), GPU(2, 2), GPU(2, 3))"},
    {"m.has(FBMEM)", "True"},
    {"m[0, 0].has(SYSMEM)", "False"},
    {"Machine(CPU).has(ZCMEM)", "True"},
    {"GPU == GPU", "True"},
    {"FBMEM != ZCMEM", "True"},
};

std::string example_name(const testing::TestParamInfo<Example>& info) {
  return fmt::format("Example{}", info.index);
}

INSTANTIATE_TEST_SUITE_P(Expressions, Worth, testing::ValuesIn(kExamples), example_name);

TEST(Functions, CallOneAnotherForwardAndThemselves) {
  const Compilation c = compiled(R"(
m = Machine(GPU);
def f(Task task) { return m[sum(task.ipoint[0]) % 6, helper(task.ipoint, m)]; }
def sum(int n) { return n <= 0 ? 0 : n + sum(n - 1); }
def helper(IPoint p, MSpace space) { return p[0] % space.size[1]; }
IndexTaskMap t f;
)");
  ASSERT_TRUE(c.mapper) << problems_text(c.problems);
  auto placer = Placer::create(c.mapper, grid());
  ASSERT_TRUE(placer);
  const auto placed =
      (*placer)->place(*c.mapper->index_map("t", machine::ProcessorKind::gpu), "t", *parse_domain("9"), {});
  ASSERT_TRUE(placed);
  for (std::int64_t i = 0; i < 9; ++i) {
    const Slot expected{static_cast<std::uint32_t>(i * (i + 1) / 2 % 6), static_cast<std::uint32_t>(i % 4)};
    EXPECT_EQ((*placed)->at(i)[0], expected) << i;
  }
}

TEST(Functions, ValuesThatAllPointsShareFollowTheLaunch) {
  // `grid` depends on the launch domain only; it must not stay that of the launch before.
  const Compilation c = compiled(R"(
m = Machine(GPU);
def f(Task task) {
    grid = m.auto_split(0, task.ispace);
    p = task.ipoint;
    return grid[p[0] * grid.size[0] / task.ispace[0], p[1] * grid.size[1] / task.ispace[1], 0];
}
IndexTaskMap t f;
)");
  ASSERT_TRUE(c.mapper) << problems_text(c.problems);
  Evaluator evaluator(c.mapper, grid());
  ASSERT_FALSE(evaluator.start().has_errors());
  const MapChoice map = *c.mapper->index_map("t", machine::ProcessorKind::gpu);
  const auto node = [&](const Domain& domain, Point point) {
    TaskContext task;
    task.point = &point;
    task.domain = &domain;
    const auto target = evaluator.target(map, task);
    return std::get<Target>(target).one.node;
  };
  const Domain tall = *parse_domain("6x1");
  const Domain wide = *parse_domain("1x6");
  EXPECT_EQ(node(tall, {5, 0}), 5);
  EXPECT_EQ(node(wide, {0, 5}), 5);
  EXPECT_EQ(node(tall, {3, 0}), 3);
  EXPECT_EQ(node(wide, {0, 2}), 2);
}

TEST(SingleTasks, FollowTheirParent) {
  const Compilation c = compiled(R"(
m = Machine(GPU);
line = m.merge(0, 1);
def same(Task task) { return m[*task.parent.processor(m)]; }
def next(Task task) { return line[(task.parent.processor(line)[0] + 1) % line.size[0]]; }
def node(Task task) { return m[task.parent.processor(m)[0], *]; }
SingleTaskMap a same;
SingleTaskMap b next;
SingleTaskMap c node;
)");
  ASSERT_TRUE(c.mapper) << problems_text(c.problems);
  auto placer = Placer::create(c.mapper, grid());
  const auto at = [&](const char* task, machine::Processor parent) {
    const auto placed =
        (*placer)->place_single(*c.mapper->single_map(task, machine::ProcessorKind::gpu), task, parent, {});
    const auto slots = (*placed)->at(std::int64_t{0});
    return std::vector<Slot>(slots.begin(), slots.end());
  };
  EXPECT_EQ(at("a", {3, 2}), (std::vector<Slot>{{3, 2}}));
  EXPECT_EQ(at("a", {5, 0}), (std::vector<Slot>{{5, 0}}));
  EXPECT_EQ(at("b", {3, 3}), (std::vector<Slot>{{4, 0}}));
  EXPECT_EQ(at("c", {1, 3}), (std::vector<Slot>{{1, 0}, {1, 1}, {1, 2}, {1, 3}}));
}

TEST(OlderForm, IndexesTheNamedMachine) {
  const Compilation c = compiled(R"(
m = Machine(GPU);
line = m.merge(0, 1);
def pair(IPoint x, ISpace y, MSpace z) { return (x[0] * z.size[0] / y[0], x[0] % z.size[1]); }
def one(IPoint x, ISpace y, MSpace z) { return x[0] * z.size[0] / y[0]; }
IndexTaskMap a m pair;
IndexTaskMap * line one;
)");
  ASSERT_TRUE(c.mapper) << problems_text(c.problems);
  auto placer = Placer::create(c.mapper, grid());
  const auto slot = [&](const char* task, std::int64_t i) {
    const auto placed = (*placer)->place(*c.mapper->index_map(task, machine::ProcessorKind::gpu), task,
                                         *parse_domain("12"), {});
    return (*placed)->at(i)[0];
  };
  EXPECT_EQ(slot("a", 7), (Slot{3, 3}));      // 7 * 6 / 12, 7 % 4
  EXPECT_EQ(slot("other", 7), (Slot{3, 2}));  // 7 * 24 / 12 = 14 = 3 * 4 + 2
}

TEST(Placements, BeginWhereTheDomainBegins) {
  // ipoint is absolute, ispace counts.
  const Compilation c = compiled(
      "m = Machine(GPU);\ndef f(Task task) { return m[task.ipoint[0] - 10, task.ispace[0] - 1]; "
      "}\nIndexTaskMap t f;\n");
  auto placer = Placer::create(c.mapper, grid());
  const auto placed = (*placer)->place(*c.mapper->index_map("t", machine::ProcessorKind::gpu), "t",
                                       *parse_domain("10..13"), {});
  ASSERT_TRUE(placed) << problems_text(placed.problems());
  EXPECT_EQ((*placed)->at(std::int64_t{2})[0], (Slot{2, 3}));
}

TEST(Placements, AreComputedOnceAndSharedByThreads) {
  const Compilation c = compiled(
      "m = Machine(GPU);\ndef f(Task task) { return m[task.ipoint[0] % 6, task.ipoint[1] % 4]; "
      "}\nIndexTaskMap t f;\n");
  auto placer = Placer::create(c.mapper, grid());
  const MapChoice map = *c.mapper->index_map("t", machine::ProcessorKind::gpu);
  std::array<PlacementPtr, 8> tables;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    threads.emplace_back(
        [&, i] { tables.at(i) = *(*placer)->place(map, "t", *parse_domain("100x100"), {}); });
  }
  for (std::thread& t : threads) t.join();
  for (const PlacementPtr& table : tables) EXPECT_EQ(table, tables[0]);
  EXPECT_EQ(tables[0]->at(Point{7, 9})[0], (Slot{1, 1}));
}

TEST(Print, GoesToTheLogOnly) {
  const Compilation c = compiled(R"(
m = Machine(GPU);
print("{} and {}", m.size, True);
def f(Task task) {
    print("point {}", task.ipoint);
    return m[0, 0];
}
IndexTaskMap t f;
)");
  ASSERT_TRUE(c.mapper) << problems_text(c.problems);
  auto placer = Placer::create(c.mapper, grid());
  ASSERT_TRUE(
      (*placer)->place(*c.mapper->index_map("t", machine::ProcessorKind::gpu), "t", *parse_domain("2"), {}));
  EXPECT_EQ((*placer)->log(), (std::vector<std::string>{"(6, 4) and True", "point (0,)", "point (1,)"}));
}

}  // namespace
}  // namespace mapwright::lang
