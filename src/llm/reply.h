// What is in the text of a reply: fields of a JSON object, or code. Models send both with all kinds of slips;
// those that leave no doubt about what was meant are mended, all others are told.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "llm/chat.h"

namespace mapwright::llm {

enum class FieldKind : std::uint8_t {
  text,   //!< a string
  texts,  //!< a list of strings
  map,    //!< an object whose values are strings; a null counts as if its key were not there
};

//! One field of the object that is wanted; others that it has are left alone.
struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::text;
  bool required = true;  //!< where it is not, null counts as if it were not there
};

using Texts = std::vector<std::string>;
using TextMap =
    std::vector<std::pair<std::string, std::string>>;          //!< in the order of the reply, no key twice
using FieldValue = std::variant<std::string, Texts, TextMap>;  //!< in the order of FieldKind

//! One thing that a model did wrong: a kind of "reply_" or "mended_", and a sentence or two that tell it
//! what, and how to do it right.
struct Slip {
  const base::DiagnosticKind* kind = nullptr;
  std::string text;
};

struct ObjectReply {
  std::map<std::string, FieldValue, std::less<>>
      fields;                   //!< all that are required, where there is no problem
  std::vector<Slip> mended;     //!< in the order of their codes
  std::optional<Slip> problem;  //!< why there are no fields
};

//! The fields of the only object, of several equal ones, or of the last of several that has all that is
//! required. Whatever is cut off or in doubt is a problem, and never half a value.
ObjectReply read_object(std::string_view text, std::span<const Field> fields,
                        Ending ending = Ending::complete);

struct CodeReply {
  std::string code;
  std::vector<Slip> mended;
  std::optional<Slip> problem;
};

//! The only block of Markdown, or several equal ones; without any, all of the text. Empty code is a problem.
CodeReply read_code(std::string_view text, Ending ending = Ending::complete);

}  // namespace mapwright::llm
