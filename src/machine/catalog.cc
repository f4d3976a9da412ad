#include "machine/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "base/text.h"
#include "machine/diagnostics.h"
#include "machine/local.h"
#include "machine/machine_file.h"

namespace mapwright::machine {
namespace {

constexpr std::string_view kExtension = ".toml";

base::Diagnostic problem_of(const base::DiagnosticKind& kind, std::string message, std::string note) {
  base::Diagnostic d;
  d.kind = &kind;
  d.message = std::move(message);
  d.note = std::move(note);
  return d;
}

base::Diagnostic unknown(std::string_view name, const std::vector<std::string>& names) {
  std::vector<std::string_view> known(names.begin(), names.end());
  known.push_back(kLocal);
  const auto meant = base::closest(name, known);
  return problem_of(problem::unknown_machine,
                    meant ? fmt::format("there is no machine '{}': did you mean '{}'?", name, *meant)
                          : fmt::format("there is no machine '{}'", name),
                    fmt::format("machines are {}, and every file in the format of docs/machines.md",
                                base::join(known, ", ")));
}

}  // namespace

std::vector<std::string> catalog_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (std::filesystem::directory_iterator at(folder, none), end; !none && at != end; at.increment(none)) {
    if (at->path().extension() == kExtension) names.push_back(at->path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

base::Result<base::SourcePtr> machine_source(const std::filesystem::path& folder,
                                             std::string_view name_or_file) {
  const std::vector<std::string> names = catalog_names(folder);
  std::filesystem::path path(name_or_file);
  std::error_code none;
  if (std::ranges::find(names, name_or_file) != names.end()) {
    path = folder / fmt::format("{}{}", name_or_file, kExtension);
  } else if (path.extension() != kExtension && !path.has_parent_path() &&
             !std::filesystem::exists(path, none)) {
    // What does not look like a file is a name: say which there are.
    return unknown(name_or_file, names);
  }
  auto text = base::read_file(path, kMachineFileBytes);
  if (const auto* error = std::get_if<base::FileError>(&text)) {
    return problem_of(problem::unreadable_file, error->message,
                      error->error_number == EFBIG
                          ? fmt::format("a machine file has at most {} bytes", kMachineFileBytes)
                          : "");
  }
  return base::SourcePtr(
      std::make_shared<base::Source>(path.string(), std::get<std::string>(std::move(text))));
}

base::Result<Machine> load_machine(const std::filesystem::path& folder, std::string_view name_or_file) {
  if (name_or_file == kLocal) return local_machine();
  base::Result<base::SourcePtr> source = machine_source(folder, name_or_file);
  if (!source) return source.problems();
  return parse_machine(*source);
}

}  // namespace mapwright::machine
