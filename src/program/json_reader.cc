#include "program/json_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "program/diagnostics.h"

namespace mapwright::program {
namespace {

// Nobody needs more suggestions, and each takes a look at all candidates.
constexpr std::size_t kMostSuggestions = 100;
constexpr std::size_t kMostCandidates = 10'000;

using Kind = JsonNode::Kind;

}  // namespace

void JsonReader::report(const base::DiagnosticKind& kind, base::Span where, std::string message,
                        std::string note) {
  problems_.add({&kind, json_.source(), where, std::move(message), std::move(note), {}, {}});
}

base::Diagnostics JsonReader::take() {
  problems_.sort();
  return std::move(problems_);
}

void JsonReader::unknown(const base::DiagnosticKind& kind, Id id, std::string message, std::string note,
                         std::span<const std::string_view> candidates) {
  base::Diagnostic d{&kind, json_.source(), json_.node(id).where, std::move(message), std::move(note), {},
                     {}};
  if (candidates.size() <= kMostCandidates && suggestions_ < kMostSuggestions) {
    ++suggestions_;
    if (const auto near = base::closest(json_.text(id), candidates))
      d.fix = base::Fix{fmt::format("write \"{}\"", *near), {{d.where, fmt::format("\"{}\"", *near)}}};
  }
  problems_.add(std::move(d));
}

void JsonReader::wrong_type(Id id, std::string_view what, std::string_view wanted, std::string note) {
  report(problem::wrong_type, id, fmt::format("{} is {}, not {}", what, sort_of(json_.node(id).kind), wanted),
         std::move(note));
}

std::optional<JsonObject> JsonReader::object(Id id, std::string_view what,
                                             std::span<const std::string_view> keys) {
  if (!is(id, Kind::object)) {
    wrong_type(id, what, "an object");
    return std::nullopt;
  }
  JsonObject o(id, what);
  json_.members(id, [&](Id key, Id value) {
    const std::string_view name = json_.text(key);
    if (std::ranges::find(keys, name) == keys.end()) {
      unknown(problem::unknown_key, key, fmt::format("{} has no \"{}\"", what, base::shortened(name, kShown)),
              fmt::format("it has {}", base::join(keys, ", ")), keys);
    } else if (const auto before = o[name]) {
      base::Diagnostic d{&problem::duplicate_key,
                         json_.source(),
                         json_.node(key).where,
                         fmt::format("\"{}\" stands here twice", name),
                         "",
                         {},
                         {}};
      d.related.push_back({json_.node(*before).where, "the first one"});
      problems_.add(std::move(d));
    } else {
      o.members_.emplace_back(name, value);
    }
  });
  return o;
}

std::optional<JsonObject::Id> JsonReader::need(const JsonObject& o, std::string_view key,
                                               std::string_view instead) {
  const auto id = o[key];
  if (!id) {
    const base::Span where = json_.node(o.id()).where;
    report(problem::missing_key, {where.begin, where.begin + 1},
           fmt::format("{} needs \"{}\"{}", o.what(), key, instead));
  }
  return id;
}

std::optional<std::string> JsonReader::text(Id id, std::string_view what) {
  if (is(id, Kind::text)) return std::string(json_.text(id));
  wrong_type(id, what, "a text");
  return std::nullopt;
}

std::string JsonReader::text(const JsonObject& o, std::string_view key, std::string fallback) {
  const auto id = o[key];
  if (!id) return fallback;
  return text(*id, fmt::format("\"{}\"", key)).value_or(std::move(fallback));
}

bool JsonReader::flag(const JsonObject& o, std::string_view key, bool fallback) {
  const auto id = o[key];
  if (!id) return fallback;
  if (is(*id, Kind::boolean)) return json_.node(*id).integer != 0;
  wrong_type(*id, fmt::format("\"{}\"", key), "true or false");
  return fallback;
}

std::optional<std::int64_t> JsonReader::integer(Id id, std::string_view what, std::int64_t least,
                                                std::int64_t most) {
  const JsonNode& node = json_.node(id);
  if (node.kind == Kind::integer && node.integer >= least && node.integer <= most) return node.integer;
  if (node.kind == Kind::integer || (node.kind == Kind::number && node.integer != 0)) {
    report(problem::out_of_range, id, fmt::format("{} cannot be {}", what, json_.source()->slice(node.where)),
           fmt::format("it lies between {} and {}", least, most));
  } else {
    wrong_type(id, what, "a whole number",
               node.kind == Kind::number ? "whole numbers are written without point and exponent" : "");
  }
  return std::nullopt;
}

std::int64_t JsonReader::integer(const JsonObject& o, std::string_view key, std::int64_t least,
                                 std::int64_t most, std::int64_t fallback) {
  const auto id = o[key];
  if (!id) return fallback;
  return integer(*id, fmt::format("\"{}\"", key), least, most).value_or(fallback);
}

std::optional<double> JsonReader::number(Id id, std::string_view what) {
  const JsonNode& node = json_.node(id);
  if (node.kind == Kind::integer || node.kind == Kind::number) return node.number;
  wrong_type(id, what, "a number");
  return std::nullopt;
}

std::optional<double> JsonReader::number(const JsonObject& o, std::string_view key) {
  const auto id = o[key];
  if (!id) return std::nullopt;
  return number(*id, fmt::format("\"{}\"", key));
}

std::optional<std::size_t> JsonReader::choice(Id id, std::string_view what,
                                              std::span<const std::string_view> words) {
  if (!is(id, Kind::text)) {
    wrong_type(id, what, "a text", fmt::format("it is one of {}", base::join(words, ", ")));
    return std::nullopt;
  }
  const auto at = std::ranges::find(words, json_.text(id));
  if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
  unknown(problem::bad_choice, id,
          fmt::format("{} cannot be \"{}\"", what, base::shortened(json_.text(id), kShown)),
          fmt::format("it is one of {}", base::join(words, ", ")), words);
  return std::nullopt;
}

bool JsonReader::is_list(Id id, std::string_view what, std::string_view wanted) {
  if (is(id, Kind::list)) return true;
  wrong_type(id, what, wanted);
  return false;
}

bool JsonReader::is_at_most(Id list, std::string_view what, std::size_t most) {
  if (json_.count(list) <= most) return true;
  report(problem::too_large, list, fmt::format("{} has too many entries", what),
         fmt::format("there are at most {}", most));
  return false;
}

std::optional<machine::ProcessorKind> JsonReader::processor_kind(Id id) {
  const auto names = machine::processor_kind_names();
  const auto at = choice(id, "a kind of processor", names);
  return at ? machine::processor_kind(names[*at]) : std::nullopt;
}

}  // namespace mapwright::program
