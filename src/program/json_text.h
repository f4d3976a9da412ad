// A JSON text with the place of everything in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/source.h"

namespace mapwright::program {

struct JsonNode {
  enum class Kind : std::uint8_t { null, boolean, integer, number, text, list, object };

  Kind kind = Kind::null;
  base::Span where;
  std::uint32_t end = 0;     //!< one behind the last node inside this one
  std::int64_t integer = 0;  //!< of an integer; 1 of true, and of a number that is a whole one out of range;
                             //!< of a text, where it is kept
  double number = 0;         //!< of an integer or a number
};

//! Nodes in the order of the text: a list is followed by its values, an object by its keys (texts), each
//! followed by its value.
class JsonText {
 public:
  using Id = std::uint32_t;  //!< index of a node

  //! Problems: what is no JSON, lists and objects more than kMaxDepth inside one another, more than kMaxNodes
  //! nodes. Keys that stand twice in one object are kept: who reads the object sees them.
  static base::Result<JsonText> parse(base::SourcePtr source);

  const base::SourcePtr& source() const { return source_; }
  const JsonNode& node(Id id) const { return nodes_[id]; }
  std::string_view text(Id id) const { return texts_[static_cast<std::size_t>(nodes_[id].integer)]; }
  static constexpr Id kRoot = 0;

  //! Calls visit(id) for each value of a list, until it returns false.
  template <class Visit>
  void values(Id list, Visit&& visit) const {
    for (Id id = list + 1; id < nodes_[list].end; id = nodes_[id].end) {
      if (!visit(id)) return;
    }
  }
  //! How many values a list has.
  std::size_t count(Id list) const;
  //! Calls visit(key, value) for each member of an object.
  template <class Visit>
  void members(Id object, Visit&& visit) const {
    for (Id id = object + 1; id < nodes_[object].end;) {
      const Id value = nodes_[id].end;
      visit(id, value);
      id = nodes_[value].end;
    }
  }
  std::optional<Id> member(Id object, std::string_view key) const;

  static constexpr std::size_t kMaxDepth = 16;
  static constexpr std::size_t kMaxNodes = std::size_t{1} << 22;

 private:
  friend class JsonBuilder;

  base::SourcePtr source_;
  std::vector<JsonNode> nodes_;
  std::vector<std::string> texts_;
};

//! Finds things by path. Remembers what it learned about long lists.
class JsonPlaces {
 public:
  explicit JsonPlaces(const JsonText& json) : json_(json) {}

  //! Where "launches[2].requirements[0].pieces" stands, or the nearest thing around it that there is. [i] is
  //! a value of a list, or of the i-th key of an object.
  base::Span place(std::string_view path);

 private:
  std::optional<JsonText::Id> value(JsonText::Id outer, std::size_t index);

  const JsonText& json_;
  std::unordered_map<JsonText::Id, std::vector<JsonText::Id>> values_;
};

//! "a text", "a list": what a node is, for messages.
std::string_view sort_of(JsonNode::Kind kind);

}  // namespace mapwright::program
