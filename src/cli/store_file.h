// The store of runs: --store, or the user's own.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/console.h"
#include "store/store.h"

namespace mapwright::cli {

struct StoreOptions {
  std::optional<std::string> file;

  void add_to(CLI::App* command);
};

//! --store, else mapwright/runs.db in $XDG_STATE_HOME or ~/.local/state. Throws Stop.
std::filesystem::path store_path(const StoreOptions& options);

//! Throws Stop. Without `create`, a file that is not there is no store: null.
std::unique_ptr<store::Store> open_store(const StoreOptions& options, bool create);

//! What a problem of the store ends with.
Stop store_stop(const base::Diagnostics& problems);

//! The value, or Stop.
template <class T>
T expect(base::Result<T> result) {
  if (!result) throw store_stop(result.problems());
  return *std::move(result);
}

}  // namespace mapwright::cli
