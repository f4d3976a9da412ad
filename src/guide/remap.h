// Maps of index launches under which less data moves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lang/edit.h"
#include "lang/mapper.h"
#include "plan/plan.h"

namespace mapwright::guide {

//! What the timed iterations move, as the plan of a mapper says; nothing is timed.
struct Movement {
  std::int64_t node = 0;     //!< bytes into, or out of, the node where that is most
  std::int64_t sockets = 0;  //!< bytes between the sockets of nodes
  std::int64_t memory = 0;   //!< bytes into, or out of, the memory where that is most
  std::int64_t total = 0;    //!< bytes from one memory to another

  friend auto operator<=>(const Movement&, const Movement&) = default;
};

//! `iterations` timed ones; a plan may have fewer, of which the last one then stands for those that follow.
Movement movement(const plan::Plan& plan, std::int64_t iterations);

struct Remap {
  lang::Edit edit;                 //!< of the mapper: the functions, and the maps of the tasks
  std::vector<std::string> tasks;  //!< that are mapped otherwise
  std::string what;                //!< "t, u by blocks_yx; v by dealt"
  Movement movement;               //!< then
};

//! The families of mapping functions for which less moves, for all tasks of a kind of launch alike and for
//! each by itself, the least first: none that is worse than another in everything, none that would put more
//! points on one processor than now. Plans two iterations for each candidate: bounded by kMostPlanned
//! operations, so that of large programs fewer are looked at.
inline constexpr std::int64_t kMostPlanned = 300'000;
std::vector<Remap> remaps(const plan::Plan& plan, const lang::CompiledMapper& mapper);

}  // namespace mapwright::guide
