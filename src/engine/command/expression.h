// A regular expression that finds the metric in what a command wrote.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace mapwright::engine::command {

class Expression {
 public:
  //! In RE2's syntax, `^` and `$` at the ends of lines; the number is what its first group matches, or all of
  //! it where it has none. Where it is none, error() says why.
  explicit Expression(std::string_view text);

  const std::string& text() const { return text_; }
  //! A sentence without its end; empty: all is well.
  const std::string& error() const { return error_; }

  //! The last number that it finds: programs that report again and again say how it ended last. Nothing where
  //! it finds none, or what it found is no finite number.
  std::optional<double> find_last(std::string_view output) const;
  //! What it found last, number or not; nothing where it found nothing.
  std::optional<std::string> found_last(std::string_view output) const;

 private:
  std::string text_;
  std::string error_;
  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace mapwright::engine::command
