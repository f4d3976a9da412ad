// The grammar for language models says what the parser says: what it derives parses, and what compiles it
// derives.
#include "lang/grammar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "corpus.h"
#include "gbnf.h"
#include "grammar_texts.h"
#include "lang/diagnostics.h"
#include "lang/format.h"
#include "lang/lang.h"
#include "lang/slips.h"
#include "lang/words.h"
#include "texts.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;

bool compiles(const std::string& text) {
  return lang::compile(source_of(text)).mapper != nullptr;
}

const gbnf::Grammar& language() {
  static const std::string text = lang::grammar(nullptr);
  static const gbnf::Grammar grammar(text);
  return grammar;
}

// ---- what is there to read

// The blocks of a document that begin "```mapper", with their marks.
std::vector<std::pair<std::string, std::string>> mappers_of(const fs::path& document) {
  std::vector<std::pair<std::string, std::string>> blocks;
  bool inside = false;
  const std::string text = file_text(document);
  for (const std::string_view line : base::split(text, '\n')) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back().second += fmt::format("{}\n", line);
    } else if (line.starts_with("```mapper")) {
      inside = true;
      blocks.emplace_back(line, "");
    }
  }
  return blocks;
}

// All mappers of the project that compile, by where they stand.
const std::map<std::string, std::string>& good_mappers() {
  static const std::map<std::string, std::string> all = [] {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / "mappers"))
      if (entry.path().extension() == ".mapper") found[entry.path().string()] = file_text(entry.path());
    for (const auto& path : corpus::files(kRoot / "tests/corpus/mappers", ".mapper"))
      found[path.string()] = corpus::load(path).text;
    for (const auto& entry : fs::directory_iterator(kRoot / "docs")) {
      if (entry.path().extension() != ".md") continue;
      std::size_t number = 0;
      for (const auto& [head, text] : mappers_of(entry.path()))
        if (head.find(" bad") == std::string::npos)
          found[fmt::format("{}:{}", entry.path().string(), ++number)] = text;
    }
    std::erase_if(found, [](const auto& each) { return !compiles(each.second); });
    return found;
  }();
  return all;
}

std::vector<std::string> words_of_the_language() {
  std::vector<std::string> words{"x",    "not",  "tuple", "lambda",  "and",   "or",
                                 "is",   "mod",  "div",   "for",     "in",    "if",
                                 "else", "True", "False", "Machine", "range", "return"};
  const auto add = [&](const auto& table) { words.insert(words.end(), table.begin(), table.end()); };
  add(lang::kStatementNames);
  add(lang::kPropertyNames);
  add(lang::kTypeNames);
  add(lang::kConstraintNames);
  add(lang::slips::kControlWords);
  add(machine::processor_kind_names());
  add(machine::memory_kind_names());
  return words;
}

const std::set<std::string_view> kNoValues{"not", "tuple", "lambda"};

// What compiles, and grammar.h says that the grammar does not derive it.
bool spelled_oddly(const std::string& text) {
  const auto canonical = lang::canonical(source_of(text));
  if (canonical && language().derives(*canonical)) return true;  // no white space where a quote or a `*` does
  base::Diagnostics none;
  const lang::Ast ast = lang::parse(source_of(text), &none);
  const auto is_kind = [](const lang::Name& n) { return !n.quoted && machine::processor_kind(n.text); };
  const bool kind = std::ranges::any_of(ast.statements, [&](const lang::Statement& s) {
    const auto [tasks, region] = names_in(s);
    return std::ranges::any_of(tasks, is_kind) || (region && is_kind(*region));
  });
  const bool value = std::ranges::any_of(ast.exprs, [&](const lang::Expr& e) {
    return e.kind == lang::ExprKind::name && kNoValues.contains(ast.source->slice(e.word));
  });
  return kind || value;
}

// ---- the grammar itself

TEST(Grammar, IsOneThatLlamaCppTakes) {
  EXPECT_EQ(language().problems(), std::vector<std::string>{});
  EXPECT_LT(lang::grammar(nullptr).size(), 16'000U);
  EXPECT_LT(language().all_rules(), 800U) << "with groups and repetitions";
}

// A prompt needs no automaton of what a name must not be.
TEST(Grammar, IsShortWhereItIsRead) {
  const std::string text = lang::grammar(nullptr, false);
  const gbnf::Grammar grammar(text);
  EXPECT_EQ(grammar.problems(), std::vector<std::string>{});
  EXPECT_LT(text.size(), 6'000U);
  EXPECT_TRUE(
      grammar.derives("Task * GPU, CPU;\nm = Machine(GPU);\ndef f(Task t) { return m[t.ipoint[0], 0]; }\n"
                      "IndexTaskMap a f;\n"));
  EXPECT_FALSE(grammar.derives("Task * GPU, CPU"));
}

TEST(Grammar, NamesEveryWordOfTheLanguage) {
  const std::string text = lang::grammar(nullptr);
  const auto expect = [&](const auto& table) {
    for (const std::string_view w : table)
      EXPECT_NE(text.find(fmt::format("\"{}\"", w)), std::string::npos) << w;
  };
  expect(lang::kStatementNames);
  expect(lang::kPropertyNames);
  expect(lang::kTypeNames);
  expect(lang::kConstraintNames);
  expect(lang::kBinaryNames);
  expect(machine::processor_kind_names());
  expect(machine::memory_kind_names());
}

// A language model pays for each possibility that is open at a place.
TEST(Grammar, LeavesFewPossibilitiesOpen) {
  std::size_t most = 0;
  for (const auto& [where, text] : good_mappers()) EXPECT_TRUE(language().derives(text, &most)) << where;
  EXPECT_TRUE(language().derives("x = a[b[c[d[e[f[g[h[(i[0], (j[1], (k(l(m[2:3])),),),)]]]]]]]];", &most));
  EXPECT_LE(most, 64U);
}

TEST(GbnfReader, FindsWhatIsWrong) {
  const auto problems = [](const std::string& text) { return gbnf::Grammar(text).problems(); };
  EXPECT_TRUE(problems("root ::= \"a\" | b\nb ::= [a-c]+ \"x\"?\n").empty());
  EXPECT_EQ(problems("root ::= b\n").size(), 1U);
  EXPECT_EQ(problems("a ::= \"b\"\n").size(), 1U);
  EXPECT_EQ(problems("root ::= \"a\"\nb ::= \"c\"\n").size(), 1U);
  EXPECT_FALSE(problems("root ::= \"a\"? root \"b\" | \"c\"\n").empty());
  EXPECT_FALSE(problems("root ::= (\"a\"*)*\n").empty()) << "llama.cpp would not end";
  EXPECT_THROW(problems("root ::= \"a\\q\"\n"), std::runtime_error);
  EXPECT_THROW(problems("root ::= \"a\nb\"\n"), std::runtime_error);
  EXPECT_THROW(problems("root ::= a_b\n"), std::runtime_error);
  EXPECT_THROW(problems("root ::= \"a\"\n  | \"b\"\n"), std::runtime_error) << "a rule ends with its line";
}

TEST(GbnfReader, Recognises) {
  const std::string text =
      "root ::= ( # a list\n  item (\",\" item)*)? \"\\x21\"{1,3}\nitem ::= [^,!\\u00e9]+ |\n  \"!!\"\n";
  const gbnf::Grammar g(text);
  for (const char* good : {"!", "a!", "a,bc!!!", "!!!", "!!,b!"}) EXPECT_TRUE(g.derives(good)) << good;
  for (const char* bad : {"", "a", "a,!!!!!!", "\xC3\xA9!", "\xFF!"}) EXPECT_FALSE(g.derives(bad)) << bad;
}

// ---- what it derives parses

TEST(Grammar, DerivesWhatParses) {
  EXPECT_GT(expect_derivations_parse(language(), 1, 20'000), 1'000'000U);
}

// Names that mean something elsewhere, in every place of a name.
TEST(Grammar, KnowsWhereWordsAreNames) {
  const std::vector<std::string> places{"Task @ GPU;",
                                        "Task\n@ GPU;",
                                        "Task a, @ GPU;",
                                        "Task a,\n@ GPU;",
                                        "Task a,@.b GPU;",
                                        "Task # c\n@ CPU;",
                                        "Task a::@ GPU;",
                                        "Task \"@\" GPU;",
                                        "Task \n\"@\" GPU;",
                                        "Region @ r GPU FBMEM;",
                                        "Region t @ * FBMEM;",
                                        "Region t\n@ GPU FBMEM;",
                                        "Region \"t\"\n @ GPU FBMEM;",
                                        "Region * \n@ GPU FBMEM;",
                                        "Layout @ @ * SOA;",
                                        "Layout a\n@ GPU;",
                                        "InstanceLimit @ 4;",
                                        "InstanceLimit\n@ 4;",
                                        "CollectMemory @ @;",
                                        "CollectMemory * @;",
                                        "ControlReplicate @;",
                                        "ControlReplicate a,\n@;",
                                        "IndexTaskMap @ f;",
                                        "IndexTaskMap @, b f;",
                                        "IndexTaskMap\n@ f;",
                                        "IndexTaskMap a, @ f;",
                                        "IndexTaskMap @.b f;",
                                        "IndexTaskMap a @;",
                                        "SingleTaskMap a\n@;",
                                        "IndexTaskMap * @ f;",
                                        "IndexTaskMap * f\n@;",
                                        "IndexTaskMap GPU @;",
                                        "x = @;",
                                        "x = @ + 1;",
                                        "x = 1 + @;",
                                        "x = c ? @ : 1;",
                                        "x = c ? 1 : @;",
                                        "x = t[@:1];",
                                        "x = t[1:@];",
                                        "x = m[@, *@];",
                                        "x = @[0];",
                                        "x = @(1);",
                                        "x = @.size;",
                                        "x = -@;",
                                        "x = !@;",
                                        "x = (@);",
                                        "x = (@, 1);",
                                        "x = tuple(@ for i in r);",
                                        "x = tuple(i for @ in r);",
                                        "x = tuple(i for i in @);",
                                        "x = tuple(@ for @ in @);",
                                        "x =\n@;",
                                        "x = 1\n+\n@;",
                                        "@ = 1;",
                                        "@\n=\n1;",
                                        "x = 1; @ = 2;",
                                        "def @() { return 1; }",
                                        "def f(int @) { return 1; }",
                                        "def f(@ x) { return 1; }",
                                        "def f() { @ = 1; return 2; }",
                                        "def f() { return @; }",
                                        "def f() {\nreturn\n@; }",
                                        "def f() { return -@; }",
                                        "print(\"\", @);",
                                        "print(\"@\");",
                                        "@ = @;",
                                        "# @\n",
                                        "x = 1; // @"};
  std::size_t both = 0;
  for (const std::string& place : places) {
    for (const std::string& word : words_of_the_language()) {
      std::string text = place;
      for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@'))
        text.replace(at, 1, word);
      const base::Diagnostics problems = syntax_problems(text);
      const bool derived = language().derives(text);
      EXPECT_FALSE(derived && !problems.empty()) << text << "\n" << render_all(problems);
      if (machine::processor_kind(word) || kNoValues.contains(word)) continue;
      EXPECT_EQ(derived, problems.empty()) << text << "\n" << render_all(problems);
      if (derived) ++both;
    }
  }
  EXPECT_GT(both, 3000U);
}

TEST(Grammar, LeavesSpaceAsTheParserDoes) {
  for (const char* text : {"",
                           "\n",
                           "# only this",
                           "\xEF\xBB\xBFTask * GPU;",
                           "Task*GPU ,CPU;m=Machine( GPU );",
                           "x=a/(b);",
                           "x=a/-b;",
                           "x=a / b // c\n;",
                           "x=1//2\n;",
                           "Task a # b\n, c // d\n GPU;\r\n",
                           "Region t r*FBMEM;",
                           "x=a--b;",
                           "x=!!a;",
                           "def f(){return(1);}",
                           "def f(){return-1;}",
                           "def f(){return!a;}",
                           "def f(){return--x;}",
                           "def f(int a,bool b,){return a;}",
                           "x=m[*,*p,-1,];",
                           "x=t[:];",
                           "x=t[1:];",
                           "x=t[:-1];",
                           "x=t[c?a:b:d];",
                           "x=(a,);",
                           "x=(*t,*u,);",
                           "x=f(*t,1,);",
                           "print(\"\");print(\"{}\",1,);",
                           "x=tuple(c?i:0 for i in(1,2));",
                           "x=m.split(0,2).merge(0,1)[i,0].size;",
                           "x=a\f+\v\a b;",
                           "Layout * * GPU;",
                           "Layout a 1 FBMEM Align<=7 SOA;",
                           "x = 999999999999999999;",
                           "IndexTaskMap a,b::c.d,\"e f\" m f;SingleTaskMap * f;IndexTaskMap OMP f;"}) {
    EXPECT_TRUE(syntax_problems(text).empty()) << text << render_all(syntax_problems(text));
    EXPECT_TRUE(language().derives(text)) << text;
  }
}

// ---- what compiles is derived

TEST(Grammar, DerivesEveryGoodMapper) {
  EXPECT_GT(good_mappers().size(), 100U);
  for (const auto& [where, text] : good_mappers()) {
    EXPECT_TRUE(language().derives(text)) << where << "\n" << text;
    const auto formatted = lang::format(source_of(text));
    const auto canonical = lang::canonical(source_of(text));
    ASSERT_TRUE(formatted && canonical) << where;
    EXPECT_TRUE(language().derives(*formatted)) << where << "\n" << *formatted;
    EXPECT_TRUE(language().derives(*canonical)) << where << "\n" << *canonical;
  }
}

// ---- what does not parse is not derived

TEST(Grammar, RefusesEverySyntaxErrorOfTheCorpus) {
  std::set<std::string_view> refused;
  for (const auto& path : corpus::files(kRoot / "tests/corpus/mappers", ".mapper")) {
    const corpus::Case c = corpus::load(path);
    const base::Diagnostics problems = syntax_problems(c.text);
    const auto deep = [](const base::Diagnostic& d) { return d.kind == &lang::problem::nested_too_deep; };
    // Depth is the one thing that the grammar does not know.
    if (std::ranges::all_of(problems.items(), deep)) continue;
    EXPECT_FALSE(language().derives(c.text)) << path;
    for (const base::Diagnostic& d : problems.items()) refused.insert(d.kind->code);
  }
  for (const base::DiagnosticKind* kind : lang::problem::kAll) {
    const bool syntax = kind->code.starts_with("MW1") || kind->code.starts_with("MW2");
    const bool known = !syntax || kind == &lang::problem::nested_too_deep;
    EXPECT_TRUE(known || refused.contains(kind->code)) << kind->code;
  }
}

TEST(Grammar, RefusesWhatDoesNotParse) {
  for (const char* text : {"Task * GPU",
                           "Task GPU;",
                           "Task a, GPU;",
                           "Task a b GPU;",
                           "Task *, a GPU;",
                           "Task a GPU CPU;",
                           "Task a FBMEM;",
                           "Task \"\" GPU;",
                           "Task a,\nRegion GPU;",
                           "Task a-b GPU;",
                           "Task a. b GPU;",
                           "Task: a GPU;",
                           "task * GPU;",
                           "Region t GPU FBMEM;",
                           "Region t r FBMEM;",
                           "Region t r GPU;",
                           "Region t -1 GPU FBMEM;",
                           "Region t r GPU SOA;",
                           "Layout t r SOA;",
                           "Layout * * * Align 128;",
                           "Layout * * * Align = 128;",
                           "Layout * * * SOA, AOS;",
                           "InstanceLimit * 4;",
                           "InstanceLimit a;",
                           "InstanceLimit a = 4;",
                           "CollectMemory a;",
                           "ControlReplicate *;",
                           "IndexTaskMap a;",
                           "IndexTaskMap a b c d;",
                           "IndexTaskMap *, a f;",
                           "x = ;",
                           "x == 1;",
                           "x += 1;",
                           "x++;",
                           "x = y = 1;",
                           "x = 1, 2;",
                           "a, b = (1, 2);",
                           "x = a and b;",
                           "x = not a;",
                           "x = a if b else c;",
                           "x = a ** b;",
                           "x = a // b;",
                           "x = a /// c\n b;",
                           "x = 1.5;",
                           "x = 0x10;",
                           "x = 1_000;",
                           "x = 2d;",
                           "x = 'a';",
                           "x = \"a\";",
                           "x = ();",
                           "x = [1, 2];",
                           "x = m[];",
                           "x = m[:, 0];",
                           "x = t[0:4:2];",
                           "x = p.x;",
                           "x = m{0};",
                           "x = f(a = 1);",
                           "x = tuple(1, 2);",
                           "x = tuple(1);",
                           "x = tuple(i for i in r if i);",
                           "x = (i for i in r);",
                           "x = lambda: 1;",
                           "x = a <> b;",
                           "x = a === b;",
                           "x = a << 1;",
                           "x = a & b;",
                           "x = +1;",
                           "x = 1 2;",
                           "x = a ? b;",
                           "x = (a;",
                           "x = 9223372036854775808;",
                           "f(1);",
                           "p[0] = 1;",
                           ";",
                           "Task * GPU;;",
                           "return 1;",
                           "if (a) { x = 1; }",
                           "def f() { x = 1; }",
                           "def f() {}",
                           "def f(a) { return 1; }",
                           "def f(Task) { return 1; }",
                           "def f(int a = 1) { return 1; }",
                           "def f(float a) { return 1; }",
                           "def f(int a): return a",
                           "f(int a) { return a; }",
                           "def f() -> int { return 1; }",
                           "def f() { return 1 }",
                           "def f() { return 1;",
                           "def f() { for (i in r) { } }",
                           "def f() { Task * GPU; return 1; }",
                           "def f() { def g() { return 1; } return 1; }",
                           "def f() = 1;",
                           "print(1);",
                           "print \"a\";",
                           "print(\"a);",
                           "print(f\"a\");",
                           "/* a */",
                           "\"\"\"a\"\"\"",
                           "# \xFF",
                           "}",
                           "Task * GPU; x"}) {
    EXPECT_FALSE(language().derives(text)) << text;
  }
  EXPECT_FALSE(language().derives(std::string("# \0", 3)));
}

// ---- mutations of good mappers

// Deletes, doubles, replaces, swaps or inserts words.
std::string mutated(const std::string& text, const std::vector<std::string>& pool, std::mt19937_64& random) {
  base::Diagnostics none;
  const auto source = source_of(text);
  const lang::Ast ast = lang::parse(source, &none);
  const auto& tokens = ast.words.tokens;
  const std::size_t at = random() % tokens.size();
  const base::Span span = tokens[at].span;
  const std::string word(source->slice(span));
  const std::string other = pool[random() % pool.size()];
  const std::string next(at + 1 < tokens.size() ? source->slice(tokens[at + 1].span) : "");
  const std::string blank = random() % 4 == 0 ? "" : random() % 4 == 0 ? "\n" : " ";
  const std::array<std::string, 6> instead{"",           word + blank + word,  other,
                                           next + blank, other + blank + word, word + blank + other};
  std::string out = text;
  out.replace(span.begin, span.end - span.begin, instead[random() % instead.size()]);
  return out;
}

TEST(Grammar, AgreesWithTheParserOnMutations) {
  std::vector<std::string> pool = words_of_the_language();
  for (const char* w : {"0", "1",  "\"s\"", "(",  ")",  "[",    "]",  "{", "}",   ",",  ";",
                        ":", "?",  ".",     "=",  "==", "+",    "-",  "*", "/",   "//", "%",
                        "<", "<=", "&&",    "||", "!",  "#c\n", "\n", "i", "task"})
    pool.emplace_back(w);
  std::mt19937_64 random(7);
  std::size_t derived = 0;
  std::size_t refused = 0;
  for (const auto& [where, text] : good_mappers()) {
    if (text.size() > 1500) continue;
    for (int i = 0; i < 40; ++i) {
      std::string other = mutated(text, pool, random);
      if (i % 3 == 2) other = mutated(other, pool, random);
      const base::Diagnostics problems = syntax_problems(other);
      const bool accepted = language().derives(other);
      if (accepted && !problems.empty()) {
        ADD_FAILURE() << other << "\n" << render_all(problems);
        return;
      }
      ++(accepted ? derived : refused);
      if (!accepted && compiles(other) && !spelled_oddly(other)) ADD_FAILURE() << where << "\n" << other;
    }
  }
  EXPECT_GT(derived, 500U);
  EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace mapwright
