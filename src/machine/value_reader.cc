#include "machine/value_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "machine/diagnostics.h"

namespace mapwright::machine {
namespace {

constexpr std::size_t kLongestName = 64;

}  // namespace

base::Diagnostic& Report::add(const base::DiagnosticKind& kind, base::Span where, std::string message,
                              std::string note) {
  // What is missing from a file stands at its first byte, if it has one.
  const auto size = static_cast<std::uint32_t>(source_->text().size());
  where = {std::min(where.begin, size), std::min(where.end, size)};
  found_.push_back({&kind, source_, where, std::move(message), std::move(note), {}, {}});
  return found_.back();
}

base::Diagnostic& Report::reject(const std::string& path, const toml::node& value,
                                 const base::DiagnosticKind& kind, std::string message, std::string note) {
  failed(path);
  return add(kind, place(value), std::move(message), std::move(note));
}

void Report::wrong_type(const std::string& path, const toml::node& value, std::string_view key,
                        std::string_view wanted, std::string note) {
  reject(path, value, problem::wrong_type, fmt::format("'{}' is {}, not {}", key, sort_of(value), wanted),
         std::move(note));
}

base::Span Report::place(std::string_view path) const {
  for (;;) {
    if (const auto at = places_.find(path); at != places_.end()) return at->second;
    const std::size_t end = path.find_last_of(".[");
    if (end == std::string_view::npos) return {};
    path = path.substr(0, end);
  }
}

bool Report::unread(std::string_view path) const {
  for (std::string_view outer = path;;) {
    if (failed_.contains(outer)) return true;
    const std::size_t end = outer.find_last_of(".[");
    if (end == std::string_view::npos) break;
    outer = outer.substr(0, end);
  }
  const auto begins = [this](const std::string& start) {
    const auto at = failed_.lower_bound(start);
    return at != failed_.end() && at->starts_with(start);
  };
  return begins(fmt::format("{}.", path)) || begins(fmt::format("{}[", path));
}

base::Diagnostics Report::take() {
  base::Diagnostics all;
  for (base::Diagnostic& d : found_) all.add(std::move(d));
  found_.clear();
  all.sort();
  return all;
}

base::Span ValueReader::part(const toml::node& value, std::string_view text, std::size_t begin,
                             std::size_t end) const {
  const base::Span all = report_->place(value);
  const std::string_view written = report_->source()->slice(all);
  // Only a text that stands there as it is read can be pointed into.
  if (written.size() != text.size() + 2 || written.substr(1, text.size()) != text) return all;
  return {all.begin + 1 + static_cast<std::uint32_t>(begin), all.begin + 1 + static_cast<std::uint32_t>(end)};
}

std::optional<double> ValueReader::quantity(const toml::node& value, const Wanted& wanted) {
  const UnitFacts& facts = facts_of(wanted.unit);
  const std::string example = fmt::format("write a number and a unit, such as \"{}\"", facts.example);
  if (!value.is_string()) {
    ++failures_;
    report_->wrong_type(wanted.path, value, wanted.key, "a quantity with a unit", example);
    return std::nullopt;
  }
  const std::string_view text = **value.as_string();
  const auto parsed = parse_quantity(text, wanted.unit);
  if (const double* number = std::get_if<double>(&parsed)) return *number;
  ++failures_;
  const auto& error = std::get<QuantityError>(parsed);
  using What = QuantityError::What;
  if (error.what == What::form) {
    report_->reject(wanted.path, value, problem::bad_quantity,
                    fmt::format("'{}' is not {}: \"{}\"", wanted.key, facts.what, text), example);
    return std::nullopt;
  }
  if (error.what == What::range) {
    report_->reject(wanted.path, value, problem::out_of_range,
                    fmt::format("'{}' cannot be \"{}\"", wanted.key, text),
                    fmt::format("it lies between {} and {}", quantity_text(facts.least, wanted.unit),
                                quantity_text(facts.most, wanted.unit)));
    return std::nullopt;
  }
  std::vector<std::string_view> units;
  for (const UnitName& unit : facts.names) units.push_back(unit.name);
  const std::string_view word = text.substr(error.begin, error.end - error.begin);
  const bool no_unit = error.begin == 0;
  base::Diagnostic& d = report_->reject(
      wanted.path, value, problem::bad_unit,
      no_unit ? fmt::format("'{}' has no unit", wanted.key)
              : fmt::format("'{}' is not a unit of '{}', which is {}", word, wanted.key, facts.what),
      fmt::format("units are {}", base::join(units, ", ")));
  d.where = part(value, text, error.begin, error.end);
  if (!error.suggestion.empty() && d.where != report_->place(value)) {
    d.fix = base::Fix{fmt::format("replace '{}' by '{}'", word, error.suggestion),
                      {{d.where, std::string(error.suggestion)}}};
  }
  return std::nullopt;
}

std::optional<std::int64_t> ValueReader::integer(const toml::node& value, const Wanted& wanted,
                                                 std::string_view subject, std::int64_t least,
                                                 std::int64_t most) {
  if (!value.is_integer()) {
    ++failures_;
    report_->wrong_type(wanted.path, value, subject, "a whole number");
    return std::nullopt;
  }
  const std::int64_t number = **value.as_integer();
  if (number >= least && number <= most) return number;
  ++failures_;
  report_->reject(wanted.path, value, problem::out_of_range,
                  fmt::format("'{}' cannot be {}", subject, number),
                  fmt::format("it lies between {} and {}", least, most));
  return std::nullopt;
}

void ValueReader::read(const toml::node& value, const Wanted& wanted, double& to) {
  to = quantity(value, wanted).value_or(to);
}

void ValueReader::read(const toml::node& value, const Wanted& wanted, std::int64_t& to) {
  if (wanted.unit == Unit::count) {
    to = integer(value, wanted, wanted.key, 1, wanted.most).value_or(to);
  } else if (const auto bytes = quantity(value, wanted)) {
    to = std::llround(*bytes);
  }
}

void ValueReader::read(const toml::node& value, const Wanted& wanted, bool& to) {
  if (value.is_boolean()) {
    to = **value.as_boolean();
    return;
  }
  ++failures_;
  report_->wrong_type(wanted.path, value, wanted.key, "true or false");
}

void ValueReader::read(const toml::node& value, const Wanted& wanted, std::string& to) {
  if (value.is_string()) {
    to = **value.as_string();
    return;
  }
  ++failures_;
  report_->wrong_type(wanted.path, value, wanted.key, "a text");
}

template <class Enum>
void ValueReader::choose(const toml::node& value, const Wanted& wanted, Enum& to) {
  std::string word;
  const std::size_t before = failures_;
  read(value, wanted, word);
  if (failures_ != before) return;
  const std::span<const std::string_view> words = words_of(Enum{});
  if (const auto at = std::ranges::find(words, word); at != words.end()) {
    to = static_cast<Enum>(at - words.begin());
    return;
  }
  ++failures_;
  base::Diagnostic& d = report_->reject(wanted.path, value, problem::bad_choice,
                                        fmt::format("'{}' cannot be \"{}\"", wanted.key, word),
                                        fmt::format("it is one of {}", base::join(words, ", ")));
  if (const auto near = base::closest(word, words)) {
    d.fix = base::Fix{fmt::format("replace it by \"{}\"", *near), {{d.where, fmt::format("\"{}\"", *near)}}};
  }
}

void ValueReader::read(const toml::node& value, const Wanted& wanted, RankOrder& to) {
  choose(value, wanted, to);
}
void ValueReader::read(const toml::node& value, const Wanted& wanted, Sharing& to) {
  choose(value, wanted, to);
}

void ValueReader::read(const toml::node& value, const Wanted& wanted, std::vector<std::int64_t>& to) {
  const toml::array* list = value.as_array();
  if (list == nullptr) {
    ++failures_;
    report_->wrong_type(wanted.path, value, wanted.key, "a list of whole numbers");
    return;
  }
  std::vector<std::int64_t> numbers;
  bool good = true;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string path = fmt::format("{}[{}]", wanted.path, i);
    report_->stands(path, report_->place((*list)[i]));
    const auto number = integer((*list)[i], {path, wanted.key, {}, {}}, fmt::format("{}[{}]", wanted.key, i),
                                0, Node::kMaxSockets - 1);
    good = good && number;
    numbers.push_back(number.value_or(0));
  }
  if (good) to = std::move(numbers);
}

void ValueReader::read(const toml::node& value, const Wanted& wanted, std::vector<MemoryPair>& to) {
  const toml::array* list = value.as_array();
  if (list == nullptr || list->empty()) {
    ++failures_;
    report_->wrong_type(wanted.path, value, wanted.key, "a list of pairs of memories",
                        "write for example [\"FBMEM-SYSMEM\", \"FBMEM-FBMEM same socket\"]");
    return;
  }
  std::vector<MemoryPair> pairs;
  for (const toml::node& text : *list) {
    const std::string path = fmt::format("{}[{}]", wanted.path, pairs.size());
    report_->stands(path, report_->place(text));
    if (const auto one = pair(text, {path, wanted.key, {}, {}})) pairs.push_back(*one);
  }
  to = std::move(pairs);
}

std::optional<MemoryPair> ValueReader::pair(const toml::node& value, const Wanted& wanted) {
  std::string text;
  const std::size_t before = failures_;
  read(value, wanted, text);
  if (failures_ != before) return std::nullopt;
  std::vector<std::string> all;
  MemoryPair found;
  for (const MemoryKind a : kMachineMemories) {
    for (const MemoryKind b : kMachineMemories) {
      for (const Where where : {Where::anywhere, Where::same_socket, Where::other_socket}) {
        found = {a, b, where};
        all.push_back(pair_text(found));
        if (all.back() == text) return found;
      }
    }
  }
  ++failures_;
  base::Diagnostic& d = report_->reject(wanted.path, value, problem::bad_pair,
                                        fmt::format("\"{}\" is not a pair of memories", text),
                                        "write two kinds of memory with a '-' between them, and behind them "
                                        "'same socket' or 'other socket' where it "
                                        "matters: \"FBMEM-SYSMEM\", \"FBMEM-FBMEM same socket\"");
  const std::vector<std::string_view> candidates(all.begin(), all.end());
  if (const auto near = base::closest(text, candidates)) {
    d.fix = base::Fix{fmt::format("replace it by \"{}\"", *near), {{d.where, fmt::format("\"{}\"", *near)}}};
  }
  return std::nullopt;
}

void ValueReader::good_name(std::string_view name, const std::string& path, base::Span where) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, letter)) return;
  report_->failed(path);
  report_->add(problem::bad_name, where,
               fmt::format("'{}' is not a name", base::shortened(name, kLongestName)),
               fmt::format("a name has 1 to {} letters, digits, '_' and '-'", kLongestName));
}

}  // namespace mapwright::machine
