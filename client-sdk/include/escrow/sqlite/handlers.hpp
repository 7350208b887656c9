#pragma once

#include <functional>
#include <string>

#include <escrow/barrier.hpp>
#include <escrow/handler.hpp>
#include <escrow/sqlite/connections.hpp>

/// Handlers that run behind the barrier in an SQLite database.
namespace escrow::sqlite {

/// One operation inside its local transaction.
class Call {
 public:
  Call(sqlite3* db, const Branch& branch, const std::string& payload, const std::string& forward_output)
      : db_(db), branch_(branch), payload_(payload), forward_output_(forward_output) {}

  /// The connection whose open transaction the barrier commits or rolls back.
  [[nodiscard]] sqlite3* db() const noexcept { return db_; }
  [[nodiscard]] const Branch& branch() const noexcept { return branch_; }
  /// The branch's payload: the same bytes for every operation and attempt.
  [[nodiscard]] const std::string& payload() const noexcept { return payload_; }
  /// What the forward operation answered with, for its confirm and undo; empty for the forward operation itself.
  [[nodiscard]] const std::string& forward_output() const noexcept { return forward_output_; }

 private:
  sqlite3* db_;
  const Branch& branch_;
  const std::string& payload_;
  const std::string& forward_output_;
};

using LocalHandler = std::function<Outcome(const Call& call)>;

/// Runs `handler` behind the barrier on a connection of the pool.
[[nodiscard]] Handler behind_barrier(Connections connections, LocalHandler handler);

}  // namespace escrow::sqlite
