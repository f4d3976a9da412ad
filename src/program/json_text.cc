#include "program/json_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "program/diagnostics.h"

namespace mapwright::program {
namespace {

// Walks over the text for the parser, and lets others see how far it is.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using reference = const char&;

  Cursor(const char* at, const char** seen) : at_(at), seen_(seen) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *seen_ = ++at_;
    return *this;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** seen_;
};

constexpr std::array<std::string_view, 7> kSorts = {"null",   "true or false", "a whole number", "a number",
                                                    "a text", "a list",        "an object"};

}  // namespace

std::string_view sort_of(JsonNode::Kind kind) {
  return kSorts[static_cast<std::size_t>(kind)];
}

// What the parser calls for everything that it reads. A word begins behind the one before it, and behind what
// JSON puts between two words.
class JsonBuilder {
 public:
  JsonBuilder(JsonText* to, const char* const* seen) : to_(*to), text_(to->source_->text()), seen_(*seen) {
    if (text_.starts_with("\xEF\xBB\xBF")) last_ = 3;
  }

  bool null() { return push(JsonNode::Kind::null, false); }
  bool boolean(bool value) { return push(JsonNode::Kind::boolean, false, value ? 1 : 0); }
  bool number_integer(std::int64_t value) {
    return push(JsonNode::Kind::integer, true, value, static_cast<double>(value));
  }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(INT64_MAX))
      return push(JsonNode::Kind::number, true, 1, static_cast<double>(value));
    return number_integer(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string& written) {
    const bool whole = written.find_first_of(".eE") == std::string::npos;
    return push(JsonNode::Kind::number, true, whole ? 1 : 0, value);
  }
  bool string(std::string& value) {
    to_.texts_.push_back(std::move(value));
    return push(JsonNode::Kind::text, false, static_cast<std::int64_t>(to_.texts_.size()) - 1);
  }
  bool key(std::string& value) { return string(value); }
  bool binary(nlohmann::json::binary_t& /*value*/) { return false; }  // JSON has none
  bool start_object(std::size_t /*size*/) { return open(JsonNode::Kind::object); }
  bool start_array(std::size_t /*size*/) { return open(JsonNode::Kind::list); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& e) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ...; last read:
    // '...'"
    constexpr int kOverflow = 406;
    std::string_view what = e.what();
    const auto at = static_cast<std::uint32_t>(seen_ - text_.data());
    if (e.id == kOverflow) {
      return fail(problem::out_of_range, word(true), "the number is too large", "");
    }
    if (const std::size_t begin = what.find(": "); begin != std::string_view::npos)
      what = what.substr(begin + 2);
    // What the parser was doing is said by the place; what it read last, too.
    if (what.starts_with("syntax error"))
      if (const std::size_t begin = what.find(" - "); begin != std::string_view::npos)
        what = what.substr(begin + 3);
    std::string message(what);
    if (const std::size_t read = what.find("; last read: "); read != std::string_view::npos) {
      const std::size_t end = what.rfind("; expected ");
      message = what.substr(0, read);
      if (end != std::string_view::npos && end > read) message += what.substr(end);
    }
    const bool cut_off = message.find("unexpected end of input") != std::string::npos;
    const bool closes = message.starts_with("unexpected '}'") || message.starts_with("unexpected ']'");
    return fail(problem::not_json, {at == 0 || cut_off ? at : at - 1, at},
                fmt::format("this is no JSON: {}", message),
                closes ? "no comma stands behind the last entry" : "");
  }

  base::Diagnostic problem() && { return *std::move(problem_); }

 private:
  // The word that the parser has just read; of a number it has seen one character more, where there is one.
  base::Span word(bool number) {
    constexpr std::string_view kBetween = " \t\r\n,:";
    const std::size_t begin = std::min(text_.find_first_not_of(kBetween, last_), text_.size());
    auto end = static_cast<std::size_t>(seen_ - text_.data());
    if (number) end = std::min(text_.find_first_not_of("+-.0123456789eE", begin), text_.size());
    last_ = end;
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  }

  bool push(JsonNode::Kind kind, bool number, std::int64_t integer = 0, double value = 0) {
    const base::Span where = word(number);
    if (to_.nodes_.size() >= JsonText::kMaxNodes) {
      return fail(problem::too_large, where, "the file has too many values",
                  fmt::format("at most {} are read", JsonText::kMaxNodes));
    }
    to_.nodes_.push_back({kind, where, static_cast<std::uint32_t>(to_.nodes_.size() + 1), integer, value});
    return true;
  }

  bool open(JsonNode::Kind kind) {
    open_.push_back(static_cast<JsonText::Id>(to_.nodes_.size()));
    if (!push(kind, false)) return false;
    if (open_.size() <= JsonText::kMaxDepth) return true;
    return fail(problem::too_large, to_.nodes_.back().where, "too many lists and objects inside one another",
                fmt::format("at most {} are read", JsonText::kMaxDepth));
  }

  bool close() {
    JsonNode& node = to_.nodes_[open_.back()];
    open_.pop_back();
    node.where.end = word(false).end;
    node.end = static_cast<std::uint32_t>(to_.nodes_.size());
    return true;
  }

  bool fail(const base::DiagnosticKind& kind, base::Span where, std::string message, std::string note) {
    if (!problem_)
      problem_ = base::Diagnostic{&kind, to_.source_, where, std::move(message), std::move(note), {}, {}};
    return false;
  }

  JsonText& to_;
  std::string_view text_;
  const char* const& seen_;
  std::size_t last_ = 0;  // where the word before ends
  std::vector<JsonText::Id> open_;
  std::optional<base::Diagnostic> problem_;
};

base::Result<JsonText> JsonText::parse(base::SourcePtr source) {
  JsonText json;
  json.source_ = std::move(source);
  const std::string_view text = json.source_->text();
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* seen = begin;
  JsonBuilder builder(&json, &seen);
  if (!nlohmann::json::sax_parse(Cursor(begin, &seen), Cursor(end, &seen), &builder))
    return std::move(builder).problem();
  return json;
}

std::size_t JsonText::count(Id list) const {
  std::size_t n = 0;
  values(list, [&](Id) { return ++n != 0; });
  return n;
}

std::optional<JsonText::Id> JsonText::member(Id object, std::string_view key) const {
  std::optional<Id> found;
  if (nodes_[object].kind != JsonNode::Kind::object) return found;
  members(object, [&](Id name, Id value) {
    if (!found && text(name) == key) found = value;
  });
  return found;
}

std::optional<JsonText::Id> JsonPlaces::value(JsonText::Id outer, std::size_t index) {
  const auto [at, fresh] = values_.try_emplace(outer);
  std::vector<JsonText::Id>& list = at->second;
  if (fresh && json_.node(outer).kind == JsonNode::Kind::list) {
    json_.values(outer, [&](JsonText::Id id) {
      list.push_back(id);
      return true;
    });
  } else if (fresh && json_.node(outer).kind == JsonNode::Kind::object) {
    json_.members(outer, [&](JsonText::Id, JsonText::Id id) { list.push_back(id); });
  }
  return index < list.size() ? std::optional(list[index]) : std::nullopt;
}

base::Span JsonPlaces::place(std::string_view path) {
  JsonText::Id at = JsonText::kRoot;
  while (!path.empty()) {
    std::optional<JsonText::Id> next;
    if (path.front() == '[') {
      const std::size_t end = path.find(']');
      const auto index = base::parse_integer(path.substr(1, end - 1));
      if (index) next = value(at, static_cast<std::size_t>(*index));
      path.remove_prefix(end + 1);
    } else {
      if (path.front() == '.') path.remove_prefix(1);
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      next = json_.member(at, path.substr(0, end));
      path.remove_prefix(end);
    }
    if (!next) break;
    at = *next;
  }
  return json_.node(at).where;
}

}  // namespace mapwright::program
