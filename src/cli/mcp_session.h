// Runs whose mappers an agent proposes. All that a run is stands in the store: any server goes on with it,
// and none remembers anything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/store_file.h"
#include "cli/workbench.h"

namespace mapwright::cli::mcp {

//! A run in work, by this process alone.
class Session {
 public:
  //! A new one. Throws Stop.
  Session(StoreOptions store, TuneSettings settings);
  //! One that began before. Throws Stop: also for a run of another strategy.
  Session(StoreOptions store, const std::string& id);

  const Workbench& bench() const { return *bench_; }

  //! Goes through what was proposed before, which is not executed again, and executes one more mapper. Throws
  //! Stop: where the budget is used up, nothing is tried.
  report::TuningResult propose(const std::string& mapper, const std::string& why);

 private:
  StoreOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Workbench> bench_;
  std::unique_ptr<tune::StoreJournal> journal_;
};

//! What a store has of a run, also of one that another process works on.
struct Record {
  store::Run run;
  TuneSettings settings;
  Subject subject;
  std::vector<tune::Trial> trials;
  std::optional<double> expert;  //!< metrics
  std::optional<double> default_mapper;
  std::optional<std::size_t> best;  //!< which of the trials
  std::int64_t executed = 0;        //!< trials that count
};

//! Throws Stop: also where what it tried is the expert's mapper, which agents do not get to see.
Record read_record(const StoreOptions& options, const std::string& id);

}  // namespace mapwright::cli::mcp
