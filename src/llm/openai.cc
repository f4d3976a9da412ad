// OpenAI's chat completions, which many servers speak (llama.cpp, Ollama, vLLM and others).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "llm/json.h"
#include "llm/protocol.h"
#include "llm/protocol_json.h"

namespace mapwright::llm {
namespace {

using Json = nlohmann::json;

std::vector<std::string> openai_headers(const std::string& key) {
  if (key.empty()) return {};
  return {"Authorization: Bearer " + key};
}

Json messages(const Request& request) {
  Json list = Json::array();
  for (const Message& m : request.messages) list.push_back({{"role", name_of(m.role)}, {"content", m.text}});
  return list;
}

// null: the reply may be any text.
Json response_format(const Request& request, Form form) {
  Json schema;
  if (request.schema.empty() || form == Form::text || !parse_json(request.schema, &schema)) return {};
  if (form == Form::object) return {{"type", "json_object"}};
  return {{"type", "json_schema"},
          {"json_schema", {{"name", "reply"}, {"strict", true}, {"schema", schema}}}};
}

std::string openai_body(const Request& request, const std::string& model, const Dialect& dialect) {
  Json o;
  o["model"] = model;
  o["messages"] = messages(request);
  o["stream"] = false;
  o[dialect.completion_tokens ? "max_completion_tokens" : "max_tokens"] = request.max_tokens;
  if (request.temperature && dialect.temperature) o["temperature"] = *request.temperature;
  if (!request.grammar.empty() && dialect.grammar != GrammarField::none) {
    // A grammar says more than a schema, and no endpoint takes both.
    if (dialect.grammar == GrammarField::grammar)
      o["grammar"] = request.grammar;
    else
      o["structured_outputs"] = {{"grammar", request.grammar}};
  } else if (Json format = response_format(request, dialect.form); !format.is_null()) {
    o["response_format"] = std::move(format);
  }
  return dump(o);
}

Answer openai_answer(std::string_view text, const Request& request) {
  constexpr std::array<EndingName, 3> kEndingNames{EndingName{"length", Ending::length},
                                                   EndingName{"content_filter", Ending::filtered},
                                                   EndingName{"refusal", Ending::filtered}};
  constexpr std::array<const char*, 1> kPrompt{"prompt_tokens"};
  constexpr std::array<const char*, 1> kReply{"completion_tokens"};
  Json o;
  if (!parse_json_mended(text, &o)) return malformed("is not JSON", text);
  const Json* choices = member(o, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty())
    return malformed("has no choices", text);
  const Json& choice = choices->front();
  const Json* message = member(choice, "message");
  if (message == nullptr || !message->is_object()) return malformed("has no message", text);

  Reply reply;
  reply.ending = ending_of(member(choice, "finish_reason"), kEndingNames);
  const Json* content = member(*message, "content");
  const Json* refusal = member(*message, "refusal");
  // Null content is allowed: a model that has spent all its tokens on thoughts says nothing.
  if (content != nullptr && content->is_string()) {
    reply.text = content->get<std::string>();
  } else if (content != nullptr) {
    auto blocks = text_blocks(*content);
    if (!blocks) return malformed("has content that is no text", text);
    reply.text = *std::move(blocks);
  }
  if (refusal != nullptr && refusal->is_string() && !refusal->get_ref<const std::string&>().empty()) {
    reply.ending = Ending::filtered;
    if (reply.text.empty()) reply.text = refusal->get<std::string>();
  }
  add_usage(o, request, kPrompt, kReply, &reply);
  return reply;
}

}  // namespace

const Protocol& openai() {
  static constexpr Protocol kProtocol{
      "openai",       "/chat/completions",
      openai_headers, openai_body,
      openai_answer,  [](Form form) {
                                        return form == Form::schema ? Form::object : Form::text; }};
  return kProtocol;
}

}  // namespace mapwright::llm
