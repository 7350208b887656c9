#pragma once

#include <string_view>

#include "protocol/result.hpp"

struct sqlite3;

/// The tables a participant's database needs: the barrier (docs/protocol.md, section 5) and, for the cleaner, the
/// coordinators' stores it has seen. Every script may be run again.
namespace escrow {

enum class SqlDialect { sqlite, postgresql, mysql };

/// The script that makes the tables where they are missing.
[[nodiscard]] std::string_view barrier_schema(SqlDialect dialect);

namespace sqlite {

/// Makes the tables where they are missing. Errc::busy or Errc::database; safe to call at every start, from many processes.
[[nodiscard]] Result<void> create_barrier_schema(sqlite3* db);

}  // namespace sqlite
}  // namespace escrow
