// Typed values out of a JSON text: each is read, or reported where it stands.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "machine/kinds.h"
#include "program/json_text.h"

namespace mapwright::program {

inline constexpr std::size_t kShown = 64;  //!< bytes of what somebody wrote, in messages

//! The members of an object with known keys.
class JsonObject {
 public:
  using Id = JsonText::Id;

  JsonObject() = default;
  JsonObject(Id id, std::string_view what) : id_(id), what_(what) {}

  Id id() const { return id_; }
  std::string_view what() const { return what_; }  //!< "a task", for messages
  std::optional<Id> operator[](std::string_view key) const {
    for (const auto& [name, value] : members_) {
      if (name == key) return value;
    }
    return std::nullopt;
  }

 private:
  friend class JsonReader;

  Id id_ = 0;
  std::string_view what_;
  std::vector<std::pair<std::string_view, Id>> members_;
};

//! Reports what is unfit and goes on, so that one look at a file finds all problems. Functions that take a
//! fallback return it for what is absent or unfit.
class JsonReader {
 public:
  using Id = JsonText::Id;

  explicit JsonReader(const JsonText& json) : json_(json) {}

  const JsonText& json() const { return json_; }
  void report(const base::DiagnosticKind& kind, base::Span where, std::string message, std::string note = {});
  void report(const base::DiagnosticKind& kind, Id id, std::string message, std::string note = {}) {
    report(kind, json_.node(id).where, std::move(message), std::move(note));
  }
  //! The same, for a name or word that is none of the candidates: with the nearest one as the repair.
  void unknown(const base::DiagnosticKind& kind, Id id, std::string message, std::string note,
               std::span<const std::string_view> candidates);
  void wrong_type(Id id, std::string_view what, std::string_view wanted, std::string note = {});
  bool failed() const { return problems_.has_errors(); }
  //! Whether further problems are only counted.
  bool full() const { return problems_.full(); }
  //! By place.
  base::Diagnostics take();

  //! Nothing where the value is no object. Keys that it should not have are reported.
  std::optional<JsonObject> object(Id id, std::string_view what, std::span<const std::string_view> keys);
  //! The value of a key; reports where it is missing, and what may stand there `instead`: " or \"bounds\"".
  std::optional<Id> need(const JsonObject& o, std::string_view key, std::string_view instead = "");

  std::optional<std::string> text(Id id, std::string_view what);
  std::string text(const JsonObject& o, std::string_view key, std::string fallback);
  bool flag(const JsonObject& o, std::string_view key, bool fallback);
  std::optional<std::int64_t> integer(Id id, std::string_view what, std::int64_t least, std::int64_t most);
  std::int64_t integer(const JsonObject& o, std::string_view key, std::int64_t least, std::int64_t most,
                       std::int64_t fallback);
  std::optional<double> number(Id id, std::string_view what);
  std::optional<double> number(const JsonObject& o, std::string_view key);
  //! The place of a word among `words`.
  std::optional<std::size_t> choice(Id id, std::string_view what, std::span<const std::string_view> words);
  //! Whether the value is a list; reports where it is none.
  bool is_list(Id id, std::string_view what, std::string_view wanted);
  //! Calls read(id) for each value of a list of at most `most`, until there are too many problems.
  template <class Read>
  void each(Id list, std::string_view what, std::string_view wanted, std::size_t most, Read&& read) {
    if (!is_list(list, what, wanted) || !is_at_most(list, what, most)) return;
    json_.values(list, [&](Id id) {
      read(id);
      return !full();
    });
  }
  std::optional<machine::ProcessorKind> processor_kind(Id id);
  bool is(Id id, JsonNode::Kind kind) const { return json_.node(id).kind == kind; }

 private:
  bool is_at_most(Id list, std::string_view what, std::size_t most);

  const JsonText& json_;
  base::Diagnostics problems_;
  std::size_t suggestions_ = 0;
};

}  // namespace mapwright::program
