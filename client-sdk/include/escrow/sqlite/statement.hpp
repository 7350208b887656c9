#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// A few lines of comfort over SQLite's C interface, for business SQL inside a handler. Not an ORM, and never required:
/// handlers may use the `sqlite3*` as they like.
namespace escrow::sqlite {

/// SQLite said no. A handler lets it through: the barrier rolls back and answers 425 (busy) or 503, never a refusal.
class SqlError : public std::runtime_error {
 public:
  /// Takes the connection's last error; `sql` is named in the text.
  SqlError(sqlite3* db, std::string_view sql);
  /// `code` is an extended result code.
  SqlError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}

  [[nodiscard]] int code() const noexcept { return code_; }
  /// SQLITE_BUSY or SQLITE_LOCKED in any of their forms.
  [[nodiscard]] bool is_busy() const noexcept;

 private:
  int code_;
};

/// One prepared statement: `Statement(db, "update stock set available = available - ?2 where sku = ?1").bind(sku, count).run()`.
/// Throws SqlError. Used by one thread at a time, and gone before its connection is.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Binds ?1, ?2 and so on; texts are copied.
  template <class... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }

  /// Moves to the next row; false at the end.
  [[nodiscard]] bool next();
  /// Runs to the end; answers how many rows an insert, update or delete has changed.
  std::int64_t run();

  /// Back to the beginning, to be bound and run again; holds no lock, no row and no bound value any more.
  void reset() noexcept;

  /// Columns count from 0; NULL reads as empty or 0.
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, int value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void check(int code) const;

  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

/// Runs any number of statements without parameters. Throws SqlError.
void execute(sqlite3* db, const std::string& sql);

}  // namespace escrow::sqlite
