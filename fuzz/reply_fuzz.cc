// Any bytes as the reply of a model, as the body of an endpoint's reply, and as a line of a session file.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/text.h"
#include "llm/endpoint.h"
#include "llm/protocol.h"
#include "llm/reply.h"
#include "llm/session.h"
#include "llm/session_file.h"

namespace {

namespace base = mapwright::base;
namespace llm = mapwright::llm;

void require(bool holds, const char* what, std::string_view shown) {
  if (holds) return;
  std::fprintf(stderr, "%s:\n%.*s\n", what, static_cast<int>(shown.size()), shown.data());
  std::abort();
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

void check_slips(const std::vector<llm::Slip>& mended, const std::optional<llm::Slip>& problem,
                 std::string_view text) {
  for (const llm::Slip& s : mended) {
    require(s.kind != nullptr && s.kind->severity == base::Severity::warning && !s.text.empty(),
            "what was mended is not told", text);
  }
  if (!problem) return;
  require(problem->kind != nullptr && problem->kind->severity == base::Severity::error,
          "a problem has no kind", text);
  require(!problem->text.empty() && problem->text.size() < 1000 && is_utf8(problem->text),
          "a problem cannot be shown", text);
}

// All fields or none, each of its kind.
void check_object(std::string_view text, llm::Ending ending) {
  constexpr std::array<llm::Field, 4> kFields{
      llm::Field{"mapper"}, llm::Field{"why", llm::FieldKind::text, false},
      llm::Field{"steps", llm::FieldKind::texts, false}, llm::Field{"edits", llm::FieldKind::map, false}};
  const llm::ObjectReply reply = llm::read_object(text, kFields, ending);
  check_slips(reply.mended, reply.problem, text);
  require(reply.problem ? reply.fields.empty() : reply.fields.contains("mapper"), "half an object", text);
  for (const llm::Field& field : kFields) {
    const auto found = reply.fields.find(field.name);
    if (found == reply.fields.end()) continue;
    require(found->second.index() == static_cast<std::size_t>(field.kind), "a field of another kind", text);
    if (const auto* value = std::get_if<std::string>(&found->second))
      require(is_utf8(*value), "a field is not UTF-8", text);
  }
}

void check_body(const llm::Protocol& protocol, std::string_view text) {
  llm::Request request;
  request.messages = {{llm::Role::user, "hi"}};
  const llm::Answer answer = protocol.read(text, request);
  if (const auto* failure = std::get_if<llm::Failure>(&answer)) {
    require(failure->fault == llm::Fault::malformed && is_utf8(failure->text) && failure->text.size() < 1000,
            "a failure cannot be shown", text);
    return;
  }
  const auto& reply = std::get<llm::Reply>(answer);
  require(is_utf8(reply.text) && reply.usage.prompt >= 0 && reply.usage.reply >= 0, "an odd reply", text);
  // It can be kept, and read again.
  const llm::Exchange exchange{1, request, reply, 1, 0};
  require(llm::exchange_from_json(llm::to_json(exchange)) == exchange, "a reply cannot be kept", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  for (const llm::Ending ending : {llm::Ending::complete, llm::Ending::length}) {
    check_object(text, ending);
    const llm::CodeReply code = llm::read_code(text, ending);
    check_slips(code.mended, code.problem, text);
    require(code.problem.has_value() == code.code.empty(), "half a code", text);
  }
  for (const llm::Protocol* protocol : {&llm::openai(), &llm::anthropic()}) check_body(*protocol, text);
  require(is_utf8(llm::error_text(text)) && llm::error_text(text).size() < 1000, "an error cannot be shown",
          text);
  if (const auto exchange = llm::exchange_from_json(text))
    require(llm::exchange_from_json(llm::to_json(*exchange)) == exchange, "an exchange changes", text);
  const auto session = llm::read_session(std::make_shared<base::Source>("fuzz.jsonl", text));
  if (!session) {
    constexpr std::size_t kMostRendered = 20;
    std::size_t rendered = 0;
    for (const base::Diagnostic& d : session.problems().items()) {
      if (rendered++ < kMostRendered) base::render(d, false);
    }
  }
  return 0;
}
