#include "lang/format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "lang/lang.h"

namespace mapwright::lang {
namespace {

base::SourcePtr source(const std::string& text) {
  return std::make_shared<base::Source>("test.mapper", text);
}

std::string formatted(const std::string& text) {
  const auto result = format(source(text));
  if (!result) return base::render(result.problems().items()[0], false);
  return *result;
}

struct Formatted {
  const char* before;
  const char* after;
};

class Format : public testing::TestWithParam<Formatted> {};
TEST_P(Format, IsThis) {
  EXPECT_EQ(formatted(GetParam().before), GetParam().after);
  EXPECT_EQ(formatted(GetParam().after), GetParam().after) << "formatting twice is formatting once";
}

constexpr Formatted kFormatted[] = {
    {"", ""},
    {"Task  *   GPU,CPU ;", "Task * GPU, CPU;\n"},
    {"Task a,b , c GPU;Task d CPU;", "Task a, b, c GPU;\nTask d CPU;\n"},
    {"Region *  ns::a.b * SYSMEM;", "Region * ns::a.b * SYSMEM;\n"},
    {"Layout * * * SOA Align==64;", "Layout * * * SOA Align == 64;\n"},
    {"m=Machine( GPU ) ;", "m = Machine(GPU);\n"},
    {"x=-1+ - 2*(3-4);", "x = -1 + -2 * (3 - 4);\n"},
    {"x=t [ 1 : ] ;y=t[:-1];z=t[ : ];", "x = t[1:];\ny = t[:-1];\nz = t[:];\n"},
    {"x=a?b:c ;", "x = a ? b : c;\n"},
    {"x=m[ * u , * ];", "x = m[*u, *];\n"},
    {"x=(1 ,);", "x = (1,);\n"},
    {"x=tuple( i for i in( 0,1 ) );", "x = tuple(i for i in (0, 1));\n"},
    {"x=!a&&b||c==d;", "x = !a && b || c == d;\n"},
    {"print( \"a {}\" ,1 );", "print(\"a {}\", 1);\n"},
    {"def f( Task t ){return m[0,0];}", "def f(Task t) {\n    return m[0, 0];\n}\n"},
    // Comments keep their place and their words.
    {"# one\n\n\n\n# two\nTask a GPU; // three\n", "# one\n\n# two\nTask a GPU;  // three\n"},
    {"def f(Task t) { # why\n# how\nreturn m[0, # first\n0]; }\n",
     "def f(Task t) {  # why\n    # how\n    return m[0,  # first\n        0];\n}\n"},
    {"Task a GPU;\n\n\n\nTask b CPU;\n", "Task a GPU;\n\nTask b CPU;\n"},
    {"def f(Task t) {\n\n    x = 1;\n\n    return m[0, 0];\n\n}\n",
     "def f(Task t) {\n    x = 1;\n\n    return m[0, 0];\n}\n"},
    {"Task a GPU;\n# end", "Task a GPU;\n# end\n"},
    {"Task a GPU;\r\nTask b GPU;\r\n", "Task a GPU;\nTask b GPU;\n"},
    {"\xEF\xBB\xBFTask a GPU;", "Task a GPU;\n"},
    // Long lines break where the brackets are fewest.
    {"total = aaaaaaaaaaaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbbbbb * (cccccccccccccccccccc + "
     "dddddddddddddddddddd);",
     "total = aaaaaaaaaaaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbbbbb\n    * (cccccccccccccccccccc + "
     "dddddddddddddddddddd);\n"},
};

std::string formatted_name(const testing::TestParamInfo<Formatted>& info) {
  return "Example" + std::to_string(info.index);
}
INSTANTIATE_TEST_SUITE_P(Texts, Format, testing::ValuesIn(kFormatted), formatted_name);

TEST(FormatErrors, LeaveTheTextAlone) {
  EXPECT_FALSE(format(source("Task a GPU")));
  EXPECT_FALSE(canonical(source("Task a")));
}

TEST(Canonical, IsTheSameForWhatDiffersInCommentsAndBlanks) {
  const auto a = canonical(source("# mapper\nTask a GPU;  # gpu\n\n\nTask b CPU;"));
  const auto b = canonical(source("Task a  GPU;Task b CPU;"));
  ASSERT_TRUE(a);
  EXPECT_EQ(*a, *b);
}

std::vector<std::string> texts_of(const std::string& text) {
  base::Diagnostics ignored;
  const auto s = source(text);
  std::vector<std::string> words;
  const TokenList list = tokenize(s, &ignored);
  for (const Token& t : list.tokens) words.emplace_back(s->slice(t.span));
  for (const Comment& c : list.comments) words.emplace_back(s->slice(c.span));
  return words;
}

std::vector<std::filesystem::path> mappers() {
  std::vector<std::filesystem::path> paths;
  for (const char* folder : {"mappers", "tests/corpus/mappers"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(MAPWRIGHT_ROOT) / folder)) {
      if (entry.path().extension() == ".mapper") paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(RoundTrip, OfEveryMapperKeepsAllWordsAndComments) {
  std::size_t checked = 0;
  for (const auto& path : mappers()) {
    const std::string text = read(path);
    const auto once = format(source(text));
    if (!once) continue;
    ++checked;
    EXPECT_EQ(texts_of(*once), texts_of(text)) << path;
    EXPECT_EQ(formatted(*once), *once) << path;
    EXPECT_EQ(*canonical(source(*once)), *canonical(source(text))) << path;
  }
  EXPECT_GT(checked, 50U);
}

TEST(RoundTrip, TheExpertsAreCanonical) {
  for (const auto& path : mappers()) {
    if (path.string().find("expert") == std::string::npos) continue;
    EXPECT_EQ(formatted(read(path)), read(path)) << path;
  }
}

RC_GTEST_PROP(FormatProperty, BlanksAndLinesDoNotMatter, ()) {
  static const std::vector<std::filesystem::path> paths = mappers();
  const std::string text = read(*rc::gen::elementOf(paths));
  const auto once = canonical(source(text));
  if (!once) return;
  // The same words with other blanks between them.
  base::Diagnostics ignored;
  const auto s = source(*once);
  std::string other;
  std::uint32_t end = 0;
  const TokenList list = tokenize(s, &ignored);
  for (const Token& t : list.tokens) {
    const bool apart = t.span.begin > end;
    end = t.span.end;
    // A dotted name has no blanks inside, and some words would join without one.
    if (apart) other += *rc::gen::element<std::string>(" ", "\n", "\t", "  \r\n ");
    other += s->slice(t.span);
  }
  RC_ASSERT(*canonical(source(other)) == *once);
}

}  // namespace
}  // namespace mapwright::lang
