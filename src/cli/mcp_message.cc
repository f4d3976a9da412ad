#include "cli/mcp_message.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace mapwright::cli::mcp {
namespace {

// One line, whatever the texts hold.
template <class J>
std::string line_of(const J& json) {
  return json.dump(-1, ' ', false, J::error_handler_t::replace);
}

NoMessage no_message(std::string id, int code, std::string message) {
  return {std::move(id), {code, std::move(message), ""}};
}

// Texts and integers; fractions and integers of more than 64 bits would not come back as they were.
std::string id_text(const Input& message) {
  const auto id = message.find("id");
  if (id == message.end() || !(id->is_string() || id->is_number_integer())) return "";
  return line_of(*id);
}

}  // namespace

std::variant<Message, NoMessage> read_message(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return NoMessage{};
  bool too_deep = false;
  const Input::parser_callback_t look = [&](int depth, Input::parse_event_t /*event*/, Input& /*parsed*/) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  const Input json = Input::parse(line.begin(), line.end(), look, false);
  if (too_deep)
    return no_message("", code::kInvalidRequest, fmt::format("nested deeper than {} levels", kDeepest));
  // The parser takes a NUL for the end of the text.
  if (json.is_discarded() || line.find('\0') != std::string_view::npos)
    return no_message("", code::kParse, "the line is no JSON");
  if (json.is_array()) return no_message("", code::kInvalidRequest, "batches are not part of the protocol");
  if (!json.is_object()) return no_message("", code::kInvalidRequest, "a message is an object");

  const std::string id = id_text(json);
  const auto method = json.find("method");
  // Nothing was asked of the client, so what looks like an answer means nobody.
  if (method == json.end() && (json.contains("result") || json.contains("error"))) return NoMessage{};
  if (json.value("jsonrpc", Input()) != "2.0")
    return no_message(id, code::kInvalidRequest, "`jsonrpc` is \"2.0\"");
  if (json.contains("id") && id.empty())
    return no_message("", code::kInvalidRequest, "an id is a text or an integer of 64 bits");
  if (method == json.end() || !method->is_string())
    return no_message(id, code::kInvalidRequest, "a message has a `method`, which is a text");

  Input params = json.value("params", Input::object());
  if (!params.is_object()) {
    // A notification has no answer, whatever it holds.
    if (id.empty()) return NoMessage{};
    return no_message(id, code::kInvalidParams, "`params` is an object");
  }
  return Message{id, method->get<std::string>(), std::make_shared<const Input>(std::move(params))};
}

std::string result_line(const std::string& id, const Json& result) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id, line_of(result));
}

std::string error_line(const std::string& id, const Refusal& why) {
  return fmt::format(R"({{"jsonrpc":"2.0",{}"error":{{"code":{},"message":{}{}}}}})",
                     id.empty() ? "" : fmt::format("\"id\":{},", id), why.code, line_of(Json(why.message)),
                     why.data.empty() ? "" : ",\"data\":" + why.data);
}

std::string notification_line(std::string_view method, const Json& params) {
  return line_of(Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
}

}  // namespace mapwright::cli::mcp
