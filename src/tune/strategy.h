// Strategies propose mappers. They know the program, the machine, the mapper that they start from and what
// came of their proposals; never the expert's mapper, nor what the names of tasks and data mean. All that
// they do follows from their seed, from what they observed and from what a language model answered, so that
// going on with a recorded run is proposing the same again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "lang/mapper.h"
#include "plan/plan.h"
#include "tune/model.h"
#include "tune/trial.h"

namespace mapwright::tune {

struct Proposal {
  std::string mapper;
  std::string why;  //!< one line: what is new about it, and why
  //! Where there is no mapper, because what a language model said cannot be used: why not. `mapper` has the
  //! beginning of what it said.
  std::optional<base::Diagnostics> refusal = std::nullopt;
};

//! What is tuned.
struct Problem {
  std::shared_ptr<const plan::Planner> planner;  //!< the program on its machine
  lang::MapperPtr start;                //!< what strategies begin with: the empty mapper, or a user's
  const guide::Guide* guide = nullptr;  //!< what those that read feedback may ask; outlives them
  std::uint64_t seed = 1;
  const Model* model = nullptr;  //!< of those that ask a language model; outlives them
  //! Predicts what the engine of the run measures; outlives them. Null where that one predicts itself.
  const engine::Engine* twin = nullptr;
  //! Asked often by strategies that take their time; empty: nobody interrupts.
  // NOLINTNEXTLINE(readability-redundant-member-init): as below
  std::function<bool()> interrupted{};
  // NOLINTNEXTLINE(readability-redundant-member-init): without it GCC misses it where a problem is made
  std::vector<Proposal> given{};  //!< what kAgent proposes

  const program::Program& program() const { return planner->program(); }
};

//! Why a run ends.
enum class Stopped : std::uint8_t {
  budget,
  time,
  target,
  patience,
  exhausted,
  circles,
  interrupted,
  record,
  model,
  spent
};

//! Duplicates cost nothing of the budget.
inline constexpr int kMostDuplicates = 1000;

struct Ended {
  Stopped why = Stopped::exhausted;
  base::Diagnostics problems;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  //! What to try next, best first. They do not depend on one another: they may be executed at once, and all
  //! of them are observed before the next call, unless the run ends. None: nothing is left to try.
  virtual std::vector<Proposal> propose() = 0;
  //! What came of each proposal, in their order.
  virtual void observe(const Trial& trial) = 0;
  //! What came of the proposal of another strategy in the same run.
  virtual void learn(const Trial& /*trial*/) {}
  //! Duplicates in a row that end a run: the strategy goes in circles.
  virtual int most_duplicates() const { return kMostDuplicates; }
  //! Whether it reads the feedback of trials; without, there need not be any.
  virtual bool reads_feedback() const { return false; }
  //! Why there are no proposals any more, or not all that there could be, where it is not that nothing is
  //! left to try.
  virtual std::optional<Ended> ended() const { return std::nullopt; }
};

struct StrategyKind {
  std::string_view name;  //!< as --strategy has it
  std::string_view what;
  //! The fixed ones, expert and default, propose the mapper that the problem starts with.
  std::unique_ptr<Strategy> (*make)(const Problem& problem);
  bool draws_lots = false;  //!< its seed matters
  //! Of those that ask a language model, and need Problem::model: the most bytes by which a later prompt is
  //! longer than the first one, after so many trials.
  std::size_t (*growth)(const Model& model, std::size_t trials) = nullptr;

  bool asks_model() const { return growth != nullptr; }
};

//! Those that a user may choose, in the order of reports.
std::span<const StrategyKind> strategies();

//! The one whose proposals come from outside, one by one: it has nothing to try but what is given.
inline constexpr std::string_view kAgent = "agent";

//! The one that needs Problem::twin.
inline constexpr std::string_view kTwin = "twin";

//! Also kAgent.
const StrategyKind* find_strategy(std::string_view name);

}  // namespace mapwright::tune
