// Programs that users name on the command line: by file, or built in.
#pragma once

#include <string>

#include "apps/apps.h"
#include "cli/options.h"
#include "lang/facts.h"
#include "program/program.h"

namespace mapwright::cli {

//! What a mapper is checked against: of a built-in application as it is made for the machine, or of a file.
//! Throws Stop.
lang::ProgramFacts load_facts(const std::string& name_or_file, const MachineOptions& machine = {});

//! The built-in application. Throws Stop.
program::Program make_application(const std::string& name, const apps::Options& options);

//! The whole program in a file, - for standard input. Throws Stop.
program::Program read_program(const std::string& path);

//! The whole program in a text that was in a file of that name. Throws Stop.
program::Program parse_program(const std::string& path, const std::string& text);

//! Whether a word is meant as a file: it is no name of an application, and there is a file, or it looks like
//! one.
bool names_file(const std::string& word);

}  // namespace mapwright::cli
