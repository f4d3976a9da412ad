#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lang/check.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using base::Fix;

// What people call without defining it, and how it is said here.
struct Idiom {
  std::string_view word;
  std::string_view instead;
};
constexpr std::array kIdioms = {
    Idiom{"min", "Write `a < b ? a : b`."},
    Idiom{"max", "Write `a > b ? a : b`."},
    Idiom{"abs", "Write `a < 0 ? -a : a`."},
    Idiom{"len", "Write `x.len`."},
    Idiom{"size", "Write `x.size`."},
    Idiom{"int", "Integers stay integers: `/` drops the remainder."},
    Idiom{"floor", "Integers stay integers: `/` drops the remainder."},
    Idiom{"math", "Integers stay integers: `/` drops the remainder."},
    Idiom{"sum", "Add the elements: `t[0] + t[1]`."},
    Idiom{"None", "Every name has a value; there is no empty one."},
    Idiom{"null", "Every name has a value; there is no empty one."},
};

std::string lower_case(std::string_view word) {
  std::string text(word);
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

// The processor kind that a machine variable is named after.
std::optional<machine::ProcessorKind> kind_word(std::string_view word) {
  const std::string text = lower_case(word);
  using enum machine::ProcessorKind;
  for (const auto& [part, kind] : {std::pair{"gpu", gpu}, std::pair{"cpu", cpu}, std::pair{"omp", omp}}) {
    if (text.find(part) != std::string::npos) return kind;
  }
  return std::nullopt;
}

}  // namespace

Checker::Lowered Checker::name(const Expr& e, Use use) {
  const std::string_view word = words(e.word);
  Node n;
  const auto variable = [&](const Scope& scope, Op op) -> std::optional<Lowered> {
    const auto found = scope.find(word);
    if (found == scope.end()) return std::nullopt;
    n.op = op;
    n.a = found->second.slot;
    return emit(n, e, found->second.type);
  };
  if (locals_ != nullptr) {
    if (const auto local = variable(*locals_, Op::local)) return *local;
  }
  if (const auto found = globals_.find(word);
      found != globals_.end() && (locals_ != nullptr || found->second.assigned)) {
    return *variable(globals_, Op::global);
  }
  if (const auto later = later_.find(word); later != later_.end()) {
    report(problem::used_before_assignment, e.span, fmt::format("`{}` is used before it has a value", word),
           "", std::nullopt, {{later->second, fmt::format("`{}` gets its value here", word)}});
    return failed(e);
  }
  if (function_ids_.contains(word) || word == "Machine" || word == "range") {
    report(problem::function_as_value, e.span, fmt::format("the function `{}` is no value", word),
           word == "Machine" ? "Write `Machine(GPU)`." : fmt::format("Call it: `{}(...)`.", word));
    return failed(e);
  }
  return undefined(e, use);
}

// `task` is what mapping functions call it by habit.
Checker::Lowered Checker::no_task(const Expr& e) {
  const std::string_view word = words(e.word);
  std::optional<std::string_view> here;
  if (locals_ != nullptr) {
    for (const auto& [name, variable] : *locals_) {
      if (variable.type.is(TypeKind::task)) here = name;
    }
  }
  if (here) {
    report(problem::undefined_name, e.span, fmt::format("`{}` is not defined", word),
           fmt::format("The task is called `{}` here.", *here),
           Fix{fmt::format("write `{}`", *here), {{e.span, std::string(*here)}}});
  } else {
    report(problem::undefined_name, e.span, fmt::format("`{}` is not defined", word),
           "A task is known only inside mapping functions, as their parameter.");
  }
  return failed(e);
}

// The task in scope of which a name is the property.
std::optional<std::string_view> Checker::task_of(std::string_view word) const {
  if (locals_ == nullptr || (word != "ipoint" && word != "ispace" && word != "parent")) return std::nullopt;
  std::optional<std::string_view> task;
  for (const auto& [name, variable] : *locals_) {
    if (!variable.type.is(TypeKind::task)) continue;
    if (task) return std::nullopt;
    task = name;
  }
  return task;
}

Checker::Lowered Checker::undefined(const Expr& e, Use use) {
  const std::string_view word = words(e.word);
  if (parameters_unknown_) return failed(e);
  // One report for a name is enough.
  if (!reported_.insert(word).second) return failed(e);
  if (word == "task" || word == "Task") return no_task(e);
  if (word == "true" || word == "false") {
    const std::string right = word == "true" ? "True" : "False";
    report(problem::undefined_name, e.span, fmt::format("`{}` is written `{}`", word, right), "",
           Fix{fmt::format("write `{}`", right), {{e.span, right}}});
    return failed(e);
  }
  if (const auto task = task_of(word)) {
    const std::string right = fmt::format("{}.{}", *task, word);
    report(problem::undefined_name, e.span, fmt::format("`{}` is not defined", word),
           fmt::format("It is a property of the task: `{}`.", right),
           Fix{fmt::format("write `{}`", right), {{e.span, right}}});
    return failed(e);
  }
  if (const auto right = meant(word, {})) {
    report(problem::undefined_name, e.span, fmt::format("`{}` is not defined", word),
           fmt::format("Did you mean `{}`?", *right),
           Fix{fmt::format("write `{}`", *right), {{e.span, std::string(*right)}}});
    return failed(e);
  }
  if (use == Use::machine || kind_word(word) || lower_case(word).find("machine") != std::string::npos) {
    Fix fix = machine_fix(word);
    report(problem::undefined_machine, e.span, fmt::format("the machine variable `{}` is not defined", word),
           "A machine is given a name before it is used.", std::move(fix));
    return failed(e);
  }
  std::string note;
  for (const Idiom& i : kIdioms) {
    if (i.word == word) note = i.instead;
  }
  report(problem::undefined_name, e.span, fmt::format("`{}` is not defined", base::shortened(word, 60)),
         std::move(note));
  return failed(e);
}

void Checker::undefined_function(const Expr& callee) {
  const std::string_view word = words(callee.word);
  if (!reported_.insert(word).second) return;
  for (const Idiom& i : kIdioms) {
    if (i.word == word) {
      return report(problem::undefined_function, callee.span, fmt::format("there is no function `{}`", word),
                    std::string(i.instead));
    }
  }
  std::vector<std::string_view> names{"Machine", "range", "tuple"};
  for (const Function* f : functions_) {
    if (names.size() < 1000) names.push_back(f->name.text);
  }
  std::optional<Fix> fix;
  std::string note = "Functions are defined with `def name(...) { ... }`.";
  if (problems_->errors() < 200) {
    if (const auto right = base::closest(word, names)) {
      note = fmt::format("Did you mean `{}`?", *right);
      fix = Fix{fmt::format("write `{}`", *right), {{callee.span, std::string(*right)}}};
    }
  }
  report(problem::undefined_function, callee.span,
         fmt::format("the function `{}` is not defined", base::shortened(word, 60)), std::move(note),
         std::move(fix));
}

// What a name that nothing defines may have been meant to be. Bounded: a hostile file has many names and many
// errors.
std::optional<std::string_view> Checker::meant(std::string_view word,
                                               const std::vector<std::string_view>& extra) const {
  constexpr std::size_t kMostErrors = 200;
  constexpr std::size_t kMostNames = 1000;
  if (problems_->errors() > kMostErrors) return std::nullopt;
  std::vector<std::string_view> names(extra);
  const auto collect = [&](const Scope& scope) {
    for (const auto& [name, variable] : scope) {
      // A machine of another kind is never what was meant, however alike the names are.
      const auto kind = kind_word(word);
      if (kind && kind_word(name) != kind && variable.type.may_be(TypeKind::space)) continue;
      if (names.size() < kMostNames) names.push_back(name);
    }
  };
  if (locals_ != nullptr) collect(*locals_);
  collect(globals_);
  std::ranges::sort(names);  // the answer must not depend on the order of a hash table
  return base::closest(word, names);
}

Fix Checker::machine_fix(std::string_view name) const {
  const std::string_view kind = machine::name_of(kind_word(name).value_or(machine::ProcessorKind::gpu));
  const std::string line = fmt::format("{} = Machine({});", name, kind);
  return {fmt::format("add `{}`", line), {{{statement_.begin, statement_.begin}, line + "\n"}}};
}

}  // namespace mapwright::lang
