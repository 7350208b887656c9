#include "coordinator/store/sqlite/connection.hpp"

#include <sqlite3.h>

#include "coordinator/store/log.hpp"

namespace escrow::store::sqlite {

Result<Connection> Connection::open(const std::string& path, Access access, const char* vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
  switch (access) {
    case Access::read_write: flags |= SQLITE_OPEN_READWRITE; break;
    case Access::create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; break;
    case Access::read_only: flags |= SQLITE_OPEN_READONLY; break;
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs);
  Connection connection(handle);
  if (code != SQLITE_OK) return error_of(code, "open " + path, handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
  // A schema made by somebody else runs no code of theirs, and ordinary SQL cannot damage the file.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return connection;
}

void Connection::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

int Connection::execute(const char* sql) { return sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr); }

std::optional<std::int64_t> Connection::number(const char* sql) {
  Statement statement(*this, sql);
  if (statement.step() != SQLITE_ROW) return std::nullopt;
  return statement.number(0);
}

std::string Connection::last_message() const { return sqlite3_errmsg(handle()); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

Statement::Statement(Connection& connection, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  prepare_code_ =
      sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

int Statement::step() { return prepare_code_ == SQLITE_OK ? sqlite3_step(statement_.get()) : prepare_code_; }

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::size_t Statement::changes() const { return static_cast<std::size_t>(sqlite3_changes64(sqlite3_db_handle(statement_.get()))); }

void Statement::bind(int index, std::int64_t value) { sqlite3_bind_int64(statement_.get(), index, value); }

void Statement::bind(int index, std::string_view value) {
  // Never null, which SQLite would take for NULL.
  sqlite3_bind_text64(statement_.get(), index, value.data() != nullptr ? value.data() : "", value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int index, Blob value) {
  sqlite3_bind_blob64(statement_.get(), index, value.bytes.data() != nullptr ? value.bytes.data() : "", value.bytes.size(), SQLITE_STATIC);
}

void Statement::bind_null(int index) { sqlite3_bind_null(statement_.get(), index); }

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::view(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes != nullptr ? std::string_view(bytes, size) : std::string_view();
}

std::string Statement::text(int column) const { return std::string(view(column)); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

std::optional<std::int64_t> Statement::optional_number(int column) const {
  return is_null(column) ? std::nullopt : std::optional(number(column));
}

std::optional<std::string> Statement::optional_text(int column) const {
  return is_null(column) ? std::nullopt : std::optional(text(column));
}

bool Rows::next() {
  code_ = statement_.step();
  return code_ == SQLITE_ROW;
}

Error error_of(int code, std::string_view what, std::string_view message) {
  auto errc = LogErrc::unavailable;
  if ((code & 0xFF) == SQLITE_CORRUPT) errc = LogErrc::corrupt;
  if ((code & 0xFF) == SQLITE_NOTADB) errc = LogErrc::not_a_log;
  return {make_error_code(errc), std::string("cannot ").append(what).append(": ").append(message)};
}

}  // namespace escrow::store::sqlite
