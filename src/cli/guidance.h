// Options that every command with guidance has: which rules, and how much is said.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "guide/guide.h"

namespace mapwright::cli {

struct GuideOptions {
  std::string rules = "ours";      //!< guide::RuleSet
  std::string level = "suggest";   //!< guide::Level
  std::vector<std::string> files;  //!< of rules that come before the shipped ones

  void add_to(CLI::App* command);
};

//! The files of the user's rules. Throws Stop.
std::vector<base::SourcePtr> read_rules(const GuideOptions& options);

//! With the user's rules before the shipped ones. Throws Stop where they have errors.
guide::Guide make_guide(const GuideOptions& options, std::vector<base::SourcePtr> rules);
guide::Guide make_guide(const GuideOptions& options);

}  // namespace mapwright::cli
