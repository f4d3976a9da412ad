// Searches among choices: all that they know is how many options each decision has, and what earlier choices
// cost. They depend on their seed and on what they observed, on nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mapwright::tune {

//! For each decision, the number of its option.
using Choice = std::vector<std::uint16_t>;
//! For each decision, how many options it has.
using Sizes = std::vector<std::uint16_t>;

struct Candidate {
  Choice choice;
  std::string why;
};

//! A task's part of the time in which processors are busy.
using TaskShares = std::vector<std::pair<std::string, double>>;

struct Observation {
  double cost = 0;  //!< the smaller the better; infinite where the execution failed
  TaskShares shares;
};

class Search {
 public:
  virtual ~Search() = default;
  //! What to try next; all of them are observed before the next call. None: there is nothing left to try.
  virtual std::vector<Candidate> propose() = 0;
  //! What came of each proposal, in their order.
  virtual void observe(const Candidate& candidate, const Observation& observation) = 0;
};

//! Uniform among all choices.
std::unique_ptr<Search> random_search(Sizes sizes, std::uint64_t seed);

//! OpenTuner's default (Ansel et al., PACT 2014; its AUCBanditMetaTechniqueA): a multi-armed bandit over four
//! techniques, which credits those that found new bests lately.
std::unique_ptr<Search> bandit_search(Sizes sizes, std::uint64_t seed);

}  // namespace mapwright::tune
