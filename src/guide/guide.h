// AutoGuide: what an execution said, turned into what to change and why.
//
// A finding of an execution that ran stands for one cause of lost time. Its gain is computed from the
// profile: how much shorter the timed interval would have been without it (engine/what_if.h). A finding of
// one that failed, or of a mapper that was refused, says why; its share and gain are 1, for what fails yields
// nothing. Edits are changes of the mapper that would remove the cause; they are suggestions, not promises:
// only the next execution tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "engine/execution.h"
#include "guide/finding.h"
#include "guide/remap.h"
#include "guide/rules.h"
#include "lang/mapper.h"

namespace mapwright::guide {

//! Where findings come from.
enum class RuleSet : std::uint8_t {
  ours,   //!< the profile of an execution, rules for what failed, the diagnostics where no rule says more
  paper,  //!< rules alone, also for what ran: with those of rules/paper.toml, the published feedback
};
std::string_view name_of(RuleSet rules);
std::optional<RuleSet> rule_set(std::string_view word);

//! How much is said; each level has what the ones before it have.
enum class Level : std::uint8_t {
  system,   //!< the message or the metric
  explain,  //!< findings: what it means
  suggest,  //!< and what to change, in words and as edits
};
std::string_view name_of(Level level);
std::optional<Level> level(std::string_view word);

struct Feedback {
  std::string system;  //!< as the runtime, the compiler of mappers or the program itself says it
  std::vector<Finding> findings;
};

//! What a person or a language model reads: the system's text, then each finding with its edits.
std::string text(const Feedback& feedback);

//! Findings with less gain than this are not worth an execution.
inline constexpr double kLeastGain = 0.01;
//! Of a mapper with more errors, only so many become findings.
inline constexpr std::size_t kMostErrors = 10;

//! Of an execution that did not fail, the largest gain first. `mapper` is the one that it ran under.
std::vector<Finding> findings(const engine::Execution& execution, const lang::CompiledMapper& mapper);

//! Safe for several threads.
class Guide {
 public:
  //! Earlier files of rules come first: where two have a rule for one code, the first that matches is taken.
  Guide(RuleSet rules, Level level, std::vector<ErrorRules> error_rules)
      : rules_(rules), level_(level), error_rules_(std::move(error_rules)) {}

  //! Of an execution, failed or not. `mapper` is the one that it ran under.
  Feedback executed(const engine::Execution& execution, const lang::CompiledMapper& mapper) const;
  //! Of a mapper that did not compile, or could not be bound to the machine.
  Feedback refused(const base::Diagnostics& problems) const;
  //! Index maps under which less moves; none where other rules, or less, were asked for.
  std::vector<Remap> maps(const plan::Plan& plan, const lang::CompiledMapper& mapper) const;

  Level level() const { return level_; }

 private:
  std::vector<Finding> recognised(std::string_view text) const;
  Feedback cut(std::string system, std::vector<Finding> findings) const;

  RuleSet rules_;
  Level level_;
  std::vector<ErrorRules> error_rules_;
};

}  // namespace mapwright::guide
