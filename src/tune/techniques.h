// The techniques among which the bandit chooses, as OpenTuner has them. Options have no order and no distance
// from one another, so that its operators for enumerations apply: a value is copied, or drawn anew.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "tune/random.h"
#include "tune/search.h"

namespace mapwright::tune {

//! What all techniques share.
struct Record {
  struct Result {
    double cost = 0;
    bool new_best = false;  //!< when it was observed first
  };

  Sizes sizes;
  Random random;
  std::map<Choice, Result> results;
  std::optional<Choice> best;

  Choice any();
  bool known(const Choice& choice) const { return results.contains(choice); }
  double cost(const Choice& choice) const { return results.at(choice).cost; }
  //! Enters a result, unless the choice has one: whether it was a new best then.
  bool enter(const Choice& choice, double cost);
};

class Technique {
 public:
  virtual ~Technique() = default;
  virtual std::string_view name() const = 0;
  //! None: this technique has nothing to try.
  virtual std::optional<Choice> propose(Record* record) = 0;
  //! Of a proposal of its own, which is in the record.
  virtual void observe(const Choice& /*choice*/, const Record& /*record*/) {}
};

//! The four of OpenTuner's default, in its order.
std::vector<std::unique_ptr<Technique>> default_techniques();

}  // namespace mapwright::tune
