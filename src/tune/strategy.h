// Strategies propose mappers. They know the program, the machine, the mapper that they start from and what
// came of their proposals; never the expert's mapper, nor what the names of tasks and data mean. All that
// they do follows from their seed and from what they observed, so that going on with a recorded run is
// proposing the same again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lang/mapper.h"
#include "plan/plan.h"
#include "tune/trial.h"

namespace mapwright::tune {

//! What is tuned.
struct Problem {
  std::shared_ptr<const plan::Planner> planner;  //!< the program on its machine
  lang::MapperPtr start;                //!< what strategies begin with: the empty mapper, or a user's
  const guide::Guide* guide = nullptr;  //!< what those that read feedback may ask; outlives them
  std::uint64_t seed = 1;

  const program::Program& program() const { return planner->program(); }
};

struct Proposal {
  std::string mapper;
  std::string why;  //!< one line: what is new about it, and why
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  //! What to try next, best first. They do not depend on one another: they may be executed at once, and all
  //! of them are observed before the next call, unless the run ends. None: nothing is left to try.
  virtual std::vector<Proposal> propose() = 0;
  //! What came of each proposal, in their order.
  virtual void observe(const Trial& trial) = 0;
  //! Whether it reads the feedback of trials; without, there need not be any.
  virtual bool reads_feedback() const { return false; }
};

struct StrategyKind {
  std::string_view name;  //!< as --strategy has it
  std::string_view what;
  //! The fixed ones, expert and default, propose the mapper that the problem starts with.
  std::unique_ptr<Strategy> (*make)(const Problem& problem);
  bool draws_lots = false;  //!< its seed matters
};

//! In the order of reports.
std::span<const StrategyKind> strategies();
const StrategyKind* find_strategy(std::string_view name);

}  // namespace mapwright::tune
