// Texts of rules with names in braces, "{task} asks for {bytes} bytes", and edits with such names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lang/edit.h"

namespace mapwright::guide {

//! What the groups of a pattern matched, by name.
using Values = std::map<std::string, std::string, std::less<>>;

//! A word between braces, without blanks, is a hole; any other brace stands for itself.
class Template {
 public:
  struct Hole {
    std::size_t begin = 0;  //!< of its brace
    std::size_t end = 0;
    std::string name;
  };

  Template() = default;
  explicit Template(std::string text);

  const std::string& text() const { return text_; }
  const std::vector<Hole>& holes() const { return holes_; }
  //! The values in the place of the holes, one for each.
  std::string filled(const std::vector<std::string>& values) const;
  //! As people read them: on one line, shortened, nothing that steers a terminal.
  std::string sentence(const Values& values) const;

 private:
  std::string text_;
  std::vector<Hole> holes_;
};

//! An edit of which each hole takes what the language has at its place: the name of a task or of data (in
//! quotes where it needs them), a number, a kind of processor or memory, a layout constraint, or anything
//! inside of quotes.
class EditTemplate {
 public:
  //! Where an edit is not in the mapper language, and why.
  struct Wrong {
    std::size_t at = 0;  //!< byte of the text
    std::string why;
  };
  static std::variant<EditTemplate, Wrong> make(bool remove, std::string text);

  const Template& text() const { return text_; }
  //! Nothing where a value is not what its place takes: an edit is right, or it is not made.
  std::optional<lang::Edit> filled(const Values& values) const;

 private:
  enum class Takes : std::uint8_t { name, number, processor, memory, constraint, quoted, region };

  EditTemplate(bool remove, Template text) : remove_(remove), text_(std::move(text)) {}
  static std::string_view sample(Takes takes);
  static std::optional<std::string> fit(Takes takes, const std::string& value);
  std::optional<Wrong> learn();
  void find_regions(std::vector<std::string> samples);
  struct Place {
    std::size_t at = 0;               // in the template
    std::optional<std::size_t> hole;  // that it is in
  };
  Place place_of(std::size_t at, const std::vector<std::string>& samples) const;

  bool remove_ = false;
  Template text_;
  std::vector<Takes> takes_;  // of each hole
};

}  // namespace mapwright::guide
