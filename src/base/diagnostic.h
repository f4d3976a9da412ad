// What is wrong with something a user wrote: as data, until the command line shows it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"

namespace mapwright::base {

enum class Severity : std::uint8_t { error, warning };

//! One kind of problem. Each folder registers its kinds once, in a diagnostics.def; codes are never reused.
struct DiagnosticKind {
  std::string_view code;  //!< "MW2003": the first digit is the phase
  std::string_view name;  //!< "missing_semicolon"
  Severity severity;
  std::string_view title;  //!< one sentence without the particulars, for lists of codes
};

//! Replace the bytes of `range` by `text`.
struct Edit {
  Span range;
  std::string text;
};

//! A repair that a tool can apply: `edits` do not overlap.
struct Fix {
  std::string what;
  std::vector<Edit> edits;
};

//! A second place that matters, such as the first definition of a name.
struct Related {
  Span where;
  std::string message;
};

struct Diagnostic {
  const DiagnosticKind* kind = nullptr;
  SourcePtr source;  //!< null where the problem has no text
  Span where;
  std::string message;  //!< what is wrong, in the words of whoever wrote it
  std::string note;     //!< why it is wrong and what to do; may be empty
  std::vector<Related> related;
  std::optional<Fix> fix;

  bool is_error() const { return kind->severity == Severity::error; }
};

//! Collects the problems of one run, in any order. Keeps the first kKept errors and the first kKept warnings
//! and counts the rest, so that hostile input cannot fill the memory.
class Diagnostics {
 public:
  static constexpr std::size_t kKept = 10'000;

  void add(Diagnostic d);
  void add(const Diagnostics& others);
  //! By place, errors and warnings mixed as they stand in the text; duplicates at one place are dropped.
  void sort();

  const std::vector<Diagnostic>& items() const { return items_; }
  bool empty() const { return items_.empty(); }
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return warnings_; }
  bool has_errors() const { return errors_ != 0; }
  //! Whether further errors are only counted: what looks for them may stop. Warnings are no reason to: what
  //! has no errors is used, and has to be read to its end.
  bool full() const { return errors_ >= kKept; }

 private:
  std::vector<Diagnostic> items_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

//! The text with all fixes applied that do not touch one another; the earlier one wins.
//! `applied` counts them.
std::string apply_fixes(std::string_view text, const std::vector<Diagnostic>& items, std::size_t* applied);

//! The diagnostic as a person reads it: place, message, the line with carets, note, fix. Ends with a newline.
//! Control characters of the text are shown, never sent.
std::string render(const Diagnostic& d, bool color);

}  // namespace mapwright::base
