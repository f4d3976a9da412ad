#include "guide/remap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/bug.h"
#include "base/text.h"
#include "guide/families.h"
#include "lang/lang.h"

namespace mapwright::guide {
namespace {

using machine::ProcessorKind;
using plan::Op;
using plan::Plan;
using program::TaskId;

constexpr std::size_t kAsItIs = 0;  // otherwise the number of a family, from 1
constexpr std::size_t kMostRemaps = 8;
constexpr int kMostRounds = 4;

// A task whose index launches can be mapped.
struct Mapped {
  TaskId task = 0;
  int rank = 0;
  ProcessorKind kind = ProcessorKind::cpu;
  // For each family, from 1, the first one that places its points alike: kAsItIs where nothing changes.
  std::vector<std::size_t> like;
};

// Where the points of some launches are, one after the other.
using Slots = std::vector<lang::Slot>;

using Choice = std::vector<std::size_t>;  // of each such task

struct Candidate {
  Choice choice;
  Movement movement;
  std::int64_t crowding = 0;
};

// How many points the fullest processor has, summed over the tasks.
std::int64_t crowding(const Plan& plan) {
  std::map<std::pair<TaskId, plan::ProcessorId>, std::int64_t> points;
  for (const plan::Mapping& m : plan.mappings) ++points[{plan.program->launches[m.launch].task, m.processor}];
  std::map<TaskId, std::int64_t> most;
  for (const auto& [where, n] : points) most[where.first] = std::max(most[where.first], n);
  std::int64_t sum = 0;
  for (const auto& [task, n] : most) sum += n;
  return sum;
}

class Search {
 public:
  Search(const Plan& plan, const lang::CompiledMapper& mapper) : plan_(plan), source_(mapper.source()) {
    find_tasks();
    auto program = std::make_shared<program::Program>(*plan.program);
    program->warmup = std::min<std::int64_t>(program->warmup, 1);
    program->iterations = std::min<std::int64_t>(program->iterations, 2);
    planner_ = plan::Planner::create(plan, std::move(program));
  }

  std::vector<Remap> run() {
    const auto now = look(Choice(tasks_.size(), kAsItIs));
    if (!now || tasks_.empty() || now->movement.total == 0) return {};
    now_ = *now;
    enter(now_);
    // From one family for all launches of a rank, and from what is there; what moves between nodes first, or
    // what moves in all.
    Candidate alike = now_;
    for (const int rank : ranks()) alike = best_alike(alike, rank);
    for (const bool nodes_first : {true, false}) {
      descend(alike, nodes_first);
      descend(now_, nodes_first);
    }
    return results();
  }

 private:
  void find_tasks() {
    std::map<TaskId, Mapped> found;
    std::map<TaskId, bool> mixed;
    for (const plan::Mapping& m : plan_.mappings) {
      const program::Launch& launch = plan_.program->launches[m.launch];
      if (launch.single) continue;
      const Mapped mapped{launch.task, launch.domain.rank, plan_.site->processors()[m.processor].kind, {}};
      const auto [at, fresh] = found.emplace(launch.task, mapped);
      // One function maps all launches of a task.
      if (!fresh && at->second.rank != mapped.rank) mixed[launch.task] = true;
    }
    for (const auto& [task, mapped] : found) {
      if (!mixed[task]) tasks_.push_back(mapped);
    }
    for (Mapped& m : tasks_) {
      if (!families_.contains(m.rank)) families_[m.rank] = families(m.rank);
      m.like = alike(m);
    }
  }

  // Families that place all points of a task in the same way count once.
  std::vector<std::size_t> alike(const Mapped& m) const {
    const std::vector<Family>& list = families_.at(m.rank);
    std::string text;
    for (std::size_t f = 0; f < list.size(); ++f)
      text += fmt::format("{}\nIndexTaskMap t{} {};\n", function_of(list[f], m.kind), f,
                          function_name(list[f], m.kind));
    const auto compiled = lang::compile(std::make_shared<base::Source>("families", text));
    base::expects(compiled.mapper != nullptr, "families are mapping functions");
    const auto placer = *lang::Placer::create(compiled.mapper, plan_.site->grid());
    std::map<Slots, std::size_t> first{{slots_now(m.task), kAsItIs}};
    std::vector<std::size_t> like{kAsItIs};
    for (std::size_t f = 0; f < list.size(); ++f) {
      const std::string task = fmt::format("t{}", f);
      const auto slots = slots_by(*placer, *compiled.mapper->index_map(task, m.kind), m);
      like.push_back(slots ? first.emplace(*slots, f + 1).first->second : kAsItIs);
    }
    return like;
  }

  Slots slots_now(TaskId task) const {
    Slots slots;
    for (const plan::Mapping& m : plan_.mappings) {
      if (plan_.program->launches[m.launch].task != task) continue;
      slots.push_back({plan_.site->processors()[m.processor].rank,
                       static_cast<std::uint32_t>(plan_.site->local_index(m.processor))});
    }
    return slots;
  }

  // In the order of the plan's mappings; none where a point has no place.
  std::optional<Slots> slots_by(lang::Placer& placer, const lang::MapChoice& map, const Mapped& m) const {
    Slots slots;
    for (const plan::Mapping& mapping : plan_.mappings) {
      const program::Launch& launch = plan_.program->launches[mapping.launch];
      if (launch.task != m.task) continue;
      const auto placed = placer.place(map, "t", launch.domain, m.kind);
      if (!placed) return std::nullopt;
      slots.push_back((*placed)->at(mapping.position).front());
    }
    return slots;
  }

  std::vector<int> ranks() const {
    std::vector<int> list;
    list.reserve(families_.size());
    for (const auto& [rank, families] : families_) list.push_back(rank);
    return list;
  }

  lang::Edit edit(const Choice& choice) const {
    std::set<std::string> functions;
    std::string maps;
    for (std::size_t i = 0; i < choice.size(); ++i) {
      if (choice[i] == kAsItIs) continue;
      const Mapped& m = tasks_[i];
      const Family& family = families_.at(m.rank)[choice[i] - 1];
      functions.insert(function_of(family, m.kind));
      maps += fmt::format(" IndexTaskMap {} {};", lang::name_text(plan_.program->tasks[m.task].name),
                          function_name(family, m.kind));
    }
    return {false, fmt::format("{}{}", fmt::join(functions, " "), maps)};
  }

  // None where it cannot be planned, or all that may be planned has been.
  std::optional<Candidate> look(const Choice& choice) {
    const auto known = known_.find(choice);
    if (known != known_.end()) return known->second;
    if (planned_ > kMostPlanned) return std::nullopt;
    planned_ += 1000 + static_cast<std::int64_t>(plan_.ops.size());  // whatever comes of it
    std::optional<Candidate> result;
    const auto text = lang::edited(source_, std::array{edit(choice)});
    const auto compiled = lang::compile(std::make_shared<base::Source>("remapped", text ? *text : ""));
    if (text && compiled.mapper) {
      const auto plan = planner_->plan(compiled.mapper);
      if (const auto* p = std::get_if<Plan>(&plan))
        result = Candidate{choice, movement(*p, plan_.program->iterations), crowding(*p)};
    }
    if (result && now_.crowding > 0 && result->crowding > now_.crowding) result.reset();
    known_[choice] = result;
    return result;
  }

  static auto order(const Candidate& c, bool nodes_first) {
    const Movement& m = c.movement;
    return nodes_first ? std::tuple(m.node, m.sockets, m.memory, m.total, c.crowding)
                       : std::tuple(m.total, m.node, m.sockets, m.memory, c.crowding);
  }

  Candidate best_alike(const Candidate& start, int rank) {
    Candidate best = start;
    for (std::size_t f = 1; f <= families_[rank].size(); ++f) {
      Choice choice = start.choice;
      for (std::size_t i = 0; i < choice.size(); ++i) {
        if (tasks_[i].rank == rank) choice[i] = tasks_[i].like[f];
      }
      const auto c = look(choice);
      if (!c) continue;
      enter(*c);
      if (order(*c, true) < order(best, true)) best = *c;
    }
    return best;
  }

  void descend(Candidate at, bool nodes_first) {
    bool better = true;
    for (int round = 0; better && round < kMostRounds; ++round) {
      better = false;
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        for (std::size_t f = kAsItIs; f < tasks_[i].like.size(); ++f) {
          if (tasks_[i].like[f] != f) continue;
          Choice choice = at.choice;
          choice[i] = f;
          const auto c = look(choice);
          if (!c || order(*c, nodes_first) >= order(at, nodes_first)) continue;
          at = *c;
          better = true;
        }
      }
    }
    enter(without_idle_maps(at));
  }

  // A map that changes nothing is not worth its words.
  Candidate without_idle_maps(Candidate c) {
    for (std::size_t i = 0; i < c.choice.size(); ++i) {
      if (c.choice[i] == kAsItIs) continue;
      Choice choice = c.choice;
      choice[i] = kAsItIs;
      const auto less = look(choice);
      if (less && less->movement <= c.movement && less->crowding <= c.crowding) c = *less;
    }
    return c;
  }

  void enter(const Candidate& c) { candidates_.push_back(c); }

  std::vector<Remap> results() {
    std::vector<Candidate> kept;
    std::ranges::stable_sort(
        candidates_, [](const Candidate& a, const Candidate& b) { return order(a, true) < order(b, true); });
    const auto beats = [](const Movement& a, const Movement& b) {
      return a.node <= b.node && a.sockets <= b.sockets && a.memory <= b.memory && a.total <= b.total;
    };
    for (const Candidate& c : candidates_) {
      if (beats(now_.movement, c.movement)) continue;
      if (std::ranges::none_of(kept, [&](const Candidate& k) { return beats(k.movement, c.movement); }))
        kept.push_back(c);
    }
    if (kept.size() > kMostRemaps) kept.resize(kMostRemaps);
    std::vector<Remap> list;
    for (const Candidate& c : kept) {
      const Candidate lean = without_idle_maps(c);
      list.push_back({edit(lean.choice), names(lean.choice), words(lean.choice), lean.movement});
    }
    return list;
  }

  std::vector<std::string> names(const Choice& choice) const {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < choice.size(); ++i) {
      if (choice[i] != kAsItIs) list.push_back(plan_.program->tasks[tasks_[i].task].name);
    }
    return list;
  }

  std::string words(const Choice& choice) const {
    std::map<std::string, std::string> tasks;  // by family
    for (std::size_t i = 0; i < choice.size(); ++i) {
      if (choice[i] == kAsItIs) continue;
      std::string& list = tasks[families_.at(tasks_[i].rank)[choice[i] - 1].name];
      list += (list.empty() ? "" : ", ") + base::visible(plan_.program->tasks[tasks_[i].task].name);
    }
    std::string text;
    for (const auto& [family, list] : tasks)
      text += fmt::format("{}{} by {}", text.empty() ? "" : "; ", list, family);
    return text;
  }

  const Plan& plan_;
  base::SourcePtr source_;
  Candidate now_;
  std::vector<Mapped> tasks_;
  std::map<int, std::vector<Family>> families_;  // by rank
  std::shared_ptr<const plan::Planner> planner_;
  std::map<Choice, std::optional<Candidate>> known_;
  std::vector<Candidate> candidates_;
  std::int64_t planned_ = 0;
};

}  // namespace

Movement movement(const Plan& plan, std::int64_t iterations) {
  const plan::Site& site = *plan.site;
  std::map<std::pair<std::uint32_t, bool>, std::int64_t> nodes;  // node, inward
  std::map<std::pair<plan::MemoryId, bool>, std::int64_t> memories;
  Movement sum;
  const auto warmup = static_cast<std::size_t>(plan.warmup);
  const auto planned = plan.iteration_begins.size() - 1;
  for (std::size_t k = warmup; k < planned; ++k) {
    const bool last = k + 1 == planned;
    const std::int64_t times = last ? iterations - static_cast<std::int64_t>(k - warmup) : 1;
    for (plan::OpId i = plan.iteration_begins[k]; i < plan.iteration_begins[k + 1]; ++i) {
      const Op& op = plan.ops[i];
      if (!is_transfer(op)) continue;
      const plan::MemoryId from = plan.instances[op.source].memory;
      const plan::MemoryId to = plan.instances[op.destination].memory;
      if (from == to) continue;
      const std::int64_t bytes = op.bytes * times;
      sum.total += bytes;
      memories[{from, false}] += bytes;
      memories[{to, true}] += bytes;
      const plan::Distance distance = site.distance(from, to);
      if (distance == plan::Distance::same_node) sum.sockets += bytes;
      if (distance != plan::Distance::other_node) continue;
      nodes[{site.memories()[from].node, false}] += bytes;
      nodes[{site.memories()[to].node, true}] += bytes;
    }
  }
  for (const auto& [where, bytes] : nodes) sum.node = std::max(sum.node, bytes);
  for (const auto& [where, bytes] : memories) sum.memory = std::max(sum.memory, bytes);
  return sum;
}

std::vector<Remap> remaps(const Plan& plan, const lang::CompiledMapper& mapper) {
  return Search(plan, mapper).run();
}

}  // namespace mapwright::guide
