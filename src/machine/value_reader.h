// Single values of a machine file: each is read into the model, or reported.
#pragma once

#include <map>
#include <set>
#include <string>

#include "machine/schema.h"
#include "machine/toml_text.h"

namespace mapwright::machine {

//! Reports problems by place and remembers, by path, where things stand and which could not be read.
class Report {
 public:
  Report(base::SourcePtr source, const TomlText& text) : source_(std::move(source)), text_(text) {}

  base::Diagnostic& add(const base::DiagnosticKind& kind, base::Span where, std::string message,
                        std::string note = {});
  //! The same, at a value of the file, which counts as unread.
  base::Diagnostic& reject(const std::string& path, const toml::node& value, const base::DiagnosticKind& kind,
                           std::string message, std::string note = {});
  void wrong_type(const std::string& path, const toml::node& value, std::string_view key,
                  std::string_view wanted, std::string note = {});

  void stands(const std::string& path, base::Span where) { places_.insert_or_assign(path, where); }
  void failed(const std::string& path) { failed_.insert(path); }
  //! The place of a path, or of the nearest table around it.
  base::Span place(std::string_view path) const;
  //! Whether the path, something around it or something in it could not be read.
  bool unread(std::string_view path) const;

  base::Span place(const toml::node& value) const { return text_.place(value); }
  base::Span place(const toml::key& key) const { return text_.place(key); }
  const base::SourcePtr& source() const { return source_; }
  //! Everything so far, by place.
  base::Diagnostics take();

 private:
  base::SourcePtr source_;
  const TomlText& text_;
  std::vector<base::Diagnostic> found_;
  std::map<std::string, base::Span, std::less<>> places_;
  std::set<std::string, std::less<>> failed_;
};

//! What a value is read for.
struct Wanted {
  std::string path;
  std::string_view key;
  Unit unit = Unit::none;
  std::int64_t most = 0;
};

//! Reads `value` into what it names, and reports it where it is unfit; then the target keeps its old value.
class ValueReader {
 public:
  explicit ValueReader(Report* report) : report_(report) {}

  void read(const toml::node& value, const Wanted& wanted, double& to);
  void read(const toml::node& value, const Wanted& wanted, std::int64_t& to);
  void read(const toml::node& value, const Wanted& wanted, bool& to);
  void read(const toml::node& value, const Wanted& wanted, std::string& to);
  void read(const toml::node& value, const Wanted& wanted, RankOrder& to);
  void read(const toml::node& value, const Wanted& wanted, Sharing& to);
  void read(const toml::node& value, const Wanted& wanted, std::vector<std::int64_t>& to);
  void read(const toml::node& value, const Wanted& wanted, std::vector<MemoryPair>& to);
  template <class T>
  void read(const toml::node& value, const Wanted& wanted, std::optional<T>& to) {
    T plain{};
    const std::size_t before = failures_;
    read(value, wanted, plain);
    if (failures_ == before) to = plain;
  }

  //! Reports a name that is not 1 to 64 letters, digits, '_' and '-'.
  void good_name(std::string_view name, const std::string& path, base::Span where);

 private:
  template <class Enum>
  void choose(const toml::node& value, const Wanted& wanted, Enum& to);
  std::optional<double> quantity(const toml::node& value, const Wanted& wanted);
  std::optional<std::int64_t> integer(const toml::node& value, const Wanted& wanted, std::string_view subject,
                                      std::int64_t least, std::int64_t most);
  std::optional<MemoryPair> pair(const toml::node& value, const Wanted& wanted);
  //! A part of a text value, between its quotes; the whole value where the text has escapes.
  base::Span part(const toml::node& value, std::string_view text, std::size_t begin, std::size_t end) const;

  Report* report_;
  std::size_t failures_ = 0;  //!< counts what was reported
};

}  // namespace mapwright::machine
