// Changes of a mapper's text, statement by statement: what guidance suggests and strategies try.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/source.h"
#include "lang/mapper.h"

namespace mapwright::lang {

//! Statements that shall hold, with the functions that they need, or whose like shall not. A statement
//! decides for a key: its keyword with the task, region and processor that it names. `IndexTaskMap a, b f;`
//! has one key for each of a and b.
struct Edit {
  bool remove = false;
  std::string
      text;  //!< as in a mapper: "InstanceLimit task_4 1;", "def f(Task task) { ... } IndexTaskMap t f;"

  friend bool operator==(const Edit&, const Edit&) = default;
};

//! A task's or region's name as statements have it: in quotes where it is no word, or one that means
//! something else.
std::string name_text(std::string_view name);

//! The mapper after the edits, one after the other, in canonical form with its comments. Statements with the
//! same key as an edit's go, lists lose the names that it names, and what it puts stands at the end. A
//! function of the edit that the mapper has already, to the letter in canonical form, is not repeated; one
//! that has the name of another gets a number. Fails where the mapper or an edit does not parse.
base::Result<std::string> edited(const base::SourcePtr& mapper, std::span<const Edit> edits);

//! A mapper's text without one of its statements.
std::string without(const CompiledMapper& mapper, std::size_t statement);

}  // namespace mapwright::lang
