// libmapwright_legion_mapper.so: what the entry library calls once Legion starts.
#include <fmt/format.h>
#include <legion.h>
#include <mappers/default_mapper.h>

#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <typeinfo>

#include "adapter.h"
#include "handshake.h"
#include "mapper.h"
#include "session.h"
#include "sharding.h"

namespace mapwright::legion {
namespace {

// What entry.cc names by symbol and calls with plain words.
static_assert(std::is_same_v<decltype(&Legion::Runtime::get_legion_version), const char* (*)()>);
static_assert(std::is_same_v<decltype(&Legion::Runtime::start), int (*)(int, char**, bool, bool, bool)>);
static_assert(std::is_same_v<decltype(&Legion::Runtime::replace_default_mapper),
                             void (Legion::Runtime::*)(Legion::Mapping::Mapper*, Legion::Processor)>);
static_assert(
    std::is_same_v<decltype(&Legion::Runtime::add_mapper),
                   void (Legion::Runtime::*)(Legion::MapperID, Legion::Mapping::Mapper*, Legion::Processor)>);
static_assert(sizeof(Legion::Processor) == sizeof(unsigned long long) &&
              std::is_trivially_copyable_v<Legion::Processor>);

// Mappers that the runtime has by now and that nobody wrapped: those that it made itself, and, where Legion
// is inside the program and its functions cannot be stood before, the application's.
void wrap_default_mappers(Legion::Machine machine, Legion::Runtime* runtime,
                          const std::set<Legion::Processor>& local_processors) {
  for (const Legion::Processor processor : local_processors) {
    Legion::Mapping::Mapper* present = runtime->get_mapper(nullptr, 0, processor);
    if (dynamic_cast<Mapper*>(present) != nullptr) continue;
    if (typeid(*present) != typeid(Legion::Mapping::DefaultMapper)) {
      refuse(
          fmt::format("the application's own mapper '{}' cannot be wrapped where Legion is linked statically",
                      present->get_mapper_name()));
      continue;
    }
    // The runtime deletes the one that is replaced: its like takes its place.
    auto own = std::make_unique<Legion::Mapping::DefaultMapper>(present->runtime, machine, processor);
    runtime->replace_default_mapper(new Mapper(std::move(own), Session::instance()), processor);
  }
}

void registered(Legion::Machine machine, Legion::Runtime* runtime,
                const std::set<Legion::Processor>& local_processors) {
  Session& session = Session::instance();
  register_functors(session, runtime);
  wrap_default_mappers(machine, runtime, local_processors);
}

void begin(Route route) {
  Session::enter(route);
  Legion::Runtime::add_registration_callback(registered);
}

}  // namespace
}  // namespace mapwright::legion

extern "C" {

__attribute__((visibility("default"))) void mapwright_legion_begin(mapwright::legion::Route route) {
  mapwright::legion::begin(route);
}

__attribute__((visibility("default"))) void* mapwright_legion_wrap(void* mapper) {
  using namespace mapwright::legion;
  auto* present = static_cast<Legion::Mapping::Mapper*>(mapper);
  if (dynamic_cast<Mapper*>(present) != nullptr) return mapper;
  std::unique_ptr<Legion::Mapping::Mapper> wrapped(present);
  return static_cast<Legion::Mapping::Mapper*>(new Mapper(std::move(wrapped), Session::instance()));
}

}  // extern "C"
