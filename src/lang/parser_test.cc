#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "lang/ast.h"
#include "lang/diagnostics.h"
#include "lang/lang.h"

namespace mapwright::lang {
namespace {

struct Parsed {
  Ast ast;
  base::Diagnostics problems;
};

Parsed parse_text(const std::string& text) {
  Parsed p;
  p.ast = parse(std::make_shared<base::Source>("test.mapper", text), &p.problems);
  return p;
}

Parsed good(const std::string& text) {
  Parsed p = parse_text(text);
  for (const base::Diagnostic& d : p.problems.items()) ADD_FAILURE() << base::render(d, false);
  return p;
}

// The tree with all its brackets.
std::string shape(const Ast& ast, ExprId id) {
  if (id == kNoExpr) return "";
  const Expr& e = ast[id];
  const auto list = [&] {
    std::string text;
    for (const ExprId item : ast.list_of(e)) text += (text.empty() ? "" : " ") + shape(ast, item);
    return text;
  };
  const std::string a = shape(ast, e.a);
  const std::string b = shape(ast, e.b);
  const std::string c = shape(ast, e.c);
  const std::string_view word = ast.source->slice(e.word);
  switch (e.kind) {
    case ExprKind::error: return "error";
    case ExprKind::integer:
    case ExprKind::boolean: return fmt::format("{}", e.value);
    case ExprKind::processor_kind:
    case ExprKind::memory_kind:
    case ExprKind::name: return std::string(word);
    case ExprKind::star: return "all";
    case ExprKind::tuple: return fmt::format("(tuple {})", list());
    case ExprKind::unpack: return fmt::format("(unpack {})", a);
    case ExprKind::negate: return fmt::format("(neg {})", a);
    case ExprKind::not_: return fmt::format("(not {})", a);
    case ExprKind::binary: return fmt::format("({} {} {})", name_of(static_cast<BinaryOp>(e.detail)), a, b);
    case ExprKind::conditional: return fmt::format("(? {} {} {})", a, b, c);
    case ExprKind::call: return fmt::format("(call {} [{}])", a, list());
    case ExprKind::index: return fmt::format("(index {} [{}])", a, list());
    case ExprKind::slice: return fmt::format("(slice {} [{}:{}])", a, b, c);
    case ExprKind::property: return fmt::format("(. {} {})", a, word);
    case ExprKind::comprehension: return fmt::format("(for {} {} {})", word, b, a);
  }
  return "";
}

std::string shape_of(const std::string& expression) {
  const Parsed p = good("x = " + expression + ";");
  const auto* a = p.ast.statements.size() == 1 ? std::get_if<Assignment>(&p.ast.statements.front()) : nullptr;
  return a == nullptr ? "no assignment" : shape(p.ast, a->value);
}

// ---- expressions

TEST(Parser, OperatorsOfOneLevelGroupToTheLeft) {
  for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{{"||", "||"},
                                                                                      {"&&", "&&"},
                                                                                      {"==", "!="},
                                                                                      {"!=", "=="},
                                                                                      {"<", ">="},
                                                                                      {"<=", ">"},
                                                                                      {">", "<"},
                                                                                      {">=", "<="},
                                                                                      {"+", "-"},
                                                                                      {"-", "+"},
                                                                                      {"*", "/"},
                                                                                      {"/", "%"},
                                                                                      {"%", "*"}}) {
    EXPECT_EQ(shape_of(fmt::format("a {} b {} c", first, second)),
              fmt::format("({1} ({0} a b) c)", first, second));
  }
}

TEST(Parser, LevelsBindTighterDownTheList) {
  const std::vector<std::string> levels{"||", "&&", "==", "<", "+", "*"};
  for (std::size_t i = 0; i + 1 < levels.size(); ++i) {
    EXPECT_EQ(shape_of(fmt::format("a {} b {} c", levels[i], levels[i + 1])),
              fmt::format("({} a ({} b c))", levels[i], levels[i + 1]));
    EXPECT_EQ(shape_of(fmt::format("a {} b {} c", levels[i + 1], levels[i])),
              fmt::format("({} ({} a b) c)", levels[i], levels[i + 1]));
  }
}

TEST(Parser, ConditionalsGroupToTheRight) {
  EXPECT_EQ(shape_of("a ? b : c ? d : e"), "(? a b (? c d e))");
  EXPECT_EQ(shape_of("a ? b ? c : d : e"), "(? a (? b c d) e)");
  EXPECT_EQ(shape_of("a || b ? c + 1 : d"), "(? (|| a b) (+ c 1) d)");
}

TEST(Parser, PrefixOperatorsBindTighterThanBinaryOnes) {
  EXPECT_EQ(shape_of("-a * b"), "(* (neg a) b)");
  EXPECT_EQ(shape_of("a - -b"), "(- a (neg b))");
  EXPECT_EQ(shape_of("a--b"), "(- a (neg b))");
  EXPECT_EQ(shape_of("- - a"), "(neg (neg a))");
  EXPECT_EQ(shape_of("!a && b"), "(&& (not a) b)");
  EXPECT_EQ(shape_of("-a.size[0]"), "(neg (index (. a size) [0]))");
}

TEST(Parser, StarIsAllOrUnpacksOrMultiplies) {
  EXPECT_EQ(shape_of("m[*]"), "(index m [all])");
  EXPECT_EQ(shape_of("m[*, *]"), "(index m [all all])");
  EXPECT_EQ(shape_of("m[*p]"), "(index m [(unpack p)])");
  EXPECT_EQ(shape_of("m[*p, 0]"), "(index m [(unpack p) 0])");
  EXPECT_EQ(shape_of("m[*(p / q)]"), "(index m [(unpack (/ p q))])");
  EXPECT_EQ(shape_of("m[*p.size]"), "(index m [(unpack (. p size))])");
  EXPECT_EQ(shape_of("m[*p % q]"), "(index m [(% (unpack p) q)])");
  EXPECT_EQ(shape_of("m[a * b]"), "(index m [(* a b)])");
  EXPECT_EQ(shape_of("f(*t, 1)"), "(call f [(unpack t) 1])");
  EXPECT_EQ(shape_of("(*t, *u)"), "(tuple (unpack t) (unpack u))");
}

TEST(Parser, SlicesAndConditionalsShareTheColon) {
  EXPECT_EQ(shape_of("t[:]"), "(slice t [:])");
  EXPECT_EQ(shape_of("t[1:]"), "(slice t [1:])");
  EXPECT_EQ(shape_of("t[:-1]"), "(slice t [:(neg 1)])");
  EXPECT_EQ(shape_of("t[a:b]"), "(slice t [a:b])");
  EXPECT_EQ(shape_of("t[c ? a : b]"), "(index t [(? c a b)])");
  EXPECT_EQ(shape_of("t[c ? a : b : d]"), "(slice t [(? c a b):d])");
  EXPECT_EQ(shape_of("t[a : c ? b : d]"), "(slice t [a:(? c b d)])");
}

TEST(Parser, PostfixOperatorsChain) {
  EXPECT_EQ(shape_of("m.split(0, 2).merge(0, 1)[i, 0]"),
            "(index (call (. (call (. m split) [0 2]) merge) [0 1]) [i 0])");
  EXPECT_EQ(shape_of("f()()"), "(call (call f []) [])");
  EXPECT_EQ(shape_of("(a + b)[0]"), "(index (+ a b) [0])");
}

TEST(Parser, TuplesAndTrailingCommas) {
  EXPECT_EQ(shape_of("(a)"), "a");
  EXPECT_EQ(shape_of("(a,)"), "(tuple a)");
  EXPECT_EQ(shape_of("(a, b,)"), "(tuple a b)");
  EXPECT_EQ(shape_of("f(a, b,)"), "(call f [a b])");
  EXPECT_EQ(shape_of("m[a, b,]"), "(index m [a b])");
  EXPECT_EQ(shape_of("((a, b), c)"), "(tuple (tuple a b) c)");
}

TEST(Parser, ComprehensionsRangeOverAnyValue) {
  EXPECT_EQ(shape_of("tuple(i * 2 for i in range(3))"), "(for i (call range [3]) (* i 2))");
  EXPECT_EQ(shape_of("tuple(i for i in (1, 2))"), "(for i (tuple 1 2) i)");
  EXPECT_EQ(shape_of("tuple(c ? i : 0 for i in t[1:])"), "(for i (slice t [1:]) (? c i 0))");
}

TEST(Parser, WordsAreReservedOnlyInTheirPlace) {
  EXPECT_EQ(shape_of("size + Task + print + for"), "(+ (+ (+ size Task) print) for)");
  EXPECT_EQ(shape_of("tuple"), "tuple");
  EXPECT_EQ(shape_of("GPU == True"), "(== GPU 1)");
  good("if = 1; Region = 2; def = 3; print = 4;");
  good("def f(Task if) { return = 1; def = 2; return return; }");
}

TEST(Parser, AReturnMayNegateTwice) {
  const Parsed p = good("def f(int x) { return --x; }");
  const auto& f = std::get<Function>(p.ast.statements[0]);
  EXPECT_EQ(shape(p.ast, std::get<Return>(f.body.at(0)).value), "(neg (neg x))");
}

TEST(Parser, BracketsBelongToThePlaceOfAnExpression) {
  const Parsed p = good("x = (a + b) * c;");
  const Expr& product = p.ast[std::get<Assignment>(p.ast.statements[0]).value];
  EXPECT_EQ(p.ast.source->slice(product.span), "(a + b) * c");
  EXPECT_EQ(p.ast.source->slice(p.ast[product.a].span), "(a + b)");
  EXPECT_EQ(p.ast.source->slice(product.word), "*");
}

// ---- statements

TEST(Parser, NamesMayBeDottedScopedOrQuoted) {
  const Parsed p = good("Task a.b, c::d, \"e f\", size GPU;");
  const auto& task = std::get<TaskStatement>(p.ast.statements[0]);
  ASSERT_EQ(task.tasks.size(), 4U);
  EXPECT_EQ(task.tasks[0].text, "a.b");
  EXPECT_EQ(task.tasks[1].text, "c::d");
  EXPECT_EQ(task.tasks[2].text, "e f");
  EXPECT_TRUE(task.tasks[2].quoted);
  EXPECT_EQ(task.tasks[3].text, "size");
}

TEST(Parser, AQuotedStarIsAName) {
  const Parsed p = good("Task \"*\" GPU; Task * GPU;");
  EXPECT_FALSE(std::get<TaskStatement>(p.ast.statements[0]).tasks[0].any());
  EXPECT_TRUE(std::get<TaskStatement>(p.ast.statements[1]).tasks[0].any());
}

TEST(Parser, RegionsHaveNamesIndicesOrStars) {
  const Parsed p =
      good("Region t 0 * FBMEM, ZCMEM; Region * r GPU VIRTUAL; CollectMemory t 1; Layout t 2 * SOA;");
  const auto& first = std::get<RegionStatement>(p.ast.statements[0]);
  EXPECT_EQ(first.region.text, "0");
  EXPECT_TRUE(first.kind.empty());
  EXPECT_EQ(first.memories.size(), 2U);
  const auto& second = std::get<RegionStatement>(p.ast.statements[1]);
  ASSERT_EQ(second.kind.size(), 1U);
  EXPECT_EQ(second.kind[0].kind, machine::ProcessorKind::gpu);
}

TEST(Parser, LayoutsTakeEveryConstraint) {
  const Parsed p =
      good("Layout t r FBMEM SOA AOS C_order F_order Compact Exact Align == 128 Align<=64; Layout * * GPU;");
  const auto& layout = std::get<LayoutStatement>(p.ast.statements[0]);
  ASSERT_EQ(layout.constraints.size(), 8U);
  EXPECT_EQ(layout.constraints[6].bytes, 128);
  EXPECT_EQ(layout.constraints[7].op, AlignOp::less_equal);
  EXPECT_TRUE(std::holds_alternative<MemoryRef>(layout.where));
  EXPECT_TRUE(std::holds_alternative<ProcessorRef>(std::get<LayoutStatement>(p.ast.statements[1]).where));
}

TEST(Parser, MapsByTaskKindOrAllAndInTheOlderForm) {
  const Parsed p = good(
      "IndexTaskMap a, b f; IndexTaskMap GPU f; SingleTaskMap * f; IndexTaskMap a m f; IndexTaskMap * m f;");
  const auto map = [&](std::size_t i) { return std::get<MapStatement>(p.ast.statements[i]); };
  EXPECT_EQ(map(0).tasks.size(), 2U);
  ASSERT_EQ(map(1).kind.size(), 1U);
  EXPECT_FALSE(map(2).index);
  EXPECT_TRUE(map(2).tasks[0].any());
  EXPECT_EQ(map(3).machine.text, "m");
  EXPECT_EQ(map(3).function.text, "f");
  EXPECT_EQ(map(4).machine.text, "m");
}

TEST(Parser, FunctionsHaveTypedParametersAndABody) {
  const Parsed p = good(
      "def f(int a, bool b, IPoint c, ISpace d, MSpace e, Task g,) { x = a; print(\"{}\", x,); return x; }");
  const auto& f = std::get<Function>(p.ast.statements[0]);
  ASSERT_EQ(f.parameters.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(static_cast<std::size_t>(f.parameters[i].type), i);
  EXPECT_EQ(f.body.size(), 3U);
  EXPECT_FALSE(f.broken);
  EXPECT_TRUE(std::get<Function>(good("def f() { return 0; }").ast.statements[0]).parameters.empty());
}

TEST(Parser, StatementsCoverTheirWords) {
  const Parsed p = good("Task * GPU ;\n  Region * * GPU FBMEM; x = (1 + 2) ; def f(Task t) { return t; }");
  const auto text = [&](std::size_t i) {
    return std::string(
        p.ast.source->slice(std::visit([](const auto& s) { return s.span; }, p.ast.statements[i])));
  };
  EXPECT_EQ(text(0), "Task * GPU");
  EXPECT_EQ(text(1), "Region * * GPU FBMEM");
  EXPECT_EQ(text(2), "x = (1 + 2)");
  EXPECT_EQ(text(3), "def f(Task t) { return t; }");
  EXPECT_EQ(p.ast.source->slice(std::get<Function>(p.ast.statements[3]).head), "def f(Task t)");
}

TEST(Parser, RolesTellTheFormatterWhatTheWordsAre) {
  const Parsed p = good("def f(Task t) { return m[*t.size, -1][1:2](3) ? 4 * 5 : (6); } Task a.b GPU;");
  std::string roles;
  for (const Token& t : p.ast.words.tokens) {
    const std::string_view word = p.ast.source->slice(t.span);
    if (t.role == TokenRole::prefix) roles += fmt::format(" prefix {}", word);
    if (t.role == TokenRole::tight) roles += fmt::format(" tight {}", word);
    if (t.role == TokenRole::call_paren) roles += fmt::format(" call {}", word);
    if (t.role == TokenRole::body_brace) roles += fmt::format(" body {}", word);
    if (t.role == TokenRole::statement_end) roles += fmt::format(" end {}", word);
  }
  EXPECT_EQ(roles, " call ( body { prefix * prefix - tight : call ( end ; body } tight . tight b end ;");
}

TEST(Parser, LinesMayEndInAnyUsualWay) {
  for (const char* text : {"Task * GPU;\r\nx = 1;\r\n", "\xEF\xBB\xBFTask * GPU;\nx = 1;",
                           "Task * GPU; x = 1; # end", "# begin\nTask * GPU; // one\nx\n=\n1\n;\n// end"}) {
    EXPECT_EQ(good(text).ast.statements.size(), 2U) << text;
  }
  EXPECT_TRUE(good("").ast.statements.empty());
  EXPECT_TRUE(good("# nothing").ast.statements.empty());
}

// ---- recovery

std::vector<std::string> problems_of(const std::string& text) {
  std::vector<std::string> list;
  const Compilation compiled = compile(std::make_shared<base::Source>("test.mapper", text));
  for (const base::Diagnostic& d : compiled.problems.items()) list.emplace_back(d.kind->name);
  return list;
}
using Strings = std::vector<std::string>;

TEST(Recovery, WhatFailedToParseStillHasAName) {
  EXPECT_EQ(problems_of("x = ;\ny = x + 1;"), Strings{"expected"});
  EXPECT_EQ(problems_of("def f(Task t) { a = 1 +; return Machine(GPU)[a, 0]; }"), Strings{"expected"});
  EXPECT_EQ(problems_of("a, b = (1, 2);\nc = a + b;"), Strings{"foreign_form"});
  EXPECT_EQ(problems_of("x = 1;\nx += 2;\ny = x;"), Strings{"foreign_operator"});
}

TEST(Recovery, StrayCharactersAreOneProblem) {
  EXPECT_EQ(problems_of("x = 1 ^ 2;\ny = x;"), Strings{"unexpected_character"});
  EXPECT_EQ(problems_of("Task a\x01 GPU;\nTask b GPU;"), Strings{"unexpected_character"});
}

TEST(Recovery, ChainsOfControlFlowAreOneProblem) {
  for (const char* body :
       {"if (a) { x = 1; } else if (b) { x = 2; } else { x = 3; }",
        "if a:\n  x = 1\n elif b:\n  x = 2\n else:\n  x = 3\n", "for (int i = 0; i < 3; i++) { x = i; }",
        "switch (a) { case 1: x = 2; break; }", "if (a) x = 1; else x = 2;", "while (a)\n {\n x = 1;\n }"}) {
    EXPECT_EQ(problems_of(fmt::format(
                  "m = Machine(GPU);\ndef f(Task t) {{\n {}\n return m[x, 0];\n}}\nTask * GPU;", body)),
              Strings{"control_flow"})
        << body;
  }
}

TEST(Recovery, BlocksStayTogether) {
  EXPECT_EQ(problems_of("class A {\n  Task * GPUX;\n  x = 1;\n}\nTask * GPU;"), Strings{"unknown_statement"});
  EXPECT_EQ(problems_of("f = {1: 2};\nTask * GPU;"), Strings{"expected"});
  EXPECT_EQ(problems_of("def f(Task t) {\n  def g(int i) { return i; }\n  return Machine(GPU)[g(0), 0];\n}\n")
                .front(),
            "nested_function");
  EXPECT_EQ(
      problems_of(
          "def f(Task t) {\n  return Machine(GPU)[0, 0];\ndef g(Task t) { return Machine(GPU)[0, 0]; }\n"),
      Strings{"unclosed"});
}

TEST(Recovery, CommentsThatDivideAreKnownFromCommentsThatTalk) {
  EXPECT_EQ(problems_of("x = 4 // 2;\ny = x;"), Strings{"foreign_operator"});
  EXPECT_EQ(problems_of("x = (4 // 2) + 1;\ny = x;"), Strings{"foreign_operator"});
  EXPECT_EQ(problems_of("x = 4 // all nodes\ny = x;"), Strings{"missing_semicolon"});
  EXPECT_EQ(problems_of("Task * GPU // (see above)\n;"), Strings{});
  EXPECT_EQ(problems_of("x = 4 // (see above)\n;"), Strings{});
}

// ---- anything at all

std::string soup(bool with_bytes) {
  static const std::vector<std::string> kWords{"Task",
                                               "Region",
                                               "Layout",
                                               "IndexTaskMap",
                                               "InstanceLimit",
                                               "def",
                                               "print",
                                               "return",
                                               "if",
                                               "else",
                                               "for",
                                               "in",
                                               "tuple",
                                               "True",
                                               "GPU",
                                               "FBMEM",
                                               "SOA",
                                               "Align",
                                               "x",
                                               "y",
                                               "f",
                                               "task",
                                               "size",
                                               "int",
                                               "0",
                                               "1",
                                               "0x1",
                                               "1.5",
                                               "2d",
                                               "\"s\"",
                                               "\"",
                                               "'",
                                               "(",
                                               ")",
                                               "[",
                                               "]",
                                               "{",
                                               "}",
                                               ",",
                                               ";",
                                               ":",
                                               "?",
                                               ".",
                                               "=",
                                               "==",
                                               "+",
                                               "-",
                                               "*",
                                               "/",
                                               "//",
                                               "%",
                                               "<",
                                               "&&",
                                               "||",
                                               "!",
                                               "&",
                                               "@",
                                               "\\",
                                               "#",
                                               "\n",
                                               "\n  ",
                                               " ",
                                               "**",
                                               "+=",
                                               "\xC3\xB6",
                                               "\xFF",
                                               "\"\"\"",
                                               "/*",
                                               "*/"};
  std::string text;
  const int count = *rc::gen::inRange(0, 120);
  for (int i = 0; i < count; ++i) {
    text += *rc::gen::elementOf(kWords);
    if (*rc::gen::inRange(0, 2) == 0) text += ' ';
    if (with_bytes && *rc::gen::inRange(0, 8) == 0) text += static_cast<char>(*rc::gen::inRange(0, 256));
  }
  return text;
}

TEST(Anything, ParsesToTheEnd) {
  EXPECT_TRUE(rc::check("random words", [] {
    const std::string text = soup(*rc::gen::arbitrary<bool>());
    const auto source = std::make_shared<base::Source>("soup.mapper", text);
    const Compilation compiled = compile(source);
    RC_ASSERT(compiled.problems.has_errors() == !compiled.mapper);
    for (const base::Diagnostic& d : compiled.problems.items()) {
      RC_ASSERT(d.where.begin <= d.where.end);
      RC_ASSERT(d.where.end <= text.size());
      RC_ASSERT(!d.message.empty());
      RC_ASSERT(!base::render(d, false).empty());
      if (!d.fix) continue;
      for (const base::Edit& e : d.fix->edits)
        RC_ASSERT(e.range.begin <= e.range.end && e.range.end <= text.size());
    }
    std::size_t applied = 0;
    base::apply_fixes(text, compiled.problems.items(), &applied);
  }));
}

}  // namespace
}  // namespace mapwright::lang
