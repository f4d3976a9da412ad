#include "tune/descent.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace mapwright::tune {
namespace {

using Kind = Decision::Kind;
using program::PartitionId;
using program::TaskId;

constexpr std::size_t kRotations = 5;

// Decisions that are made together, in this order.
struct Settings {
  struct Setting {
    std::size_t decision = 0;
    std::uint16_t option = 0;
  };
  std::vector<Setting> settings;
};

class Descent final : public Search {
 public:
  Descent(const Space& space, const program::Program& program) : space_(space), program_(program) {
    weigh_overlaps();
    best_ = space_.initial();
  }

  std::vector<Candidate> propose() override {
    if (!started_) {
      started_ = true;
      return {{best_, "where it starts"}};
    }
    for (;;) {
      if (next_ == moves_.size() && !next_rotation()) return {};
      const Settings& move = moves_[next_++];
      Choice choice = best_;
      for (const Settings::Setting& s : move.settings) choice[s.decision] = s.option;
      for (const Settings::Setting& s : move.settings) move_together(s.decision, &choice);
      if (tried_.insert(choice).second) return {{std::move(choice), words(move)}};
    }
  }

  void observe(const Candidate& candidate, const Observation& observation) override {
    tried_.insert(candidate.choice);
    if (shares_.empty()) shares_ = observation.shares;
    if (observation.cost >= cost_) return;
    cost_ = observation.cost;
    best_ = candidate.choice;
    better_ = true;
  }

 private:
  double bytes(PartitionId p) const {
    const program::Partition& partition = program_.partitions[p];
    double elements = 0;
    for (const program::Box& box : partition.boxes)
      elements += static_cast<double>(box.size(program::kMaxElements).value_or(0));
    const program::Region& region = program_.regions[partition.region];
    return elements * static_cast<double>(region.bytes(region.all_fields()));
  }

  // Two of the data overlap where they are pieces of one region; by how much, at most the smaller one.
  void weigh_overlaps() {
    for (std::size_t i = 0; i < space_.decisions().size(); ++i) {
      const Decision& d = space_.decisions()[i];
      if (d.kind == Kind::memory) memories_.push_back(i);
    }
    for (const std::size_t a : memories_) {
      for (const std::size_t b : memories_) {
        if (region_of(a) == region_of(b)) weights_.push_back(weight(a, b));
      }
    }
    std::ranges::sort(weights_);
  }
  program::RegionId region_of(std::size_t decision) const {
    return program_.partitions[space_.decisions()[decision].partition].region;
  }
  double weight(std::size_t a, std::size_t b) const {
    return std::min(bytes(space_.decisions()[a].partition), bytes(space_.decisions()[b].partition));
  }

  // After a memory was decided: what overlaps goes to the same memory, and its task to a processor that
  // reaches it where that is needed.
  void move_together(std::size_t decision, Choice* choice) const {
    const Decision& d = space_.decisions()[decision];
    if (d.kind != Kind::memory || rotation_ > kRotations) return;
    const std::string& memory = d.options[(*choice)[decision]];
    for (const std::size_t other : memories_) {
      const Decision& o = space_.decisions()[other];
      if (region_of(other) != region_of(decision) || o.task == d.task) continue;
      if (weight(decision, other) < least_weight_) continue;
      const auto at = std::ranges::find(o.options, memory);
      if (at == o.options.end()) continue;
      if (space_.kind_of(*choice, o.task) != o.on) {
        const auto processor = space_.processor_of(o.task);
        if (!processor || reaches(*choice, o.task, memory)) continue;
        const auto& kinds = space_.decisions()[*processor].options;
        const auto kind = std::ranges::find(kinds, name_of(o.on));
        (*choice)[*processor] = static_cast<std::uint16_t>(kind - kinds.begin());
      }
      (*choice)[other] = static_cast<std::uint16_t>(at - o.options.begin());
    }
  }
  // Whether the task's processors reach a memory for any of its data.
  bool reaches(const Choice& choice, TaskId task, const std::string& memory) const {
    return std::ranges::any_of(memories_, [&](std::size_t m) {
      const Decision& d = space_.decisions()[m];
      return d.task == task && d.on == space_.kind_of(choice, task) &&
             std::ranges::find(d.options, memory) != d.options.end();
    });
  }

  bool next_rotation() {
    if (rotation_ > kRotations && !better_) return false;
    better_ = false;
    // Of the constraints, the lightest fifth fewer each time; in the end none.
    const std::size_t dropped = weights_.size() * std::min(rotation_, kRotations) / kRotations;
    least_weight_ = dropped < weights_.size() ? weights_[dropped] : std::numeric_limits<double>::infinity();
    ++rotation_;
    next_ = 0;
    moves_.clear();
    for (const TaskId t : tasks_by_share()) {
      add_options(t, {Kind::index_map, Kind::single_map});
      add_processors(t);
      add_options(t, {Kind::limit, Kind::collect});
    }
    for (std::size_t i = 0; i < space_.decisions().size(); ++i) {
      if (space_.decisions()[i].kind == Kind::layout) add_all(i);
    }
    return !moves_.empty();
  }

  std::vector<TaskId> tasks_by_share() const {
    const std::map<std::string, double> shares(shares_.begin(), shares_.end());
    std::vector<TaskId> tasks(program_.tasks.size());
    for (TaskId t = 0; t < tasks.size(); ++t) tasks[t] = t;
    const auto share = [&](TaskId t) {
      const auto found = shares.find(program_.tasks[t].name);
      return found == shares.end() ? 0 : found->second;
    };
    std::ranges::stable_sort(tasks, [&](TaskId a, TaskId b) { return share(a) > share(b); });
    return tasks;
  }

  void add_all(std::size_t decision) {
    const std::size_t options = space_.decisions()[decision].options.size();
    for (std::size_t o = 0; o < options; ++o) moves_.push_back({{{decision, static_cast<std::uint16_t>(o)}}});
  }
  void add_options(TaskId task, std::initializer_list<Kind> kinds) {
    for (std::size_t i = 0; i < space_.decisions().size(); ++i) {
      const Decision& d = space_.decisions()[i];
      if (d.task == task && std::ranges::find(kinds, d.kind) != kinds.end()) add_all(i);
    }
  }
  void add_processors(TaskId task) {
    const auto processor = space_.processor_of(task);
    const std::size_t kinds = processor ? space_.decisions()[*processor].options.size() : 1;
    for (std::size_t k = 0; k < kinds; ++k) {
      std::vector<Settings::Setting> on;
      if (processor) on.push_back({*processor, static_cast<std::uint16_t>(k)});
      Choice choice = best_;
      if (processor) choice[*processor] = static_cast<std::uint16_t>(k);
      std::vector<std::size_t> memories;
      for (const std::size_t m : memories_) {
        const Decision& d = space_.decisions()[m];
        if (d.task == task && d.on == space_.kind_of(choice, task)) memories.push_back(m);
      }
      std::ranges::stable_sort(memories, [&](std::size_t a, std::size_t b) {
        return bytes(space_.decisions()[a].partition) > bytes(space_.decisions()[b].partition);
      });
      if (memories.empty() && !on.empty()) moves_.push_back({on});
      for (const std::size_t m : memories) {
        for (std::size_t o = 0; o < space_.decisions()[m].options.size(); ++o) {
          std::vector<Settings::Setting> settings = on;
          settings.push_back({m, static_cast<std::uint16_t>(o)});
          moves_.push_back({std::move(settings)});
        }
      }
    }
  }

  std::string words(const Settings& move) const {
    std::string text;
    for (const Settings::Setting& s : move.settings) {
      const std::string_view option = space_.decisions()[s.decision].options[s.option];
      if (option.empty()) continue;
      text += (text.empty() ? "" : "; ") + space_.words(s.decision, s.option);
    }
    return text.empty() ? "one decision as it was" : text;
  }

  const Space& space_;
  const program::Program& program_;
  std::vector<std::size_t> memories_;  // the decisions on memories
  std::vector<double> weights_;        // of all overlaps, the lightest first
  double least_weight_ = 0;            // of those that still bind
  std::size_t rotation_ = 0;
  std::vector<Settings> moves_;
  std::size_t next_ = 0;
  bool started_ = false;
  bool better_ = false;
  Choice best_;
  double cost_ = std::numeric_limits<double>::infinity();
  TaskShares shares_;
  std::set<Choice> tried_;
};

}  // namespace

std::unique_ptr<Search> descent_search(const Space& space, const program::Program& program) {
  return std::make_unique<Descent>(space, program);
}

}  // namespace mapwright::tune
