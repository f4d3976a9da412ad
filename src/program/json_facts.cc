#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "program/diagnostics.h"
#include "program/json.h"
#include "program/json_boxes.h"
#include "program/json_reader.h"
#include "program/json_words.h"

namespace mapwright::program {
namespace {

using Id = JsonText::Id;
using Kind = JsonNode::Kind;

constexpr std::string_view kLaunchIs = "a list of extents or \"single\"";

constexpr std::size_t kAny = JsonText::kMaxNodes;

class FactsLoader {
 public:
  explicit FactsLoader(const JsonText& json) : json_(json), reader_(json), boxes_(&reader_) {}

  base::Result<lang::ProgramFacts> run() {
    read();
    if (reader_.failed()) return reader_.take();
    return std::move(facts_);
  }

 private:
  void read() {
    const auto top = reader_.object(JsonText::kRoot, "a program of tasks alone", words::kFacts);
    if (!top) return;
    if (const auto name = reader_.need(*top, "name"))
      facts_.name = reader_.text(*name, "\"name\"").value_or("");
    facts_.ranks_per_node = reader_.integer(*top, "ranks_per_node", 1, kMaxRanks, 1);
    if (const auto tasks = reader_.need(*top, "tasks"))
      reader_.each(*tasks, "\"tasks\"", "a list of tasks", kAny, [this](Id id) { task(id); });
  }

  void task(Id id) {
    const auto o = reader_.object(id, "a task", words::kTaskFacts);
    if (!o) return;
    lang::TaskFacts t;
    if (const auto name = reader_.need(*o, "name")) {
      t.name = reader_.text(*name, "\"name\"").value_or("");
      if (!names_.insert(t.name).second) {
        reader_.report(problem::duplicate_name, *name,
                       fmt::format("there are two tasks called `{}`", base::shortened(t.name, kShown)));
      }
    }
    if (const auto variants = (*o)["variants"]) {
      reader_.each(*variants, "\"variants\"", "a list of processor kinds", kAny, [&](Id variant) {
        if (const auto kind = reader_.processor_kind(variant)) t.variants.push_back(*kind);
      });
    }
    if (const auto regions = (*o)["regions"]) {
      reader_.each(*regions, "\"regions\"", "a list of the names of each requirement", kAny,
                   [&](Id region) { t.regions.push_back(names(region)); });
    }
    if (const auto launches = (*o)["launches"]) {
      known_.clear();
      reader_.each(*launches, "\"launches\"", "a list of launches", kAny, [&](Id l) { launch(l, &t); });
    }
    facts_.tasks.push_back(std::move(t));
  }

  // A requirement has one name or several.
  std::vector<std::string> names(Id id) {
    std::vector<std::string> all;
    const auto add = [&](Id name) {
      if (auto text = reader_.text(name, "a region")) all.push_back(*std::move(text));
    };
    if (reader_.is(id, Kind::list)) {
      reader_.each(id, "a region", "a list of names", kAny, add);
    } else {
      add(id);
    }
    return all;
  }

  void launch(Id id, lang::TaskFacts* t) {
    if (reader_.is(id, Kind::list)) {
      const auto domain = boxes_.extents(id, "a launch");
      if (domain && known_.insert(*domain).second) t->launches.push_back(*domain);
    } else if (!reader_.is(id, Kind::text)) {
      reader_.wrong_type(id, "a launch", kLaunchIs);
    } else if (json_.text(id) == words::kSingle) {
      t->single = true;
    } else {
      reader_.unknown(problem::bad_choice, id,
                      fmt::format("a launch cannot be \"{}\"", base::shortened(json_.text(id), kShown)),
                      fmt::format("it is {}", kLaunchIs), {&words::kSingle, 1});
    }
  }

  const JsonText& json_;
  JsonReader reader_;
  BoxReader boxes_;
  lang::ProgramFacts facts_;
  std::unordered_set<std::string> names_;                     // of tasks
  std::unordered_set<lang::Domain, lang::DomainHash> known_;  // launch domains of the task at hand
};

}  // namespace

base::Result<lang::ProgramFacts> load_facts(const base::SourcePtr& source) {
  const auto json = JsonText::parse(source);
  if (!json) return json.problems();
  const bool whole = std::ranges::any_of(words::kWholeProgram, [&](std::string_view key) {
    return json->member(JsonText::kRoot, key).has_value();
  });
  if (!whole) return FactsLoader(*json).run();
  const auto program = load(*json);
  if (!program) return program.problems();
  return facts_of(*program);
}

}  // namespace mapwright::program
