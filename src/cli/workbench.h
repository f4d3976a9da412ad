// What a tuning run works with, made from its settings: the program on its machine, what executes mappers and
// explains what came of them, and the mappers that others are measured against.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/store_file.h"
#include "cli/tune_settings.h"
#include "engine/engine.h"
#include "report/tuning.h"
#include "tune/evaluator.h"
#include "tune/journal.h"
#include "tune/strategy.h"

namespace mapwright::cli {

class Workbench {
 public:
  //! `cancelled` ends executions that really run. Throws Stop.
  explicit Workbench(TuneSettings settings, std::function<bool()> cancelled = {});
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;
  ~Workbench() = default;

  const TuneSettings& settings() const { return settings_; }
  const Subject& subject() const { return subject_; }
  const std::string& program() const { return subject_.program->name; }
  const tune::Evaluator& evaluator() const { return evaluator_; }
  //! Nothing is given.
  const tune::Problem& problem() const { return problem_; }
  //! How many of so many mappers are executed at once.
  int at_once(int jobs) const;

  //! Null where there is none.
  const base::SourcePtr& expert() const { return expert_; }
  const base::SourcePtr& default_mapper() const { return default_; }

  //! A result with what is known before anything is tried: expert and default are measured where the journal
  //! does not have them. Throws Stop.
  report::TuningResult begin(tune::StoreJournal* journal) const;

  //! What a mapper does otherwise than another one, in words. Nothing where one of them cannot be carried
  //! out.
  std::vector<std::string> differences(const std::string& mapper, const base::Source& other) const;

 private:
  struct Planned {
    lang::MapperPtr mapper;
    plan::Plan plan;
  };
  std::optional<Planned> planned(const std::string& text) const;
  std::optional<double> baseline(const base::Source& mapper, store::Role role,
                                 tune::StoreJournal* journal) const;

  TuneSettings settings_;
  Subject subject_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Engine> twin_;  // of one that really executes
  guide::Guide guide_;
  tune::Evaluator evaluator_;
  base::SourcePtr expert_;
  base::SourcePtr default_;
  tune::Problem problem_;
};

//! What the store has of a run, so that it can go on. Throws Stop where that is not all there.
void expect_whole(const tune::StoreJournal& journal, const StoreOptions& store);

}  // namespace mapwright::cli
