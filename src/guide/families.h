// Families of mapping functions: which point runs on which processor, for launches of any rank. What guidance
// suggests and classical strategies choose from; a person or a language model may write any function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lang/edit.h"
#include "machine/kinds.h"

namespace mapwright::guide {

//! A mapping function of one launch domain's rank.
struct Family {
  std::string name;  //!< "blocks_yx"; a word of the language
  std::string body;  //!< statements; `m` is the machine of the processor kind
};

//! Of launches of this rank: blocks and dealt-out points along every order of the axes (x the first; of more
//! than three axes, only forwards and backwards), once over all processors and once over the nodes first, and
//! grids that auto_split chooses, with blocks or points dealt out inside a node.
std::vector<Family> families(int rank);

//! The first two of them: blocks, and points dealt out, over all processors, x first.
Family blocks(int rank);
Family dealt(int rank);
//! A single task on the processor of its parent, which has to be of the same kind.
Family beside_parent();

//! Maps the launches of a task on such processors by a family: "IndexTaskMap" or "SingleTaskMap", with the
//! function.
lang::Edit map_with(std::string_view statement, std::string_view task, const Family& family,
                    machine::ProcessorKind kind);

//! "blocks_yx_gpu"
std::string function_name(const Family& family, machine::ProcessorKind kind);
//! "def blocks_yx_gpu(Task task) { ... }"
std::string function_of(const Family& family, machine::ProcessorKind kind);

}  // namespace mapwright::guide
