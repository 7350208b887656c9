#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/core/event.hpp"
#include "coordinator/core/transaction.hpp"
#include "tests/fault-injection/sim/books.hpp"
#include "tests/fault-injection/sim/branch_set.hpp"
#include "tests/fault-injection/sim/names.hpp"
#include "tests/fault-injection/sim/random.hpp"

/// What independent observers saw of a run. Oracles judge it; nothing in it was asked of the coordinator's memory.
namespace escrow::sim {

/// Where and when: `seq` is the place in the one order of everything that happened.
struct Stamp {
  std::uint64_t seq = 0;
  core::Time at;
};

// The wire.

/// A call was sent to a participant.
struct Sent : Stamp {
  std::uint64_t call = 0;
  /// The run of the coordinator that sent it; 0: the initiator itself.
  std::int64_t run = 0;
  int transaction = -1;
  /// -1: the check.
  int branch = -1;
  protocol::OperationName operation = protocol::OperationName::action;
  protocol::Phase phase = protocol::Phase::forward;
  std::int64_t attempt = 0;
  /// Of URL, key and payload together.
  std::uint64_t fingerprint = 0;
};
/// The caller learned how its call ended, or gave it up.
struct Ended : Stamp {
  std::uint64_t call = 0;
  int transaction = -1;
  core::Outcome::Class outcome = core::Outcome::Class::unknown;
  unsigned status = 0;
  /// How long the participant asked to be left alone.
  std::optional<core::Duration> retry_after;
};

// The participants' databases.

/// A row of a participant's journal, committed in the same local transaction as the barrier rows.
struct Committed : Stamp {
  int service = 0;
  int transaction = -1;
  int branch = -1;
  protocol::OperationName operation = protocol::OperationName::action;
  enum class What : std::uint8_t {
    /// The business change was made.
    effect,
    /// The business said no, for good.
    refused,
    /// An undo found nothing to undo and left its mark.
    mark,
    /// The initiator's own local transaction: the message row and its business change.
    message,
    /// A check found no message row and barred it.
    barred
  } what = What::effect;
  /// What an effect (or a message's local transaction) did to the books; nothing for the others.
  Posting posting;
};

// The log.

/// A write became durable.
struct Written : Stamp {
  std::int64_t run = 0;
  int transaction = -1;
  /// As it can be read back.
  std::shared_ptr<const core::Transaction> value;
  /// As it was handed to the log, where that is not the same object.
  std::shared_ptr<const core::Transaction> given;
};

// The clients.

enum class Ask : std::uint8_t { start, look, register_branches, commit, abort, extend, retry, resolve };
struct Asked : Stamp {
  std::uint64_t token = 0;
  int transaction = -1;
  Ask what = Ask::look;
  /// Of a registration: which branches; of a resolve: which operation.
  BranchSet branches;
  protocol::OperationName operation = protocol::OperationName::check;
  /// Of a start or a registration: what it says, so that two with the same names can be told apart.
  std::uint64_t content = 0;
  /// It reached the coordinator; otherwise the connection was refused.
  bool taken = true;
};
/// The coordinator answered; whether the client ever saw it does not matter for what it promises.
struct Told : Stamp {
  std::uint64_t token = 0;
  int transaction = -1;
  Ask what = Ask::look;
  std::optional<protocol::ProblemCode> problem;
  bool created = false;
  std::shared_ptr<const core::Transaction> value;
};

/// What happened to the coordinator. `unwritten`: it was told that a write did not succeed, so its memory goes back to what is durable.
struct Life : Stamp {
  enum class What : std::uint8_t {
    started,
    recovered,
    crashed,
    paused,
    draining,
    stopped,
    forgot,
    calm,
    quiet,
    unwritten
  } what = What::started;
  std::int64_t run = 0;
  int transaction = -1;
  /// Of a start: how far the coordinator's clock is ahead of the one that stamps what happens.
  core::Duration ahead{0};
};

/// A barrier row as it stood at the end.
struct BarrierRow {
  int service = 0;
  int transaction = -1;
  int branch = -1;
  /// The words of the barrier's table: they stand in the program, not in the history.
  std::string_view operation;
  std::string_view cause;
  /// done, refused, none.
  std::string_view outcome;
};

/// What the shape of a transaction says about one branch; -1: the initiator's own local transaction.
struct Declared {
  int transaction = -1;
  int branch = -1;
  int service = 0;
  Movement movement;
  /// By protocol::OperationName: URL, key and payload of its calls together; 0: nobody declared such a call.
  std::array<std::uint64_t, 6> fingerprints{};
};

/// An account when all was over.
struct Account {
  int service = 0;
  int account = 0;
  std::int64_t initial = 0;
  Balance balance;
};

/// What the parts of the world saw that is no event of its own: only counted, so that a run tells what it went through.
struct Noticed {
  /// Local transactions that changed nothing: a forward call barred by its undo's mark, or an operation that had been done.
  std::uint64_t barred = 0;
  std::uint64_t replayed = 0;
  /// Answers to calls that had been given up.
  std::uint64_t late_answers = 0;
  /// Deaths of a coordinator that had not read all that was unfinished.
  std::uint64_t crashes_in_recovery = 0;
  /// Restarts with another wall clock while a deadline was running.
  std::uint64_t jumps_with_deadline = 0;
  /// Writes that a later reading did not find, and that a crash brought back.
  std::uint64_t lost_writes_returned = 0;
  /// Writes of a process that had died: those that came before the next one, and those that the log kept out.
  std::uint64_t late_writes = 0;
  std::uint64_t late_writes_kept_out = 0;
  /// Writes whose condition did not hold.
  std::uint64_t conflicts = 0;
};

/// How the run ended.
struct End {
  /// Every transaction was terminal and nothing was left to happen before the time was up.
  bool in_time = false;
  /// Transactions and calls that the coordinator still held when nothing was owed any more.
  std::size_t resident = 0;
  std::size_t open_calls = 0;
  /// Unfinished transactions by the coordinator's own count when nothing was owed any more, and in the log.
  std::int64_t counted_unfinished = 0;
  std::int64_t unfinished = 0;
  /// With so many unfinished transactions new ones are refused; 0: not known.
  std::int64_t unfinished_limit = 0;
  /// What the node did when nothing was owed any more, and for how long that was watched.
  std::uint64_t idle_steps = 0;
  core::Duration idle{0};
  /// Steps that the scheduler took.
  std::uint64_t steps = 0;
  /// Inputs that the nodes of all runs took, and how many of those were pages of due transactions and waking up.
  std::uint64_t node_steps = 0;
  std::uint64_t housekeeping = 0;
};

class History {
 public:
  template <class Record>
  void add(std::vector<Record>& records, core::Time at, Record record) {
    record.seq = ++seq_;
    record.at = at;
    records.push_back(std::move(record));
  }

  std::vector<Sent> sent;
  std::vector<Ended> ended;
  std::vector<Committed> committed;
  std::vector<Written> written;
  std::vector<Asked> asked;
  std::vector<Told> told;
  std::vector<Life> life;
  /// What the log held at the end, by transaction.
  std::vector<std::shared_ptr<const core::Transaction>> log;
  std::vector<BarrierRow> rows;
  /// Transactions whose row was damaged for good: nobody can be asked to end them, and nobody may touch them.
  std::vector<int> damaged;
  /// Transactions that were removed some time after their end, with only a tombstone left.
  std::vector<int> retired;
  std::vector<Declared> declared;
  std::vector<Account> accounts;
  Noticed noticed;
  End end;

  [[nodiscard]] std::uint64_t size() const { return seq_; }

 private:
  std::uint64_t seq_ = 0;
};

/// What a request says, in one number: two that say the same have the same one.
[[nodiscard]] std::uint64_t content_of(const protocol::StartRequest& request);
[[nodiscard]] std::uint64_t content_of(const protocol::BranchRequest& branch);
/// Of a registration of these branches, by what each of them says.
[[nodiscard]] std::uint64_t content_of(const BranchSet& branches, const std::vector<std::uint64_t>& contents);

/// Two runs of one seed must give the same.
[[nodiscard]] std::uint64_t hash_of(const History& history);
/// Everything in order, a line each, for people.
[[nodiscard]] std::string timeline_of(const History& history);

}  // namespace escrow::sim
