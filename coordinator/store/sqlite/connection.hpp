#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite's C interface with owners and types. Result codes stay numbers here: what a code means depends on the statement, and `log.cpp`
/// decides it in one place.
namespace escrow::store::sqlite {

/// One connection; used by one thread at a time.
class Connection {
 public:
  enum class Access : std::uint8_t { read_write, create, read_only };

  /// `vfs` null: the platform's. Error: what SQLite says (LogErrc::unavailable, corrupt or not_a_log).
  [[nodiscard]] static Result<Connection> open(const std::string& path, Access access, const char* vfs);

  /// Runs statements without results; answers the extended result code.
  int execute(const char* sql);
  /// The first column of the first row as a number; nothing when there is none or it failed.
  [[nodiscard]] std::optional<std::int64_t> number(const char* sql);
  [[nodiscard]] std::string last_message() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Bytes rather than text.
struct Blob {
  std::string_view bytes;
};

/// A statement that is prepared once, at construction, and used often. If preparing failed, every step answers why.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);

  /// Binds, runs to the end without reading rows, and resets. Answers SQLITE_DONE or the error.
  template <class... Values>
  int run(const Values&... values) {
    begin(values...);
    const int code = step();
    reset();
    return code;
  }

  /// Binds; then `step` while it answers SQLITE_ROW, then `reset` (`Rows` does). What was bound must live until then.
  template <class... Values>
  void begin(const Values&... values) {
    reset();
    int index = 0;
    (bind(++index, values), ...);
  }
  int step();
  void reset();
  /// Rows that the connection's last statement changed.
  [[nodiscard]] std::size_t changes() const;

  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string_view view(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::optional<std::int64_t> optional_number(int column) const;
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view value);
  void bind(int index, Blob value);
  void bind_null(int index);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  template <class Value>
  void bind(int index, const std::optional<Value>& value) {
    if (value) {
      bind(index, *value);
    } else {
      bind_null(index);
    }
  }

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int prepare_code_;
};

/// Resets the statement at the end of the scope: a statement that stays open keeps a read transaction open, and the WAL growing.
class Rows {
 public:
  template <class... Values>
  explicit Rows(Statement& statement, const Values&... values) : statement_(statement) {
    statement_.begin(values...);
  }
  ~Rows() { statement_.reset(); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// Whether there is another row; false at the end and after an error, see `code`.
  bool next();
  /// SQLITE_DONE at the end, else the error.
  [[nodiscard]] int code() const { return code_; }
  const Statement* operator->() const { return &statement_; }

 private:
  Statement& statement_;
  int code_ = 0;
};

/// One of ours for a result code outside of a write; `what` is what was tried.
[[nodiscard]] Error error_of(int code, std::string_view what, std::string_view message);

}  // namespace escrow::store::sqlite
