// Program files: a program as JSON, which docs/programs.md describes key by key.
#pragma once

#include <string>

#include "base/result.h"
#include "base/source.h"
#include "program/program.h"

namespace mapwright::program {

class JsonText;

//! The program in a text of at most base::Source::kMaxBytes, valid. Problems have places in the text; all
//! that one look can find are there, those that validate() finds only where nothing else is wrong. `file` is
//! how they call it.
base::Result<Program> load(std::string file, std::string text);
base::Result<Program> load(const base::SourcePtr& source);
base::Result<Program> load(const JsonText& json);

//! What mappers are checked against: that of a program, or what stands in a file of its tasks, their region
//! names and launches alone (docs/language.md).
base::Result<lang::ProgramFacts> load_facts(const base::SourcePtr& source);

//! The text of a valid program, from which load() makes an equal one. The same for equal programs. Bytes that
//! are no UTF-8 in texts that are not names are replaced.
std::string save(const Program& program);

}  // namespace mapwright::program
