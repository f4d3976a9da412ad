// The texts of prompts: files that users can replace.
//
// A template is a UTF-8 text with parts, each behind a line that names it: [system], then [user]. A word
// between braces, `{program}`, is a hole that is filled with what is known.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "guide/template.h"
#include "llm/chat.h"

namespace mapwright::prompt {

using guide::Values;

//! One kind of prompt, and what its holes may be called.
struct TemplateKind {
  std::string_view name;  //!< of its file, NAME.txt
  std::string_view what;
  bool conversation = true;  //!< begins one: has a system part and a user part; else a user part alone
  std::span<const std::string_view> holes;
};
std::span<const TemplateKind> template_kinds();

//! All templates of a style. Copies share them.
class Library {
 public:
  //! Of two sources for one template the later one holds: the shipped ones come first, then the user's. The
  //! name of a source is that of its file, with or without folders.
  static base::Result<Library> read(std::span<const base::SourcePtr> sources);

  //! The messages of a template; values that it has no hole for are not used.
  std::vector<llm::Message> fill(std::string_view name, const Values& values) const;
  //! The text of a template that begins no conversation.
  std::string text(std::string_view name, const Values& values) const;

 private:
  struct Part {
    llm::Role role = llm::Role::user;
    guide::Template text;
  };
  std::map<std::string, std::vector<Part>, std::less<>> templates_;
};

}  // namespace mapwright::prompt
