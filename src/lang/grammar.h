// The syntax of mappers for language models that run locally: as GBNF, the format of grammars of llama.cpp.
#pragma once

#include <string>

#include "lang/facts.h"

namespace mapwright::lang {

//! The grammar, made from the tables that the parser reads with (words.h, kinds.h, slips.h). Whatever it
//! derives parses without a problem, as long as no expression is nested deeper than kMaxExprDepth: recursion
//! in GBNF has no bound. Whatever compiles is derived, but for spellings that nobody needs:
//!   - white space stands before every word of a statement and before `for`, where a bracket or a quote would
//!     do;
//!   - integers have at most 18 digits, the largest one apart;
//!   - a task or region with the name of a processor kind stands in quotes;
//!   - `not`, `tuple` and `lambda` are no names in expressions;
//!   - functions and methods are called by their names, without brackets around these.
//!
//! With a program, the names of tasks and regions are the program's own, and a position or the name of a
//! region stands only behind a task that has it. Names that no mapper can write are left out. Names that the
//! program does not know stay open: all of them where it has no tasks, regions where it has none.
//!
//! Where it is read and not obeyed, `exact` is false: a name is then any name, and comments say what it must
//! not be, which takes a fraction of the text.
std::string grammar(const ProgramFacts* program, bool exact = true);

}  // namespace mapwright::lang
