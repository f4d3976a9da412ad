// Texts that tests read and compare: of the sources' own files, of mappers, of what is wrong with them.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/source.h"

namespace mapwright {

//! Where the sources are.
inline const std::filesystem::path kRoot = MAPWRIGHT_ROOT;

//! All of a file; nothing where there is none.
inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline base::SourcePtr source_of(const std::string& text) {
  return std::make_shared<base::Source>("test.mapper", text);
}

//! As people see them, without colours.
inline std::string render_all(const base::Diagnostics& problems) {
  std::string text;
  for (const base::Diagnostic& d : problems.items()) text += base::render(d, false);
  return text;
}

}  // namespace mapwright
