#include "cli/mcp_schema.h"

#include <nlohmann/json.hpp>

namespace mapwright::cli::mcp::schema {
namespace {

Json one(const char* type) {
  return {{"type", type}};
}

Json edit() {
  return object({{"remove", flag, "whether statements like this go; otherwise the statement is added"},
                 {"text", text, "in the mapper language"}});
}
Json edits() {
  return list_of(edit());
}

Json finding() {
  return object(
      {{"code", text},
       {"share", number, "of the time, on the critical path"},
       {"gain", number, "part of the time that would be saved without the cause; 1 where it failed"},
       {"explain", text},
       {"suggest", text},
       {"edits", edits, "changes of the mapper that would remove the cause"}});
}

Json fix_edit() {
  return object(
      {{"begin", integer, "in bytes"}, {"end", integer}, {"text", text, "what stands there instead"}});
}
Json fix_edits() {
  return list_of(fix_edit());
}
Json fix() {
  return or_null(object({{"what", text}, {"edits", fix_edits}}));
}

Json diagnostic() {
  return object({{"code", text},
                 {"severity", text, "error or warning"},
                 {"message", text},
                 {"note", text, "why, and what to do"},
                 {"line", integer, "", false},
                 {"column", integer, "", false},
                 {"fix", fix, "a repair, where there is one"}});
}

}  // namespace

Json object(std::initializer_list<Property> properties) {
  Json of = Json::object();
  Json required = Json::array();
  for (const Property& p : properties) {
    Json s = p.schema();
    if (!p.what.empty()) s["description"] = p.what;
    of[std::string(p.name)] = std::move(s);
    if (p.always) required.push_back(p.name);
  }
  return {{"type", "object"}, {"properties", std::move(of)}, {"required", std::move(required)}};
}

Json list_of(const Json& items) {
  return {{"type", "array"}, {"items", items}};
}

Json or_null(Json schema) {
  return {{"anyOf", Json::array({std::move(schema), one("null")})}};
}

Json text() {
  return one("string");
}
Json text_or_null() {
  return {{"type", {"string", "null"}}};
}
Json integer() {
  return one("integer");
}
Json integer_or_null() {
  return {{"type", {"integer", "null"}}};
}
Json number() {
  return one("number");
}
Json number_or_null() {
  return {{"type", {"number", "null"}}};
}
Json flag() {
  return one("boolean");
}
Json texts() {
  return list_of(text());
}
Json anything() {
  return Json::object();
}

Json metric() {
  return object({{"name", text}, {"unit", text}, {"better", text, "larger or smaller"}});
}

Json baselines() {
  return object(
      {{"expert", number_or_null, "of the mapper that an expert wrote for the program, where there is one"},
       {"default", number_or_null, "of the runtime's own decisions, where no mapper says anything"}});
}

Json failure() {
  return or_null(object({{"code", text}, {"text", text}}));
}

Json findings() {
  return list_of(finding());
}

Json diagnostics() {
  return list_of(diagnostic());
}

}  // namespace mapwright::cli::mcp::schema
