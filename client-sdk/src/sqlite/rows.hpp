#pragma once

#include <escrow/barrier.hpp>

#include "client-sdk/src/barrier/rules.hpp"
#include "client-sdk/src/sqlite/statement_set.hpp"

namespace escrow::sqlite {

/// The barrier table of an SQLite database, inside a write transaction that is open on the connection.
class SqliteRows final : public barrier::BarrierRows {
 public:
  /// `now_ms` goes into the rows this transaction inserts.
  SqliteRows(StatementSet& statements, std::int64_t now_ms) : statements_(statements), now_ms_(now_ms) {}

  [[nodiscard]] Result<bool> insert(const barrier::RowKey& key, const barrier::Row& row) override;
  [[nodiscard]] Result<std::optional<barrier::Row>> find(const barrier::RowKey& key) override;
  [[nodiscard]] Result<void> update(const barrier::RowKey& key, barrier::RowOutcome outcome, std::string_view output) override;
  [[nodiscard]] Result<void> open_savepoint() override;
  [[nodiscard]] Result<void> release_savepoint() override;
  [[nodiscard]] Result<void> return_to_savepoint() override;

 private:
  StatementSet& statements_;
  std::int64_t now_ms_;
};

}  // namespace escrow::sqlite
