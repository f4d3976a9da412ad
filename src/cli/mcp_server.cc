#include "cli/mcp_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/bug.h"
#include "base/text.h"
#include "cli/mcp_resources.h"

namespace mapwright::cli::mcp {
namespace {

constexpr std::string_view kStateless = "2026-07-28";
//! Revisions with a handshake, the latest first. What is served is the same in both.
constexpr std::array<std::string_view, 2> kHandshake{"2025-11-25", "2025-06-18"};

constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr const char* kServerKey = "io.modelcontextprotocol/serverInfo";
constexpr const char* kSubscriptionKey = "io.modelcontextprotocol/subscriptionId";

// For how long clients may keep what they were told: lists are the same as long as the server runs, a
// program's file may change at any time.
constexpr int kFreshLists = 3'600'000;
constexpr int kNotFresh = 0;
// Streams that are open at once.
constexpr std::size_t kMostListening = 1000;

Json server_info() {
  return {{"name", "mapwright"}, {"title", "mapwright"}, {"version", MAPWRIGHT_VERSION}};
}

Json capabilities() {
  return {{"tools", Json::object()}, {"resources", Json::object()}};
}

struct Request {
  const Workshop& shop;
  Era era;
  const Input& params;
};

Json discover(const Request& /*request*/) {
  return {{"supportedVersions", Json::array({kStateless})},
          {"capabilities", capabilities()},
          {"instructions", instructions()}};
}

Json ping(const Request& /*request*/) {
  return Json::object();
}

// Every list is one page.
void expect_no_cursor(const Request& request) {
  if (request.params.contains("cursor")) throw Refusal{code::kInvalidParams, "there is no such cursor", ""};
}

Json tools_list(const Request& request) {
  expect_no_cursor(request);
  return {{"tools", list_tools()}};
}

Json tools_call(const Request& request) {
  return call_tool(request.shop, request.params);
}

Json resources_list(const Request& request) {
  expect_no_cursor(request);
  return {{"resources", list_resources()}};
}

Json templates_list(const Request& request) {
  expect_no_cursor(request);
  return {{"resourceTemplates", list_resource_templates()}};
}

Json resources_read(const Request& request) {
  const Input uri = request.params.value("uri", Input());
  if (!uri.is_string()) throw Refusal{code::kInvalidParams, "`uri` is the URI of a resource", ""};
  const int code = request.era == Era::stateless ? code::kInvalidParams : code::kUnknownResource;
  std::string why = "there is no such resource";
  try {
    if (auto contents = read_resource(request.shop, uri.get_ref<const std::string&>()))
      return {{"contents", *std::move(contents)}};
  } catch (const Stop& stop) {
    why = stop.problems.empty() ? stop.message : stop.problems.items().front().message;
    if (stop.code != Exit::usage) throw Refusal{code::kInternal, why, ""};
  }
  throw Refusal{code, why, Json{{"uri", uri}}.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

constexpr unsigned bit(Era era) {
  return 1U << static_cast<unsigned>(era);
}
constexpr unsigned kBoth = bit(Era::handshake) | bit(Era::stateless);

struct Method {
  std::string_view name;
  unsigned eras;
  Json (*answer)(const Request&);
  std::optional<int> fresh = std::nullopt;  // milliseconds; none: it has no hints for caches
  bool slow = false;                        // is left to the worker
};

constexpr std::array kMethods{Method{"ping", bit(Era::handshake), &ping},
                              Method{"server/discover", bit(Era::stateless), &discover, kFreshLists},
                              Method{"tools/list", kBoth, &tools_list, kFreshLists},
                              Method{"tools/call", kBoth, &tools_call, std::nullopt, true},
                              Method{"resources/list", kBoth, &resources_list, kFreshLists},
                              Method{"resources/templates/list", kBoth, &templates_list, kFreshLists},
                              Method{"resources/read", kBoth, &resources_read, kNotFresh, true}};

// What the revision wants in every result.
Json enveloped(const Json& result, Era era, std::optional<int> fresh) {
  if (era == Era::handshake) return result;
  Json whole = {{"resultType", "complete"}};
  whole.update(result);
  if (fresh) {
    whole["ttlMs"] = *fresh;
    whole["cacheScope"] = "private";
  }
  whole["_meta"][kServerKey] = server_info();
  return whole;
}

Refusal mistake(std::string_view what) {
  return {code::kInternal,
          fmt::format("this is a mistake in mapwright, please report it: {}", base::visible(what)), ""};
}

// The line that answers. Never throws: what goes wrong is an answer as well.
std::string answer_line(const Workshop& shop, const Method& method, const Message& message, Era era) {
  try {
    try {
      return result_line(message.id,
                         enveloped(method.answer({shop, era, *message.params}), era, method.fresh));
    } catch (const Refusal& why) {
      return error_line(message.id, why);
    } catch (const std::bad_alloc&) {
      return error_line(message.id, {code::kInternal, "there is not enough memory", ""});
    } catch (const std::exception& error) {
      return error_line(message.id, mistake(error.what()));
    }
  } catch (...) {
    return R"({"jsonrpc":"2.0","id":)" + message.id +
           R"(,"error":{"code":-32603,"message":"there is not enough memory"}})";
  }
}

// What every request of the stateless revision says of itself.
const Input* meta_of(const Input& params) {
  const auto meta = params.find("_meta");
  return meta != params.end() && meta->is_object() ? &*meta : nullptr;
}

std::optional<Refusal> missing_metadata(const Input& params) {
  const Input* meta = meta_of(params);
  const auto version = meta->find(kVersionKey);
  if (!version->is_string())
    return Refusal{code::kInvalidParams, fmt::format("`_meta` has `{}`, which is a text", kVersionKey), ""};
  if (*version != kStateless) {
    const Json data = {{"supported", Json::array({kStateless})}, {"requested", version->get<std::string>()}};
    return Refusal{code::kUnsupportedVersion, "Unsupported protocol version", data.dump()};
  }
  const auto capabilities = meta->find(kCapabilitiesKey);
  if (capabilities == meta->end() || !capabilities->is_object())
    return Refusal{code::kInvalidParams,
                   fmt::format("`_meta` has `{}`, which is an object", kCapabilitiesKey), ""};
  return std::nullopt;
}

}  // namespace

Server::Server(Workshop shop, LineWriter* out) : shop_(std::move(shop)), out_(*out), worker_(out) {}

void Server::receive(std::string_view line) {
  try {
    understand(line);
  } catch (const std::bad_alloc&) {
    out_.write(error_line("", {code::kInternal, "there is not enough memory", ""}));
  }
}

void Server::understand(std::string_view line) {
  auto read = read_message(line);
  if (const auto* none = std::get_if<NoMessage>(&read)) {
    if (none->why.code != 0) out_.write(error_line(none->id, none->why));
    return;
  }
  auto& message = std::get<Message>(read);
  if (message.id.empty()) {
    notice(message);
  } else {
    answer(std::move(message), line.size());
  }
}

void Server::receive_too_long() {
  out_.write(error_line("", {code::kInvalidRequest, "the message is larger than 16 MiB", ""}));
}

// A request that states its version is under it; others are what the connection began with.
std::optional<Era> Server::era_of(const Message& message) const {
  const Input* meta = meta_of(*message.params);
  if (meta != nullptr && meta->contains(kVersionKey)) return Era::stateless;
  // A ping may come before the handshake.
  if (shook_hands_ || message.method == "initialize" || message.method == "ping") return Era::handshake;
  return std::nullopt;
}

void Server::answer(Message message, std::size_t bytes) {
  const auto refuse = [&](const Refusal& why) { out_.write(error_line(message.id, why)); };
  const std::optional<Era> era = era_of(message);
  if (!era) {
    return refuse(
        {code::kInvalidParams,
         fmt::format("`params._meta` has no `{}` (revision {}), and there was no `initialize` (revision {})",
                     kVersionKey, kStateless, kHandshake.front()),
         ""});
  }
  if (*era == Era::stateless) {
    if (const auto why = missing_metadata(*message.params)) return refuse(*why);
    if (message.method == "subscriptions/listen") return listen(message.id);
  } else if (message.method == "initialize") {
    return out_.write(result_line(message.id, initialize(*message.params)));
  }
  const auto* const method = std::ranges::find(kMethods, message.method, &Method::name);
  if (method == kMethods.end() || (method->eras & bit(*era)) == 0)
    return refuse({code::kUnknownMethod,
                   fmt::format("there is no method {}", base::visible(base::shortened(message.method, 100))),
                   ""});
  if (!method->slow) return out_.write(answer_line(shop_, *method, message, *era));
  const bool taken = worker_.add(message.id, bytes, [this, method, message, era = *era] {
    return answer_line(shop_, *method, message, era);
  });
  if (!taken) refuse({code::kInternal, "too many requests wait already: ask again later", ""});
}

void Server::notice(const Message& message) {
  if (message.method != "notifications/cancelled") return;
  const auto id = message.params->find("requestId");
  if (id == message.params->end() || !(id->is_string() || id->is_number_integer())) return;
  const std::string text = id->dump(-1, ' ', false, Input::error_handler_t::replace);
  listening_.erase(text);
  worker_.cancel(text);
}

Json Server::initialize(const Input& params) {
  shook_hands_ = true;
  const Input wanted = params.value("protocolVersion", Input());
  const auto* const known = std::ranges::find_if(kHandshake, [&](std::string_view v) { return wanted == v; });
  return {{"protocolVersion", known == kHandshake.end() ? kHandshake.front() : *known},
          {"capabilities", capabilities()},
          {"serverInfo", server_info()},
          {"instructions", instructions()}};
}

// Nothing that a client could wait for ever changes here, but it may wait.
void Server::listen(const std::string& id) {
  if (listening_.size() == kMostListening)
    return out_.write(error_line(id, {code::kInternal, "too many subscriptions are open", ""}));
  listening_.insert(id);
  const Json meta = {{kSubscriptionKey, Json::parse(id)}};
  out_.write(notification_line("notifications/subscriptions/acknowledged",
                               {{"_meta", meta}, {"notifications", Json::object()}}));
}

bool Server::finish(std::chrono::milliseconds patience) {
  const bool done = worker_.finish(patience);
  for (const std::string& id : listening_) {
    Json result = enveloped(Json::object(), Era::stateless, std::nullopt);
    result["_meta"][kSubscriptionKey] = Json::parse(id);
    out_.write(result_line(id, result));
  }
  return done;
}

}  // namespace mapwright::cli::mcp
