#include <gtest/gtest.h>

#include "base/text.h"
#include "lang/diagnostics.h"
#include "lang/token.h"

namespace mapwright::lang {
namespace {

struct Words {
  std::vector<std::string> text;
  std::vector<TokenKind> kinds;
  std::vector<std::string> comments;
  std::vector<std::string> problems;
};

Words words_of(const std::string& text) {
  const auto source = std::make_shared<base::Source>("test.mapper", text);
  base::Diagnostics problems;
  const TokenList list = tokenize(source, &problems);
  Words w;
  for (const Token& t : list.tokens) {
    w.text.emplace_back(source->slice(t.span));
    w.kinds.push_back(t.kind);
  }
  for (const Comment& c : list.comments) w.comments.emplace_back(source->slice(c.span));
  for (const base::Diagnostic& d : problems.items()) w.problems.emplace_back(d.kind->name);
  return w;
}

using Strings = std::vector<std::string>;

TEST(Lexer, TakesTheLongestOperator) {
  const Words w = words_of("a<=b<c==d=e!=!f&&g||h>=i>j");
  EXPECT_EQ(w.text, (Strings{"a", "<=", "b", "<",  "c", "==", "d", "=", "e", "!=", "!",
                             "f", "&&", "g", "||", "h", ">=", "i", ">", "j", ""}));
  EXPECT_TRUE(w.problems.empty());
}

TEST(Lexer, EveryOperatorIsSpelledAsItIsRead) {
  const Words w = words_of("+ - * / % < <= > >= == != && || ! = ? : , ; . ( ) [ ] { }");
  for (std::size_t i = 0; i + 1 < w.text.size(); ++i) EXPECT_EQ(spelling(w.kinds[i]), w.text[i]);
  EXPECT_EQ(spelling(TokenKind::end), "the end of the file");
}

TEST(Lexer, EndStandsBehindTheLastWord) {
  const auto source = std::make_shared<base::Source>("test.mapper", "Task * GPU  # last\n\n");
  base::Diagnostics problems;
  EXPECT_EQ(tokenize(source, &problems).tokens.back().span, (base::Span{10, 10}));
}

TEST(Lexer, NothingIsOneWord) {
  EXPECT_EQ(words_of("").text, Strings{""});
  EXPECT_EQ(words_of(" \t\r\n\f\v\a").text, Strings{""});
  EXPECT_EQ(words_of("\xEF\xBB\xBF").text, Strings{""});
}

TEST(Lexer, ByteOrderMarkIsNoWord) {
  const Words w = words_of("\xEF\xBB\xBFTask");
  EXPECT_EQ(w.text, (Strings{"Task", ""}));
  EXPECT_TRUE(w.problems.empty());
}

TEST(Lexer, CommentsEndWithTheirLine) {
  const Words w = words_of("a # one \r\n// two\nb // three");
  EXPECT_EQ(w.text, (Strings{"a", "b", ""}));
  EXPECT_EQ(w.comments, (Strings{"# one", "// two", "// three"}));
  EXPECT_TRUE(w.problems.empty());
}

TEST(Lexer, CommentsKnowTheWordBehindThem) {
  const auto source = std::make_shared<base::Source>("test.mapper", "# 0\na # 1\nb\n# 2");
  base::Diagnostics problems;
  const TokenList list = tokenize(source, &problems);
  ASSERT_EQ(list.comments.size(), 3U);
  EXPECT_EQ(list.comments[0].before, 0U);
  EXPECT_EQ(list.comments[1].before, 1U);
  EXPECT_EQ(list.comments[2].before, 2U);
}

TEST(Lexer, IntegersNeedNoBlankBeforeWordsOfTheLanguage) {
  const Words w = words_of("128SOA 4F_order 0GPU 2for");
  EXPECT_EQ(w.text, (Strings{"128", "SOA", "4", "F_order", "0", "GPU", "2", "for", ""}));
  EXPECT_TRUE(w.problems.empty());
}

TEST(Lexer, PropertiesOfIntegersAreNoFractions) {
  EXPECT_EQ(words_of("1.size").text, (Strings{"1", ".", "size", ""}));
  EXPECT_EQ(words_of("t[1:2]").text, (Strings{"t", "[", "1", ":", "2", "]", ""}));
  EXPECT_EQ(words_of("1.5").problems, Strings{"odd_number"});
}

TEST(Lexer, OddNumbersAreOneWord) {
  for (const char* text : {"0x80", "0b11", "0o17", "1_000", "1e6", "1E3", "0.5", "1.2.3"}) {
    const Words w = words_of(text);
    EXPECT_EQ(w.text, (Strings{text, ""}));
    EXPECT_EQ(w.kinds[0], TokenKind::integer);
    EXPECT_EQ(w.problems, Strings{"odd_number"}) << text;
  }
  for (const char* text : {"2d", "0xyz", "1e99", "3_a", "4\xC3\xA9"}) {
    const Words w = words_of(text);
    EXPECT_EQ(w.text, (Strings{text, ""}));
    EXPECT_EQ(w.kinds[0], TokenKind::name);
    EXPECT_EQ(w.problems, Strings{"odd_name"}) << text;
  }
}

TEST(Lexer, OddNamesAreReportedOnce) {
  const Words w = words_of(
      "gr\xC3\xB6\xC3\x9F"
      "e \xC3\xB6"
      "de gr\xC3\xB6\xC3\x9F"
      "e");
  EXPECT_EQ(w.problems, (Strings{"odd_name", "odd_name"}));
  EXPECT_EQ(w.text.size(), 4U);
}

TEST(Lexer, StringsKeepTheirQuotes) {
  EXPECT_EQ(words_of("\"a b\"").text, (Strings{"\"a b\"", ""}));
  EXPECT_EQ(words_of("\"\"").text, (Strings{"\"\"", ""}));
  EXPECT_EQ(string_text("\"a b\""), "a b");
  EXPECT_EQ(string_text("\"\""), "");
  EXPECT_EQ(string_text("\"open"), "open");
  EXPECT_EQ(string_text("\""), "");
  EXPECT_EQ(string_text("'a'"), "a");
  EXPECT_EQ(string_text("\xE2\x80\x9C"
                        "a\xE2\x80\x9D"),
            "a");
}

TEST(Lexer, WrongQuotesAreOneStringAndOneProblem) {
  for (const char* text : {"'a b'", "`a`",
                           "\xE2\x80\x9C"
                           "a\xE2\x80\x9D",
                           "\xC2\xAB"
                           "a\xC2\xBB"}) {
    const Words w = words_of(text);
    EXPECT_EQ(w.text, (Strings{text, ""}));
    EXPECT_EQ(w.kinds[0], TokenKind::string);
    EXPECT_EQ(w.problems, Strings{"unexpected_character"});
  }
  EXPECT_EQ(words_of("'a\nb'").problems.size(), 2U);
}

TEST(Lexer, CharactersAreReadAsWhatWasMeant) {
  const Words w = words_of("a \xC3\x97 b \xE2\x88\x92 c & d");
  EXPECT_EQ(w.kinds, (std::vector{TokenKind::name, TokenKind::star, TokenKind::name, TokenKind::minus,
                                  TokenKind::name, TokenKind::and_, TokenKind::name, TokenKind::end}));
  EXPECT_EQ(w.problems.size(), 3U);
}

TEST(Lexer, BlanksOfOtherKindsAreNoWords) {
  EXPECT_EQ(words_of("a\xC2\xA0"
                     "b")
                .text,
            (Strings{"a", "b", ""}));
  EXPECT_EQ(words_of("a \xE2\x80\x8B b").text, (Strings{"a", "b", ""}));
  // In the middle of a word nobody knows.
  EXPECT_EQ(words_of("a\xE2\x80\x8B"
                     "b")
                .kinds[1],
            TokenKind::stray);
}

TEST(Lexer, ForeignCommentsAreNoWords) {
  EXPECT_EQ(words_of("a /* b\nc */ d \"\"\"e\nf\"\"\" g").text, (Strings{"a", "d", "g", ""}));
  // Without an end it is no comment.
  EXPECT_EQ(words_of("a /* b").text, (Strings{"a", "/", "*", "b", ""}));
}

TEST(Lexer, RunsOfBytesThatAreNotTextAreOneProblem) {
  const Words w = words_of("a \xFF\xFE\xFD b");
  EXPECT_EQ(w.problems, Strings{"not_text"});
  EXPECT_EQ(w.kinds[1], TokenKind::stray);
}

TEST(SourceOfMapper, ColumnsDoNotCountTheByteOrderMark) {
  const base::Source source("x",
                            "\xEF\xBB\xBF"
                            "ab\nc");
  EXPECT_EQ(source.position(3).column, 1U);
  EXPECT_EQ(source.position(4).column, 2U);
  EXPECT_EQ(source.position(6).line, 2U);
  EXPECT_EQ(source.slice(source.line_around(4)), "ab");
}

TEST(Text, InvisibleCharactersAreSpelledOut) {
  const std::string right_to_left{'\xE2', '\x80', '\xAE'};
  EXPECT_EQ(base::visible("a\xE2\x80\x8B b\xC2\xA0 c" + right_to_left + "\x1b\xFF"),
            "a\\u200b b\\u00a0 c\\u202e\\x1b\\xff");
  EXPECT_EQ(base::visible("gr\xC3\xB6\xC3\x9F"
                          "e \xE2\x9C\x93"),
            "gr\xC3\xB6\xC3\x9F"
            "e \xE2\x9C\x93");
}

TEST(Text, WordsAreThoseOfAShell) {
  using List = std::vector<std::string>;
  EXPECT_EQ(base::words(" srun  -n {ranks}\t--mpi=pmix\n"), (List{"srun", "-n", "{ranks}", "--mpi=pmix"}));
  EXPECT_EQ(base::words(R"(sh -c 'a "b" \ c' "" d\ e"f'g"'h'\\)"),
            (List{"sh", "-c", R"(a "b" \ c)", "", "d ef'gh\\"}));
  EXPECT_EQ(base::words(""), List());
  EXPECT_EQ(base::words("a 'b"), std::nullopt);
  EXPECT_EQ(base::words("a \"b\\\""), std::nullopt);
}

TEST(Text, OneLineAndShortened) {
  EXPECT_EQ(base::one_line("a[\n    0,\r\n  1]  b"), "a[ 0, 1]  b");
  EXPECT_EQ(base::one_line(""), "");
  EXPECT_EQ(base::visible_lines("a \r\n\x1b[1m\n\nb\n\n"), "a\n\\x1b[1m\n\nb");
  EXPECT_EQ(base::visible_lines(" \n"), "");
  EXPECT_EQ(base::shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(base::shortened("abcdef", 3), "abc...");
  EXPECT_EQ(base::shortened("a\xC3\xB6\xC3\xB6", 2), "a...");
}

}  // namespace
}  // namespace mapwright::lang
