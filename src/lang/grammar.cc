#include "lang/grammar.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "lang/slips.h"
#include "lang/words.h"

namespace mapwright::lang {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kColumns = 100;

// Rules with holes for what the tables say. Each word brings the white space before it, so that what follows
// is known by its first character: few possibilities stay open at a time. A name that begins a line must not
// look like the next statement (Parser::name), which is why white space and name come together in `apart` and
// `close`.
constexpr std::string_view kStatements = R"gbnf(
root ::= "\uFEFF"? ws (statement ws)* comment?
statement ::= task | region | layout | limit | collect | map | replicate | assignment | print | function

# ---- what stands where

task ::= {Task} (ws "*" ws | tasks gap) processor (ws "," ws processor)* ws ";"
region ::= {Region} place (ws "*" ws | gap processor gap) memory (ws "," ws memory)* ws ";"
layout ::= {Layout} place (ws "*" | gap (memory | processor)) (gap constraint)* ws ";"
limit ::= {InstanceLimit} task-name gap integer ws ";"
collect ::= {CollectMemory} place ws ";"
replicate ::= {ControlReplicate} tasks ws ";"
# The second name: the older form has a machine before the function.
map ::= ({IndexTaskMap} | {SingleTaskMap}) (ws "*" | gap processor | tasks) apart apart? ws ";"

tasks ::= task-name (ws "," next-task)*
processor ::= {processors}
memory ::= {memories}
constraint ::= {constraints} | {align} ws comparison ws integer
comparison ::= {comparisons}
)gbnf";

constexpr std::string_view kFunctions = R"gbnf(
# ---- functions

function ::= {def} gap name ws "(" ws (parameter (ws "," ws parameter)* (ws ",")? ws)? ")" ws body
parameter ::= type gap name
type ::= {types}
body ::= "{{" ws (assignment ws | print ws)* return ws ((assignment | print | return) ws)* "}}"
assignment ::= name ws "=" ws value ws ";"
print ::= {print} ws "(" ws text (ws "," ws value)* (ws ",")? ws ")" ws ";"
return ::= "return" value-apart ws ";"

# ---- values

value ::= operand rest
# Behind a word.
value-apart ::= (gap operand | sign ws operand | bracketed postfix*) rest
rest ::= (ws operation)* (ws "?" ws value ws ":" ws value)?
# Two strokes would begin a comment.
operation ::= ({operators}) ws operand | {divide} ((blank | "\n") ws)? operand
operand ::= sign ws operand | integer | (comprehension | bracketed | value-name (ws arguments)?) postfix*
sign ::= "-" | "!"
postfix ::= ws ("." ws (property | method ws arguments) | index)
property ::= {properties}
method ::= {methods}
arguments ::= "(" ws (elements ws)? ")"
# Some processors of a machine, an element of a tuple, or a part of one.
index ::= "[" ws (value (more-items | ws slice) | ("*" | unpacked) more-items | slice) ws "]"
more-items ::= (ws "," ws item)* (ws ",")?
item ::= value | unpacked | "*"
slice ::= ":" (ws value)?
# A value in brackets, or a tuple.
bracketed ::= "(" ws (value (ws "," (ws elements)?)? | unpacked ws "," (ws elements)?) ws ")"
elements ::= element (ws "," ws element)* (ws ",")?
element ::= value | unpacked
unpacked ::= "*" ws operand
comprehension ::= "tuple" ws "(" ws value gap "for" gap name gap "in" value-apart ws ")"
)gbnf";

constexpr std::string_view kWords = R"gbnf(
# ---- words

text ::= "\"" [^"\n\x00]* "\""
integer ::= [0-9]{{1,18}} | "{most}"
name ::= [A-Z_a-z] more
more ::= [0-9A-Z_a-z]*

# White space: any, some, and of one line.
ws ::= (blank | comment? "\n")*
gap ::= (blank | comment? "\n") ws
blank ::= [ \t\r\x07\x0B\x0C]
comment ::= ("#" | "//") [^\n\x00]*

# A name behind a word, and behind anything else.
apart ::= blank close | comment? "\n" ws line-name
close ::= blank* (other-name | comment? "\n" ws line-name)
# No processor kind.
other-name ::= {other_name}
# Nor what begins a statement.
line-name ::= {line_name}
# What means nothing else in an expression.
value-name ::= {value_name}
)gbnf";

// Where any task and any region may be named.
constexpr std::string_view kAnyPlace = R"gbnf(place ::= (task-name | ws "*") region-name
task-name ::= apart tail | ws quoted
next-task ::= close tail | ws quoted
)gbnf";
constexpr std::string_view kAnyRegion = R"gbnf(apart tail | ws quoted | ws "*")gbnf";
constexpr std::string_view kPosition = " | gap integer";
constexpr std::string_view kFreeNames = R"gbnf(tail ::= (("." | "::") name)*
quoted ::= "\"" [^"\n\x00]+ "\""
)gbnf";

std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += fmt::format("\\{}", c);
    } else if (u < 0x20 || u == 0x7F) {
      out += fmt::format("\\x{:02X}", u);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string joined(const Words& choices) {
  std::string out;
  std::size_t line = 0;
  for (const std::string& c : choices) {
    if (!out.empty()) {
      const bool full = out.size() - line + c.size() > kColumns;
      out += full ? " |\n    " : " | ";
      if (full) line = out.size();
    }
    out += c;
  }
  return out;
}

template <class Range>
std::string choice(const Range& words) {
  Words choices;
  for (const auto& w : words) choices.push_back(literal(w));
  return joined(choices);
}

// ---- names that are none of some words: GBNF has no exclusion

using WordSet = std::set<std::string_view>;

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kParts = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

// "[0-9A-Z]", of characters in order.
std::string class_of(std::string_view characters) {
  std::string out = "[";
  for (std::size_t i = 0; i < characters.size();) {
    std::size_t last = i;
    while (last + 1 < characters.size() && characters[last + 1] == characters[last] + 1) ++last;
    out += characters[i];
    if (last > i + 1) out += '-';
    if (last > i) out += characters[last];
    i = last + 1;
  }
  return out + "]";
}

// What leads to none of the words, of which a common beginning is taken away already: a first character from
// `characters` that begins none of them, or one that does and what makes a difference behind it.
Words apart_from(const WordSet& words, std::string_view characters) {
  std::map<char, WordSet> by_first;
  for (const std::string_view w : words) {
    if (!w.empty()) by_first[w.front()].insert(w.substr(1));
  }
  std::string others;
  std::ranges::copy_if(characters, std::back_inserter(others), [&](char c) { return !by_first.contains(c); });
  Words choices{class_of(others) + " more"};
  for (const auto& [first, left] : by_first) {
    choices.push_back(fmt::format("\"{}\" ({}){}", first, fmt::join(apart_from(left, kParts), " | "),
                                  left.contains("") ? "" : "?"));
  }
  return choices;
}

std::string name_except(const WordSet& words) {
  return fmt::format("{}", fmt::join(apart_from(words, kLetters), " |\n    "));
}

WordSet processor_words() {
  const auto kinds = machine::processor_kind_names();
  return {kinds.begin(), kinds.end()};
}

// Those, and what seems to begin a statement where it begins a line (Parser::starts_statement).
WordSet line_words() {
  WordSet words = processor_words();
  words.insert(kStatementNames.begin(), kStatementNames.end());
  words.insert(slips::kControlWords.begin(), slips::kControlWords.end());
  words.insert("return");
  return words;
}

// What the parser reads as something else than a name in an expression (Parser::prefix, Parser::word).
constexpr std::array<std::string_view, 3> kNoValues{"not", "tuple", "lambda"};

// ---- the names of a program

bool writable(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = base::utf8_length(name, i);
    if (length == 0 || name[i] == '"' || name[i] == '\n' || name[i] == '\0') return false;
    i += length;
  }
  return true;
}

// Whether a name can do without quotes, wherever it stands.
bool plain(std::string_view name) {
  const auto within = [](char c, std::string_view characters) {
    return characters.find(c) != std::string_view::npos;
  };
  static const WordSet kQuoted = line_words();
  bool first = true;
  while (!name.empty()) {
    if (!first) {
      const std::size_t joint = name.starts_with("::") ? 2 : name.starts_with('.') ? 1 : 0;
      if (joint == 0) return false;
      name.remove_prefix(joint);
    }
    if (name.empty() || !within(name[0], kLetters)) return false;
    std::size_t end = 1;
    while (end < name.size() && within(name[end], kParts)) ++end;
    if (first && kQuoted.contains(name.substr(0, end))) return false;
    name.remove_prefix(end);
    first = false;
  }
  return !first;
}

std::string as_written(std::string_view name) {
  return literal(plain(name) ? std::string(name) : fmt::format("\"{}\"", name));
}

// The rules for tasks and regions: `place` is a task with one of its regions.
class Places {
 public:
  explicit Places(const ProgramFacts& program) {
    std::set<std::string_view> known;
    for (const TaskFacts& t : program.tasks) {
      most_ = std::max(most_, t.regions.size());
      for (const auto& names : t.regions) regions_.insert(regions_.end(), names.begin(), names.end());
      // Of two tasks with one name, check_names knows the first.
      if (writable(t.name) && known.insert(t.name).second) tasks_.push_back(&t);
    }
  }

  bool known() const { return !tasks_.empty(); }

  std::string rules() {
    Words names;
    Words places;
    for (const TaskFacts* t : tasks_) {
      names.push_back(as_written(t->name));
      std::vector<std::string> own;
      for (const auto& n : t->regions) own.insert(own.end(), n.begin(), n.end());
      places.push_back(fmt::format("{} {}", names.back(), regions_rule(t->name, own, t->regions.size())));
    }
    std::string out = "place ::= ws \"*\" region-name | gap (" + joined(places) + ")\n";
    out += "task-name ::= gap known-task\nnext-task ::= ws known-task\n";
    out += "known-task ::= " + joined(names) + "\n";
    out += "region-name ::= " + regions(regions_, most_) + "\n";
    for (const auto& [body, name] : own_) out += fmt::format("{} ::= {}\n", name, body);
    if (regions_.empty()) out += kFreeNames;
    return out;
  }

 private:
  // Their names and positions, with the white space before them.
  std::string regions(const std::vector<std::string>& names, std::size_t positions) const {
    Words choices;
    std::set<std::string_view> known;
    for (const std::string& n : names) {
      if (writable(n) && known.insert(n).second) choices.push_back(as_written(n));
    }
    for (std::size_t i = 0; i < positions; ++i) choices.push_back(literal(fmt::format("{}", i)));
    const std::string some = choices.empty() ? "" : fmt::format(" | gap ({})", joined(choices));
    // Without any name in the program, every one may be meant.
    return (regions_.empty() ? std::string(kAnyRegion) : "ws \"*\"") + some;
  }

  // Tasks with the same regions share a rule, called after the first of them.
  std::string regions_rule(std::string_view task, const std::vector<std::string>& names,
                           std::size_t positions) {
    std::string name = "region-of-";
    for (const char c : task) name += kParts.find(c) != std::string_view::npos && c != '_' ? c : '-';
    if (!rule_names_.insert(name).second) {
      name += fmt::format("-{}", rule_names_.size());
      rule_names_.insert(name);
    }
    return own_.emplace(regions(names, positions), name).first->second;
  }

  std::vector<const TaskFacts*> tasks_;
  std::vector<std::string> regions_;
  std::size_t most_ = 0;                    // regions of one task
  std::map<std::string, std::string> own_;  // rules by what they say
  std::set<std::string> rule_names_;
};

std::string any_place() {
  return fmt::format("{}region-name ::= {}{}\n{}", kAnyPlace, kAnyRegion, kPosition, kFreeNames);
}

// ---- all of it

using Holes = fmt::dynamic_format_arg_store<fmt::format_context>;

Holes holes(bool exact) {
  Holes all;
  const auto add = [&](std::string_view name, const std::string& text) {
    all.push_back(fmt::arg(std::string(name).c_str(), text));
  };
  for (const std::string_view word : kStatementNames) add(word, literal(word));
  add("processors", choice(machine::processor_kind_names()));
  add("memories", choice(machine::memory_kind_names()));
  add("types", choice(kTypeNames));
  constexpr auto kAlign = static_cast<std::size_t>(LayoutConstraint::Kind::align);
  Words constraints;
  for (std::size_t i = 0; i < kConstraintNames.size(); ++i) {
    if (i != kAlign) constraints.push_back(literal(kConstraintNames[i]));
  }
  add("constraints", joined(constraints));
  add("align", literal(kConstraintNames[kAlign]));
  Words operators;
  Words comparisons;
  for (std::size_t i = 0; i < kBinaryNames.size(); ++i) {
    const auto op = static_cast<BinaryOp>(i);
    if (op != BinaryOp::divide) operators.push_back(literal(name_of(op)));
    if (op >= BinaryOp::equal && op <= BinaryOp::greater_equal) comparisons.push_back(literal(name_of(op)));
  }
  add("operators", joined(operators));
  add("comparisons", joined(comparisons));
  add("divide", literal(name_of(BinaryOp::divide)));
  Words properties;
  Words methods;
  for (std::size_t i = 0; i < kPropertyNames.size(); ++i)
    (is_method(static_cast<Property>(i)) ? methods : properties).push_back(literal(kPropertyNames[i]));
  add("properties", joined(properties));
  add("methods", joined(methods));
  add("most", fmt::format("{}", std::numeric_limits<std::int64_t>::max()));
  add("other_name", exact ? name_except(processor_words()) : "name");
  add("line_name", exact ? name_except(line_words()) : "name");
  add("value_name", exact ? name_except({kNoValues.begin(), kNoValues.end()}) : "name");
  return all;
}

}  // namespace

std::string grammar(const ProgramFacts* program, bool exact) {
  std::string out = "# Mappers of mapwright, as GBNF. Made by `mapwright grammar`.\n";
  std::string places = any_place();
  if (program != nullptr) {
    Places own(*program);
    out +=
        fmt::format("# Tasks and regions are those of {}.\n", base::one_line(base::visible(program->name)));
    if (own.known()) places = own.rules();
  }
  const Holes all = holes(exact);
  out += fmt::vformat(kStatements, all);
  out += "\n# A task and a region, the name of a task, and one behind a comma.\n" + places;
  out += fmt::vformat(kFunctions, all);
  out += fmt::vformat(kWords, all);
  return out;
}

}  // namespace mapwright::lang
