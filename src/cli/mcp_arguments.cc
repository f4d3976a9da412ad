#include "cli/mcp_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/console.h"

namespace mapwright::cli::mcp {
namespace {

// 3.0 is an integer in JSON Schema, and so it is here.
std::optional<std::int64_t> integer_of(const Input& value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value.is_number_unsigned()) {
    const auto n = value.get<std::uint64_t>();
    return n <= INT64_MAX ? std::optional(static_cast<std::int64_t>(n)) : std::nullopt;
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  if (std::abs(number) > kExact || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

bool fits_text(const Argument& a, const Input& value) {
  return value.is_string() &&
         (a.one_of.empty() ||
          std::ranges::find(a.one_of, value.get_ref<const std::string&>()) != a.one_of.end());
}
bool fits_integer(const Argument& a, const Input& value) {
  const auto n = integer_of(value);
  return n && *n >= a.least && *n <= a.most;
}
bool fits_flag(const Argument& /*a*/, const Input& value) {
  return value.is_boolean();
}
bool fits_integers(const Argument& /*a*/, const Input& value) {
  return value.is_object() &&
         std::ranges::all_of(value, [](const Input& v) { return integer_of(v).has_value(); });
}

std::string words_text(const Argument& a) {
  return a.one_of.empty() ? "a text" : "one of " + base::join(a.one_of, ", ");
}
std::string words_integer(const Argument& a) {
  return fmt::format("an integer from {} to {}", a.least, a.most);
}
std::string words_flag(const Argument& /*a*/) {
  return "true or false";
}
std::string words_integers(const Argument& /*a*/) {
  return R"(an object of integers, such as {"wpp": 1000})";
}

struct TypeKind {
  std::string_view name;  // in schemas
  bool (*fits)(const Argument&, const Input&);
  std::string (*words)(const Argument&);
};
// In the order of the enumeration.
constexpr std::array kTypes{
    TypeKind{"string", &fits_text, &words_text}, TypeKind{"integer", &fits_integer, &words_integer},
    TypeKind{"boolean", &fits_flag, &words_flag}, TypeKind{"object", &fits_integers, &words_integers}};

const TypeKind& kind_of(const Argument& a) {
  return kTypes.at(static_cast<std::size_t>(a.type));
}

[[noreturn]] void refuse(std::string message) {
  throw Stop{Exit::usage, std::move(message), {}};
}

[[noreturn]] void refuse_unknown(const ArgumentList& list, const std::string& name) {
  std::vector<std::string_view> known;
  for (const Argument& a : list) known.push_back(a.name);
  const auto meant = base::closest(name, known);
  refuse(fmt::format("there is no argument '{}'{}; arguments are {}", base::shortened(name, 100),
                     meant ? fmt::format(": did you mean '{}'?", *meant) : "", base::join(known, ", ")));
}

void expect_fitting(const Argument& a, const Input& value) {
  if (kind_of(a).fits(a, value)) return;
  const std::string is = value.dump(-1, ' ', false, Input::error_handler_t::replace);
  refuse(fmt::format("'{}' is {}, not {}", a.name, kind_of(a).words(a), base::shortened(is, 100)));
}

}  // namespace

Json input_schema(const ArgumentList& list) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Argument& a : list) {
    Json one = {{"type", kind_of(a).name}, {"description", a.what}};
    if (!a.one_of.empty()) one["enum"] = std::vector<std::string>(a.one_of.begin(), a.one_of.end());
    if (a.type == Type::integer) {
      one["minimum"] = a.least;
      one["maximum"] = a.most;
    }
    if (a.type == Type::integers) one["additionalProperties"] = {{"type", "integer"}};
    if (!a.fallback.empty()) one["default"] = Json::parse(a.fallback);
    properties[std::string(a.name)] = std::move(one);
    if (a.required) required.push_back(a.name);
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

Arguments::Arguments(const ArgumentList& list, const Input& sent)
    : values_(std::make_unique<Input>(Input::object())) {
  for (const auto& [name, value] : sent.items()) {
    const auto known = std::ranges::find(list, std::string_view(name), &Argument::name);
    if (known == list.end()) refuse_unknown(list, name);
    if (value.is_null()) continue;  // as good as left out, and some clients fill in every argument
    expect_fitting(*known, value);
    sent_.push_back(name);
    (*values_)[name] = value;
  }
  for (const Argument& a : list) {
    const std::string name(a.name);
    if (values_->contains(name)) continue;
    if (a.required) refuse(fmt::format("'{}' is missing: it is {}", name, kind_of(a).words(a)));
    if (!a.fallback.empty()) (*values_)[name] = Input::parse(a.fallback);
  }
}

Arguments::~Arguments() = default;

const Input* Arguments::find(std::string_view name) const {
  const auto found = values_->find(std::string(name));
  return found == values_->end() ? nullptr : &*found;
}

bool Arguments::sent(std::string_view name) const {
  return std::ranges::find(sent_, name) != sent_.end();
}

std::string Arguments::text(std::string_view name) const {
  const Input* value = find(name);
  return value == nullptr ? "" : value->get<std::string>();
}

std::optional<std::int64_t> Arguments::integer(std::string_view name) const {
  const Input* value = find(name);
  return value == nullptr ? std::nullopt : integer_of(*value);
}

bool Arguments::flag(std::string_view name) const {
  const Input* value = find(name);
  return value != nullptr && value->get<bool>();
}

std::vector<std::string> Arguments::integers(std::string_view name) const {
  std::vector<std::string> words;
  if (const Input* value = find(name))
    for (const auto& [key, number] : value->items())
      words.push_back(fmt::format("{}={}", key, *integer_of(number)));
  return words;
}

}  // namespace mapwright::cli::mcp
