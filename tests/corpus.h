// Data-driven tests whose expectations stand inside the inputs.
//
// At the end of a file, lines that begin with
//   #!   set the case up (see corpus_test.cc); `#! no-newline` takes the last newline of the text away
//   #|   are the expected diagnostics, exactly as they are rendered
//   #>   are the expected text after all repairs; none: not checked
// and are taken away before the rest is read. MAPWRIGHT_UPDATE_CORPUS=1 rewrites #| and #> from what happens;
// read the difference before you commit it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>
#include "texts.h"

namespace mapwright::corpus {

struct Case {
  std::filesystem::path path;
  std::string text;
  std::vector<std::string> setup;
  std::string expected;
  std::string repaired;
  bool has_repaired = false;
  bool has_last_newline = true;
};

inline constexpr std::string_view kNoNewline = "no-newline";

inline std::vector<std::filesystem::path> files(const std::filesystem::path& folder,
                                                const std::string& extension) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

inline Case load(const std::filesystem::path& path) {
  Case c;
  c.path = path;
  const std::string all = file_text(path);
  std::size_t at = 0;
  while (at < all.size()) {
    const std::size_t newline = all.find('\n', at);
    const std::size_t end = newline == std::string::npos ? all.size() : newline;
    const std::string line = all.substr(at, end - at);
    const auto rest = [&] { return line.size() > 3 ? line.substr(3) : std::string(); };
    if (line.starts_with("#!")) {
      c.setup.push_back(rest());
    } else if (line.starts_with("#|")) {
      c.expected += rest() + "\n";
    } else if (line.starts_with("#>")) {
      c.repaired += rest() + "\n";
      c.has_repaired = true;
    } else {
      c.text += all.substr(at, newline == std::string::npos ? std::string::npos : newline + 1 - at);
    }
    at = newline == std::string::npos ? all.size() : newline + 1;
  }
  const auto mark = std::ranges::find(c.setup, kNoNewline);
  if (mark != c.setup.end()) {
    c.setup.erase(mark);
    c.has_last_newline = false;
    if (c.text.ends_with('\n')) c.text.pop_back();
    if (c.repaired.ends_with('\n')) c.repaired.pop_back();
  }
  return c;
}

inline bool updating() {
  const char* value = std::getenv("MAPWRIGHT_UPDATE_CORPUS");
  return value != nullptr && std::string(value) == "1";
}

inline void update(const Case& c, const std::string& rendered, const std::string& repaired) {
  std::string out = c.text;
  const auto block = [&](const std::string& mark, const std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t newline = std::min(text.find('\n', at), text.size());
      const std::string line = text.substr(at, newline - at);
      out += line.empty() ? mark + "\n" : mark + " " + line + "\n";
      at = newline + 1;
    }
  };
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (!c.has_last_newline) out += "#! " + std::string(kNoNewline) + "\n";
  for (const std::string& line : c.setup) out += "#! " + line + "\n";
  block("#|", rendered);
  if (c.has_repaired) block("#>", repaired);
  std::ofstream(c.path, std::ios::binary) << out;
}

}  // namespace mapwright::corpus
