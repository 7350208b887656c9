#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "coordinator/core/transaction.hpp"
#include "protocol/result.hpp"

/// The log: remembers transactions and their history. Synchronous; `Store` (store/store.hpp) puts a thread and group commit in front
/// of it, the simulator puts a simulated disk behind it. One contract suite (tests/contract) holds for every implementation.
namespace escrow::store {

/// One conditional write of one transaction with the events that explain it: all of it, or nothing.
struct Write {
  protocol::Gid gid;
  /// The revision it rests on; 0 inserts, and conflicts with a transaction or a tombstone of that gid.
  std::int64_t expected_revision = 0;
  /// The transaction as it is to be, its `revision` one above the expected; branches and outputs whose `registered_revision` /
  /// `output_revision` equals the new revision are stored now, older ones are there already and never written again.
  /// Encoded by whoever fills this in (`encode_write`), so that no thread shares a live transaction.
  std::string state;
  /// What recovery, search and the schedule read; `due_at_ms` null: nothing is due (terminal).
  protocol::Status status = protocol::Status::active;
  std::optional<std::int64_t> due_at_ms;
  std::int64_t started_at_ms = 0;
  std::int64_t updated_at_ms = 0;
  std::optional<std::int64_t> finished_at_ms;
  bool attention = false;
  /// Never change, but are in each write: the row's checksum is over them too, so that damage is not sealed by the next write.
  protocol::Mode mode = protocol::Mode::saga;
  std::optional<std::string> name;
  /// Only with expected_revision 0: the start request as JSON, its headers and trace included, for `load`; and what search reads.
  std::string request;
  std::map<std::string, std::string> attributes;
  struct NewBranch {
    std::uint32_t index = 0;
    std::string request;
    std::optional<std::string> payload;
  };
  std::vector<NewBranch> branches;
  struct NewOutput {
    core::OperationRef ref;
    std::string output;
  };
  std::vector<NewOutput> outputs;
  std::vector<core::HistoryEvent> history;
};

enum class WriteAnswer : std::uint8_t {
  ok,
  /// The expected revision is not the stored one (or the gid exists, or has a tombstone): nothing was written.
  conflict,
  /// Nothing was written and nothing will be: the store refuses writes now (full, read-only, busy).
  unavailable,
  /// Too much waits: new work is turned away, nothing was written.
  overloaded,
  /// The write may or may not be durable (a failed COMMIT): read again before anything else; a read that succeeds tells for good.
  unknown
};

struct WriteResult {
  WriteAnswer answer = WriteAnswer::ok;
  /// Sequence number of the write's last event, when ok.
  std::int64_t last_seq = 0;
  /// For people, when not ok.
  std::string detail;
};

enum class LogErrc : std::uint8_t {
  /// The file can't be opened, read or written now.
  unavailable = 1,
  /// What was read can't be what was written.
  corrupt,
  /// Written by a newer version of Escrow.
  newer,
  /// Another coordinator has it open.
  locked,
  /// A file, but not one of ours.
  not_a_log,
  /// A cursor that no list has given.
  invalid_cursor,
  /// A location that is not understood (`--store`).
  invalid_location
};
[[nodiscard]] std::error_code make_error_code(LogErrc code);

/// What is known of a gid.
struct Found {
  /// Nothing: no such transaction.
  std::optional<core::Transaction> transaction;
  /// The gid was used and removed after its retention; it is never to run again.
  bool retired = false;
  /// The stored row can't be read as a transaction (checksum, syntax, impossible values): why.
  std::optional<std::string> corrupt;
};

struct Filter {
  std::vector<protocol::Status> status = {};
  std::optional<protocol::Mode> mode = {};
  std::optional<std::string> name = {};
  std::optional<bool> attention = {};
  std::map<std::string, std::string> attributes = {};
  /// Both exclusive.
  std::optional<std::int64_t> started_after_ms = {};
  std::optional<std::int64_t> started_before_ms = {};
  /// No filter, but the order of the list.
  bool oldest_first = false;
};

struct Page {
  /// Newest first, or as the filter says. Only those that stand in attention have `branches` (to name them), without payloads and outputs.
  std::vector<core::Transaction> transactions;
  /// Rows of this page that could not be read.
  std::vector<std::pair<protocol::Gid, std::string>> corrupt;
  /// Opaque; nothing: no more. Newer transactions never disturb it. A page may hold fewer than asked for and still have a cursor: filters
  /// that match next to nothing are not searched for ever in one go.
  std::optional<std::string> next_cursor;
};

struct StoredEvent {
  std::int64_t seq = 0;
  protocol::Gid gid;
  core::HistoryEvent event;
};

/// Counts the server shows as gauges; cheap (kept by the store, or an index count).
struct Counts {
  std::map<protocol::Status, std::int64_t> unfinished;
  std::int64_t attention = 0;
};

/// A place in the order of what is due.
struct DuePosition {
  std::int64_t due_at_ms = 0;
  std::int64_t id = 0;
};

/// One page of what is due: rows with `after < due_at_ms <= until`, earliest first; about `limit` of them, rows with the same due_at_ms
/// never torn apart.
struct DuePage {
  std::vector<std::pair<std::int64_t, core::Transaction>> transactions;
  /// Rows that could not be read: they are parked, the rest is served.
  std::vector<std::pair<protocol::Gid, std::string>> corrupt;
  /// Everything due up to and including this time is in this page and those before it (below `until` when the page was full).
  std::int64_t complete_until_ms = 0;
  /// Where to go on when the page was full; nothing: everything up to `until` is there.
  std::optional<DuePosition> next;
};

/// Reading: any thread of its own connection; sees only what is durable. After a failed COMMIT everything that decides (`load`, `load_due`)
/// is `unavailable` until a later one has gone through: what could be read then might not be what the next start finds.
class Reader {
 public:
  virtual ~Reader() = default;
  [[nodiscard]] virtual Result<Found> load(const protocol::Gid& gid) = 0;
  [[nodiscard]] virtual Result<DuePage> load_due(std::int64_t until_ms, std::size_t limit,
                                                 const std::optional<DuePosition>& after = std::nullopt) = 0;
  [[nodiscard]] virtual Result<Page> list(const Filter& filter, std::size_t limit, const std::optional<std::string>& cursor) = 0;
  /// The history of one gid with seq above `after_seq`, oldest first.
  [[nodiscard]] virtual Result<std::vector<StoredEvent>> events(const protocol::Gid& gid, std::int64_t after_seq, std::size_t limit) = 0;
  /// The history of all with seq above `after_seq`, in the order of seq; for the event stream.
  [[nodiscard]] virtual Result<std::vector<StoredEvent>> events_after(std::int64_t after_seq, std::size_t limit) = 0;
  /// From the first on nothing has been removed; the second is the largest ever given (one below the first: there is none).
  [[nodiscard]] virtual Result<std::pair<std::int64_t, std::int64_t>> seq_range() = 0;
  [[nodiscard]] virtual Result<Counts> counts() = 0;
};

/// Writing: one thread only.
class Log {
 public:
  virtual ~Log() = default;

  /// Applies the writes in order in one durable transaction, each all or nothing and with its own answer: a conflict never
  /// fails its neighbours, and after a refused write of a gid later ones of that gid in the batch get the same answer. On return everything
  /// answered `ok` is on disk. A failed COMMIT makes every answer `unknown`.
  [[nodiscard]] virtual std::vector<WriteResult> apply(const std::vector<Write>& writes) = 0;

  /// Removes up to `limit` transactions that finished before `finished_before_ms`, leaving tombstones that hold until
  /// `tombstone_until_ms`; answers how many. Never an unfinished one.
  [[nodiscard]] virtual Result<std::size_t> remove_finished(std::int64_t finished_before_ms, std::int64_t tombstone_until_ms,
                                                            std::size_t limit) = 0;
  [[nodiscard]] virtual Result<std::size_t> remove_tombstones(std::int64_t until_ms, std::size_t limit) = 0;

  /// Whether a write would go through now (a probe that writes a row of its own); how the store finds out that the disk is back.
  [[nodiscard]] virtual Result<void> probe() = 0;

  /// Housekeeping that must not delay answers, called after each `apply` whose answers have been given: a checkpoint when one is due.
  /// Answers a sentence when there is something that a person should know.
  [[nodiscard]] virtual std::optional<std::string> tend() { return std::nullopt; }
  /// Why the process must end with 1: an fsync failed, or the database turned out to be damaged. Since then every write is `unknown`.
  [[nodiscard]] virtual std::optional<std::string> fatal() const { return std::nullopt; }

  /// Made with the database; never changes.
  [[nodiscard]] virtual const std::string& store_id() const = 0;
  /// The number of this run, one above the last one's.
  [[nodiscard]] virtual std::int64_t run() const = 0;
  /// The latest time in the log: a clock that starts behind it would turn time back.
  [[nodiscard]] virtual std::int64_t latest_ms() const = 0;
  [[nodiscard]] virtual bool is_durable() const = 0;

  /// A reader of its own; may be called, and the reader used, on another thread than the log's.
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> open_reader() = 0;
};

/// A write as the log wants it, encoded on the caller's thread.
/// Asserts a positive revision.
[[nodiscard]] Write encode_write(const core::Transaction& transaction, std::optional<core::Time> due_at,
                                 std::vector<core::HistoryEvent> history);

}  // namespace escrow::store

template <>
struct std::is_error_code_enum<escrow::store::LogErrc> : std::true_type {};
