// Rules that recognise what a program, or its runtime, said when it failed: a pattern, and what to say and to
// change where it matches. They stand in files (docs/guide.md), so that anyone can add those of their
// program.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "guide/finding.h"

namespace mapwright::guide {

//! The rules of one file. Safe for several threads.
class ErrorRules {
 public:
  //! The rules of a TOML text, or all that is wrong with it.
  static base::Result<ErrorRules> parse(const base::SourcePtr& source);

  //! A finding for every code of which a rule matches, from the first that does, in the order of the rules.
  //! Share and gain are 0. Time is linear in the text, whatever it says.
  std::vector<Finding> match(std::string_view text) const;

  //! Which rules match, by their number in the file: also those that an earlier one of the same code hides.
  std::vector<std::size_t> matching(std::string_view text) const;
  std::size_t size() const { return rules_.size(); }
  //! Of a rule, by its number.
  std::string_view code(std::size_t rule) const;

 private:
  struct Rule;
  friend class RulesReader;

  std::vector<std::shared_ptr<const Rule>> rules_;
};

}  // namespace mapwright::guide
