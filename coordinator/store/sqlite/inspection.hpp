#pragma once

#include <cstdint>
#include <istream>
#include <string>

#include "protocol/result.hpp"

/// A look at the files before SQLite opens them: SQLite would take an empty file for a new database, finish another program's transactions,
/// and forget what lies behind a damaged frame.
namespace escrow::store::sqlite {

/// Reads from the beginning; a missing write-ahead log or rollback journal is an empty one. `path` is for the message. Errors: corrupt,
/// not_a_log. An empty database without a write-ahead log is a new one, and fine. Says how many frames of committed transactions the
/// write-ahead log has, for `Options::wal_frames`.
[[nodiscard]] Result<std::int64_t> inspect(const std::string& path, std::istream& database, std::istream& wal, std::istream& journal);

}  // namespace escrow::store::sqlite
