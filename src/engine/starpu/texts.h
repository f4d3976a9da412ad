// How texts between processes are read.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace mapwright::engine::starpu {

//! What all of them say of themselves.
inline constexpr int kTextVersion = 1;

//! Gives a text to `read`, which may throw what JSON throws. Whether nothing was missing, of another type, or
//! of another version.
bool read_text(std::string_view text, const std::function<void(const nlohmann::json&)>& read);

//! What `read` makes of a text; nothing where read_text fails.
template <class T, class Read>
std::optional<T> parsed(std::string_view text, Read read) {
  T value;
  if (!read_text(text, [&](const nlohmann::json& json) { read(json, value); })) return std::nullopt;
  return value;
}

}  // namespace mapwright::engine::starpu
