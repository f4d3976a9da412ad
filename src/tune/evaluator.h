// From the text of a mapper to what came of it.
#pragma once

#include <memory>
#include <string>

#include "base/diagnostic.h"
#include "engine/engine.h"
#include "guide/guide.h"
#include "lang/mapper.h"
#include "tune/trial.h"

namespace mapwright::tune {

//! How often a mapper is executed where the engine is noisy: a deterministic one executes once.
struct Repeats {
  int warmup = 0;
  int count = 1;
};

//! A proposal, read.
struct Checked {
  lang::MapperPtr mapper;  //!< null where it is none
  std::string canonical;   //!< then empty
  base::Diagnostics problems;
};
Checked check(const std::string& text);

class Evaluator {
 public:
  //! All of them outlive this.
  Evaluator(const engine::Engine& engine, const guide::Guide& guide, const program::Program& program,
            Repeats repeats);

  //! Executes it, or explains why not. Safe for as many threads as the engine executes at once. The trial has
  //! no number yet.
  Trial evaluate(const Checked& checked, bool feedback) const;

 private:
  const engine::Engine& engine_;
  const guide::Guide& guide_;
  const program::Program& program_;
  Repeats repeats_;
};

}  // namespace mapwright::tune
