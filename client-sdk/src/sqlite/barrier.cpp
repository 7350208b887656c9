#include <escrow/barrier.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include <sqlite3.h>

#include <escrow/error.hpp>
#include <escrow/sqlite/connections.hpp>
#include <escrow/sqlite/statement.hpp>

#include "client-sdk/src/barrier/rules.hpp"
#include "client-sdk/src/sqlite/pooled.hpp"
#include "client-sdk/src/sqlite/rows.hpp"
#include "client-sdk/src/sqlite/translate.hpp"

namespace escrow {

WallClock system_wall_clock() {
  return [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  };
}

namespace sqlite {
namespace {

constexpr std::string_view begin_immediate = "begin immediate";
constexpr std::string_view commit_all = "commit";

/// Ends what is open whatever happens, so that a connection never goes back to its owner inside a transaction.
class LocalTransaction {
 public:
  explicit LocalTransaction(StatementSet& statements) : statements_(statements) {}
  ~LocalTransaction() { roll_back(); }
  LocalTransaction(const LocalTransaction&) = delete;
  LocalTransaction& operator=(const LocalTransaction&) = delete;

  /// IMMEDIATE: two calls for one row meet here, and not in the middle of a read snapshot that can no longer be upgraded.
  [[nodiscard]] Result<void> begin() {
    return translated<void>([this] { statements_.run(begin_immediate); });
  }
  [[nodiscard]] Result<void> commit() {
    return translated<void>([this] { statements_.run(commit_all); });
  }
  void roll_back() noexcept {
    sqlite3* const db = statements_.db();
    if (sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "rollback", nullptr, nullptr, nullptr);
  }

 private:
  StatementSet& statements_;
};

Outcome failed(const Error& error) { return error.code == Errc::busy ? Outcome::busy(error.detail) : Outcome::unavailable(error.detail); }

/// The user's change, with SQLite's own "busy" told apart from other exceptions before the rules see them.
barrier::Business guarded(const BusinessChange& change) {
  return [&change](const std::string& forward_output) -> Outcome {
    try {
      return change(forward_output);
    } catch (const SqlError& error) {
      if (error.is_busy()) return Outcome::busy(error.what());
      throw;
    }
  };
}

Outcome in_transaction(StatementSet& statements, std::int64_t now_ms, const std::function<barrier::Verdict(barrier::BarrierRows&)>& rules,
                       const std::function<Outcome(barrier::BarrierRows&)>& recall) {
  sqlite3* const db = statements.db();
  if (sqlite3_get_autocommit(db) == 0) return Outcome::unavailable("the connection has a transaction open already");
  LocalTransaction transaction(statements);
  if (auto begun = transaction.begin(); !begun) return failed(begun.error());

  SqliteRows rows(statements, now_ms);
  auto verdict = rules(rows);
  if (!verdict.commit) return std::move(verdict.answer);

  const auto committed = transaction.commit();
  if (committed) return std::move(verdict.answer);
  const bool still_open = sqlite3_get_autocommit(db) == 0;
  transaction.roll_back();
  // Busy at COMMIT (a reader of a rollback-journal database) leaves the transaction open: rolled back, nothing happened.
  if (committed.error().code == Errc::busy && still_open) return Outcome::busy(committed.error().detail);

  // COMMIT failed, and that says nothing: what counts is whether the row is there.
  if (auto begun = transaction.begin(); !begun) return failed(begun.error());
  return recall(rows);
}

}  // namespace

Barrier::Barrier(sqlite3* db, WallClock clock) : db_(db), clock_(std::move(clock)) {}

Barrier::Barrier(const Connections::Lease& lease, WallClock clock)
    : db_(lease.get()), statements_(lease.held_, &lease.held_->statements), clock_(std::move(clock)) {}

Outcome Barrier::run(const Branch& branch, const BusinessChange& change) {
  const barrier::Call call{branch.gid(), branch.id(), branch.operation(), branch.phase()};
  const auto business = guarded(change);
  std::optional<StatementSet> own;
  return in_transaction(
      statements_ ? *statements_ : own.emplace(db_), clock_(),
      [&](barrier::BarrierRows& rows) { return barrier::apply(rows, call, business); },
      [&](barrier::BarrierRows& rows) { return barrier::recall(rows, call); });
}

Outcome Barrier::answer_check(const Branch& branch) {
  std::optional<StatementSet> own;
  return in_transaction(
      statements_ ? *statements_ : own.emplace(db_), clock_(),
      [&](barrier::BarrierRows& rows) { return barrier::answer_check(rows, branch.gid()); },
      [](barrier::BarrierRows&) { return Outcome::unavailable("the answer to the check could not be kept"); });
}

Result<void> record_message(sqlite3* db, std::string_view gid, const WallClock& clock) {
  if (sqlite3_get_autocommit(db) != 0) {
    return make_error(Errc::not_in_transaction, "record_message belongs into the local transaction of the business change");
  }
  StatementSet statements(db);
  SqliteRows rows(statements, clock());
  return barrier::record_message(rows, gid);
}

}  // namespace sqlite
}  // namespace escrow
