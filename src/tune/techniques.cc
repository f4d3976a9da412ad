#include "tune/techniques.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mapwright::tune {
namespace {

std::uint16_t option(Record* record, std::size_t decision) {
  return static_cast<std::uint16_t>(record->random.below(record->sizes[decision]));
}

// Changes the best: one decision surely, each other one with a probability.
class GreedyMutation final : public Technique {
 public:
  // `flips`: decisions with two options change for sure, as OpenTuner's operators for booleans do.
  GreedyMutation(std::string_view name, double rate, bool flips) : name_(name), rate_(rate), flips_(flips) {}

  std::string_view name() const override { return name_; }

  std::optional<Choice> propose(Record* record) override {
    constexpr int kRetries = 10;
    const bool greedy = record->best && std::isfinite(record->cost(*record->best));
    const Choice parent = greedy ? *record->best : record->any();
    Choice choice = parent;
    for (int i = 0; i < kRetries; ++i) {
      mutate(record, &choice);
      if (choice != parent) return choice;
    }
    return std::nullopt;
  }

 private:
  void mutate(Record* record, Choice* choice) const {
    std::vector<std::size_t> order(choice->size());
    std::iota(order.begin(), order.end(), 0);
    record->random.shuffle(&order);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && record->random.unit() >= rate_) continue;
      std::uint16_t& value = (*choice)[order[i]];
      const bool flip = flips_ && record->sizes[order[i]] == 2;
      value = flip ? static_cast<std::uint16_t>(1 - value) : option(record, order[i]);
    }
  }

  std::string_view name_;
  double rate_;
  bool flips_;
};

// Storn and Price, with the population's oldest member replaced next.
class DifferentialEvolution final : public Technique {
 public:
  std::string_view name() const override { return "DifferentialEvolutionAlt"; }

  std::optional<Choice> propose(Record* record) override {
    if (population_.empty()) {
      for (std::size_t i = 0; i < kPopulation; ++i) population_.push_back({record->any(), i, {}});
      clock_ = kPopulation;
    }
    if (submitted_ < kPopulation) return population_[submitted_++].choice;
    Member& oldest = *std::ranges::min_element(population_, {}, &Member::touched);
    Choice choice;
    for (int i = 0; i < kDuplicateRetries; ++i) {
      choice = child(oldest, record);
      if (!record->known(choice)) break;
    }
    oldest.touched = clock_++;
    oldest.candidate = choice;
    return choice;
  }

  void observe(const Choice& choice, const Record& record) override {
    for (Member& m : population_) {
      if (m.candidate != choice) continue;
      if (record.cost(choice) < record.cost(m.choice)) m.choice = choice;
      m.candidate.reset();
    }
  }

 private:
  static constexpr std::size_t kPopulation = 30;
  static constexpr double kCrossover = 0.2;
  static constexpr int kDuplicateRetries = 5;

  struct Member {
    Choice choice;
    std::size_t touched = 0;
    std::optional<Choice> candidate;
  };

  // x1 + F (x2 - x3): without numbers, x1's option, or any where x2 and x3 differ. F decides nothing then.
  Choice child(const Member& parent, Record* record) const {
    std::vector<const Choice*> others;
    for (const Member& m : population_) {
      if (&m != &parent) others.push_back(&m.choice);
    }
    if (record->best) others.push_back(&*record->best);
    record->random.shuffle(&others);
    Choice choice = parent.choice;
    std::vector<std::size_t> order(choice.size());
    std::iota(order.begin(), order.end(), 0);
    record->random.shuffle(&order);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && record->random.unit() >= kCrossover) continue;
      const std::size_t d = order[i];
      const bool differ = (*others[1])[d] != (*others[2])[d];
      choice[d] = differ ? option(record, d) : (*others[0])[d];
    }
    return choice;
  }

  std::vector<Member> population_;
  std::size_t submitted_ = 0;
  std::size_t clock_ = 0;
};

// Moves along numbers, of which these choices have none: it has nothing to try, here as in OpenTuner.
class NelderMead final : public Technique {
 public:
  std::string_view name() const override { return "RandomNelderMead"; }
  std::optional<Choice> propose(Record* /*record*/) override { return std::nullopt; }
};

}  // namespace

Choice Record::any() {
  Choice choice;
  for (std::size_t d = 0; d < sizes.size(); ++d) choice.push_back(option(this, d));
  return choice;
}

bool Record::enter(const Choice& choice, double cost) {
  const auto found = results.find(choice);
  if (found != results.end()) return found->second.new_best;
  const bool new_best = !best || cost < results.at(*best).cost;
  results[choice] = {cost, new_best};
  if (new_best) best = choice;
  return new_best;
}

std::vector<std::unique_ptr<Technique>> default_techniques() {
  std::vector<std::unique_ptr<Technique>> list;
  list.push_back(std::make_unique<DifferentialEvolution>());
  list.push_back(std::make_unique<GreedyMutation>("UniformGreedyMutation", 0.1, false));
  list.push_back(std::make_unique<GreedyMutation>("NormalGreedyMutation", 0.3, true));
  list.push_back(std::make_unique<NelderMead>());
  return list;
}

}  // namespace mapwright::tune
