#include "report/layout.h"

#include <algorithm>
#include <set>

namespace mapwright::report {

using plan::kNone;
using plan::Plan;

namespace {

int rank(bool sums, bool collected) {
  return sums ? 0 : collected ? 1 : 2;
}

bool same_slots(const LaunchPicture& a, const LaunchPicture& b) {
  return a.task == b.task && a.kind == b.kind && a.domain == b.domain && a.slots == b.slots;
}

}  // namespace

std::vector<LaunchPicture> launch_pictures(const Plan& plan) {
  const program::Program& program = *plan.program;
  // A point that was mapped anew stays where it was: the processor is the launch's choice.
  std::vector<LaunchPicture> by_launch(program.launches.size());
  for (program::LaunchId l = 0; l < program.launches.size(); ++l)
    by_launch[l].slots.resize(static_cast<std::size_t>(program.launches[l].points()));
  for (const plan::Mapping& m : plan.mappings) {
    const plan::Processor& p = plan.site->processors()[m.processor];
    by_launch[m.launch].kind = p.kind;
    by_launch[m.launch].slots[m.position] = {p.rank,
                                             static_cast<std::uint32_t>(plan.site->local_index(m.processor))};
  }
  std::vector<LaunchPicture> pictures;
  for (program::LaunchId l = 0; l < program.launches.size(); ++l) {
    const program::Launch& launch = program.launches[l];
    LaunchPicture one = std::move(by_launch[l]);
    if (one.slots.empty()) continue;
    one.task = launch.task;
    one.domain = launch.domain;
    one.single = launch.single;
    one.inner = program.tasks[launch.task].inner;
    one.launches = 1;
    const auto found = std::ranges::find_if(pictures, [&](const LaunchPicture& p) {
      return p.single == one.single &&
             (one.single ? p.task == one.task && p.kind == one.kind : same_slots(p, one));
    });
    if (found == pictures.end()) {
      if (one.single) one.domain = lang::make_domain(std::array<std::int64_t, 1>{1});
      pictures.push_back(std::move(one));
      continue;
    }
    ++found->launches;
    if (!one.single) continue;
    found->slots.push_back(one.slots[0]);
    ++found->domain.hi[0];
  }
  return pictures;
}

std::vector<PartitionPicture> partition_pictures(const Plan& plan) {
  const program::Program& program = *plan.program;
  std::vector<PartitionPicture> all(program.partitions.size());
  std::vector<std::vector<std::set<plan::MemoryId>>> memories(program.partitions.size());
  for (program::PartitionId p = 0; p < all.size(); ++p) {
    all[p].partition = p;
    all[p].homes.resize(program.partitions[p].pieces());
    memories[p].resize(program.partitions[p].pieces());
  }
  std::set<std::pair<program::PartitionId, plan::InstanceId>> counted;
  const auto look = [&](const plan::Op& op, const std::vector<bool>& wanted) {
    if (op.kind != plan::OpKind::task) return;
    const plan::Mapping& m = plan.mappings[op.mapping];
    const program::Launch& launch = program.launches[m.launch];
    for (std::size_t r = 0; r < launch.requirements.size(); ++r) {
      const program::Requirement& requirement = launch.requirements[r];
      if (!wanted[requirement.partition]) continue;
      Home& home = all[requirement.partition].homes[requirement.piece(m.position)];
      for (const plan::Use& use : plan.uses_of(m, r)) {
        const plan::Instance& instance = plan.instances[use.instance];
        if (counted.emplace(requirement.partition, use.instance).second)
          all[requirement.partition].bytes[plan.site->memories()[instance.memory].kind] += instance.bytes;
        if (!instance.reduction || instance.memory == home.memory)
          memories[requirement.partition][requirement.piece(m.position)].insert(instance.memory);
        if (home.memory != kNone &&
            rank(instance.reduction, instance.collected) < rank(home.sums, home.collected))
          continue;
        home.memory = instance.memory;
        home.sums = instance.reduction;
        home.collected = instance.collected;
      }
    }
  };
  // What the loop works on is where the loop has it, wherever set-up or evaluation had it as well.
  std::vector<bool> rest(all.size(), true);
  for (plan::OpId i = plan.iteration_begins.front(); i < plan.iteration_begins.back(); ++i)
    look(plan.ops[i], rest);
  for (PartitionPicture& p : all)
    rest[p.partition] = std::ranges::all_of(p.homes, [](const Home& h) { return h.memory == kNone; });
  for (const plan::Op& op : plan.ops) look(op, rest);
  for (PartitionPicture& p : all) {
    for (std::size_t i = 0; i < p.homes.size(); ++i) {
      auto& seen = memories[p.partition][i];
      seen.erase(p.homes[i].memory);
      p.homes[i].others.assign(seen.begin(), seen.end());
    }
  }
  std::erase_if(all, [](const PartitionPicture& p) {
    return std::ranges::all_of(p.homes, [](const Home& h) { return h.memory == kNone; });
  });
  return all;
}

}  // namespace mapwright::report
