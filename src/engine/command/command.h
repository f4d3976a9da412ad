// Executes any program of the user's, with the mapper in a file. Its command line is all that is known of it:
// what it wrote has the metric.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/command/expression.h"
#include "engine/command/legion.h"
#include "engine/engine.h"

namespace mapwright::engine::command {

//! In words of a command, the path of the mapper's file; the environment has it as kMapperVariable.
inline constexpr std::string_view kMapperWord = "{mapper}";
inline constexpr std::string_view kMapperVariable = "MAPWRIGHT_MAPPER";

struct Settings {
  std::vector<std::string> argv;      //!< the program and its arguments: no shell reads them
  std::vector<std::string> launcher;  //!< words before them
  //! Finds the metric in what it writes to standard output and standard error. Nothing: the metric is the
  //! seconds from its start to its end.
  std::optional<Expression> metric;
  //! The adapter's library: the command is a Legion application, which obeys the mapper by itself. Empty: the
  //! command does what it likes with the mapper's file.
  std::string adapter;
  //! Of a Legion application: the nodes that its model has. One that runs on others is not what was modelled,
  //! and fails. Nothing: there is no model.
  std::optional<std::int64_t> nodes;
  //! Of a Legion application: the file in which every execution writes what it decided, anew. Empty: none.
  std::string journal;
  double limit = 60;                //!< seconds of one execution, all of it
  std::function<bool()> cancelled;  //!< asked often, by any thread
  //! What a model of the program predicts for a mapper: its profile stands for the one that a command does
  //! not tell. Nothing: there is none.
  std::function<Execution(const lang::MapperPtr&)> twin;
};

class Command final : public Engine {
 public:
  explicit Command(Settings settings);

  std::string_view name() const override { return "command"; }
  //! Commands measure, and would disturb one another.
  Capabilities capabilities() const override { return {.noisy = true, .at_once = 1}; }
  //! Failures: `failed` (an exit status or a signal, and the end of what it wrote), `timeout`, `no_metric`,
  //! kNotStarted - also where the adapter is not in a Legion application - and kCancelled.
  Execution execute(const lang::MapperPtr& mapper) const override;

 private:
  Settings settings_;
};

//! One execution of a Legion application as it is, without any mapper of ours, and what it did.
struct Watched {
  std::optional<plan::Failure> failure;  //!< as of Command::execute; then nothing of the rest is there
  Greeting greeting;
  std::string journal;
};
Watched watch(const Settings& settings);

//! Bytes of a journal that is read.
inline constexpr std::size_t kMostJournal = std::size_t{1} << 30;

}  // namespace mapwright::engine::command
