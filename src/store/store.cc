#include "store/store.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "base/text.h"
#include "store/connection.h"
#include "store/diagnostics.h"
#include "store/lock.h"
#include "store/problems.h"
#include "store/schema.h"

namespace mapwright::store {
namespace {

constexpr std::array<std::string_view, 3> kRoles = {"proposal", "expert", "default"};

template <class Enum, std::size_t kSize>
std::string_view word(const std::array<std::string_view, kSize>& words, Enum value) {
  return words.at(static_cast<std::size_t>(value));
}

template <class Enum, std::size_t kSize>
bool parse(const std::array<std::string_view, kSize>& words, const std::string& text, Enum* value) {
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) return false;
  *value = static_cast<Enum>(found - words.begin());
  return true;
}

constexpr std::size_t kDouble = sizeof(double);
constexpr unsigned kByteBits = 8;

// Eight bytes each, the lowest first.
std::string pack(const std::vector<double>& values) {
  std::string bytes;
  bytes.reserve(values.size() * kDouble);
  for (const double v : values) {
    const auto bits = std::bit_cast<std::uint64_t>(v);
    for (unsigned i = 0; i < kDouble; ++i) bytes += static_cast<char>(bits >> (i * kByteBits));
  }
  return bytes;
}

std::vector<double> unpack(std::string_view bytes) {
  std::vector<double> values;
  values.reserve(bytes.size() / kDouble);
  for (; bytes.size() >= kDouble; bytes.remove_prefix(kDouble)) {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < kDouble; ++i)
      bits |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (i * kByteBits);
    values.push_back(std::bit_cast<double>(bits));
  }
  return values;
}

#define MW_TRIAL_COLUMNS                                                                                  \
  "number, role, mapper, canonical, status, metric, samples, failure_code, failure_text, feedback, why, " \
  "duplicate_of, seconds"

bool read_trial(const Row& row, Trial* t) {
  int column = 0;
  t->number = row.integer(column++);
  if (!parse(kRoles, row.bytes(column++), &t->role)) return false;
  t->mapper = row.bytes(column++);
  t->canonical = row.bytes(column++);
  if (!parse(kStatuses, row.bytes(column++), &t->status)) return false;
  if (!row.null(column)) t->metric = row.number(column);
  t->samples = unpack(row.bytes(++column));
  t->failure_code = row.bytes(++column);
  t->failure_text = row.bytes(++column);
  t->feedback = row.bytes(++column);
  t->why = row.bytes(++column);
  if (!row.null(++column)) t->duplicate_of = row.integer(column);
  t->seconds = row.number(++column);
  return true;
}

struct NumberedRun {
  std::int64_t number = 0;
  Run run;
};

bool read_run(const Row& row, NumberedRun* r) {
  int column = 0;
  r->number = row.integer(column++);
  r->run.id = row.bytes(column++);
  r->run.program = row.bytes(column++);
  r->run.subject = row.bytes(column++);
  r->run.settings = row.bytes(column++);
  r->run.created = row.bytes(column++);
  if (!parse(kStates, row.bytes(column++), &r->run.state)) return false;
  r->run.stopped = row.bytes(column++);
  r->run.trials = row.integer(column++);
  return true;
}

Problem select_runs(Connection* connection, const std::optional<std::string>& id,
                    std::vector<NumberedRun>* runs) {
  runs->clear();
  return connection->run(
      Doing::reading,
      "SELECT number, id, program, subject, settings, created, state, stopped, "
      "(SELECT count(*) FROM trials WHERE trials.run = runs.number AND trials.role = 'proposal') "
      "FROM runs WHERE ?1 IS NULL OR id = ?1 ORDER BY number",
      {id ? Value(std::string_view(*id)) : Value()},
      [&](const Row& row) { return read_run(row, &runs->emplace_back()); });
}

std::string lock_file(const Connection& connection) {
  return connection.file() + "-lock";
}

base::Result<std::unique_ptr<RunLock>> lock_run(const Connection& connection, std::int64_t number,
                                                std::string_view id) {
  auto taken = RunLock::take(lock_file(connection), number);
  if (auto* lock = std::get_if<std::unique_ptr<RunLock>>(&taken)) return std::move(*lock);
  const int error_number = std::get<RunLock::Failure>(taken).error_number;
  if (error_number == EAGAIN) return in_work(id);
  return connection.failed(Doing::writing, error_number);
}

std::string run_id(std::string_view program, std::int64_t number) {
  constexpr std::size_t kLongest = 40;
  std::string name;
  for (const char c : program) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (plain && name.size() < kLongest) name += c;
  }
  return fmt::format("{}-{}", name.empty() ? "run" : name, number);
}

// Makes an empty file, so that what stands against it has its own errno: SQLite tries other ways to open, and
// what it says is about the last one.
Problem create_file(const std::string& shown, const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) return by_errno(shown, error.value(), readonly);
  constexpr mode_t kMode = 0666;
  // Not opened: closing it could give away locks of this process.
  if (::mknod(file.c_str(), S_IFREG | kMode, 0) != 0 && errno != EEXIST)
    return by_errno(shown, errno, readonly);
  return {};
}

// Nothing is opened before it is known to be a regular file: a pipe would wait for its other end.
Problem look_at(const std::string& shown, const std::filesystem::path& file) {
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0)
    return errno == ENOENT ? create_file(shown, file) : by_errno(shown, errno, unreadable);
  if (S_ISDIR(about.st_mode)) return unreadable(shown, std::strerror(EISDIR));
  if (!S_ISREG(about.st_mode)) return unreadable(shown, "it is not a regular file");
  return {};
}

// For a file that cannot be written. Where no process has written to the log, the file is all there is, and
// reading it leaves nothing in its folder.
base::Result<std::shared_ptr<Connection>> open_to_read(const Connection& of) {
  struct stat log{};
  const bool has_log = ::stat((of.file() + "-wal").c_str(), &log) == 0 && log.st_size > 0;
  const auto access = has_log ? Connection::Access::read : Connection::Access::frozen;
  return Connection::open(of.shown(), of.file(), access, of.patience());
}

// Empty where its runs can be read at least.
Problem try_to_read(const Connection& of) {
  const auto reader = open_to_read(of);
  if (!reader) return reader.problems().items().at(0);
  if (Problem p = check_version(reader->get())) return p;
  return (*reader)->run(Doing::reading, "SELECT count(*) FROM runs");
}

}  // namespace

Writer::Writer(std::shared_ptr<Connection> connection, Claim claim)
    : connection_(std::move(connection)),
      lock_(std::move(claim.lock)),
      number_(claim.number),
      id_(std::move(claim.id)),
      subject_(std::move(claim.subject)) {}

Writer::~Writer() = default;

base::Result<std::monostate> Writer::add(const Trial& trial) {
  base::expects(!finished_, "a run that has ended gets no further trials");
  base::expects(trial.number >= 1 && trial.duplicate_of.value_or(1) >= 1, "trials are numbered from 1");
  const std::string samples = pack(trial.samples);
  const Problem p = connection_->run(
      Doing::writing,
      "INSERT INTO trials (" MW_TRIAL_COLUMNS
      ", run, subject) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {trial.number, word(kRoles, trial.role), Blob{trial.mapper}, std::string_view(trial.canonical),
       word(kStatuses, trial.status), trial.metric ? Value(*trial.metric) : Value(), Blob{samples},
       std::string_view(trial.failure_code), std::string_view(trial.failure_text),
       std::string_view(trial.feedback), std::string_view(trial.why),
       trial.duplicate_of ? Value(*trial.duplicate_of) : Value(), trial.seconds, number_,
       std::string_view(subject_)});
  if (p) {
    // That the file refuses it may be its damage, or our doing.
    bool there = false;
    const Problem unknown = connection_->run(
        Doing::reading, "SELECT 1 FROM trials WHERE run = ? AND role = ? AND number = ?",
        {number_, word(kRoles, trial.role), trial.number}, [&](const Row&) { return there = true; });
    base::expects(unknown || !there, "a trial is added once");
    return *p;
  }
  return std::monostate();
}

base::Result<std::monostate> Writer::add_exchange(std::string_view exchange) {
  base::expects(!finished_, "a run that has ended asks nobody");
  const Problem p = connection_->run(Doing::writing, "INSERT INTO exchanges (run, exchange) VALUES (?, ?)",
                                     {number_, exchange});
  if (p) return *p;
  return std::monostate();
}

base::Result<std::monostate> Writer::finish(State state, std::string_view stopped) {
  base::expects(!finished_ && state != State::running, "a run ends once");
  const Problem p =
      connection_->run(Doing::writing, "UPDATE runs SET state = ?, stopped = ? WHERE number = ?",
                       {word(kStates, state), stopped, number_});
  if (p) return *p;
  finished_ = true;
  return std::monostate();
}

Store::Store(std::shared_ptr<Connection> connection, Options options)
    : connection_(std::move(connection)), options_(std::move(options)) {}

Store::~Store() = default;

base::Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& file, const Options& options) {
  const std::string shown = file.string();
  // SQLite gives names such as ":memory:" and "file:" a meaning, but no absolute path.
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(file, error);
  if (error) return by_errno(shown, error.value(), unreadable);
  if (Problem p = look_at(shown, absolute)) return *p;
  auto opened = Connection::open(shown, absolute, Connection::Access::write, options.patience);
  if (!opened) return opened.problems();
  std::unique_ptr<Store> store(new Store(*std::move(opened), options));
  Connection& connection = *store->connection_;
  const base::Result<Header> header = connection.header();
  if (!header) return header.problems();
  if (Problem p = check_header(connection, *header)) return *p;
  Problem p =
      connection.read_only() ? connection.write_protected() : bring_up_to_date(&connection, options.patience);
  if (!p) return store;
  const bool only_writing = p->kind == &problem::store_readonly || p->kind == &problem::store_full;
  if (!only_writing) return *p;
  if (const Problem worse = try_to_read(connection))
    return worse->kind == &problem::store_newer ? *worse : *p;
  store->unwritable_ = std::move(p);
  return store;
}

base::Result<std::shared_ptr<Connection>> Store::reader() const {
  if (!unwritable_) return connection_;
  return open_to_read(*connection_);
}

base::Result<std::unique_ptr<Writer>> Store::create(const NewRun& run) {
  if (unwritable_) return *unwritable_;
  Transaction transaction(connection_.get());
  if (Problem p = transaction.begin()) return *p;
  Writer::Claim claim;
  claim.subject = run.subject;
  const Problem counted = connection_->run(Doing::reading, "SELECT coalesce(max(number), 0) + 1 FROM runs",
                                           {}, [&](const Row& row) {
                                             claim.number = row.integer(0);
                                             return true;
                                           });
  if (counted) return *counted;
  claim.id = run_id(run.program, claim.number);
  // Before anybody can see the run, so that nobody else takes it up.
  auto lock = lock_run(*connection_, claim.number, claim.id);
  if (!lock) return lock.problems();
  claim.lock = *std::move(lock);
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(options_.now());
  const std::string created =
      fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  const Problem inserted = connection_->run(
      Doing::writing,
      "INSERT INTO runs (number, id, program, subject, settings, created, state, stopped) "
      "VALUES (?, ?, ?, ?, ?, ?, 'running', '')",
      {claim.number, std::string_view(claim.id), std::string_view(run.program), std::string_view(run.subject),
       std::string_view(run.settings), std::string_view(created)});
  if (inserted) return *inserted;
  if (Problem p = transaction.commit()) return *p;
  return std::unique_ptr<Writer>(new Writer(connection_, std::move(claim)));
}

base::Result<std::unique_ptr<Writer>> Store::reopen(const std::string& id) {
  if (unwritable_) return *unwritable_;
  std::vector<NumberedRun> found;
  if (Problem p = select_runs(connection_.get(), id, &found)) return *p;
  if (found.empty()) return unknown_run(*connection_, id);
  auto lock = lock_run(*connection_, found[0].number, id);
  if (!lock) return lock.problems();
  const Problem p = connection_->run(
      Doing::writing, "UPDATE runs SET state = 'running', stopped = '' WHERE number = ?", {found[0].number});
  if (p) return *p;
  return std::unique_ptr<Writer>(
      new Writer(connection_, {*std::move(lock), found[0].number, id, std::move(found[0].run.subject)}));
}

// A run that stands as running and has no process died. It is read again after nobody was found to work on
// it: it may have ended between the first look and that.
base::Result<std::vector<Run>> Store::read_runs(const std::optional<std::string>& id) const {
  const auto db = reader();
  if (!db) return db.problems();
  std::vector<NumberedRun> found;
  if (Problem p = select_runs(db->get(), id, &found)) return *p;
  std::set<std::int64_t> dead;
  for (const NumberedRun& r : found) {
    if (r.run.state == State::running && !RunLock::held(lock_file(**db), r.number)) dead.insert(r.number);
  }
  if (!dead.empty()) {
    if (Problem p = select_runs(db->get(), id, &found)) return *p;
  }
  std::vector<Run> runs;
  runs.reserve(found.size());
  for (NumberedRun& r : found) {
    if (r.run.state == State::running && dead.contains(r.number)) r.run.state = State::interrupted;
    runs.push_back(std::move(r.run));
  }
  return runs;
}

base::Result<std::optional<Run>> Store::run(const std::string& id) const {
  base::Result<std::vector<Run>> found = read_runs(id);
  if (!found) return found.problems();
  std::vector<Run> runs = *std::move(found);
  if (runs.empty()) return std::optional<Run>();
  return std::optional<Run>(std::move(runs[0]));
}

base::Result<std::vector<Run>> Store::runs() const {
  return read_runs(std::nullopt);
}

base::Result<std::vector<Trial>> Store::trials(const std::string& id) const {
  const auto db = reader();
  if (!db) return db.problems();
  std::vector<NumberedRun> found;
  if (Problem p = select_runs(db->get(), id, &found)) return *p;
  if (found.empty()) return unknown_run(**db, id);
  std::vector<Trial> trials;
  // What is sorted are the numbers, not the rows with their texts.
  const Problem p = (*db)->run(
      Doing::reading,
      "SELECT " MW_TRIAL_COLUMNS
      " FROM trials WHERE sequence IN (SELECT sequence FROM trials WHERE run = ?) ORDER BY sequence",
      {found[0].number}, [&](const Row& row) { return read_trial(row, &trials.emplace_back()); });
  if (p) return *p;
  return trials;
}

base::Result<std::vector<std::string>> Store::exchanges(const std::string& id) const {
  const auto db = reader();
  if (!db) return db.problems();
  std::vector<NumberedRun> found;
  if (Problem p = select_runs(db->get(), id, &found)) return *p;
  if (found.empty()) return unknown_run(**db, id);
  std::vector<std::string> exchanges;
  const Problem p =
      (*db)->run(Doing::reading, "SELECT exchange FROM exchanges WHERE run = ? ORDER BY sequence",
                 {found[0].number}, [&](const Row& row) {
                   exchanges.push_back(row.bytes(0));
                   return true;
                 });
  if (p) return *p;
  return exchanges;
}

base::Result<std::optional<Trial>> Store::find(const std::string& subject,
                                               const std::string& canonical) const {
  const auto db = reader();
  if (!db) return db.problems();
  std::optional<Trial> found;
  const Problem p =
      (*db)->run(Doing::reading,
                 "SELECT " MW_TRIAL_COLUMNS
                 " FROM trials WHERE subject = ? AND canonical = ? AND status IN ('ok', 'failed') "
                 "ORDER BY sequence DESC LIMIT 1",
                 {std::string_view(subject), std::string_view(canonical)},
                 [&](const Row& row) { return read_trial(row, &found.emplace()); });
  if (p) return *p;
  return found;
}

base::Diagnostic Store::unknown_run(Connection& connection, const std::string& id) const {
  std::vector<NumberedRun> runs;
  if (Problem p = select_runs(&connection, std::nullopt, &runs)) return *p;
  std::vector<std::string_view> ids;
  ids.reserve(runs.size());
  for (const NumberedRun& r : runs) ids.push_back(r.run.id);
  return unknown(connection.shown(), id, ids);
}

}  // namespace mapwright::store
