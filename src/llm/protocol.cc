#include "llm/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.h"
#include "llm/json.h"
#include "llm/session.h"

namespace mapwright::llm {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostErrorBytes = 400;

// A part of a request that not every endpoint takes: whether this request has it, the words of which a
// refusal that is about it has at least one, and what is asked instead.
struct Part {
  bool (*used)(const Request& request, const Dialect& dialect);
  std::span<const std::string_view> words;
  void (*avoid)(const Protocol& protocol, Dialect* dialect);
};

constexpr std::array<std::string_view, 1> kLimitWords{"max_completion_tokens"};
constexpr std::array<std::string_view, 1> kTemperatureWords{"temperature"};
constexpr std::array<std::string_view, 2> kGrammarWords{"grammar", "structured_outputs"};
constexpr std::array<std::string_view, 8> kFormWords{"response_format", "json_schema",   "json_object",
                                                     "output_config",   "output_format", "structured output",
                                                     "json mode",       "schema"};

constexpr std::array<Part, 4> kParts{{
    // Both ways: newer endpoints refuse max_tokens and name the other; older ones do not know the other.
    {[](const Request&, const Dialect& d) { return !d.limit_changed; }, kLimitWords,
     [](const Protocol&, Dialect* d) {
       d->completion_tokens = !d->completion_tokens;
       d->limit_changed = true;
     }},
    {[](const Request& r, const Dialect& d) { return r.temperature && d.temperature; }, kTemperatureWords,
     [](const Protocol&, Dialect* d) { d->temperature = false; }},
    {[](const Request& r, const Dialect& d) { return !r.grammar.empty() && d.grammar != GrammarField::none; },
     kGrammarWords, [](const Protocol&, Dialect* d) { d->grammar = GrammarField::none; }},
    {[](const Request& r, const Dialect& d) { return !r.schema.empty() && d.form != Form::text; }, kFormWords,
     [](const Protocol& p, Dialect* d) { d->form = p.weaker(d->form); }},
}};

// A string at one of the places where endpoints put it: {"error": {"message": }}, {"error": ""},
// {"message": } and {"detail": }, which is any JSON.
std::string message_of(const Json& body) {
  if (!body.is_object()) return {};
  for (const char* key : {"error", "message", "detail"}) {
    const auto found = body.find(key);
    if (found == body.end() || found->is_null()) continue;
    if (found->is_string()) return found->get<std::string>();
    const std::string inner = message_of(*found);
    return inner.empty() ? found->dump(-1, ' ', false, Json::error_handler_t::replace) : inner;
  }
  return {};
}

}  // namespace

bool adapt(const Protocol& protocol, const Request& request, std::string_view refusal, Dialect* dialect) {
  std::string lower(refusal);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const Part& part : kParts) {
    const auto said = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
    if (!part.used(request, *dialect) || std::ranges::none_of(part.words, said)) continue;
    part.avoid(protocol, dialect);
    return true;
  }
  return false;
}

std::string error_text(std::string_view body) {
  Json parsed;
  std::string text;
  if (parse_json_mended(body, &parsed)) text = message_of(parsed);
  if (text.empty()) text = base::shortened(body, 4 * kMostErrorBytes);
  return base::shortened(base::visible(base::one_line(text)), kMostErrorBytes);
}

Usage estimated_usage(const Request& request, std::string_view reply) {
  return {worst_case(request).prompt, estimated_tokens(reply), true};
}

}  // namespace mapwright::llm
