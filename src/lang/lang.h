// The mapper language: text in, a CompiledMapper or the reasons why not out.
//
//   compile()   reads, checks names and types; needs no machine
//   format()    the one canonical form of a text (format.h)
//   grammar()   the syntax, for language models (grammar.h)
//   Placer      a mapper on a machine: which processor runs which point (placement.h)
//   check_program()  what a mapper says about a program that it does not have (facts.h)
#pragma once

#include "lang/mapper.h"

namespace mapwright::lang {

struct Compilation {
  MapperPtr mapper;            //!< null where there are errors
  base::Diagnostics problems;  //!< sorted by place
};

//! Never fails in another way than by problems; time and memory are linear in the text.
Compilation compile(const base::SourcePtr& source);

}  // namespace mapwright::lang
