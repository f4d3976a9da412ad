#include "engine/starpu/texts.h"

#include <nlohmann/json.hpp>

namespace mapwright::engine::starpu {

bool read_text(std::string_view text, const std::function<void(const nlohmann::json&)>& read) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return false;
  try {
    if (json.at("version") != kTextVersion) return false;
    read(json);
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

}  // namespace mapwright::engine::starpu
