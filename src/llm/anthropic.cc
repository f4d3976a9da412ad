// Anthropic's messages.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "llm/json.h"
#include "llm/protocol.h"
#include "llm/protocol_json.h"

namespace mapwright::llm {
namespace {

using Json = nlohmann::json;

std::vector<std::string> anthropic_headers(const std::string& key) {
  std::vector<std::string> list{"anthropic-version: 2023-06-01"};
  if (!key.empty()) list.push_back("x-api-key: " + key);
  return list;
}

std::string anthropic_body(const Request& request, const std::string& model, const Dialect& dialect) {
  Json o;
  o["model"] = model;
  o["max_tokens"] = request.max_tokens;
  std::string system;
  Json list = Json::array();
  for (const Message& m : request.messages) {
    if (m.role == Role::system) {
      system += (system.empty() ? "" : "\n\n") + m.text;
    } else {
      list.push_back({{"role", name_of(m.role)}, {"content", m.text}});
    }
  }
  if (!system.empty()) o["system"] = system;
  o["messages"] = std::move(list);
  if (request.temperature && dialect.temperature) o["temperature"] = *request.temperature;
  Json schema;
  if (dialect.form == Form::schema && !request.schema.empty() && parse_json(request.schema, &schema))
    o["output_config"] = {{"format", {{"type", "json_schema"}, {"schema", std::move(schema)}}}};
  return dump(o);
}

Answer anthropic_answer(std::string_view text, const Request& request) {
  constexpr std::array<EndingName, 3> kEndingNames{
      EndingName{"max_tokens", Ending::length}, EndingName{"model_context_window_exceeded", Ending::length},
      EndingName{"refusal", Ending::filtered}};
  // What was read from a cache, or written to one, has been read as well.
  constexpr std::array<const char*, 3> kPrompt{"input_tokens", "cache_creation_input_tokens",
                                               "cache_read_input_tokens"};
  constexpr std::array<const char*, 1> kReply{"output_tokens"};
  Json o;
  if (!parse_json_mended(text, &o)) return malformed("is not JSON", text);
  const Json* content = member(o, "content");
  if (content == nullptr) return malformed("has no content", text);
  auto blocks = text_blocks(*content);
  if (!blocks) return malformed("has content that is no list of blocks", text);

  Reply reply;
  reply.text = *std::move(blocks);
  reply.ending = ending_of(member(o, "stop_reason"), kEndingNames);
  add_usage(o, request, kPrompt, kReply, &reply);
  return reply;
}

}  // namespace

const Protocol& anthropic() {
  static constexpr Protocol kProtocol{"anthropic",    "/v1/messages",   anthropic_headers,
                                      anthropic_body, anthropic_answer, [](Form) { return Form::text; }};
  return kProtocol;
}

}  // namespace mapwright::llm
