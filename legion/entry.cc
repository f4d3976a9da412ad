// libmapwright_legion.so: the two ways into a process that was never compiled for mapwright.
//
// Preloaded (LD_PRELOAD), its functions stand before Legion's of the same name: they are called in their
// place, do what the adapter has to do, and go on to Legion's. As a module of Realm (REALM_DYNAMIC_MODULES)
// it is loaded while Legion starts, also by a program that has Legion inside itself. Both may happen in one
// process.
#include <dlfcn.h>
#include <legion_defines.h>
#include <realm_defines.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "adapter.h"
#include "handshake.h"

#define EXPORTED __attribute__((visibility("default")))

// Whoever asks which Legion this file is for finds it among its symbols.
extern "C" {
EXPORTED char mapwright_legion_version[] = LEGION_VERSION;
}

namespace {

using mapwright::legion::BeginFunction;
using mapwright::legion::kBeginSymbol;
using mapwright::legion::kHandshakeVariable;
using mapwright::legion::kMapperLibrary;
using mapwright::legion::kWrapSymbol;
using mapwright::legion::refuse;
using mapwright::legion::Route;
using mapwright::legion::WrapFunction;

// Names of Legion 25.06 in the Itanium C++ ABI. mapper_library.cc checks the signatures behind them.
#define LEGION_START "_ZN6Legion7Runtime5startEiPPcbbb"
#define LEGION_REPLACE_DEFAULT_MAPPER \
  "_ZN6Legion7Runtime22replace_default_mapperEPNS_7Mapping6MapperEN5Realm9ProcessorE"
#define LEGION_ADD_MAPPER "_ZN6Legion7Runtime10add_mapperEjPNS_7Mapping6MapperEN5Realm9ProcessorE"
#define LEGION_GET_VERSION "_ZN6Legion7Runtime18get_legion_versionEv"

using VersionFunction = const char* (*)();
using StartFunction = int (*)(int, char**, bool, bool, bool);
using ReplaceFunction = void (*)(void*, void*, unsigned long long);
using AddFunction = void (*)(void*, unsigned, void*, unsigned long long);

// What a crash would lose otherwise: the runtime's last words are what explains it.
__attribute__((constructor)) void keep_last_words() {
  if (getenv(kHandshakeVariable) != nullptr) setvbuf(stdout, nullptr, _IOLBF, 0);
}

struct Adapter {
  BeginFunction begin = nullptr;
  WrapFunction wrap = nullptr;
};

// The classes of another version have other members: nothing of it may be called. Where the process does not
// show its version, what is missing in it is said when the adapter is loaded.
bool is_another_version() {
  const auto version = reinterpret_cast<VersionFunction>(dlsym(RTLD_DEFAULT, LEGION_GET_VERSION));
  if (version == nullptr || std::strcmp(version(), mapwright_legion_version) == 0) return false;
  refuse(std::string("the application runs on ") + version() + ", the adapter was built for " +
         mapwright_legion_version);
  return true;
}

// Null functions where it cannot be loaded, which the handshake then says.
const Adapter& adapter() {
  static const Adapter loaded = [] {
    Adapter a;
    if (is_another_version()) return a;
    Dl_info self{};
    if (dladdr(reinterpret_cast<const void*>(&adapter), &self) == 0 || self.dli_fname == nullptr) {
      refuse("the adapter does not know where it is");
      return a;
    }
    std::string path = self.dli_fname;
    const std::size_t slash = path.rfind('/');
    path = (slash == std::string::npos ? std::string("./") : path.substr(0, slash + 1)) + kMapperLibrary;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      const char* why = dlerror();
      refuse(std::string("cannot load the adapter: ") + (why != nullptr ? why : "no reason given"));
      return a;
    }
    a.begin = reinterpret_cast<BeginFunction>(dlsym(library, kBeginSymbol));
    a.wrap = reinterpret_cast<WrapFunction>(dlsym(library, kWrapSymbol));
    return a;
  }();
  return loaded;
}

void begin(Route route) {
  static std::once_flag once;
  std::call_once(once, [route] {
    // Asked for by nobody, it stays out of the way.
    if (getenv(kHandshakeVariable) == nullptr) return;
    if (adapter().begin != nullptr) adapter().begin(route);
  });
}

void* wrapped(void* mapper) {
  if (getenv(kHandshakeVariable) == nullptr || adapter().wrap == nullptr) return mapper;
  return adapter().wrap(mapper);
}

template <class Function>
Function next(const char* symbol) {
  auto found = reinterpret_cast<Function>(dlsym(RTLD_NEXT, symbol));
  if (found == nullptr) {
    refuse(std::string("Legion is loaded where its symbols are not seen: ") + symbol);
    fprintf(stderr, "mapwright: %s is called, and no library has it\n", symbol);
    abort();
  }
  return found;
}

}  // namespace

extern "C" {

EXPORTED int mapwright_start(int argc, char** argv, bool background, bool supply_default_mapper,
                             bool filter) __asm__(LEGION_START);
EXPORTED void mapwright_replace_default_mapper(
    void* runtime, void* mapper, unsigned long long processor) __asm__(LEGION_REPLACE_DEFAULT_MAPPER);
EXPORTED void mapwright_add_mapper(void* runtime, unsigned id, void* mapper,
                                   unsigned long long processor) __asm__(LEGION_ADD_MAPPER);

int mapwright_start(int argc, char** argv, bool background, bool supply_default_mapper, bool filter) {
  begin(Route::preload);
  return next<StartFunction>(LEGION_START)(argc, argv, background, supply_default_mapper, filter);
}

void mapwright_replace_default_mapper(void* runtime, void* mapper, unsigned long long processor) {
  next<ReplaceFunction>(LEGION_REPLACE_DEFAULT_MAPPER)(runtime, wrapped(mapper), processor);
}

void mapwright_add_mapper(void* runtime, unsigned id, void* mapper, unsigned long long processor) {
  next<AddFunction>(LEGION_ADD_MAPPER)(runtime, id, wrapped(mapper), processor);
}

// A module of Realm: its version is compared before anything of it is called. It adds nothing to the machine.
EXPORTED char realm_module_version[] = REALM_VERSION;

EXPORTED void* create_realm_module_config(void*) {
  begin(Route::module);
  return nullptr;
}

EXPORTED void* create_realm_module(void*) {
  return nullptr;
}

}  // extern "C"
