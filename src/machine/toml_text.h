// TOML with places: a parsed text whose keys and values are found in the source by byte.
#pragma once

#include <toml++/toml.h>

#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"

namespace mapwright::machine {

class TomlText {
 public:
  //! The document, or what is wrong with it: one problem, since a TOML parser cannot go on after an error.
  static std::variant<TomlText, base::Diagnostic> parse(const base::SourcePtr& source);

  const toml::table& root() const { return root_; }
  //! The bytes of a key (a quoted one with its quotes), a value, a table's header.
  base::Span place(const toml::key& key) const { return place(key.source()); }
  base::Span place(const toml::node& node) const { return place(node.source()); }

 private:
  explicit TomlText(base::SourcePtr source);
  base::Span place(const toml::source_region& region) const;
  std::uint32_t offset(const toml::source_position& at) const;

  base::SourcePtr source_;
  std::vector<std::uint32_t> line_starts_;
  struct Found {
    toml::source_index line = 0;
    toml::source_index column = 0;
    std::uint32_t byte = 0;
  };
  mutable Found last_;  // the place that offset() was asked for before
  toml::table root_;
};

//! "a list", "a whole number": what a value is, in the words of somebody who does not write parsers.
std::string_view sort_of(const toml::node& node);

}  // namespace mapwright::machine
