#include "names.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mapwright::legion {
namespace {

using Context = Legion::Mapping::MapperContext;
using Runtime = Legion::Mapping::MapperRuntime;

template <class... Handle>
std::optional<std::string> attached(Runtime* runtime, Context context, Handle... handle) {
  const void* text = nullptr;
  std::size_t size = 0;
  if (!runtime->retrieve_semantic_information(context, handle..., LEGION_NAME_SEMANTIC_TAG, text, size, true,
                                              false))
    return std::nullopt;
  std::string_view name(static_cast<const char*>(text), size);
  name = name.substr(0, name.find('\0'));
  if (name.empty()) return std::nullopt;
  return std::string(name);
}

// Whether there was one.
bool add(std::vector<std::string>& names, std::optional<std::string> name) {
  if (!name) return false;
  if (std::ranges::find(names, *name) == names.end()) names.push_back(std::move(*name));
  return true;
}

}  // namespace

std::vector<std::string> names_of(Runtime* runtime, Context context, Legion::LogicalPartition partition) {
  std::vector<std::string> names;
  add(names, attached(runtime, context, partition));
  add(names, attached(runtime, context, partition.get_index_partition()));
  if (names.empty()) names.push_back(fmt::format("partition_{}", partition.get_index_partition().get_id()));
  return names;
}

Legion::LogicalRegion root_of(Runtime* runtime, Context context, Legion::LogicalRegion region) {
  while (runtime->has_parent_logical_partition(context, region))
    region =
        runtime->get_parent_logical_region(context, runtime->get_parent_logical_partition(context, region));
  return region;
}

const std::vector<std::string_view>& Names::of(Runtime* runtime, Context context,
                                               Legion::LogicalRegion region) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(region);
    if (found != names_.end()) return found->second;
  }
  std::vector<std::string> found;
  for (Legion::LogicalRegion at = region;;) {
    const bool named = add(found, attached(runtime, context, at));
    const bool root_named = add(found, attached(runtime, context, at.get_index_space())) || named;
    if (!runtime->has_parent_logical_partition(context, at)) {
      if (!root_named) add(found, fmt::format("region_{}", at.get_tree_id()));
      break;
    }
    const Legion::LogicalPartition partition = runtime->get_parent_logical_partition(context, at);
    for (std::string& name : names_of(runtime, context, partition)) add(found, std::move(name));
    at = runtime->get_parent_logical_region(context, partition);
  }
  const std::scoped_lock lock(mutex_);
  const auto [entry, fresh] = names_.try_emplace(region);
  if (fresh)
    for (std::string& name : found) entry->second.push_back(texts_.emplace_back(std::move(name)));
  return entry->second;
}

std::string Names::field(Runtime* runtime, Context context, Legion::FieldSpace space, Legion::FieldID field) {
  return attached(runtime, context, space, field).value_or(fmt::format("field {}", field));
}

}  // namespace mapwright::legion
