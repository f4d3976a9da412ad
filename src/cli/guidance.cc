#include "cli/guidance.h"

#include <fmt/format.h>

#include <memory>

#include "cli/console.h"
#include "cli/options.h"

namespace mapwright::cli {

void GuideOptions::add_to(CLI::App* command) {
  command
      ->add_option(
          "--guide", rules,
          "Where findings come from: ours (the profile and rules), or paper (the published rules alone)")
      ->check(CLI::IsMember({"ours", "paper"}))
      ->type_name("RULES")
      ->capture_default_str();
  command->add_option("--guide-level", level, "How much findings say: system (nothing), explain or suggest")
      ->check(CLI::IsMember({"system", "explain", "suggest"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  command->add_option("--rules", files, "Rules for errors (TOML) that come first; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

std::vector<base::SourcePtr> read_rules(const GuideOptions& options) {
  std::vector<base::SourcePtr> sources;
  for (const std::string& file : options.files) {
    if (file == "-") throw Stop{Exit::usage, "--rules takes the name of a file, not '-'", {}};
    sources.push_back(std::make_shared<base::Source>(file, read_text(file, Exit::configuration)));
  }
  return sources;
}

guide::Guide make_guide(const GuideOptions& options, std::vector<base::SourcePtr> rules) {
  const std::string shipped = (data_folder() / "rules" / (options.rules + ".toml")).string();
  rules.push_back(std::make_shared<base::Source>(shipped, read_text(shipped, Exit::configuration)));
  std::vector<guide::ErrorRules> parsed;
  base::Diagnostics problems;
  for (const base::SourcePtr& source : rules) {
    auto of_file = guide::ErrorRules::parse(source);
    if (of_file) {
      parsed.push_back(*std::move(of_file));
    } else {
      problems.add(of_file.problems());
    }
  }
  if (problems.has_errors()) throw Stop{Exit::configuration, "", problems};
  return {*guide::rule_set(options.rules), *guide::level(options.level), std::move(parsed)};
}

guide::Guide make_guide(const GuideOptions& options) {
  return make_guide(options, read_rules(options));
}

}  // namespace mapwright::cli
