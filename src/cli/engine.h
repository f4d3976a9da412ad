// What executes programs: the words on the command line, and the engine that they mean.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/subject.h"
#include "engine/command/command.h"
#include "engine/engine.h"
#include "report/accuracy.h"

namespace mapwright::cli {

struct EngineOptions {
  std::string name = "sim";
  std::optional<std::int64_t> ranks;
  std::optional<std::int64_t> devices;
  std::optional<std::string> launcher;
  std::optional<double> timeout;      //!< seconds of one execution
  std::optional<std::string> metric;  //!< the expression that finds it in what a command writes
  std::optional<std::string> better;  //!< smaller or larger
  bool legion = false;                //!< the command is a Legion application
  std::optional<std::string> log;     //!< the file for what a Legion application decided
  std::vector<std::string> words;     //!< the command: what stands behind --
  const CLI::App* command = nullptr;  //!< whose options they are; none of a run that goes on

  //! For a command that has the options of SubjectOptions; `with_commands`: and a command of the user's
  //! behind --.
  void add_to(CLI::App* to, bool with_commands = false);
  //! For one that executes a command of the user's and nothing else.
  void add_command_options(CLI::App* to);
  //! Whether programs really run.
  bool executes() const { return name != "sim"; }
  //! Whether a command of the user's does.
  bool commands() const { return name == "command"; }
  report::Basis basis() const;
  //! What the user left open is what fits the engine. Twice is as good as once. Throws Stop.
  void settle(SubjectOptions* subject);
  //! The machine and the program as the engine needs them, which a settled subject has.
  void adapt(SubjectOptions* subject) const;
  //! `cancelled` ends executions. Throws Stop.
  std::unique_ptr<engine::Engine> make(const Subject& subject, std::function<bool()> cancelled) const;
  //! Of a command alone, without a model of what it does. Throws Stop.
  std::unique_ptr<engine::Engine> make_command(std::function<bool()> cancelled) const;
  //! How the command is executed. Throws Stop.
  engine::command::Settings command_settings(std::function<bool()> cancelled) const;

  //! What executions depend on, beside the mapper; nothing for engines without options.
  nlohmann::ordered_json save() const;
  //! What else a command does other things for: the state of the files that it names, the folder that it runs
  //! in, the environment.
  nlohmann::ordered_json surroundings() const;
  //! Throws what JSON throws.
  void load(const std::string& engine, const nlohmann::ordered_json& saved);

 private:
  void add_execution_options(CLI::App* to, const std::string& group);
  void settle_command(SubjectOptions* subject);
  void expect_no_others() const;
  bool given(const std::string& option) const;
  std::vector<std::string> launcher_words() const;
};

//! The executable that processes of real executions run. Throws Stop, which says that the option is not
//! there, where there is none.
std::string rank_program(std::string_view option);

//! The adapter's library. Throws Stop where there is none.
std::string legion_adapter();

//! A machine on which every kernel of a GPU has somewhere to run: `devices` of them, and a note where they
//! are not the machine's own. Throws Stop.
machine::Machine executable_machine(machine::Machine machine, std::optional<std::int64_t> devices,
                                    std::vector<std::string>* notes);

}  // namespace mapwright::cli
