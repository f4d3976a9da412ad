// The record of every run: each trial is in a file before the next one begins, so that a run that was killed
// can be continued, and what was executed once need not be executed again.
//
// The file is an SQLite database. While it is open, FILE-wal and FILE-shm stand beside it, and FILE-lock
// always. Processes on one machine may share a store, a run belongs to one of them. A Store and its Writers
// belong to one thread at a time and do not survive a fork.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace mapwright::store {

struct NewRun {
  std::string program;   //!< its name
  std::string subject;   //!< a key of all that executions depend on beside the mapper; opaque here
  std::string settings;  //!< what the run was started with, as JSON; opaque here
};

enum class State : std::uint8_t { running, finished, interrupted };
inline constexpr std::array<std::string_view, 3> kStates{"running", "finished", "interrupted"};
constexpr std::string_view name_of(State state) {
  return kStates[static_cast<std::size_t>(state)];
}

struct Run {
  std::string id;  //!< "circuit-1"
  std::string program;
  std::string subject;
  std::string settings;
  std::string created;  //!< UTC, "2026-11-22T08:12:07Z"
  //! Running only while a process works on it: a run whose process died is interrupted, with nothing in
  //! `stopped`.
  State state = State::running;
  std::string stopped;      //!< why it ended
  std::int64_t trials = 0;  //!< proposals

  bool operator==(const Run&) const = default;
};

enum class Role : std::uint8_t { proposal, expert, default_mapper };
enum class Status : std::uint8_t {
  ok,
  failed,     //!< executed, or found impossible by the engine
  refused,    //!< no mapper: nothing was executed
  duplicate,  //!< of an earlier one, whose result it has
};
//! As stores and documents have them.
inline constexpr std::array<std::string_view, 4> kStatuses{"ok", "failed", "refused", "duplicate"};
constexpr std::string_view name_of(Status status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

//! Texts may hold any bytes, and numbers any value: all come back as they were.
struct Trial {
  std::int64_t number = 1;  //!< from 1, among the trials of the role in its run
  Role role = Role::proposal;
  std::string mapper;     //!< its text
  std::string canonical;  //!< a key of its canonical form; opaque here
  Status status = Status::ok;
  std::optional<double> metric;
  std::vector<double> samples;  //!< the metric of each repetition
  std::string failure_code;
  std::string failure_text;
  std::string feedback;                      //!< as JSON; opaque here
  std::string why;                           //!< what the strategy says of it
  std::optional<std::int64_t> duplicate_of;  //!< number of the earlier trial, from 1
  double seconds = 0;                        //!< wall time of the evaluation

  bool operator==(const Trial&) const = default;
};

struct Options {
  //! How long to wait for another process that writes at the moment.
  std::chrono::milliseconds patience = std::chrono::seconds(10);
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

class Connection;
class RunLock;

//! The one process that works on a run has its writer; the run is free again when the writer or the process
//! ends.
class Writer {
 public:
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  const std::string& id() const { return id_; }
  //! Committed when it returns: neither the end of this process nor a failure of a later trial takes the
  //! trial away again (a failure of the machine's power may take the last ones, and leaves those before
  //! whole). Its number is new for the run and the role.
  base::Result<std::monostate> add(const Trial& trial);
  //! What a language model was asked for the run, and what it said: as JSON, opaque here. Committed as trials
  //! are.
  base::Result<std::monostate> add_exchange(std::string_view exchange);
  //! Nothing is added after it. `state` says how the run ended.
  base::Result<std::monostate> finish(State state, std::string_view stopped);

 private:
  friend class Store;
  struct Claim {
    std::unique_ptr<RunLock> lock;
    std::int64_t number = 0;
    std::string id;
    std::string subject;
  };
  Writer(std::shared_ptr<Connection> connection, Claim claim);

  std::shared_ptr<Connection> connection_;
  std::unique_ptr<RunLock> lock_;
  std::int64_t number_;
  std::string id_;
  std::string subject_;
  bool finished_ = false;
};

class Store {
 public:
  //! Creates the file and its folder where there are none, and brings a store of an older version up to date.
  //! What can be read and not written is opened all the same: then create() and reopen() say why it cannot be
  //! written. A file that is no store, or one of a newer version, is an error and stays as it is.
  static base::Result<std::unique_ptr<Store>> open(const std::filesystem::path& file,
                                                   const Options& options = {});
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  //! Begins a run. Its id is the name of the program, as far as it consists of letters, digits and _ and is
  //! not too long, and a number that counts all runs of the store: "circuit-1", "stencil-2".
  base::Result<std::unique_ptr<Writer>> create(const NewRun& run);
  //! Continues a run that ended or was interrupted.
  base::Result<std::unique_ptr<Writer>> reopen(const std::string& id);

  base::Result<std::optional<Run>> run(const std::string& id) const;
  base::Result<std::vector<Run>> runs() const;                                    //!< oldest first
  base::Result<std::vector<Trial>> trials(const std::string& id) const;           //!< as they were added
  base::Result<std::vector<std::string>> exchanges(const std::string& id) const;  //!< as they were added
  //! The latest execution, well or not, of a mapper on a subject, in any run.
  base::Result<std::optional<Trial>> find(const std::string& subject, const std::string& canonical) const;

 private:
  Store(std::shared_ptr<Connection> connection, Options options);

  base::Result<std::shared_ptr<Connection>> reader() const;
  base::Result<std::vector<Run>> read_runs(const std::optional<std::string>& id) const;
  base::Diagnostic unknown_run(Connection& connection, const std::string& id) const;

  std::shared_ptr<Connection> connection_;
  Options options_;
  std::optional<base::Diagnostic> unwritable_;  //!< why it is only read
};

}  // namespace mapwright::store
