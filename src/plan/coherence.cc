#include "plan/coherence.h"

#include <algorithm>
#include <utility>

namespace mapwright::plan {

Coherence::Coherence(const program::Program& program, const program::Atoms& atoms) : atoms_(atoms) {
  CellId next = 0;
  for (program::RegionId r = 0; r < program.regions.size(); ++r) {
    begins_.push_back(next);
    groups_.push_back(static_cast<std::uint32_t>(atoms.region(r).groups.size()));
    next += static_cast<CellId>(atoms.region(r).volume.size()) * groups_.back();
  }
  cells_.resize(next);
}

void Coherence::add(InstanceId id, const Instance& instance) {
  for_each_cell(instance, [&](Cell& cell) { cell.holders.push_back({id, kNone, false, {}}); });
}

void Coherence::remove(InstanceId id, const Instance& instance) {
  for_each_cell(instance, [&](Cell& cell) {
    std::erase_if(cell.holders, [&](const Holder& h) { return h.instance == id; });
  });
}

bool Coherence::needed(InstanceId id, const Instance& instance) {
  bool needed = false;
  for_each_cell(instance, [&](Cell& cell) {
    const Holder* holder = cell.holder(id);
    needed = needed || (holder != nullptr && holder->valid) ||
             std::ranges::any_of(cell.contributions, [&](const Contribution& c) { return c.instance == id; });
  });
  return needed;
}

}  // namespace mapwright::plan
