// What endpoints are sent and what they send back: texts only, no network.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "llm/chat.h"

namespace mapwright::llm {

//! How a reply is held to the schema of a request, the strictest first.
enum class Form : std::uint8_t {
  schema,  //!< the endpoint lets the model write nothing else
  object,  //!< the endpoint sees to it that the reply is a JSON object
  text,    //!< the prompt alone asks for it
};
inline constexpr std::array<std::string_view, 3> kForms{"schema", "object", "text"};
constexpr std::string_view name_of(Form form) {
  return kForms[static_cast<std::size_t>(form)];
}

//! Where an endpoint takes a grammar, if at all.
enum class GrammarField : std::uint8_t {
  none,
  grammar,             //!< "grammar", llama.cpp
  structured_outputs,  //!< "structured_outputs": {"grammar": }, vLLM
};

//! What an endpoint has shown to understand, or not to: changed by adapt, and kept for later calls.
struct Dialect {
  Form form = Form::schema;
  GrammarField grammar = GrammarField::none;
  bool completion_tokens = false;  //!< "max_completion_tokens", not "max_tokens"
  bool temperature = true;         //!< whether it may be stated
  bool limit_changed = false;      //!< completion_tokens is the second name that was tried

  bool operator==(const Dialect&) const = default;
};

//! A way to talk to endpoints.
struct Protocol {
  std::string_view name;
  std::string_view path;  //!< behind the base address
  //! Headers, without those of the body; no key: none for it.
  std::vector<std::string> (*headers)(const std::string& key);
  std::string (*body)(const Request& request, const std::string& model, const Dialect& dialect);
  //! The body of a reply with status 200: a reply, or Fault::malformed.
  Answer (*read)(std::string_view body, const Request& request);
  Form (*weaker)(Form form);  //!< the next one it has; text: there is no other
};

const Protocol& openai();     //!< chat completions
const Protocol& anthropic();  //!< messages

//! Changes the dialect where a refusal, in the endpoint's own words, is about one of its parts that the
//! request has used; false: it is about something else.
bool adapt(const Protocol& protocol, const Request& request, std::string_view refusal, Dialect* dialect);

//! What the body of a failed request says, in one line, shortened and visible: the message of an error object
//! of either protocol, otherwise the beginning of the body.
std::string error_text(std::string_view body);

//! Usage where the endpoint states none.
Usage estimated_usage(const Request& request, std::string_view reply);

}  // namespace mapwright::llm
