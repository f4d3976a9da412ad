#include "llm/protocol_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "llm/protocol.h"

namespace mapwright::llm {

using Json = nlohmann::json;

namespace {

// The sum of the counts that are stated; nothing where one is no count, or none is stated.
std::optional<std::int64_t> tokens(const Json& object, std::span<const char* const> keys) {
  // No model reads or writes more, and sums of it stay far from overflow.
  constexpr std::uint64_t kMost = 1'000'000'000'000;
  std::optional<std::int64_t> sum;
  for (const char* key : keys) {
    const Json* count = member(object, key);
    if (count == nullptr) continue;
    if (!count->is_number_unsigned() || count->get<std::uint64_t>() > kMost) return std::nullopt;
    sum = sum.value_or(0) + count->get<std::int64_t>();
  }
  return sum;
}

}  // namespace

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

void add_usage(const Json& body, const Request& request, std::span<const char* const> prompt,
               std::span<const char* const> reply, Reply* to) {
  if (const Json* model = member(body, "model"); model != nullptr && model->is_string())
    to->model = model->get<std::string>();
  to->usage = estimated_usage(request, to->text);
  const Json* usage = member(body, "usage");
  if (usage == nullptr) return;
  const auto read = tokens(*usage, prompt);
  const auto written = tokens(*usage, reply);
  if (read && written) to->usage = {*read, *written, false};
}

std::optional<std::string> text_blocks(const Json& list) {
  if (!list.is_array()) return std::nullopt;
  std::string text;
  for (const Json& block : list) {
    const Json* type = member(block, "type");
    if (type == nullptr || !type->is_string()) return std::nullopt;
    if (*type != "text") continue;  // thoughts, calls of tools
    const Json* part = member(block, "text");
    if (part == nullptr || !part->is_string()) return std::nullopt;
    text += part->get_ref<const std::string&>();
  }
  return text;
}

Ending ending_of(const Json* name, std::span<const EndingName> names) {
  if (name == nullptr || !name->is_string()) return Ending::complete;
  const auto found = std::ranges::find(names, name->get_ref<const std::string&>(), &EndingName::name);
  return found == names.end() ? Ending::complete : found->ending;
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Failure malformed(std::string_view what, std::string_view body) {
  const std::string said = error_text(body);
  return {Fault::malformed, said.empty() ? fmt::format("the reply of the endpoint {}", what)
                                         : fmt::format("the reply of the endpoint {}: {}", what, said)};
}

}  // namespace mapwright::llm
