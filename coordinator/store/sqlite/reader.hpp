#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/codec.hpp"
#include "coordinator/store/log.hpp"
#include "coordinator/store/sqlite/connection.hpp"
#include "coordinator/store/sqlite/shared.hpp"

/// Reading the log. Each operation sees one state of it: that of the last commit before its first statement.
namespace escrow::store::sqlite {

/// The columns of a transaction's row, in the order that `row_of` reads; the table is called `t`.
inline constexpr const char* transaction_columns =
    "t.id, t.gid, t.revision, t.run, t.status, t.mode, t.name, t.attention, t.started_at_ms, t.updated_at_ms, t.finished_at_ms, "
    "t.due_at_ms,"
    " t.checksum, t.state";

struct IdentifiedRow {
  std::int64_t id = 0;
  TransactionRow row;
};

[[nodiscard]] IdentifiedRow row_of(const Statement& statement);

/// Completes a row with what else is stored of its transaction.
class Loader {
 public:
  explicit Loader(Connection& connection);

  /// With branches, payloads and outputs. Also rows that SQLite itself finds damaged are LogErrc::corrupt.
  [[nodiscard]] Result<core::Transaction> whole(IdentifiedRow row);
  /// As a list wants it: branches without payloads if it stands in attention, else none.
  [[nodiscard]] Result<core::Transaction> summary(IdentifiedRow row);

 private:
  int read_request(std::int64_t id, StoredTransaction& stored);
  int read_branches(std::int64_t id, StoredTransaction& stored);
  int read_outputs(std::int64_t id, StoredTransaction& stored);
  Result<core::Transaction> decoded(int code, const StoredTransaction& stored);

  Connection& connection_;
  Statement request_, branches_, branches_without_payload_, outputs_;
};

/// Lists in either order; `list.cpp`.
class Lister {
 public:
  explicit Lister(Connection& connection);
  ~Lister();
  Lister(const Lister&) = delete;
  Lister& operator=(const Lister&) = delete;

  [[nodiscard]] Result<Page> list(const Filter& filter, std::size_t limit, const std::optional<std::string>& cursor, Loader& loader);

 private:
  struct Statements;

  Connection& connection_;
  std::unique_ptr<Statements> newest_first_, oldest_first_;
  Statement has_attribute_;
};

}  // namespace escrow::store::sqlite
