// What strategies that ask a language model work with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "llm/chat.h"
#include "prompt/library.h"

namespace mapwright::tune {

struct Model {
  llm::Chat* chat = nullptr;                 //!< who is asked
  const prompt::Library* prompts = nullptr;  //!< in which words
  //! What every prompt may say of the subject: machine, program, objective, manual, grammar.
  prompt::Values subject;
  //! GBNF of mappers, where the endpoint keeps to one: replies that are one mapper are then that text alone.
  std::string grammar;
  std::optional<double> temperature;  //!< the strategy's own where not stated
  std::int64_t max_tokens = 8192;     //!< of a reply
  std::size_t memory = 5;             //!< past trials that trace shows beside the last and the best
  std::size_t samples = 4;            //!< mappers that opro asks for with one prompt
};

}  // namespace mapwright::tune
