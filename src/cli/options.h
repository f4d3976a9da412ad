// Options that several commands share: which machine.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/console.h"
#include "machine/grid.h"
#include "machine/machine.h"

namespace mapwright::cli {

//! machines/, mappers/ and rules/: beside the installed executable, or in the source tree that it was built
//! from.
std::filesystem::path data_folder();

//! Where a user's runs and measurements are kept: mapwright in $XDG_STATE_HOME or ~/.local/state. Nothing
//! where there is no home.
std::optional<std::filesystem::path> state_folder();

//! Where `machine local --calibrate` keeps this computer as it measured it: machines/local.toml in that
//! folder. Throws Stop where there is no such folder.
std::filesystem::path calibration_path();

//! The same if the file is there.
std::optional<std::filesystem::path> calibration_file();

struct MachineOptions {
  std::optional<std::string> machine;  //!< name or file
  std::optional<std::int64_t> nodes;
  std::optional<std::string> processors;  //!< "CPU=1,GPU=4": a machine on the spot

  static constexpr const char* kDefaultMachine = "p100x4";
  static constexpr std::int64_t kDefaultNodes = 2;

  void add_to(CLI::App* command);
  bool given() const { return machine || nodes || processors; }
  struct Chosen {
    machine::Machine machine;
    std::int64_t nodes = 1;
  };
  //! Throws Stop where the words make no machine.
  Chosen choose(std::int64_t ranks_per_node = 1) const;
  //! The same, as mappers see it.
  machine::Grid grid(std::int64_t ranks_per_node = 1) const;
};

//! What options take: a number above 0.
const CLI::Validator& positive_number();

//! --jobs N: how many at once. 0: one for each core.
int jobs_of(int wanted);

//! The machine of that name or file; this computer as it was measured, if it was. Throws Stop.
machine::Machine load_machine(const std::string& name_or_file);

//! The machine in a text that was behind that name or file. Throws Stop.
machine::Machine parse_machine(const std::string& name_or_file, const std::string& text);

//! The text behind a name or file; none for this computer where it is detected. Throws Stop.
std::optional<std::string> machine_text(const std::string& name_or_file);

}  // namespace mapwright::cli
