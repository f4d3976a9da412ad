// What the adapter did and saw, one line of JSON for each thing, in names that people use: kinds, names and
// numbers within a node, never identifiers of a runtime. docs/legion.md describes the lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mapwright::legion {

//! One object of JSON, written field by field. Lists and objects within it are texts that were built the same
//! way.
class Line {
 public:
  Line& text(std::string_view name, std::string_view value);
  Line& number(std::string_view name, long long value);
  Line& boolean(std::string_view name, bool value);
  Line& raw(std::string_view name, std::string_view json);
  //! The object.
  std::string object() const { return "{" + fields_ + "}"; }

 private:
  void key(std::string_view key);
  std::string fields_;
};

//! "[..]" of items that are JSON already.
std::string quoted(std::string_view text);
//! "[..]" of texts.
template <class List>
std::string text_list(const List& texts);

//! Safe for all threads. Lines appear in the file as they are written.
class Journal {
 public:
  //! Null: nothing is written. A file that cannot be written ends the process with exit code 75.
  explicit Journal(const char* path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  bool open() const { return file_ >= 0; }
  void write(const Line& line) const;

 private:
  int file_ = -1;
};

template <class List>
std::string json_list(const List& items) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ",";
    text += item;
  }
  return text + "]";
}

template <class List>
std::string text_list(const List& texts) {
  std::vector<std::string> items;
  for (const auto& text : texts) items.push_back(quoted(text));
  return json_list(items);
}

}  // namespace mapwright::legion
