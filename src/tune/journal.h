// The record of a run in a store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "llm/session.h"
#include "store/store.h"
#include "tune/tuning.h"

namespace mapwright::tune {

//! As a store keeps it: the canonical form as its digest; findings and shares as JSON.
store::Trial to_record(const Trial& trial, store::Role role);
//! None where the feedback is no JSON of ours.
std::optional<Trial> from_record(const store::Trial& record);

//! What of that which other runs executed counts as executed: all, where it is the same whenever it is done;
//! what went well, where it is measured; or nothing.
enum class Reuse : std::uint8_t { all, successes, nothing };

class StoreJournal final : public Journal {
 public:
  //! A run that begins, or that goes on after what `records` and `exchanges` have of it. `subject` is the key
  //! of executions. The store outlives this.
  StoreJournal(store::Store* store, std::unique_ptr<store::Writer> writer, std::string subject, Reuse reuse,
               const std::vector<store::Trial>& records, const std::vector<std::string>& exchanges = {});

  const std::vector<Trial>& recorded() const override { return recorded_; }
  //! Whether all of `records` and `exchanges` could be read; a run only goes on where it could.
  bool whole() const { return whole_; }
  std::optional<Trial> find(const std::string& canonical) override;
  std::optional<base::Diagnostics> add(const Trial& trial) override;

  //! A mapper that is measured beside the proposals.
  std::optional<Trial> baseline(store::Role role) const;
  std::optional<base::Diagnostics> add_baseline(const Trial& trial, store::Role role);

  //! What a language model was asked and said, before its answer is used.
  std::optional<base::Diagnostics> add_exchange(const llm::Exchange& exchange);
  //! The calls that were answered. Those that failed ended their session, and are made again.
  const std::vector<llm::Exchange>& answered() const { return answered_; }

  const std::string& id() const { return writer_->id(); }
  std::optional<base::Diagnostics> finish(store::State state, std::string_view stopped);

 private:
  store::Store& store_;
  std::unique_ptr<store::Writer> writer_;
  std::string subject_;
  Reuse reuse_;
  bool whole_ = true;
  std::vector<Trial> recorded_;
  std::vector<std::pair<store::Role, Trial>> baselines_;
  std::vector<llm::Exchange> answered_;
};

}  // namespace mapwright::tune
