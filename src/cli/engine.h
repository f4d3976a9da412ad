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
#include "engine/engine.h"

namespace mapwright::cli {

struct EngineOptions {
  std::string name = "sim";
  std::optional<std::int64_t> ranks;
  std::optional<std::int64_t> devices;
  std::optional<std::string> launcher;
  std::optional<double> timeout;      //!< seconds of one execution
  const CLI::App* command = nullptr;  //!< whose options they are; none of a run that goes on

  //! For a command that has the options of SubjectOptions.
  void add_to(CLI::App* to);
  //! Whether programs really run.
  bool executes() const { return name != "sim"; }
  //! What the user left open is what fits the engine. Twice is as good as once. Throws Stop.
  void settle(SubjectOptions* subject) const;
  //! The machine as the engine needs it, which a settled subject has.
  void adapt(SubjectOptions* subject) const;
  //! `cancelled` ends executions. Throws Stop.
  std::unique_ptr<engine::Engine> make(const Subject& subject, std::function<bool()> cancelled) const;

  //! What executions depend on, beside the mapper; nothing for engines without options.
  nlohmann::ordered_json save() const;
  //! Throws what JSON throws.
  void load(const std::string& engine, const nlohmann::ordered_json& saved);

 private:
  bool given(const std::string& option) const;
  std::vector<std::string> launcher_words() const;
};

//! The executable that processes of real executions run. Throws Stop, which says that the option is not
//! there, where there is none.
std::string rank_program(std::string_view option);

//! A machine on which every kernel of a GPU has somewhere to run: `devices` of them, and a note where they
//! are not the machine's own. Throws Stop.
machine::Machine executable_machine(machine::Machine machine, std::optional<std::int64_t> devices,
                                    std::vector<std::string>* notes);

}  // namespace mapwright::cli
