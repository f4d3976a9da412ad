// JSON as models write it: what is beyond doubt is read, and said to be wrong.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace mapwright::llm {

struct LooseValue {
  enum class Kind : std::uint8_t { null, truth, number, text, list, object };
  Kind kind = Kind::null;
  std::string text;                //!< of a text; of a number or a truth, as it is written
  std::vector<std::string> keys;   //!< of an object, no key twice
  std::vector<LooseValue> values;  //!< of an object, one for each key; of a list

  bool operator==(const LooseValue&) const = default;
};

struct LooseObject {
  LooseValue value;       //!< where there is no problem
  std::size_t begin = 0;  //!< of its brace
  std::size_t end = 0;    //!< behind it; where there is a problem, the place of that
  std::set<const base::DiagnosticKind*> mended;
  const base::DiagnosticKind* problem = nullptr;
  std::string what;    //!< of the problem: "there is no colon behind a key"
  bool cut = false;    //!< the text ends inside it
  bool begun = false;  //!< it has a key with its colon: it is no brace of something else
};

//! The object that begins with the brace at `at`. `work` counts down the bytes that may still be looked at,
//! for all calls of one reply together; at 0 the problem is reply_tangled.
LooseObject parse_loosely(std::string_view text, std::size_t at, std::size_t* work);

}  // namespace mapwright::llm
