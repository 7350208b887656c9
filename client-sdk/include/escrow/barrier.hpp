#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <escrow/branch.hpp>
#include <escrow/outcome.hpp>
#include <escrow/sqlite/connections.hpp>

#include "protocol/result.hpp"

struct sqlite3;

/// The barrier of docs/protocol.md, section 5: it makes an operation safe against calls that come twice, late, or out of order,
/// by keeping a row in the same local transaction as the business change.
namespace escrow {

/// Milliseconds since 1970, UTC.
using WallClock = std::function<std::int64_t()>;
[[nodiscard]] WallClock system_wall_clock();

/// The business change. It runs inside the local transaction and neither commits nor rolls back.
/// An undo or confirm is given the output of its forward operation. Refusing: nothing of what it did stays.
/// An exception rolls everything back and answers 503 (425 when it is a SqlError that says busy).
using BusinessChange = std::function<Outcome(const std::string& forward_output)>;

namespace sqlite {

class StatementSet;

/// The barrier on a connection of yours, so that your SQL runs in the barrier's transaction. The connection belongs to one
/// thread for the time of a call and has no transaction open. How long a busy database is waited for is the connection's
/// busy_timeout: keep it well below the coordinator's request_timeout_ms. The tables are those of create_barrier_schema.
class Barrier {
 public:
  explicit Barrier(sqlite3* db, WallClock clock = system_wall_clock());
  /// On a connection of a pool, whose statements stay prepared from call to call. The barrier holds the
  /// connection as long as it lives: make one for each call.
  explicit Barrier(const Connections::Lease& lease, WallClock clock = system_wall_clock());

  /// Runs `change` at most once per operation, under BEGIN IMMEDIATE, and repeats the first definite answer ever after.
  /// What it answers is durable (as far as `pragma synchronous` goes): send it as it is. Never throws for what `change` does.
  [[nodiscard]] Outcome run(const Branch& branch, const BusinessChange& change);

  /// Answers the check of a two-phase message whose initiator records it with `record_message` in this database.
  /// Succeeded: it committed. Refused: it has not and never will. Busy: it may be running.
  [[nodiscard]] Outcome answer_check(const Branch& branch);

 private:
  sqlite3* db_;
  /// Of the pool's connection; null: prepared for each call.
  std::shared_ptr<StatementSet> statements_;
  WallClock clock_;
};

/// Records a two-phase message inside the initiator's own open local transaction, before its commit. That transaction then
/// decides: if it commits, the message will be delivered. On an error roll the transaction back;
/// Errc::message_aborted: then abort the message, a check came first. Errc::message_recorded: this was done and committed before,
/// go on as after a commit. Errc::not_in_transaction: a programming error. Errc::busy, Errc::database: try again.
[[nodiscard]] Result<void> record_message(sqlite3* db, std::string_view gid, const WallClock& clock = system_wall_clock());

}  // namespace sqlite
}  // namespace escrow
