#include "program/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::program {
namespace {

bool is_empty(const Box& box) {
  for (int d = 0; d < box.rank; ++d) {
    if (box.extent(d) == 0) return true;
  }
  return false;
}

}  // namespace

std::string Metric::text(double figure, int digits) const {
  return fmt::format("{:.{}g}{}{}", figure, digits, unit.empty() ? "" : " ", base::visible(unit));
}

FieldSet Region::all_fields() const {
  return fields.size() >= 64 ? ~FieldSet{0} : (FieldSet{1} << fields.size()) - 1;
}

std::int64_t Region::bytes(FieldSet set) const {
  std::int64_t sum = 0;
  for (set &= all_fields(); set != 0; set &= set - 1)
    sum += fields[static_cast<std::size_t>(std::countr_zero(set))].bytes;
  return sum;
}

double Requirement::bytes_per_element(const Region& region, FieldSet part) const {
  const auto bytes = static_cast<double>(region.bytes(part));
  if (streamed) return *streamed * (bytes / static_cast<double>(region.bytes(fields)));
  // Reading and writing an element moves it twice.
  return bytes * (privilege == Privilege::read_write || privilege == Privilege::reduce ? 2 : 1);
}

double Variant::rate(const machine::Processors& processors) const {
  const bool single = precision == Precision::single_precision;
  if (peak_share) return *peak_share * (single ? processors.sp_peak : processors.dp_peak);
  return single ? processors.sp_sustained : processors.dp_sustained;
}

void Partition::add(const Box& box) {
  if (!is_empty(box)) boxes.push_back(box);
  begins.push_back(static_cast<std::uint32_t>(boxes.size()));
}

void Partition::add(const std::vector<Box>& several) {
  for (const Box& box : several) {
    if (!is_empty(box)) boxes.push_back(box);
  }
  begins.push_back(static_cast<std::uint32_t>(boxes.size()));
}

const Variant* Task::variant(machine::ProcessorKind kind) const {
  const auto at = std::ranges::find(variants, kind, &Variant::kind);
  return at == variants.end() ? nullptr : &*at;
}

std::int64_t Launch::points() const {
  const std::optional<std::int64_t> n = domain.size(kMaxPoints);
  base::expects(n.has_value(), "the points of a launch are within the limits");
  return *n;
}

lang::ProgramFacts facts_of(const Program& program) {
  lang::ProgramFacts facts;
  facts.name = program.name;
  facts.ranks_per_node = program.ranks_per_node;
  std::vector<std::unordered_set<lang::Domain, lang::DomainHash>> known(program.tasks.size());
  for (const Task& t : program.tasks) {
    lang::TaskFacts task;
    task.name = t.name;
    for (const Variant& v : t.variants) task.variants.push_back(v.kind);
    facts.tasks.push_back(std::move(task));
  }
  for (const Launch& launch : program.launches) {
    lang::TaskFacts& task = facts.tasks[launch.task];
    if (launch.single) {
      task.single = true;
    } else if (known[launch.task].insert(launch.domain).second) {
      task.launches.push_back(launch.domain);
    }
    // Launches of one task may name different partitions: pennant maps points by `private` first, by `shared`
    // then.
    if (task.regions.size() < launch.requirements.size()) task.regions.resize(launch.requirements.size());
    for (std::size_t i = 0; i < launch.requirements.size(); ++i) {
      const Partition& partition = program.partitions[launch.requirements[i].partition];
      std::vector<std::string>& names = task.regions[i];
      for (const std::string& name : {partition.name, program.regions[partition.region].name}) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
      }
    }
  }
  return facts;
}

}  // namespace mapwright::program
