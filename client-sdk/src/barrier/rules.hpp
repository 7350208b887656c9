#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <escrow/branch.hpp>
#include <escrow/outcome.hpp>

#include "protocol/result.hpp"
#include "protocol/words.hpp"

/// The rules of docs/protocol.md, section 5, for any local database: they read and write barrier rows through `BarrierRows`
/// and say whether the open local transaction commits. Drivers (SQLite, a simulator's table) open and end that transaction.
/// Not for: SQL, connections, HTTP.
namespace escrow::barrier {

/// What became of the operation a row stands for. `none`: it never ran, and never may (a null compensation, an early check).
enum class RowOutcome : std::uint8_t { done, refused, none };

[[nodiscard]] std::string_view to_string(RowOutcome outcome);
[[nodiscard]] std::optional<RowOutcome> row_outcome_from(std::string_view text);

/// The primary key. The initiator's row of a two-phase message has an empty branch and the operation "message".
struct RowKey {
  std::string_view gid;
  std::string_view branch;
  std::string_view operation;
};

struct Row {
  /// The operation that inserted the row; it differs from the row's own where an undo or a check came first.
  std::string cause;
  RowOutcome outcome = RowOutcome::none;
  /// JSON text of what succeeded, or the reason of what was refused.
  std::string output;
};

/// The barrier table as one open local transaction sees it. An Error is Errc::busy where another transaction holds what is
/// needed, and Errc::database otherwise; after either the transaction is rolled back.
class BarrierRows {
 public:
  virtual ~BarrierRows() = default;

  /// Adds the row unless its key is taken, and says whether it was added. Where the database locks rows, a key that a
  /// transaction still running has inserted is waited for briefly, then busy.
  [[nodiscard]] virtual Result<bool> insert(const RowKey& key, const Row& row) = 0;
  /// Reads a row and keeps others from changing what depends on it until the transaction ends (SELECT ... FOR UPDATE;
  /// SQLite's BEGIN IMMEDIATE has done so already).
  [[nodiscard]] virtual Result<std::optional<Row>> find(const RowKey& key) = 0;
  /// Changes a row that this transaction inserted.
  [[nodiscard]] virtual Result<void> update(const RowKey& key, RowOutcome outcome, std::string_view output) = 0;

  /// The savepoint around the business change; there is one at a time.
  [[nodiscard]] virtual Result<void> open_savepoint() = 0;
  /// Fails where the business change has ended the transaction behind the barrier's back.
  [[nodiscard]] virtual Result<void> release_savepoint() = 0;
  /// Undoes what came after the savepoint, and removes it.
  [[nodiscard]] virtual Result<void> return_to_savepoint() = 0;

 protected:
  BarrierRows() = default;
  BarrierRows(const BarrierRows&) = default;
  BarrierRows& operator=(const BarrierRows&) = default;
};

/// The call whose rules are applied: never a check.
struct Call {
  std::string_view gid;
  std::string_view branch;
  Operation operation = Operation::action;
  Phase phase = Phase::forward;
};

/// The business change, inside the local transaction. An undo or confirm is given the forward operation's output.
/// An exception counts as `unavailable`.
using Business = std::function<Outcome(const std::string& forward_output)>;

/// How the local transaction ends, and what is answered once it has ended so.
struct Verdict {
  bool commit = false;
  Outcome answer;
};

/// Applies the rules inside an open local transaction. The answer holds only after the transaction has ended as the verdict says.
[[nodiscard]] Verdict apply(BarrierRows& rows, const Call& call, const Business& business);

/// What a call is answered whose COMMIT ended without a word on its fate: a fresh transaction reads the call's own row.
/// `unavailable` when it is not there: nothing happened, and the repeat does it.
[[nodiscard]] Outcome recall(BarrierRows& rows, const Call& call);

/// Records a two-phase message in the initiator's own local transaction, which the caller ends.
/// Errc::message_aborted: a check came first. Errc::message_recorded: an earlier transaction did this very thing and committed.
/// After any error the caller rolls back.
[[nodiscard]] Result<void> record_message(BarrierRows& rows, std::string_view gid);

/// The coordinator asks whether the initiator's local transaction committed; a no holds for ever, since it bars the initiator.
[[nodiscard]] Verdict answer_check(BarrierRows& rows, std::string_view gid);

}  // namespace escrow::barrier
