#include "tune/exercise.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "base/bug.h"
#include "base/text.h"
#include "lang/lang.h"
#include "machine/toml_text.h"
#include "tune/diagnostics.h"
#include "tune/difference.h"
#include "tune/evaluator.h"

namespace mapwright::tune {
namespace {

constexpr std::array<std::string_view, 4> kKeys{"name", "program", "words", "reference"};

class Reader {
 public:
  Reader(base::SourcePtr source, const machine::TomlText& text) : source_(std::move(source)), text_(text) {}

  base::Result<std::vector<Exercise>> read() {
    const toml::array* list = text_.root()["strategy"].as_array();
    for (const auto& [key, value] : text_.root()) {
      if (key != "strategy") report(text_.place(key), fmt::format("nothing is called '{}' here", key.str()));
    }
    if (list == nullptr || list->empty()) report({}, "the file has no [[strategy]]");
    if (list != nullptr) {
      for (const toml::node& node : *list) read(node);
    }
    problems_.sort();
    if (problems_.has_errors()) return problems_;
    return std::move(exercises_);
  }

 private:
  void read(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return report(text_.place(node), "a strategy is a table");
    for (const auto& [key, value] : *table) {
      if (std::ranges::find(kKeys, key.str()) == kKeys.end())
        report(text_.place(key), fmt::format("a strategy has no '{}'", base::visible(key.str())));
    }
    std::array<std::string, kKeys.size()> texts;
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      const toml::node* value = table->get(kKeys[i]);
      if (value == nullptr || !value->is_string() || value->as_string()->get().empty())
        return report(text_.place(value == nullptr ? node : *value),
                      fmt::format("the strategy needs a text '{}'", kKeys[i]));
      texts[i] = value->as_string()->get();
    }
    if (!names_.insert(texts[0]).second)
      report(text_.place(*table->get("name")),
             fmt::format("there are two strategies '{}'", base::visible(texts[0])));
    Exercise e{texts[0], texts[1], texts[2],
               std::make_shared<base::Source>(fmt::format("reference of {}", texts[0]), texts[3])};
    problems_.add(lang::compile(e.reference).problems);
    exercises_.push_back(std::move(e));
  }

  void report(base::Span where, std::string message) {
    problems_.add({&problem::bad_exercise,
                   source_,
                   where,
                   std::move(message),
                   "A [[strategy]] has a name, a program, words and a reference.",
                   {},
                   {}});
  }

  base::SourcePtr source_;
  const machine::TomlText& text_;
  std::set<std::string> names_;
  std::vector<Exercise> exercises_;
  base::Diagnostics problems_;
};

struct Planned {
  lang::MapperPtr mapper;
  plan::Plan plan;
};

Planned planned(const plan::Planner& planner, const std::string& text) {
  const Checked checked = check(text);
  base::expects(checked.mapper != nullptr, "what is compared is a mapper");
  auto plan = planner.plan(checked.mapper);
  base::expects(std::holds_alternative<plan::Plan>(plan), "what is compared can be carried out");
  return {checked.mapper, std::get<plan::Plan>(std::move(plan))};
}

}  // namespace

base::Result<std::vector<Exercise>> read_exercises(const base::SourcePtr& source) {
  auto text = machine::TomlText::parse(source);
  if (auto* problem = std::get_if<base::Diagnostic>(&text)) return *problem;
  return Reader(source, std::get<machine::TomlText>(text)).read();
}

std::vector<std::string> deviations(const plan::Planner& planner, const std::string& mapper,
                                    const std::string& reference) {
  const Planned mine = planned(planner, mapper);
  const Planned right = planned(planner, reference);
  return differences(mine.plan, *mine.mapper, right.plan, *right.mapper);
}

}  // namespace mapwright::tune
