// The loop: proposals are checked, executed, recorded and shown to the strategy, until something ends it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tune/evaluator.h"
#include "tune/strategy.h"
#include "tune/trial.h"

namespace mapwright::tune {

struct Limits {
  std::int64_t budget = 10;              //!< distinct proposals, executed or refused; duplicates cost nothing
  std::optional<double> seconds;         //!< of the wall clock, what a recorded run has taken before included
  std::optional<double> target;          //!< a metric that is good enough
  std::optional<std::int64_t> patience;  //!< proposals without a new best
};

//! "the budget is used up", ...
std::string_view words(Stopped why);
std::optional<Stopped> stopped(std::string_view words);

//! Where trials are kept, so that a run that dies goes on where it was.
class Journal {
 public:
  virtual ~Journal() = default;
  //! Those that were committed before, in their order.
  virtual const std::vector<Trial>& recorded() const = 0;
  //! An earlier execution of the same mapper on the same subject, by another run.
  virtual std::optional<Trial> find(const std::string& canonical) = 0;
  //! Commits a trial. Problems: it is not kept.
  virtual std::optional<base::Diagnostics> add(const Trial& trial) = 0;
};

struct Progress {
  const Trial* trial = nullptr;  //!< the last one
  const Trial* best = nullptr;   //!< none yet: null
  std::int64_t evaluations = 0;
};

struct Outcome {
  std::vector<Trial> trials;
  std::optional<std::size_t> best;  //!< which of them
  std::int64_t evaluations = 0;     //!< that count
  Stopped stopped = Stopped::budget;
  base::Diagnostics problems;  //!< why the record or the language model ended it
};

class Tuning {
 public:
  //! All of them outlive this. `journal` may be null.
  Tuning(const Problem& problem, Strategy* strategy, const Evaluator& evaluator, const Limits& limits,
         Journal* journal);

  //! How many proposals are executed at once. What is proposed and recorded does not depend on it.
  void set_jobs(int jobs) { jobs_ = jobs; }
  //! Called after each commit.
  void on_progress(std::function<void(const Progress&)> visit) { visit_ = std::move(visit); }
  //! Ends where the record ends, for the reason that it then had.
  void only_replay(Stopped why) { ended_ = why; }
  //! Asked between trials.
  void stop_when(std::function<bool()> interrupted) { interrupted_ = std::move(interrupted); }

  Outcome run();

 private:
  struct Open {
    Proposal proposal;
    Checked checked;
    std::string key;  // equal for duplicates
    std::optional<std::int64_t> duplicate_of;
    std::optional<Trial> result;
  };

  std::vector<Open> read(std::vector<Proposal> proposals);
  const Trial* recorded(std::int64_t number) const;
  void evaluate(std::span<Open> chunk);
  bool commit(Open* open);
  std::optional<Stopped> limit() const;
  bool improves(const Trial& trial) const;

  const Problem& problem_;
  Strategy& strategy_;
  const Evaluator& evaluator_;
  Limits limits_;
  Journal* journal_;
  int jobs_ = 1;
  std::function<void(const Progress&)> visit_;
  std::function<bool()> interrupted_;
  std::optional<Stopped> ended_;

  Outcome outcome_;
  std::map<std::string, std::int64_t> numbers_;  // of the first trial of each canonical mapper
  std::int64_t since_best_ = 0;
  int duplicates_ = 0;  // in a row
  double seconds_ = 0;  // of trials that were recorded before
  double begin_ = 0;
};

}  // namespace mapwright::tune
