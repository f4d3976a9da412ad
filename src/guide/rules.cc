#include "guide/rules.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "guide/diagnostics.h"
#include "guide/template.h"
#include "machine/diagnostics.h"
#include "machine/toml_text.h"

namespace mapwright::guide {
namespace {

constexpr std::int64_t kPatternMemory = 1 << 20;  // bytes for each, which bounds its automaton
constexpr std::size_t kLongestCode = 64;
constexpr std::string_view kSyntax =
    "Patterns are regular expressions of RE2: groups are written (?P<name>...), and there is nothing that "
    "looks "
    "around or back.";

std::unique_ptr<const re2::RE2> compiled(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  return std::make_unique<const re2::RE2>(pattern, options);
}

}  // namespace

struct ErrorRules::Rule {
  std::string code;
  std::unique_ptr<const re2::RE2> pattern;
  Template explain;
  Template suggest;
  std::vector<EditTemplate> edits;
  bool last_resort = false;

  bool matches(std::string_view text) const {
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern);
  }

  std::optional<Values> values(std::string_view text) const {
    const re2::StringPiece whole(text.data(), text.size());
    std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern->NumberOfCapturingGroups()) + 1);
    if (!pattern->Match(whole, 0, whole.size(), re2::RE2::UNANCHORED, groups.data(),
                        static_cast<int>(groups.size())))
      return std::nullopt;
    Values found;
    for (const auto& [name, number] : pattern->NamedCapturingGroups())
      found.emplace(name, groups[static_cast<std::size_t>(number)].as_string());
    return found;
  }
};

class RulesReader {
 public:
  RulesReader(base::SourcePtr source, const machine::TomlText& text)
      : source_(std::move(source)), text_(text) {}

  base::Result<ErrorRules> read() {
    const toml::array* rules = nullptr;
    bool there = false;
    for (const auto& [key, value] : text_.root()) {
      if (!known(key, text_.root(), "a file of rules", std::array<std::string_view, 1>{"rule"})) continue;
      there = true;
      rules = value.as_array();
      if (rules == nullptr || rules->empty()) wrong_type(value, "rule", "a list of tables, [[rule]]");
    }
    if (!there) add(problem::missing_key, {0, 1}, "the file has no [[rule]]", "docs/guide.md has an example");
    if (rules != nullptr) {
      for (const toml::node& rule : *rules) read_rule(rule);
    }
    base::Diagnostics problems;
    for (base::Diagnostic& d : found_) problems.add(std::move(d));
    problems.sort();
    if (problems.has_errors()) return problems;
    return std::move(rules_);
  }

 private:
  void read_rule(const toml::node& node) {
    constexpr std::array<std::string_view, 6> kKeys{"code",    "pattern", "explain",
                                                    "suggest", "edits",   "last_resort"};
    const toml::table* table = node.as_table();
    if (table == nullptr) return wrong_type(node, "rule", "a table");
    for (const auto& [key, value] : *table) known(key, *table, "a rule", kKeys);
    auto rule = std::make_shared<ErrorRules::Rule>();
    const toml::node* code = text_at(*table, node, "code", &rule->code);
    if (code != nullptr) check_code(*code, rule->code);
    std::string pattern;
    if (const toml::node* at = text_at(*table, node, "pattern", &pattern))
      rule->pattern = read_pattern(*at, pattern);
    if (rule->pattern && code != nullptr) check_new(*code, rule->code, pattern);
    read_words(*table, node, "explain", *rule, &rule->explain);
    if (table->contains("suggest")) read_words(*table, node, "suggest", *rule, &rule->suggest);
    if (const toml::node* edits = table->get("edits")) read_edits(*edits, rule.get());
    if (const toml::node* last = table->get("last_resort")) {
      if (!last->is_boolean()) wrong_type(*last, "last_resort", "true or false");
      rule->last_resort = last->value_or(false);
    }
    rules_.rules_.push_back(std::move(rule));
  }

  // The text under a key that has to be there; null where there is none.
  const toml::node* text_at(const toml::table& table, const toml::node& rule, std::string_view key,
                            std::string* to) {
    const toml::node* value = table.get(key);
    if (value == nullptr) {
      add(problem::missing_key, text_.place(rule), fmt::format("the rule has no '{}'", key),
          "A rule has a code, a pattern and what to explain; it may suggest something, and edits.");
      return nullptr;
    }
    if (!value->is_string()) {
      wrong_type(*value, key, "a text");
      return nullptr;
    }
    *to = **value->as_string();
    return value;
  }

  void check_code(const toml::node& at, std::string_view code) {
    const auto right = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    if (!code.empty() && code.size() <= kLongestCode && std::ranges::all_of(code, right)) return;
    add(problem::bad_code, text_.place(at), fmt::format("'{}' is no code", code),
        fmt::format("A code is 1 to {} letters, digits and _.", kLongestCode));
  }

  // Several rules may have one code, and one pattern may have several, but not both at once.
  void check_new(const toml::node& at, const std::string& code, const std::string& pattern) {
    const auto [first, fresh] = seen_.emplace(std::pair(code, pattern), text_.place(at));
    if (fresh) return;
    add(problem::duplicate, text_.place(at), fmt::format("'{}' has a rule with this pattern already", code),
        "")
        .related.push_back({first->second, "the other one, which is always taken"});
  }

  std::unique_ptr<const re2::RE2> read_pattern(const toml::node& at, const std::string& pattern) {
    auto regex = compiled(pattern);
    if (!regex->ok()) {
      const std::size_t begin = pattern.find(regex->error_arg());
      const bool part = !regex->error_arg().empty() && begin != std::string::npos;
      add(problem::bad_pattern,
          part ? place(at, pattern, begin, begin + regex->error_arg().size()) : text_.place(at),
          fmt::format("the pattern does not compile: {}", regex->error()), std::string(kSyntax));
      return nullptr;
    }
    if (re2::RE2::PartialMatch("", *regex)) {
      add(problem::bad_pattern, text_.place(at), "the pattern matches every text, even one without a word",
          "A rule is for the texts that say one thing.");
    }
    return regex;
  }

  void read_words(const toml::table& table, const toml::node& rule, std::string_view key,
                  const ErrorRules::Rule& of, Template* to) {
    std::string words;
    const toml::node* at = text_at(table, rule, key, &words);
    *to = Template(words);
    if (at != nullptr) check_holes(*at, *to, of);
  }

  void check_holes(const toml::node& at, const Template& words, const ErrorRules::Rule& rule) {
    if (!rule.pattern) return;  // its groups are not known
    std::vector<std::string_view> groups;
    for (const auto& [name, number] : rule.pattern->NamedCapturingGroups()) groups.push_back(name);
    for (const Template::Hole& h : words.holes()) {
      if (std::ranges::find(groups, h.name) != groups.end()) continue;
      base::Diagnostic& d = add(problem::unknown_group, place(at, words.text(), h.begin, h.end),
                                fmt::format("the pattern has no group '{}'", h.name),
                                groups.empty() ? fmt::format("It has none: (?P<{}>...) makes one.", h.name)
                                               : fmt::format("Its groups are {}.", base::join(groups, ", ")));
      const auto meant = base::closest(h.name, groups);
      if (meant && d.where != text_.place(at)) {
        d.fix = base::Fix{fmt::format("write '{{{}}}'", *meant), {{d.where, fmt::format("{{{}}}", *meant)}}};
      }
    }
  }

  void read_edits(const toml::node& node, ErrorRules::Rule* rule) {
    const toml::array* edits = node.as_array();
    if (edits == nullptr) return wrong_type(node, "edits", "a list");
    for (const toml::node& one : *edits) {
      const toml::table* table = one.as_table();
      if (table == nullptr) {
        wrong_type(one, "edits", "a list of tables, { put = \"...\" } or { remove = \"...\" }");
        continue;
      }
      for (const auto& [key, value] : *table)
        known(key, *table, "an edit", std::array<std::string_view, 2>{"put", "remove"});
      if (table->contains("put") == table->contains("remove")) {
        add(problem::missing_key, text_.place(one), "an edit has either 'put' or 'remove'",
            "Put makes a statement hold, remove takes it and its like away.");
        continue;
      }
      read_edit(*table, one, rule);
    }
  }

  void read_edit(const toml::table& table, const toml::node& one, ErrorRules::Rule* rule) {
    const bool remove = table.contains("remove");
    std::string text;
    const toml::node* at = text_at(table, one, remove ? "remove" : "put", &text);
    if (at == nullptr) return;
    auto made = EditTemplate::make(remove, text);
    if (const auto* wrong = std::get_if<EditTemplate::Wrong>(&made)) {
      const std::size_t end = std::min(text.size(), wrong->at + 1);
      add(problem::bad_edit, place(*at, text, wrong->at, end),
          "the edit is not in the mapper language, whatever the names in braces stand for", wrong->why);
      return;
    }
    check_holes(*at, std::get<EditTemplate>(made).text(), *rule);
    rule->edits.push_back(std::get<EditTemplate>(std::move(made)));
  }

  bool known(const toml::key& key, const toml::table& table, std::string_view what,
             std::span<const std::string_view> keys) {
    if (std::ranges::find(keys, key.str()) != keys.end()) return true;
    base::Diagnostic& d =
        add(problem::unknown_key, text_.place(key), fmt::format("{} has no '{}'", what, key.str()),
            fmt::format("its keys are {}", base::join(keys, ", ")));
    const auto meant = base::closest(key.str(), keys);
    if (meant && !table.contains(*meant)) {
      d.fix =
          base::Fix{fmt::format("replace '{}' by '{}'", key.str(), *meant), {{d.where, std::string(*meant)}}};
    }
    return false;
  }

  void wrong_type(const toml::node& value, std::string_view key, std::string_view wanted) {
    add(problem::wrong_type, text_.place(value),
        fmt::format("'{}' is {}, not {}", key, machine::sort_of(value), wanted), "");
  }

  // A part of a text value; the whole value where it does not stand there as it is read.
  base::Span place(const toml::node& value, std::string_view text, std::size_t begin, std::size_t end) const {
    const base::Span all = text_.place(value);
    const std::size_t at = text.empty() ? std::string_view::npos : source_->slice(all).find(text);
    if (at == std::string_view::npos) return all;
    const auto start = all.begin + static_cast<std::uint32_t>(at);
    return {start + static_cast<std::uint32_t>(begin), start + static_cast<std::uint32_t>(end)};
  }

  base::Diagnostic& add(const base::DiagnosticKind& kind, base::Span where, std::string message,
                        std::string note) {
    const auto size = static_cast<std::uint32_t>(source_->text().size());
    where = {std::min(where.begin, size), std::min(where.end, size)};
    found_.push_back({&kind, source_, where, std::move(message), std::move(note), {}, {}});
    return found_.back();
  }

  base::SourcePtr source_;
  const machine::TomlText& text_;
  std::vector<base::Diagnostic> found_;
  std::map<std::pair<std::string, std::string>, base::Span> seen_;  // where a code and its pattern stand
  ErrorRules rules_;
};

base::Result<ErrorRules> ErrorRules::parse(const base::SourcePtr& source) {
  auto text = machine::TomlText::parse(source);
  if (auto* wrong = std::get_if<base::Diagnostic>(&text)) {
    const bool twice = wrong->kind == &machine::problem::duplicate;
    wrong->kind = twice ? &problem::duplicate : &problem::not_toml;
    return std::move(*wrong);
  }
  return RulesReader(source, std::get<machine::TomlText>(text)).read();
}

std::vector<Finding> ErrorRules::match(std::string_view text) const {
  std::vector<Finding> findings;
  std::set<std::string_view> said;
  for (const auto& rule : rules_) {
    if (said.contains(rule->code)) continue;
    const std::optional<Values> values = rule->values(text);
    if (!values) continue;
    said.insert(rule->code);
    Finding f;
    f.code = rule->code;
    f.explain = rule->explain.sentence(*values);
    f.suggest = rule->suggest.sentence(*values);
    for (const EditTemplate& edit : rule->edits) {
      if (auto filled = edit.filled(*values)) f.edits.push_back(*std::move(filled));
    }
    f.last_resort = rule->last_resort;
    findings.push_back(std::move(f));
  }
  return findings;
}

std::vector<std::size_t> ErrorRules::matching(std::string_view text) const {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i]->matches(text)) numbers.push_back(i);
  }
  return numbers;
}

std::string_view ErrorRules::code(std::size_t rule) const {
  return rules_[rule]->code;
}

}  // namespace mapwright::guide
