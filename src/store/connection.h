// One connection to an SQLite database: statements in, values and diagnostics out.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mapwright::store {

using Problem = std::optional<base::Diagnostic>;  // empty where all went well

struct Blob {
  std::string_view bytes;
};
//! What a statement is given. Any bytes, any double: NaN is kept as a blob of its bits, since SQLite has
//! none.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, Blob>;

//! The row that a statement has arrived at; columns count from 0.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  bool null(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string bytes(int column) const;  //!< of a text or a blob

 private:
  sqlite3_stmt* statement_;
};

enum class Doing : std::uint8_t { reading, writing };

//! What stands in the first bytes of a file.
struct Header {
  bool empty = false;
  bool database = false;
  std::uint32_t application = 0;
  std::uint32_t version = 0;
};

class Connection {
 public:
  enum class Access : std::uint8_t {
    write,   //!< and read; creates the file
    read,    //!< of a file that others may write
    frozen,  //!< reading of a file as it stands, without what it takes to agree with others
  };

  //! Touches nothing inside the file. Problems name the file as the user `shown`s it.
  static base::Result<std::shared_ptr<Connection>> open(const std::string& shown,
                                                        const std::filesystem::path& file, Access access,
                                                        std::chrono::milliseconds patience);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  base::Result<Header> header() const;
  //! The file cannot be written.
  bool read_only() const;
  //! Until it is called, closing leaves the file as it stands.
  void adopt();

  //! Runs a statement, whose text lives as long as the connection. Each row is shown to `each`, which returns
  //! whether it could be understood: false ends the statement, as a damaged store.
  Problem run(Doing doing, std::string_view sql, std::initializer_list<Value> values = {},
              const std::function<bool(const Row&)>& each = {});
  //! Runs several statements that give nothing.
  Problem script(const std::string& sql);

  Problem begin();  //!< a transaction that writes; waits for those of others
  Problem commit();
  void rollback();

  const std::string& shown() const { return shown_; }
  std::chrono::milliseconds patience() const { return patience_; }
  //! Without symbolic links, so that what stands beside the file is the same for all.
  std::string file() const;
  //! Why a file that is read_only() cannot be written.
  base::Diagnostic write_protected() const;
  base::Diagnostic damaged(std::string_view what) const;
  //! A system call failed.
  base::Diagnostic failed(Doing doing, int error_number) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Connection(std::string shown, sqlite3* database, std::chrono::milliseconds patience);

  base::Diagnostic problem(Doing doing, int result) const;

  std::string shown_;
  sqlite3* database_;
  std::chrono::milliseconds patience_;
  std::map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

//! Rolls back at its end what was not committed.
class Transaction {
 public:
  explicit Transaction(Connection* connection) : connection_(connection) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (open_) connection_->rollback();
  }
  Problem begin() {
    Problem p = connection_->begin();
    open_ = !p;
    return p;
  }
  Problem commit() {
    Problem p = connection_->commit();
    if (!p) open_ = false;
    return p;
  }

 private:
  Connection* connection_;
  bool open_ = false;
};

}  // namespace mapwright::store
