// What `run`, `show` and their like work on: a program on a machine under a mapper, from the words on the
// command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "lang/placement.h"
#include "machine/machine.h"
#include "plan/plan.h"
#include "program/program.h"

namespace mapwright::cli {

struct SubjectOptions {
  std::string program;             //!< a built-in application or a program file
  std::string machine = "p100x4";  //!< name or file
  std::int64_t nodes = 2;
  std::string size = "paper";
  std::vector<std::string> set;    //!< key=value
  std::string mapper = "default";  //!< a file, or expert, default, default-like
  //! What the files of the program and the machine held, of a run that goes on: they are not read again.
  std::optional<std::string> program_text;
  std::optional<std::string> machine_text;
  //! The machine as an engine needs it, and what to say of that; empty: as it is.
  std::function<machine::Machine(machine::Machine, std::vector<std::string>* notes)> adapted;
  std::optional<program::Metric> metric;  //!< in place of the program's own

  //! PROGRAM ... --mapper MAPPER
  void add_to(CLI::App* command);
  //! PROGRAM ...
  void add_program(CLI::App* command);
  //! MAPPER ... --program PROGRAM
  void add_mapper_first(CLI::App* command);
  //! ... [--program PROGRAM]
  void add_named_program(CLI::App* command);
  //! The machine, and what the program is made from.
  void add_size(CLI::App* command);
};

struct Subject {
  machine::Machine machine;
  std::shared_ptr<const program::Program> program;
  std::shared_ptr<const plan::Planner> planner;
  std::vector<std::string> notes;  //!< what to say of the machine and of the program
};

//! The built-in application, or what the file says. Throws Stop.
program::Program make_program(const SubjectOptions& options, const machine::Machine& machine);

//! Throws Stop.
Subject make_subject(const SubjectOptions& options);

//! "circuit on 2 nodes of p100x4"
std::string title(const Subject& subject, std::int64_t nodes);

//! The text of a mapper that is shipped with a program, "expert" or "default-like"; none where there is no
//! such mapper.
base::SourcePtr shipped_mapper(const std::string& kind, const std::string& program);

//! What happens where no mapper says anything.
base::SourcePtr default_mapper();

//! What a strategy begins with: the fixed ones are what they are called, all others begin with `start`. Null
//! where there is no expert's mapper.
base::SourcePtr start_of(std::string_view strategy, const base::SourcePtr& start, const std::string& program);

//! The text of a file, of standard input for -, of the default for "default". Throws Stop.
base::SourcePtr mapper_source(const std::string& name);

//! The mapper in a text or file, compiled. Throws Stop.
lang::MapperPtr compile(const base::SourcePtr& source);

//! The mapper in a text, bound to the subject's machine. Throws Stop.
std::shared_ptr<lang::Placer> bound_mapper(const base::SourcePtr& source, const Subject& subject);

//! The mapper that the words mean, compiled and bound to the subject's machine. Throws Stop.
std::shared_ptr<lang::Placer> make_mapper(const SubjectOptions& options, const Subject& subject);

}  // namespace mapwright::cli
