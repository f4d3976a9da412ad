#include "program/atoms.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/bug.h"
#include "program/diagnostics.h"
#include "program/refine.h"

namespace mapwright::program {
namespace {

// The coarsest sets that each of `sets` is a union of, in the order of their first fields.
std::vector<FieldSet> groups_of(std::vector<FieldSet> sets) {
  std::ranges::sort(sets);
  const auto repeated = std::ranges::unique(sets);
  sets.erase(repeated.begin(), repeated.end());
  FieldSet used = 0;
  for (const FieldSet s : sets) used |= s;
  std::vector<FieldSet> groups;
  if (used != 0) groups.push_back(used);
  for (const FieldSet s : sets) {
    const std::size_t before = groups.size();
    for (std::size_t i = 0; i < before; ++i) {
      const FieldSet inside = groups[i] & s;
      if (inside == 0 || inside == groups[i]) continue;
      groups[i] &= ~s;
      groups.push_back(inside);
    }
  }
  std::ranges::sort(groups, {}, [](FieldSet g) { return std::countr_zero(g); });
  return groups;
}

// Those whose data a launch touches.
std::vector<bool> used_partitions(const Program& program) {
  std::vector<bool> used(program.partitions.size(), false);
  for (const Launch& launch : program.launches) {
    for (const Requirement& r : launch.requirements) {
      if (r.privilege != Privilege::none) used[r.partition] = true;
    }
  }
  return used;
}

std::int64_t volume_of(const Partition& p, std::size_t piece) {
  std::int64_t volume = 0;
  for (std::size_t b = p.begins[piece]; b < p.begins[piece + 1]; ++b)
    volume += p.boxes[b].size(kMaxElements).value_or(kMaxElements);
  return volume;
}

}  // namespace

std::vector<std::vector<Box>> Atoms::boxes(const Program& program, RegionId region) {
  const std::vector<bool> used = used_partitions(program);
  std::vector<const Partition*> partitions;
  for (std::size_t p = 0; p < program.partitions.size(); ++p) {
    if (used[p] && program.partitions[p].region == region) partitions.push_back(&program.partitions[p]);
  }
  auto refined = refine(program.regions[region].elements.rank, partitions, true);
  base::expects(refined.has_value(), "the program has atoms");
  return std::move(refined->boxes);
}

base::Result<Atoms> Atoms::of(const Program& program) {
  const std::vector<bool> used = used_partitions(program);
  std::vector<std::vector<FieldSet>> sets(program.regions.size());
  for (const Launch& launch : program.launches) {
    for (const Requirement& r : launch.requirements) {
      if (r.privilege == Privilege::none) continue;
      sets[program.partitions[r.partition].region].push_back(r.fields);
    }
  }

  Atoms atoms;
  atoms.partitions_.resize(program.partitions.size());
  std::vector<std::vector<const Partition*>> of_region(program.regions.size());
  for (std::size_t p = 0; p < program.partitions.size(); ++p) {
    const Partition& partition = program.partitions[p];
    if (used[p]) {
      of_region[partition.region].push_back(&partition);
      continue;
    }
    PieceAtoms& pieces = atoms.partitions_[p];
    pieces.begins.assign(partition.begins.size(), 0);
    for (std::size_t i = 0; i < partition.pieces(); ++i) pieces.volume.push_back(volume_of(partition, i));
  }

  base::Diagnostics problems;
  for (std::size_t r = 0; r < program.regions.size(); ++r) {
    RegionAtoms region;
    region.groups = groups_of(std::move(sets[r]));
    for (const FieldSet g : region.groups) region.group_bytes.push_back(program.regions[r].bytes(g));
    std::optional<Refinement> refined = refine(program.regions[r].elements.rank, of_region[r]);
    if (refined) {
      region.volume = std::move(refined->volume);
      std::size_t next = 0;
      for (const Partition* p : of_region[r])
        atoms.partitions_[static_cast<std::size_t>(p - program.partitions.data())] =
            std::move(refined->partitions[next++]);
    } else {
      problems.add(
          {&problem::too_large,
           nullptr,
           {},
           fmt::format("the partitions of `{}` cut it into too many parts", program.regions[r].name),
           fmt::format("their bounds make a grid of at most {} cells, of which all pieces cover at most {}",
                       kMaxCells, kMaxCovered),
           {},
           {}});
    }
    atoms.regions_.push_back(std::move(region));
  }
  if (!problems.empty()) return problems;
  return atoms;
}

}  // namespace mapwright::program
