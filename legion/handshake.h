// The file by which the adapter says that it is in a process: Legion and the loader are silent when it is
// not.
#pragma once

#include <string>

namespace mapwright::legion {

// The environment by which mapwright speaks to the adapter. MAPWRIGHT_MAPPER is the mapper's file; without it
// the application maps as it would, and is only observed.
inline constexpr const char* kHandshakeVariable = "MAPWRIGHT_LEGION_HANDSHAKE";
inline constexpr const char* kJournalVariable = "MAPWRIGHT_LEGION_JOURNAL";
inline constexpr const char* kMapperVariable = "MAPWRIGHT_MAPPER";

//! "ready\n" and `lines`, by the first process that says it.
void greet(const std::string& lines);
//! "refused\n" and why: also by one that has greeted.
void refuse(const std::string& why);

}  // namespace mapwright::legion
