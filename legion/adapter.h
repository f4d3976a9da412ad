// Between the two shared libraries of the adapter. libmapwright_legion.so enters a process and knows nothing
// of Legion, so that it may be preloaded into anything; libmapwright_legion_mapper.so, beside it, is loaded
// once Legion starts, and finds Legion's symbols in the process that it is in.
#pragma once

#include <cstdint>

namespace mapwright::legion {

//! How the adapter came into the process.
enum class Route : std::uint8_t { preload, module };

extern "C" {
//! Called once, before Legion starts its processors: registers what is registered then.
using BeginFunction = void (*)(Route route);
//! The mapper that the runtime gets in place of `mapper`, a Legion::Mapping::Mapper.
using WrapFunction = void* (*)(void* mapper);
}

inline constexpr const char* kBeginSymbol = "mapwright_legion_begin";
inline constexpr const char* kWrapSymbol = "mapwright_legion_wrap";
inline constexpr const char* kMapperLibrary = "libmapwright_legion_mapper.so";

}  // namespace mapwright::legion
