// What there is to work on, and what agents may read about it: programs, machines, the language.
#pragma once

#include "cli/guidance.h"
#include "cli/mcp_tools.h"
#include "cli/options.h"
#include "cli/subject.h"

namespace mapwright::cli::mcp {

//! More take longer than clients wait for an answer.
inline constexpr std::int64_t kMostNodes = 1024;

//! program, machine, nodes: what a mapper is for.
ArgumentList target_arguments(bool program_required);
//! The same with size and set, from which programs are made.
ArgumentList subject_arguments(bool program_required);
//! Which guidance comes with an execution.
ArgumentList guide_arguments();
ArgumentList joined(std::initializer_list<ArgumentList> parts);

//! From those arguments. Throws Stop for a program or machine that the server does not know: a name is never
//! taken for a file that it was not started with.
SubjectOptions subject_of(const Workshop& shop, const Arguments& arguments);
std::string known_machine(const Workshop& shop, const std::string& word);
GuideOptions guide_of(const Arguments& arguments);

//! The manual of the mapper language, in Markdown. Throws Stop.
std::string language_manual();
//! The list of programs, each with its parameters.
Json programs_json(const Workshop& shop);
//! The list of machines, each with the processors and memories of a node.
Json machines_json(const Workshop& shop);
Json machines_schema();
Json programs_schema();

//! A program's tasks, launches and data, as mappers name them.
Json program_json(const SubjectOptions& options);
Json program_schema();

}  // namespace mapwright::cli::mcp
