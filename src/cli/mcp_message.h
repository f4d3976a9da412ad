// JSON-RPC 2.0 as the Model Context Protocol uses it: what a line from a client holds, and what lines go
// back.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "cli/json.h"

namespace mapwright::cli::mcp {

//! What comes from outside. Not in order, for an object with very many keys must not take very long.
using Input = nlohmann::json;

namespace code {
inline constexpr int kParse = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kUnknownMethod = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternal = -32603;
inline constexpr int kUnknownResource = -32002;     //!< up to 2025-11-25
inline constexpr int kUnsupportedVersion = -32022;  //!< from 2026-07-28 on
}  // namespace code

//! Deeper than any message of the protocol, and no danger to what walks through it.
inline constexpr int kDeepest = 64;

//! Why a request has no result.
struct Refusal {
  int code = 0;
  std::string message;
  std::string data;  //!< JSON, or empty
};

struct Message {
  std::string id;  //!< as JSON; empty for a notification
  std::string method;
  std::shared_ptr<const Input> params;  //!< an object, empty where there are none
};

//! A line that is no request and no notification.
struct NoMessage {
  std::string id;  //!< empty where it has none that can be read
  Refusal why;     //!< code 0: it needs no answer
};

std::variant<Message, NoMessage> read_message(std::string_view line);

//! Lines without an end.
std::string result_line(const std::string& id, const Json& result);
std::string error_line(const std::string& id, const Refusal& why);
std::string notification_line(std::string_view method, const Json& params);

}  // namespace mapwright::cli::mcp
