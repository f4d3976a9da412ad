#include "tune/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace mapwright::tune {
namespace {

using program::PartitionId;
using program::TaskId;

// How a plan treats one task.
struct Treatment {
  std::map<std::pair<program::LaunchId, std::uint32_t>, plan::ProcessorId> processors;  // of each point
  std::set<machine::ProcessorKind> kinds;
  std::map<PartitionId, std::set<machine::MemoryKind>> memories;
  std::map<PartitionId, std::set<std::string>> layouts;
  std::set<PartitionId> collected;
};

// One dimension has no order.
std::string words_of(const policy::Layout& layout, int rank) {
  std::string text = layout.interleaved ? "AOS" : "SOA";
  if (rank > 1) text += layout.order == lang::Layout::Order::c_order ? " C_order" : " F_order";
  if (layout.align > 0) text += fmt::format(" Align=={}", layout.align);
  return text;
}

std::map<TaskId, Treatment> treatments(const plan::Plan& plan) {
  std::map<TaskId, Treatment> all;
  const program::Program& program = *plan.program;
  for (const plan::Mapping& m : plan.mappings) {
    const program::Launch& launch = program.launches[m.launch];
    // Set-up decides where data are when the loop begins; what comes after it decides nothing.
    if (m.launch >= program.loop_end) continue;
    Treatment& t = all[launch.task];
    t.processors[{m.launch, m.position}] = m.processor;
    t.kinds.insert(plan.site->processors()[m.processor].kind);
    for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
      for (const plan::Use& use : plan.uses_of(m, r)) {
        const plan::Instance& instance = plan.instances[use.instance];
        const PartitionId partition = launch.requirements[r].partition;
        t.memories[partition].insert(plan.site->memories()[instance.memory].kind);
        t.layouts[partition].insert(
            words_of(instance.layout, program.regions[instance.region].elements.rank));
        if (instance.collected) t.collected.insert(partition);
      }
    }
  }
  return all;
}

template <class Set, class Words>
std::string listed(const Set& set, Words&& words) {
  std::string text;
  for (const auto& one : set) text += (text.empty() ? "" : ", ") + std::string(words(one));
  return text;
}

class Comparison {
 public:
  Comparison(const plan::Plan& plan, const lang::CompiledMapper& mapper, const plan::Plan& other,
             const lang::CompiledMapper& other_mapper)
      : program_(*plan.program),
        here_(treatments(plan)),
        there_(treatments(other)),
        mapper_(mapper),
        other_(other_mapper) {}

  std::vector<std::string> run() {
    for (const auto& [task, now] : here_) {
      const auto before = there_.find(task);
      if (before == there_.end()) continue;
      name_ = base::visible(program_.tasks[task].name);
      processors(now, before->second);
      data(now, before->second);
      limit(program_.tasks[task].name);
    }
    std::vector<std::string> lines;
    lines.reserve(said_.size());
    for (const auto& [what, tasks] : said_) lines.push_back(some_of(tasks) + ": " + what);
    return lines;
  }

 private:
  using Said = std::pair<std::string, std::vector<std::string>>;  // and the tasks of which it is true

  static std::string some_of(const std::vector<std::string>& tasks) {
    constexpr std::size_t kMost = 4;
    std::string text;
    for (std::size_t i = 0; i < std::min(tasks.size(), kMost); ++i) text += (i == 0 ? "" : ", ") + tasks[i];
    if (tasks.size() > kMost) text += fmt::format(" and {} more", tasks.size() - kMost);
    return text;
  }

  void processors(const Treatment& now, const Treatment& before) {
    const auto kind = [](machine::ProcessorKind k) { return name_of(k); };
    if (now.kinds != before.kinds) {
      say("on {} instead of {}", listed(now.kinds, kind), listed(before.kinds, kind));
      return;
    }
    std::size_t moved = 0;
    for (const auto& [point, processor] : now.processors) {
      const auto was = before.processors.find(point);
      if (was == before.processors.end() || was->second != processor) ++moved;
    }
    const auto used = [](const Treatment& t) {
      std::set<plan::ProcessorId> set;
      for (const auto& [point, processor] : t.processors) set.insert(processor);
      return set.size();
    };
    if (moved == 0) return;
    if (used(now) == used(before)) {
      say("{} of {} points on another {}", moved, now.processors.size(), listed(now.kinds, kind));
    } else {
      say("on {} instead of {} {} processors", used(now), used(before), listed(now.kinds, kind));
    }
  }

  void data(const Treatment& now, const Treatment& before) {
    for (const auto& [partition, memories] : now.memories) {
      const std::string data = base::visible(program_.partitions[partition].name);
      const auto was = before.memories.find(partition);
      if (was == before.memories.end()) continue;
      const auto memory = [](machine::MemoryKind k) { return name_of(k); };
      if (was->second != memories)
        say("{} in {} instead of {}", data, listed(memories, memory), listed(was->second, memory));
      const auto text = [](const std::string& s) { return s; };
      const auto& layouts = now.layouts.at(partition);
      const auto& others = before.layouts.at(partition);
      if (layouts != others) say("{} as {} instead of {}", data, listed(layouts, text), listed(others, text));
      const bool collects = now.collected.contains(partition);
      if (collects != before.collected.contains(partition))
        say("{} after use", collects ? data + " is given up" : data + " is not given up");
    }
  }

  void limit(const std::string& task) {
    const std::int64_t now = mapper_.instance_limit(task);
    const std::int64_t before = other_.instance_limit(task);
    if (now == before) return;
    const auto words = [](std::int64_t n) {
      return n == 0 ? std::string("any number") : fmt::format("at most {}", n);
    };
    say("{} mapped ahead instead of {}", words(now), words(before));
  }

  template <class... Parts>
  void say(fmt::format_string<Parts...> format, Parts&&... parts) {
    const std::string what = fmt::format(format, std::forward<Parts>(parts)...);
    const auto known = std::ranges::find(said_, what, &Said::first);
    if (known != said_.end()) {
      known->second.push_back(name_);
    } else {
      said_.push_back({what, {name_}});
    }
  }

  const program::Program& program_;
  std::map<TaskId, Treatment> here_;
  std::map<TaskId, Treatment> there_;
  const lang::CompiledMapper& mapper_;
  const lang::CompiledMapper& other_;
  std::string name_;  // of the task at hand
  std::vector<Said> said_;
};

}  // namespace

std::vector<std::string> differences(const plan::Plan& plan, const lang::CompiledMapper& mapper,
                                     const plan::Plan& other, const lang::CompiledMapper& other_mapper) {
  return Comparison(plan, mapper, other, other_mapper).run();
}

}  // namespace mapwright::tune
