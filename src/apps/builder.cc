#include "apps/builder.h"

#include <fmt/format.h>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::apps {

using program::Privilege;

program::Box interval(std::int64_t begin, std::int64_t end) {
  program::Box box;
  box.rank = 1;
  box.lo[0] = begin;
  box.hi[0] = end - 1;
  return box;
}

program::Box rectangle(Range x, Range y) {
  program::Box box;
  box.rank = 2;
  box.lo = {x.begin, y.begin};
  box.hi = {x.end - 1, y.end - 1};
  return box;
}

lang::Domain domain(std::initializer_list<std::int64_t> extents) {
  return lang::make_domain({extents.begin(), extents.size()});
}

Use Use::at(std::vector<std::uint32_t> pieces) const {
  Use result = *this;
  result.requirement_.pieces = std::move(pieces);
  return result;
}

Use Use::streams(double bytes) const {
  Use result = *this;
  result.requirement_.streamed = bytes;
  return result;
}

Use Use::gathers(program::PerPoint accesses) const {
  Use result = *this;
  result.requirement_.gathers = std::move(accesses);
  return result;
}

Use Use::atomics(program::PerPoint updates) const {
  Use result = *this;
  result.requirement_.atomics = std::move(updates);
  return result;
}

Builder::Builder(std::string_view name, std::string_view description) {
  program_.name = name;
  program_.description = description;
}

program::RegionId Builder::region(std::string_view name, const program::Box& elements,
                                  std::span<const FieldSpec> fields) {
  program::Region region;
  region.name = name;
  region.elements = elements;
  const auto add = [&](std::string part, std::int64_t bytes) {
    region.fields.push_back({std::move(part), bytes});
  };
  for (const FieldSpec& f : fields) {
    switch (f.shape) {
      case Shape::plain: add(std::string(f.name), f.bytes); break;
      case Shape::vector:
        for (const char* part : {"x", "y"}) add(fmt::format("{}.{}", f.name, part), f.bytes);
        break;
      case Shape::pointer:
        add(std::string(f.name), f.bytes);
        add(fmt::format("{}.region", f.name), 1);
        break;
      case Shape::array:
        for (int i = 0; i < f.length; ++i) add(fmt::format("{}._{}", f.name, i), f.bytes);
        break;
    }
  }
  program_.regions.push_back(std::move(region));
  return static_cast<program::RegionId>(program_.regions.size() - 1);
}

program::PartitionId Builder::whole(program::RegionId region) {
  const program::PartitionId id = partition(program_.regions[region].name, region);
  piece(id, program_.regions[region].elements);
  return id;
}

program::PartitionId Builder::partition(std::string_view name, program::RegionId region, bool disjoint) {
  program::Partition partition;
  partition.name = name;
  partition.region = region;
  partition.disjoint = disjoint;
  program_.partitions.push_back(std::move(partition));
  return static_cast<program::PartitionId>(program_.partitions.size() - 1);
}

program::TaskId Builder::task(std::string_view name, std::vector<program::Variant> variants, bool inner) {
  program_.tasks.push_back({std::string(name), std::move(variants), inner});
  return static_cast<program::TaskId>(program_.tasks.size() - 1);
}

program::FieldSet Builder::fields(program::RegionId region, std::string_view names) const {
  const std::vector<program::Field>& all = program_.regions[region].fields;
  program::FieldSet set = 0;
  for (const std::string_view name : base::split(names, ' ')) {
    program::FieldSet found = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string_view field = all[i].name;
      const bool part = field.size() > name.size() && field.starts_with(name) && field[name.size()] == '.';
      if (field == name || part) found |= program::FieldSet{1} << i;
    }
    base::expects(found != 0, "fields are called by their names");
    set |= found;
  }
  return set;
}

Use Builder::use(program::PartitionId partition, Privilege privilege, std::string_view fields_of) const {
  program::Requirement r;
  r.partition = partition;
  r.privilege = privilege;
  r.fields = fields(program_.partitions[partition].region, fields_of);
  return Use(std::move(r));
}

Use Builder::reads(program::PartitionId partition, std::string_view fields) const {
  return use(partition, Privilege::read, fields);
}

Use Builder::writes(program::PartitionId partition, std::string_view fields) const {
  return use(partition, Privilege::write, fields);
}

Use Builder::updates(program::PartitionId partition, std::string_view fields) const {
  return use(partition, Privilege::read_write, fields);
}

Use Builder::reduces(program::PartitionId partition, std::string_view fields) const {
  return use(partition, Privilege::reduce, fields);
}

Use Builder::names(program::PartitionId partition) const {
  program::Requirement r;
  r.partition = partition;
  r.privilege = Privilege::none;
  return Use(std::move(r));
}

program::LaunchId Builder::index(program::TaskId task, const lang::Domain& domain,
                                 const std::vector<Use>& uses, program::PerPoint flops) {
  return launch(task, domain, false, uses, std::move(flops));
}

program::LaunchId Builder::single(program::TaskId task, const std::vector<Use>& uses,
                                  program::PerPoint flops) {
  return launch(task, interval(0, 1), true, uses, std::move(flops));
}

program::LaunchId Builder::launch(program::TaskId task, const lang::Domain& domain, bool single,
                                  const std::vector<Use>& uses, program::PerPoint flops) {
  program::Launch launch;
  launch.task = task;
  launch.domain = domain;
  launch.single = single;
  for (const Use& use : uses) launch.requirements.push_back(use.requirement());
  launch.flops = std::move(flops);
  program_.launches.push_back(std::move(launch));
  return static_cast<program::LaunchId>(program_.launches.size() - 1);
}

std::vector<program::Variant> on(std::initializer_list<machine::ProcessorKind> kinds,
                                 program::Precision precision) {
  std::vector<program::Variant> variants;
  for (const machine::ProcessorKind kind : kinds) {
    program::Variant v;
    v.kind = kind;
    v.precision = precision;
    variants.push_back(std::move(v));
  }
  return variants;
}

}  // namespace mapwright::apps
