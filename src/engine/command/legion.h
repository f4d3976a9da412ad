// Executions of Legion applications under the adapter (legion/): how it enters their processes, and what it
// leaves behind. Nothing of Legion is in this process.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "base/os/environment.h"
#include "machine/machine.h"

namespace mapwright::engine::command {

inline constexpr std::string_view kHandshakeVariable = "MAPWRIGHT_LEGION_HANDSHAKE";
inline constexpr std::string_view kJournalVariable = "MAPWRIGHT_LEGION_JOURNAL";
//! What tells the adapter to be there, beside the mapper.
inline constexpr std::array kAdapterVariables{kHandshakeVariable, kJournalVariable};

//! What the adapter says once it is there.
struct Greeting {
  std::string legion;  //!< the version
  std::string route;   //!< "preload" or "module"
  std::int64_t nodes = 1;
  machine::PerProcessor<std::int64_t> processors;  //!< of each node
  machine::PerMemory<std::int64_t> memories;       //!< bytes of one of them; 0 = there is none
};

//! The environment in which the adapter enters every process that starts Legion: preloaded before other
//! libraries, as a module of Realm, and with the runtime's own checks of mappers switched on. `journal`: what
//! the application does is written down there, too.
os::Environment with_adapter(os::Environment all, const std::string& library,
                             const std::filesystem::path& handshake, const std::filesystem::path& journal);

//! Whether the handshake's file says that the adapter cannot work: from then on it never will.
bool is_refusal(const std::filesystem::path& file);

//! What is in the handshake's file, or why the adapter is not there: several sentences without the last end.
//! `program`: what was to be executed, to tell why.
std::variant<Greeting, std::string> read_handshake(const std::filesystem::path& file,
                                                   const std::string& program);

}  // namespace mapwright::engine::command
