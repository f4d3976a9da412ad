// One question to a language model: asked again once, with what was wrong, where the reply has not the form
// that was asked for.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "llm/chat.h"
#include "prompt/library.h"
#include "tune/model.h"
#include "tune/strategy.h"

namespace mapwright::tune {

//! The form of a reply.
enum class Form : std::uint8_t {
  blocks,  //!< reasoning, answer, suggestion: new texts of decision blocks
  mapper,  //!< reasoning, mapper: a whole one
};

//! A reply that can be used.
struct Said {
  std::string reasoning;
  std::string answer;
  std::map<std::string, std::string> suggestion;  //!< of Form::blocks, by the names of blocks
  std::string mapper;                             //!< of Form::mapper
};

//! Two replies, neither of which can be used.
struct Unusable {
  std::string text;            //!< what was said last
  base::Diagnostics problems;  //!< why it cannot be used
};

//! The messages of a template, filled with what is known of the subject and with `values`.
std::vector<llm::Message> messages_of(const Model& model, Form form, std::string_view name,
                                      prompt::Values values);

//! What the model says to these messages. `messages` gets the replies and what was said to them, so that the
//! conversation can go on.
std::variant<Said, Unusable, Ended> ask(const Model& model, Form form, double temperature,
                                        std::vector<llm::Message>* messages);

}  // namespace mapwright::tune
