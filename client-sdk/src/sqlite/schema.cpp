#include <escrow/schema.hpp>

#include <string>

#include <escrow/sqlite/statement.hpp>

#include "client-sdk/src/sqlite/translate.hpp"

namespace escrow::sqlite {

Result<void> create_barrier_schema(sqlite3* db) {
  return translated<void>([db] { execute(db, std::string(barrier_schema(SqlDialect::sqlite))); });
}

}  // namespace escrow::sqlite
