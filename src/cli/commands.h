// The commands: each adds its words to the command line and says what running it means.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/console.h"

namespace mapwright::cli {

//! One command; lives as long as the command line.
class Command {
 public:
  virtual ~Command() = default;
  //! May throw Stop.
  virtual Exit run(Console& console) = 0;
  //! Whether the result is one JSON document; then what stops the command is one as well.
  virtual bool json() const { return json_; }

  //! What stands behind --, where that is a command of the user's: null for most.
  virtual std::vector<std::string>* words() { return nullptr; }

  CLI::App* app() const { return app_; }

 protected:
  //! "check FILE ..." with an example below its help; every command has --json.
  CLI::App* add(CLI::App* parent, const std::string& name, const std::string& what,
                const std::string& example);

 private:
  CLI::App* app_ = nullptr;
  bool json_ = false;
};

std::unique_ptr<Command> check_command(CLI::App* parent);
std::unique_ptr<Command> fmt_command(CLI::App* parent);
std::unique_ptr<Command> grammar_command(CLI::App* parent);
std::unique_ptr<Command> place_command(CLI::App* parent);
std::unique_ptr<Command> machine_command(CLI::App* parent);
std::unique_ptr<Command> programs_command(CLI::App* parent);
std::unique_ptr<Command> run_command(CLI::App* parent);
std::unique_ptr<Command> show_command(CLI::App* parent);
std::unique_ptr<Command> tune_command(CLI::App* parent);
std::unique_ptr<Command> write_command(CLI::App* parent);
std::unique_ptr<Command> discover_command(CLI::App* parent);
std::unique_ptr<Command> compare_command(CLI::App* parent);
std::unique_ptr<Command> runs_command(CLI::App* parent);
std::unique_ptr<Command> resume_command(CLI::App* parent);
std::unique_ptr<Command> mcp_command(CLI::App* parent);

//! The whole program. Never throws.
int run(int argc, char** argv);

}  // namespace mapwright::cli
