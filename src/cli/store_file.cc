#include "cli/store_file.h"

#include "cli/options.h"
#include "store/diagnostics.h"

namespace mapwright::cli {

void StoreOptions::add_to(CLI::App* command) {
  command
      ->add_option(
          "--store", file,
          "The file that keeps all runs (default: mapwright/runs.db in $XDG_STATE_HOME or ~/.local/state)")
      ->type_name("FILE");
}

std::filesystem::path store_path(const StoreOptions& options) {
  if (options.file) {
    if (options.file->empty() || *options.file == "-")
      throw Stop{Exit::usage, "--store takes the name of a file", {}};
    return *options.file;
  }
  if (const auto folder = state_folder()) return *folder / "runs.db";
  throw Stop{Exit::configuration, "there is no home folder to keep runs in: say where with --store FILE", {}};
}

std::unique_ptr<store::Store> open_store(const StoreOptions& options, bool create) {
  const std::filesystem::path path = store_path(options);
  std::error_code none;
  if (!create && !std::filesystem::exists(path, none)) return nullptr;
  return expect(store::Store::open(path));
}

Stop store_stop(const base::Diagnostics& problems) {
  namespace kinds = store::problem;
  const base::DiagnosticKind* kind = problems.items().front().kind;
  Exit code = Exit::io;
  if (kind == &kinds::run_unknown) code = Exit::no_input;
  if (kind == &kinds::run_in_work || kind == &kinds::store_busy) code = Exit::unavailable;
  return {code, "", problems};
}

}  // namespace mapwright::cli
