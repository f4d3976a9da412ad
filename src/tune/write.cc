#include "tune/write.h"

#include <memory>

#include "lang/facts.h"
#include "lang/lang.h"
#include "tune/diagnostics.h"
#include "tune/question.h"

namespace mapwright::tune {
namespace {

// What is asked for is one mapper, not many different ones.
constexpr double kWritingTemperature = 0;

std::string text_of(const base::Diagnostics& problems) {
  constexpr std::size_t kMost = 20;
  std::string text;
  std::size_t shown = 0;
  for (const base::Diagnostic& d : problems.items()) {
    if (shown++ < kMost) text += base::render(d, false);
  }
  return text;
}

}  // namespace

Draft read_draft(const plan::Planner& planner, std::string mapper, const std::string& name) {
  Draft draft;
  const auto source = std::make_shared<base::Source>(name, mapper);
  draft.mapper = std::move(mapper);
  lang::Compilation compiled = lang::compile(source);
  draft.problems = std::move(compiled.problems);
  if (!compiled.mapper) return draft;
  const lang::ProgramFacts facts = program::facts_of(planner.program());
  draft.problems.add(lang::check_names(*compiled.mapper, facts, &planner.site()->grid()));
  const auto plan = planner.plan(compiled.mapper);
  draft.valid = std::holds_alternative<plan::Plan>(plan);
  if (const auto* failure = std::get_if<plan::Failure>(&plan)) {
    if (failure->problems.empty()) {
      draft.problems.add({&problem::not_carried_out, source, {}, failure->text, "", {}, {}});
    } else {
      draft.problems.add(failure->problems);
    }
  }
  return draft;
}

Written write_mapper(const plan::Planner& planner, const Model& model, const std::string& words, int rounds) {
  Written written;
  std::vector<llm::Message> messages = messages_of(model, Form::mapper, "write", {{"words", words}});
  for (int round = 0; round <= rounds; ++round) {
    auto said = ask(model, Form::mapper, kWritingTemperature, &messages);
    if (auto* ended = std::get_if<Ended>(&said)) {
      written.ended = std::move(*ended);
      return written;
    }
    Draft draft;
    if (auto* unusable = std::get_if<Unusable>(&said)) {
      draft.mapper = std::move(unusable->text);
      draft.problems = std::move(unusable->problems);
    } else {
      Said& reply = std::get<Said>(said);
      draft = read_draft(planner, std::move(reply.mapper));
      draft.reasoning = std::move(reply.reasoning);
    }
    const bool good = draft.valid && draft.problems.empty();
    if (!good)
      messages.push_back(
          {llm::Role::user, model.prompts->text("feedback", {{"problems", text_of(draft.problems)}})});
    written.drafts.push_back(std::move(draft));
    if (good) break;
  }
  return written;
}

}  // namespace mapwright::tune
