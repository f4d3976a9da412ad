// What a tuning run is started with: from the command line, and as the store keeps it, so that the run can go
// on when its files have changed or are gone.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "cli/guidance.h"
#include "cli/model.h"
#include "cli/subject.h"
#include "tune/evaluator.h"
#include "tune/journal.h"
#include "tune/tuning.h"

namespace mapwright::cli {

struct TuneSettings {
  SubjectOptions subject;
  std::optional<std::string> from;  //!< the file of the mapper to begin with
  base::SourcePtr start;            //!< its text; empty for the engine's default
  EngineOptions engine;
  std::string strategy = "guided";
  std::uint64_t seed = 1;
  bool fresh = false;  //!< what earlier runs executed is executed again
  tune::Limits limits;
  tune::Repeats repeats{.warmup = 1, .count = 5};
  GuideOptions guide;
  std::vector<base::SourcePtr> rules;  //!< of the user
  ModelOptions model;                  //!< of strategies that ask one
  std::string out;                     //!< a folder; empty: one with the run's id as its name

  void add_to(CLI::App* command);
  //! Reads every file that was named but program and machine, once; the mapper has no errors then. Throws
  //! Stop.
  void read_files();
  //! For a command without a model of its program: as a Legion application it is watched once, which
  //! `cancelled` ends and `console` is told of, and its model belongs to the run. Does nothing for all else.
  //! Throws Stop.
  void discover(const std::function<bool()>& cancelled, Console* console);
  //! Reads the files of program and machine, once. Throws Stop.
  void read_program();
  //! Whether the strategy asks a language model.
  bool asks_model() const;
  tune::Reuse reuse() const;
  //! What executions depend on, beside the mapper.
  std::string subject_key() const;

  std::string save() const;                               //!< JSON
  static TuneSettings load(const std::string& settings);  //!< Throws Stop.
};

}  // namespace mapwright::cli
