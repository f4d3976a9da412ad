#include "tune/question.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "llm/reply.h"
#include "prompt/blocks.h"
#include "tune/diagnostics.h"

namespace mapwright::tune {
namespace {

using Json = nlohmann::ordered_json;

// A reply that cannot be used is asked for once more.
constexpr int kTurns = 2;
// What was said is shown again to this length, so that an endless reply does not cost twice.
constexpr std::size_t kLongestEcho = 20'000;
constexpr std::size_t kLongestKept = 4000;

constexpr std::array kBlocksFields{llm::Field{"reasoning", llm::FieldKind::text, false},
                                   llm::Field{"answer", llm::FieldKind::text, false},
                                   llm::Field{"suggestion", llm::FieldKind::map, true}};
constexpr std::array kMapperFields{llm::Field{"reasoning", llm::FieldKind::text, false},
                                   llm::Field{"mapper", llm::FieldKind::text, true}};

// An object of which every property is there, and no other, as strict modes of endpoints want it.
Json object_schema(Json properties) {
  Json required = Json::array();
  for (const auto& [name, value] : properties.items()) required.push_back(name);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

std::string schema_of(Form form) {
  const Json text{{"type", "string"}};
  if (form == Form::mapper) return object_schema({{"reasoning", text}, {"mapper", text}}).dump();
  Json blocks;
  for (const prompt::BlockKind& b : prompt::kBlocks)
    blocks[std::string(b.name)] = {{"type", {"string", "null"}}, {"description", b.what}};
  return object_schema(
             {{"reasoning", text}, {"answer", text}, {"suggestion", object_schema(std::move(blocks))}})
      .dump();
}

base::Diagnostic problem_of(const base::DiagnosticKind& kind, std::string message) {
  return {&kind, nullptr, {}, std::move(message), "", {}, {}};
}

using Read = std::variant<Said, base::Diagnostic>;

template <class T>
T field(llm::ObjectReply* reply, std::string_view name) {
  const auto found = reply->fields.find(name);
  if (found == reply->fields.end()) return {};
  return std::get<T>(std::move(found->second));
}

Read read_code(const llm::Reply& reply) {
  llm::CodeReply code = llm::read_code(reply.text, reply.ending);
  if (code.problem) return problem_of(*code.problem->kind, code.problem->text);
  Said said;
  said.mapper = std::move(code.code);
  return said;
}

Read read(const llm::Reply& reply, Form form) {
  const bool blocks = form == Form::blocks;
  llm::ObjectReply object = blocks ? llm::read_object(reply.text, kBlocksFields, reply.ending)
                                   : llm::read_object(reply.text, kMapperFields, reply.ending);
  if (object.problem) return problem_of(*object.problem->kind, object.problem->text);
  Said said;
  said.reasoning = field<std::string>(&object, "reasoning");
  if (!blocks) {
    said.mapper = field<std::string>(&object, "mapper");
    return said;
  }
  said.answer = field<std::string>(&object, "answer");
  for (auto& [name, text] : field<llm::TextMap>(&object, "suggestion")) {
    if (prompt::find_block(name)) {
      said.suggestion.insert_or_assign(name, std::move(text));
      continue;
    }
    std::vector<std::string_view> names;
    names.reserve(std::size(prompt::kBlocks));
    for (const prompt::BlockKind& b : prompt::kBlocks) names.push_back(b.name);
    return problem_of(problem::unusable_reply,
                      fmt::format("there is no variable '{}' to suggest a value for; there are {}",
                                  base::visible(base::shortened(name, 60)), base::join(names, ", ")));
  }
  return said;
}

Ended ended_by(const llm::Failure& failure) {
  Ended ended;
  ended.why = failure.fault == llm::Fault::interrupted ? Stopped::interrupted
              : failure.fault == llm::Fault::budget    ? Stopped::spent
                                                       : Stopped::model;
  if (failure.fault != llm::Fault::interrupted)
    ended.problems.add(
        problem_of(problem::no_answer, fmt::format("{} ({})", failure.text, name_of(failure.fault))));
  return ended;
}

bool bare(const Model& model, Form form) {
  return form == Form::mapper && !model.grammar.empty();
}

llm::Request request_of(const Model& model, Form form, double temperature,
                        const std::vector<llm::Message>& messages) {
  llm::Request request;
  request.messages = messages;
  request.temperature = model.temperature ? model.temperature : temperature;
  request.max_tokens = model.max_tokens;
  if (bare(model, form)) {
    request.grammar = model.grammar;
  } else {
    request.schema = schema_of(form);
  }
  return request;
}

// No mapper of people is near it, and every later prompt would have it.
constexpr std::size_t kLongestText = std::size_t{64} << 10U;

// What a model writes ends in terminals, files and prompts: nothing in it steers any of them.
std::string harmless(std::string_view text) {
  std::string all;
  const auto lines = base::split(text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) all += (i == 0 ? "" : "\n") + base::visible(lines[i]);
  return all;
}

// Code in a block of Markdown is the code.
std::string code_in(std::string text) {
  if (text.find("```") == std::string::npos) return text;
  llm::CodeReply code = llm::read_code(text);
  return code.problem ? text : std::move(code.code);
}

std::optional<base::Diagnostic> tidy(Said* said) {
  std::size_t size = said->mapper.size();
  for (const auto& [name, text] : said->suggestion) size += text.size();
  if (size > kLongestText)
    return problem_of(problem::unusable_reply,
                      fmt::format("the mapper has {} bytes; at most {} are read", size, kLongestText));
  said->reasoning = harmless(said->reasoning);
  said->answer = harmless(said->answer);
  said->mapper = harmless(code_in(std::move(said->mapper)));
  for (auto& [name, text] : said->suggestion) text = harmless(code_in(std::move(text)));
  return std::nullopt;
}

}  // namespace

std::vector<llm::Message> messages_of(const Model& model, Form form, std::string_view name,
                                      prompt::Values values) {
  values.insert(model.subject.begin(), model.subject.end());
  values["reply"] = model.prompts->text(bare(model, form) ? "bare" : "object", {});
  return model.prompts->fill(name, values);
}

std::variant<Said, Unusable, Ended> ask(const Model& model, Form form, double temperature,
                                        std::vector<llm::Message>* messages) {
  Unusable unusable;
  for (int turn = 0; turn < kTurns; ++turn) {
    const llm::Answer answer = model.chat->ask(request_of(model, form, temperature, *messages));
    if (const auto* failure = std::get_if<llm::Failure>(&answer)) return ended_by(*failure);
    const auto& reply = std::get<llm::Reply>(answer);
    // No endpoint takes an empty turn back.
    messages->push_back(
        {llm::Role::assistant, reply.text.empty() ? "(nothing)" : base::shortened(reply.text, kLongestEcho)});
    auto said = bare(model, form) ? read_code(reply) : read(reply, form);
    if (auto* usable = std::get_if<Said>(&said)) {
      auto problem = tidy(usable);
      if (!problem) return std::move(*usable);
      said = *std::move(problem);
    }
    const base::Diagnostic& problem = std::get<base::Diagnostic>(said);
    messages->push_back(
        {llm::Role::user, model.prompts->text("repair", {{"problems", base::render(problem, false)}})});
    unusable.text = harmless(base::shortened(reply.text, kLongestKept));
    unusable.problems = base::Diagnostics();
    unusable.problems.add(problem);
  }
  return unusable;
}

}  // namespace mapwright::tune
