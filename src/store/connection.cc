#include "store/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <new>

#include "store/problems.h"

namespace mapwright::store {
namespace {

constexpr std::size_t kHeaderBytes = 100;
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::size_t kVersionAt = 60;      // PRAGMA user_version
constexpr std::size_t kApplicationAt = 68;  // PRAGMA application_id

std::uint32_t big_endian(const unsigned char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8U | bytes[i];
  return value;
}

// A URI, because only one can say that a file does not change.
std::string frozen_uri(const std::string& file) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
  std::string uri = "file:";
  for (const char c : file) {
    if (kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      fmt::format_to(std::back_inserter(uri), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return uri + "?mode=ro&immutable=1";
}

// SQLite's own record of it is often overwritten on the way: that of the log or the file is asked first.
int last_errno(sqlite3* database) {
  for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
    sqlite3_file* file = nullptr;
    int error_number = 0;
    sqlite3_file_control(database, "main", which, static_cast<void*>(&file));
    if (file != nullptr && file->pMethods != nullptr)
      file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error_number);
    if (error_number != 0) return error_number;
  }
  return sqlite3_system_errno(database);
}

// Nothing is copied: values outlive the statement's use of them.
class Binder {
 public:
  Binder(sqlite3_stmt* statement, int index) : statement_(statement), index_(index) {}
  int operator()(std::monostate) const { return sqlite3_bind_null(statement_, index_); }
  int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement_, index_, value); }
  int operator()(double value) const {
    if (!std::isnan(value)) return sqlite3_bind_double(statement_, index_, value);
    return sqlite3_bind_blob64(statement_, index_, &value, sizeof value, SQLITE_TRANSIENT);
  }
  // Without an address SQLite takes the empty text for no value.
  int operator()(std::string_view text) const {
    return sqlite3_bind_text64(statement_, index_, text.empty() ? "" : text.data(), text.size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(Blob blob) const {
    return sqlite3_bind_blob64(statement_, index_, blob.bytes.empty() ? "" : blob.bytes.data(),
                               blob.bytes.size(), SQLITE_STATIC);
  }

 private:
  sqlite3_stmt* statement_;
  int index_;
};

// A prepared statement goes back to its beginning, without the values, whose memory may be gone next time.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

bool Row::null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Row::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Row::number(int column) const {
  double value = sqlite3_column_double(statement_, column);
  if (sqlite3_column_type(statement_, column) != SQLITE_BLOB) return value;
  const void* bits = sqlite3_column_blob(statement_, column);
  if (sqlite3_column_bytes(statement_, column) == sizeof value) std::memcpy(&value, bits, sizeof value);
  return value;
}

std::string Row::bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

void Connection::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Connection::Connection(std::string shown, sqlite3* database, std::chrono::milliseconds patience)
    : shown_(std::move(shown)), database_(database), patience_(patience) {}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close(database_);
}

base::Result<std::shared_ptr<Connection>> Connection::open(const std::string& shown,
                                                           const std::filesystem::path& file, Access access,
                                                           std::chrono::milliseconds patience) {
  sqlite3* database = nullptr;
  const bool frozen = access == Access::frozen;
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
      (frozen ? SQLITE_OPEN_URI : 0);
  const std::string name = frozen ? frozen_uri(file.string()) : file.string();
  const int result = sqlite3_open_v2(name.c_str(), &database, flags, nullptr);
  if (database == nullptr) throw std::bad_alloc();
  std::shared_ptr<Connection> c(new Connection(shown, database, patience));
  if (result != SQLITE_OK) return c->problem(Doing::reading, result);
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, static_cast<int>(patience.count()));
  // The file may come from somebody else.
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return c;
}

base::Result<Header> Connection::header() const {
  // Through SQLite's own descriptor: closing another one of this process would give away the locks that
  // SQLite has.
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database_, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  base::expects(file != nullptr && file->pMethods != nullptr, "an open database has a file");
  Header h;
  sqlite3_int64 size = 0;
  int result = file->pMethods->xFileSize(file, &size);
  if (result != SQLITE_OK) return problem(Doing::reading, result);
  h.empty = size == 0;
  if (size < static_cast<sqlite3_int64>(kHeaderBytes)) return h;
  std::array<unsigned char, kHeaderBytes> bytes{};
  result = file->pMethods->xRead(file, bytes.data(), kHeaderBytes, 0);
  if (result != SQLITE_OK) return problem(Doing::reading, result);
  h.database = std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
  h.version = big_endian(&bytes[kVersionAt]);
  h.application = big_endian(&bytes[kApplicationAt]);
  return h;
}

bool Connection::read_only() const {
  return sqlite3_db_readonly(database_, "main") == 1;
}

base::Diagnostic Connection::write_protected() const {
  const std::filesystem::path path = file();
  const bool refused = ::access(path.c_str(), W_OK) != 0 || ::access(path.parent_path().c_str(), W_OK) != 0;
  return readonly(shown_, refused ? std::strerror(errno) : "it can only be read");
}

void Connection::adopt() {
  sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

Problem Connection::run(Doing doing, std::string_view sql, std::initializer_list<Value> values,
                        const std::function<bool(const Row&)>& each) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* made = nullptr;
    const int result = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (result != SQLITE_OK) return problem(doing, result);
    found = statements_.emplace(sql, std::unique_ptr<sqlite3_stmt, Finalize>(made)).first;
  }
  sqlite3_stmt* statement = found->second.get();
  const Use use(statement);
  int index = 0;
  for (const Value& v : values)
    base::expects(std::visit(Binder(statement, ++index), v) == SQLITE_OK, "a statement takes its values");
  for (;;) {
    const int result = sqlite3_step(statement);
    if (result == SQLITE_DONE) return {};
    if (result != SQLITE_ROW) return problem(doing, result);
    if (each && !each(Row(statement))) return damaged("a value that mapwright does not write");
  }
}

Problem Connection::script(const std::string& sql) {
  const int result = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (result == SQLITE_OK) return {};
  return problem(Doing::writing, result);
}

Problem Connection::begin() {
  return run(Doing::writing, "BEGIN IMMEDIATE");
}

Problem Connection::commit() {
  return run(Doing::writing, "COMMIT");
}

void Connection::rollback() {
  // Some failures have rolled back already.
  if (sqlite3_get_autocommit(database_) == 0) run(Doing::writing, "ROLLBACK");
}

std::string Connection::file() const {
  const char* name = sqlite3_db_filename(database_, "main");
  return name == nullptr ? std::string() : std::string(name);
}

base::Diagnostic Connection::damaged(std::string_view what) const {
  return corrupt(shown_, what);
}

base::Diagnostic Connection::failed(Doing doing, int error_number) const {
  return by_errno(shown_, error_number, doing == Doing::writing ? readonly : unreadable);
}

base::Diagnostic Connection::problem(Doing doing, int result) const {
  const auto generic = doing == Doing::writing ? readonly : unreadable;
  switch (result & 0xFF) {  // NOLINT(hicpp-signed-bitwise): the primary code of an extended one
    case SQLITE_NOMEM: throw std::bad_alloc();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return busy(shown_, patience_);
    case SQLITE_FULL: return full(shown_, std::strerror(ENOSPC));
    case SQLITE_READONLY: return write_protected();
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:  // our statements are right where the tables are, and keep their constraints
    case SQLITE_CONSTRAINT: return corrupt(shown_, sqlite3_errmsg(database_));
    case SQLITE_IOERR:
      // The index of the log is grown by writes that leave no errno.
      if (result == SQLITE_IOERR_SHMSIZE) return full(shown_, std::strerror(ENOSPC));
      [[fallthrough]];
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
    case SQLITE_INTERRUPT:
      if (const int error_number = last_errno(database_); error_number != 0)
        return by_errno(shown_, error_number, generic);
      return generic(shown_, sqlite3_errstr(result));
    default:
      // A misuse, or a text of more than a gigabyte.
      base::bug(sqlite3_errmsg(database_));
  }
}

}  // namespace mapwright::store
