#include "base/bug.h"

#include <fmt/format.h>

#include <string_view>

namespace mapwright::base {

void bug(const char* what, std::source_location where) {
  std::string_view file = where.file_name();
  // The place inside the project is enough, and does not depend on where it was built.
  if (const auto src = file.rfind("src/"); src != std::string_view::npos) file.remove_prefix(src);
  throw Bug(fmt::format("{}:{}: {}", file, where.line(), what));
}

}  // namespace mapwright::base
