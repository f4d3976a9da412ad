// What strategies have in common that ask a language model for one mapper after another.
#pragma once

#include <optional>
#include <vector>

#include "tune/question.h"
#include "tune/strategy.h"

namespace mapwright::tune {

//! Proposes what the problem starts with, then what the model says. Without an answer it has ended.
class Asking : public Strategy {
 public:
  //! `problem` has a model. `temperature`: where the user does not state one.
  Asking(Problem problem, Form form, double temperature);

  std::vector<Proposal> propose() final;
  //! A model that says the same again and again costs money each time.
  int most_duplicates() const final { return 5; }
  bool reads_feedback() const final { return true; }
  std::optional<Ended> ended() const final { return ended_; }

 protected:
  const Problem& problem() const { return problem_; }
  const Model& model() const { return *problem_.model; }
  const program::Metric& metric() const { return problem_.program().metric; }

 private:
  //! What is asked next.
  virtual std::vector<llm::Message> messages() = 0;
  virtual Proposal proposal(Said said) = 0;

  const Problem problem_;
  const Form form_;
  const double temperature_;
  bool started_ = false;
  std::optional<Ended> ended_;
};

}  // namespace mapwright::tune
