// Texts of mappers, for the tests of their grammar.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "gbnf.h"
#include "lang/ast.h"
#include "texts.h"

namespace mapwright {

inline base::Diagnostics syntax_problems(const std::string& text) {
  base::Diagnostics problems;
  lang::parse(source_of(text), &problems);
  return problems;
}

// The tasks of a statement, and the region.
inline std::pair<std::vector<lang::Name>, std::optional<lang::Name>> names_in(
    const lang::Statement& statement) {
  const auto names = [](const auto& s) -> std::pair<std::vector<lang::Name>, std::optional<lang::Name>> {
    if constexpr (requires { s.region; }) return {{s.task}, s.region};
    if constexpr (requires { s.task; }) return {{s.task}, {}};
    if constexpr (requires { s.tasks; }) return {s.tasks, {}};
    return {};
  };
  return std::visit(names, statement);
}

//! Random texts of a grammar must parse; how many bytes they had.
inline std::size_t expect_derivations_parse(const gbnf::Grammar& grammar, std::uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) {
    const std::string text = grammar.random_text(random, 12 + i % 60);
    bytes += text.size();
    const base::Diagnostics problems = syntax_problems(text);
    if (!problems.empty()) {
      ADD_FAILURE() << "derivation " << i << ":\n" << text << "\n" << render_all(problems);
      return bytes;
    }
    if (i % 20 == 0) {
      EXPECT_TRUE(grammar.derives(text)) << text;
    }
  }
  return bytes;
}

}  // namespace mapwright
