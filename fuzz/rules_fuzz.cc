// Any bytes as a file of rules, and as a text in which rules look for what they know.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/text.h"
#include "guide/rules.h"
#include "lang/ast.h"

namespace {

namespace base = mapwright::base;
namespace guide = mapwright::guide;

void require(bool holds, const char* what, std::string_view shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(shown.size()), shown.data());
  std::abort();
}

// What a rule makes of a text can be shown, and its edits are in the mapper language.
void check_findings(const guide::ErrorRules& rules, std::string_view text) {
  for (const guide::Finding& f : rules.match(text)) {
    require(!f.code.empty(), "a finding has no code");
    for (const mapwright::lang::Edit& e : f.edits) {
      base::Diagnostics problems;
      mapwright::lang::parse(std::make_shared<base::Source>("edit", e.text), &problems);
      require(!problems.has_errors(), "an edit is not in the mapper language", e.text);
    }
  }
}

const guide::ErrorRules& example() {
  static const guide::ErrorRules kRules =
      *guide::ErrorRules::parse(std::make_shared<base::Source>("example", R"(
[[rule]]
code = "a"
pattern = '''task (?P<task>.*) on (?P<kind>\w+) of (?P<n>\S+) in (?P<memory>\S*) (?P<order>\w*)'''
explain = "{task}"
edits = [{ put = "Task {task} {kind};" }, { put = "Region {task} {n} {kind} {memory};" },
  { put = "Layout {task} \"{n}\" {memory} SOA {order};" }, { remove = "InstanceLimit {task} {n};" }]
)"));
  return kRules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostRendered = 20;
  const std::string text(data, data + size);
  check_findings(example(), text);
  const auto rules = guide::ErrorRules::parse(std::make_shared<base::Source>("fuzz.toml", text));
  if (rules) {
    check_findings(*rules, text.substr(0, 4096));
    return 0;
  }
  require(rules.problems().has_errors(), "no rules and no error", text);
  std::size_t rendered = 0;
  for (const base::Diagnostic& d : rules.problems().items()) {
    require(d.source != nullptr && d.where.begin <= d.where.end && d.where.end <= size, "a place is outside",
            text);
    if (rendered++ < kMostRendered) base::render(d, false);
  }
  return 0;
}
