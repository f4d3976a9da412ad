#include "store/schema.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <thread>

#include "store/diagnostics.h"
#include "store/problems.h"

namespace mapwright::store {
namespace {

constexpr std::uint32_t kApplication = 0x6d777274;  // "mwrt"

// Entry i leads from version i to i + 1. What has been released is never changed: a new version is a new
// entry. Mappers are blobs, since their bytes need not be text. Numbers without a type keep their bits: a
// REAL column turns -0.0 into 0.0, and SQLite has no NaN, which is kept as a blob. A trial has the subject of
// its run beside its own key, for the index of version 2.
constexpr std::array<std::string_view, 3> kMigrations = {
    R"(
CREATE TABLE runs (
  number INTEGER PRIMARY KEY CHECK (number >= 1),
  id TEXT NOT NULL UNIQUE,
  program TEXT NOT NULL,
  subject TEXT NOT NULL,
  settings TEXT NOT NULL,
  created TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted')),
  stopped TEXT NOT NULL
) STRICT;
CREATE TABLE trials (
  sequence INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs (number),
  role TEXT NOT NULL CHECK (role IN ('proposal', 'expert', 'default')),
  number INTEGER NOT NULL CHECK (number >= 1),
  subject TEXT NOT NULL,
  canonical TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'refused', 'duplicate')),
  metric ANY CHECK (typeof(metric) IN ('null', 'real', 'blob')),
  samples BLOB NOT NULL CHECK (length(samples) % 8 = 0),
  failure_code TEXT NOT NULL,
  failure_text TEXT NOT NULL,
  feedback TEXT NOT NULL,
  why TEXT NOT NULL,
  duplicate_of INTEGER CHECK (duplicate_of >= 1),
  seconds ANY NOT NULL CHECK (typeof(seconds) IN ('real', 'blob')),
  mapper BLOB NOT NULL,
  UNIQUE (run, role, number)
) STRICT;
)",
    R"(
CREATE INDEX executions ON trials (subject, canonical) WHERE status IN ('ok', 'failed');
)",
    R"(
CREATE TABLE exchanges (
  sequence INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs (number),
  exchange TEXT NOT NULL
) STRICT;
CREATE INDEX exchanges_of_run ON exchanges (run);
)"};
constexpr std::int64_t kVersion = kMigrations.size();

Problem read_version(Connection* connection, Doing doing, std::int64_t* version) {
  return connection->run(doing, "PRAGMA user_version", {}, [&](const Row& row) {
    *version = row.integer(0);
    return true;
  });
}

Problem migrate(Connection* connection) {
  Transaction transaction(connection);
  if (Problem p = transaction.begin()) return p;
  std::int64_t version = 0;  // another process may have been quicker
  if (Problem p = read_version(connection, Doing::writing, &version)) return p;
  for (std::int64_t v = version; v < kVersion; ++v) {
    if (Problem p = connection->script(std::string(kMigrations.at(static_cast<std::size_t>(v))))) return p;
  }
  const std::string marks =
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplication, kVersion);
  if (version < kVersion) {
    if (Problem p = connection->script(marks)) return p;
  }
  return transaction.commit();
}

// Others read while one writes, and a commit takes no flush of the disk. A file system without shared memory
// has no such log: the store works there as well, more slowly.
Problem log_ahead(Connection* connection, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    Problem p = connection->run(Doing::writing, "PRAGMA journal_mode = WAL");
    if (!p || p->kind != &problem::store_busy || std::chrono::steady_clock::now() >= deadline) return p;
    // The switch needs the file for itself, and does not always wait for it.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

// The version in the log counts: the others read that one. A store is made and marked before it gets a log,
// so that its mark is in the file from the first moment on.
Problem check_header(const Connection& connection, const Header& header) {
  if (header.empty) return {};
  if (!header.database) return foreign(connection.shown(), "it is not an SQLite database");
  if (header.application != kApplication)
    return foreign(connection.shown(), "it is the database of another application");
  if (header.version > kVersion) return newer(connection.shown(), header.version, kVersion);
  return {};
}

Problem check_version(Connection* connection) {
  std::int64_t version = 0;
  if (Problem p = read_version(connection, Doing::reading, &version)) return p;
  if (version > kVersion) return newer(connection->shown(), version, kVersion);
  return {};
}

Problem bring_up_to_date(Connection* connection, std::chrono::milliseconds patience) {
  std::int64_t version = 0;
  if (Problem p = read_version(connection, Doing::writing, &version)) return p;
  if (version > kVersion) return newer(connection->shown(), version, kVersion);
  connection->adopt();
  if (version < kVersion) {
    if (Problem p = migrate(connection)) return p;
  }
  if (Problem p = log_ahead(connection, patience)) return p;
  return connection->script("PRAGMA synchronous = NORMAL");
}

}  // namespace mapwright::store
