#include <escrow/sqlite/statement.hpp>

#include <sqlite3.h>

namespace escrow::sqlite {

SqlError::SqlError(sqlite3* db, std::string_view sql)
    : std::runtime_error(std::string(sqlite3_errmsg(db)) + " in: " + std::string(sql)), code_(sqlite3_extended_errcode(db)) {}

bool SqlError::is_busy() const noexcept {
  const int primary = code_ & 0xff;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
}

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
  if (sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr) != SQLITE_OK) throw SqlError(db, sql);
  if (statement_ == nullptr) throw SqlError(SQLITE_MISUSE, "no statement in: " + std::string(sql));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

bool Statement::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  check(code);
  return false;
}

std::int64_t Statement::run() {
  while (next()) {
  }
  return sqlite3_changes64(db_);
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

void Statement::bind_one(int index, std::string_view value) {
  // An empty view may have a null pointer, which SQLite would take for NULL.
  const char* bytes = value.empty() ? "" : value.data();
  check(sqlite3_bind_text64(statement_, index, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_one(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }

void Statement::check(int code) const {
  if (code != SQLITE_OK) throw SqlError(db_, sqlite3_sql(statement_));
}

void execute(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) throw SqlError(db, sql);
}

}  // namespace escrow::sqlite
