// What a tuning run found.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "llm/session.h"
#include "program/program.h"
#include "report/accuracy.h"
#include "report/json.h"
#include "tune/tuning.h"

namespace mapwright::report {

//! What a language model was asked for.
struct ModelUse {
  std::string name;  //!< of the model, or of who answered
  llm::Spent spent;
  bool priced = false;  //!< the dollars mean something
  std::string file;     //!< of the session; empty where there is none
};

//! A finished or interrupted run.
struct TuningResult {
  std::string subject;  //!< "circuit on 2 nodes of p100x4"
  std::string strategy;
  std::string run;  //!< its id
  program::Metric metric;
  std::string program;
  Basis basis = Basis::simulated;
  bool has_expert = false;       //!< otherwise the default is what mappers are compared with
  std::optional<double> expert;  //!< metrics; none where there is no such mapper, or it fails
  std::optional<double> default_mapper;
  tune::Outcome outcome;
  std::vector<std::string> changes;  //!< of the best mapper against what it is compared with
  std::string best_file;             //!< empty where there is none
  std::optional<ModelUse> model;     //!< of strategies that ask one

  const std::optional<double>& reference() const { return has_expert ? expert : default_mapper; }
  const tune::Trial* best() const { return outcome.best ? &outcome.trials[*outcome.best] : nullptr; }
};

//! "1.253x the expert", "0.99x the default": what a metric is compared with. Empty without either.
std::string against(const TuningResult& result, double metric);

//! One line while it runs.
std::string progress_text(const TuningResult& result, const tune::Progress& progress, std::int64_t budget);

//! The tables of a run.
std::string tuning_text(const TuningResult& result);

//! "m was asked 9 times: 52000 tokens of prompts, 8000 of replies"
std::string use_text(const ModelUse& use);

//! Comment lines that stand before the best mapper: what it is for, what it gained, what it changes.
std::string best_header(const TuningResult& result);
//! Whether a file with such a header is of the same run.
bool is_best_of(std::string_view file, const TuningResult& result);

//! Adds "best", "baselines", "speedup_over_expert", "evaluations", "trials", "stopped", "run".
void add_tuning(Json* document, const TuningResult& result);

}  // namespace mapwright::report
