// What the tools take: stated once as a table, from which the schema that clients see is made, and against
// which what they send is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/mcp_message.h"

namespace mapwright::cli::mcp {

enum class Type : std::uint8_t {
  text,
  integer,
  flag,
  integers,  //!< an object: names with integers
};

struct Argument {
  std::string_view name;
  Type type = Type::text;
  std::string_view what;  //!< for the model that fills it in
  bool required = false;
  // NOLINTNEXTLINE(readability-redundant-member-init): without it GCC misses it in tables
  std::string_view fallback = {};  //!< as JSON: what it is where it is left out; empty: nothing
  // NOLINTNEXTLINE(readability-redundant-member-init): without it GCC misses it in tables
  std::span<const std::string_view> one_of = {};
  std::int64_t least = 0;  //!< of an integer
  std::int64_t most = 0;
};

using ArgumentList = std::vector<Argument>;

//! JSON Schema 2020-12: an object with these and no other properties.
Json input_schema(const ArgumentList& list);

//! What a client sent, checked and with what it left out.
class Arguments {
 public:
  //! Throws Stop, in words with which the sender can mend it.
  Arguments(const ArgumentList& list, const Input& sent);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  //! Whether the client itself stated it.
  bool sent(std::string_view name) const;
  std::string text(std::string_view name) const;  //!< empty where there is none
  std::optional<std::int64_t> integer(std::string_view name) const;
  bool flag(std::string_view name) const;
  //! "NAME=INTEGER", sorted.
  std::vector<std::string> integers(std::string_view name) const;

 private:
  const Input* find(std::string_view name) const;

  std::vector<std::string> sent_;
  std::unique_ptr<Input> values_;
};

}  // namespace mapwright::cli::mcp
