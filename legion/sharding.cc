#include "sharding.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "lang/ast.h"

namespace mapwright::legion {
namespace {

// One function on one kind of processor: all tasks that it maps share its placements.
class MapFunctor final : public Legion::ShardingFunctor {
 public:
  MapFunctor(Session& session, lang::MapChoice map, machine::ProcessorKind kind)
      : session_(session), map_(map), kind_(kind) {}

  Legion::ShardID shard(const Legion::DomainPoint& point, const Legion::Domain& domain,
                        const std::size_t shards) override {
    const lang::Slot slot =
        session_.place(map_, "a replicated launch", domain, kind_).placement->at(point_of(point)).front();
    // Shards stand in the order of the nodes; where there are others than nodes, blocks of nodes share one.
    const auto nodes = static_cast<std::size_t>(session_.hardware().grid().nodes);
    return static_cast<Legion::ShardID>(slot.node * shards / nodes);
  }

 private:
  Session& session_;
  lang::MapChoice map_;
  machine::ProcessorKind kind_;
};

using Key = std::pair<std::pair<lang::FunctionId, std::uint32_t>, machine::ProcessorKind>;

Key key_of(const lang::MapChoice& map, machine::ProcessorKind kind) {
  return {{map.function, map.machine}, kind};
}

// Written before the program starts, read afterwards.
std::map<Key, Legion::ShardingID>& functors() {
  static auto& all = *new std::map<Key, Legion::ShardingID>;
  return all;
}

}  // namespace

void register_functors(Session& session, Legion::Runtime* runtime) {
  if (session.mapper() == nullptr || session.mapper()->index_maps().empty()) return;
  std::map<Key, lang::MapChoice> maps;
  for (const lang::MapChoice& map : session.mapper()->index_maps()) {
    for (std::size_t i = 0; i < machine::kProcessorKinds; ++i) {
      const auto kind = static_cast<machine::ProcessorKind>(i);
      if (session.hardware().grid().count(kind) > 0) maps.try_emplace(key_of(map, kind), map);
    }
  }
  // All processes give a functor the same number: the runtime hands out these by name, and they stand in
  // order.
  Legion::ShardingID id = runtime->generate_library_sharding_ids("mapwright", maps.size());
  for (const auto& [key, map] : maps) {
    runtime->register_sharding_functor(id, new MapFunctor(session, map, key.second), true);
    functors()[key] = id++;
  }
}

std::optional<Legion::ShardingID> functor_for(Session& session, std::string_view task,
                                              machine::ProcessorKind kind) {
  const lang::MapChoice* map =
      session.mapper() != nullptr ? session.mapper()->index_map(task, kind) : nullptr;
  if (map == nullptr) return std::nullopt;
  const auto found = functors().find(key_of(*map, kind));
  if (found == functors().end()) return std::nullopt;
  return found->second;
}

}  // namespace mapwright::legion
