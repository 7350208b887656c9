#include <escrow/barrier.hpp>

#include <chrono>
#include <exception>
#include <utility>

#include <sqlite3.h>

#include <escrow/error.hpp>
#include <escrow/sqlite/statement.hpp>

#include "client-sdk/src/barrier/rules.hpp"
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

/// Ends what is open whatever happens, so that a connection never goes back to its owner inside a transaction.
class LocalTransaction {
 public:
  explicit LocalTransaction(sqlite3* db) : db_(db) {}
  ~LocalTransaction() { roll_back(); }
  LocalTransaction(const LocalTransaction&) = delete;
  LocalTransaction& operator=(const LocalTransaction&) = delete;

  /// IMMEDIATE: two calls for one row meet here, and not in the middle of a read snapshot that can no longer be upgraded.
  [[nodiscard]] Result<void> begin() {
    return translated<void>([this] { execute(db_, "begin immediate"); });
  }
  [[nodiscard]] Result<void> commit() {
    return translated<void>([this] { execute(db_, "commit"); });
  }
  void roll_back() noexcept {
    if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "rollback", nullptr, nullptr, nullptr);
  }

 private:
  sqlite3* db_;
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

Outcome in_transaction(sqlite3* db, std::int64_t now_ms, const std::function<barrier::Verdict(barrier::BarrierRows&)>& rules,
                       const std::function<Outcome(barrier::BarrierRows&)>& recall) {
  if (sqlite3_get_autocommit(db) == 0) return Outcome::unavailable("the connection has a transaction open already");
  LocalTransaction transaction(db);
  if (auto begun = transaction.begin(); !begun) return failed(begun.error());

  SqliteRows rows(db, now_ms);
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

Outcome Barrier::run(const Branch& branch, const BusinessChange& change) {
  const barrier::Call call{branch.gid(), branch.id(), branch.operation(), branch.phase()};
  const auto business = guarded(change);
  return in_transaction(
      db_, clock_(), [&](barrier::BarrierRows& rows) { return barrier::apply(rows, call, business); },
      [&](barrier::BarrierRows& rows) { return barrier::recall(rows, call); });
}

Outcome Barrier::answer_check(const Branch& branch) {
  return in_transaction(
      db_, clock_(), [&](barrier::BarrierRows& rows) { return barrier::answer_check(rows, branch.gid()); },
      [](barrier::BarrierRows&) { return Outcome::unavailable("the answer to the check could not be kept"); });
}

Result<void> record_message(sqlite3* db, std::string_view gid, const WallClock& clock) {
  if (sqlite3_get_autocommit(db) != 0) {
    return make_error(Errc::not_in_transaction, "record_message belongs into the local transaction of the business change");
  }
  SqliteRows rows(db, clock());
  return barrier::record_message(rows, gid);
}

}  // namespace sqlite
}  // namespace escrow
