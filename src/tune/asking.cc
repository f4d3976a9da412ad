#include "tune/asking.h"

#include <utility>

#include "base/bug.h"

namespace mapwright::tune {

Asking::Asking(Problem problem, Form form, double temperature)
    : problem_(std::move(problem)), form_(form), temperature_(temperature) {
  base::expects(problem_.model != nullptr, "the strategy has a language model");
}

std::vector<Proposal> Asking::propose() {
  if (!started_) {
    started_ = true;
    return {{std::string(problem_.start->source()->text()), "where it starts"}};
  }
  if (ended_) return {};
  std::vector<llm::Message> asked = messages();
  auto said = ask(model(), form_, temperature_, &asked);
  if (auto* ended = std::get_if<Ended>(&said)) {
    ended_ = std::move(*ended);
    return {};
  }
  if (auto* unusable = std::get_if<Unusable>(&said))
    return {{std::move(unusable->text), "", std::move(unusable->problems)}};
  return {proposal(std::get<Said>(std::move(said)))};
}

}  // namespace mapwright::tune
