#include "lang/placement.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lang/diagnostics.h"

namespace mapwright::lang {
namespace {

Slot slot_of(machine::Processor p) {
  return {static_cast<std::uint32_t>(p.node), static_cast<std::uint32_t>(p.index)};
}

}  // namespace

base::Result<std::shared_ptr<Placer>> Placer::create(MapperPtr mapper, const machine::Grid& grid) {
  std::shared_ptr<Placer> placer(new Placer(std::move(mapper), grid));
  const base::Diagnostics problems = placer->evaluator_.start();
  if (problems.has_errors()) return problems;
  return placer;
}

std::vector<std::string> Placer::log() const {
  const std::lock_guard lock(mutex_);
  return evaluator_.log();
}

base::Result<PlacementPtr> Placer::place(const MapChoice& map, std::string_view task, const Domain& domain,
                                         std::optional<machine::ProcessorKind> kind) {
  return find({map.function, map.machine, domain, std::nullopt, false}, map, task, kind);
}

base::Result<PlacementPtr> Placer::place_single(const MapChoice& map, std::string_view task,
                                                std::optional<machine::Processor> parent,
                                                std::optional<machine::ProcessorKind> kind) {
  const std::int64_t one = 1;
  return find({map.function, map.machine, make_domain({&one, 1}), parent, true}, map, task, kind);
}

base::Result<PlacementPtr> Placer::find(const Key& key, const MapChoice& map, std::string_view task,
                                        std::optional<machine::ProcessorKind> kind) {
  const std::lock_guard lock(mutex_);
  PlacementPtr table;
  if (const auto known = tables_.find(key); known != tables_.end()) {
    table = known->second;
  } else {
    auto made = compute(key, map, task);
    if (!made) return made.problems();
    table = *made;
    tables_.emplace(key, table);
  }
  if (kind && table->kind_ != *kind && !table->slots_.empty()) {
    const FunctionCode& f = mapper()->code().functions[map.function];
    return base::Diagnostic{&problem::wrong_machine_kind,
                            mapper()->source(),
                            map.where,
                            fmt::format("`{}` returns a {} processor, `{}` runs on {}", f.name,
                                        name_of(table->kind_), task, name_of(*kind)),
                            fmt::format("Return a point of `Machine({})`.", name_of(*kind)),
                            {},
                            {}};
  }
  return table;
}

// Adds for which point it went wrong: the same expression is right for others.
void Placer::explain(base::Diagnostic* d, const Key& key, const Point& point, std::string_view task) const {
  std::string which;
  if (key.single) {
    which = fmt::format("This is the single task `{}`", task);
    if (key.parent)
      which += fmt::format(" of a parent on processor {} of node {}", key.parent->index, key.parent->node);
  } else {
    which = fmt::format("The first such point of `{}` is {} of the launch domain {}", task,
                        base::tuple_text(key.domain.at(point)), domain_text(key.domain));
  }
  const std::int64_t ranks = grid().ranks_per_node;
  const std::int64_t nodes = grid().nodes / ranks;
  const std::string where = ranks == 1 ? "" : fmt::format("{} ranks of ", grid().nodes);
  d->note += fmt::format("{}{}, on {}{}.", d->note.empty() ? "" : " ", which, where,
                         base::count_text(nodes, "node"));
}

base::Result<PlacementPtr> Placer::compute(const Key& key, const MapChoice& map, std::string_view task) {
  auto table = std::make_shared<Placement>();
  table->domain_ = key.domain;
  const auto points = key.domain.size(kMaxPoints);
  if (!points) {
    return base::Diagnostic{&problem::domain_too_large,
                            mapper()->source(),
                            map.where,
                            fmt::format("the launch domain {} of `{}` has more than {} points",
                                        domain_text(key.domain), task, kMaxPoints),
                            "",
                            {},
                            {}};
  }
  if (*points == 0) return PlacementPtr(table);
  table->slots_.reserve(static_cast<std::size_t>(*points));
  Point point = key.domain.lo;
  TaskContext parent;
  parent.processor = key.parent;
  TaskContext context;
  if (!key.single) {
    context.point = &point;
    context.domain = &key.domain;
  }
  if (key.parent) context.parent = &parent;
  std::int64_t steps = 0;
  do {
    auto target = evaluator_.target(map, context);
    steps += evaluator_.steps();
    if (auto* problem = std::get_if<base::Diagnostic>(&target)) {
      explain(problem, key, point, task);
      return std::move(*problem);
    }
    const Target& t = std::get<Target>(target);
    const bool first = table->slots_.empty();
    if (first) table->kind_ = t.kind;
    const FunctionCode& f = mapper()->code().functions[map.function];
    if (t.kind != table->kind_) {
      base::Diagnostic d{&problem::wrong_machine_kind,
                         mapper()->source(),
                         f.head,
                         fmt::format("`{}` returns {} processors for some points and {} for others", f.name,
                                     name_of(table->kind_), name_of(t.kind)),
                         "",
                         {},
                         {}};
      explain(&d, key, point, task);
      return d;
    }
    if (steps > kMaxSteps) {
      base::Diagnostic d{&problem::too_many_steps,
                         mapper()->source(),
                         f.head,
                         fmt::format("mapping this launch takes more than {} steps", kMaxSteps),
                         "",
                         {},
                         {}};
      explain(&d, key, point, task);
      return d;
    }
    if (table->slots_.size() + t.several.size() > kMaxSlots) {
      base::Diagnostic d{
          &problem::too_large,
          mapper()->source(),
          f.head,
          fmt::format("the sets of processors of this launch have more than {} elements", kMaxSlots),
          "",
          {},
          {}};
      explain(&d, key, point, task);
      return d;
    }
    if (!t.several.empty() && table->begins_.empty()) {
      for (std::size_t i = 0; i <= table->slots_.size(); ++i) table->begins_.push_back(i);
    }
    if (t.several.empty()) {
      table->slots_.push_back(slot_of(t.one));
    } else {
      for (const Value& v : t.several)
        table->slots_.push_back(slot_of({v.integer >> 32, v.integer & 0xFFFFFFFF}));
    }
    if (!table->begins_.empty()) table->begins_.push_back(table->slots_.size());
  } while (key.domain.next(&point));
  return PlacementPtr(table);
}

}  // namespace mapwright::lang
