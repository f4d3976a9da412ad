// What rules make of what systems say: tests/corpus/failures has texts, each with the rules that read it (`#!
// ours`) and all that they say. Every rule that is shipped has a text for which it is the one that is taken.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "corpus.h"
#include "guide/guide.h"
#include "texts.h"

namespace mapwright {
namespace {

const std::filesystem::path kFailures = kRoot / "tests/corpus/failures";

guide::ErrorRules shipped(const std::string& name) {
  const std::string file = name + ".toml";
  auto rules =
      guide::ErrorRules::parse(std::make_shared<base::Source>(file, file_text(kRoot / "rules" / file)));
  if (rules) return *rules;
  for (const base::Diagnostic& d : rules.problems().items()) ADD_FAILURE() << base::render(d, false);
  return {};
}

std::string said(const std::vector<guide::Finding>& findings) {
  std::string text;
  for (const guide::Finding& f : findings) {
    text += fmt::format("{}: {}\n", f.code, f.explain);
    if (!f.suggest.empty()) text += fmt::format("  {}\n", f.suggest);
    for (const lang::Edit& e : f.edits)
      text += fmt::format("  {}: {}\n", e.remove ? "remove" : "put", e.text);
  }
  return text;
}

class Failures : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Failures, AreExplainedLikeThis) {
  const corpus::Case c = corpus::load(GetParam());
  ASSERT_EQ(c.setup.size(), 1U);
  const std::string findings = said(shipped(c.setup[0]).match(c.text));
  EXPECT_NE(findings, "");
  if (corpus::updating()) return corpus::update(c, findings, "");
  EXPECT_EQ(findings, c.expected);
}

INSTANTIATE_TEST_SUITE_P(Texts, Failures, testing::ValuesIn(corpus::files(kFailures, ".txt")),
                         [](const auto& file) { return file.param.stem().string(); });

TEST(Failures, EveryShippedRuleHasATextOfItsOwn) {
  for (const std::string name : {"ours", "paper"}) {
    const guide::ErrorRules rules = shipped(name);
    std::set<std::size_t> taken;
    for (const auto& path : corpus::files(kFailures, ".txt")) {
      const corpus::Case c = corpus::load(path);
      if (c.setup.at(0) != name) continue;
      std::set<std::string_view> codes;
      for (const std::size_t rule : rules.matching(c.text)) {
        if (codes.insert(rules.code(rule)).second) taken.insert(rule);
      }
    }
    for (std::size_t rule = 0; rule < rules.size(); ++rule)
      EXPECT_TRUE(taken.contains(rule)) << name << ".toml: rule " << rule + 1 << ", " << rules.code(rule);
  }
}

}  // namespace
}  // namespace mapwright
