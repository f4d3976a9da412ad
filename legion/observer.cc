#include "observer.h"

#include <fmt/format.h>

#include <vector>

namespace mapwright::legion {
namespace {

// Boxes of one index space; what is more scattered than this is described by its bounding box.
constexpr std::size_t kMostBoxes = 1 << 16;

// The rectangles in which the runtime itself keeps a sparse space.
template <int kDimensions>
std::vector<std::string> rectangles_of(const Legion::Domain& domain) {
  std::vector<std::string> boxes;
  const Legion::DomainT<kDimensions> space = domain;
  for (Legion::RectInDomainIterator<kDimensions> it(space); it(); it++) {
    if (boxes.size() == kMostBoxes) return {bounds_text(domain)};
    boxes.push_back(bounds_text(Legion::Domain(*it)));
  }
  return boxes;
}

std::vector<std::string> boxes_of(const Legion::Domain& domain) {
  if (domain.empty()) return {};
  if (domain.dense()) return {bounds_text(domain)};
  switch (domain.get_dim()) {
#define MW_DIMENSIONS(n) \
  case n: return rectangles_of<n>(domain);
    LEGION_FOREACH_N(MW_DIMENSIONS)
#undef MW_DIMENSIONS
    default: return {bounds_text(domain)};
  }
}

std::string_view privilege_of(const Legion::RegionRequirement& requirement) {
  if (requirement.privilege == LEGION_NO_ACCESS) return "none";
  if (requirement.privilege == LEGION_REDUCE) return "reduce";
  if ((requirement.privilege & LEGION_DISCARD_MASK) != 0) return "write";
  if ((requirement.privilege & LEGION_WRITE_PRIV) == 0) return "read";
  return (requirement.privilege & LEGION_READ_PRIV) != 0 ? "read_write" : "write";
}

}  // namespace

std::string point_text(const Legion::DomainPoint& point) {
  std::vector<std::string> numbers;
  numbers.reserve(static_cast<std::size_t>(point.get_dim()));
  for (unsigned d = 0; d < static_cast<unsigned>(point.get_dim()); ++d)
    numbers.push_back(std::to_string(point[d]));
  return json_list(numbers);
}

std::string bounds_text(const Legion::Domain& domain) {
  const Legion::DomainPoint lo = domain.lo();
  const Legion::DomainPoint hi = domain.hi();
  std::vector<std::string> sides;
  sides.reserve(static_cast<std::size_t>(domain.get_dim()));
  for (unsigned d = 0; d < static_cast<unsigned>(domain.get_dim()); ++d)
    sides.push_back(fmt::format("[{},{}]", lo[d], hi[d]));
  return json_list(sides);
}

void add_launch(const Legion::Task& task, Line* line) {
  if (const Legion::Task* parent = parent_of(task))
    line->number("parent", static_cast<long long>(parent->get_unique_id()));
  line->number("order", static_cast<long long>(task.get_context_index()));
  // Tasks of a must epoch launch are one operation of their parent.
  if (task.must_epoch_task && !task.is_index_space) line->raw("epoch", point_text(task.index_point));
}

void Observer::describe(Session& session, Runtime* runtime, Context context, Legion::LogicalRegion region) {
  {
    const std::scoped_lock lock(mutex_);
    if (!regions_.insert(region.get_tree_id()).second) return;
  }
  const Legion::LogicalRegion root = root_of(runtime, context, region);
  Line line;
  line.text("event", "region").number("region", root.get_tree_id());
  line.number("space", root.get_index_space().get_id());
  line.raw("names", text_list(session.names().of(runtime, context, root)));
  line.raw("bounds", bounds_text(runtime->get_index_space_domain(context, root.get_index_space())));
  std::vector<Legion::FieldID> fields;
  runtime->get_field_space_fields(context, root.get_field_space(), fields);
  std::vector<std::string> described;
  for (const Legion::FieldID field : fields) {
    Line one;
    one.number("field", field)
        .text("name", session.names().field(runtime, context, root.get_field_space(), field));
    one.number("bytes",
               static_cast<long long>(runtime->get_field_size(context, root.get_field_space(), field)));
    described.push_back(one.object());
  }
  line.raw("fields", json_list(described));
  session.journal().write(line);
}

void Observer::launched(Session& session, Runtime* runtime, Context context, const Legion::Task& task) {
  if (!session.journal().open()) return;
  // Of a task that may be inlined the runtime asks in the thread of its parent, before it has its place in
  // the parent's order.
  if (!Legion::Runtime::has_context()) return write_launch(session, runtime, context, task);
  const std::scoped_lock lock(mutex_);
  undecided_.insert(task.get_unique_id());
}

void Observer::mapped_alone(Session& session, Runtime* runtime, Context context, const Legion::Task& task) {
  if (!session.journal().open()) return;
  // Of a task that another node sent it is not known here whether that one has said it: it is said again.
  const bool sent = !task.is_index_space && task.has_parent_task() &&
                    task.orig_proc.address_space() != task.target_proc.address_space();
  {
    const std::scoped_lock lock(mutex_);
    if (undecided_.erase(task.get_unique_id()) == 0 && !sent) return;
  }
  write_launch(session, runtime, context, task);
}

void Observer::write_launch(Session& session, Runtime* runtime, Context context, const Legion::Task& task) {
  const TaskAnswers& answers = session.task(runtime, context, task);
  Line line;
  line.text("event", "launched").text("task", answers.name);
  add_launch(task, &line);
  if (task.is_index_space) line.raw("bounds", bounds_text(task.index_domain));
  std::vector<std::string> variants;
  variants.reserve(answers.variants.size());
  for (const machine::ProcessorKind kind : answers.variants)
    variants.push_back(quoted(machine::name_of(kind)));
  line.raw("variants", json_list(variants));
  std::vector<std::string> requirements;
  for (const Legion::RegionRequirement& requirement : task.regions) {
    Line one;
    const bool partitioned = requirement.handle_type == LEGION_PARTITION_PROJECTION;
    const Legion::LogicalRegion region =
        partitioned ? runtime->get_parent_logical_region(context, requirement.partition) : requirement.region;
    if (region.exists()) {
      describe(session, runtime, context, region);
      one.number("region", region.get_tree_id());
    }
    one.text("privilege", privilege_of(requirement));
    if (requirement.prop != LEGION_EXCLUSIVE) one.boolean("shared", true);
    std::vector<std::string> fields;
    fields.reserve(requirement.privilege_fields.size());
    for (const Legion::FieldID field : requirement.privilege_fields) fields.push_back(std::to_string(field));
    one.raw("fields", json_list(fields));
    requirements.push_back(one.object());
  }
  line.raw("requirements", json_list(requirements));
  session.journal().write(line);
}

void Observer::add_piece(Session& session, Runtime* runtime, Context context,
                         const Legion::RegionRequirement& requirement, Line* line) {
  if (!requirement.region.exists()) return;
  const Legion::LogicalRegion region = requirement.region;
  const Legion::IndexSpace space = region.get_index_space();
  bool fresh = false;
  {
    const std::scoped_lock lock(mutex_);
    fresh = spaces_.insert(space.get_id()).second;
  }
  if (fresh) {
    Line described;
    described.text("event", "space").number("space", space.get_id());
    described.raw("boxes", json_list(boxes_of(runtime->get_index_space_domain(context, space))));
    session.journal().write(described);
  }
  line->number("region", region.get_tree_id()).number("space", space.get_id());
  if (!runtime->has_parent_logical_partition(context, region)) return;
  const Legion::LogicalPartition partition = runtime->get_parent_logical_partition(context, region);
  const Legion::IndexPartition index_partition = partition.get_index_partition();
  line->number("partition", index_partition.get_id());
  {
    const std::scoped_lock lock(mutex_);
    fresh = partitions_.insert({region.get_tree_id(), index_partition.get_id()}).second;
  }
  if (!fresh) return;
  Line described;
  described.text("event", "partition").number("region", region.get_tree_id());
  described.number("partition", index_partition.get_id());
  described.raw("names", text_list(names_of(runtime, context, partition)));
  described.boolean("disjoint", runtime->is_index_partition_disjoint(context, index_partition));
  session.journal().write(described);
}

}  // namespace mapwright::legion
